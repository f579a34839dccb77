"""When a customer meets its pair: a half hour of a business morning that both of them have free.

Meetings of one person are spread: a few a day, and no two at the same time. Whoever is
away comes when back, where that is soon; else whoever stands in comes instead, and
where nobody does, there is no meeting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duly.dates import add_business_days
from duly.team.people import Person, Team

FIRST, LAST = time(9), time(12)
"""The morning: the first half hour begins at the one and the last ends at the other."""

LENGTH = timedelta(minutes=30)

MOST_A_DAY = 2
"""So many introductions a day for one person; there is other work to do."""

DAYS_AHEAD = 10
"""Business days that a meeting is looked for in; who is away for all of them is stood in for."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """When, in the time zone of whoever sells, and who comes for sales and for credit."""

    starts: datetime
    zone: str
    for_sales: str
    for_credit: str


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody comes for this person, who is away."""

    person: str


@dataclass(frozen=True, slots=True)
class Full:
    """Both are there, and neither has a half hour left."""


@dataclass(slots=True)
class Diary:
    """What of the next business days is taken by introductions; `country` says which days those are."""

    team: Team
    as_of: date
    country: str
    _taken: dict[str, set[datetime]] = field(default_factory=dict, init=False)
    _a_day: dict[tuple[str, date], int] = field(default_factory=dict, init=False)
    _full: set[tuple[str, str, str]] = field(default_factory=set, init=False)
    _days: tuple[date, ...] = field(default=(), init=False)

    def take(self, starts: datetime, who: Iterable[str]) -> None:
        """Keep a half hour of these people."""
        for person in who:
            self._taken.setdefault(person, set()).add(starts.astimezone(UTC))
            self._a_day[person, starts.date()] = self._a_day.get((person, starts.date()), 0) + 1

    def meeting(self, salesperson: str, collector: str, zone: str) -> Meeting | Away | Full:
        """The first free half hour of both, which is taken from now on; `zone` is for whoever sells and has none."""
        seller, other = self.team.by_id[salesperson], self.team.by_id[collector]
        days = [day for day in self.days if not (seller.is_away(day) or other.is_away(day))]
        if not days:
            come = []
            for person in (seller, other):
                cover = self.team.stand_in(person, self.days[0])
                if cover is None:
                    return Away(person.id)
                come.append(cover)
            seller, other = come
            days = [day for day in self.days if not (seller.is_away(day) or other.is_away(day))]
        name = _known_zone(seller.time_zone, zone)
        # There may be thousands of new customers at first, and only so many mornings.
        if (seller.id, other.id, name) in self._full:
            return Full()
        for starts in _half_hours(days, ZoneInfo(name)):
            if self._is_free(seller, starts) and self._is_free(other, starts):
                self.take(starts, {seller.id, other.id})
                return Meeting(starts, name, seller.id, other.id)
        self._full.add((seller.id, other.id, name))
        return Full()

    @property
    def days(self) -> tuple[date, ...]:
        """The business days that are looked through."""
        if not self._days:
            self._days = tuple(add_business_days(self.as_of, n, self.country) for n in range(1, DAYS_AHEAD + 1))
        return self._days

    def _is_free(self, person: Person, starts: datetime) -> bool:
        if self._a_day.get((person.id, starts.date()), 0) >= MOST_A_DAY:
            return False
        moment = starts.astimezone(UTC)
        return all(abs(moment - taken) >= LENGTH for taken in self._taken.get(person.id, ()))


def _half_hours(days: Iterable[date], zone: ZoneInfo) -> Iterator[datetime]:
    for day in days:
        starts, last = datetime.combine(day, FIRST, zone), datetime.combine(day, LAST, zone)
        while starts + LENGTH <= last:
            yield starts
            starts += LENGTH


def _known_zone(*names: str) -> str:
    """The first of these time zones that there is; UTC where none is."""
    return next((name for name in names if _is_zone(name)), "UTC")


@cache
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name or "?")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
