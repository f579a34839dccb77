"""What is true of the facts of every account, whatever the ledger: the axioms of proofs.

Each is a sentence about facts as the book derives them, so that no proof fails for a
customer who cannot exist. Tests hold them against derived facts; one that is not
true of some ledger would make a proof worthless, so what is not certain is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from duly.language.conditions import ALWAYS, TEST, All, Compare, Condition, Facts, Includes, Is, Known, Op, Value, holds
from duly.language.made_once import made_once
from duly.language.policy import Basis, DayCount, Period, Policy, Since
from duly.language.reads import clocks


@dataclass(frozen=True, slots=True)
class Implies:
    """Where one condition holds, so does the other."""

    if_: Condition
    then: Condition


@dataclass(frozen=True, slots=True)
class Related:
    """Where the condition holds and all facts are known: the sum of some compares so with the sum of others."""

    some: tuple[str, ...]
    op: Op
    others: tuple[str, ...]
    where: Condition = ALWAYS


Invariant = Implies | Related

LATE = Is("late", (True,))
NOT_LATE = Is("late", (False,))


@made_once
def invariants(policy: Policy) -> tuple[Invariant, ...]:
    """Every invariant of the facts that are derived for a policy."""
    return (*_of_lateness(policy), *_of_money(), *_of_words(policy), *_of_stages(policy))


def _of_lateness(policy: Policy) -> Iterator[Invariant]:
    grace = policy.late.grace_days
    yield Implies(LATE, All((Compare("days_past_due", Op.OVER, grace), Compare("late_count", Op.AT_LEAST, 1))))
    nothing = (Compare(name, Op.AT_MOST, 0) for name in ("days_past_due", "late_count", "past_due", "largest_late"))
    yield Implies(NOT_LATE, All(tuple(nothing)))
    if policy.late.basis is Basis.DUE_DATE:
        for clock in clocks(policy):
            if clock.since is Since.DUE_DATE and clock.period is Period.DAYS and not clock.month_end:
                yield Implies(LATE, Known(clock.fact))
                yield Related((clock.fact,), Op.AT_LEAST, ("days_past_due",), LATE)
                yield Related((clock.fact,), Op.AT_MOST, ("days_past_due",), LATE)


def _of_money() -> Iterator[Invariant]:
    for smaller, larger in (
        ("past_due", "past_due_with_disputed"),
        ("past_due_with_disputed", "open_amount"),
        ("largest_late", "past_due"),
        ("disputed_amount", "open_amount"),
        ("late_count", "late_count_with_disputed"),
        ("late_count_with_disputed", "open_count"),
    ):
        yield Related((smaller,), Op.AT_MOST, (larger,))


def _of_words(policy: Policy) -> Iterator[Invariant]:
    yield Implies(Is("promise", ("open",)), Compare("promises_open", Op.AT_LEAST, 1))
    yield Implies(Compare("promises_open", Op.AT_LEAST, 1), Is("promise", ("open",)))
    for rule in policy.sales:
        for what in ("requests_open", "requests_answered", "requests_told"):
            yield Implies(Includes(what, rule.id), Includes("sales_asked", rule.id))


def _of_stages(policy: Policy) -> Iterator[Invariant]:
    for stage in dict.fromkeys(policy.stage_ids):
        days, times = f"days_since__{stage}", f"times__{stage}"
        yield Implies(Known(days), All((Compare(times, Op.AT_LEAST, 1), Known("days_since_stage"))))
        yield Implies(Compare(times, Op.AT_LEAST, 1), Known(days))
        yield Related(("days_since_stage",), Op.AT_MOST, (days,))
    yield Implies(Is("outcome_unknown", (True,)), Known("days_since_stage"))
    yield Implies(Known("days_since_stage"), Known("days_since_last_stage"))
    yield Related(("days_since_last_stage",), Op.AT_MOST, ("days_since_stage",))
    for clock in clocks(policy):
        # Counted in calendar days from the last executed stage, as days since it are.
        plain = clock.period is Period.DAYS and not clock.month_end
        if clock.since is Since.PREVIOUS_STAGE and plain and policy.late.day_count is DayCount.CALENDAR:
            yield Implies(Known(clock.fact), Known("days_since_stage"))
            yield Implies(Known("days_since_stage"), Known(clock.fact))
            yield Related((clock.fact,), Op.AT_LEAST, ("days_since_stage",))
            yield Related((clock.fact,), Op.AT_MOST, ("days_since_stage",))


def is_true_of(invariant: Invariant, facts: Facts) -> bool:
    """Say whether the invariant is true of an account's facts."""
    if isinstance(invariant, Implies):
        return not holds(invariant.if_, facts) or holds(invariant.then, facts)
    some, others = ([facts[name] for name in names] for names in (invariant.some, invariant.others))
    if None in some or None in others or not holds(invariant.where, facts):
        return True
    return TEST[invariant.op](_sum(some), _sum(others))


def _sum(values: list[Value]) -> int:
    return sum(value for value in values if isinstance(value, int))
