"""The sample book: honest, complete, and the same for the same seed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from duly.assets import asset
from duly.book.available import missing_for
from duly.book.book import Book
from duly.book.read import read_book
from duly.book.sample import AS_OF, Format, write_sample
from duly.book.tables import TABLES
from duly.language.load import load_policy


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "book"
    write_sample(folder, customers=300, seed=7)
    return folder


@pytest.fixture(scope="module")
def book(sample: Path) -> Book:
    return read_book(sample)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_is_read_without_a_warning(book: Book) -> None:
    assert book.warnings == ()


def test_it_brings_all_that_the_standard_policy_reads(book: Book) -> None:
    policy, _ = load_policy(asset("policies/standard.yaml"))
    assert missing_for(book, policy) == ()


def test_the_same_seed_writes_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again", customers=300, seed=7)
    write_sample(tmp_path / "other", customers=300, seed=8)
    assert bytes_of(tmp_path / "again") == bytes_of(sample)
    assert bytes_of(tmp_path / "other") != bytes_of(sample)


def test_csv_and_parquet_are_one_book(book: Book, tmp_path: Path) -> None:
    write_sample(tmp_path / "parquet", customers=300, seed=7, format_=Format.PARQUET)
    other = read_book(tmp_path / "parquet")
    for name in TABLES:
        assert contents(other, name) == contents(book, name), name


def contents(book: Book, table: str) -> list[tuple[object, ...]]:
    return book.connection.execute(f"SELECT * FROM {table} ORDER BY row").fetchall()


def test_a_larger_sample_begins_with_the_customers_of_a_smaller_one(book: Book, tmp_path: Path) -> None:
    write_sample(tmp_path / "larger", customers=400, seed=7)
    assert contents(read_book(tmp_path / "larger"), "customers")[:300] == contents(book, "customers")


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("FROM invoices GROUP BY currency HAVING count(*) > 100", id="two-currencies"),
        pytest.param("FROM payments WHERE invoice IS NULL", id="unapplied-payments"),
        pytest.param("FROM payments WHERE bounced_on IS NOT NULL", id="bounced-payments"),
        pytest.param("FROM payments GROUP BY invoice HAVING count(*) > 1", id="part-payments"),
        pytest.param("FROM credits", id="credits"),
        pytest.param("FROM disputes WHERE resolved_on IS NULL", id="open-disputes"),
        pytest.param("FROM disputes WHERE resolved_on IS NOT NULL", id="settled-disputes"),
        pytest.param("FROM disputes WHERE amount IS NOT NULL", id="disputed-parts"),
        pytest.param("FROM promises WHERE due_on > DATE '2026-03-31'", id="open-promises"),
        pytest.param("FROM promises WHERE due_on < DATE '2026-03-31'", id="past-promises"),
        pytest.param("FROM instalments", id="instalments"),
        pytest.param("FROM customers WHERE parent_pays", id="parents-that-pay"),
        pytest.param("FROM customers WHERE annual_sales >= 100000000", id="strategic-customers"),
        pytest.param("FROM customers WHERE email IS NULL", id="customers-without-e-mail"),
        pytest.param("FROM credit_lines", id="credit-lines"),
        pytest.param("FROM holds", id="holds"),
        pytest.param("FROM requests WHERE answered_on IS NULL", id="open-requests"),
        pytest.param("FROM contacts_made WHERE direction = 'in'", id="replies"),
        pytest.param("FROM executed_stages GROUP BY stage", id="executed-stages"),
    ],
)
def test_it_has_every_turn_that_a_ledger_takes(book: Book, what: str) -> None:
    assert book.connection.execute(f"SELECT 1 {what}").fetchall()


def test_few_customers_owe_most(book: Book) -> None:
    row = book.connection.execute(
        "SELECT sum(share) FILTER (WHERE place <= 60), sum(share) FROM ("
        "SELECT sum(amount) AS share, row_number() OVER (ORDER BY sum(amount) DESC) AS place "
        "FROM invoices GROUP BY customer)"
    ).fetchone()
    assert row is not None
    assert row[0] > row[1] * 0.6


def test_nothing_in_it_has_happened_after_its_day(tmp_path: Path) -> None:
    for as_of in (AS_OF, date(2024, 2, 29)):
        write_sample(tmp_path / str(as_of), customers=100, seed=3, as_of=as_of)
        book = read_book(tmp_path / str(as_of))
        for table, column in (
            ("payments", "day"),
            ("invoices", "invoice_date"),
            ("executed_stages", "day"),
            ("contacts_made", "day"),
        ):
            assert book.connection.execute(f"SELECT count(*) FROM {table} WHERE {column} > $1", [as_of]).fetchone() == (
                0,
            )


def test_a_folder_with_something_in_it_is_left_alone(sample: Path) -> None:
    with pytest.raises(FileExistsError):
        write_sample(sample)
