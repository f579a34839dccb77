"""Files are read strictly: what is not wholly a table of honest text is refused at its row."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from duly.book.book import Presence
from duly.book.connection import connect
from duly.book.read import read_book
from duly.book.strict import read_file, refuse_changed
from duly.source import Refused
from tests.book.books import CUSTOMERS, HEAD, INVOICES, found, problems, rows, write

HEADER = "invoice,customer,amount,currency,invoice_date,due_date\n"
ROW = "I1,C001,100.00,USD,2025-12-01,2026-01-01\n"


def test_a_folder_of_plain_files_needs_no_mapping(tmp_path: Path) -> None:
    payments = "payment,customer,invoice,amount,day\nP1,C001,I1,40.00,2026-01-05\n"
    book = read_book(write(tmp_path, "duly_book: 1\ncurrency: USD\n", payments=payments))
    assert rows(book, "payments", "payment, customer, creditor, invoice, amount, currency, day") == [
        ("P1", "C001", "main", "I1", 4000, "USD", date(2026, 1, 5))
    ]
    assert rows(book, "invoices", "invoice, amount, currency, row") == [
        ("I1", 10000, "USD", 2),
        ("I2", 20000, "EUR", 3),
    ]
    assert book.given["payments"] is Presence.GIVEN
    assert book.given["disputes"] is Presence.ABSENT
    assert book.newest == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("invoices", "rule", "row"),
    [
        pytest.param((HEADER + ROW).rstrip("\n"), "truncated", 2, id="no-end-of-the-last-line"),
        pytest.param("", "empty-file", 1, id="empty"),
        pytest.param(HEADER, "empty-file", 1, id="header-alone"),
        pytest.param(HEADER + "I1,C001,100.00,USD,2025-12-01\n", "ragged-row", 2, id="a-cell-too-few"),
        pytest.param(
            HEADER + ROW + "I2,C001,1,000.00,USD,2025-12-01,2026-01-01\n", "ragged-row", 3, id="a-cell-too-many"
        ),
        pytest.param(HEADER + ROW + "\n", "ragged-row", 3, id="a-blank-line"),
        pytest.param(HEADER + 'I1,"C001,100.00,USD,2025-12-01,2026-01-01\n', "bad-row", 2, id="a-quote-never-closed"),
        pytest.param(HEADER.replace("currency", "amount") + ROW, "duplicate-column", 1, id="a-column-twice"),
        pytest.param(HEADER.replace("currency", "") + ROW, "bad-header", 1, id="a-column-without-name"),
        pytest.param(HEADER.replace("customer", "cust") + ROW, "missing-column", 1, id="a-column-missing"),
        pytest.param("\ufeff".encode("utf-16") + (HEADER + ROW).encode("utf-16-le"), "not-utf-8", 1, id="utf-16"),
        pytest.param(HEADER.encode() + b"I1,C001\xe9,1.00,USD,2025-12-01,2026-01-01\n", "not-utf-8", 2, id="latin-1"),
        pytest.param(b"PK\x03\x04" + b"\0" * 40, "not-a-table", 1, id="zip"),
        pytest.param(b"\x1f\x8b\x08" + b"\0" * 40, "not-a-table", 1, id="gzip"),
        pytest.param(b"PAR1" + b"\0" * 40, "not-a-table", 1, id="half-a-parquet-file"),
    ],
)
def test_a_file_that_is_no_whole_table_is_refused(tmp_path: Path, invoices: str | bytes, rule: str, row: int) -> None:
    write(tmp_path)
    (tmp_path / "invoices.csv").write_bytes(invoices.encode() if isinstance(invoices, str) else invoices)
    assert (rule, row) in found(tmp_path)


@pytest.mark.parametrize(
    "invoices",
    [
        pytest.param((HEADER + ROW).encode("utf-8-sig"), id="byte-order-mark"),
        pytest.param((HEADER + ROW).replace("\n", "\r\n").encode(), id="windows-lines"),
        pytest.param(HEADER.encode() + ROW.replace("\n", "\r\n").encode(), id="both-kinds-of-lines"),
        pytest.param((HEADER + '"I1","C001","100.00","USD","2025-12-01","2026-01-01"\n').encode(), id="quotes"),
        pytest.param(
            (HEADER + ROW).replace("\n", ',"x ""y"", z"\n').replace(',"x ""y"", z"', ",note", 1).encode(),
            id="quotes-in-quotes",
        ),
        pytest.param(
            (HEADER + ROW).replace("\n", ',5" pipe\n').replace(',5" pipe', ",note", 1).encode(),
            id="a-quote-inside-a-cell",
        ),
    ],
)
def test_honest_ways_to_write_csv_are_one(tmp_path: Path, invoices: bytes) -> None:
    write(tmp_path)
    (tmp_path / "invoices.csv").write_bytes(invoices)
    assert rows(read_book(tmp_path), "invoices", "invoice, amount, row") == [("I1", 10000, 2)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param('Amber, Birch & ""Co""', 'Amber, Birch & "Co"', id="commas-and-quotes"),
        pytest.param("Mu\u0308ller", "Mu\u0308ller", id="decomposed"),
        pytest.param('ACME"" <a@b.example>, ""x', 'ACME" <a@b.example>, "x', id="break-out"),
    ],
)
def test_a_quoted_name_is_read_as_it_is(tmp_path: Path, name: str, value: str) -> None:
    customers = f'customer,name,time_zone\nC001,"{name}",UTC\nC002,Plain,UTC\n'
    assert rows(read_book(write(tmp_path, customers=customers)), "customers", "name")[0] == (value,)


@pytest.mark.parametrize(
    ("delimiter", "character"),
    [pytest.param('";"', ";", id="semicolon"), pytest.param("tab", "\t", id="tab"), pytest.param('"|"', "|", id="bar")],
)
def test_another_delimiter_is_declared(tmp_path: Path, delimiter: str, character: str) -> None:
    yaml = f"{HEAD}tables:\n  payments: none\n  invoices: {{file: i.csv, delimiter: {delimiter}}}\n"
    write(tmp_path, yaml, invoices="", i=INVOICES.replace(",", character))
    assert len(rows(read_book(tmp_path), "invoices")) == 2


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        pytest.param("https://sample.example/invoices.csv", "not-local", id="url"),
        pytest.param("../outside.csv", "outside-the-book", id="way-out"),
        pytest.param("/etc/hostname", "outside-the-book", id="absolute"),
        pytest.param("link.csv", "outside-the-book", id="link-out"),
        pytest.param("pipe.csv", "not-a-file", id="pipe"),
        pytest.param("folder", "not-a-file", id="folder"),
        pytest.param("*.csv", "no-such-file", id="pattern"),
        pytest.param("a[1].csv", "file-name", id="name-that-is-a-pattern"),
        pytest.param("x.csv'); COPY (SELECT 1) TO 'pwned.csv'; --", "no-such-file", id="sql"),
    ],
)
def test_only_regular_files_of_the_folder_are_read(tmp_path: Path, file: str, rule: str) -> None:
    (tmp_path / "outside.csv").write_text(INVOICES)
    folder = write(tmp_path / "book", f'{HEAD}tables:\n  payments: none\n  invoices: {{file: "{file}"}}\n', invoices="")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "folder").mkdir()
    (folder / "a[1].csv").write_text(INVOICES)
    os.mkfifo(folder / "pipe.csv")
    assert (rule, 5) in found(folder)
    assert {path.name for path in tmp_path.iterdir()} == {"outside.csv", "book"}


def test_one_wrong_cell_far_down_is_found(tmp_path: Path) -> None:
    lines = [f"I{n},C001,1.00,USD,2025-12-01,2026-01-01\n" for n in range(30_000)]
    lines[25_000] = "I25000,C001,oops,USD,2025-12-01,2026-01-01\n"
    assert found(write(tmp_path, invoices=HEADER + "".join(lines))) == {("bad-amount", 25_002)}


def test_the_first_hundred_bad_cells_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    lines = [f"I{n},C001,oops,USD,2025-12-01,2026-01-01\n" for n in range(150)]
    told = problems(write(tmp_path, invoices=HEADER + "".join(lines)))
    assert sum(problem.rule == "bad-amount" for problem in told) == 100
    assert [problem.message for problem in told if problem.rule == "many-bad-rows"] == [
        "150 cells cannot be used; the first 100 are shown"
    ]


def test_a_hidden_character_in_a_column_that_nothing_reads_is_found_too(tmp_path: Path) -> None:
    invoices = HEADER.replace("\n", ",note\n") + ROW.replace("\n", ",a\x00b\n")
    assert ("control-character", 2) in found(write(tmp_path, invoices=invoices))


def write_parquet(path: Path, select: str) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO $1 (FORMAT parquet)", [str(path)])


HONEST = "'I1' AS invoice, 'C001' AS customer, 100.5::DECIMAL(18, 2) AS amount, DATE '2026-01-01' AS due_date"


def test_a_parquet_file_with_honest_types_is_read(tmp_path: Path) -> None:
    write(tmp_path, invoices="")
    write_parquet(tmp_path / "invoices.parquet", f"SELECT {HONEST}")
    assert rows(read_book(tmp_path), "invoices", "invoice, amount, due_date, row") == [
        ("I1", 10050, date(2026, 1, 1), 2)
    ]


@pytest.mark.parametrize(
    ("select", "rule"),
    [
        pytest.param(HONEST.replace("100.5::DECIMAL(18, 2)", "100.5::DOUBLE"), "column-type", id="money-as-float"),
        pytest.param(HONEST.replace("100.5::DECIMAL(18, 2)", "100::BIGINT"), "column-type", id="money-as-whole"),
        pytest.param(HONEST.replace("'I1'", "1"), "column-type", id="id-as-number"),
        pytest.param(HONEST.replace("DATE '2026-01-01'", "TIMESTAMP '2026-01-01'"), "column-type", id="day-as-moment"),
        pytest.param(HONEST.replace("DATE '2026-01-01'", "'01/02/2026'"), "bad-date", id="day-as-text"),
        pytest.param(HONEST.replace("DATE '2026-01-01'", "DATE 'infinity'"), "bad-date", id="endless-day"),
        pytest.param(
            HONEST.replace("100.5::", "100.505::").replace("18, 2", "18, 3"), "bad-amount", id="a-decimal-too-many"
        ),
        pytest.param(HONEST.replace("'I1'", "'I 1'"), "bad-id", id="space-in-id"),
    ],
)
def test_a_parquet_file_that_lost_something_is_refused(tmp_path: Path, select: str, rule: str) -> None:
    write(tmp_path, invoices="")
    write_parquet(tmp_path / "invoices.parquet", f"SELECT {select}")
    assert rule in {problem.rule for problem in problems(tmp_path)}


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    write_parquet(tmp_path / "invoices.parquet", f"SELECT {HONEST}")
    assert "two-files" in {problem.rule for problem in problems(tmp_path)}


def test_a_book_that_is_read_opens_no_file(tmp_path: Path) -> None:
    book = read_book(write(tmp_path))
    with pytest.raises(duckdb.PermissionException):
        book.connection.execute("SELECT * FROM read_csv($1)", [str(tmp_path / "invoices.csv")])
    with pytest.raises(duckdb.Error):
        book.connection.execute("SET enable_external_access = true")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(INVOICES)
    with connect() as connection:
        raw = read_file(connection, path, "invoices.csv", "raw_invoices", ",")
    refuse_changed([raw])
    path.write_text(INVOICES + "I3,C001,1.00,USD,,2026-01-01\n")
    with pytest.raises(Refused):
        refuse_changed([raw])


def test_the_digest_is_of_the_bytes_and_not_of_the_place(tmp_path: Path) -> None:
    here, there = write(tmp_path / "here"), write(tmp_path / "there")
    assert read_book(here).digest == read_book(there).digest
    (there / "customers.csv").write_text(CUSTOMERS.replace("Amber", "Umber"))
    assert read_book(here).digest != read_book(there).digest


def test_what_is_no_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        read_book(tmp_path / "nothing")
    assert [problem.rule for problem in refusal.value.problems] == ["no-such-book"]
    (tmp_path / "empty").mkdir()
    assert found(tmp_path / "empty") == {("no-invoices", 1)}
