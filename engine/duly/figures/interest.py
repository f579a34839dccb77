"""Simple interest on what was open of an item, day by day.

Each day after the one on which an item falls due bears interest on what is open
at its end: money counts from the day on which it came, and that day bears none on
it. A year has 365 days, always. Stretches are exact; only their sum is rounded,
once, half a minor unit up. Interest never bears interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

from duly.figures.rates_of_law import NotKnown, Rate, Terms

DAY = timedelta(days=1)
DAYS_OF_A_YEAR = 365
HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Step:
    """From this day on so much is open, in minor units."""

    day: date
    open: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on end, the last included, on which the same amount bore interest at the same rate."""

    first: date
    last: date
    base: int
    rate: Rate

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    @property
    def exact(self) -> Fraction:
        """The interest of these days in minor units, not rounded."""
        of_one = _of_a_day(self.rate.per_cent)
        return Fraction(self.base * self.days * of_one.numerator, of_one.denominator)


@cache
def _of_a_day(per_cent: Decimal) -> Fraction:
    """The interest of one minor unit in one day."""
    return Fraction(per_cent) / 100 / DAYS_OF_A_YEAR


def interest(steps: Sequence[Step], start: date, last: date, terms: Terms) -> tuple[Stretch, ...] | NotKnown:
    """The stretches from `start` to `last`, both included, or the first day whose rate nobody knows.

    `steps` say what is open, the earliest day first and none twice; before the
    first nothing is. Days on which nothing is open need no rate.
    """
    turns = sorted({start, *(s.day for s in steps if start < s.day <= last), *terms.changes(start, last)})
    stretches: list[Stretch] = []
    for first, following in zip(turns, (*turns[1:], last + DAY), strict=True):
        base = next((step.open for step in reversed(steps) if step.day <= first), 0)
        if base <= 0 or first > last:
            continue
        rate = terms.rate_on(first, start)
        if isinstance(rate, NotKnown):
            return rate
        before = stretches[-1] if stretches else None
        if before and (before.last + DAY, before.base, before.rate) == (first, base, rate):
            stretches[-1] = replace(before, last=following - DAY)
        else:
            stretches.append(Stretch(first, following - DAY, base, rate))
    return tuple(stretches)


def rounded(exact: Fraction) -> int:
    """The amount, not negative, in whole minor units, half a unit up."""
    return int(exact + HALF)


def sum_of(stretches: Sequence[Stretch]) -> int:
    """The interest of all the stretches, rounded once."""
    return rounded(sum((stretch.exact for stretch in stretches), Fraction(0)))
