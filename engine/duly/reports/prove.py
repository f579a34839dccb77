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
from duly.review.prove.idle import Idle
from duly.review.prove.proof import Counterexample, Proof, Verdict

SAID = {
    Verdict.PROVED: "proved for every account that can exist",
    Verdict.DISPROVED: "does not hold",
    Verdict.NOT_PROVED: "not proved",
    Verdict.EMPTY: "says nothing",
}


def as_text(policy: Policy, proofs: Sequence[Proof], idle: Sequence[Idle]) -> str:
    """The proofs for the terminal, counterexamples in the order of the layers."""
    return "\n".join(_lines(policy, proofs, idle)) + "\n"


def _lines(policy: Policy, proofs: Sequence[Proof], idle: Sequence[Idle]) -> Iterator[str]:
    held = sum(proof.verdict is Verdict.PROVED for proof in proofs)
    name = policy.title or policy.id
    yield f"{name}: {held} of {count(len(proofs), 'guarantee')} proved"
    for proof in proofs:
        place = proof.guarantee.span
        why = f": {proof.why}" if proof.why else ""
        yield ""
        yield f"{proof.guarantee.id}: {SAID[proof.verdict]}{why}"
        if proof.verdict is not Verdict.PROVED:
            yield f"  written at {place.file}:{place.line}"
        if proof.counterexample is not None:
            yield from (f"  {line}" for line in _counterexample(policy, proof.counterexample))
    if idle:
        yield ""
        yield "Never acts, for no account that can exist:"
        for one in idle:
            because = f", because of {' and '.join(one.culprits)}" if one.culprits else ""
            yield f"  {one.rule}{because}  ({one.span.file}:{one.span.line})"


def _counterexample(policy: Policy, found: Counterexample) -> Iterator[str]:
    yield "a customer like this breaks it:"
    width = max((len(name) for name, _ in found.facts), default=0)
    for name, value in found.facts:
        yield f"  {name:<{width}}  {_value(policy, found, name, value)}"
    yield "  every other fact is 0, no, none, unknown or empty"
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


def as_json(policy: Policy, proofs: Iterable[Proof], idle: Iterable[Idle]) -> dict[str, Any]:
    """The proofs as a JSON object."""
    return {
        "policy": policy.id,
        "guarantees": [_record(proof) for proof in proofs],
        "never_acts": [
            {"rule": one.rule, "file": one.span.file, "line": one.span.line, "because_of": list(one.culprits)}
            for one in idle
        ],
    }


def _record(proof: Proof) -> dict[str, Any]:
    span, found = proof.guarantee.span, proof.counterexample
    return {
        "guarantee": proof.guarantee.id,
        "verdict": proof.verdict.value,
        "why": proof.why,
        "file": span.file,
        "line": span.line,
        "counterexample": None
        if found is None
        else {
            "facts": {name: plain(value) for name, value in found.facts},
            "ranges": {name: [span.least, span.most] for name, span in found.ranges.items()},
            "differs_in": {name: plain(value) for name, value in found.other},
        },
    }
