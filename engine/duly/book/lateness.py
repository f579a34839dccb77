"""What was open and what was late on any day of an account, and the episode that it is in.

An account is walked over the days on which something happened to it, with what
is known on the day asked: a payment that has bounced by then never was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate

from duly.book.counting import Counting, whole_months
from duly.book.raw import AccountRows, Invoice, Part, grouped
from duly.dates import last_month_end_on_or_before
from duly.language.policy import Clock, Period, Resets, Since, UnappliedCredit, Unit
from duly.language.vocabulary import MANY_DAYS

DAY = timedelta(days=1)


class Item:
    """An invoice or an instalment of it, with what was open of it on any day, as it is known on the day asked."""

    def __init__(self, invoice: Invoice, part: Part | None, counting: Counting) -> None:
        as_of = counting.as_of
        self.of, self.part, self.counting = invoice, part, counting
        self.currency = invoice.currency
        self.amount = part.amount if part else invoice.amount
        self.due_date = part.due_date if part else invoice.due_date
        self.id = f"{invoice.invoice}/{part.number}" if part else invoice.invoice
        self.basis_day = counting.basis_day(self.due_date, invoice.invoice_date)
        self.order = (self.basis_day, -self.amount, invoice.invoice, part.number if part else 0)
        self.before = sum(p.amount for p in invoice.parts[: invoice.parts.index(part)]) if part else 0
        self.near = abs((as_of - self.basis_day).days) <= MANY_DAYS
        first = counting.first_late(self.basis_day) if self.near else date.max
        self.late_from = max(first, invoice.invoice_date or first)
        settled, written_off = invoice.settled_on, invoice.written_off_on
        self.settled_on = settled if settled and settled <= as_of else None
        self.written_off_on = written_off if written_off and written_off <= as_of else None
        self.balance = None if settled else invoice.open

    @cached_property
    def received(self) -> tuple[list[date], list[int]]:
        """The days on which money came for the invoice, and how much there was by each."""
        money = [m for m in self.of.money if m.counts(self.counting.as_of)]
        amounts = (self.counting.convert(m.amount, m.currency, self.currency, m.day) for m in money)
        return [m.day for m in money], list(accumulate(amounts))

    def money_by(self, day: date) -> int:
        """How much money for the invoice there was by the end of a day."""
        days, amounts = self.received
        count = bisect_right(days, day)
        return amounts[count - 1] if count else 0

    def unpaid_on(self, day: date) -> int:
        """What money and the book's balance leave open of it, whatever settled it otherwise."""
        if self.balance is not None:
            paid = sum(part.amount for part in self.of.parts) - self.balance
            return within(self.before + self.amount - paid, self.amount) if self.part else self.balance
        return within(self.before + self.amount - self.money_by(day), self.amount)

    def open_on(self, day: date) -> int:
        """What is open of it at the end of a day, before money that names no invoice is looked at."""
        if (self.settled_on and self.settled_on <= day) or (self.written_off_on and self.written_off_on <= day):
            return 0
        return self.unpaid_on(day)

    @cached_property
    def settled_day(self) -> date | None:
        """The first day on which it was settled, by its own money or by the book's word; None where nobody knows."""
        return min(filter(None, (self.settled_on, self._paid_on())), default=None)

    def _paid_on(self) -> date | None:
        if self.balance is not None or not self.amount:
            return None
        tiny = not self.counting.is_worth_chasing(self.amount, self.currency)
        for day in self.received[0]:
            left = self.unpaid_on(day)
            if left <= 0 or not (tiny or self.counting.is_worth_chasing(left, self.currency)):
                return day
        return None

    @cached_property
    def events(self) -> tuple[date, ...]:
        """The days from its first late day on, up to the day asked, on which what is open of it may have changed."""
        days = {self.late_from, self.settled_on, self.written_off_on, *self.received[0]}
        return tuple(sorted(day for day in days if day and self.late_from <= day <= self.counting.as_of))

    def is_worth_chasing_on(self, day: date) -> bool:
        """Say whether enough of it is open at the end of a day."""
        return self.counting.is_worth_chasing(self.open_on(day), self.currency)

    @cached_property
    def over_on(self) -> date | None:
        """The first of those days from which on too little was open; None where it never was."""
        return next((day for day in self.events if not self.is_worth_chasing_on(day)), None)


def within(amount: int, most: int) -> int:
    """The amount, but not below nothing and not beyond the most."""
    return max(0, min(amount, most))


class Ledger:
    """One account on one day."""

    def __init__(self, rows: AccountRows, counting: Counting) -> None:
        self.rows, self.counting, self.as_of = rows, counting, counting.as_of
        self.policy = counting.policy
        self.invoices = [i for i in rows.invoices if i.invoice_date is None or i.invoice_date <= self.as_of]
        items = [Item(i, part, counting) for i in self.invoices for part in (i.parts or (None,))]
        self.items = sorted(items, key=lambda item: item.order)
        self.offsets = self.policy.late.unapplied_credit is UnappliedCredit.OFFSET_OLDEST
        self.pool = grouped((currency, (day, amount)) for currency, day, amount in self._pool())

    def _pool(self) -> Iterator[tuple[str, date, int]]:
        """Money that no invoice has been given, by currency and day."""
        for money in self.rows.unapplied:
            if money.counts(self.as_of):
                yield money.currency, money.day, money.amount
        for items in grouped((item.of.invoice, item) for item in self.items).values():
            item = items[0]
            if item.balance is not None:
                continue
            total = sum(i.amount for i in items)
            before = 0
            for day, by_then in zip(*item.received, strict=True):
                if (beyond := max(0, by_then - total)) > before:
                    yield item.currency, max(day, item.of.invoice_date or day), beyond - before
                    before = beyond

    def unapplied_on(self, day: date) -> dict[str, int]:
        """The money that no invoice had been given by the end of a day, by currency."""
        return {of: sum(amount for when, amount in rows if when <= day) for of, rows in self.pool.items()}

    def covered(self, day: date, opened: Iterable[tuple[Item, int]]) -> tuple[list[tuple[Item, int]], dict[str, int]]:
        """What unapplied money leaves of open items, oldest first, and what is left of that money by currency."""
        pool = self.unapplied_on(day)
        left = []
        for item, open_ in opened:
            credit = pool.get(item.currency, 0) if self.offsets else 0
            if credit and self.counting.is_worth_chasing(open_, item.currency):
                pool[item.currency] = max(0, credit - open_)
                left.append((item, max(0, open_ - credit)))
            else:
                left.append((item, open_))
        return left, pool

    @cached_property
    def today(self) -> tuple[dict[str, int], dict[str, int]]:
        """What is open of each item on the day asked, by its id, and the unapplied money that is left by currency."""
        left, pool = self.covered(self.as_of, ((item, item.open_on(self.as_of)) for item in self.items))
        return {item.id: open_ for item, open_ in left if open_ > 0}, pool

    @cached_property
    def late(self) -> list[Item]:
        """The items late on the day asked, oldest first, whatever is disputed or paused of them."""
        open_of, _ = self.today
        worth = self.counting.is_worth_chasing
        return [i for i in self.items if i.late_from <= self.as_of and worth(open_of.get(i.id, 0), i.currency)]

    def past(self, items: Sequence[Item], *, with_pool: bool) -> Iterator[Moment]:
        """The days up to today on which what was late may have changed, with the oldest item late from then on."""
        watched = [i for i in items if i.near and i.late_from <= self.as_of and i.over_on != i.late_from]
        pooled = with_pool and self.offsets and bool(self.pool)
        pool_days = {day for rows in self.pool.values() for day, _ in rows} if pooled else set()
        begins = grouped((item.late_from, item) for item in watched)
        ends = grouped((item.over_on, item) for item in watched)
        live: list[Item] = []
        for day in sorted({day for item in watched for day in item.events} | pool_days):
            for item in begins[day]:
                insort(live, item, key=_order)
            for item in ends[day]:
                del live[bisect_left(live, item.order, key=_order)]
            yield Moment(day, self._uncovered(day, live) if pooled else next(iter(live), None))

    def _uncovered(self, day: date, live: Iterable[Item]) -> Item | None:
        """The first of some items, oldest first, that unapplied money does not cover at the end of a day."""
        pool = self.unapplied_on(day)
        for item in live:
            credit, open_ = pool.get(item.currency, 0), item.open_on(day)
            pool[item.currency] = max(0, credit - open_)
            if self.counting.is_worth_chasing(open_ - credit, item.currency):
                return item
        return None


def _order(item: Item) -> tuple[date, int, str, int]:
    return item.order


@dataclass(frozen=True, slots=True)
class Moment:
    """A day on which what is late may have changed, and the oldest item that is late from then on."""

    day: date
    oldest: Item | None


@dataclass(frozen=True, slots=True)
class Episode:
    """The episode of a unit: its name and start, and the days from which tasks and broken promises belong to it."""

    name: str | None
    start: date | None
    is_late: bool
    since: date | None
    owed_since: date | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on end on which something was late: the first, the oldest item late on it, and the first day after them."""

    first: date
    oldest: Item
    until: date | None


def stretches(past: Iterable[Moment]) -> list[Stretch]:
    """The stretches of late days, the oldest first; the last one may last still."""
    found: list[Stretch] = []
    for moment in past:
        lasts = bool(found) and found[-1].until is None
        if moment.oldest and not lasts:
            found.append(Stretch(moment.day, moment.oldest, None))
        elif lasts and not moment.oldest:
            found[-1] = replace(found[-1], until=moment.day)
    return found


def episode_of(account: Ledger, items: list[Item], late: list[Item], next_due: Item | None) -> Episode:
    """The episode of some items of an account, of which some are late today."""
    # What one invoice is decided alone by is its own money; unapplied money pays several together.
    past = list(account.past(items, with_pool=account.policy.unit is not Unit.INVOICE))
    runs = stretches(past)
    if not late:
        until = runs[-1].until if runs else None
        start = owed = courtesy_of(account.counting, next_due)
        if start and next_due:
            owed = max(min(start, next_due.basis_day), until or date.min)
            start = max(start, until or date.min)
        return Episode(next_due.id if next_due else None, start, is_late=False, since=until, owed_since=owed)
    if account.policy.resets is Resets.ANCHOR_SETTLED:
        named = late[0]
        older = stretches(m if m.oldest and m.oldest.order < named.order else replace(m, oldest=None) for m in past)
        ended = older[-1].until if older else None
        first_day = max(named.late_from, ended or date.min)
    else:
        named, first_day = runs[-1].oldest, runs[-1].first
        ended = runs[-2].until if len(runs) > 1 else None
    start = min(first_day, courtesy_of(account.counting, named) or first_day)
    owed = max(min(start, named.basis_day), ended or date.min)
    start = max(start, ended or date.min)
    return Episode(named.id, start, is_late=True, since=start, owed_since=owed)


def courtesy_of(counting: Counting, item: Item | None) -> date | None:
    """The first day on which a stage before the due date may act on the item, found by trying the days before it."""
    if item is None:
        return None
    found = []
    for stage in counting.policy.stages():
        if stage.after is None or not stage.before_due:
            continue
        if stage.after.clock.since is Since.INVOICE_DATE:
            found.append(item.of.invoice_date or item.basis_day)
        elif stage.after.clock.since is Since.DUE_DATE:
            day = item.basis_day + 40 * DAY
            while _clock_on(counting, stage.after.clock, item.basis_day, day - DAY) >= stage.after.number:
                day -= DAY
            found.append(day)
    return min(found, default=None)


def _clock_on(counting: Counting, clock: Clock, basis_day: date, day: date) -> int:
    end = last_month_end_on_or_before(day) if clock.month_end else day
    return counting.days(basis_day, end) if clock.period is Period.DAYS else whole_months(basis_day, end)
