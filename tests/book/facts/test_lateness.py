"""When an invoice is late, how late it is, and what the clocks of the stages count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from duly.language.policy import Basis, Calendar, Clock, DayCount, Late, Period, Since
from tests.book.facts.building import make_book
from tests.book.facts.seen import DAYS_PAST_DUE, a_policy, seen, stage

Days = dict[str, object]
"""What is expected, by day."""


def on(days: Mapping[str, object]) -> dict[date, object]:
    return {date.fromisoformat(text): value for text, value in days.items()}


US = Calendar(country="US")

LATE = [
    pytest.param(
        Late(), {"due_date": "2026-01-10"}, {"2026-01-10": (False, 0), "2026-01-11": (True, 1)}, id="due-date-is-day-0"
    ),
    pytest.param(
        Late(grace_days=3),
        {"due_date": "2026-01-10"},
        {"2026-01-13": (False, 0), "2026-01-14": (True, 4)},
        id="grace-decides-whether-not-how",
    ),
    pytest.param(
        Late(basis=Basis.INVOICE_DATE, grace_days=30),
        {"invoice_date": "2026-01-01", "due_date": "2026-03-01"},
        {"2026-01-31": (False, 0), "2026-02-01": (True, 31)},
        id="from-the-invoice-date",
    ),
    pytest.param(
        Late(basis=Basis.INVOICE_DATE),
        {"due_date": "2026-03-01"},
        {"2026-03-01": (False, 0), "2026-03-02": (True, 1)},
        id="due-date-without-invoice-date",
    ),
    pytest.param(
        Late(basis=Basis.MONTH_END),
        {"due_date": "2026-02-03"},
        {"2026-02-28": (False, 0), "2026-03-01": (True, 1)},
        id="from-the-month-end",
    ),
    # 16 January 2026 is a Friday, 19 January a public holiday in the United States.
    pytest.param(
        Late(day_count=DayCount.BUSINESS),
        {"due_date": "2026-01-16"},
        {"2026-01-19": (False, 0), "2026-01-20": (True, 1)},
        id="no-business-until-tuesday",
    ),
    pytest.param(
        Late(grace_days=2, day_count=DayCount.BUSINESS),
        {"due_date": "2026-01-16"},
        {"2026-01-21": (False, 0), "2026-01-22": (True, 3)},
        id="grace-in-business-days",
    ),
    pytest.param(
        Late(day_count=DayCount.BUSINESS),
        {"due_date": "2026-01-17"},
        {"2026-01-19": (False, 0), "2026-01-20": (True, 1)},
        id="due-on-a-saturday",
    ),
    pytest.param(
        Late(),
        {"due_date": "2026-01-10", "invoice_date": "2026-01-20"},
        {"2026-01-19": None, "2026-01-20": (True, 10)},
        id="not-before-it-was-issued",
    ),
]


@pytest.mark.parametrize(("late", "invoice", "expected"), LATE)
def test_an_invoice_is_late_once_grace_is_over(late: Late, invoice: Days, expected: Days) -> None:
    days = {"invoice_date": "2025-12-01"} if late.basis is not Basis.INVOICE_DATE else {}
    book = make_book(invoices=[{**days, **invoice}])
    found = seen(book, a_policy(late=late, calendar=US), on(expected))
    assert {
        day: (facts.facts["late"], facts.facts["days_past_due"]) if facts.facts["open_count"] else None
        for day, facts in found.items()
    } == on(expected)


CLOCKS = [
    pytest.param(DAYS_PAST_DUE, {"2026-01-30": -1, "2026-01-31": 0, "2026-02-01": 1}, id="days"),
    pytest.param(
        Clock(Since.DUE_DATE, Period.MONTHS, month_end=False),
        {"2026-02-27": 0, "2026-02-28": 1, "2026-03-30": 1, "2026-03-31": 2, "2026-01-30": -1},
        id="months-are-clipped-to-the-last-day",
    ),
    pytest.param(
        Clock(Since.DUE_DATE, Period.DAYS, month_end=True),
        {"2026-02-27": 0, "2026-02-28": 28, "2026-03-30": 28, "2026-03-31": 59},
        id="rounded-up-to-the-month-end",
    ),
    pytest.param(
        Clock(Since.INVOICE_DATE, Period.DAYS, month_end=False),
        {"2026-01-15": 0, "2026-02-01": 17},
        id="since-the-invoice",
    ),
    pytest.param(
        Clock(Since.PREVIOUS_STAGE, Period.DAYS, month_end=False),
        {"2026-01-31": None, "2026-02-09": None, "2026-02-10": 0, "2026-02-11": 1},
        id="since-the-previous-stage",
    ),
]


@pytest.mark.parametrize(("clock", "expected"), CLOCKS)
def test_a_clock_counts_what_its_stage_waits_for(clock: Clock, expected: Days) -> None:
    book = make_book(
        invoices=[{"invoice_date": "2026-01-15", "due_date": "2026-01-31"}],
        executed_stages=[{"stage": "reminder", "day": "2026-02-10"}],
    )
    found = seen(book, a_policy(stage("reminder", 3, clock)), on(expected))
    assert {day: facts.facts[clock.fact] for day, facts in found.items()} == on(expected)


def test_an_account_that_is_not_late_counts_down_to_its_next_due_date() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-10"}, {"due_date": "2026-01-20", "amount": 1}])
    days = on({"2026-01-07": (3, "I1"), "2026-01-10": (0, "I1"), "2026-01-11": (9, None), "2026-01-21": (None, None)})
    found = seen(book, a_policy(), days)
    assert {day: (f.facts["days_to_due"], f.next_due) for day, f in found.items()} == days


def test_the_anchor_is_the_oldest_then_the_largest_then_the_first_by_id() -> None:
    book = make_book(
        invoices=[
            {"invoice": "D", "due_date": "2026-01-05", "amount": 100},
            {"invoice": "C", "due_date": "2026-01-05", "amount": 200},
            {"invoice": "B", "due_date": "2026-01-05", "amount": 200},
            {"invoice": "A", "due_date": "2026-01-06", "amount": 900},
        ],
        payments=[
            {"invoice": "B", "amount": 200, "day": "2026-02-01"},
            {"invoice": "C", "amount": 200, "day": "2026-02-02"},
            {"invoice": "D", "amount": 100, "day": "2026-02-03"},
        ],
    )
    days = on({"2026-01-31": "B", "2026-02-01": "C", "2026-02-02": "D", "2026-02-03": "A"})
    assert {day: facts.anchor for day, facts in seen(book, a_policy(), days).items()} == days


BUCKETS = {
    "2026-01-09": "not_due", "2026-01-10": "aged_0_30", "2026-02-09": "aged_0_30", "2026-02-10": "aged_31_60",
    "2026-03-11": "aged_31_60", "2026-03-12": "aged_61_90", "2026-04-10": "aged_61_90", "2026-04-11": "aged_91_120",
    "2026-05-10": "aged_91_120", "2026-05-11": "aged_over_120",
}  # fmt: skip


def test_every_open_amount_stands_in_one_bucket() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-10", "amount": 700}])
    found = seen(book, a_policy(late=Late(grace_days=10)), on(BUCKETS))
    names = sorted(set(BUCKETS.values()))
    assert {day: [name for name in names if facts.facts[name] == 700] for day, facts in found.items()} == {
        day: [name] for day, name in on(BUCKETS).items()
    }
