"""How a policy counts days and money on one day, for the second derivation of the facts."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from duly.book.rates import missing_rate
from duly.book.raw import RawRows
from duly.dates import add_business_days, add_months, business_days_between, last_month_end_on_or_before, month_end
from duly.language.policy import Basis, Clock, DayCount, Period, Policy
from duly.money import SCALES
from duly.source import Refused

DAY = timedelta(days=1)
DATA = 4


class Counting:
    """How a policy counts days and converts money, on one day."""

    def __init__(self, policy: Policy, rows: RawRows, as_of: date) -> None:
        self.policy, self.rows, self.as_of = policy, rows, as_of
        self.country = policy.calendar.country
        self.business = policy.late.day_count is DayCount.BUSINESS
        self._ratios: dict[tuple[date, str, str], Fraction | None] = {}
        self._first_late: dict[date, date] = {}

    def days(self, first: date, last: date) -> int:
        """Days past from the first to the last, in the policy's day count."""
        return business_days_between(first, last, self.country) if self.business else (last - first).days

    def counted(self, clock: Clock, day: date | None) -> int | None:
        """What the clock has counted since the day."""
        if day is None:
            return None
        end = last_month_end_on_or_before(self.as_of) if clock.month_end else self.as_of
        return self.days(day, end) if clock.period is Period.DAYS else whole_months(day, end)

    def basis_day(self, due_date: date, invoice_date: date | None) -> date:
        """The day from which days past due are counted; the due date where an invoice has no date of its own."""
        match self.policy.late.basis:
            case Basis.DUE_DATE:
                return due_date
            case Basis.INVOICE_DATE:
                return invoice_date or due_date
            case Basis.MONTH_END:
                return month_end(due_date)

    def first_late(self, basis_day: date) -> date:
        """The first day that is more than the grace days past the basis day."""
        if basis_day not in self._first_late:
            past_grace = self.policy.late.grace_days + 1
            self._first_late[basis_day] = (
                add_business_days(basis_day, past_grace, self.country)
                if self.business
                else basis_day + past_grace * DAY
            )
        return self._first_late[basis_day]

    def ratio(self, from_: str, to: str, day: date) -> Fraction | None:
        """What a minor unit of one currency is worth in minor units of another; None where there is no rate."""
        key = (day, from_, to)
        if key not in self._ratios:
            good = [rate for since, rate in self.rows.rates.get((from_, to), ()) if since <= day]
            scales = Fraction(10 ** SCALES[to], 10 ** SCALES[from_])
            self._ratios[key] = Fraction(good[-1], 10**8) * scales if good else None
        return self._ratios[key]

    def convert(self, amount: int, from_: str, to: str = "", day: date | None = None) -> int:
        """The amount in another currency (the policy's where none is named), half a unit rounded up."""
        to, day = to or self.policy.currency, day or self.as_of
        if from_ == to or not amount:
            return amount
        ratio = self.ratio(from_, to, day)
        if ratio is None:
            raise Refused([missing_rate(day, from_, to)], DATA)
        return _times(amount, ratio)

    def is_worth_chasing(self, amount: int, currency: str) -> bool:
        """Say whether an open amount reaches the policy's minimum; without a rate, any amount does."""
        if amount <= 0:
            return False
        least = self.policy.late.ignore_invoice_below
        if currency == self.policy.currency:
            return amount >= least
        ratio = self.ratio(currency, self.policy.currency, self.as_of)
        return ratio is None or _times(amount, ratio) >= least


def _times(amount: int, ratio: Fraction) -> int:
    """The amount at a rate, half a unit rounded up; in whole numbers, which fractions take ten times as long for."""
    halves, whole = 2 * amount * ratio.numerator + ratio.denominator, 2 * ratio.denominator
    return halves // whole if halves >= 0 else -(-halves // whole)


def whole_months(day: date, end: date) -> int:
    """The most months that can be added to the day without going beyond the end."""
    months = (end.year - day.year) * 12 + end.month - day.month
    return months if add_months(day, months) <= end else months - 1
