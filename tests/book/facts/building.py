"""Small books built straight into typed tables, without reading a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from duly.book.book import Book, Presence
from duly.book.connection import Connection, connect
from duly.book.tables import TABLES, Kind, Table

Row = Mapping[str, object]

SQL_TYPE = {Kind.MONEY: "BIGINT", Kind.WHOLE: "BIGINT", Kind.RATE: "BIGINT", Kind.DATE: "DATE", Kind.YES_NO: "BOOLEAN"}

DEFAULTS: Mapping[str, Row] = MappingProxyType(
    {
        "invoices": {"customer": "C1", "creditor": "main", "amount": 10_000, "currency": "USD"},
        "payments": {"customer": "C1", "creditor": "main", "amount": 10_000, "currency": "USD"},
        "credits": {"customer": "C1", "creditor": "main", "amount": 10_000, "currency": "USD"},
        "promises": {"customer": "C1", "creditor": "main", "amount": 10_000, "currency": "USD"},
        "sales": {"customer": "C1", "creditor": "main", "amount": 10_000, "currency": "USD"},
        "credit_lines": {"customer": "C1", "creditor": "main", "currency": "USD"},
        "contacts_made": {"customer": "C1", "channel": "email", "direction": "out"},
        "holds": {"customer": "C1", "creditor": "main", "hold": "credit"},
        "executed_stages": {"customer": "C1", "creditor": "main", "stage": "reminder"},
        "requests": {"customer": "C1", "creditor": "main", "rule": "find_out"},
        "tasks_given": {"customer": "C1", "creditor": "main", "pause": "insolvent"},
    }
)
"""What a row has where a test does not say."""

KEYS = {
    "invoices": ("invoice", "I"),
    "payments": ("payment", "P"),
    "credits": ("credit", "K"),
    "promises": ("promise", "R"),
}


def make_book(**tables: Sequence[Row]) -> Book:
    """A book in USD of these rows; a customer that is only mentioned has a record with nothing in it."""
    connection = connect()
    connection.expect_few_rows()
    customers = {row["customer"] for row in tables.get("customers", ())}
    mentioned = {
        str(with_defaults(name, n, row).get("customer")) for name, rows in tables.items() for n, row in enumerate(rows)
    }
    added = [{"customer": customer} for customer in sorted(mentioned - customers - {"None"})]
    for name, table in TABLES.items():
        rows = [*tables.get(name, ()), *(added if name == "customers" else ())]
        fill(connection, table, [with_defaults(name, n, row) for n, row in enumerate(rows)])
    return Book(
        path=Path("book"),
        currency="USD",
        connection=connection,
        given=dict.fromkeys(TABLES, Presence.GIVEN),
        columns={name: frozenset(column.name for column in table.columns) for name, table in TABLES.items()},
        digest="",
    )


def fill(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Make one of the book's tables."""
    types = [(column.name, SQL_TYPE.get(column.kind, "VARCHAR")) for column in table.columns] + [("row", "BIGINT")]
    names = ", ".join(f'"{name}" {type_}' for name, type_ in types)
    connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({names})")
    unknown = {name for row in rows for name in row} - {name for name, _ in types}
    assert not unknown, f"{table.name} has no {unknown}"
    if rows:
        columns = [
            [row.get(name, place + 2 if name == "row" else None) for place, row in enumerate(rows)] for name, _ in types
        ]
        unnested = ", ".join(f"unnest(CAST(? AS {type_}[]))" for _, type_ in types)
        connection.execute(f"INSERT INTO {table.name} SELECT {unnested}", columns)


def with_defaults(table: str, place: int, row: Row) -> Row:
    """The row with what a test did not say."""
    given = {**DEFAULTS.get(table, {}), **row}
    if table in KEYS:
        column, letter = KEYS[table]
        given.setdefault(column, f"{letter}{place + 1}")
    if table == "invoices" and "amount" not in row and row.get("open") is not None:
        given["amount"] = row["open"]
    return given


def day(text: str) -> date:
    """A day as written in a test."""
    return date.fromisoformat(text)
