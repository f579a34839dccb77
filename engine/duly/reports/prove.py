"""What became of a policy's guarantees, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from duly.language.conditions import Value
from duly.language.policy import Policy
from duly.language.vocabulary import LARGEST, MANY_DAYS
from duly.plan.document import plain
from duly.reports.explanation import decision_lines, shown
from duly.reports.plan import count
from duly.reports.story import story_lines, story_record
from duly.reports.terminal import printable
from duly.review.prove.customers import OnBook
from duly.review.prove.finding import Sort
from duly.review.prove.findings import Findings
from duly.review.prove.idle import Idle
from duly.review.prove.over_time.endless import Endless
from duly.review.prove.proof import Counterexample, Proof, Verdict

SAID = {
    Verdict.PROVED: "proved for every account that can exist",
    Verdict.DISPROVED: "does not hold",
    Verdict.NOT_PROVED: "not proved",
    Verdict.EMPTY: "says nothing",
}


FOUND = {
    Sort.SOFTER_LATER: "Softer with more days late, all else equal",
    Sort.LEFT_OUT: "Late, and no stage is ever for them",
    Sort.STUCK_BETWEEN: "Between two thresholds, and for neither stage",
    Sort.PLACED_AND_RELEASED: "Placed one day and released the next",
}


def as_text(policy: Policy, proofs: Sequence[Proof], findings: Findings, on_book: OnBook | None = None) -> str:
    """The proofs for the terminal, counterexamples in the order of the layers; of a book, its own customers."""
    return "\n".join((*_lines(policy, proofs, on_book), *_beside(policy, findings))) + "\n"


def _beside(policy: Policy, findings: Findings) -> Iterator[str]:
    """What was found that nobody promised otherwise."""
    yield from _idle(findings.idle)
    yield from _found(policy, findings)
    yield from _endless_lines(policy, findings.endless)
    if findings.unsettled:
        yield ""
        yield "Not settled, since the solver gave up within its measure:"
        yield from (f"  {question}" for question in findings.unsettled)
    if findings.not_looked_at:
        yield ""
        yield "Not looked at:"
        yield from (f"  {question}" for question in findings.not_looked_at)


def _found(policy: Policy, findings: Findings) -> Iterator[str]:
    for sort, heading in FOUND.items():
        those = [finding for finding in findings.found if finding.sort is sort]
        if those:
            yield ""
            yield f"{heading}:"
        for finding in those:
            yield f"  {finding.message}  ({finding.span.file}:{finding.span.line})"
            yield from (f"    {line}" for line in _counterexample(policy, finding.shown_on, "for example a customer:"))


def _lines(policy: Policy, proofs: Sequence[Proof], on_book: OnBook | None) -> Iterator[str]:
    held = sum(proof.verdict is Verdict.PROVED for proof in proofs)
    name = policy.title or policy.id
    yield f"{name}: {held} of {count(len(proofs), 'guarantee')} proved"
    for proof in proofs:
        place = proof.guarantee.span
        why = f": {proof.why}" if proof.why else ""
        yield ""
        yield f"{proof.guarantee.id}: {f'proved {proof.how}' if proof.how else SAID[proof.verdict]}{why}"
        if proof.guarantee.assuming:
            yield f"  assuming {', '.join(one.name for one in proof.guarantee.assuming)}"
        yield from (f"  {note}" for note in proof.notes)
        if proof.verdict is not Verdict.PROVED:
            yield f"  written at {place.file}:{place.line}"
        if proof.counterexample is not None:
            yield from (f"  {line}" for line in _broken(policy, proof.guarantee.id, proof.counterexample, on_book))
        if proof.story is not None:
            yield from (f"  {line}" for line in story_lines(policy, proof.story))


def _idle(idle: Sequence[Idle]) -> Iterator[str]:
    if idle:
        yield ""
        yield "Never acts, for no account that can exist:"
        for one in idle:
            because = f", because of {' and '.join(one.culprits)}" if one.culprits else ""
            yield f"  {one.rule}{because}  ({one.span.file}:{one.span.line})"


def _endless_lines(policy: Policy, endless: Iterable[Endless]) -> Iterator[str]:
    for one in endless:
        place = one.stage.span
        yield ""
        yield f"{endless_text(one)}  ({place.file}:{place.line})"
        yield from (f"  {line}" for line in story_lines(policy, one.story, "a run of days on which it does:"))


def endless_text(one: Endless) -> str:
    """What keeps a stage waiting for ever, as a sentence."""
    if one.repeated is None:
        return f"Stage {one.stage.id} can wait for ever: its day never comes"
    return f"Stage {one.stage.id} can wait for ever: repeats of {one.repeated.id} keep its day from coming"


def _broken(policy: Policy, guarantee: str, found: Counterexample, on_book: OnBook | None) -> Iterator[str]:
    """Who breaks it: somebody of the book where there is one, else a customer who could be."""
    if on_book is None:
        yield from _counterexample(policy, found)
        return
    broken = on_book.broken[guarantee]
    accounts = f"the {count(on_book.accounts, 'account')} of the book"
    if broken.shown_on is None or broken.key is None:
        opening = f"broken on {on_book.as_of} by none of {accounts}; a customer like this would:"
        yield from _counterexample(policy, found, opening)
        return
    yield f"broken on {on_book.as_of} by {broken.accounts:,} of {accounts}"
    creditor, customer, item = broken.key
    of = f", {printable(item)}" if item else ""
    who = " ".join(printable(part) for part in (customer, broken.name) if part)
    yield from _counterexample(policy, broken.shown_on, f"{who}, owed to {printable(creditor)}{of}, breaks it:")


def _counterexample(
    policy: Policy, found: Counterexample, opening: str = "a customer like this breaks it:"
) -> Iterator[str]:
    yield opening
    width = max((len(name) for name, _ in found.facts), default=0)
    for name, value in found.facts:
        yield f"  {name:<{width}}  {_value(policy, found, name, value)}"
    yield f"  every other fact {'that is read ' * found.is_real}is 0, no, none, unknown or empty"
    yield "it gets:"
    yield from (f"  {line}" for line in decision_lines(found.decision))
    if found.other_decision is not None:
        differs = ", ".join(f"`{name}` {shown(policy, name, value)}" for name, value in found.other)
        yield f"another that differs only in {differs} gets:"
        yield from (f"  {line}" for line in decision_lines(found.other_decision))


def _value(policy: Policy, found: Counterexample, name: str, value: Value) -> str:
    said = shown(policy, name, value)
    if (span := found.ranges.get(name)) is None:
        return said
    if span.most in {LARGEST, MANY_DAYS}:
        return f"{said}  (so from {shown(policy, name, span.least)} on)"
    return f"{said}  (so from {shown(policy, name, span.least)} to {shown(policy, name, span.most)})"


def as_json(
    policy: Policy, proofs: Iterable[Proof], findings: Findings, on_book: OnBook | None = None
) -> dict[str, Any]:
    """The proofs as a JSON object."""
    return {
        "policy": policy.id,
        "guarantees": [_record(proof) for proof in proofs],
        "never_acts": [
            {"rule": one.rule, "file": one.span.file, "line": one.span.line, "because_of": list(one.culprits)}
            for one in findings.idle
        ],
        "found": [
            {
                "name": finding.sort.value,
                "message": finding.message,
                "file": finding.span.file,
                "line": finding.span.line,
                "shown_on": _shown_on(finding.shown_on),
            }
            for finding in findings.found
        ],
        "waits_for_ever": [
            {
                "stage": one.stage.id,
                "repeated": one.repeated.id if one.repeated else None,
                "file": one.stage.span.file,
                "line": one.stage.span.line,
                "story": story_record(one.story),
            }
            for one in findings.endless
        ],
        "not_settled": list(findings.unsettled),
        "not_looked_at": list(findings.not_looked_at),
        "book": None if on_book is None else _book(on_book),
    }


def _book(on_book: OnBook) -> dict[str, Any]:
    return {
        "as_of": on_book.as_of.isoformat(),
        "accounts": on_book.accounts,
        "broken": {
            id_: {
                "accounts": broken.accounts,
                "shown_on": None
                if broken.key is None or broken.shown_on is None
                else {
                    **dict(zip(("creditor", "customer", "item"), broken.key, strict=True)),
                    "name": broken.name,
                    **_shown_on(broken.shown_on),
                },
            }
            for id_, broken in on_book.broken.items()
        },
    }


def _record(proof: Proof) -> dict[str, Any]:
    span, found = proof.guarantee.span, proof.counterexample
    return {
        "guarantee": proof.guarantee.id,
        "verdict": proof.verdict.value,
        "why": proof.why,
        "how": proof.how,
        "assuming": {one.name: str(one) for one in proof.guarantee.assuming},
        "notes": list(proof.notes),
        "file": span.file,
        "line": span.line,
        "story": None if proof.story is None else story_record(proof.story),
        "counterexample": None if found is None else _shown_on(found),
    }


def _shown_on(found: Counterexample) -> dict[str, Any]:
    return {
        "facts": {name: plain(value) for name, value in found.facts},
        "ranges": {name: [span.least, span.most] for name, span in found.ranges.items()},
        "differs_in": {name: plain(value) for name, value in found.other},
    }
