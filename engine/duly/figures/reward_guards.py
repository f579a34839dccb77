"""The known ways to look better than one is paid, each found with the rows that show it.

A finding is no verdict: it says what a manager has to look at, and keeps the lines in
question out of the sum until somebody has. It is about what a book tells. Terms that
were changed in every invoice of a customer alike, a transfer split so that each part
fits an invoice, or a call that nobody wrote down cannot be seen in it. Promises pay
nothing here, so there is no gain in collecting many.

Whoever bends a rule by less than the margins below is let be: a few days of
month-end or weekend are honest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from duly.book.book import Book
from duly.figures.ledger import sql
from duly.figures.needs import place
from duly.figures.reward_lines import Line, Period, Role, Sort
from duly.money import format_minor
from duly.source import Problem, Severity

USUAL_NEEDS = 4
"""A customer with fewer dated invoices has no usual terms: of four, three are the rule and one the exception."""

AGREEING_PCT = 75
"""Terms are usual where so many of the customer's invoices have them: a date that was moved stands out of a rule."""

TERMS_SLACK_DAYS = 10
"""Terms may be longer than usual by so many days: a month's end or a long weekend moves an honest due date so far."""

WHOLE_PCT = 95
"""A credit note of this share takes back the invoice; returned goods and price corrections are a part of it."""

NEAR_PCT = 5
"""A new invoice within this share of the old amount is the old one again, with a fee or a rounding."""

REBILLED_BEFORE_DAYS, REBILLED_AFTER_DAYS = 3, 30
"""The new invoice comes with the credit note or within a month: whoever bills later has sold something else."""

CALLS_NEED = 4
"""Fewer calls in a period say nothing of whom somebody prefers to call."""

EASY_PCT = 50
"""So much of the calls to customers with nothing late is a preference."""

OLD_DAYS = 30
"""What is more than a bucket past due should have been touched by a person."""

LEFT_ALONE_PCT = 50
"""So much of the old money untouched is a preference as well; nobody reaches every customer."""

OVER_LIMIT_PCT = 10
"""An order may go over the limit by so much; only where something is late as well does it tell of a bad payer."""

LONG_PAST_DUE_DAYS = 60
"""Whoever sells to a customer with an uncontested invoice two months late knows that it does not pay."""

SHUFFLED_OPEN_DAYS = 14
"""The older invoice stayed open so much longer; a transfer for both may be booked in two steps."""


class Guard(Enum):
    """A way to game a reward."""

    RE_AGED = "re-aged"
    REBILLED = "credited and rebilled"
    EASY_CALLS = "chasing easy customers"
    BAD_PAYER = "sold to a bad payer"
    SHUFFLED = "paid the younger first"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a manager has to look at, and what waits for that look.

    `rows` show it. `keeps_back` are the lines of `roles` that do not count meanwhile, and
    `adds` is what would have fallen due in the period, and was not settled in time.
    """

    id: str
    guard: Guard
    creditor: str
    customer: str
    salesperson: str
    collector: str
    rows: tuple[str, ...]
    roles: tuple[Role, ...] = tuple(Role)
    keeps_back: frozenset[Line] = frozenset()
    adds: tuple[Line, ...] = ()

    def is_about(self, role: Role, person: str) -> bool:
        """Say whether it keeps something of the person's in the role, or would."""
        return role in self.roles and person == (self.salesperson if role is Role.SALESPERSON else self.collector)


BLIND: Mapping[str, str] = {
    "credits": "an invoice that was credited and billed anew",
    "contacts_made": "who was called",
    "holds": "a sale to a customer on hold",
    "credit_lines": "a sale over the limit",
    "disputes": "what is contested, and may be left alone",
}
"""What cannot be seen in a book that lacks the table."""


def blind_spots(book: Book) -> tuple[Problem, ...]:
    """A warning for each table without which a guard sees nothing."""
    return tuple(
        Problem(
            "reward-not-guarded",
            place(book),
            f"the book brings no `{table}`, so {what} cannot be seen",
            f"bring `{table}`, or declare it empty on purpose (`{table}: none` under `tables:` in `book.yaml`)",
            severity=Severity.WARNING,
        )
        for table, what in BLIND.items()
        if not book.has(table)
    )


def findings_of(book: Book, period: Period, lines: Sequence[Line]) -> tuple[Finding, ...]:
    """What the guards find in a period, in the order of the guards.

    The ledger must be laid out for the period's last day, as `lines_of` leaves it.
    """
    book.connection.execute(sql("reward_settled"))
    look = _Look(book, period, lines)
    guards: tuple[Callable[[], Iterable[Finding]], ...] = (
        look.re_aged, look.rebilled, look.easy_calls, look.bad_payers, look.shuffled,
    )  # fmt: skip
    return tuple(finding for guard in guards for finding in guard())


class _Look:
    def __init__(self, book: Book, period: Period, lines: Sequence[Line]) -> None:
        self._run = book.connection.execute
        self._period = period
        self._people: dict[str, tuple[str, str]] = {
            customer: (seller or "", collector or "")
            for customer, seller, collector in self._run(
                "SELECT customer, salesperson, collector FROM customers"
            ).fetchall()
        }
        self._by_invoice: dict[str, list[Line]] = defaultdict(list)
        self._by_customer: dict[tuple[str, str], list[Line]] = defaultdict(list)
        self._due = {line.invoice for line in lines if line.sort is Sort.DUE}
        for line in lines:
            if line.counts:
                self._by_invoice[line.invoice].append(line)
                self._by_customer[line.creditor, line.customer].append(line)

    def _rows(self, name: str, **margins: object) -> list[tuple[Any, ...]]:
        return self._run(sql(name), {"last": self._period.last, **margins}).fetchall()

    def _finding(self, guard: Guard, what: str, creditor: str, customer: str, **more: Any) -> Finding:  # noqa: ANN401
        seller, collector = self._people.get(customer, ("", ""))
        return Finding(
            f"{guard.name.lower().replace('_', '-')}:{what}", guard, creditor, customer, seller, collector, **more
        )

    def _of(self, invoice: str, sorts: frozenset[Sort], day: date | None = None) -> frozenset[Line]:
        """The lines of an invoice that count, and that earn something."""
        found = (line for line in self._by_invoice.get(invoice, ()) if line.sort in sorts and line.amount > 0)
        return frozenset(line for line in found if day is None or line.day == day)

    def _was_due(
        self, creditor: str, customer: str, invoice: str, amount: int, currency: str, due: date
    ) -> tuple[Line, ...]:
        """The line that the share in time has lost, where the invoice should have been settled in the period."""
        if not self._period.first <= due <= self._period.last or invoice in self._due:
            return ()
        seller, collector = self._people.get(customer, ("", ""))
        return (
            Line(Sort.DUE, creditor, customer, seller, collector, currency, invoice, amount, counts=False, due=due),
        )

    def re_aged(self) -> Iterator[Finding]:
        """An invoice whose due date is later than the customer's terms make it, and would be late by them."""
        margins = {"least": USUAL_NEEDS, "slack": TERMS_SLACK_DAYS, "agreeing_pct": AGREEING_PCT}
        for creditor, customer, invoice, amount, currency, issued, due, expected, settled, *terms in self._rows(
            "reward_re_aged", first=self._period.first, **margins
        ):
            kept = self._of(invoice, _IN_TIME)
            if not kept and (settled or due <= self._period.last):
                continue  # Late by the new day as well: nothing was gained.
            days, usual, many, agreeing = terms
            if days is None:
                why = f"its first instalment falls due after the invoice's own due date, {expected}"
            else:
                why = f"{days} days, where {agreeing} of the customer's {many} invoices have about {usual}: {expected}"
            rows = (
                f"{invoice}, {format_minor(amount, currency)}, issued {issued or 'on no day'}, falls due on {due}",
                why,
                f"settled on {settled}" if settled else f"still open on {self._period.last}",
            )
            adds = self._was_due(creditor, customer, invoice, amount, currency, expected)
            yield self._finding(Guard.RE_AGED, invoice, creditor, customer, rows=rows, keeps_back=kept, adds=adds)

    def rebilled(self) -> Iterator[Finding]:
        """A late invoice that was credited whole and billed anew."""
        margins = {"whole_pct": WHOLE_PCT, "near_pct": NEAR_PCT}
        near = {"before": REBILLED_BEFORE_DAYS, "after": REBILLED_AFTER_DAYS}
        for creditor, customer, old, amount, currency, due, credited, new, amount_anew, issued, due_anew in self._rows(
            "reward_rebilled", **margins, **near
        ):
            kept = self._of(new, _IN_TIME)
            if credited < self._period.first and not kept:
                continue
            rows = (
                f"{old}, {format_minor(amount, currency)}, was due on {due}, and credited whole on {credited}",
                f"{new}, {format_minor(amount_anew, currency)}, was issued on {issued} and falls due on {due_anew}",
            )
            adds = self._was_due(creditor, customer, old, amount, currency, due)
            yield self._finding(
                Guard.REBILLED, f"{old}:{new}", creditor, customer, rows=rows, keeps_back=kept, adds=adds
            )

    def easy_calls(self) -> Iterator[Finding]:
        """A collector who calls those with nothing late, while old money is left untouched."""
        first = self._period.first
        calls: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for collector, *call in self._rows("reward_calls", first=first):
            calls[collector].append(tuple(call))
        old: dict[tuple[str, str, str], list[tuple[Any, ...]]] = defaultdict(list)
        for collector, creditor, currency, *account in self._rows("reward_left_alone", first=first, old=OLD_DAYS):
            old[collector, creditor, currency].append(tuple(account))
        for (collector, creditor, currency), accounts in old.items():
            made = calls.get(collector, [])
            easy = [call for call in made if not call[-1]]
            alone = [account for account in accounts if not account[-1]]
            late, untouched = sum(account[1] for account in accounts), sum(account[1] for account in alone)
            if len(made) < CALLS_NEED or len(easy) * 100 < len(made) * EASY_PCT:
                continue
            if not collector or not alone or untouched * 100 < late * LEFT_ALONE_PCT:
                continue
            money = f"{format_minor(untouched, currency)} of {format_minor(late, currency)}"
            called = {customer for customer, *_ in easy}
            kept = (line for one in called for line in self._by_customer.get((creditor, one), ()))
            rows = (
                f"{len(easy)} of {len(made)} calls and visits were to customers with nothing late on that day",
                *(f"{channel} to {customer} on {day}" for customer, day, channel, _ in easy),
                f"nobody touched {money} that is more than {OLD_DAYS} days past due",
                *(f"{who}: {format_minor(amount, currency)}, {days} days past due" for who, amount, days, _ in alone),
            )
            yield Finding(
                id=f"easy-calls:{collector}:{creditor}:{currency}",
                guard=Guard.EASY_CALLS,
                creditor=creditor,
                customer="",
                salesperson="",
                collector=collector,
                rows=rows,
                roles=(Role.COLLECTOR,),
                keeps_back=frozenset(
                    line
                    for line in kept
                    if line.sort in {Sort.CASH, Sort.EARLIER} and line.amount > 0 and line.currency == currency
                ),
            )

    def bad_payers(self) -> Iterator[Finding]:
        """Invoices to a customer that was on hold, over the limit or long past due, and had not paid before."""
        margins = {"long": LONG_PAST_DUE_DAYS, "over_pct": OVER_LIMIT_PCT}
        sold: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
        for creditor, customer, *invoice in self._rows("reward_bad_payers", first=self._period.first, **margins):
            sold[creditor, customer].append(tuple(invoice))
        for (creditor, customer), invoices in sold.items():
            rows: list[str] = []
            for invoice, amount, currency, issued, hold, placed, oldest, days, owed, limit in invoices:
                rows.append(f"{invoice}, {format_minor(amount, currency)}, was issued on {issued}")
                if hold:
                    rows.append(f"  hold `{hold}` since {placed}")
                if oldest:
                    rows.append(f"  {oldest} was {days} days past due on that day")
                if owed is not None:
                    rows.append(
                        f"  {format_minor(owed, currency)} was owed with it, over {format_minor(limit, currency)}"
                    )
            kept = frozenset(line for one in invoices for line in self._of(one[0], frozenset(Sort)))
            yield self._finding(
                Guard.BAD_PAYER,
                f"{creditor}:{customer}",
                creditor,
                customer,
                rows=tuple(rows),
                roles=(Role.SALESPERSON,),
                keeps_back=kept,
            )

    def shuffled(self) -> Iterator[Finding]:
        """A payment put to a young invoice in time while an older, late one stayed open."""
        for creditor, customer, payment, invoice, amount, currency, day, due, older, due_older, settled in self._rows(
            "reward_shuffled", first=self._period.first, long=SHUFFLED_OPEN_DAYS
        ):
            became = f"was settled on {settled}" if settled else f"is still open on {self._period.last}"
            rows = (
                f"{payment}, {format_minor(amount, currency)}, came on {day} for {invoice}, due on {due}",
                f"{older} was due on {due_older} and {became}",
            )
            kept = self._of(invoice, frozenset({Sort.CASH}), day)
            yield self._finding(Guard.SHUFFLED, payment, creditor, customer, rows=rows, keeps_back=kept)


_IN_TIME = frozenset({Sort.CASH, Sort.EARLIER, Sort.DUE})
