"""How a customer usually pays: what it settled in the last twelve months, how late, and its promises.

Over whole accounts, in the policy's day count: late by days past the basis day, early
counted as 0; in time where the grace days were not over. An average is rounded down, as the
fact `average_days_late` is, and is the same figure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from duly.book.again import promise_state
from duly.book.book import Book
from duly.book.counting import Counting
from duly.book.lateness import Ledger
from duly.book.raw import raw_rows
from duly.dates import add_months
from duly.figures.ledger import of_whole_accounts
from duly.language.policy import Policy

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise to pay, and how it stands: open, kept, broken or withdrawn."""

    made_on: date
    due_on: date
    amount: int
    currency: str
    state: str


@dataclass(frozen=True, slots=True)
class Paying:
    """How an account paid in the last twelve months; `days_late` is None where nothing was settled.

    `promises` are all that were ever made, `kept` and `broken` count those of the twelve months.
    """

    settled: int = 0
    in_time: int = 0
    days_late: int | None = None
    kept: int = 0
    broken: int = 0
    promises: tuple[Promised, ...] = ()

    @property
    def is_known(self) -> bool:
        """Say whether there is anything to tell."""
        return bool(self.settled or self.kept or self.broken)


NEVER_PAID = Paying()


def paying_of(book: Book, policy: Policy, customers: Collection[str], as_of: date) -> Mapping[tuple[str, str], Paying]:
    """How the accounts of these customers pay, by creditor and the customer that pays in the end."""
    if not customers:
        return {}
    rows = raw_rows(book, customers)
    counting = Counting(of_whole_accounts(policy), rows, as_of)
    return {key: paying_in(Ledger(account, counting)) for key, account in rows.accounts.items()}


def paying_in(account: Ledger) -> Paying:
    """How one account pays."""
    counting, as_of = account.counting, account.as_of
    year_before = add_months(as_of, -MONTHS)
    settled = [
        (item, day) for item in account.items if item.near and (day := item.settled_day) and year_before < day <= as_of
    ]
    late = [max(0, counting.days(item.basis_day, day)) for item, day in settled]
    promises = tuple(
        Promised(one.made_on, one.due_on, one.amount, one.currency, promise_state(account, one))
        for one in account.rows.promises
        if one.made_on <= as_of
    )
    states = [one.state for one in promises if year_before < one.due_on <= as_of]
    return Paying(
        settled=len(settled),
        in_time=sum(day < item.late_from for item, day in settled),
        days_late=sum(late) // len(late) if late else None,
        kept=states.count("kept"),
        broken=states.count("broken"),
        promises=promises,
    )
