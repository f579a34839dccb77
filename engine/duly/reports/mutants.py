"""Which mistakes the cases of a policy would not notice, and the cases that are proposed, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from duly.language.policy import Policy
from duly.reports.explanation import decision_lines
from duly.reports.plan import count
from duly.review.cases.customer import Completing
from duly.review.cases.writing import customer_text
from duly.review.mutate.edits import Shows
from duly.review.mutate.generate import Proposals
from duly.review.mutate.killed import Fate, Outcome, Score
from duly.review.mutate.mutants import Mutant
from duly.rules import meaning
from duly.rules.decision import Decision
from duly.source import Span

WITHOUT_ACCOUNT = {
    Shows.DECISION: "",
    Shows.FACTS: "shows only in a ledger",
    Shows.DEEDS: "shows only in what is done about a decision",
}

REVIEW = """\
  # Proposed by `duly test generate`: what the policy does today, not what it ought to do.
  # Read each one, give it a name of your own or take it out, and take this line out.
"""
"""What stands before cases that nobody has looked at yet."""


def as_text(policy: Policy, score: Score, *, threshold: int) -> str:
    """The score for the terminal: a line, then what was not noticed."""
    return "\n".join(_lines(policy, score, threshold)) + "\n"


def _lines(policy: Policy, score: Score, threshold: int) -> Iterator[str]:
    alike = score.of(Fate.ALIKE)
    yield f"{_file(policy)}: {score.noticed} of {count(score.noticeable, 'mistake')} noticed{_per_cent(score)}"
    if not score.reaches(threshold):
        yield f"  less than {threshold} per cent"
    for outcome in score.of(Fate.MISSED, Fate.NOT_SETTLED):
        yield ""
        yield from _missed(policy, outcome)
    if alike:
        yield ""
        yield "Changes nothing for any account that can exist, proved:"
        yield from (f"  {_mistake(outcome.mutant)}" for outcome in alike)


def _per_cent(score: Score) -> str:
    """The share in tenths of a per cent, rounded down."""
    if not score.noticeable:
        return ""
    whole, tenth = divmod(score.noticed * 1000 // score.noticeable, 10)
    return f" ({whole}.{tenth} %)"


def _file(policy: Policy) -> str:
    return policy.files[0] if policy.files else policy.id


def _mistake(mutant: Mutant) -> str:
    return f"{mutant.id}{_place(mutant.span)}"


def _place(span: Span) -> str:
    return f"  ({span.file}:{span.line})" if span.line else ""


def _missed(policy: Policy, outcome: Outcome) -> Iterator[str]:
    mutant, facts = outcome.mutant, outcome.account
    yield f"not noticed: {_mistake(mutant)}"
    if outcome.fate is Fate.NOT_SETTLED:
        yield "  whether it changes anything is not settled: the solver gave up within its measure"
    elif facts is None:
        yield f"  {WITHOUT_ACCOUNT[mutant.shows]}"
    else:
        was, now = (meaning.decide(one, facts) for one in (policy, mutant.policy))
        yield f"  customer: {customer_text(Completing(policy), facts)}"
        yield from _both(was, now)


def _both(was: Decision, now: Decision) -> Iterator[str]:
    """What is said of the one decision and not of the other; where an account stands only where nothing else is."""
    said, other = ([*decision_lines(one), _points(one)] for one in (was, now))
    for word, mine, its in (("gets", said, other), ("would get", other, said)):
        lines = [line for line in mine if line and line not in its]
        told = [line for line in lines if not line.startswith("segment ")] or lines or ["nothing of it"]
        yield f"    {word:<9} {'; '.join(told)}"


def _points(decision: Decision) -> str:
    return "" if decision.points else "no worklist points"


def as_json(policy: Policy, score: Score) -> dict[str, Any]:
    """The score as a JSON object."""
    return {
        "policy": policy.id,
        "file": _file(policy),
        "mistakes": len(score.outcomes),
        "noticeable": score.noticeable,
        "noticed": score.noticed,
        "mutants": [_record(policy, outcome) for outcome in score.outcomes],
    }


def _record(policy: Policy, outcome: Outcome) -> dict[str, Any]:
    mutant = outcome.mutant
    return {
        "mutant": mutant.id,
        "sort": mutant.sort.value,
        "shows_in": mutant.shows.value,
        "file": mutant.span.file,
        "line": mutant.span.line,
        "became": outcome.fate.value,
        "case": outcome.case or None,
        "customer": None if outcome.account is None else customer_text(Completing(policy), outcome.account),
    }


def proposed_text(proposals: Proposals) -> str:
    """The proposed cases as they would stand under `cases:`, each below the mistakes that it notices."""
    return "".join(f"{_notices(p.notices)}{p.text}" for p in proposals.cases)


def _notices(mutants: tuple[Mutant, ...]) -> str:
    more = f", and {count(len(mutants) - 1, 'more mistake')}" if len(mutants) > 1 else ""
    return f"  # notices {mutants[0].id}{more}\n"


def left_text(proposals: Proposals) -> str:
    """What is left for a ledger to notice, and what changes nothing."""
    if not proposals.left:
        return ""
    lines = [f"  {_mistake(mutant)}" for mutant in proposals.left]
    return "\n".join(["No customer by its facts can show these; a ledger may:", *lines]) + "\n"
