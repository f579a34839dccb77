"""What every account owes, from the facts that a plan has made of the day: sums, and nothing item by item.

They are the figures of `figures.statement` and of the aged trial balance, which lay the
whole ledger out once more; tests hold them equal. A plan needs only to know who owes,
how much and by which items, and that for every customer at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.figures.ledger import lay_out_of
from duly.language.policy import Policy

Key = tuple[str, str]
"""Creditor and the customer that pays."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account owes one creditor in one currency, by its open items in the order of a statement."""

    currency: str
    open: int
    unapplied: int
    items: tuple[str, ...]

    @property
    def balance(self) -> int:
        """What is owed on balance."""
        return self.open - self.unapplied


@dataclass(frozen=True, slots=True)
class Total:
    """What all accounts together owe one creditor in one currency."""

    creditor: str
    currency: str
    open: int
    unapplied: int

    @property
    def balance(self) -> int:
        """What is owed on balance."""
        return self.open - self.unapplied


def who_owes(book: Book) -> list[Key]:
    """The accounts with an open item, in the order of the customers."""
    return book.connection.execute(
        "SELECT DISTINCT creditor, customer FROM open_items ORDER BY customer, creditor"
    ).fetchall()


def owed_by(book: Book, accounts: Iterable[Key]) -> Iterator[tuple[Key, tuple[Owed, ...]]]:
    """What each of these accounts owes, by currency in their order; the accounts come in the order of the customers."""
    creditors, customers = zip(*keys, strict=True) if (keys := list(accounts)) else ((), ())
    rows = book.connection.execute(
        """
        WITH wanted AS (
            SELECT unnest(CAST($1 AS VARCHAR[])) AS creditor, unnest(CAST($2 AS VARCHAR[])) AS customer
        ), owed AS (
            SELECT
                o.creditor, o.customer, o.currency, CAST(sum(o.open) AS BIGINT) AS open,
                list(o.item ORDER BY o.basis_day, o.invoice, o.number) AS items
            FROM open_items AS o
            JOIN wanted AS w ON w.creditor = o.creditor AND w.customer = o.customer
            GROUP BY o.creditor, o.customer, o.currency
        )
        SELECT o.creditor, o.customer, o.currency, o.open, COALESCE(u.amount, 0), o.items
        FROM owed AS o
        LEFT JOIN unapplied_money AS u
            ON u.creditor = o.creditor AND u.customer = o.customer AND u.currency = o.currency
        ORDER BY o.customer, o.creditor, o.currency
        """,
        [list(creditors), list(customers)],
    ).fetchall()
    last: Key | None = None
    found: list[Owed] = []
    for creditor, customer, currency, open_, unapplied, items in rows:
        if last is not None and last != (creditor, customer):
            yield last, tuple(found)
            found = []
        last = (creditor, customer)
        found.append(Owed(currency, open_, unapplied, tuple(items)))
    if last is not None:
        yield last, tuple(found)


def all_owed(book: Book) -> tuple[Total, ...]:
    """The totals of the aged trial balance, in the order of creditors and currencies."""
    rows = book.connection.execute(
        """
        SELECT creditor, currency, CAST(sum(open) AS BIGINT), CAST(sum(unapplied) AS BIGINT)
        FROM (
            SELECT creditor, currency, open, 0 AS unapplied FROM open_items
            UNION ALL
            SELECT creditor, currency, 0, amount FROM unapplied_money
        ) AS lines
        GROUP BY creditor, currency
        ORDER BY creditor, currency
        """
    ).fetchall()
    return tuple(Total(*row) for row in rows)


def owed_on(book: Book, policy: Policy, day: date, as_of: date) -> frozenset[Key]:
    """Of the accounts that owe on `as_of`, the day of the facts, those that did on an earlier day as well.

    An item that is open now and was there then was open then, unless a payment has bounced
    since. Only accounts of which that says nothing are looked up on the day itself.
    """
    run = book.connection.execute
    known = run(
        """
        WITH bounced AS (
            SELECT DISTINCT invoice FROM payments
            WHERE invoice IS NOT NULL AND bounced_on > $day AND bounced_on <= $as_of
        )
        SELECT o.creditor, o.customer, bool_or((o.invoice_date IS NULL OR o.invoice_date <= $day) AND b.invoice IS NULL)
        FROM open_items AS o LEFT JOIN bounced AS b ON b.invoice = o.invoice
        GROUP BY o.creditor, o.customer
        """,
        {"day": day, "as_of": as_of},
    ).fetchall()
    found = {(creditor, customer) for creditor, customer, owed in known if owed}
    unknown = sorted((creditor, customer) for creditor, customer, owed in known if not owed)
    if unknown:
        lay_out_of(book, policy, day, unknown)
        found |= set(run("SELECT DISTINCT creditor, customer FROM figures_open").fetchall())
    return frozenset(found)
