"""Books of a few rows, one after another: each ledger of a file as it comes out of a book.

There is one database for all ledgers of a file, since to make its tables costs more
than all else. It holds one ledger at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from duly.book.book import Book, Presence
from duly.book.connection import connect
from duly.book.raw import RawRows, raw_rows
from duly.book.tables import TABLES, Kind, Table
from duly.language.sql import identifier

Rows = dict[str, list[dict[str, object]]]
"""The rows of a ledger by table; a value that is not there is None or left out."""

REACHED: Mapping[str, str] = {"email": "accounts@customer.example", "address": "1 Sample Street; Sampleton"}
"""Where a customer is reached whose record does not say; `none` says that it is not."""

SQL_TYPE = {
    Kind.MONEY: "BIGINT",
    Kind.WHOLE: "BIGINT",
    Kind.RATE: "BIGINT",
    Kind.DATE: "DATE",
    Kind.YES_NO: "BOOLEAN",
}


class Books:
    """Makes a book of rows and reads it as any other is read; to be closed."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._filled: set[str] = set()

    def rows_of(self, rows: Rows) -> RawRows:
        """The rows as they come out of a book that holds them and nothing else.

        A customer that is only mentioned has a record with nothing but where it is reached.
        """
        mentioned = {str(row["customer"]) for some in rows.values() for row in some if row.get("customer")}
        listed = {str(row["customer"]) for row in rows.get("customers", ())}
        added = [{"customer": customer, **REACHED} for customer in sorted(mentioned - listed)]
        for name in self._filled:
            self._book.connection.execute(f"DELETE FROM {identifier(name)}")
        self._filled = set()
        for name, table in TABLES.items():
            self._fill(table, [*rows.get(name, ()), *(added if name == "customers" else ())])
        return raw_rows(self._book, mentioned | listed)

    def close(self) -> None:
        """Close the database where one was opened."""
        if "_book" in self.__dict__:
            self._book.connection.close()

    @cached_property
    def _book(self) -> Book:
        connection = connect()
        connection.expect_few_rows()
        for table in TABLES.values():
            columns = ", ".join(f"{identifier(name)} {type_}" for name, type_ in _types(table).items())
            connection.execute(f"CREATE TABLE {identifier(table.name)} ({columns})")
        return Book(
            path=Path(),
            currency=self._currency,
            connection=connection,
            given=dict.fromkeys(TABLES, Presence.GIVEN),
            columns={name: frozenset(column.name for column in table.columns) for name, table in TABLES.items()},
            digest="",
        )

    def _fill(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        if not rows:
            return
        self._filled.add(table.name)
        numbered = [{**row, "row": place} for place, row in enumerate(rows, 2)]
        values = [[row.get(name) for name in _types(table)] for row in numbered]
        marks = ", ".join("?" for _ in _types(table))
        self._book.connection.executemany(f"INSERT INTO {identifier(table.name)} VALUES ({marks})", values)


def _types(table: Table) -> dict[str, str]:
    """The columns of a table, the row's number last, each with its type."""
    return {column.name: SQL_TYPE.get(column.kind, "VARCHAR") for column in table.columns} | {"row": "BIGINT"}
