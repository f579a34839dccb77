"""The typed rows of some of a book's customers, gathered by account.

What the second derivation of the facts (`duly.book.again`) starts from: each
invoice with everything that names it, each account with everything about it.
`select_rows` is the only part that reads the book, and `gathered` needs no book:
it makes of plain rows what the derivation walks through, in whatever process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

from duly.book.book import Book


@dataclass(frozen=True, slots=True)
class Money:
    """Money on a day: what names an invoice, or what names none; a credit is money that nobody paid."""

    currency: str
    amount: int
    day: date
    bounced_on: date | None
    paid: bool

    def counts(self, as_of: date) -> bool:
        """Say whether it was there by the day and had not bounced."""
        return self.day <= as_of and (self.bounced_on is None or self.bounced_on > as_of)


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment."""

    number: int
    due_date: date
    amount: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute about an invoice; without an amount it is about all of it."""

    amount: int | None
    opened_on: date
    resolved_on: date | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with everything that names it."""

    invoice: str
    currency: str
    amount: int
    invoice_date: date | None
    due_date: date
    open: int | None
    settled_on: date | None
    written_off_on: date | None
    parts: tuple[Part, ...]
    money: tuple[Money, ...]
    disputes: tuple[Dispute, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise to pay."""

    invoice: str | None
    currency: str
    amount: int
    made_on: date
    due_on: date
    cancelled_on: date | None


@dataclass(frozen=True, slots=True)
class Executed:
    """A stage that was carried out."""

    item: str | None
    stage: str
    day: date
    outcome: str | None
    episode: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request to sales."""

    rule: str
    asked_on: date
    due_on: date
    answered_on: date | None
    told_on: date | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What sales answered; a judgement that the answer does not give is None."""

    day: date
    reason: str | None
    financial_difficulty: bool | None
    relationship: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A hold from the day it was placed until it was released."""

    hold: str
    placed_on: date
    released_on: date | None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer's own record and what happened with it, whatever the creditor."""

    email: str | None = None
    address: str | None = None
    country: str | None = None
    language: str | None = None
    region: str | None = None
    salesperson: str | None = None
    collector: str | None = None
    since: date | None = None
    annual_sales: int | None = None
    relationship: str | None = None
    insolvent: bool | None = None
    do_not_contact: bool | None = None
    no_email: bool | None = None
    ladder: str | None = None
    tags: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRows:
    """The rows of one account: a creditor and the customer who pays."""

    invoices: tuple[Invoice, ...] = ()
    unapplied: tuple[Money, ...] = ()
    promises: tuple[Promise, ...] = ()
    sales: tuple[Money, ...] = ()
    credit_lines: tuple[tuple[date, int, str], ...] = ()
    holds: tuple[Held, ...] = ()
    stages: tuple[Executed, ...] = ()
    requests: tuple[Request, ...] = ()
    answers: tuple[Answered, ...] = ()
    tasks: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of some customers, by account and by customer."""

    currency: str
    rates: Mapping[tuple[str, str], tuple[tuple[date, int], ...]]
    accounts: Mapping[tuple[str, str], AccountRows]
    customers: Mapping[str, Customer]
    mailable: frozenset[str]
    contacts: Mapping[str, tuple[tuple[date, str], ...]]
    answers: Mapping[str, tuple[Answered, ...]]
    stages: Mapping[str, tuple[tuple[date, str], ...]]


_K = TypeVar("_K")
_V = TypeVar("_V")

Row = tuple[Any, ...]
"""A row as the connection gives it; the table's columns say what is in it."""


def grouped(pairs: Iterable[tuple[_K, _V]]) -> defaultdict[_K, tuple[_V, ...]]:
    """The values by key, in the order in which they came; an unknown key has none."""
    groups: defaultdict[_K, list[_V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return defaultdict(tuple, {key: tuple(values) for key, values in groups.items()})


def raw_rows(book: Book, customers: Iterable[str]) -> RawRows:
    """The rows of these customers and of those that they pay for; one whose parent pays comes with its parent."""
    return gathered(select_rows(book, customers))


def money_rows(book: Book, customers: Iterable[str], invoices_only: Iterable[str] | None = None) -> RawRows:
    """Of what `raw_rows` reads only what is owed, paid and granted: invoices, money, credit lines and rates.

    `invoices_only` are the invoices to read, where the others do not matter.
    """
    return gathered(select_rows(book, customers, MONEY, invoices_only))


# What is read.


class By(Enum):
    """What rows are known by."""

    ACCOUNT = "t.creditor, f.payer"
    PAYER = "f.payer"
    CUSTOMER = "t.customer"
    INVOICE = "t.invoice"


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns of a table that are read, and what its rows are known by: that comes first in each row."""

    by: By
    table: str
    columns: str
    only: str = "TRUE"

    @property
    def sql(self) -> str:
        """SQL: the rows in the book's order."""
        chosen = ", ".join(f't."{name}"' for name in self.columns.split())
        some = "raw_family AS f ON f.customer = t.customer"
        if self.by is By.INVOICE:
            some = "raw_invoices AS i ON i.invoice = t.invoice"
        return f'SELECT {self.by.value}, {chosen} FROM {self.table} AS t JOIN {some} WHERE {self.only} ORDER BY t."row"'


MONEY: Mapping[str, Selection] = MappingProxyType(
    {
        "invoices": Selection(
            By.ACCOUNT,
            "invoices",
            "invoice currency amount invoice_date due_date open settled_on written_off_on",
            only="t.invoice IN (SELECT invoice FROM raw_invoices)",
        ),
        "paid": Selection(By.INVOICE, "payments", "currency amount day bounced_on"),
        "credited": Selection(By.INVOICE, "credits", "currency amount day"),
        "parts": Selection(By.INVOICE, "instalments", "number due_date amount"),
        "disputes": Selection(By.INVOICE, "disputes", "amount opened_on resolved_on"),
        "paid_ahead": Selection(By.ACCOUNT, "payments", "currency amount day bounced_on", only="t.invoice IS NULL"),
        "credited_ahead": Selection(By.ACCOUNT, "credits", "currency amount day", only="t.invoice IS NULL"),
        # A limit is the payer's own; those of the customers it pays for stand alone.
        "credit_lines": Selection(By.ACCOUNT, "credit_lines", "from limit currency", only="t.customer = f.payer"),
    }
)
"""What is owed, paid and granted."""

ANSWER_COLUMNS = "day reason financial_difficulty relationship"

EVERYTHING: Mapping[str, Selection] = MappingProxyType(
    {
        **MONEY,
        "promises": Selection(By.ACCOUNT, "promises", "invoice currency amount made_on due_on cancelled_on"),
        "sales": Selection(By.ACCOUNT, "sales", "currency amount day"),
        "holds": Selection(By.ACCOUNT, "holds", "hold placed_on released_on"),
        "stages": Selection(By.ACCOUNT, "executed_stages", "item stage day outcome episode"),
        "requests": Selection(By.ACCOUNT, "requests", "rule asked_on due_on answered_on told_on"),
        "answers": Selection(By.ACCOUNT, "answers", ANSWER_COLUMNS),
        "tasks": Selection(By.ACCOUNT, "tasks_given", "pause day"),
        "customers": Selection(By.CUSTOMER, "customers", " ".join(field.name for field in fields(Customer))),
        "mailable": Selection(By.CUSTOMER, "contacts", "email", only="t.email IS NOT NULL AND t.role = 'pays'"),
        "contacts_of_payer": Selection(By.PAYER, "contacts_made", "day direction"),
        "answers_of_payer": Selection(By.PAYER, "answers", ANSWER_COLUMNS),
        "stages_of_payer": Selection(By.PAYER, "executed_stages", "day stage"),
    }
)
"""What is owed, paid and granted, and what else is known of a customer."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The rows of some customers as they were read, by the name of their selection: plain values throughout."""

    currency: str
    rates: Sequence[Row]
    rows: Mapping[str, Sequence[Row]]


def select_rows(
    book: Book,
    customers: Iterable[str],
    selections: Mapping[str, Selection] = EVERYTHING,
    invoices_only: Iterable[str] | None = None,
) -> Selected:
    """Read the rows of these customers and of those that they pay for; one whose parent pays comes with its parent."""
    run = book.connection.execute
    delegating = "SELECT customer, parent FROM customers WHERE parent_pays AND parent IS NOT NULL"
    parents: dict[str, str] = dict(run(delegating).fetchall())

    def payer(customer: str) -> str:
        return payer(parents[customer]) if customer in parents else customer

    payers = {payer(customer) for customer in customers}
    family = {customer: customer for customer in payers}
    family |= {child: paying for child in parents if (paying := payer(child)) in payers}
    run(
        "CREATE OR REPLACE TEMP TABLE raw_family AS "
        "SELECT unnest(CAST(? AS VARCHAR[])) AS customer, unnest(CAST(? AS VARCHAR[])) AS payer",
        [list(family), list(family.values())],
    )
    some = [] if invoices_only is None else [list(invoices_only)]
    run(
        "CREATE OR REPLACE TEMP TABLE raw_invoices AS "
        "SELECT i.invoice FROM invoices AS i JOIN raw_family AS f ON f.customer = i.customer"
        + (" SEMI JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS invoice) AS w ON w.invoice = i.invoice" if some else ""),
        some,
    )
    return Selected(
        currency=book.currency,
        rates=run('SELECT "from", "to", day, rate FROM rates ORDER BY day').fetchall(),
        rows={name: run(selection.sql).fetchall() for name, selection in selections.items()},
    )


# What is made of it.


def gathered(selected: Selected) -> RawRows:
    """The rows by account and by customer; what was not selected is empty."""

    def rows(name: str) -> Sequence[Row]:
        return selected.rows.get(name, ())

    def by_account(name: str, make: Callable[..., _V]) -> defaultdict[tuple[str, str], tuple[_V, ...]]:
        return grouped(((creditor, payer), make(*row)) for creditor, payer, *row in rows(name))

    def by_one(name: str, make: Callable[..., _V]) -> defaultdict[str, tuple[_V, ...]]:
        return grouped((key, make(*row)) for key, *row in rows(name))

    money = grouped(
        (invoice, money)
        for invoice, money in sorted(
            (
                *((invoice, _paid(*row)) for invoice, *row in rows("paid")),
                *((invoice, _credited(*row)) for invoice, *row in rows("credited")),
            ),
            key=lambda named: named[1].day,
        )
    )
    parts = {
        invoice: tuple(sorted(those, key=lambda part: (part.due_date, part.number)))
        for invoice, those in by_one("parts", Part).items()
    }
    disputes = by_one("disputes", Dispute)

    def invoice(id_: str, *row: Any) -> Invoice:  # noqa: ANN401  (a row of the connection)
        return Invoice(id_, *row, parts.get(id_, ()), money[id_], disputes[id_])  # type: ignore[call-arg]

    invoices = by_account("invoices", invoice)
    unapplied = by_account("paid_ahead", _paid), by_account("credited_ahead", _credited)
    lines = by_account("credit_lines", _row)
    promises = by_account("promises", Promise)
    sales = by_account("sales", _credited)
    holds = by_account("holds", Held)
    stages = by_account("stages", Executed)
    requests = by_account("requests", Request)
    answers = by_account("answers", Answered)
    tasks = by_account("tasks", _row)
    told = (invoices, *unapplied, promises, sales, lines, holds, stages, requests, answers, tasks)
    return RawRows(
        currency=selected.currency,
        rates=dict(grouped(((from_, to), (day, rate)) for from_, to, day, rate in selected.rates)),
        accounts={
            key: AccountRows(
                invoices=invoices[key],
                unapplied=tuple(money for ahead in unapplied for money in ahead[key]),
                promises=promises[key],
                sales=sales[key],
                credit_lines=lines[key],
                holds=holds[key],
                stages=stages[key],
                requests=requests[key],
                answers=answers[key],
                tasks=tasks[key],
            )
            for key in {key for those in told for key in those}
        },
        customers={customer: Customer(*row) for customer, *row in rows("customers")},
        mailable=frozenset(customer for customer, _ in rows("mailable")),
        answers=by_one("answers_of_payer", Answered),
        contacts=by_one("contacts_of_payer", _row),
        stages=by_one("stages_of_payer", _row),
    )


def _paid(currency: str, amount: int, day: date, bounced_on: date | None) -> Money:
    return Money(currency, amount, day, bounced_on, paid=True)


def _credited(currency: str, amount: int, day: date) -> Money:
    return Money(currency, amount, day, None, paid=False)


def _row(*row: Any) -> Row:  # noqa: ANN401  (a row of the connection)
    return row
