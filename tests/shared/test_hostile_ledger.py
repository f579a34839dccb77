"""Hostile ledgers: each is refused at the row and for the reason listed, or read for what it is.

The skeleton's columns are mapped to ours; the trap stays as it is. Around an
invoice file stand two honest customers, around a customer file three overdue
invoices.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from duly.book.book import Book
from duly.book.read import read_book
from duly.book.tables import TABLES
from duly.source import Problem, Refused
from tests.shared.hostile import Case, cases, needs_hostile

CASES = [case for kind in ("ledger", "unicode", "formula", "email", "html") for case in cases(kind)]

CODES: dict[str, frozenset[str]] = {
    "E-ADDR": frozenset({"bad-email"}),
    "E-ADDR-CONFUSABLE": frozenset({"address-confusable"}),
    "E-DATA-BIDI": frozenset({"bidi-character"}),
    "E-DATA-CTRL": frozenset({"control-character"}),
    "E-DATA-DUP": frozenset({"duplicate-key"}),
    "E-DATA-EMPTY": frozenset({"empty-file"}),
    "E-DATA-ENCODEDWORD": frozenset({"encoded-word"}),
    "E-DATA-ENUM": frozenset({"bad-yes-no"}),
    "E-DATA-FK": frozenset({"unknown-reference", "mangled-id"}),
    "E-DATA-FORMAT": frozenset({"not-a-table"}),
    "E-DATA-HEADER": frozenset({"missing-column", "duplicate-column"}),
    "E-DATA-ID": frozenset({"bad-id"}),
    "E-DATA-IDCASE": frozenset({"id-case"}),
    "E-DATA-LENGTH": frozenset({"too-long"}),
    "E-DATA-TRUNCATED": frozenset({"truncated"}),
    "E-DATE": frozenset({"bad-date"}),
    "E-ENCODING": frozenset({"not-utf-8"}),
    "E-FS": frozenset({"no-such-file", "not-local"}),
    "E-MONEY-FORMAT": frozenset({"bad-amount"}),
    "E-NUM-RANGE": frozenset({"number-range"}),
    "E-TZ": frozenset({"no-time-zone"}),
    "W-DATA-EXTRA": frozenset({"unused-column"}),
    "W-NAME-CONFUSABLE": frozenset({"name-confusable"}),
}
"""The labels of the list, and the names by which people can search for the same thing here."""

INVOICES = """\
  invoices:
    file: "{file}"
    columns: {{invoice: invoice_id, customer: customer_id, amount: amount, currency: currency, due_date: due_date}}
"""
CUSTOMERS = """\
  customers:
    file: "{file}"
    yes_no: ["1", "0"]
    columns: {{customer: customer_id, time_zone: timezone, do_not_contact: dnc, insolvent: bankrupt}}
"""
HONEST_CUSTOMERS = """\
customer_id,name,email,language,timezone,country,dnc,bankrupt
C001,Good One Ltd,ar@good1.test,en,Europe/London,GB,0,0
C002,Good Two GmbH,ar@good2.test,de,Europe/Berlin,DE,0,0
"""
HONEST_INVOICES = """\
invoice_id,customer_id,amount,currency,due_date,status
I1,C001,100.00,USD,2026-01-01,open
I2,C002,200.00,EUR,2026-01-10,open
"""


def book_around(case: Case, folder: Path) -> Path:
    """A book whose ledger or customers are the case's file."""
    file = case.path
    ledger, customers = "ledger.csv", "customers_in.csv"
    (folder / ledger).write_text(HONEST_INVOICES, encoding="utf-8")
    (folder / customers).write_text(HONEST_CUSTOMERS, encoding="utf-8")
    if file.suffix == ".yaml":
        ledger = yaml.safe_load(file.read_text(encoding="utf-8"))["ledger"]
    elif case.id.startswith("ledger") and case.id not in {"ledger-065", "ledger-066"}:
        ledger = file.name
        shutil.copyfile(file, folder / ledger)
    else:
        shutil.copyfile(file, folder / customers)
        with (folder / ledger).open("a", encoding="utf-8") as out:
            out.write(f"I3,{third_customer(file)},300.00,EUR,2026-01-15,open\n")
    tables = INVOICES.format(file=ledger) + CUSTOMERS.format(file=customers) + "  payments: none\n"
    (folder / "book.yaml").write_text(f"duly_book: 1\ncurrency: USD\ntables:\n{tables}", encoding="utf-8")
    return folder


def third_customer(file: Path) -> str:
    """The id in the last row, as it is written there."""
    last = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next(re.split(",", line)[0].strip('"') for line in reversed(last) if re.match(r'"?[Cc]', line))


def outcome(book: Path, quarantine: Path | None = None) -> tuple[int, tuple[Problem, ...], Book | None]:
    try:
        read = read_book(book, quarantine=quarantine)
    except Refused as refusal:
        return refusal.exit_code, refusal.problems, None
    return 0, read.warnings, read


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_each_hostile_ledger_ends_as_listed(case: Case, tmp_path: Path) -> None:
    exit_code, problems, _ = outcome(book_around(case, tmp_path))
    assert exit_code == case.exit, problems
    if not case.code:
        return
    named = [problem for problem in problems if problem.rule in CODES[case.code]]
    assert named, problems
    assert all(problem.message and problem.help for problem in named)
    if row := re.match(r"row (\d+)", case.at):
        assert int(row[1]) in {problem.span.line for problem in named}
    assert all(character.isprintable() for problem in named for character in problem.message + problem.help)


BAD_ROWS = [case for case in CASES if case.exit == 4 and case.at == "row 4"]
NOT_A_ROW = {"ledger-046", "unicode-013"}
"""Cut short, or the customer whose row it is cannot be told from it; these refuse whatever is asked for."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in BAD_ROWS if case.id not in NOT_A_ROW])
def test_a_bad_row_that_is_set_aside_changes_nobody_else(case: Case, tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    with_row = book_around(case, tmp_path / "with")
    honest_case = next(case for case in CASES if case.id == "html-003")
    without = book_around(honest_case, tmp_path / "without")
    exit_code, _, book = outcome(with_row, tmp_path / "aside.jsonl")
    assert exit_code == 0
    assert book is not None
    honest = read_book(without)
    aside = {line.customer for line in book.set_aside}
    assert aside
    assert (tmp_path / "aside.jsonl").read_text().count("\n") == len(book.set_aside)
    for customer in {"C001", "C002"} - aside:
        assert rows_of(book, customer) == rows_of(honest, customer)


def rows_of(book: Book, customer: str) -> dict[str, list[Any]]:
    """Every row of a customer, without its place in the file."""
    rows = {}
    for name, table in TABLES.items():
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        if table.who == "customer":
            sql = f"SELECT {columns} FROM {name} WHERE customer = $1 ORDER BY ALL"
            rows[name] = book.connection.execute(sql, [customer]).fetchall()
    return rows


@needs_hostile
def test_no_file_name_becomes_sql(tmp_path: Path) -> None:
    outcome(book_around(next(case for case in CASES if case.id == "ledger-068"), tmp_path))
    assert not Path("/tmp/PWNED.csv").exists()  # the place that the trap writes to
