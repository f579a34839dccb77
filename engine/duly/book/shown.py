"""What a book says as of a day, as sheets that people can check.

A sheet is the facts that the rules will read, under the vocabulary's names: a row
a customer's account, or a row an invoice, settled ones included. Money stays in
minor units; the sheet says which currency each cell of it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.book.facts import INVOICE_COLUMNS, build_facts, facts_from
from duly.language.policy import Policy
from duly.language.reads import OWN, fact_columns
from duly.language.vocabulary import Type
from duly.source import NOWHERE, Problem, Severity

PREFIX = "shown_"

Cell = int | str | bool | date | frozenset[str] | None
Row = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under named columns; `currency_of` gives the currency of a cell, or None where the cell is no money."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    currency_of: Callable[[Row, str], str | None]
    warnings: tuple[Problem, ...] = ()


def customers_sheet(book: Book, policy: Policy, as_of: date, customer: str | None = None) -> Sheet:
    """The facts of every account, or of one customer's."""
    build_facts(book, policy, as_of, prefix=PREFIX)
    money = {column.name for column in fact_columns(policy) if column.type is Type.MONEY}
    names = tuple(dict.fromkeys(column.fact if column.member else column.name for column in fact_columns(policy)))
    keys = ("creditor", "customer", "item", "as_of", "anchor", "next_due", "episode", "episode_start")
    rows: list[Row] = []
    for account in facts_from(book.connection, policy, prefix=PREFIX):
        if customer in {None, account.customer}:
            row: Row = {name: getattr(account, name) for name in keys}
            rows.append({**row, **{name: account.facts[name] for name in names}})

    def currency_of(row: Row, name: str) -> str | None:
        if name not in money:
            return None
        return str(row["currency"]) if name.endswith(OWN) else policy.currency

    return Sheet(tuple(dict.fromkeys((*keys, *names))), tuple(rows), currency_of, tuple(_set_aside(book)))


MONEY = frozenset({"original", "open", "disputed", "chased"})


def invoices_sheet(book: Book, policy: Policy, as_of: date, customer: str | None = None) -> Sheet:
    """The facts of every invoice that exists on the day, or of one customer's, with how late the settled ones were."""
    build_facts(book, policy, as_of, prefix=PREFIX, settled=True)
    columns = ("creditor", "customer", *INVOICE_COLUMNS, "settled_on", "days_past_due_when_paid")
    shared = ("creditor", "customer", "invoice", "currency", "invoice_date", "due_date", "basis_day", "original__own")
    chosen = ", ".join(
        f'COALESCE(o."{name}", s."{name}") AS "{name}"'
        if name in shared
        else f'{"s" if name in {"settled_on", "days_past_due_when_paid"} else "o"}."{name}"'
        for name in columns
    )
    query = (
        f'SELECT {chosen} FROM "{PREFIX}invoice_facts" AS o FULL OUTER JOIN "{PREFIX}settled_invoices" AS s '
        "ON s.creditor = o.creditor AND s.customer = o.customer AND s.invoice = o.invoice "
        "WHERE $customer IS NULL OR COALESCE(o.customer, s.customer) = $customer "
        'ORDER BY "creditor", "customer", "basis_day", "invoice"'
    )
    rows = book.connection.execute(query, {"customer": customer}).fetchall()

    def currency_of(row: Row, name: str) -> str | None:
        if name.removesuffix(OWN) not in MONEY:
            return None
        return str(row["currency"]) if name.endswith(OWN) else policy.currency

    return Sheet(
        columns,
        tuple(dict(zip(columns, row, strict=True)) for row in rows),
        currency_of,
        tuple(_set_aside(book)),
    )


def _set_aside(book: Book) -> Iterator[Problem]:
    rows = book.connection.execute(
        f'SELECT customer, creditor, fact, value FROM "{PREFIX}out_of_bounds" ORDER BY customer, creditor, fact'
    ).fetchall()
    for customer, creditor, fact, value in rows:
        yield Problem(
            "out-of-bounds",
            NOWHERE,
            f"`{fact}` of customer `{customer}` with creditor `{creditor}` is {value}, beyond what a fact can say",
            "look at the rows of this customer; the account is left out until they are right",
            severity=Severity.WARNING,
        )
