"""A book with what the journal knows: stages executed, requests, contacts, promises, as rows of its own tables.

Nothing behind this asks whether the ledger or the journal brought a row. A row
about a customer, creditor or invoice that the book does not have is left out and
counted: the customer may have been set aside, or have left the ledger. Where the
book brings its own holds, they alone say which are in force: the journal knows what
was asked of the ledger, the ledger what became of it. A credit limit of the journal
counts until the book has one of the same account from the same day. A request that the
book brings stays one row, with the answer that the journal knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duly.book.book import Book, Presence
from duly.book.tables import TABLES, Column, Kind, Table
from duly.journal.history import SAID_BY_SALES, History, Row
from duly.language.sql import identifier

SQL_TYPE = {Kind.DATE: "DATE", Kind.MONEY: "BIGINT", Kind.WHOLE: "BIGINT", Kind.YES_NO: "BOOLEAN"}
"""How the journal's values are kept; everything else is text."""

FIRST_ROW = 10**12
"""Rows of the journal are numbered from here, behind every row of a file."""

FROM_THE_LEDGER = frozenset({"holds"})
"""Tables that the journal fills only where the book does not bring them."""


ONCE: Mapping[str, tuple[str, ...]] = {
    "credit_lines": ("customer", "creditor", "from"),
    "requests": ("customer", "creditor", "rule", "asked_on"),
}
"""Tables in which a row of the book stands for the journal's of the same columns: the ledger may know it by now."""


def add_history(book: Book, history: History) -> int:
    """Add the journal's rows to the book's tables; how many were about nobody in it."""
    left_out = 0
    for name, rows in history.rows.items():
        if name in FROM_THE_LEDGER and book.given[name] is Presence.GIVEN:
            continue
        left_out += _insert(book, TABLES[name], rows)
    _add_said_by_sales(book, history.said_by_sales)
    return left_out


def _add_said_by_sales(book: Book, rows: Sequence[Row]) -> None:
    """Put the answers of sales beside the book's tables, for briefs to read; no book brings any."""
    types = {name: {"day": "DATE", "hard": "BOOLEAN"}.get(name, "VARCHAR") for name in SAID_BY_SALES}
    unnested = ", ".join(f"unnest(CAST(? AS {type_}[])) AS {identifier(name)}" for name, type_ in types.items())
    book.connection.execute(
        f"CREATE OR REPLACE TABLE said_by_sales AS SELECT {unnested}",
        [[row.get(name) for row in rows] for name in types],
    )


def _insert(book: Book, table: Table, rows: Sequence[Row]) -> int:
    """Add the rows whose customer, creditor and invoice the book has; how many it has not."""
    if not rows:
        return 0
    run = book.connection.execute
    types = {column.name: SQL_TYPE.get(column.kind, "VARCHAR") for column in table.columns} | {"row": "BIGINT"}
    lists = [[row.get(name) for row in rows] for name in types if name != "row"]
    lists.append([FIRST_ROW + n for n in range(len(rows))])
    unnested = ", ".join(f"unnest(CAST(? AS {type_}[])) AS {identifier(name)}" for name, type_ in types.items())
    run(f"CREATE OR REPLACE TEMP TABLE journal_rows AS SELECT {unnested}", lists)
    known = " AND ".join(_known(book, column) for column in table.columns if column.references) or "TRUE"
    listed = ", ".join(identifier(name) for name in types)
    if table.name == "requests":
        _fill_in_requests(book)
    new = f"{known} AND {_is_new(table)}"
    run(f"INSERT INTO {identifier(table.name)} ({listed}) SELECT {listed} FROM journal_rows AS j WHERE {new}")
    (left_out,) = run(f"SELECT count(*) FROM journal_rows AS j WHERE NOT ({known})").fetchone() or (0,)
    run("DROP TABLE journal_rows")
    return int(left_out)


def _fill_in_requests(book: Book) -> None:
    """Put into the ledger's requests what the journal alone knows of them: the answer, and whom it was told."""
    filled = ", ".join(
        f"{name} = COALESCE({name}, (SELECT min(j.{name}) FROM journal_rows AS j WHERE {_same(ONCE['requests'], 'b')}))"
        for name in ("answered_on", "told_on")
    )
    book.connection.execute(f"UPDATE requests AS b SET {filled}")


def _same(columns: Sequence[str], row: str) -> str:
    return " AND ".join(f"{row}.{identifier(name)} = j.{identifier(name)}" for name in columns)


def _is_new(table: Table) -> str:
    """SQL: the book has no row that stands for it."""
    if table.name not in ONCE:
        return "TRUE"
    return f"NOT EXISTS (SELECT 1 FROM {identifier(table.name)} AS b WHERE {_same(ONCE[table.name], 'b')})"


def _known(book: Book, column: Column) -> str:
    """SQL: what the column refers to is in the book, where the book has the table."""
    table, _, key = column.references.partition(".")
    if book.given[table] not in (Presence.GIVEN, Presence.DERIVED):
        return "TRUE"
    name = identifier(column.name)
    return f"(j.{name} IS NULL OR EXISTS (SELECT 1 FROM {identifier(table)} AS k WHERE k.{identifier(key)} = j.{name}))"
