"""Statements of account: what a customer owes one creditor in one currency, item by item.

A customer that owes in two currencies gets two statements, and one that owes two
creditors gets one from each; no sum crosses them, because a line carries no
currency of its own. The open items are the ledger's, the money that no invoice was
given stands beside them, and the balance is the difference. Each statement names
who sells to the customer and who collects from it.

What a child owes that its parent pays for is on the parent's statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from duly.book.book import Book
from duly.book.payers import payers_of
from duly.figures.ledger import BUCKETS, Person, lay_out, people_of, sql
from duly.figures.needs import OPEN, refuse_lacking
from duly.language.policy import Basis, Policy


class OnAccount(Enum):
    """Why money has no invoice."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit note"
    OVERPAID = "overpaid"
    """Paid on the invoice that is named, beyond its amount."""


@dataclass(frozen=True, slots=True)
class Item:
    """An open item; `made_out_to` is the customer on the invoice, amounts are in minor units."""

    invoice: str
    made_out_to: str
    invoice_date: date | None
    due_date: date
    days_past_due: int | None
    bucket: str
    original: int
    open: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that no invoice was given; no day where it is the rest of several payments."""

    day: date | None
    kind: OnAccount
    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account owes one creditor in one currency as of a day."""

    as_of: date
    creditor: str
    creditor_name: str
    customer: str
    name: str
    address: tuple[str, ...]
    currency: str
    salesperson: Person | None
    collector: Person | None
    items: tuple[Item, ...]
    credits: tuple[Credit, ...]

    @property
    def open(self) -> int:
        """The sum of the open items."""
        return sum(item.open for item in self.items)

    @property
    def unapplied(self) -> int:
        """The sum of the money that no invoice was given."""
        return sum(credit.amount for credit in self.credits)

    @property
    def balance(self) -> int:
        """What is owed on balance."""
        return self.open - self.unapplied

    @property
    def buckets(self) -> tuple[int, ...]:
        """The open items by age, an amount a bucket of `BUCKETS`."""
        return tuple(sum(item.open for item in self.items if item.bucket == bucket) for bucket in BUCKETS)


Key = tuple[str, str, str]
"""Creditor, account, currency."""


def statements(book: Book, policy: Policy, as_of: date, customer: str | None = None) -> tuple[Statement, ...]:
    """The statements of all accounts with something on them, or of the account that pays for one customer.

    Raises `Refused` (4) where the book does not say what was paid and credited.
    """
    refuse_what_statements_miss(book, policy)
    lay_out(book, policy, [as_of])
    account = None if customer is None else payers_of(book).get(customer, customer)
    run = book.connection.execute
    asked = {"as_of": as_of, "account": account}
    items: dict[Key, list[Item]] = {}
    for creditor, owing, currency, *item in run(sql("statement_lines"), asked).fetchall():
        items.setdefault((creditor, owing, currency), []).append(Item(*item))
    given: dict[Key, list[Credit]] = {}
    for creditor, owing, currency, day, kind, *credit in run(sql("statement_on_account"), asked).fetchall():
        given.setdefault((creditor, owing, currency), []).append(Credit(day, OnAccount(kind), *credit))
    records = _records(book)
    people = people_of(book)
    creditors = dict(run("SELECT creditor, COALESCE(name, creditor) FROM creditors").fetchall())
    made = []
    for key in sorted(items.keys() | given.keys(), key=lambda key: (key[1], key[0], key[2])):
        creditor, owing, currency = key
        name, address, salesperson, collector = records.get(owing, (owing, "", "", ""))
        made.append(
            Statement(
                as_of=as_of,
                creditor=creditor,
                creditor_name=creditors.get(creditor, creditor),
                customer=owing,
                name=name,
                address=tuple(line.strip() for line in address.split(";") if line.strip()),
                currency=currency,
                salesperson=_person(people, salesperson),
                collector=_person(people, collector),
                items=tuple(items.get(key, ())),
                credits=tuple(given.get(key, ())),
            )
        )
    return tuple(made)


def refuse_what_statements_miss(book: Book, policy: Policy) -> None:
    """Refuse (4) a book that does not say what was paid and credited, or who serves a customer."""
    needed = [OPEN, ("payments",), ("credits",), ("customers.salesperson",), ("customers.collector",)]
    if policy.late.basis is Basis.INVOICE_DATE:
        needed.append(("invoices.invoice_date",))
    refuse_lacking(book, "a statement", needed)


def _person(people: Mapping[str, Person], id_: str) -> Person | None:
    return people.get(id_, Person(id_, id_)) if id_ else None


def _records(book: Book) -> dict[str, tuple[str, str, str, str]]:
    rows = book.connection.execute(
        "SELECT customer, COALESCE(name, customer), COALESCE(address, ''), COALESCE(salesperson, ''), "
        "COALESCE(collector, '') FROM customers"
    ).fetchall()
    return {customer: (name, address, sells, collects) for customer, name, address, sells, collects in rows}
