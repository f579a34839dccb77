"""What a reward is worked out from, line by line: money that came, what fell due, what was invoiced and paid.

The lines are made of the same rows as the scorecard, so that the money of a card and
of a statement is the same to the cent, bucket by bucket. What is told of an earlier
day is told again of the last one: money that came in time and was returned since, and
money that was given its invoice since, are lines of their own, so that what all the
quarters count adds up to what stands in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any

from duly.book.book import Book
from duly.dates import add_months, month_end
from duly.figures.ledger import lay_out, lay_out_cash, sql
from duly.language.policy import Policy
from duly.source import NOWHERE, Problem, Refused

DAY = timedelta(days=1)
LONG_AGO = date(1900, 1, 1)
"""No day of a book lies before it."""

DATA = 4


class Sort(Enum):
    """What a line tells."""

    CASH = "cash"
    """Money that came in the period."""
    EARLIER = "earlier cash"
    """In-time money of before: returned since (negative), or given its invoice since."""
    DUE = "due"
    """An item whose last day in time lies in the period."""
    ISSUED = "issued"
    """What was invoiced in the period, less what was credited or written off."""
    PAID = "paid"
    """What was paid of invoices in the period, less what was returned."""


class Role(Enum):
    """As what somebody is rewarded."""

    SALESPERSON = "salesperson"
    COLLECTOR = "collector"


@dataclass(frozen=True, slots=True)
class Period:
    """Days of one quarter, both included."""

    first: date
    last: date

    @property
    def quarter(self) -> str:
        """The quarter that they are of."""
        return f"{self.first.year}-Q{(self.first.month + 2) // 3}"

    @property
    def is_whole(self) -> bool:
        """Say whether they are the whole quarter."""
        return self == quarter(self.first.year, (self.first.month + 2) // 3)

    def __str__(self) -> str:
        return self.quarter if self.is_whole else f"{self.first} to {self.last}"


def quarter(year: int, number: int) -> Period:
    """The quarter of the calendar, 1 to 4."""
    first = date(year, 3 * number - 2, 1)
    return Period(first, month_end(add_months(first, 2)))


def period(first: date, last: date) -> Period:
    """The days from the first to the last; raises `Refused` (4) where they are not of one quarter."""
    made = Period(first, last)
    if last < first:
        message, help_ = f"{last} lies before {first}", "exchange the two days"
    elif Period(last, last).quarter != made.quarter:
        message = f"{first} to {last} is of {made.quarter} and of {Period(last, last).quarter}"
        help_ = "rewards are worked out quarter by quarter: ask for each by itself"
    else:
        return made
    raise Refused([Problem("not-one-quarter", NOWHERE, message, help_)], DATA)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One thing that a reward counts or does not; `amount` is in minor units of `currency`.

    Two lines are never the same one, so that a million of them are kept in sets at no cost.

    `day` is that of the payment, of settlement or of issue. `late_from` is the first
    day that is too late. `counts` says whether it is in time; what was issued or paid counts always.
    """

    sort: Sort
    creditor: str
    customer: str
    salesperson: str
    collector: str
    currency: str
    invoice: str
    amount: int
    counts: bool
    part: int | None = None
    day: date | None = None
    due: date | None = None
    late_from: date | None = None
    days: int | None = None
    bucket: str = ""

    def who(self, role: Role) -> str:
        """Whose line it is in the role; empty for nobody's."""
        return self.salesperson if role is Role.SALESPERSON else self.collector


def lines_of(book: Book, policy: Policy, period: Period) -> tuple[Line, ...]:
    """The lines of a period, everybody's, in a fixed order; the ledger is laid out for its last day afterwards."""
    opening = period.first - DAY
    run = book.connection.execute
    lay_out(book, policy, [opening, period.last])
    lay_out_cash(book, LONG_AGO, opening)
    run("CREATE OR REPLACE TABLE figures_cash_before AS SELECT * FROM figures_cash")
    lay_out_cash(book, LONG_AGO, period.last)
    earlier = run(sql("reward_earlier"), {"first": period.first}).fetchall()
    lay_out_cash(book, period.first, period.last)
    lines = [*_cash(run(sql("reward_cash"), {"first": period.first}).fetchall()), *_earlier(earlier)]
    lines += _due(run(sql("reward_due")).fetchall())
    reward = policy.together.reward
    if reward and reward.commission:
        lines += _commission(run(sql("reward_commission"), {"opening": opening, "last": period.last}).fetchall())
    return tuple(lines)


_Row = tuple[Any, ...]
_WHO = 5
"""Every row begins with creditor, customer, salesperson, collector and currency."""


def _cash(rows: Iterable[_Row]) -> Iterator[Line]:
    for row in rows:
        invoice, part, day, due, late, days, bucket, counts, amount = row[_WHO:]
        more = {"part": part, "day": day, "due": due, "late_from": late, "days": days, "bucket": bucket}
        yield _line(Sort.CASH, row, invoice or "", amount, counts, **more)


def _earlier(rows: Iterable[_Row]) -> Iterator[Line]:
    for row in rows:
        invoice, part, amount = row[_WHO:]
        yield _line(Sort.EARLIER, row, invoice, amount, True, part=part)


def _due(rows: Iterable[_Row]) -> Iterator[Line]:
    for row in rows:
        invoice, part, day, due, late, days, counts, amount = row[_WHO:]
        yield _line(Sort.DUE, row, invoice, amount, counts, part=part, day=day, due=due, late_from=late, days=days)


def _commission(rows: Iterable[_Row]) -> Iterator[Line]:
    for row in rows:
        invoice, day, issued, paid = row[_WHO:]
        if issued:
            yield _line(Sort.ISSUED, row, invoice, issued, True, day=day)
        if paid:
            yield _line(Sort.PAID, row, invoice, paid, True, day=day)


def _line(sort: Sort, row: _Row, invoice: str, amount: int, counts: bool, **more: Any) -> Line:  # noqa: ANN401, FBT001
    creditor, customer, seller, collector, currency = row[:_WHO]
    return Line(sort, creditor, customer, seller, collector, currency, invoice, amount, counts, **more)
