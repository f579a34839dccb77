"""Charges for the terminal, as CSV and as JSON: what is proposed, with its arithmetic, and what is kept back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from duly.figures.charges import Charge, Charges, Kind, totals
from duly.figures.interest import Stretch
from duly.figures.rates_of_law import Contract, Law, Rate, Reference, Terms
from duly.language.policy import Policy
from duly.messages.tables import columns
from duly.money import SCALES, format_decimal, format_minor
from duly.reports.plan import count
from duly.reports.terminal import defused, printable

WORDS = {Kind.INTEREST: "late interest", Kind.FIXED_SUM: "fixed sum", Kind.STAGE: "charge of a stage"}

BEYOND = 4
"""Decimals that an exact stretch is shown with beyond those of its currency."""


def as_text(policy: Policy, charges: Charges) -> str:
    """The charges as people read them, customer by customer, each figure with what it comes from."""
    return "\n".join(_lines(policy, charges)) + "\n"


def _lines(policy: Policy, charges: Charges) -> Iterator[str]:
    yield f"Charges by policy {printable(policy.id)}, as of {charges.as_of}: proposals, booked by nobody"
    if charges.terms is None and not (charges.proposed or charges.kept_back):
        if any(stage.charge for stage in policy.stages()):
            yield "No item was late at a stage that charges."
        else:
            yield "The policy asks for no late interest, and no stage of it charges anything."
        return
    if charges.terms is not None:
        yield from _terms(charges.terms)
    yield ""
    sums = _sums(charges.proposed)
    accounts = len({(c.creditor, c.customer) for c in charges.proposed})
    yield f"Proposed: {count(len(charges.proposed), 'charge')} to {count(accounts, 'account')}" + (
        f", {sums}" if sums else ""
    )
    yield from _by_account(charges.proposed)
    if charges.kept_back:
        yield ""
        yield f"Kept back: {count(len(charges.kept_back), 'charge')}"
        yield from _by_account(charges.kept_back)
    yield ""
    yield from _footnotes(charges)


def _terms(terms: Terms) -> Iterator[str]:
    match terms:
        case Contract(per_cent):
            yield f"late interest: {per_cent} % a year by contract; no law's rate or sum is added"
        case Law():
            kept = "for as long as interest runs" if terms.fixing.value == "at_start" else "anew each half-year"
            yield f"late interest: {terms.title}: {terms.points} points over the {terms.reference}, {kept}"
            yield f"  {terms.text}; looked at on {terms.source.checked_on}"
            known = f"  rates known from {terms.rates[0].valid_from} until {terms.known_until}"
            yield f"{known}, the last looked at on {terms.rates[-1].source.checked_on}"


def _by_account(charges: Iterable[Charge]) -> Iterator[str]:
    for (creditor, customer), those in groupby(charges, key=lambda c: (c.creditor, c.customer)):
        mine = list(those)
        yield ""
        yield f"  {printable(customer)}, owed to {printable(creditor)}: {_sums(mine)}"
        for invoice, items in groupby(sorted(mine, key=_order(mine)), key=lambda c: c.invoice):
            yield f"    {printable(invoice)}"
            for charge in items:
                yield from _charge(charge)


def _sums(charges: Iterable[Charge]) -> str:
    return ", ".join(format_minor(amount, currency) for currency, amount in totals(charges).items())


def _order(charges: Sequence[Charge]) -> Any:  # noqa: ANN401  (a key of sorting)
    """Keep the order in which invoices come first, each with all of its charges."""
    first = {charge.invoice: place for place, charge in reversed(list(enumerate(charges)))}
    return lambda charge: first[charge.invoice]


def _charge(charge: Charge) -> Iterator[str]:
    amount = format_minor(charge.amount, charge.currency) if charge.amount else "not worked out"
    why = f": {charge.basis}" if charge.basis else ""
    back = f" [kept back: {printable(charge.reason)}]" if charge.reason else ""
    yield f"      {amount}  {WORDS[charge.kind]}{printable(why)}{back}"
    rows = [
        (
            f"        {stretch.first} to {stretch.last}",
            count(stretch.days, "day"),
            f"{format_minor(stretch.base, charge.currency)} × {rate_text(stretch.rate)} × {stretch.days} / 365",
            f"= {exact_text(stretch, charge.currency)}",
        )
        for stretch in charge.stretches
    ]
    yield from columns(rows, right={1})


def rate_text(rate: Rate) -> str:
    """A rate in per cent, with the reference and the points that make it up."""
    if rate.reference is None:
        return f"{rate.per_cent} %"
    reference = rate.reference.rate
    sign = "-" if reference < 0 else ""
    return f"{rate.per_cent} % ({sign}{abs(reference)} + {rate.points})"


def exact_text(stretch: Stretch, currency: str) -> str:
    """The interest of a stretch before it is rounded, cut after a few decimals more than the currency has."""
    scale = SCALES[currency] + BEYOND
    units = stretch.exact * 10**BEYOND
    whole = units.numerator // units.denominator
    dots = "" if units.denominator == 1 else "…"
    digits = f"{Decimal(whole).scaleb(-scale):,.{scale}f}"
    return f"{digits}{dots}"


def _footnotes(charges: Charges) -> Iterator[str]:
    if not charges.with_settled:
        yield "Items that were paid late and are open no more are left out: --with-settled adds them."
    if charges.untold:
        some = f"{count(len(charges.untold), 'item')} known by open balance alone"
        yield f"{some}: earlier part payments are not told, and interest counts on what is still open"
    yield "No book says which of these were charged before; a person decides what is asked for."
    if charges.terms is not None:
        yield "Whether the terms apply to a customer's contract is the policy's word: duly reads no contract."


COLUMNS = (
    *("state", "creditor", "customer", "invoice", "charge", "amount", "currency"),
    *("stage", "from", "to", "days", "basis", "reason"),
)


def as_csv(charges: Charges) -> Iterator[str]:
    """The charges as CSV lines, a row a charge; text that a spreadsheet would run is defused."""
    yield _line(COLUMNS)
    for charge in (*charges.proposed, *charges.kept_back):
        first, last, days = "", "", ""
        if charge.stretches:
            first, last = charge.stretches[0].first.isoformat(), charge.stretches[-1].last.isoformat()
            days = str(sum(stretch.days for stretch in charge.stretches))
        told = (charge.creditor, charge.customer, charge.invoice)
        yield _line(
            (
                "kept back" if charge.reason else "proposed",
                *map(defused, told),
                charge.kind.value,
                format_decimal(charge.amount, charge.currency),
                charge.currency,
                defused(charge.stage),
                first,
                last,
                days,
                defused(charge.basis),
                defused(charge.reason),
            )
        )


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def as_record(policy: Policy, charges: Charges) -> dict[str, Any]:
    """The charges as a JSON object; money in minor units, per cents as written, exact interest as a fraction."""
    return {
        "policy": policy.id,
        "as_of": charges.as_of.isoformat(),
        "terms": _terms_record(charges.terms),
        "totals": [{"amount": amount, "currency": currency} for currency, amount in totals(charges.proposed).items()],
        "proposed": [_record(charge) for charge in charges.proposed],
        "kept_back": [_record(charge) for charge in charges.kept_back],
        "balance_alone": list(charges.untold),
        "with_settled": charges.with_settled,
    }


def _terms_record(terms: Terms | None) -> dict[str, Any] | None:
    match terms:
        case None:
            return None
        case Contract(per_cent):
            return {"terms": "contract", "per_cent": str(per_cent)}
        case Law():
            return {
                "terms": terms.id,
                "title": terms.title,
                "law": terms.text,
                "points": str(terms.points),
                "reference": terms.reference,
                "fixing": terms.fixing.value,
                "known_from": terms.rates[0].valid_from.isoformat(),
                "known_until": terms.known_until.isoformat(),
                "checked_on": terms.source.checked_on.isoformat(),
            }


def _record(charge: Charge) -> dict[str, Any]:
    return {
        "creditor": charge.creditor,
        "customer": charge.customer,
        "invoice": charge.invoice,
        "charge": charge.kind.value,
        "amount": charge.amount,
        "currency": charge.currency,
        "basis": charge.basis,
        "stage": charge.stage,
        "day": charge.day.isoformat() if charge.day else None,
        "reason": charge.reason,
        "stretches": [
            {
                "first": stretch.first.isoformat(),
                "last": stretch.last.isoformat(),
                "days": stretch.days,
                "base": stretch.base,
                "per_cent": str(stretch.rate.per_cent),
                "reference": _reference(stretch.rate.reference),
                "exact": f"{stretch.exact.numerator}/{stretch.exact.denominator}",
            }
            for stretch in charge.stretches
        ],
    }


def _reference(reference: Reference | None) -> dict[str, str] | None:
    if reference is None:
        return None
    return {
        "rate": str(reference.rate),
        "valid_from": reference.valid_from.isoformat(),
        "source": reference.source.what,
        "where": reference.source.where,
        "checked_on": reference.source.checked_on.isoformat(),
    }
