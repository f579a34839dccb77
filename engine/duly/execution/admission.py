"""What a saved plan must be for a run to take it up.

A plan is carried out as it was shown, or not at all: made by this policy, this
wording and these engines, about this day, within the fuse, with this journal behind
it. What moved since for one customer is another matter: that customer's actions are
looked at again one by one (`execution.fresh`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from duly.home import Environment
from duly.journal.create import has_entry
from duly.journal.entry import Head
from duly.journal.failures import JournalFailed
from duly.journal.store import Journal
from duly.language.policy import Policy
from duly.plan.plan import Plan
from duly.plan.stops import stops_today
from duly.source import NOWHERE, Problem, Refused, Severity

REFUSED = 5


@dataclass(frozen=True, slots=True)
class Now:
    """What a plan is held against; `despite` are stops that the operator has looked at and given a reason for."""

    policy: Policy
    templates: str
    versions: Mapping[str, str]
    environment: Environment
    today: date
    despite: frozenset[str] = frozenset()


def admit(plan: Plan, now: Now) -> None:
    """Raise `Refused` (5) with everything that keeps the plan from being carried out."""
    stops = (*plan.stops, *stops_today(plan.as_of, now.today))
    held = (stop for stop in stops if stop.rule not in now.despite)
    problems = [*_not_its_own(plan, now), *(replace(stop, severity=Severity.ERROR) for stop in held)]
    if problems:
        raise Refused(problems, REFUSED)


def planned_at(plan: Plan, journal: Journal) -> int:
    """The number of the last journal entry that the plan knew.

    Raises `JournalFailed` where the plan was made with another journal, or with entries
    that this one does not have: it was replaced, or restored from before.
    """
    name, _, rest = plan.digests.journal.partition(":")
    number, _, hash_ = rest.partition(":")
    head = Head(name, int(number) if number.isdecimal() else 0, hash_)
    if not has_entry(journal, head):
        raise JournalFailed(
            "journal-not-the-plans",
            "the plan was made with a journal, or with entries, that this is not",
            "a journal that was restored must be brought up to date first: see duly verify; then plan again",
        )
    return head.seq


def _not_its_own(plan: Plan, now: Now) -> Iterator[Problem]:
    again = "make the plan again"
    if plan.environment != now.environment.value:
        help_ = f"say --env {plan.environment} where that is meant"
        yield _problem(
            "other-environment", f"the plan is for `{plan.environment}`, not `{now.environment.value}`", help_
        )
    if plan.digests.policy != now.policy.digest:
        yield _problem("policy-changed", f"`{plan.policy_file}` changed since the plan was made", again)
    if plan.digests.templates != now.templates:
        yield _problem("templates-changed", "the wording changed since the plan was made", again)
    changed = sorted(
        name
        for name in {*plan.digests.versions, *now.versions}
        if plan.digests.versions.get(name) != now.versions.get(name)
    )
    if changed:
        yield _problem("other-versions", f"the plan was made with another {', '.join(changed)}", again)


def _problem(rule: str, message: str, help_: str) -> Problem:
    return Problem(rule, NOWHERE, message, help_)
