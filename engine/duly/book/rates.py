"""Dated exchange rates, and amounts converted by them.

A rate is good from its day until the next one for the same pair; a pair is
never turned round. Amounts are whole minor units, rounded half away from zero.
A rate that is missing is a problem naming the day and the pair.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import gcd
from typing import TYPE_CHECKING

from duly.money import SCALES
from duly.source import NOWHERE, Problem

if TYPE_CHECKING:
    # The process that derives the facts again has no database.
    from duly.book.connection import Connection

RATE_SCALE = 10**8
"""Rates are kept in units of 10^-8."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """What one minor unit of a currency is worth in minor units of another, exactly."""

    numerator: int
    denominator: int

    def convert(self, amount: int) -> int:
        """The amount, not negative, in the other currency."""
        return (2 * amount * self.numerator + self.denominator) // (2 * self.denominator)

    def least_reaching(self, amount: int) -> int:
        """The smallest amount that converts to at least so much, and to at least 1."""
        return max(1, -(-(self.denominator * (2 * amount - 1)) // (2 * self.numerator)))


class Rates:
    """The rates of a book."""

    def __init__(self, rows: Iterable[tuple[date, str, str, int]]) -> None:
        self._days: dict[tuple[str, str], list[date]] = defaultdict(list)
        self._rates: dict[tuple[str, str], list[int]] = defaultdict(list)
        for day, from_, to, rate in sorted(rows):
            self._days[from_, to].append(day)
            self._rates[from_, to].append(rate)

    @classmethod
    def of(cls, connection: Connection) -> Rates:
        """The rates in the book's table."""
        return cls(connection.execute('SELECT day, "from", "to", rate FROM rates').fetchall())

    def ratio(self, day: date, from_: str, to: str) -> Ratio | None:
        """The ratio good on the day, or None where the book has no rate for it."""
        if from_ == to:
            return Ratio(1, 1)
        known = bisect_right(self._days.get((from_, to), []), day)
        if not known:
            return None
        numerator = self._rates[from_, to][known - 1] * 10 ** SCALES[to]
        denominator = RATE_SCALE * 10 ** SCALES[from_]
        common = gcd(numerator, denominator)
        return Ratio(numerator // common, denominator // common)


def missing_rate(day: date, from_: str, to: str) -> Problem:
    """The problem of a rate that the book does not have."""
    return Problem(
        "missing-rate",
        NOWHERE,
        f"there is no rate from `{from_}` to `{to}` on {day.isoformat()}",
        f"give the table `rates` a row for `{from_}` and `{to}` with a day not after {day.isoformat()}; "
        "a rate the other way round is not used",
    )
