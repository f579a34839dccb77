"""At what rate a late payment bears interest on a day, by a law or by contract, and how sure that is.

The numbers of a law stand in `law/*.yaml`, each row with its source and the day on
which that was last looked at. A day before the first row or after `known_until` has
no rate: nothing is guessed, and nothing is carried on from the last row. Per cents
are exact. Whether a law applies to a contract is not decided here: the policy says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import yaml

from duly.language.policy import Charges
from duly.money import parse_minor

LAWS = ("uk_late_payment", "eu_late_payment", "de_bgb_288")
"""The laws whose numbers are kept, by the policy's word."""

HALF_YEAR_MONTHS = (1, 7)


class Fixing(Enum):
    """Which day's reference rate counts."""

    AT_START = "at_start"
    """That of the half-year in which interest begins, for as long as it runs."""
    HALF_YEARLY = "half_yearly"
    """That of each half-year for the days in it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number was read, and when it was last looked at."""

    what: str
    where: str
    checked_on: date


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference rate in per cent a year, good from its day until the next row's."""

    valid_from: date
    rate: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class FixedSum:
    """A sum that a law allows once for a debt below a bound; without a bound, for any other."""

    amount: int
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in per cent a year: a reference and the points above it; a contract's rate has no reference."""

    points: Decimal
    reference: Reference | None = None

    @property
    def per_cent(self) -> Decimal:
        """The whole rate."""
        return self.points + (self.reference.rate if self.reference else 0)


@dataclass(frozen=True, slots=True)
class NotKnown:
    """There is no rate for a day that interest would need."""

    day: date
    known_from: date
    known_until: date

    @property
    def is_past(self) -> bool:
        """Say whether the day lies beyond the end of what is known, not before its beginning."""
        return self.day > self.known_until


@dataclass(frozen=True, slots=True)
class Law:
    """The numbers of one law."""

    id: str
    title: str
    text: str
    currency: str
    reference: str
    points: Decimal
    fixing: Fixing
    fixed_sums: tuple[FixedSum, ...]
    rates: tuple[Reference, ...]
    known_until: date
    source: Source

    def rate_on(self, day: date, start: date) -> Rate | NotKnown:
        """The rate of a day, for interest that began on the day `start`."""
        fixed_by = start if self.fixing is Fixing.AT_START else day
        known = [reference for reference in self.rates if reference.valid_from <= fixed_by]
        if not known or fixed_by > self.known_until:
            return NotKnown(fixed_by, self.rates[0].valid_from, self.known_until)
        return Rate(self.points, known[-1])

    def changes(self, start: date, last: date) -> Iterator[date]:
        """The days after the first on which the rate may be another one."""
        if self.fixing is Fixing.HALF_YEARLY:
            first_days = (date(year, month, 1) for year in range(start.year, last.year + 1) for month in (1, 7))
            yield from (day for day in first_days if start < day <= last)

    def fixed_sum(self, debt: int) -> FixedSum:
        """The sum for a debt of so much, in the law's currency."""
        return next(one for one in self.fixed_sums if one.below is None or debt < one.below)

    @property
    def depends_on_debt(self) -> bool:
        """Say whether the fixed sum differs by the size of the debt."""
        return len(self.fixed_sums) > 1


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract's own rate, the same on every day; no law adds to it."""

    per_cent: Decimal

    def rate_on(self, day: date, start: date) -> Rate | NotKnown:  # noqa: ARG002  (the same on every day)
        """The contract's rate."""
        return Rate(self.per_cent)

    def changes(self, start: date, last: date) -> Iterator[date]:  # noqa: ARG002  (the same on every day)
        """No day changes the rate."""
        return iter(())


Terms = Law | Contract


def terms_of(charges: Charges) -> Terms | None:
    """What a policy's word for late interest stands for; None where it asks for none."""
    if charges.late_interest == "contract":
        return Contract(Decimal(charges.contract_pct))
    return law(charges.late_interest) if charges.late_interest in LAWS else None


@cache
def law(id_: str) -> Law:
    """The law of this name, from its file; raises `ValueError` where the file is not what it has to be."""
    data = yaml.safe_load((files("duly.figures") / "law" / f"{id_}.yaml").read_text(encoding="utf-8"))
    return law_from(data)


def law_from(data: Mapping[str, Any]) -> Law:
    """A law from the content of its file; raises `ValueError` where rows are missing, doubled or out of order."""
    sources = {name: Source(**row) for name, row in data["sources"].items()}
    rates = tuple(Reference(row["valid_from"], Decimal(row["rate"]), sources[row["source"]]) for row in data["rates"])
    for before, after in pairwise(rates):
        if after.valid_from != _next_half_year(before.valid_from):
            raise ValueError(f"{data['regime']}: {after.valid_from} does not follow {before.valid_from}")
    if not rates or any((r.valid_from.day, r.valid_from.month in HALF_YEAR_MONTHS) != (1, True) for r in rates):
        raise ValueError(f"{data['regime']}: a rate is good from the first day of a half-year")
    if not rates[-1].valid_from < data["known_until"] < _next_half_year(rates[-1].valid_from):
        raise ValueError(f"{data['regime']}: `known_until` is not in the last half-year")
    sums = tuple(
        FixedSum(
            _minor(row["sum"], data["currency"]), _minor(row["below"], data["currency"]) if "below" in row else None
        )
        for row in data["fixed_sums"]
    )
    if not sums or sums[-1].below is not None or any(one.below is None for one in sums[:-1]):
        raise ValueError(f"{data['regime']}: the last fixed sum, and only that, has no bound")
    return Law(
        id=data["regime"],
        title=data["title"],
        text=data["law"],
        currency=data["currency"],
        reference=data["reference"],
        points=Decimal(data["points"]),
        fixing=Fixing(data["fixing"]),
        fixed_sums=sums,
        rates=rates,
        known_until=data["known_until"],
        source=sources[data["terms_source"]],
    )


def _next_half_year(day: date) -> date:
    return date(day.year, 7, 1) if day.month == 1 else date(day.year + 1, 1, 1)


def _minor(text: str, currency: str) -> int:
    amount = parse_minor(text, currency)
    if isinstance(amount, int):
        return amount
    raise ValueError(f"`{text}`: {amount}")
