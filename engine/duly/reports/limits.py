"""Credit limits for the terminal, as CSV and as JSON: proposals with who must sign, and limits that do not fit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from duly.figures.limits import Finding, Limits, Proposal, Sort, by_roles
from duly.figures.usage import Usage
from duly.language.english import english
from duly.language.policy import Policy
from duly.messages.tables import columns
from duly.money import format_decimal
from duly.plan.document import plain
from duly.reports.explanation import shown
from duly.reports.plan import count
from duly.reports.terminal import defused, printable

SORT_WORDS = {
    Sort.TOO_TIGHT: "too tight",
    Sort.NEVER_USED: "too generous: never used",
    Sort.ABOVE_HISTORY: "too generous: above what history supports",
}


def as_text(policy: Policy, limits: Limits) -> str:
    """The proposals as people sign them, then what does not fit."""
    return "\n".join(_lines(policy, limits)) + "\n"


def _lines(policy: Policy, limits: Limits) -> Iterator[str]:
    yield f"Credit limits by policy {printable(policy.id)}, as of {limits.as_of}: nothing is changed until it is signed"
    yield ""
    yield f"Proposed: {count(len(limits.proposals), 'change')}"
    for roles, number in sorted(by_roles(limits.proposals).items()):
        yield f"  {count(number, 'change')} to be signed by {signers(roles)}"
    for proposal in limits.proposals:
        yield from _proposal(policy, proposal)
    if limits.held_back:
        yield ""
        yield f"Rules that hold and change nothing: {count(len(limits.held_back), 'account')}"
        yield from columns(
            (f"  {printable(p.customer)}", printable(p.creditor), printable(p.rule.id), p.held_back)
            for p in limits.held_back
        )
    yield ""
    yield f"Limits that do not fit: {count(len(limits.findings), 'account')}"
    for finding in limits.findings:
        yield from _finding(finding)
    yield ""
    yield from _footnotes(limits)


def _proposal(policy: Policy, proposal: Proposal) -> Iterator[str]:
    usage = proposal.usage
    now = "no limit" if proposal.now is None else usage.shown(proposal.now)
    yield ""
    yield f"  {printable(proposal.customer)}, owed to {printable(proposal.creditor)}"
    yield f"    {proposal.direction.value}: {now} -> {usage.shown(proposal.then)} ({proposal.arithmetic})"
    yield f"    to be signed by {signers(proposal.rule.approval)}"
    place = f"  ({proposal.rule.span.file}:{proposal.rule.span.line})" if proposal.rule.span.line else ""
    values = ", ".join(f"{name} {shown(policy, name, value)}" for name, value in proposal.reasons)
    yield f"    because {printable(proposal.rule.id)}: {values}{place}"
    if proposal.rule.because:
        yield f"      {printable(proposal.rule.because)}"
    if proposal.outweighed:
        others = ", ".join(printable(rule) for rule in proposal.outweighed)
        yield f"      holds as well: {others}; the lowest limit counts"
    yield f"    {_history(usage)}"


def _history(usage: Usage) -> str:
    now = f"owes {usage.shown(usage.exposure)}"
    now += f", {usage.used_pct} % of the limit" if usage.used_pct is not None else ""
    if not usage.is_told:
        return f"{now}; the book does not tell what it owed before"
    return f"{now}; at most {usage.shown(usage.peak)} in twelve months, on {usage.peak_day}"


def _finding(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"  {printable(finding.customer)}, owed to {printable(finding.creditor)}: {SORT_WORDS[finding.sort]}"
    yield f"    limit {finding.usage.shown(finding.limit)} since {finding.usage.since}; {finding.figures}"
    yield f"    {printable(finding.proposed) or 'no rule'} proposes a change"


def _footnotes(limits: Limits) -> Iterator[str]:
    if limits.untold:
        some = f"{count(len(limits.untold), 'account')} with a limit of which the book does not tell the past"
        yield f"{some}: nothing is said about whether it fits"
    if limits.no_limit:
        yield f"{count(limits.no_limit, 'account')} without a limit"
    if limits.left_out:
        yield f"left out, with a fact beyond what it can be: {', '.join(map(printable, limits.left_out))}"
    yield "`duly plan` proposes these changes and `duly apply` makes them, once they are signed."


def signers(roles: Sequence[str]) -> str:
    """The roles that must sign, in words."""
    return " + ".join(map(printable, roles)) or "nobody named: the policy asks for no approval"


COLUMNS = (
    *("state", "creditor", "customer", "what", "rule", "limit", "proposed"),
    *("currency", "exposure", "peak", "to_sign", "why"),
)


def as_csv(limits: Limits) -> Iterator[str]:
    """Proposals, rules that change nothing and findings as CSV lines; text that a spreadsheet would run is defused."""
    yield _line(COLUMNS)
    for proposal in (*limits.proposals, *limits.held_back):
        state = "changes nothing" if proposal.held_back else "proposed"
        why = proposal.held_back or proposal.arithmetic
        then = "" if proposal.held_back else format_decimal(proposal.then, proposal.currency)
        yield _row(state, proposal, proposal.direction.value, proposal.rule.id, then, proposal.rule.approval, why)
    for finding in limits.findings:
        yield _row("finding", finding, finding.sort.value, finding.proposed, "", (), finding.figures)


def _row(state: str, about: Proposal | Finding, what: str, rule: str, then: str, roles: Sequence[str], why: str) -> str:
    usage = about.usage
    return _line(
        (
            state,
            defused(about.creditor),
            defused(about.customer),
            what,
            defused(rule),
            "" if usage.limit is None else format_decimal(usage.limit, usage.currency),
            then,
            usage.currency,
            format_decimal(usage.exposure, usage.currency),
            format_decimal(usage.peak, usage.currency) if usage.is_told else "",
            defused(" ".join(roles)),
            defused(why),
        )
    )


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def as_record(policy: Policy, limits: Limits) -> dict[str, Any]:
    """The same as a JSON object; money in minor units of each account's currency."""
    return {
        "policy": policy.id,
        "as_of": limits.as_of.isoformat(),
        "proposals": [_proposal_record(policy, proposal) for proposal in limits.proposals],
        "changes_nothing": [_proposal_record(policy, proposal) for proposal in limits.held_back],
        "findings": [
            {
                "creditor": finding.creditor,
                "customer": finding.customer,
                "finding": finding.sort.value,
                "figures": finding.figures,
                "proposed_by": finding.proposed,
                "usage": _usage(finding.usage),
            }
            for finding in limits.findings
        ],
        "past_not_told": [{"creditor": creditor, "customer": customer} for creditor, customer in limits.untold],
        "left_out": list(limits.left_out),
        "without_limit": limits.no_limit,
    }


def _proposal_record(policy: Policy, proposal: Proposal) -> dict[str, Any]:
    rule = proposal.rule
    return {
        "creditor": proposal.creditor,
        "customer": proposal.customer,
        "rule": rule.id,
        "direction": proposal.direction.value,
        "now": proposal.now,
        "then": None if proposal.held_back else proposal.then,
        "currency": proposal.currency,
        "arithmetic": proposal.arithmetic,
        "held_back": proposal.held_back,
        "to_sign": list(rule.approval),
        "says": english(rule.when, policy.currency),
        "values": {name: plain(value) for name, value in proposal.reasons},
        "because": rule.because,
        "file": rule.span.file,
        "line": rule.span.line,
        "holds_as_well": list(proposal.outweighed),
        "usage": _usage(proposal.usage),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "currency": usage.currency,
        "limit": usage.limit,
        "since": usage.since.isoformat() if usage.since else None,
        "exposure": usage.exposure,
        "used_pct": usage.used_pct,
        "past_is_told": usage.is_told,
        "peak": usage.peak if usage.is_told else None,
        "peak_day": usage.peak_day.isoformat() if usage.is_told else None,
        "month_ends": [
            {"day": month.day.isoformat(), "exposure": month.exposure, "limit": month.limit}
            for month in (usage.month_ends if usage.is_told else ())
        ],
    }
