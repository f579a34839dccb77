"""Two real ledgers: every quirk of theirs is either mapped or reported by its row."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from duly.book.book import Book
from duly.book.read import read_book
from duly.source import Problem, Refused
from tests.book.books import rows
from tests.shared.hostile import SHARED

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real ledgers are not here: set DULY_SHARED")

IBM = """\
duly_book: 1
currency: USD
dates: day/month/year
assume: {time_zone: America/New_York}
tables:
  invoices:
    file: late_payments_ibm.csv
    columns:
      invoice: invoiceNumber
      customer: customerID
      amount: InvoiceAmount
      invoice_date: InvoiceDate
      due_date: DueDate
      settled_on: SettledDate
    ignore: rest
    control: {rows: 2466}
  disputes:
    file: late_payments_ibm.csv
    where: {Disputed: "Yes"}
    columns: {invoice: invoiceNumber, opened_on: InvoiceDate, resolved_on: SettledDate}
    ignore: rest
"""

HRC = """\
duly_book: 1
currency: USD
assume: {time_zone: America/New_York}
tables:
  invoices:
    file: open_invoices_hrc.csv
    columns:
      invoice: WRITTEN
      customer: cust_number
      creditor: business_code
      open: total_open_amount
      currency: invoice_currency
      invoice_date: posting_date
      due_date: due_in_date
    ignore: rest
    DUE
  customers: {derived: true, columns: {name: NAME}}
  rates: [{day: 2020-01-01, from: CAD, to: USD, rate: "0.72"}]
"""
MAPPED = {
    "WRITTEN": "{column: invoice_id, written_as: float}",
    "DUE": "due_before_invoice: accept",
    "NAME": "{column: name_customer, where_it_varies: last}",
}


def ledger(folder: Path, name: str, yaml: str) -> Path:
    shutil.copyfile(DATA / name, folder / name)
    (folder / "book.yaml").write_text(yaml, encoding="utf-8")
    return folder


def hrc(folder: Path, **differently: str) -> Path:
    yaml = HRC
    for mark, text in {**MAPPED, **differently}.items():
        yaml = yaml.replace(mark, text)
    return ledger(folder, "open_invoices_hrc.csv", yaml)


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Book]:
    book = read_book(ledger(tmp_path, "late_payments_ibm.csv", IBM))
    yield book
    book.connection.close()


def test_one_file_gives_settled_invoices_and_disputes(settled: Book) -> None:
    assert settled.warnings == ()
    assert rows(settled, "invoices", "invoice, customer, amount, due_date, settled_on")[0] == (
        ("280670965", "3993-QUNVJ", 5039, date(2012, 2, 2), date(2012, 1, 23))
    )
    counts = {name: len(rows(settled, name)) for name in ("invoices", "customers", "disputes")}
    assert counts == {"invoices": 2466, "customers": 100, "disputes": 561}


def test_days_late_of_every_row_are_those_that_the_file_states(settled: Book, tmp_path: Path) -> None:
    late = settled.connection.execute(
        "SELECT greatest(0, date_diff('day', due_date, settled_on)) FROM invoices ORDER BY row"
    ).fetchall()
    stated = [line.rsplit(",", 1)[1] for line in (tmp_path / "late_payments_ibm.csv").read_text().splitlines()[1:]]
    assert [str(days) for (days,) in late] == stated


def test_every_quirk_of_the_open_items_is_mapped(tmp_path: Path) -> None:
    book = read_book(hrc(tmp_path))
    assert book.warnings == ()
    assert len(rows(book, "customers")) == 664
    assert {code for (code,) in rows(book, "invoices", "currency")} == {"USD", "CAD"}
    assert rows(book, "invoices", "invoice, customer, amount, open")[0] == ("1930571429", "0200706844", 873471, 873471)


def problems(path: Path, quarantine: Path) -> Counter[str]:
    """How many cells of each problem there are, also beyond the hundred that are shown."""
    with pytest.raises(Refused):
        read_book(path)
    return Counter(line.problem for line in read_book(path, quarantine=quarantine).set_aside)


@pytest.mark.parametrize(
    ("differently", "expected"),
    [
        pytest.param({"DUE": "due_before_invoice: refuse"}, {"due-before-invoice": 32}, id="due-before-posting"),
        pytest.param({"NAME": "name_customer"}, {"value-varies": 399}, id="names-that-vary"),
    ],
)
def test_a_quirk_that_is_not_mapped_is_reported_by_row(
    tmp_path: Path, differently: dict[str, str], expected: dict[str, int]
) -> None:
    assert problems(hrc(tmp_path, **differently), tmp_path / "aside") == expected


def test_ids_that_went_through_a_float_stay_as_they_are_unless_it_is_said(tmp_path: Path) -> None:
    book = read_book(hrc(tmp_path, WRITTEN="invoice_id"))
    assert rows(book, "invoices", "invoice")[0] == ("1930571429.0",)


def test_the_row_of_a_problem_is_the_row_of_the_file(tmp_path: Path) -> None:
    path = hrc(tmp_path, DUE="due_before_invoice: refuse")
    with pytest.raises(Refused) as refusal:
        read_book(path)
    first: Problem = refusal.value.problems[0]
    line = (path / "open_invoices_hrc.csv").read_text().splitlines()[first.span.line - 1].split(",")
    assert line[9] < line[6]
    assert first.span.column == 10
