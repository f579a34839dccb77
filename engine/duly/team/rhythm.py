"""What sales and credit get by the calendar: which items of `together` are due on a day, and of which period.

A week begins on the weekday that the policy names and is named by that first day; its
items are due from then to the week's end, so that a holiday or a run that was
missed is caught up with. A month begins on the day of the month that the policy names, or on
its last day where it is shorter, and is named by the month. Its items are due for
`MONTHLY_DUE_DAYS` days; after those the month is let go, for a statement of the first
that comes on the twentieth informs nobody.

What is told of a period is told of the days before it: `told_from` is the first day of the
period before, so that over all periods every day is told of once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from duly.dates import add_months, month_end
from duly.language.policy import Rhythm, Together

WEEK = timedelta(days=7)

MONTHLY_DUE_DAYS = 7
"""So many days from a month's first the month's items are due."""


class Every(Enum):
    """How often something is sent."""

    WEEK = "weekly"
    MONTH = "monthly"


@dataclass(frozen=True, slots=True)
class Period:
    """A week or a month of the policy: its name, its first day, and the first day of the one before."""

    every: Every
    name: str
    begins: date
    told_from: date

    @property
    def told_until(self) -> date:
        """The last day that is told of."""
        return self.begins - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """An item of the policy that is due, and of which period."""

    item: str
    period: Period
    rhythm: Rhythm


def due_on(together: Together, day: date) -> tuple[Due, ...]:
    """The items that are due on the day, the week's before the month's, in the policy's order."""
    return tuple(_due(together, day))


def _due(together: Together, day: date) -> Iterator[Due]:
    if together.weekly:
        week = week_of(day, together.weekly.day)
        yield from (Due(item, week, together.weekly) for item in together.weekly.send)
    if together.monthly and (month := month_of(day, together.monthly.day)):
        yield from (Due(item, month, together.monthly) for item in together.monthly.send)


def week_of(day: date, weekday: int) -> Period:
    """The week that the day is in; weekdays are counted from Monday, which is 0."""
    begins = day - timedelta(days=(day.weekday() - weekday) % 7)
    return Period(Every.WEEK, begins.isoformat(), begins, begins - WEEK)


def month_of(day: date, number: int) -> Period | None:
    """The month whose items are due on the day; None on the other days."""
    for first in (day.replace(day=1), add_months(day.replace(day=1), -1)):
        begins = _begins(first, number)
        if begins <= day < begins + timedelta(days=MONTHLY_DUE_DAYS):
            before = _begins(add_months(first, -1), number)
            return Period(Every.MONTH, f"{begins:%Y-%m}", begins, before)
    return None


def _begins(first: date, number: int) -> date:
    """The day of this number in a month, or its last one."""
    return first.replace(day=min(number, month_end(first).day))
