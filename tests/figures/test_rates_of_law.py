"""The rates of laws: which day counts, what they add up to, and where knowledge ends."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
import yaml

from duly.figures.rates_of_law import LAWS, Contract, Fixing, NotKnown, Rate, law, law_from, terms_of
from duly.language.policy import Charges
from duly.language.schema import INTEREST

JANUARY, JUNE, JULY, DECEMBER = date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31)


def test_every_regime_that_a_policy_may_name_has_its_numbers() -> None:
    assert {"none", *LAWS} == set(INTEREST)
    assert {id_: law(id_).id for id_ in LAWS} == {id_: id_ for id_ in LAWS}


@pytest.mark.parametrize("id_", LAWS)
def test_every_row_has_a_source_and_the_day_on_which_it_was_looked_at(id_: str) -> None:
    rows = law(id_).rates
    assert all(row.source.what and row.source.where for row in rows)
    assert all(row.source.checked_on >= row.valid_from for row in rows)


@pytest.mark.parametrize(
    ("id_", "start", "day", "per_cent"),
    [
        pytest.param("uk_late_payment", date(2024, 1, 1), date(2024, 1, 1), "13.25", id="uk-published-check-figure"),
        pytest.param("uk_late_payment", JUNE, JUNE, "12.75", id="uk-last-day-of-a-half-year"),
        pytest.param("uk_late_payment", JULY, JULY, "12.25", id="uk-first-day-of-the-next"),
        pytest.param("uk_late_payment", JUNE, DECEMBER, "12.75", id="uk-rate-stays-as-when-interest-began"),
        pytest.param("uk_late_payment", JUNE, date(2035, 1, 1), "12.75", id="uk-rate-stays-beyond-the-table"),
        pytest.param("eu_late_payment", JANUARY, JUNE, "11.15", id="eu-last-day-of-a-half-year"),
        pytest.param("eu_late_payment", JANUARY, JULY, "10.15", id="eu-rate-is-another-in-the-next"),
        pytest.param("de_bgb_288", date(2023, 1, 1), date(2023, 1, 1), "10.62", id="de-nine-points"),
        pytest.param("de_bgb_288", date(2022, 12, 31), date(2022, 12, 31), "8.12", id="de-below-zero"),
    ],
)
def test_a_rate_is_the_reference_and_the_points(id_: str, start: date, day: date, per_cent: str) -> None:
    rate = law(id_).rate_on(day, start)
    assert isinstance(rate, Rate)
    assert rate.per_cent == Decimal(per_cent)


@pytest.mark.parametrize("id_", LAWS)
def test_no_day_outside_the_table_has_a_rate_and_its_first_and_last_have(id_: str) -> None:
    one = law(id_)
    first, last = one.rates[0].valid_from, one.known_until
    before, after = date.fromordinal(first.toordinal() - 1), date.fromordinal(last.toordinal() + 1)
    assert isinstance(one.rate_on(first, first), Rate)
    assert isinstance(one.rate_on(last, last), Rate)
    early, late = one.rate_on(before, before), one.rate_on(after, after)
    assert isinstance(early, NotKnown)
    assert isinstance(late, NotKnown)
    assert (early.is_past, late.is_past) == (False, True)


@pytest.mark.parametrize(
    ("id_", "debt", "amount"),
    [
        pytest.param("uk_late_payment", 999_99, 40_00, id="uk-a-penny-below-a-thousand"),
        pytest.param("uk_late_payment", 1_000_00, 70_00, id="uk-a-thousand"),
        pytest.param("uk_late_payment", 9_999_99, 70_00, id="uk-a-penny-below-ten-thousand"),
        pytest.param("uk_late_payment", 10_000_00, 100_00, id="uk-ten-thousand"),
        pytest.param("eu_late_payment", 1, 40_00, id="eu"),
        pytest.param("de_bgb_288", 10_000_00, 40_00, id="de"),
    ],
)
def test_the_fixed_sum_goes_by_what_is_owed(id_: str, debt: int, amount: int) -> None:
    assert law(id_).fixed_sum(debt).amount == amount


def test_what_resets_changes_on_the_first_day_of_each_half_year_and_nothing_else_does() -> None:
    first, last = date(2024, 12, 31), date(2026, 1, 1)
    assert list(law("eu_late_payment").changes(first, last)) == [JANUARY, JULY, date(2026, 1, 1)]
    assert list(law("uk_late_payment").changes(first, last)) == []
    assert list(Contract(Decimal(12)).changes(first, last)) == []


def test_a_policys_word_stands_for_a_law_a_contract_or_nothing() -> None:
    assert terms_of(Charges()) is None
    assert terms_of(Charges(late_interest="de_bgb_288")) is law("de_bgb_288")
    contract = terms_of(Charges(late_interest="contract", contract_pct="12.5"))
    assert contract == Contract(Decimal("12.5"))
    assert contract.rate_on(date(1990, 1, 1), date(1990, 1, 1)) == Rate(Decimal("12.5"))


# A table that is not what it has to be.


def _skips_a_row(data: dict[str, Any]) -> None:
    del data["rates"][3]


def _starts_late(data: dict[str, Any]) -> None:
    data["rates"] = [{**data["rates"][-1], "valid_from": date(2026, 7, 2)}]


def _says_it_knows_more(data: dict[str, Any]) -> None:
    data["known_until"] = date(2027, 1, 1)


def _has_no_sum_for_large_debts(data: dict[str, Any]) -> None:
    del data["fixed_sums"][-1]


def _has_half_pennies(data: dict[str, Any]) -> None:
    data["fixed_sums"][0]["sum"] = "40.005"


@pytest.mark.parametrize(
    "spoil", [_skips_a_row, _starts_late, _says_it_knows_more, _has_no_sum_for_large_debts, _has_half_pennies]
)
def test_a_table_that_is_not_whole_is_not_read(spoil: Callable[[dict[str, Any]], None]) -> None:
    data = yaml.safe_load((files("duly.figures") / "law" / "uk_late_payment.yaml").read_text(encoding="utf-8"))
    assert law_from(deepcopy(data)).fixing is Fixing.AT_START
    spoil(data)
    with pytest.raises(ValueError, match=r"uk_late_payment|40\.005"):
        law_from(data)
