"""Buddies as people read them, as a table and for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from duly.messages.tables import columns
from duly.reports import problems as problem_report
from duly.reports.plan import count
from duly.reports.terminal import defused, printable
from duly.team.pairs import SELLS, Absence, Apart, By, Pairs

SHOWN = 20
"""Customers outside a pair that are listed one by one."""

HEADER = ("salesperson", "collector", "of", "customer", "why_not")


def as_text(pairs: Pairs) -> Iterator[str]:
    """Who works with whom, who has no buddy, which customers have no pair, and who is away."""
    yield f"Buddies by {pairs.by.value} on {pairs.as_of}: {count(len(pairs.pairs), 'pair')}"
    if pairs.pairs:
        of = () if pairs.by is By.NAME else (pairs.by.value,)
        header = ("salesperson", "collector", *of, "customers")
        rows = (
            (
                printable(p.salesperson),
                printable(p.collector),
                *([printable(p.of)] if of else []),
                f"{len(p.customers)}",
            )
            for p in pairs.pairs
        )
        yield ""
        yield from columns(rows, header=header, right={len(header) - 1})
    if pairs.absences:
        yield ""
        yield "Away"
        yield from columns((f"  {printable(one.person)}", _cover(one)) for one in pairs.absences)
    if pairs.alone:
        yield ""
        yield f"Without a buddy: {len(pairs.alone):,}"
        yield from columns((f"  {printable(one.person)}", one.role, one.why.value) for one in pairs.alone)
    if pairs.apart:
        yield ""
        yield f"Without a pair: {count(len(pairs.apart), 'customer')}"
        yield from columns(_apart(one) for one in pairs.apart[:SHOWN])
        if len(pairs.apart) > SHOWN:
            yield f"  … and {len(pairs.apart) - SHOWN:,} more (--format csv lists them all)"


def _cover(one: Absence) -> str:
    until = f"until {one.until}" if one.until else "with no end said"
    return f"{until}, {printable(one.stand_in)} stands in" if one.stand_in else f"{until}, nobody stands in"


def _apart(one: Apart) -> Sequence[str]:
    who = f"{printable(one.salesperson) or 'nobody'} and {printable(one.collector) or 'nobody'}"
    return f"  {printable(one.customer)}", who, one.why.value


def as_csv(pairs: Pairs) -> Iterator[str]:
    """A row a customer, and one for each pair or person without any; `why_not` says why there is no pair."""
    yield _line(HEADER)
    for pair in pairs.pairs:
        for customer in pair.customers or ("",):
            yield _line((pair.salesperson, pair.collector, pair.of, customer, ""))
    for alone in pairs.alone:
        who = (alone.person, "") if alone.role == SELLS else ("", alone.person)
        yield _line((*who, "", "", alone.why.value))
    for apart in pairs.apart:
        yield _line((apart.salesperson, apart.collector, "", apart.customer, apart.why.value))


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(map(defused, cells))
    return out.getvalue()


def as_record(pairs: Pairs) -> dict[str, Any]:
    """All of it as plain JSON."""
    return {
        "by": pairs.by.value,
        "as_of": pairs.as_of.isoformat(),
        "pairs": [
            {"salesperson": p.salesperson, "collector": p.collector, "of": p.of, "customers": list(p.customers)}
            for p in pairs.pairs
        ],
        "without_a_buddy": [{"person": one.person, "role": one.role, "why": one.why.value} for one in pairs.alone],
        "customers_without_a_pair": [
            {
                "customer": one.customer,
                "salesperson": one.salesperson or None,
                "collector": one.collector or None,
                "why": one.why.value,
            }
            for one in pairs.apart
        ],
        "away": [
            {
                "person": one.person,
                "until": one.until.isoformat() if one.until else None,
                "stand_in": one.stand_in or None,
            }
            for one in pairs.absences
        ],
        "problems": problem_report.as_records(pairs.problems),
    }
