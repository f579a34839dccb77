"""How much of its credit limit an account has used in the last twelve months.

Exposure is what is open of the whole account, late or not, disputed or not, in the
currency of the limit, less money that names no invoice where the policy offsets it;
other currencies are converted at the rate of the day asked. It is followed over
every day on which it changed, so the peak is the true one and not that of a sample.
Where the book gives open balances instead of payments, or invoices without a day of
issue, the past is not told, and `is_told` says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from duly.book.lateness import Item, Ledger
from duly.dates import add_months, last_month_end_on_or_before, month_end
from duly.money import format_minor

MONTHS = 12
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """What was owed and allowed at the end of a month."""

    day: date
    exposure: int
    limit: int

    @property
    def used_pct(self) -> int:
        """The limit's use in per cent, rounded down; nothing may be used of a limit of zero."""
        return self.exposure * 100 // self.limit if self.limit else 100


@dataclass(frozen=True, slots=True)
class Usage:
    """An account's limit in force (None: it has none) and what it owed.

    `month_ends` are those of the last twelve months on which a limit in this
    currency was in force, the earliest first.
    """

    currency: str
    limit: int | None
    since: date | None
    exposure: int
    peak: int
    peak_day: date
    month_ends: tuple[MonthEnd, ...]
    is_told: bool

    @property
    def used_pct(self) -> int | None:
        """Today's use in per cent, rounded down; None without a limit above zero."""
        return self.exposure * 100 // self.limit if self.limit else None

    def shown(self, amount: int) -> str:
        """An amount in the currency of the limit."""
        return format_minor(amount, self.currency)


def usage_of(ledger: Ledger, policy_currency: str, *, by_month: bool = True) -> Usage:
    """The use of an account's limit up to the day that the ledger was asked about; `by_month` fills `month_ends`."""
    as_of = ledger.as_of
    lines = sorted(line for line in ledger.rows.credit_lines if line[0] <= as_of)
    since, limit, currency = lines[-1] if lines else (None, None, policy_currency)
    owed = _owed(ledger, currency)
    window = add_months(as_of, -MONTHS) + DAY
    days = [window, *sorted(day for day in owed.changes if window < day <= as_of)]
    peak_day = max(days, key=lambda day: (owed.on(day), -day.toordinal()))
    return Usage(
        currency=currency,
        limit=limit,
        since=since,
        exposure=owed.on(as_of),
        peak=owed.on(peak_day),
        peak_day=peak_day,
        month_ends=tuple(
            MonthEnd(day, owed.on(day), in_force[-1][1])
            for day in (_month_ends(window, as_of) if by_month else ())
            if (in_force := [line for line in lines if line[0] <= day]) and in_force[-1][2] == currency
        ),
        is_told=all(_is_told(item) for item in ledger.items),
    )


class _Owed:
    """What an account owed at the end of any day, from its changes."""

    def __init__(self, changes: dict[date, int], paid_ahead: dict[date, int]) -> None:
        self.changes = {**changes, **paid_ahead}.keys()
        self._days: list[date] = []
        self._sums: list[int] = []
        owed = ahead = 0
        for day in sorted(self.changes):
            owed += changes.get(day, 0)
            ahead += paid_ahead.get(day, 0)
            self._days.append(day)
            self._sums.append(max(0, owed - ahead))

    def on(self, day: date) -> int:
        """What was owed at the end of a day."""
        place = bisect_right(self._days, day)
        return self._sums[place - 1] if place else 0


def _owed(ledger: Ledger, currency: str) -> _Owed:
    changes: defaultdict[date, int] = defaultdict(int)
    paid_ahead: defaultdict[date, int] = defaultdict(int)
    convert = ledger.counting.convert
    for item in ledger.items:
        before = 0
        for day in _days_of(item):
            now = convert(item.open_on(day), item.currency, currency)
            changes[day] += now - before
            before = now
    if ledger.offsets:
        for of, rows in ledger.pool.items():
            for day, amount in rows:
                paid_ahead[day] += convert(amount, of, currency)
    return _Owed(changes, paid_ahead)


def _days_of(item: Item) -> list[date]:
    """The days on which what is open of an item changed, from the first day on which it was there."""
    first = item.of.invoice_date or date.min
    days = {first, item.settled_on, item.written_off_on, *item.received[0]}
    return sorted(day for day in days if day and day >= first)


def _is_told(item: Item) -> bool:
    return item.of.invoice_date is not None and item.balance is None


@cache
def _month_ends(first: date, last: date) -> tuple[date, ...]:
    found, day = [], month_end(first)
    while day <= last_month_end_on_or_before(last):
        found.append(day)
        day = month_end(day + DAY)
    return tuple(found)
