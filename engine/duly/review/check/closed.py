"""Stages that name a few days only, all of which may be closed.

A stage is reached on its day or later, so a closed day merely puts it off. But where a
condition ends again after a day or two, those may be a weekend, and the stage is
missed for good. The calendar is tried out day by day, holidays of the policy's country included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from duly.dates import business_days_between, is_business_day, is_contact_day, month_end
from duly.language.conditions import TEST, Compare, Condition, Is, Not
from duly.language.policy import Basis, Clock, DayCount, Period, Policy, Since, Stage
from duly.review.check.asked import Part, conjuncts_of, rules_of, span_of
from duly.review.check.looking import Found, Looking

FEW = 8
"""So many days in a row are never all closed, but for shutdowns that no calendar knows."""

YEAR = 366

PLAIN = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)


def missed_when_closed(looking: Looking) -> Found:
    """Stages and requests whose condition holds on so few days that all of them may be closed."""
    policy = looking.policy
    stages = {(ladder.id, stage.id): stage for ladder in policy.ladders for stage in ladder.stages}
    for rule in rules_of(policy):
        if rule.kind not in {"stage", "sales", "hold placed"} or rule.key in looking.idle:
            continue
        dated = [part for part in conjuncts_of(rule.condition) if _is_of_days(part.condition)]
        stage = stages.get((rule.ladder, rule.id)) if rule.kind == "stage" else None
        for first, last in _runs(policy, dated, stage):
            missed = next(_all_closed(looking, first, last, contacts=stage is not None and stage.contacts), None)
            if missed is not None:
                span = span_of(dated[0].condition, rule.span)
                days = f"day {first}" if first == last else f"days {first} to {last}"
                yield looking.problem(
                    "threshold-on-closed-days",
                    span,
                    f"{rule.named} asks for {days} past due, which may all be closed: of what is due on {missed}",
                    f"ask from day {first} on (`at_least: {first}`), or for a longer time",
                )
                break


def _is_of_days(condition: Condition) -> bool:
    match condition:
        case Compare("days_past_due") | Is("days_past_due"):
            return True
        case Not(part):
            return _is_of_days(part)
        case _:
            return False


def _runs(policy: Policy, dated: list[Part], stage: Stage | None) -> Iterator[tuple[int, int]]:
    """The days, in stretches that end, on which the rule can act by what it asks of days past due."""
    if not dated:
        return
    least = policy.late.grace_days + 1
    if stage and stage.after and stage.after.clock == PLAIN:
        least = max(least, stage.after.number)
    beyond = max(_numbers(part.condition) for part in dated) + 2
    first: int | None = None
    for day in range(least, beyond + 1):
        holds = all(_holds(part.condition, day) for part in dated)
        if holds and first is None:
            first = day
        elif not holds and first is not None:
            if day - first < FEW:
                yield first, day - 1
            first = None


def _numbers(condition: Condition) -> int:
    match condition:
        case Compare(_, _, number):
            return number
        case Is(_, values):
            return max((value for value in values if isinstance(value, int)), default=0)
        case Not(part):
            return _numbers(part)
        case _:
            return 0


def _holds(condition: Condition, day: int) -> bool:
    match condition:
        case Compare(_, op, number):
            return TEST[op](day, number)
        case Is(_, values):
            return day in values
        case Not(part):
            return not _holds(part, day)
        case _:
            return True


def _all_closed(looking: Looking, first: int, last: int, *, contacts: bool) -> Iterator[date]:
    """Due dates after which every day of the stretch is closed."""
    calendar, late = looking.policy.calendar, looking.policy.late
    for number in range(YEAR):
        start = looking.as_of + timedelta(days=number)
        if late.basis is Basis.MONTH_END and start != month_end(start):
            continue
        days = _days(start, first, last, calendar.country, business=late.day_count is DayCount.BUSINESS)
        if not any(_is_open(looking.policy, day, contacts=contacts) for day in days):
            yield start


def _is_open(policy: Policy, day: date, *, contacts: bool) -> bool:
    calendar = policy.calendar
    if contacts:
        return is_contact_day(day, calendar.contact, calendar.country)
    return is_business_day(day, calendar.country)


def _days(start: date, first: int, last: int, country: str, *, business: bool) -> list[date]:
    """The calendar days that count as those days past due."""
    if not business:
        return [start + timedelta(days=number) for number in range(first, last + 1)]
    most = last * 2 + 14
    days = (start + timedelta(days=number) for number in range(most))
    return [day for day in days if first <= business_days_between(start, day, country) <= last]
