"""The ledger that figures are made from: open items, money and promises as of some days.

`lay_out` makes SQL tables beside the book's own, by the same steps as the facts
of accounts, but of whole accounts and before anything is converted: a figure is
in one currency and never mixes two. An item is open here by what the ledger says
of it; money that no invoice was given stands beside it, whatever the policy sets
it against. An account is the customer that pays, or the parent that pays for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from duly.book.book import Book
from duly.book.facts import build_ledger
from duly.language.policy import Policy, Unit

BUCKETS = ("not_due", "0-30", "31-60", "61-90", "91-120", "120+")
"""Not yet due, then days past due as the policy counts them; the basis day itself is day 0."""


@dataclass(frozen=True, slots=True)
class Person:
    """One of our own people, as a list names them."""

    id: str
    name: str
    email: str = ""
    phone: str = ""


def lay_out(book: Book, policy: Policy, days: Sequence[date]) -> None:
    """Make `figures_open`, `figures_unapplied` and the tables `ledger_…` for these days.

    Raises `Refused` (4) where a payment came in another currency than its invoice
    and there is no rate of that day.
    """
    book.connection.execute(sql("10_asked"), {"days": sorted(set(days))})
    _lay_out_asked(book, policy)


def lay_out_of(book: Book, policy: Policy, day: date, accounts: Sequence[tuple[str, str]]) -> None:
    """As `lay_out` for one day, of these accounts alone: each a creditor and the customer that pays."""
    creditors, customers = zip(*accounts, strict=True) if accounts else ((), ())
    book.connection.execute(
        "CREATE OR REPLACE TEMP TABLE figures_asked AS SELECT unnest(CAST($1 AS VARCHAR[])) AS creditor, "
        "unnest(CAST($2 AS VARCHAR[])) AS customer, '' AS item, CAST($3 AS DATE) AS as_of",
        [list(creditors), list(customers), day],
    )
    _lay_out_asked(book, policy)


def _lay_out_asked(book: Book, policy: Policy) -> None:
    build_ledger(book, of_whole_accounts(policy), "figures_asked", prefix="ledger_")
    book.connection.execute(sql("20_open"))


def lay_out_cash(book: Book, first: date, last: date) -> None:
    """Make `figures_items`, `figures_cash`, `figures_returned` and `figures_due` for these days, both included.

    The last must be one of those for which the ledger was laid out.
    """
    run = book.connection.execute
    run(sql("30_items"), {"last": last})
    run(sql("31_cash"), {"first": first, "last": last})
    run(sql("32_returned"), {"first": first, "last": last})
    run(sql("33_due"), {"first": first, "last": last, "after_last": last + timedelta(days=1)})


def of_whole_accounts(policy: Policy) -> Policy:
    """The policy with all its ladders climbed by whole accounts."""
    return replace(policy, ladders=tuple(replace(ladder, unit=Unit.ACCOUNT) for ladder in policy.ladders))


def people_of(book: Book) -> dict[str, Person]:
    """Our own people by id."""
    rows = book.connection.execute("SELECT person, name, email, phone FROM people").fetchall()
    return {id_: Person(id_, name or id_, email or "", phone or "") for id_, name, email, phone in rows}


@cache
def sql(name: str) -> str:
    """A SQL file of this room."""
    return (files("duly.figures") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
