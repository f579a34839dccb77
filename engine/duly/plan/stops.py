"""What would keep a plan from being carried out: the fuse, stale data, the wrong day.

`plan` always shows and never refuses for these; `apply` refuses by the same list.
No clock is read: a plan says on which day it can be applied, not whether that is today.

Beside the policy's own fuse there are bounds that no policy switches off: they know
a cut ledger, a slipped date or a changed mapping by its figures, whatever was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from duly.language.policy import Policy
from duly.source import NOWHERE, Problem, Severity, Span

MOST_FOR_ONE_CUSTOMER = 20
"""Actions; a plan with more for one customer is refused: no policy means that."""

MOST_DAYS_FROM_TODAY = 3
"""A plan for a day further than this from the day of the apply is refused."""

FEW = 20
"""Customers; growth below this number is no sign of anything."""

HARSH_GROWTH = 3
"""Times the most harsh letters of the last cycles that a plan may hold."""

BY_FIGURES = frozenset({"harsh-letters-grow", "portfolio-out-of-proportion"})
"""What is known by its figures alone and may be meant after all: the first letters of a first import harden together.
An operator may go on despite one of these, in a run that keeps the reason; despite no other."""

CYCLES_BACK = 3
"""Cycles that growth is compared with."""


@dataclass(frozen=True, slots=True)
class Past:
    """The figures of an earlier cycle that was carried out; counts are of customers."""

    with_open_items: int
    harsh: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """The figures of a cycle that the fuse looks at; counts are of customers.

    `most_for_one` is the largest number of actions for one customer, whose id is `flooded`;
    `past` are the cycles before, oldest first.
    """

    as_of: date
    with_open_items: int
    with_new_stage: int
    first: bool
    newest_record: date | None
    last_executed: date | None
    actions: int = 0
    harsh: int = 0
    most_for_one: int = 0
    flooded: str = ""
    past: tuple[Past, ...] = ()
    has_journal: bool = True


def stops(policy: Policy, cycle: Cycle) -> tuple[Problem, ...]:
    """Everything that would stop an `apply` of the plan, named, in a fixed order."""
    return (*_journal(cycle), *_fuse(policy, cycle), *_bounds(cycle), *_freshness(policy, cycle), *_day(cycle))


def stops_today(as_of: date, today: date) -> tuple[Problem, ...]:
    """What stops an `apply` on a day that is far from the plan's."""
    if abs((as_of - today).days) <= MOST_DAYS_FROM_TODAY:
        return ()
    return (
        _stop(
            "day-far-from-today",
            NOWHERE,
            f"the plan is for {as_of} and today is {today}, more than {MOST_DAYS_FROM_TODAY} days apart",
            "plan again for today",
        ),
    )


def _bounds(cycle: Cycle) -> Iterator[Problem]:
    if cycle.most_for_one > MOST_FOR_ONE_CUSTOMER:
        yield _stop(
            "too-many-for-one-customer",
            NOWHERE,
            f"customer `{cycle.flooded}` would get {cycle.most_for_one} actions, at most {MOST_FOR_ONE_CUSTOMER} are",
            "look at the customer's invoices and at the policy's unit: invoices of one customer belong in one message",
        )
    if not cycle.past:
        return
    before = max(past.harsh for past in cycle.past[-CYCLES_BACK:])
    if cycle.harsh >= FEW and cycle.harsh > HARSH_GROWTH * max(before, 1):
        yield _stop(
            "harsh-letters-grow",
            NOWHERE,
            f"{cycle.harsh} customers would get one of the two harshest tones, at most {before} did in the last cycles",
            "look for a cut ledger, a wrong day or a changed policy; once it is understood: "
            "duly apply --despite harsh-letters-grow --because …",
        )
    last = cycle.past[-1].with_open_items
    change = abs(cycle.with_open_items - last)
    if change >= FEW and not last <= 2 * cycle.with_open_items <= 4 * last:
        yield _stop(
            "portfolio-out-of-proportion",
            NOWHERE,
            f"{cycle.with_open_items} customers have open items, {last} had in the last cycle",
            "see that the ledger was exported whole, and that nothing was imported twice; once it is understood: "
            "duly apply --despite portfolio-out-of-proportion --because …",
        )


def _journal(cycle: Cycle) -> Iterator[Problem]:
    if not cycle.has_journal:
        yield _stop(
            "no-journal",
            NOWHERE,
            "there is no journal yet, so nobody would know what was done before",
            "make one: duly journal create; then plan again",
        )


def _fuse(policy: Policy, cycle: Cycle) -> Iterator[Problem]:
    fuse = policy.limits.fuse
    if fuse.actions_at_most is not None and cycle.actions > fuse.actions_at_most:
        yield _stop(
            "fuse-actions",
            fuse.span,
            f"there are {cycle.actions:,} actions, the fuse allows {fuse.actions_at_most:,}",
            "look at what changed since the last cycle; raise the fuse only in a reviewed change",
        )
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
            NOWHERE,
            f"stages were executed on {cycle.last_executed}, after {cycle.as_of}",
            "a plan for an earlier day is for looking only; plan for a day that is not before the last run",
        )


def _stop(rule: str, span: Span, message: str, help_: str) -> Problem:
    return Problem(rule, span, message, help_, severity=Severity.WARNING)
