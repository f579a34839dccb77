"""The formulas of the scorecard: each with its name, version, source, and the numbers that went into it.

A formula is a pure function to a `Figure`: an exact fraction, or no value and the
reason why there is none. Nothing is rounded here. `working` is the arithmetic with
the names of the terms in braces; with the terms filled in it comes to the value.
A formula that changes gets a new version, so that a printed figure stays explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Formula:
    """What a figure means, where that comes from, and the unit of its value."""

    name: str
    version: int
    title: str
    unit: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Term:
    """A number that went into a figure; money is in minor units."""

    name: str
    value: int
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A formula's value for some terms, or the reason why it has none."""

    formula: Formula
    of: str
    terms: tuple[Term, ...]
    working: str
    value: Fraction | None
    why_not: str = ""


_PRACTICE = "standard practice of credit departments; the definition is duly's own where usages differ"

DSO = Formula(
    "dso", 1, "DSO", "days",
    "open items on the last day / credit sales of the period × days of the period",
    "common formula, as in the Credit Research Foundation's quarterly summary of domestic trade receivables",
)  # fmt: skip
COUNT_BACK_DSO = Formula(
    "count_back_dso", 1, "DSO, count-back", "days",
    "each latest calendar month's credit sales are taken from the open items and its days counted, until less is left "
    "than a month's sales; that rest / that month's sales × its days is added",
    "the count-back method as told in Credit Today (academy.highako.com, switch to the countback method)",
)  # fmt: skip
BEST_POSSIBLE_DSO = Formula(
    "best_possible_dso", 1, "best possible DSO", "days",
    "open items not yet due on the last day / credit sales of the period × days of the period",
    "apruve.com, what is best possible days sales outstanding",
)  # fmt: skip
AVERAGE_DAYS_DELINQUENT = Formula(
    "average_days_delinquent", 1, "average days delinquent", "days",
    "DSO - best possible DSO; not the mean days that paid invoices were late",
    "common formula, as in the Credit Research Foundation's quarterly summary of domestic trade receivables",
)  # fmt: skip
CEI = Formula(
    "cei", 1, "CEI", "per cent",
    "(open before the period + credit sales - open on the last day) / (open before the period + credit sales "
    "- not yet due on the last day) × 100, with the credit sales of the whole period, not divided by its months",
    "accountingtools.com, collection effectiveness index",
)  # fmt: skip
PROMISES_KEPT = Formula(
    "promises_kept", 1, "promises kept", "per cent",
    "promises kept / promises that fell due in the period, kept or broken, × 100; withdrawn ones do not count",
    _PRACTICE,
)  # fmt: skip
DAYS_TO_RESOLVE = Formula(
    "days_to_resolve", 1, "days to resolve a dispute", "days",
    "calendar days from opening to settlement / disputes settled in the period",
    _PRACTICE,
)  # fmt: skip
SHARE_ON_TIME = Formula(
    "share_on_time", 1, "paid on time", "per cent",
    "of the items whose last day in time, grace included, lies in the period: amount settled by that day / amount "
    "× 100; what was left unpaid or written off counts as not in time, what credit notes alone settled does not count",
    _PRACTICE,
)  # fmt: skip
ROLL_RATE = Formula(
    "roll_rate", 1, "roll rate", "per cent",
    "open in a bucket on the last day / open in the bucket before it 30 days earlier × 100, whatever items these are; "
    "into 120+ only what is at most 150 days past due",
    "common formula for portfolios aged in buckets of 30 days",
)  # fmt: skip

FORMULAS = (
    DSO, COUNT_BACK_DSO, BEST_POSSIBLE_DSO, AVERAGE_DAYS_DELINQUENT, CEI, PROMISES_KEPT, DAYS_TO_RESOLVE, SHARE_ON_TIME,
    ROLL_RATE,
)  # fmt: skip
"""Every formula, in the order in which figures are shown."""


def dso(open_: int, credit_sales: int, days: int) -> Figure:
    """Days sales outstanding."""
    terms = (Term("open", open_, True), Term("credit_sales", credit_sales, True), Term("days", days))
    return _ratio(
        DSO, terms, "{open} / {credit_sales} × {days}", open_ * days, credit_sales, "nothing was sold on credit"
    )


def best_possible_dso(not_due: int, credit_sales: int, days: int) -> Figure:
    """Days sales outstanding if nothing were past due."""
    terms = (Term("not_due", not_due, True), Term("credit_sales", credit_sales, True), Term("days", days))
    working = "{not_due} / {credit_sales} × {days}"
    return _ratio(BEST_POSSIBLE_DSO, terms, working, not_due * days, credit_sales, "nothing was sold on credit")


def average_days_delinquent(open_: int, not_due: int, credit_sales: int, days: int) -> Figure:
    """DSO less best possible DSO."""
    terms = (
        Term("open", open_, True),
        Term("not_due", not_due, True),
        Term("credit_sales", credit_sales, True),
        Term("days", days),
    )
    working = "{open} / {credit_sales} × {days} - {not_due} / {credit_sales} × {days}"
    late = (open_ - not_due) * days
    return _ratio(AVERAGE_DAYS_DELINQUENT, terms, working, late, credit_sales, "nothing was sold on credit")


def count_back_dso(open_: int, months: Sequence[tuple[str, int, int]]) -> Figure:
    """Count-back DSO from months as (name, credit sales, days), the latest first.

    A month without sales adds its days; there is no value where more is open than
    was ever sold.
    """
    terms = [Term("open", open_, True)]
    left, days = open_, Fraction(0)
    parts: list[str] = []
    taken: list[str] = []
    for month, sold, length in months:
        if left == 0:
            break
        name = month.replace("-", "_")
        terms += [Term(f"days_{name}", length), Term(f"sold_{name}", sold, True)]
        if left < sold:
            days += Fraction(left, sold) * length
            rest = " - ".join(["{open}", *taken])
            parts.append(f"({rest}) / {{sold_{name}}} × {{days_{name}}}")
            left = 0
            break
        left -= sold
        days += length
        parts.append(f"{{days_{name}}}")
        taken.append(f"{{sold_{name}}}")
    if left:
        return Figure(COUNT_BACK_DSO, "", tuple(terms), "", None, "more is open than was sold in the months known")
    return Figure(COUNT_BACK_DSO, "", tuple(terms), " + ".join(parts) or "{open}", days)


def cei(open_before: int, credit_sales: int, open_: int, not_due: int) -> Figure:
    """Collection effectiveness index."""
    terms = (
        Term("open_before", open_before, True),
        Term("credit_sales", credit_sales, True),
        Term("open", open_, True),
        Term("not_due", not_due, True),
    )
    to_collect = open_before + credit_sales - not_due
    working = "({open_before} + {credit_sales} - {open}) / ({open_before} + {credit_sales} - {not_due}) × 100"
    collected = open_before + credit_sales - open_
    return _ratio(CEI, terms, working, collected * 100, to_collect, "nothing was there to collect")


def promises_kept(kept: int, broken: int) -> Figure:
    """Share of the promises fallen due that were kept."""
    terms = (Term("kept", kept), Term("broken", broken))
    working = "{kept} / ({kept} + {broken}) × 100"
    return _ratio(PROMISES_KEPT, terms, working, kept * 100, kept + broken, "no promise fell due")


def days_to_resolve(days: int, resolved: int) -> Figure:
    """Mean days from the opening of a dispute to its settlement."""
    terms = (Term("days_disputed", days), Term("resolved", resolved))
    return _ratio(DAYS_TO_RESOLVE, terms, "{days_disputed} / {resolved}", days, resolved, "no dispute was settled")


def share_on_time(on_time: int, due: int) -> Figure:
    """Share of what had to be paid in time that was."""
    terms = (Term("on_time", on_time, True), Term("due", due, True))
    return _ratio(SHARE_ON_TIME, terms, "{on_time} / {due} × 100", on_time * 100, due, "nothing fell due")


def roll_rate(before: str, after: str, then: int, now: int) -> Figure:
    """Share of a bucket's amount that has rolled into the next one since."""
    terms = (Term("now", now, True), Term("then", then, True))
    why_not = "nothing was in that bucket 30 days earlier"
    return _ratio(ROLL_RATE, terms, "{now} / {then} × 100", now * 100, then, why_not, of=f"{before} to {after}")


def filled_in(figure: Figure, shown: Mapping[str, str]) -> str:
    """The arithmetic of a figure with its terms as shown."""
    return figure.working.format_map(shown)


def _ratio(
    formula: Formula, terms: tuple[Term, ...], working: str, top: int, bottom: int, why_not: str, *, of: str = ""
) -> Figure:
    if bottom <= 0:
        return Figure(formula, of, terms, working, None, why_not)
    return Figure(formula, of, terms, working, Fraction(top, bottom))
