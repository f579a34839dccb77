"""What was ever proposed about credit limits, for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from duly.figures.limit_history import Happened, Proposed, Step
from duly.money import format_minor
from duly.reports.plan import count
from duly.reports.terminal import printable

WORDS = {
    Happened.PROPOSED: "proposed",
    Happened.SIGNED: "signed",
    Happened.REJECTED: "rejected",
    Happened.SET: "carried out",
    Happened.NOT_SET: "not carried out",
    Happened.UNKNOWN: "nobody knows whether it was carried out",
}


def as_text(proposals: Sequence[Proposed]) -> str:
    """Each proposal with its answers and what became of it."""
    return "\n".join(_lines(proposals)) + "\n"


def _lines(proposals: Sequence[Proposed]) -> Iterator[str]:
    yield f"Proposed about credit limits, by the journal: {count(len(proposals), 'proposal')}"
    for proposal in proposals:
        now = "no limit" if proposal.before is None else format_minor(proposal.before, proposal.currency)
        change = f"{now} -> {format_minor(proposal.after, proposal.currency)}"
        yield ""
        yield f"  {printable(proposal.customer)}, owed to {printable(proposal.creditor)}: {change}"
        yield f"    by {printable(proposal.rule)} [{proposal.key[:12]}]"
        yield from (f"    {_step(step)}" for step in proposal.steps)


def _step(step: Step) -> str:
    who = f" by {printable(step.by)}" if step.what in {Happened.SIGNED, Happened.REJECTED} else ""
    roles = f" as {' and '.join(map(printable, step.roles))}" if step.roles else ""
    said = f": {printable(step.said)}" if step.said else ""
    return f"{step.day}  {WORDS[step.what]}{who}{roles}{said}"


def as_records(proposals: Sequence[Proposed]) -> list[dict[str, Any]]:
    """The same as plain JSON; money in minor units."""
    return [
        {
            "action": proposal.key,
            "customer": proposal.customer,
            "creditor": proposal.creditor,
            "rule": proposal.rule,
            "currency": proposal.currency,
            "before": proposal.before,
            "after": proposal.after,
            "steps": [
                {
                    "day": step.day,
                    "what": step.what.value,
                    "by": step.by,
                    "roles": list(step.roles),
                    "said": step.said,
                }
                for step in proposal.steps
            ],
        }
        for proposal in proposals
    ]
