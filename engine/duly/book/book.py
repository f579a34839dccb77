"""A book that was read: typed tables, what was given, and what was set aside.

A `Book` holds one SQL table for every entry of `TABLES`, always all of them,
with exactly the columns of the entry in that order and the source row last.
Everything in them was looked at once, at the edge: nothing behind this value
parses text or checks a reference again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from duly.source import Problem

if TYPE_CHECKING:
    # The process that derives the facts again has no database.
    from duly.book.connection import Connection


class Presence(Enum):
    """Where a table of a book comes from."""

    GIVEN = "given"
    NONE = "none"
    """Declared empty on purpose."""
    DERIVED = "derived"
    """Made from the invoices."""
    ABSENT = "absent"
    """Not brought at all; a policy that reads it is refused."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A cell that could not be read, and the customer who was set aside for it.

    `row` counts from the header, which is row 1. `value` is the text as written,
    `problem` the name of what is wrong with it.
    """

    file: str
    row: int
    column: str
    value: str
    problem: str
    customer: str


@dataclass(frozen=True, slots=True)
class Book:
    """The tables of a book, typed.

    Money is in whole minor units, rates in units of 10^-8. `newest` is the
    latest day on which an invoice, a payment, a credit or a contact is
    recorded, None where only a part was read (`is_part`); `digest` is the SHA-256 of every input in a fixed order.
    """

    path: Path
    currency: str
    connection: Connection
    given: Mapping[str, Presence]
    columns: Mapping[str, frozenset[str]]
    digest: str
    warnings: tuple[Problem, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    newest: date | None = None
    is_part: bool = False

    def has(self, table: str) -> bool:
        """Say whether the book speaks about the table: brings it, makes it, or declares it empty."""
        return self.given[table] is not Presence.ABSENT


def names_of(book: Book, customers: Iterable[str]) -> Mapping[str, str]:
    """The names of the customers by id; whoever the book gives no name is left out."""
    rows = book.connection.execute(
        "SELECT c.customer, c.name FROM customers AS c "
        "JOIN (SELECT unnest(?) AS customer) AS w ON w.customer = c.customer WHERE c.name IS NOT NULL",
        [sorted(customers)],
    ).fetchall()
    return MappingProxyType(dict(rows))
