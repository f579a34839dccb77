"""What would keep a plan from being carried out: the fuse, stale data, the wrong day.

`plan` always shows and never refuses for these; `apply` refuses by the same list.
No clock is read: a plan says on which day it can be applied, not whether that is today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from duly.language.policy import Policy
from duly.source import Problem, Severity, Span


@dataclass(frozen=True, slots=True)
class Cycle:
    """The figures of a cycle that the fuse looks at; counts are of customers."""

    as_of: date
    with_open_items: int
    with_new_stage: int
    first: bool
    newest_record: date | None
    last_executed: date | None


def stops(policy: Policy, cycle: Cycle) -> tuple[Problem, ...]:
    """Everything that would stop an `apply` of the plan, named, in a fixed order."""
    return (*_fuse(policy, cycle), *_freshness(policy, cycle), *_day(cycle))


def _fuse(policy: Policy, cycle: Cycle) -> Iterator[Problem]:
    fuse = policy.limits.fuse
    if fuse.new_stage_share_pct is None or (cycle.first and fuse.first_cycle_unlimited):
        return
    too_many = cycle.with_new_stage * 100 > fuse.new_stage_share_pct * cycle.with_open_items
    if too_many and cycle.with_new_stage >= fuse.not_below_customers:
        yield _stop(
            "fuse-new-stage-share",
            fuse.span,
            f"{cycle.with_new_stage} of {cycle.with_open_items} customers with open items would get a new stage, "
            f"the fuse allows {fuse.new_stage_share_pct} %",
            "look at what changed in the book or the policy since the last cycle; "
            "raise the fuse only in a reviewed change",
        )


def _freshness(policy: Policy, cycle: Cycle) -> Iterator[Problem]:
    most = policy.limits.fuse.data_not_older_than_days
    if most is None or cycle.newest_record is None:
        return
    age = (cycle.as_of - cycle.newest_record).days
    if age > most:
        yield _stop(
            "data-too-old",
            policy.limits.fuse.span,
            f"the newest record of the book is of {cycle.newest_record}, {age} days before {cycle.as_of}; "
            f"the policy allows {most}",
            "import the ledger again, then plan again",
        )


def _day(cycle: Cycle) -> Iterator[Problem]:
    if cycle.last_executed is not None and cycle.as_of < cycle.last_executed:
        yield _stop(
            "day-before-last-run",
            Span("", 0, 0, 0),
            f"stages were executed on {cycle.last_executed}, after {cycle.as_of}",
            "a plan for an earlier day is for looking only; plan for a day that is not before the last run",
        )


def _stop(rule: str, span: Span, message: str, help_: str) -> Problem:
    return Problem(rule, span, message, help_, severity=Severity.WARNING)
