"""What a walk through the days takes for granted: what is assumed by name, and what is true of every calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from duly.dates import is_business_day
from duly.language.over_time import Assumption, Premise
from duly.language.policy import Policy

WEEK = 7

CLOSED_DAYS_IN_A_ROW = 8
"""Working days that a country's public holidays take out in a row at most; a test looks through every calendar."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which weekdays work: `business` ours, `contact` those on which customers are contacted.

    At most `closed_at_most` days in a row are closed for contact.
    """

    business: frozenset[int]
    contact: frozenset[int]
    holidays: bool
    closed_at_most: int


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken for granted; None where nothing is known of how long something takes."""

    runs: bool
    messages: bool
    stays_unpaid: bool
    people: bool
    give_way: bool
    approvals: int | None
    letters: int | None
    open_within: int | None

    @classmethod
    def of(cls, assuming: Sequence[Assumption]) -> Assumed:
        """The assumptions of a guarantee; of one said twice with other numbers, the narrower."""

        def number(premise: Premise) -> int | None:
            return min((a.number for a in assuming if a.premise is premise), default=None)

        there = {one.premise for one in assuming}
        return cls(
            runs=Premise.RUNS in there,
            messages=Premise.MESSAGES in there,
            stays_unpaid=Premise.STAYS_UNPAID in there,
            people=Premise.PEOPLE in there,
            give_way=Premise.GIVE_WAY in there,
            approvals=number(Premise.APPROVALS),
            letters=number(Premise.LETTERS),
            open_within=number(Premise.OPEN),
        )


def calendar_of(policy: Policy, assumed: Assumed) -> Calendar:
    """The weekdays of the policy's country and of its customers."""
    first = date(2024, 1, 1)
    year = [first + timedelta(days=n) for n in range(366)]
    business = frozenset(day.weekday() for day in year if is_business_day(day, policy.calendar.country))
    contact, holidays = policy.calendar.contact.days, policy.calendar.contact.holidays_closed
    within = assumed.open_within
    return Calendar(business, contact, holidays, _longest_closure(contact, holidays) if within is None else within - 1)


def _longest_closure(contact: frozenset[int], holidays: bool) -> int:  # noqa: FBT001
    """Days in a row that are closed at most: the usual closed ones, and as many open ones as any calendar takes out."""
    longest = 0
    for first in range(WEEK):
        lost, day = CLOSED_DAYS_IN_A_ROW if holidays else 0, first
        while lost > 0 or day % WEEK not in contact:
            lost -= day % WEEK in contact
            day += 1
            if day > first + 10 * WEEK:
                break
        longest = max(longest, day - first)
    return longest
