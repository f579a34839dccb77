"""`book.yaml`: every mistake at its place, every honest quirk of an export with a line for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from duly.book.book import Presence
from duly.book.read import read_book
from tests.book.books import CUSTOMERS, HEAD, INVOICES, found, problems, rows, write


@pytest.mark.parametrize(
    ("yaml", "rule", "line", "column"),
    [
        pytest.param("currency: USD\n", "missing-key", 1, 1, id="no-version"),
        pytest.param("duly_book: 2\n", "unknown-version", 1, 12, id="another-version"),
        pytest.param(HEAD + "table: {}\n", "unknown-key", 3, 1, id="misspelt-key"),
        pytest.param("duly_book: 1\ncurrency: DOLLAR\n", "bad-currency", 2, 11, id="no-currency"),
        pytest.param(HEAD + "dates: d/m/y\n", "unknown-choice", 3, 8, id="unknown-way-of-writing-days"),
        pytest.param(HEAD + "yes_no: [yes!]\n", "wrong-kind", 3, 9, id="one-word-for-two"),
        pytest.param(HEAD + "creditor: Two Words\n", "bad-id", 1, 1, id="creditor-that-is-no-id"),
        pytest.param(HEAD + "assume: {timezone: UTC}\n", "unknown-key", 3, 10, id="unknown-column-assumed"),
        pytest.param(HEAD + "assume: {time_zone: Berlin}\n", "bad-time-zone", 3, 21, id="bad-assumption"),
        pytest.param(HEAD + "assume: {relationship: warm}\n", "bad-choice", 3, 24, id="bad-choice-assumed"),
        pytest.param(HEAD + "tables: {invoice: none}\n", "unknown-key", 3, 10, id="unknown-table"),
        pytest.param(HEAD + "tables: {invoices: none}\n", "wrong-kind", 3, 20, id="no-invoices-on-purpose"),
        pytest.param(HEAD + "tables: {payments: derived}\n", "wrong-kind", 3, 20, id="derived-payments"),
        pytest.param(HEAD + "tables: {payments: {columns: {}}}\n", "missing-key", 3, 20, id="no-file"),
        pytest.param(
            HEAD + "tables: {invoices: {file: invoices.csv, delimiter: x}}\n",
            "unknown-delimiter",
            3,
            52,
            id="delimiter",
        ),
        pytest.param(
            HEAD + "tables: {invoices: {file: invoices.csv, ignore: status}}\n",
            "wrong-kind",
            3,
            49,
            id="ignore-without-list",
        ),
        pytest.param(
            HEAD + "tables: {invoices: {file: invoices.csv, columns: {amount: {column: amount, written_as: float}}}}\n",
            "wrong-kind",
            3,
            88,
            id="amount-as-float-id",
        ),
        pytest.param(
            HEAD + "tables: {invoices: {file: invoices.csv, control: {rows: many}}}\n",
            "wrong-kind",
            3,
            57,
            id="rows-not-counted",
        ),
        pytest.param(
            HEAD + "tables: {payments: none, rates: [{day: 2026-01-01, from: EUR, to: USD, rate: zero}]}\n",
            "bad-rate",
            3,
            78,
            id="inline-cell",
        ),
        pytest.param(
            HEAD + "tables: {rates: [{day: 2026-01-01, from: EUR, rate: 1.1}]}\n",
            "missing-column",
            3,
            17,
            id="inline-column",
        ),
        pytest.param(HEAD + "tables: {disputes: no}\n", "quote-it", 3, 20, id="yaml-that-reads-two-ways"),
    ],
)
def test_a_mistake_in_the_mapping_is_told_at_its_place(
    tmp_path: Path, yaml: str, rule: str, line: int, column: int
) -> None:
    told = {(p.rule, p.span.line, p.span.column) for p in problems(write(tmp_path, yaml)) if p.help}
    assert (rule, line, column) in told


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    yaml = "duly_book: 1\ncurency: USD\ntables:\n  payments: nothing\n  invoices: {file: no.csv, dates: dmy}\n"
    told = problems(write(tmp_path, yaml))
    assert [(p.rule, p.span.line) for p in told] == [
        ("unknown-key", 2),
        ("wrong-kind", 4),
        ("no-such-file", 5),
        ("unknown-choice", 5),
    ]
    assert told[0].help == "did you mean `currency`?"


EXPORT = """\
doc;kunde;offen;faellig;gezahlt;Text
1930571429.0;0200706844;8734.71;13.03.2020;ja;x
1930565277.0;0200706844;1.5;01.04.2020;nein;y
"""


def test_an_export_in_another_dress_is_read(tmp_path: Path) -> None:
    yaml = """\
duly_book: 1
currency: EUR
creditor: orchard
dates: day.month.year
assume: {time_zone: Europe/Berlin, insolvent: false, country: DE}
tables:
  invoices:
    file: export.csv
    delimiter: ";"
    columns: {invoice: {column: doc, written_as: float}, customer: kunde, open: offen, due_date: faellig}
    where: {gezahlt: nein}
    ignore: rest
    control: {rows: 1, total: {open: "1.50"}}
"""
    book = read_book(write(tmp_path, yaml, invoices="", customers="", export=EXPORT))
    assert rows(book, "invoices", "invoice, customer, creditor, amount, currency, due_date, row") == [
        ("1930565277", "0200706844", "orchard", 150, "EUR", date(2020, 4, 1), 3)
    ]
    assert rows(book, "customers", "customer, time_zone, insolvent, country") == [
        ("0200706844", "Europe/Berlin", False, "DE")
    ]
    assert book.given["customers"] is Presence.DERIVED
    assert book.columns["customers"] == {"customer", "time_zone", "insolvent", "country"}
    assert book.warnings == ()


def test_an_assumption_fills_what_the_file_leaves_open_and_nothing_else(tmp_path: Path) -> None:
    customers = "customer,time_zone,insolvent\nC001,,1\nC002,Europe/Berlin,\n"
    yaml = HEAD + (
        "assume: {time_zone: UTC, insolvent: false}\n"
        'tables: {payments: none, customers: {file: customers.csv, yes_no: ["1", "0"]}}\n'
    )
    book = read_book(write(tmp_path, yaml, customers=customers))
    assert rows(book, "customers", "time_zone, insolvent") == [("UTC", True), ("Europe/Berlin", False)]


@pytest.mark.parametrize(
    ("varies", "expected"),
    [
        pytest.param("", {("value-varies", 3)}, id="refused-unless-said"),
        pytest.param(", where_it_varies: refuse", {("value-varies", 3)}, id="refused"),
    ],
)
def test_a_name_that_varies_is_refused(tmp_path: Path, varies: str, expected: set[tuple[str, int]]) -> None:
    assert found(varying(tmp_path, varies)) == expected


@pytest.mark.parametrize(("varies", "name"), [("first", "WAL corp"), ("last", "WAL llc")])
def test_a_name_that_varies_is_the_first_or_the_last(tmp_path: Path, varies: str, name: str) -> None:
    book = read_book(varying(tmp_path, f", where_it_varies: {varies}"))
    assert rows(book, "customers", "name, since") == [(name, date(2025, 11, 1))]


def varying(folder: Path, varies: str) -> Path:
    yaml = HEAD + (
        "assume: {time_zone: UTC}\ntables:\n  payments: none\n"
        "  invoices: {file: invoices.csv, ignore: rest}\n"
        f"  customers: {{derived: true, columns: {{name: {{column: who{varies}}}}}}}\n"
    )
    invoices = (
        "invoice,customer,who,amount,invoice_date,due_date\n"
        "I1,C1,WAL corp,1.00,2025-12-01,2026-01-01\nI2,C1,WAL llc,1.00,2025-11-01,2026-01-01\n"
    )
    return write(folder, yaml, invoices=invoices, customers="")


def test_days_that_prove_their_own_order_are_offered_the_line_to_write(tmp_path: Path) -> None:
    invoices = INVOICES.replace("2026-01-01", "01/02/2026").replace("2026-01-10", "31/01/2026")
    (told,) = {p.help for p in problems(write(tmp_path, HEAD + "tables: {payments: none}\n", invoices=invoices))}
    assert told == (
        "every day of the column is written day/month/year: say so for `invoices` in `book.yaml`, "
        "`columns: {due_date: {column: due_date, dates: day/month/year}}`"
    )


def test_days_that_can_be_read_two_ways_are_not_guessed(tmp_path: Path) -> None:
    invoices = INVOICES.replace("2026-01-01", "01/02/2026").replace("2026-01-10", "03/01/2026")
    (told,) = {p.help for p in problems(write(tmp_path, HEAD + "tables: {payments: none}\n", invoices=invoices))}
    assert "day/month/year and as month/day/year" in told


@pytest.mark.parametrize(
    ("control", "refused"),
    [
        pytest.param('{rows: 2, total: {amount: "300.00"}}', False, id="right"),
        pytest.param("{rows: 3}", True, id="a-row-too-few"),
        pytest.param('{total: {amount: "300.01"}}', True, id="a-cent-too-little"),
    ],
)
def test_a_control_total_must_be_met(tmp_path: Path, control: str, refused: bool) -> None:  # noqa: FBT001  (a case)
    yaml = HEAD + f"tables: {{payments: none, invoices: {{file: invoices.csv, control: {control}}}}}\n"
    assert ("control-total" in {rule for rule, _ in found(write(tmp_path, yaml))}) is refused


def test_a_column_that_nothing_reads_is_a_warning_until_it_is_ignored(tmp_path: Path) -> None:
    customers = CUSTOMERS.replace("country", 'country,"x; DROP TABLE j--"').replace("GB", "GB,1").replace("DE", "DE,1")
    book = write(tmp_path, HEAD + "tables: {payments: none}\n", customers=customers)
    assert found(book) == {("unused-column", 1)}
    (book / "book.yaml").write_text(
        HEAD + 'tables: {payments: none, customers: {file: customers.csv, ignore: ["x; DROP TABLE j--"]}}\n'
    )
    assert found(book) == set()


def test_due_before_the_invoice_is_accepted_where_it_is_said(tmp_path: Path) -> None:
    invoices = INVOICES.replace("2026-01-10", "2025-12-09")
    assert found(write(tmp_path, HEAD + "tables: {payments: none}\n", invoices=invoices)) == {("due-before-invoice", 3)}
    yaml = HEAD + "tables: {payments: none, invoices: {file: invoices.csv, due_before_invoice: accept}}\n"
    assert found(write(tmp_path, yaml, invoices=invoices)) == set()


def test_rates_may_be_written_inline(tmp_path: Path) -> None:
    yaml = HEAD + 'tables: {payments: none, rates: [{day: 2026-01-01, from: CAD, to: USD, rate: "0.72"}]}\n'
    book = read_book(write(tmp_path, yaml))
    assert rows(book, "rates", '"from", "to", rate') == [("CAD", "USD", 72_000_000)]


@pytest.mark.parametrize(
    ("invoices", "outcome"),
    [
        pytest.param(INVOICES.replace("EUR", "USD"), "USD", id="one-currency-is-the-book's"),
        pytest.param(INVOICES, {("no-currency", 1)}, id="two-currencies-need-a-word"),
        pytest.param(INVOICES.replace("EUR", ""), {("missing-value", 3)}, id="a-row-without-one"),
    ],
)
def test_a_book_that_does_not_say_its_currency_has_that_of_its_invoices(
    tmp_path: Path, invoices: str, outcome: object
) -> None:
    book = write(tmp_path, "duly_book: 1\ntables: {payments: none}\n", invoices=invoices)
    assert (read_book(book).currency if isinstance(outcome, str) else found(book)) == outcome


def test_one_file_may_give_several_tables(tmp_path: Path) -> None:
    invoices = (
        "invoice,customer,amount,due_date,disputed,settled_on\n"
        "I1,C001,5.00,2026-01-01,Yes,2026-02-01\nI2,C002,5.00,2026-01-01,No,\n"
    )
    yaml = HEAD + (
        "tables:\n  invoices: {file: invoices.csv, ignore: [disputed]}\n"
        '  disputes: {file: invoices.csv, where: {disputed: "Yes"}, ignore: rest, '
        "columns: {opened_on: due_date, resolved_on: settled_on}}\n"
    )
    book = read_book(write(tmp_path, yaml, invoices=invoices))
    assert rows(book, "disputes", "invoice, opened_on, resolved_on, row") == [
        ("I1", date(2026, 1, 1), date(2026, 2, 1), 2)
    ]


def test_an_assumption_is_written_as_the_book_writes_and_not_as_the_file(tmp_path: Path) -> None:
    yaml = HEAD + (
        "dates: day/month/year\nassume: {since: 31/01/2020, time_zone: UTC}\ntables:\n  payments: none\n"
        "  invoices: {file: invoices.csv, dates: year-month-day}\n"
        "  customers: {file: customers.csv, dates: yearmonthday}\n"
    )
    book = read_book(write(tmp_path, yaml, customers="customer,since\nC001,20190203\nC002,\n"))
    assert rows(book, "customers", "since") == [(date(2019, 2, 3),), (date(2020, 1, 31),)]
