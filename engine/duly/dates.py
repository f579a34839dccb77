"""Days as the trade counts them: business days, whole months, and the days and hours of contact.

Everything here is a pure function of calendar days; nothing reads a clock. A
country is two letters (ISO 3166-1); its weekend and public holidays are those
of the `holidays` package, which is loaded only when a country is asked about.
The empty country, and one that the package does not know, has Saturdays and
Sundays off and no holidays.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

DAY = timedelta(days=1)

SATURDAY = 5


class OpenHours(Protocol):
    """When a customer may be contacted, as a policy says it."""

    @property
    def days(self) -> frozenset[int]:
        """The open weekdays, from Monday = 0."""

    @property
    def opens(self) -> time:
        """The first open time of such a day."""

    @property
    def closes(self) -> time:
        """The first closed time after that."""

    @property
    def holidays_closed(self) -> bool:
        """Whether public holidays are closed."""


LONGEST_CLOSURE = 400
"""Days looked through for an open one; no calendar with an open weekday is closed for so long."""


# Business days.


def is_business_day(day: date, country: str = "") -> bool:
    """Say whether offices of the country work on the day."""
    calendar = _calendar(country)
    return calendar.is_working_day(day) if calendar is not None else day.weekday() < SATURDAY


def business_days_between(first: date, last: date, country: str = "") -> int:
    """Business days after `first` up to and including `last`; counted back, and negative, where `last` is earlier."""
    if last < first:
        return -business_days_between(last, first, country)
    if first.year == last.year:
        return _day_number(last, country) - _day_number(first, country)
    rest = _counts(country, first.year)[-1] - _day_number(first, country)
    between = sum(_counts(country, year)[-1] for year in range(first.year + 1, last.year))
    return rest + between + _day_number(last, country)


def add_business_days(day: date, number: int, country: str = "") -> date:
    """The business day so many business days after the day, or before it; 0 is the day itself."""
    step = DAY if number > 0 else -DAY
    for _ in range(abs(number)):
        day += step
        while not is_business_day(day, country):
            day += step
    return day


@lru_cache(maxsize=64)
def _calendar(country: str) -> HolidayBase | None:
    if not country:
        return None
    import holidays

    try:
        calendar = holidays.country_holidays(country)
    except NotImplementedError:
        return None
    # The library also answers to names that are no country codes, such as UK.
    return calendar if calendar.country == country else None


@lru_cache(maxsize=4096)
def _counts(country: str, year: int) -> tuple[int, ...]:
    """How many business days the year has had by the end of each of its days."""
    first = date(year, 1, 1).toordinal()
    days = range(first, date(year, 12, 31).toordinal() + 1)
    return tuple(accumulate(int(is_business_day(date.fromordinal(day), country)) for day in days))


def _day_number(day: date, country: str) -> int:
    return _counts(country, day.year)[day.timetuple().tm_yday - 1]


# Months.


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def last_month_end_on_or_before(day: date) -> date:
    """The day itself where it ends a month, else the end of the month before."""
    return day if day == month_end(day) else day.replace(day=1) - DAY


def add_months(day: date, number: int) -> date:
    """The same day of the month so many months later, or the last day of a month that is too short."""
    years, month = divmod(day.month - 1 + number, 12)
    first = date(day.year + years, month + 1, 1)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


# Contact.


def is_contact_day(day: date, hours: OpenHours, country: str = "") -> bool:
    """Say whether a customer in the country may be contacted at some hour of the day.

    The open weekdays are the policy's, whatever the country's weekend is.
    """
    if day.weekday() not in hours.days:
        return False
    calendar = _calendar(country) if hours.holidays_closed else None
    return calendar is None or day not in calendar


def not_before(as_of: date, hours: OpenHours, zone: str, country: str = "") -> datetime:
    """The first moment from the start of the day on at which a customer may be contacted, in the customer's time zone.

    An hour that a change to summer time leaves out opens at the first moment
    that exists; an hour that comes twice opens the first time. Raises
    `ValueError` where the policy opens no day of the week.
    """
    for ahead in range(LONGEST_CLOSURE):
        day = as_of + ahead * DAY
        if is_contact_day(day, hours, country):
            moment = _first_moment(datetime.combine(day, hours.opens), ZoneInfo(zone))
            if moment.date() == day:
                return moment
    raise ValueError("the policy opens no day for contact")


def next_open(moment: datetime, hours: OpenHours, zone: str, country: str = "") -> datetime:
    """The moment itself where a customer may be contacted then, else the next one at which contact opens.

    `moment` has an offset; the answer is in the customer's time zone. Raises
    `ValueError` where the policy opens no day of the week.
    """
    there = moment.astimezone(ZoneInfo(zone))
    if is_contact_day(there.date(), hours, country) and hours.opens <= there.time() < hours.closes:
        return there
    opening = not_before(there.date(), hours, zone, country)
    return opening if opening > there else not_before(there.date() + DAY, hours, zone, country)


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment whose time on the wall is the one given or, where that is left out, a later one."""
    early, late = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early.astimezone(zone)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.astimezone(zone).replace(microsecond=0)
