"""Business days, months, and when a customer may be contacted."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.dates import (
    add_business_days,
    add_months,
    business_days_between,
    is_business_day,
    last_month_end_on_or_before,
    month_end,
    next_open,
    not_before,
)
from duly.language.policy import ContactHours

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
COUNTRIES = st.sampled_from(["", "US", "DE", "SA", "ZZ"])

WORKING = [
    pytest.param("2026-07-02", "US", True, id="thursday"),
    pytest.param("2026-07-03", "US", False, id="independence-day-observed"),
    pytest.param("2026-07-03", "DE", True, id="nothing-in-germany"),
    pytest.param("2026-07-04", "", False, id="saturday-without-a-country"),
    pytest.param("2026-01-01", "", True, id="no-holidays-without-a-country"),
    pytest.param("2026-07-03", "SA", False, id="friday-in-saudi-arabia"),
    pytest.param("2026-07-05", "SA", True, id="sunday-in-saudi-arabia"),
    pytest.param("2026-07-05", "ZZ", False, id="sunday-in-an-unknown-country"),
]


@pytest.mark.parametrize(("day", "country", "works"), WORKING)
def test_a_business_day_is_one_on_which_the_country_works(day: str, country: str, works: bool) -> None:  # noqa: FBT001
    assert is_business_day(date.fromisoformat(day), country) is works


@given(first=DAYS, last=DAYS, country=COUNTRIES)
def test_business_days_between_two_days_are_those_after_the_first_up_to_the_last(
    first: date, last: date, country: str
) -> None:
    low, high = sorted((first, last))
    counted = sum(
        is_business_day(date.fromordinal(n), country) for n in range(low.toordinal() + 1, high.toordinal() + 1)
    )
    assert business_days_between(first, last, country) == (counted if first <= last else -counted)


@given(day=DAYS, number=st.integers(-40, 40), country=COUNTRIES)
def test_adding_business_days_and_counting_them_agree(day: date, number: int, country: str) -> None:
    there = add_business_days(day, number, country)
    assert number == 0 or is_business_day(there, country)
    assert not is_business_day(day, country) or business_days_between(day, there, country) == number


@pytest.mark.parametrize(
    ("day", "number", "there"),
    [
        pytest.param("2026-01-31", 1, "2026-02-28", id="clipped"),
        pytest.param("2024-01-31", 1, "2024-02-29", id="clipped-in-a-leap-year"),
        pytest.param("2026-02-28", 1, "2026-03-28", id="not-stretched"),
        pytest.param("2026-01-15", -1, "2025-12-15", id="back-over-the-year"),
        pytest.param("2026-12-31", 2, "2027-02-28", id="over-the-year"),
        pytest.param("2024-02-29", -12, "2023-02-28", id="a-year-back-from-a-leap-day"),
    ],
)
def test_months_keep_the_day_of_the_month_where_they_can(day: str, number: int, there: str) -> None:
    assert add_months(date.fromisoformat(day), number) == date.fromisoformat(there)


@given(day=DAYS)
def test_the_last_month_end_is_the_day_itself_or_before_this_month(day: date) -> None:
    assert last_month_end_on_or_before(month_end(day)) == month_end(day)
    assert last_month_end_on_or_before(day) == (day if day == month_end(day) else month_end(add_months(day, -1)))


OFFICE = ContactHours(days=frozenset(range(5)), opens=time(9), closes=time(17), holidays_closed=True)
NIGHT = ContactHours(opens=time(2, 30))

MOMENTS = [
    pytest.param("2026-03-31", OFFICE, "America/New_York", "2026-03-31T09:00:00-04:00", id="today"),
    pytest.param("2026-07-03", OFFICE, "America/New_York", "2026-07-06T09:00:00-04:00", id="after-the-holiday-weekend"),
    pytest.param("2026-07-03", OFFICE, "Asia/Tokyo", "2026-07-06T09:00:00+09:00", id="in-the-customers-time-zone"),
    pytest.param("2026-03-08", NIGHT, "America/New_York", "2026-03-08T03:00:00-04:00", id="the-hour-does-not-exist"),
    pytest.param("2026-03-07", NIGHT, "America/New_York", "2026-03-07T02:30:00-05:00", id="the-day-before"),
    pytest.param(
        "2026-11-01",
        ContactHours(opens=time(1, 30)),
        "America/New_York",
        "2026-11-01T01:30:00-04:00",
        id="the-hour-comes-twice",
    ),
    pytest.param(
        "2011-12-30",
        ContactHours(opens=time(9)),
        "Pacific/Apia",
        "2011-12-31T09:00:00+14:00",
        id="the-day-does-not-exist",
    ),
]


@pytest.mark.parametrize(("day", "hours", "zone", "moment"), MOMENTS)
def test_contact_begins_with_the_first_open_moment(day: str, hours: ContactHours, zone: str, moment: str) -> None:
    assert not_before(date.fromisoformat(day), hours, zone, "US").isoformat() == moment


@pytest.mark.parametrize(
    ("moment", "zone", "country", "opens"),
    [
        pytest.param("2026-03-31T12:59:59Z", "America/New_York", "US", "2026-03-31T09:00:00-04:00", id="just-before"),
        pytest.param("2026-03-31T13:00:00Z", "America/New_York", "US", "2026-03-31T09:00:00-04:00", id="as-it-opens"),
        pytest.param(
            "2026-03-31T20:59:59Z", "America/New_York", "US", "2026-03-31T16:59:59-04:00", id="the-last-second"
        ),
        pytest.param("2026-03-31T21:00:00Z", "America/New_York", "US", "2026-04-01T09:00:00-04:00", id="as-it-closes"),
        pytest.param(
            "2026-02-02T05:30:00Z", "America/Los_Angeles", "US", "2026-02-02T09:00:00-08:00", id="the-evening-before"
        ),
        pytest.param(
            "2026-03-28T12:00:00Z", "Europe/Berlin", "DE", "2026-03-30T09:00:00+02:00", id="summer-time-begins"
        ),
        pytest.param("2026-12-25T10:00:00Z", "Europe/Berlin", "DE", "2026-12-28T09:00:00+01:00", id="a-holiday"),
        pytest.param(
            "2026-04-02T10:00:00Z", "Asia/Riyadh", "SA", "2026-04-02T13:00:00+03:00", id="a-thursday-elsewhere"
        ),
    ],
)
def test_the_next_open_moment_is_now_or_when_contact_opens(moment: str, zone: str, country: str, opens: str) -> None:
    at = datetime.fromisoformat(moment)
    assert next_open(at, OFFICE, zone, country).isoformat() == opens


def test_an_hour_that_does_not_exist_opens_at_the_first_that_does() -> None:
    night = ContactHours(opens=time(2, 30), closes=time(5))
    at = datetime.fromisoformat("2026-03-08T06:59:00Z")
    assert next_open(at, night, "America/New_York").isoformat() == "2026-03-08T03:00:00-04:00"


def test_hours_without_an_open_day_are_refused() -> None:
    with pytest.raises(ValueError, match="no day"):
        not_before(date(2026, 3, 31), ContactHours(days=frozenset()), "UTC")
