"""Simple interest day by day: one figure from outside, boundaries, and laws against counting day after day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.figures.interest import Step, interest, rounded, sum_of
from duly.figures.rates_of_law import Contract, NotKnown, Rate, Terms, law

DAY = timedelta(days=1)
EU, DE, UK = law("eu_late_payment"), law("de_bgb_288"), law("uk_late_payment")
PLAIN = Contract(Decimal("36.5"))
"""A tenth of a per cent a day."""


def test_the_figure_from_outside() -> None:
    stretches = interest([Step(date(2023, 1, 1), 10_000_00)], date(2023, 1, 1), date(2023, 6, 30), DE)
    assert not isinstance(stretches, NotKnown)
    assert [(stretch.days, stretch.rate.per_cent) for stretch in stretches] == [(181, Decimal("10.62"))]
    assert sum_of(stretches) == 526_64


START = date(2024, 2, 1)


@pytest.mark.parametrize(
    ("steps", "days", "amount"),
    [
        pytest.param([(0, 1_000_00)], 1, 1_00, id="one-day"),
        pytest.param([(0, 1_000_00)], 29, 29_00, id="a-leap-day-is-a-day"),
        pytest.param([(0, 1_000_00)], 366, 366_00, id="a-leap-year-bears-366-days-over-365"),
        pytest.param([(0, 1_000_00), (5, 400_00)], 10, 7_00, id="a-part-payment-counts-from-its-day"),
        pytest.param([(0, 1_000_00), (9, 0)], 10, 9_00, id="paid-on-the-last-day"),
        pytest.param([(0, 1_000_00), (10, 0)], 10, 10_00, id="paid-the-day-after"),
        pytest.param([(0, 0), (5, 1_000_00)], 10, 5_00, id="nothing-is-open-at-first"),
        pytest.param([(0, 1_000_00)], 0, 0, id="not-a-day-yet"),
        pytest.param([(-5, 1_000_00), (-1, 500_00)], 10, 5_00, id="what-was-paid-before-interest-began"),
        pytest.param([(0, 5)], 1, 1, id="half-a-unit-is-rounded-up"),
        pytest.param([(0, 4)], 1, 0, id="less-than-half-a-unit-is-none"),
    ],
)
def test_interest_follows_what_is_open(steps: list[tuple[int, int]], days: int, amount: int) -> None:
    terms = Contract(Decimal(3650)) if 0 < steps[0][1] < 10 else PLAIN
    opened = [Step(START + after * DAY, open_) for after, open_ in steps]
    stretches = interest(opened, START, START + (days - 1) * DAY, terms)
    assert not isinstance(stretches, NotKnown)
    assert sum_of(stretches) == amount


def test_a_rate_that_resets_splits_the_days_and_one_that_is_fixed_does_not() -> None:
    steps, start, last = [Step(date(2025, 6, 1), 1_000_00)], date(2025, 6, 1), date(2025, 7, 31)
    by_law = {}
    for terms in (EU, UK):
        stretches = interest(steps, start, last, terms)
        assert not isinstance(stretches, NotKnown)
        by_law[terms.id] = [(stretch.days, str(stretch.rate.per_cent)) for stretch in stretches]
    assert by_law == {"eu_late_payment": [(30, "11.15"), (31, "10.15")], "uk_late_payment": [(61, "12.75")]}


def test_days_that_change_nothing_do_not_split() -> None:
    steps = [Step(START, 100_00), Step(START + 3 * DAY, 100_00), Step(START + 5 * DAY, 90_00)]
    stretches = interest(steps, START, START + 9 * DAY, PLAIN)
    assert not isinstance(stretches, NotKnown)
    assert [(stretch.days, stretch.base) for stretch in stretches] == [(5, 100_00), (5, 90_00)]


def test_one_day_beyond_the_table_is_refused_and_a_settled_one_needs_no_rate() -> None:
    last = EU.known_until
    assert not isinstance(interest([Step(last, 1_00)], last, last, EU), NotKnown)
    assert interest([Step(last, 1_00)], last, last + DAY, EU) == NotKnown(
        last + DAY, EU.rates[0].valid_from, EU.known_until
    )
    assert not isinstance(interest([Step(last, 1_00), Step(last + DAY, 0)], last, last + DAY, EU), NotKnown)


# Laws.

FIRST = date(2023, 11, 1)
CHANGES = st.dictionaries(st.integers(-10, 500), st.integers(0, 10_000_00), max_size=6)
TERMS = st.sampled_from((EU, DE, UK, PLAIN))
LENGTH = st.integers(0, 500)


def steps_of(changes: dict[int, int]) -> list[Step]:
    return [Step(FIRST + after * DAY, open_) for after, open_ in sorted(changes.items())]


def counted_daily(steps: list[Step], length: int, terms: Terms) -> Fraction:
    """The same figure by counting every single day."""
    total = Fraction(0)
    for day in (FIRST + n * DAY for n in range(length)):
        open_ = next((step.open for step in reversed(steps) if step.day <= day), 0)
        rate = terms.rate_on(day, FIRST)
        assert isinstance(rate, Rate)
        total += Fraction(open_) * Fraction(rate.per_cent) / 100 / 365
    return total


@given(CHANGES, LENGTH, TERMS)
def test_stretches_come_to_what_counting_day_after_day_comes_to(
    changes: dict[int, int], length: int, terms: Terms
) -> None:
    steps = steps_of(changes)
    stretches = interest(steps, FIRST, FIRST + (length - 1) * DAY, terms)
    assert not isinstance(stretches, NotKnown)
    assert sum((stretch.exact for stretch in stretches), Fraction(0)) == counted_daily(steps, length, terms)


@given(CHANGES, LENGTH, TERMS)
def test_stretches_are_in_order_apart_and_of_something(changes: dict[int, int], length: int, terms: Terms) -> None:
    stretches = interest(steps_of(changes), FIRST, FIRST + (length - 1) * DAY, terms)
    assert not isinstance(stretches, NotKnown)
    assert all(stretch.base > 0 and stretch.days > 0 for stretch in stretches)
    assert all(before.last < after.first for before, after in pairwise(stretches))


@given(CHANGES, LENGTH, TERMS, st.integers(-10, 500), st.integers(0, 10_000_00))
def test_a_payment_never_adds_interest(
    changes: dict[int, int], length: int, terms: Terms, after: int, paid: int
) -> None:
    steps = steps_of(changes)
    day = FIRST + after * DAY
    at_day = next((step.open for step in reversed(steps) if step.day <= day), 0)
    lessened = {step.day: max(0, step.open - (paid if step.day >= day else 0)) for step in (*steps, Step(day, at_day))}
    with_payment = [Step(when, open_) for when, open_ in sorted(lessened.items())]
    last = FIRST + (length - 1) * DAY
    before, then = interest(steps, FIRST, last, terms), interest(with_payment, FIRST, last, terms)
    assert not isinstance(before, NotKnown)
    assert not isinstance(then, NotKnown)
    assert sum_of(then) <= sum_of(before)


@given(st.fractions(min_value=0, max_value=10**12))
def test_rounding_is_never_off_by_more_than_half_a_unit(exact: Fraction) -> None:
    assert -Fraction(1, 2) < rounded(exact) - exact <= Fraction(1, 2)
