"""The calendar of what sales and credit get: when an item is due, and which week or month it belongs to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.language.policy import Rhythm, Together
from duly.team.rhythm import MONTHLY_DUE_DAYS, due_on, month_of, week_of

MONDAY, FRIDAY = 0, 4


@pytest.mark.parametrize(
    ("day", "weekday", "period"),
    [
        pytest.param(date(2026, 3, 30), MONDAY, "2026-03-30", id="on-the-day"),
        pytest.param(date(2026, 3, 31), MONDAY, "2026-03-30", id="a-day-late"),
        pytest.param(date(2026, 4, 5), MONDAY, "2026-03-30", id="last-day-of-the-week"),
        pytest.param(date(2026, 4, 6), MONDAY, "2026-04-06", id="easter-monday-begins-a-week-like-any"),
        pytest.param(date(2026, 3, 29), MONDAY, "2026-03-23", id="the-day-before"),
        pytest.param(date(2026, 3, 26), FRIDAY, "2026-03-20", id="thursday-is-of-last-friday"),
        pytest.param(date(2026, 3, 27), FRIDAY, "2026-03-27", id="friday-is-of-itself"),
        pytest.param(date(2027, 1, 1), MONDAY, "2026-12-28", id="over-the-year"),
    ],
)
def test_a_week_is_named_by_its_first_day_and_due_to_its_end(day: date, weekday: int, period: str) -> None:
    assert week_of(day, weekday).name == period


@pytest.mark.parametrize(
    ("day", "number", "period"),
    [
        pytest.param(date(2026, 3, 31), 1, "", id="the-day-before-the-first"),
        pytest.param(date(2026, 4, 1), 1, "2026-04", id="the-first"),
        pytest.param(date(2026, 4, 7), 1, "2026-04", id="the-seventh-day"),
        pytest.param(date(2026, 4, 8), 1, "", id="the-eighth-day"),
        pytest.param(date(2026, 2, 27), 31, "", id="before-a-short-month-s-last-day"),
        pytest.param(date(2026, 2, 28), 31, "2026-02", id="a-short-month-begins-on-its-last-day"),
        pytest.param(date(2028, 2, 28), 31, "", id="a-leap-year-has-a-day-more"),
        pytest.param(date(2028, 2, 29), 31, "2028-02", id="and-begins-on-it"),
        pytest.param(date(2026, 3, 6), 31, "2026-02", id="due-into-the-next-month"),
        pytest.param(date(2026, 3, 7), 31, "", id="and-then-let-go"),
        pytest.param(date(2027, 1, 6), 31, "2026-12", id="over-the-year"),
        pytest.param(date(2027, 1, 7), 31, "", id="over-the-year-and-let-go"),
    ],
)
def test_a_month_is_due_for_seven_days_from_its_day(day: date, number: int, period: str) -> None:
    found = month_of(day, number)
    assert (found.name if found else "") == period


@given(start=st.dates(date(2020, 1, 1), date(2040, 1, 1)), number=st.integers(1, 31))
def test_every_month_is_due_on_seven_days_and_no_day_is_of_two(start: date, number: int) -> None:
    days = [start + timedelta(days=n) for n in range(120)]
    found = [period for day in days if (period := month_of(day, number))]
    whole = {period.name for period in found if days[0] < period.begins < days[-1] - timedelta(days=MONTHLY_DUE_DAYS)}
    for name in whole:
        assert sum(period.name == name for period in found) == MONTHLY_DUE_DAYS


@given(day=st.dates(date(2020, 1, 1), date(2040, 1, 1)), number=st.integers(0, 31), weekly=st.booleans())
def test_what_periods_tell_of_has_no_gap_and_no_overlap(day: date, number: int, weekly: bool) -> None:  # noqa: FBT001
    period = week_of(day, number % 7) if weekly else month_of(day, max(number, 1))
    if period is None:
        return
    before = week_of(period.told_from, number % 7) if weekly else month_of(period.told_from, max(number, 1))
    assert before is not None
    assert before.begins == period.told_from
    assert before.told_until < period.told_from <= period.told_until < period.begins


def test_items_are_due_in_the_policy_s_order_the_week_s_first() -> None:
    together = Together(weekly=Rhythm(day=0, send=("b", "a")), monthly=Rhythm(day=1, send=("c",)))
    assert [(due.item, due.period.name) for due in due_on(together, date(2026, 4, 1))] == [
        ("b", "2026-03-30"),
        ("a", "2026-03-30"),
        ("c", "2026-04"),
    ]
    assert [due.item for due in due_on(together, date(2026, 4, 8))] == ["b", "a"]
    assert due_on(Together(), date(2026, 4, 1)) == ()
