"""Small books on disk, for tests of reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from duly.book.book import Book
from duly.book.read import read_book
from duly.source import Problem, Refused

CUSTOMERS = """\
customer,name,email,time_zone,country
C001,Amber Anvil Works,accounts@c001.example,Europe/London,GB
C002,Birch Bakery Supply,accounts@c002.example,Europe/Berlin,DE
"""
INVOICES = """\
invoice,customer,amount,currency,invoice_date,due_date
I1,C001,100.00,USD,2025-12-01,2026-01-01
I2,C002,200.00,EUR,2025-12-10,2026-01-10
"""
HEAD = "duly_book: 1\ncurrency: USD\n"
PLAIN = HEAD + "tables: {payments: none}\n"


def write(folder: Path, yaml: str = PLAIN, **files: str | bytes) -> Path:
    """A folder with a `book.yaml`, and a CSV file for each table named; invoices and customers unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    contents: Mapping[str, str | bytes] = {"invoices": INVOICES, "customers": CUSTOMERS, **files}
    for name, content in contents.items():
        if content:
            data = content.encode() if isinstance(content, str) else content
            (folder / f"{name}.csv").write_bytes(data)
    (folder / "book.yaml").write_text(yaml, encoding="utf-8")
    return folder


def problems(path: Path) -> tuple[Problem, ...]:
    """What is wrong with a book, or its warnings."""
    try:
        return read_book(path).warnings
    except Refused as refusal:
        return refusal.problems


def found(path: Path) -> set[tuple[str, int]]:
    """Name and row of every problem."""
    return {(problem.rule, problem.span.line) for problem in problems(path)}


def rows(book: Book, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    """Rows of a table in the order of the file."""
    return book.connection.execute(f"SELECT {columns} FROM {table} ORDER BY row").fetchall()
