"""Bad rows set aside take their whole customer with them, and change nobody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.book import Book
from duly.book.read import read_book
from duly.book.tables import TABLES
from duly.source import Refused
from tests.book.books import HEAD, PLAIN, write

CUSTOMERS = """\
customer,name,time_zone,parent,parent_pays
C001,Amber Anvil Works,UTC,,
C002,Birch Bakery Supply,UTC,,
C003,Copper Cabinet Works,UTC,C002,yes
C004,Dover Dairy Trading,UTC,C002,no
C005,Ember Engine Supply,UTC,C003,yes
"""
INVOICES = "invoice,customer,amount,currency,due_date\n" + "".join(
    f"I{n},C00{n},{n}00.00,USD,2026-01-0{n}\n" for n in range(1, 6)
)
DISPUTES = "invoice,opened_on\nI1,2026-01-03\nI3,2026-01-04\n"
PAYMENTS = "payment,customer,invoice,amount,day\nP1,C001,I1,5.00,2026-01-05\nP4,C004,,5.00,2026-01-06\n"
FILES = {"customers": CUSTOMERS, "invoices": INVOICES, "disputes": DISPUTES, "payments": PAYMENTS}


def rows_of(book: Book, customer: str) -> Mapping[str, object]:
    """Every row of a customer in every table, without its place in the file."""
    rows = {}
    for name, table in TABLES.items():
        columns = ", ".join(f't."{column.name}"' for column in table.columns)
        match table.who:
            case "customer":
                sql = f"SELECT {columns} FROM {name} AS t WHERE t.customer = $1 ORDER BY t.row"
            case "invoice":
                joined = f"{name} AS t JOIN invoices AS i ON i.invoice = t.invoice"
                sql = f"SELECT {columns} FROM {joined} WHERE i.customer = $1 ORDER BY t.row"
            case _:
                continue
        rows[name] = book.connection.execute(sql, [customer]).fetchall()
    return rows


@pytest.mark.parametrize(
    ("table", "row", "aside"),
    [
        pytest.param("invoices", "I9,C001,oops,USD,2026-01-01", {"C001"}, id="a-bad-amount"),
        pytest.param("invoices", "I9,C004,1.00,USD,never", {"C004"}, id="a-child-that-pays-for-itself"),
        pytest.param(
            "invoices", "I9,C003,oops,USD,2026-01-01", {"C002", "C003", "C005"}, id="a-child-that-is-paid-for"
        ),
        pytest.param("invoices", "I9,C002,oops,USD,2026-01-01", {"C002", "C003", "C005"}, id="a-parent-that-pays"),
        pytest.param("invoices", "I9,C999,1.00,USD,2026-01-01", {"C999"}, id="a-customer-that-nobody-knows"),
        pytest.param("invoices", "I1,C004,1.00,USD,2026-01-01", {"C004"}, id="an-id-that-another-customer-has"),
        pytest.param("customers", "c001,Twin,UTC,,", {"c001"}, id="a-twin-in-small-letters"),
        pytest.param("customers", "C006,No Zone,,,", {"C006"}, id="no-time-zone"),
        pytest.param("customers", "C006,Perhaps,UTC,C004,perhaps", {"C004", "C006"}, id="who-pays-cannot-be-read"),
        pytest.param("disputes", "I1,yesterday", {"C001"}, id="a-dispute-of-theirs"),
        pytest.param("payments", "P9,C001,I4,1.00,2026-01-05", {"C001"}, id="a-payment-for-another's-invoice"),
        pytest.param("payments", "P9,C001,,-1.00,2026-01-05", {"C001"}, id="a-negative-payment"),
        pytest.param("payments", "P9,C001,,1.00,2026\x0001-05", {"C001"}, id="a-hidden-character"),
    ],
)
def test_a_bad_row_takes_its_customer_aside_and_nobody_else(
    tmp_path: Path, table: str, row: str, aside: set[str]
) -> None:
    good = read_book(write(tmp_path / "good", HEAD, **FILES))
    book = read_book(
        write(tmp_path / "bad", HEAD, **{**FILES, table: f"{FILES[table]}{row}\n"}), quarantine=tmp_path / "aside"
    )
    assert {line.customer for line in book.set_aside} == aside
    for n in range(1, 7):
        customer = f"C00{n}"
        if customer in aside:
            assert not any(rows_of(book, customer).values())
        else:
            assert rows_of(book, customer) == rows_of(good, customer)


def test_without_a_quarantine_a_bad_row_refuses_the_book(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        read_book(write(tmp_path, HEAD, **{**FILES, "disputes": DISPUTES + "I1,yesterday\n"}))
    assert refusal.value.exit_code == 4


def test_what_was_set_aside_is_written_line_by_line_and_counted(tmp_path: Path) -> None:
    book = write(
        tmp_path / "book",
        HEAD,
        **{**FILES, "invoices": INVOICES + "I9,C001,\x1b[2J,USD,2026-01-01\nI8,C001,1e5,USD,soon\n"},
    )
    read = read_book(book, quarantine=tmp_path / "aside.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "aside.jsonl").read_text(encoding="ascii").splitlines()]
    assert [(line["row"], line["column"], line["problem"], line["customer"]) for line in lines] == [
        (7, "amount", "control-character", "C001"),
        (8, "amount", "bad-amount", "C001"),
        (8, "due_date", "bad-date", "C001"),
    ]
    assert lines[0]["value"] == "\x1b[2J"
    assert lines[0]["file"].endswith("invoices.csv")
    (warning,) = [problem for problem in read.warnings if problem.rule == "set-aside"]
    assert warning.message == "1 customer is set aside for 3 bad cells"
    assert (tmp_path / "aside.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_customer_derived_from_rows_that_disagree_is_set_aside(tmp_path: Path) -> None:
    yaml = HEAD + (
        "assume: {time_zone: UTC}\ntables:\n  payments: none\n  invoices: {file: invoices.csv, ignore: rest}\n"
        "  customers: {derived: true, columns: {name: who, country: land}}\n"
    )
    invoices = "invoice,customer,who,land,amount,due_date\nI1,C1,One,GB,1.00,2026-01-01\nI2,C1,Two,GB,1.00,2026-01-01\n"
    invoices += "I3,C2,Other,GB,1.00,2026-01-01\nI4,C3,Third,GB,1.00,2026-01-01\nI5,C3,Third,UK,1.00,2026-01-01\n"
    book = read_book(write(tmp_path / "book", yaml, invoices=invoices, customers=""), quarantine=tmp_path / "aside")
    assert [(line.row, line.problem, line.customer) for line in book.set_aside] == [
        (3, "value-varies", "C1"),
        (6, "bad-country", "C3"),
    ]
    assert book.connection.execute("SELECT customer FROM customers").fetchall() == [("C2",)]


def test_a_book_without_bad_rows_writes_no_quarantine(tmp_path: Path) -> None:
    assert read_book(write(tmp_path / "book", HEAD, **FILES), quarantine=tmp_path / "aside").set_aside == ()
    assert not (tmp_path / "aside").exists()


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param("invoices", "I9,C 01,1.00,USD,2026-01-01", id="an-invoice-of-nobody"),
        pytest.param("customers", ",Nameless,UTC,,", id="a-customer-without-id"),
        pytest.param("disputes", "I999,2026-01-01", id="a-dispute-about-nothing"),
        pytest.param("rates", "day,from,to,rate\n2026-01-01,EUR,USD,zero", id="a-rate"),
        pytest.param("people", "person,role\np1,boss", id="one-of-our-own-people"),
    ],
)
def test_a_bad_row_whose_customer_cannot_be_told_refuses_all_the_same(tmp_path: Path, table: str, row: str) -> None:
    book = write(tmp_path / "book", HEAD, **{**FILES, table: f"{FILES.get(table, '')}{row}\n"})
    with pytest.raises(Refused) as refusal:
        read_book(book, quarantine=tmp_path / "aside")
    assert all("cannot be told" in problem.help for problem in refusal.value.problems)
    assert not (tmp_path / "aside").exists()


BAD_CELLS = st.sampled_from(["", "oops", "1e5", "-5", "1,000.00", "99999999999999999999.99", "\u202e1", "1.005"])


@settings(max_examples=10)
@given(bad=st.lists(st.tuples(st.integers(1, 5), BAD_CELLS), min_size=1, max_size=4), at=st.integers(0, 5))
def test_wherever_bad_rows_stand_everybody_else_keeps_the_same_rows(
    bad: list[tuple[int, str]], at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("book")
    lines = INVOICES.splitlines(keepends=True)
    hostile = [f'X{number},C00{customer},"{cell}",USD,2026-01-01\n' for number, (customer, cell) in enumerate(bad)]
    mixed = "".join([*lines[: at + 1], *hostile, *lines[at + 1 :]])
    good = read_book(write(folder / "good", HEAD, **FILES))
    book = read_book(write(folder / "bad", HEAD, **{**FILES, "invoices": mixed}), quarantine=folder / "aside")
    aside = {line.customer for line in book.set_aside}
    assert {f"C00{customer}" for customer, _ in bad} <= aside
    for n in range(1, 6):
        if f"C00{n}" not in aside:
            assert rows_of(book, f"C00{n}") == rows_of(good, f"C00{n}")


@pytest.mark.parametrize(
    ("customer", "family"),
    [
        pytest.param("C001", {"C001"}, id="alone"),
        pytest.param("C003", {"C002", "C003", "C004", "C005"}, id="everybody-linked"),
    ],
)
def test_one_customer_is_read_with_its_family_and_the_same_rows(
    tmp_path: Path, customer: str, family: set[str]
) -> None:
    folder = write(tmp_path, HEAD, **FILES)
    whole, part = read_book(folder), read_book(folder, customer=customer)
    assert {row[0] for row in part.connection.execute("SELECT customer FROM customers").fetchall()} == family
    for member in family:
        assert rows_of(part, member) == rows_of(whole, member)


def test_a_customer_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        read_book(write(tmp_path, PLAIN), customer="C01")
    (problem,) = refusal.value.problems
    assert (problem.rule, problem.help) == ("unknown-customer", "did you mean `C001`?")
