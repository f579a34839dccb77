"""`duly book show`: the facts of a book, for people to check."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly_cli.book import command

POLICY = """\
duly: 1
policy: small
currency: USD
late: {basis: due_date, grace_days: 3}
segments: {everyone: {}}
tones: [friendly]
ladder:
  stages:
    reminder: {after: {days: 4}, tone: friendly, send: {email: reminder}}
"""

BOOK = """\
duly_book: 1
currency: USD
assume: {time_zone: America/New_York}
tables:
  rates: [{day: 2026-01-01, from: EUR, to: USD, rate: "1.10"}]
"""

INVOICES = """\
invoice,customer,amount,currency,invoice_date,due_date,settled_on
A1,C1,100.50,EUR,2026-01-01,2026-01-31,
A2,C1,20.00,EUR,2026-01-01,2026-01-31,2026-01-29
A3,C2,7.00,USD,2026-01-01,2026-01-31,2026-02-02
"""

CUSTOMERS = """\
customer,name,region
C1,First Ltd,"=1+1"
C2,Second Ltd,north
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (book / "book.yaml").write_text(BOOK, encoding="utf-8")
    (book / "invoices.csv").write_text(INVOICES, encoding="utf-8")
    (book / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    return tmp_path


def show(folder: Path, *options: str) -> Result:
    arguments = [
        "show",
        str(folder / "book"),
        "--as-of",
        "2026-02-10",
        "--policy",
        str(folder / "policy.yaml"),
        *options,
    ]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_customers_are_shown_with_the_words_of_the_vocabulary(folder: Path) -> None:
    blocks = show(folder).stdout.split("\n\n")
    first = dict(line.split(maxsplit=1) for line in blocks[0].splitlines())
    assert len(blocks) == 2
    assert (first["customer"], first["past_due"], first["days_past_due"], first["late"]) == (
        "C1",
        "110.55",
        "10",
        "yes",
    )


def test_money_is_decimal_for_people_and_minor_units_for_programs(folder: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(show(folder, "--customer", "C1", "--format", "csv").stdout))
    (record,) = json.loads(show(folder, "--customer", "C1", "--format", "json").stdout)
    assert row["past_due"] == "110.55"
    assert record["past_due"] == {"amount": 11055, "currency": "USD"}
    assert record["episode_start"] == "2026-02-04"


def test_a_cell_that_a_spreadsheet_would_run_is_defused(folder: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(show(folder, "--customer", "C1", "--format", "csv").stdout))
    assert row["region"] == "'=1+1"


def test_settled_invoices_say_how_late_they_were(folder: Path) -> None:
    rows = {
        row["invoice"]: row for row in csv.DictReader(io.StringIO(show(folder, "--invoices", "--format", "csv").stdout))
    }
    assert {name: row["days_past_due_when_paid"] for name, row in rows.items()} == {"A1": "", "A2": "-2", "A3": "2"}
    assert {name: row["open__own"] for name, row in rows.items()} == {"A1": "100.50", "A2": "", "A3": ""}
    assert rows["A1"]["open"] == "110.55"


def test_invoices_of_one_customer_stand_in_a_table(folder: Path) -> None:
    header, _, *rows = show(folder, "--invoices", "--customer", "C2").stdout.splitlines()
    assert header.split()[:4] == ["creditor", "customer", "invoice", "currency"]
    assert [row.split()[:3] for row in rows] == [["main", "C2", "A3"]]
