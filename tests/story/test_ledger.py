"""The ledger of the story is one that an accounts department could have exported on its day."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from tests.story.ledger import BEGINS, ENDS, KNOWN, THE_CLERKS, lay_out_ledger

AHEAD = {"due_date", "due_on", "away_from", "away_until", "renews_on"}
"""Columns in which a day to come may stand."""

DAYS = (BEGINS, date(2026, 2, 17), ENDS)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the exports of some days."""
    folder = tmp_path_factory.mktemp("ledger")
    lay_out_ledger(folder, DAYS)
    return folder


def rows(exports: Path, day: date, table: str) -> list[dict[str, str]]:
    """The rows of a table on a day."""
    with (exports / day.isoformat() / f"{table}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_nothing_in_an_export_is_of_a_later_day(exports: Path, day: date) -> None:
    dated = {
        cell
        for table in KNOWN
        if day == BEGINS or table not in THE_CLERKS
        for row in rows(exports, day, table)
        for column, cell in row.items()
        if column not in AHEAD and len(cell) == len("2026-01-12") and cell[:2] == "20" and cell[4] == cell[7] == "-"
    }
    assert dated
    assert max(dated) <= day.isoformat()


def test_there_are_500_customers_in_the_end(exports: Path) -> None:
    assert len(rows(exports, ENDS, "customers")) == 500


def test_what_is_exported_once_is_in_every_later_export(exports: Path) -> None:
    for table in ("invoices", "payments", "credits"):
        first, *_, last = ({next(iter(row.values())) for row in rows(exports, day, table)} for day in DAYS)
        assert first < last, table


@pytest.mark.parametrize("table", sorted(THE_CLERKS))
def test_what_the_clerk_books_is_exported_on_the_first_day_alone(exports: Path, table: str) -> None:
    assert [(exports / day.isoformat() / f"{table}.csv").exists() for day in DAYS] == [True, False, False]
