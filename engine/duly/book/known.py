"""A book as it was known on a day: what came later is not in it.

A row whose own event came after the day is not there, and what happened to a row
after the day (a payment bounced, a dispute was settled) has not happened yet.
Days that were only planned (a due date, a promise's day) stay. To look from one
day at a later one, the facts of the later day are derived from the book as it was
known on the first: nothing that the book learned in between leaks in.

`EVENTS` says it once, for SQL (`as_known_on`) and for the rows that the second
derivation starts from (`rows_known_on`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

from duly.book.book import Book
from duly.book.raw import AccountRows, Answered, Dispute, Executed, Held, Invoice, Money, Promise, RawRows, Request
from duly.book.tables import TABLES, Table
from duly.language.sql import identifier


@dataclass(frozen=True, slots=True)
class Event:
    """When a row of a table came to be, and what of it only came later.

    `later` has the columns with the day of something that happened to the row
    later, each with the columns that nobody can fill in before that day.
    """

    day: str
    later: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def _event(day: str, **later: tuple[str, ...]) -> Event:
    return Event(day, MappingProxyType(later))


EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        # An invoice that was settled later has an open balance of later, which says nothing of the day.
        "invoices": _event("invoice_date", settled_on=("settled_on", "open"), written_off_on=("written_off_on",)),
        "payments": _event("day", bounced_on=("bounced_on",)),
        "credits": _event("day"),
        "disputes": _event("opened_on", resolved_on=("resolved_on",)),
        "promises": _event("made_on", cancelled_on=("cancelled_on",)),
        "contacts_made": _event("day"),
        "sales": _event("day"),
        "credit_lines": _event("from"),
        "holds": _event("placed_on", released_on=("released_on",)),
        "rates": _event("day"),
        "executed_stages": _event("day"),
        "requests": _event("asked_on", answered_on=("answered_on",), told_on=("told_on",)),
        "answers": _event("day"),
        "tasks_given": _event("day"),
    }
)
"""The tables whose rows come to be on a day; a row without its day was always there, and so are the other tables."""


# In SQL.


@contextmanager
def as_known_on(book: Book, day: date, customers: str = "") -> Iterator[None]:
    """Inside the context, the book's tables are as they were known on the day.

    `customers` may name a relation with a column `customer` of those who pay:
    then there are only rows about them, about customers that they pay for and about
    invoices of either.
    """
    run = book.connection.execute
    (database,) = run("SELECT current_database()").fetchone() or ("",)
    if customers:
        run(f"CREATE OR REPLACE TEMP TABLE known_family AS {family_sql(customers)}")
    try:
        for table in TABLES.values():
            source = f"{identifier(database)}.main.{identifier(table.name)}"
            known = _known_sql(table, source, only=bool(customers))
            bound = {"day": day} if table.name in EVENTS else {}
            run(f"CREATE TEMP TABLE {identifier(table.name)} AS {known}", bound)
        yield
    finally:
        for name in TABLES:
            run(f"DROP TABLE IF EXISTS temp.{identifier(name)}")
        run("DROP TABLE IF EXISTS temp.known_family")


def family_sql(customers: str) -> str:
    """SQL: the customers of a relation, who pay for themselves, and everyone for whom they pay, each with who pays."""
    return f"""
        WITH RECURSIVE family (customer, payer) AS (
            SELECT customer, customer FROM {identifier(customers)}
            UNION
            SELECT c.customer, f.payer FROM family AS f JOIN customers AS c ON c.parent = f.customer AND c.parent_pays
        )
        SELECT customer, payer FROM family
    """


def _known_sql(table: Table, source: str, *, only: bool) -> str:
    """SQL: the rows of the table that were known, with what was known of them."""
    event = EVENTS.get(table.name, Event(""))
    hidden = {hidden: later for later, columns in event.later.items() for hidden in columns}
    columns = []
    for name in (*(column.name for column in table.columns), "row"):
        told = f"t.{identifier(name)}"
        columns.append(
            f"CASE WHEN t.{identifier(hidden[name])} > $day THEN NULL ELSE {told} END AS {identifier(name)}"
            if name in hidden
            else told
        )
    there = f"t.{identifier(event.day)} <= $day OR t.{identifier(event.day)} IS NULL" if event.day else "TRUE"
    return " UNION ALL ".join(
        f"SELECT {', '.join(columns)} FROM {source} AS t WHERE ({there}) AND {chosen}"
        for chosen in (_about(table) if only else ("TRUE",))
    )


def _about(table: Table) -> tuple[str, ...]:
    """SQL: that a row is about the family, a condition for each sort of row.

    Money that names an invoice is about that invoice, whoever paid it.
    """
    of_family = "EXISTS (SELECT 1 FROM known_family AS w WHERE w.customer = t.customer)"
    of_invoices = "EXISTS (SELECT 1 FROM invoices AS w WHERE w.invoice = t.invoice)"
    match table:
        case Table(name="payments" | "credits"):
            return f"t.invoice IS NULL AND {of_family}", of_invoices
        case Table(who="customer"):
            return (of_family,)
        case Table(who="invoice"):
            return (of_invoices,)
        case _:
            return ("TRUE",)


# Among the rows in Python.

_R = TypeVar("_R", Invoice, Money, Dispute, Promise, Executed, Request, Answered, Held)


def rows_known_on(rows: RawRows, day: date) -> RawRows:
    """The rows as they were known on the day."""
    return replace(
        rows,
        rates={pair: tuple(rate for rate in rates if rate[0] <= day) for pair, rates in rows.rates.items()},
        accounts={key: _account(account, day) for key, account in rows.accounts.items()},
        answers={who: _known("answers", answers, day) for who, answers in rows.answers.items()},
        contacts={who: tuple(made for made in contacts if made[0] <= day) for who, contacts in rows.contacts.items()},
        stages={who: tuple(done for done in stages if done[0] <= day) for who, stages in rows.stages.items()},
    )


def _account(account: AccountRows, day: date) -> AccountRows:
    invoices = _known("invoices", account.invoices, day)
    return AccountRows(
        invoices=tuple(
            replace(
                invoice,
                money=_known("payments", invoice.money, day),
                disputes=_known("disputes", invoice.disputes, day),
            )
            for invoice in invoices
        ),
        unapplied=_known("payments", account.unapplied, day),
        promises=_known("promises", account.promises, day),
        sales=_known("payments", account.sales, day),
        credit_lines=tuple(line for line in account.credit_lines if line[0] <= day),
        holds=_known("holds", account.holds, day),
        stages=_known("executed_stages", account.stages, day),
        requests=_known("requests", account.requests, day),
        answers=_known("answers", account.answers, day),
        tasks=tuple(task for task in account.tasks if task[1] <= day),
    )


def _known(table: str, rows: Iterable[_R], day: date) -> tuple[_R, ...]:
    """The rows of the table that were known, with what was known of them; credits and sales are read like payments."""
    event = EVENTS[table]

    def came_later(row: _R, column: str) -> bool:
        then = getattr(row, column)
        return then is not None and then > day

    known = []
    for row in rows:
        if came_later(row, event.day):
            continue
        hidden: dict[str, Any] = {
            name: None for later, names in event.later.items() if came_later(row, later) for name in names
        }
        known.append(replace(row, **hidden) if hidden else row)
    return tuple(known)
