"""Policies and books for tests of figures, and the ledger read in plain Python for them to tie to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import Phase
from hypothesis import strategies as st

from duly.book.again import facts_of
from duly.book.book import Book
from duly.book.counting import Counting
from duly.book.lateness import Ledger
from duly.book.raw import raw_rows
from duly.figures.ledger import of_whole_accounts
from duly.language.conditions import Facts
from duly.language.policy import Late, Policy, UnappliedCredit
from tests.book.facts.books import families
from tests.book.facts.seen import a_policy
from tests.conftest import NIGHTLY

AS_OF = date(2026, 3, 31)
POLICY = a_policy(late=Late(grace_days=3))

BOOKS = 500 if NIGHTLY else 12
FAMILIES = st.lists(families(), min_size=4, max_size=4)

# To make a whole book smaller takes minutes, so that is left to the night.
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)

Key = tuple[str, str, str]


def ledger_of(book: Book, policy: Policy, as_of: date) -> tuple[Counter[tuple[Key, str]], Counter[Key]]:
    """What is open by account, currency and bucket, and what is unapplied: by the plain derivation, not by SQL."""
    plain = of_whole_accounts(replace(policy, late=replace(policy.late, unapplied_credit=UnappliedCredit.IGNORE)))
    rows = raw_rows(book, customers_of(book))
    opened: Counter[tuple[Key, str]] = Counter()
    for account in facts_of(rows, plain, as_of).values():
        for item in account.invoices:
            bucket = "not_due" if item.basis_day > as_of else bucket_of(item.days_past_due)
            opened[(account.creditor, account.customer, item.currency), bucket] += item.open__own
    unapplied: Counter[Key] = Counter()
    counting = Counting(plain, rows, as_of)
    for (creditor, customer), account_rows in rows.accounts.items():
        for currency, amount in Ledger(account_rows, counting).today[1].items():
            unapplied[creditor, customer, currency] += amount
    return opened, +unapplied


def plain_facts(book: Book, policy: Policy, as_of: date) -> dict[tuple[str, str], Facts]:
    """The facts of whole accounts, by creditor and customer: by the plain derivation, not by SQL."""
    rows = raw_rows(book, customers_of(book))
    return {key[:2]: account.facts for key, account in facts_of(rows, of_whole_accounts(policy), as_of).items()}


def customers_of(book: Book) -> list[str]:
    return [customer for (customer,) in book.connection.execute("SELECT customer FROM customers").fetchall()]


def bucket_of(days: int) -> str:
    """The bucket of an age in days."""
    return next((f"{low}-{high}" for low, high in ((0, 30), (31, 60), (61, 90), (91, 120)) if days <= high), "120+")
