"""Where one account stands with us: what is late, promised, contested and on hold, and its use of its limit.

What colleagues must know before they agree to more. Amounts stay in their own currencies;
exposure is in that of the limit. Late is what the policy counts as late, disputed parts
included, after money that the policy offsets. A limit whose currency has no rate is said to be unknown, not guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.book.counting import Counting
from duly.book.lateness import Ledger
from duly.book.raw import raw_rows
from duly.figures.ledger import of_whole_accounts
from duly.figures.paying import NEVER_PAID, Paying, Promised, paying_in
from duly.figures.usage import Usage, usage_of
from duly.language.policy import Policy
from duly.source import Refused


@dataclass(frozen=True, slots=True)
class Position:
    """An account on a day. `late` is by currency; `contested` are invoices; `usage` is None where no rate gives it."""

    paying: Paying = NEVER_PAID
    late: tuple[tuple[str, int], ...] = ()
    oldest_days: int = 0
    contested: tuple[str, ...] = ()
    holds: tuple[tuple[str, date], ...] = ()
    usage: Usage | None = None

    @property
    def promised(self) -> tuple[Promised, ...]:
        """The promises whose day has not passed, neither kept nor taken back."""
        return tuple(one for one in self.paying.promises if one.state == "open")


NOTHING_KNOWN = Position()


@dataclass(frozen=True, slots=True)
class Positions:
    """The accounts of some customers, by creditor and the customer that pays in the end."""

    accounts: Mapping[tuple[str, str], Position]
    counting: Counting | None = None

    def of(self, creditor: str, customer: str) -> Position:
        """Where the account stands; nothing is known of one that never was."""
        return self.accounts.get((creditor, customer), NOTHING_KNOWN)

    def converted(self, amount: int, from_: str, to: str) -> int | None:
        """The amount in another currency at the day's rate; None where there is none."""
        if from_ == to:
            return amount
        try:
            return self.counting.convert(amount, from_, to) if self.counting else None
        except Refused:
            return None


def positions_of(book: Book, policy: Policy, customers: Collection[str], as_of: date) -> Positions:
    """Where the accounts of these customers stand; holds are those that the book's table has."""
    if not customers:
        return Positions({})
    rows = raw_rows(book, customers)
    counting = Counting(of_whole_accounts(policy), rows, as_of)
    return Positions({key: _position(Ledger(account, counting)) for key, account in rows.accounts.items()}, counting)


def _position(account: Ledger) -> Position:
    as_of, counting = account.as_of, account.counting
    open_of, _ = account.today
    by_currency: dict[str, int] = {}
    for item in account.late:
        by_currency[item.currency] = by_currency.get(item.currency, 0) + open_of[item.id]
    contested = {
        item.of.invoice
        for item in account.items
        if item.id in open_of
        and any(d.opened_on <= as_of and (d.resolved_on is None or d.resolved_on > as_of) for d in item.of.disputes)
    }
    return Position(
        paying=paying_in(account),
        late=tuple(sorted(by_currency.items())),
        oldest_days=max((counting.days(item.basis_day, as_of) for item in account.late), default=0),
        contested=tuple(sorted(contested)),
        holds=tuple(
            sorted(
                (hold.hold, hold.placed_on)
                for hold in account.rows.holds
                if hold.placed_on <= as_of and (hold.released_on is None or hold.released_on > as_of)
            )
        ),
        usage=_usage(account),
    )


def _usage(account: Ledger) -> Usage | None:
    try:
        return usage_of(account, account.policy.currency)
    except Refused:
        return None
