"""The formulas of the scorecard, on examples that were worked out elsewhere."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.figures import formulas
from duly.figures.formulas import FORMULAS, Figure, filled_in

EXAMPLES = [
    pytest.param(formulas.dso(1_500_000, 1_000_000, 30), 45, id="dso"),
    pytest.param(formulas.best_possible_dso(400_000, 1_000_000, 30), 12, id="best-possible-dso"),
    pytest.param(formulas.average_days_delinquent(1_500_000, 400_000, 1_000_000, 30), 33, id="days-delinquent"),
    # 100,000 at the beginning of a year with 1,000,000 sold, 120,000 at its end, of which 100,000 not yet due.
    pytest.param(formulas.cei(100_000, 1_000_000, 120_000, 100_000), 98, id="cei-of-a-year"),
    # The quarter of a published trial balance, with its whole credit sales: 10,750 / 13,500.
    pytest.param(formulas.cei(6_200, 10_890, 6_340, 3_590), Fraction(10_750 * 100, 13_500), id="cei-of-a-quarter"),
    pytest.param(formulas.cei(100, 100, 50, 50), 100, id="cei-nothing-past-due"),
    pytest.param(formulas.promises_kept(3, 1), 75, id="promises-kept"),
    pytest.param(formulas.days_to_resolve(37, 2), Fraction(37, 2), id="days-to-resolve"),
    pytest.param(formulas.share_on_time(1, 3), Fraction(100, 3), id="on-time"),
    pytest.param(formulas.roll_rate("0-30", "31-60", 400, 100), 25, id="roll-rate"),
]


@pytest.mark.parametrize(("figure", "expected"), EXAMPLES)
def test_a_worked_example_comes_out(figure: Figure, expected: Fraction) -> None:
    assert figure.value == expected


MARCH, FEBRUARY, JANUARY = ("2026-03", 400, 31), ("2026-02", 300, 28), ("2026-01", 500, 31)


@pytest.mark.parametrize(
    ("open_", "expected"),
    [
        pytest.param(0, 0, id="nothing-open"),
        pytest.param(100, Fraction(31, 4), id="less-than-a-month"),
        pytest.param(399, Fraction(399 * 31, 400), id="one-less-than-the-month"),
        pytest.param(400, 31, id="the-month-to-the-cent"),
        pytest.param(401, 31 + Fraction(28, 300), id="one-more-than-the-month"),
        pytest.param(950, 31 + 28 + Fraction(250 * 31, 500), id="into-the-third-month"),
        pytest.param(1200, 31 + 28 + 31, id="all-that-was-sold"),
        pytest.param(1201, None, id="more-than-was-sold"),
    ],
)
def test_the_count_back_takes_whole_months_until_less_is_left(open_: int, expected: Fraction | None) -> None:
    assert formulas.count_back_dso(open_, [MARCH, FEBRUARY, JANUARY]).value == expected


def test_a_month_without_sales_counts_its_days() -> None:
    assert formulas.count_back_dso(500, [("2026-03", 0, 31), ("2026-02", 1000, 28)]).value == 31 + 14


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(formulas.dso(100, 0, 90), id="no-sales"),
        pytest.param(formulas.cei(0, 100, 100, 100), id="nothing-to-collect"),
        pytest.param(formulas.promises_kept(0, 0), id="no-promise"),
        pytest.param(formulas.roll_rate("0-30", "31-60", 0, 100), id="empty-bucket"),
    ],
)
def test_a_figure_without_a_value_says_why(figure: Figure) -> None:
    assert figure.value is None
    assert figure.why_not


def test_every_formula_has_a_version_and_a_source() -> None:
    assert all(formula.version >= 1 and formula.source and formula.says for formula in FORMULAS)
    assert len({formula.name for formula in FORMULAS}) == len(FORMULAS)


AMOUNT = st.integers(0, 10**9)
MONTHS = st.lists(st.tuples(AMOUNT, st.integers(28, 31)), max_size=4).map(
    lambda months: [(f"2026-{12 - n:02}", sold, days) for n, (sold, days) in enumerate(months)]
)
FIGURES = st.one_of(
    st.builds(formulas.dso, AMOUNT, AMOUNT, st.integers(1, 92)),
    st.builds(formulas.best_possible_dso, AMOUNT, AMOUNT, st.integers(1, 92)),
    st.builds(formulas.average_days_delinquent, AMOUNT, AMOUNT, AMOUNT, st.integers(1, 92)),
    st.builds(formulas.count_back_dso, AMOUNT, MONTHS),
    st.builds(formulas.cei, AMOUNT, AMOUNT, AMOUNT, AMOUNT),
    st.builds(formulas.promises_kept, AMOUNT, AMOUNT),
    st.builds(formulas.days_to_resolve, AMOUNT, AMOUNT),
    st.builds(formulas.share_on_time, AMOUNT, AMOUNT),
    st.builds(formulas.roll_rate, st.just("0-30"), st.just("31-60"), AMOUNT, AMOUNT),
)


@given(figure=FIGURES)
def test_the_arithmetic_as_shown_comes_to_the_value(figure: Figure) -> None:
    if figure.value is None:
        return
    shown = filled_in(figure, {term.name: str(term.value) for term in figure.terms})
    summed = re.sub(r"\d+", r"Fraction(\g<0>)", shown).replace("×", "*")
    assert eval(summed, {"Fraction": Fraction}) == figure.value
