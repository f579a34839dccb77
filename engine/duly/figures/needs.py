"""What a figure needs of a book, refused by name where the book does not bring it.

A table that nobody brought is not an empty table: a figure of it would look like
an answer. A table declared empty on purpose (`none` in `book.yaml`) is one.
"""

from __future__ import annotations

from collections.abc import Iterable

from duly.book.book import Book, Presence
from duly.source import Problem, Refused, Span

DATA = 4

OPEN = ("payments", "invoices.open", "invoices.settled_on")
"""Any one of these says what is still open."""


def refuse_lacking(book: Book, what: str, needed: Iterable[tuple[str, ...]]) -> None:
    """Refuse (4) with a problem for each entry of which the book brings none of the tables or columns."""
    problems = [_problem(book, what, choice) for choice in needed if not any(_brings(book, one) for one in choice)]
    if problems:
        raise Refused(problems, DATA)


def refuse_balances(book: Book, what: str) -> None:
    """Refuse (4) where open balances are given instead of payments: they say nothing about any other day."""
    query = "SELECT count(*) FROM invoices WHERE open IS NOT NULL AND settled_on IS NULL"
    (balances,) = book.connection.execute(query).fetchone() or (0,)
    if balances:
        raise Refused(
            [
                Problem(
                    "balances-only",
                    place(book),
                    f"{what} looks back, and {balances:,} invoices give in `open` what is owed on one day alone",
                    "bring `payments` and `credits` instead of `invoices.open`",
                )
            ],
            DATA,
        )


def place(book: Book) -> Span:
    """The book as a place to point at."""
    return Span(str(book.path), 1, 1)


def _brings(book: Book, source: str) -> bool:
    table, _, column = source.partition(".")
    if not book.has(table):
        return False
    return not column or book.given[table] is Presence.NONE or column in book.columns[table]


def _problem(book: Book, what: str, choice: tuple[str, ...]) -> Problem:
    names = " or ".join(f"`{one}`" for one in choice)
    return Problem("not-in-book", place(book), f"{what} needs {names}, which the book does not bring", _offer(choice))


def _offer(choice: tuple[str, ...]) -> str:
    offers = []
    for source in choice:
        table, _, column = source.partition(".")
        offers.append(
            f"the column `{column}` of `{table}`"
            if column
            else f"the table `{table}`, or declare it empty on purpose (`{table}: none` under `tables:` in `book.yaml`)"
        )
    return f"bring {'; or '.join(offers)}"
