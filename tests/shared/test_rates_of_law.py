"""The tables of law against what the central banks and a state published; facts are compared, nothing is copied."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

import pytest

from duly.figures.rates_of_law import Reference, law
from tests.shared.hostile import SHARED

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published rates are not here: set DULY_SHARED")

Found = tuple[int, list[str]]
"""How many rows could be compared, and those that differ."""


def dated(name: str, column: str) -> list[tuple[date, Decimal]]:
    """The rates of a file in the order of their days: the file itself is in none."""
    with (DATA / name).open(encoding="utf-8") as file:
        rows = [(date.fromisoformat(next(iter(row.values()))), Decimal(row[column])) for row in csv.DictReader(file)]
    return sorted(rows)


def in_force(rows: list[tuple[date, Decimal]], day: date) -> Decimal | None:
    known = [rate for since, rate in rows if since <= day]
    return known[-1] if known and day <= rows[-1][0] + timedelta(days=60) else None


def compared(id_: str, published: Callable[[Reference], Decimal | None]) -> Found:
    pairs = [(row, rate) for row in law(id_).rates if (rate := published(row)) is not None]
    return len(pairs), [f"{row.valid_from}: {row.rate} is not {rate}" for row, rate in pairs if row.rate != rate]


def test_the_uk_reference_is_the_official_rate_on_the_last_day_of_the_half_year_before() -> None:
    rows = dated("boe_base_rate_1694_2025.csv", "rate")
    count, wrong = compared("uk_late_payment", lambda row: in_force(rows, row.valid_from - timedelta(days=1)))
    assert (count, wrong) == (26, [])


def test_the_eu_reference_is_the_main_refinancing_rate_on_the_first_day_of_the_half_year() -> None:
    rows = dated("ecb_mro_2019_2025.csv", "mro_rate")
    count, wrong = compared("eu_late_payment", lambda row: in_force(rows, row.valid_from))
    assert (count, wrong) == (12, [])


def test_the_belgian_half_years_are_the_eu_reference_rounded_up_to_half_a_point_and_eight_points() -> None:
    periods = json.loads((DATA / "be_late_payment_rates.json").read_text(encoding="utf-8"))["commercial"]["periods"]
    belgian = {date.fromisoformat(period["from"]): Decimal(str(period["rate"])) for period in periods}
    rates = {row.valid_from: row.rate for row in law("eu_late_payment").rates}
    both = sorted(rates.keys() & belgian.keys())
    by_half_points = {day: (rates[day] * 2).to_integral_value(ROUND_CEILING) / 2 + 8 for day in both}
    assert len(both) == 26
    assert by_half_points == {day: belgian[day] for day in both}


def test_the_german_reference_is_the_base_rate_of_the_bundesbank() -> None:
    told = json.loads((DATA / "de_basiszins_bundesbank.json").read_text(encoding="utf-8"))["data"]
    rows = sorted((date.fromisoformat(f"{month}-01"), Decimal(str(rate))) for month, rate in told.items())
    count, wrong = compared("de_bgb_288", lambda row: in_force(rows, row.valid_from))
    assert (count, wrong) == (23, [])
