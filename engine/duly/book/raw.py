"""The typed rows of some of a book's customers, gathered by account.

What the second derivation of the facts (`duly.book.again`) starts from: each
invoice with everything that names it, each account with everything about it.
`raw_rows` is the only part that reads the book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
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


ANSWER_COLUMNS = "day reason financial_difficulty relationship"


def raw_rows(book: Book, customers: Iterable[str]) -> RawRows:
    """The rows of these customers and of those that they pay for; one whose parent pays comes with its parent."""
    reader = _Reader(book, customers)
    invoices, unapplied, lines = _money(reader)
    promises = reader.by_account("promises", "invoice currency amount made_on due_on cancelled_on", Promise)
    sales = reader.by_account("sales", "currency amount day", _credited)
    holds = reader.by_account("holds", "hold placed_on released_on", Held)
    stages = reader.by_account("executed_stages", "item stage day outcome episode", Executed)
    requests = reader.by_account("requests", "rule asked_on due_on answered_on told_on", Request)
    answers = reader.by_account("answers", ANSWER_COLUMNS, Answered)
    tasks = reader.by_account("tasks_given", "pause day", _row)
    told = (invoices, *unapplied, promises, sales, lines, holds, stages, requests, answers, tasks)
    record = tuple(field.name for field in fields(Customer))
    return RawRows(
        currency=book.currency,
        rates=reader.rates(),
        accounts={
            key: AccountRows(
                invoices=invoices[key],
                unapplied=tuple(money for rows in unapplied for money in rows[key]),
                promises=promises[key],
                sales=sales[key],
                credit_lines=lines[key],
                holds=holds[key],
                stages=stages[key],
                requests=requests[key],
                answers=answers[key],
                tasks=tasks[key],
            )
            for key in {key for rows in told for key in rows}
        },
        customers=dict(reader.by_customer("customers", " ".join(record), Customer)),
        mailable=frozenset(
            customer
            for customer, (email, role) in reader.by_customer("contacts", "email role", _row)
            if email is not None and role == "pays"
        ),
        answers=grouped(reader.by_payer("answers", ANSWER_COLUMNS, Answered)),
        contacts=grouped(reader.by_payer("contacts_made", "day direction", _row)),
        stages=grouped(reader.by_payer("executed_stages", "day stage", _row)),
    )


def money_rows(book: Book, customers: Iterable[str], invoices_only: Iterable[str] | None = None) -> RawRows:
    """Of what `raw_rows` reads only what is owed, paid and granted: invoices, money, credit lines and rates.

    `invoices_only` are the invoices to read, where the others do not matter.
    """
    reader = _Reader(book, customers, invoices_only)
    invoices, unapplied, lines = _money(reader)
    return RawRows(
        currency=book.currency,
        rates=reader.rates(),
        accounts={
            key: AccountRows(
                invoices=invoices[key],
                unapplied=tuple(money for rows in unapplied for money in rows[key]),
                credit_lines=lines[key],
            )
            for key in {key for rows in (invoices, *unapplied, lines) for key in rows}
        },
        customers={},
        mailable=frozenset(),
        contacts={},
        answers={},
        stages={},
    )


class _Reader:
    """Reads the rows of some customers and of those that they pay for."""

    def __init__(self, book: Book, customers: Iterable[str], invoices_only: Iterable[str] | None = None) -> None:
        self._run = book.connection.execute
        delegating = "SELECT customer, parent FROM customers WHERE parent_pays AND parent IS NOT NULL"
        parents: dict[str, str] = dict(self._run(delegating).fetchall())

        def payer(customer: str) -> str:
            return payer(parents[customer]) if customer in parents else customer

        payers = {payer(customer) for customer in customers}
        family = {customer: customer for customer in payers}
        family |= {child: paying for child in parents if (paying := payer(child)) in payers}
        self._run(
            "CREATE OR REPLACE TEMP TABLE raw_family AS "
            "SELECT unnest(CAST(? AS VARCHAR[])) AS customer, unnest(CAST(? AS VARCHAR[])) AS payer",
            [list(family), list(family.values())],
        )
        some = [] if invoices_only is None else [list(invoices_only)]
        self._run(
            "CREATE OR REPLACE TEMP TABLE raw_invoices AS "
            "SELECT i.invoice FROM invoices AS i JOIN raw_family AS f ON f.customer = i.customer"
            + (
                " SEMI JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS invoice) AS w ON w.invoice = i.invoice"
                if some
                else ""
            ),
            some,
        )

    def _select(self, keys: str, table: str, columns: str, only: str) -> list[Row]:
        chosen = ", ".join(f't."{name}"' for name in columns.split())
        source = f"{table} AS t JOIN raw_family AS f ON f.customer = t.customer"
        return self._run(f'SELECT {keys}, {chosen} FROM {source} WHERE {only} ORDER BY t."row"').fetchall()

    def by_account(
        self, table: str, columns: str, make: Callable[..., _V], only: str = "TRUE"
    ) -> defaultdict[tuple[str, str], tuple[_V, ...]]:
        """The rows of a table by creditor and paying customer."""
        return grouped(
            ((creditor, payer), make(*row))
            for creditor, payer, *row in self._select("t.creditor, f.payer", table, columns, only)
        )

    def by_payer(self, table: str, columns: str, make: Callable[..., _V]) -> Iterator[tuple[str, _V]]:
        """The rows of a table, each with the paying customer."""
        return ((payer, make(*row)) for payer, *row in self._select("f.payer", table, columns, "TRUE"))

    def by_customer(self, table: str, columns: str, make: Callable[..., _V]) -> Iterator[tuple[str, _V]]:
        """The rows of a table, each with the customer that it names."""
        return ((customer, make(*row)) for customer, *row in self._select("t.customer", table, columns, "TRUE"))

    def by_invoice(self, table: str, columns: str, make: Callable[..., _V]) -> Iterator[tuple[str, _V]]:
        """The rows of a table that name an invoice of these customers, each with that invoice."""
        chosen = ", ".join(f't."{name}"' for name in columns.split())
        rows = self._run(
            f"SELECT t.invoice, {chosen} FROM {table} AS t JOIN raw_invoices AS i ON i.invoice = t.invoice "
            'ORDER BY t."row"'
        ).fetchall()
        return ((invoice, make(*row)) for invoice, *row in rows)

    def rates(self) -> dict[tuple[str, str], tuple[tuple[date, int], ...]]:
        """The rates by pair of currencies, in the order of their days."""
        rows = self._run('SELECT day, "from", "to", rate FROM rates ORDER BY day').fetchall()
        return dict(grouped(((from_, to), (day, rate)) for day, from_, to, rate in rows))


_ByAccount = Mapping[tuple[str, str], tuple[_V, ...]]


def _money(reader: _Reader) -> tuple[_ByAccount[Invoice], tuple[_ByAccount[Money], ...], _ByAccount[Row]]:
    """Invoices, money that names none, and credit lines, by account."""
    invoices = reader.by_account(
        "invoices",
        "invoice currency amount invoice_date due_date open settled_on written_off_on",
        _invoices(reader),
        only="t.invoice IN (SELECT invoice FROM raw_invoices)",
    )
    unapplied = (
        reader.by_account("payments", "currency amount day bounced_on", _paid, only="t.invoice IS NULL"),
        reader.by_account("credits", "currency amount day", _credited, only="t.invoice IS NULL"),
    )
    # A limit is the payer's own; those of the customers it pays for stand alone.
    lines = reader.by_account("credit_lines", "from limit currency", _row, only="t.customer = f.payer")
    return invoices, unapplied, lines


def _invoices(reader: _Reader) -> Callable[..., Invoice]:
    """Makes an invoice of its own row and of all the rows that name it."""
    paid = reader.by_invoice("payments", "currency amount day bounced_on", _paid)
    credited = reader.by_invoice("credits", "currency amount day", _credited)
    money = grouped(sorted((*paid, *credited), key=lambda named: named[1].day))
    parts = grouped(
        sorted(
            reader.by_invoice("instalments", "number due_date amount", Part),
            key=lambda named: (named[1].due_date, named[1].number),
        )
    )
    disputes = grouped(reader.by_invoice("disputes", "amount opened_on resolved_on", Dispute))

    def invoice(id_: str, *row: Any) -> Invoice:  # noqa: ANN401  (a row of the connection)
        return Invoice(id_, *row, parts[id_], money[id_], disputes[id_])  # type: ignore[call-arg]

    return invoice


def _paid(currency: str, amount: int, day: date, bounced_on: date | None) -> Money:
    return Money(currency, amount, day, bounced_on, paid=True)


def _credited(currency: str, amount: int, day: date) -> Money:
    return Money(currency, amount, day, None, paid=False)


def _row(*row: Any) -> Row:  # noqa: ANN401  (a row of the connection)
    return row
