"""One customer explained, for the terminal or as JSON: facts, every rule that was asked, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from duly.language.conditions import Value
from duly.language.english import english, subject
from duly.language.policy import Policy
from duly.language.reads import OWN, fact_columns
from duly.language.vocabulary import ACCOUNT, Layer, Type
from duly.messages.tables import columns
from duly.money import format_minor
from duly.plan.actions import REASON_TEXT
from duly.plan.document import plain
from duly.plan.explanation import Explanation, Missing
from duly.reports.plan import value_text
from duly.reports.terminal import printable
from duly.rules.decision import NONE, Decision
from duly.rules.trace import Asked
from duly.rules.why_not import Change

ANSWER = {True: "holds", False: "no", None: "unknown"}


def as_text(policy: Policy, explanation: Explanation, name: str = "") -> str:
    """The explanation for the terminal."""
    return "\n".join(_lines(policy, explanation, name)) + "\n"


def _lines(policy: Policy, explanation: Explanation, name: str) -> Iterator[str]:
    account, decision = explanation.account, explanation.decision
    who = " ".join(part for part in (printable(account.customer), printable(name)) if part)
    item = f", {printable(account.item)}" if account.item else ""
    yield f"{who}, owed to {printable(account.creditor)}{item}, on {account.as_of}"
    yield ""
    yield from (f"  {line}" for line in decision_lines(decision))
    yield ""
    late = policy.late
    yield (
        f"Facts (days past due count from the {late.basis.value.replace('_', ' ')} in {late.day_count.value} days; "
        f"late from day {late.grace_days + 1})"
    )
    yield from columns(_facts(policy, explanation))
    yield "  every other fact is 0, no, none, unknown or empty"
    for layer, rules in groupby(explanation.asked, key=lambda asked: asked.layer):
        yield ""
        yield LAYER_WORDS[layer]
        for asked in rules:
            yield from _rule(policy, asked)
    if explanation.missing:
        yield ""
        yield "What does not happen today, and what it would take"
        for missing in explanation.missing:
            yield from _missing(policy, missing)


def decision_lines(decision: Decision) -> Iterator[str]:
    """What was decided, a line a thing."""
    yield f"segment {decision.segment}, ladder {decision.ladder}, stands on stage {decision.stage}"
    if decision.pauses:
        yield f"paused by {', '.join(decision.pauses)}"
    if decision.step != NONE:
        again = " again" if decision.repeat else ""
        tone = f", tone {decision.tone}" if decision.tone != NONE else ""
        yield f"today: stage {decision.step}{again}{tone}"
    elif decision.wait is not None:
        waiting = f" (stage {decision.next_stage})" if decision.next_stage != NONE else ""
        yield f"no stage today: {REASON_TEXT[decision.wait]}{waiting}"
    for rule in decision.asks:
        yield f"sales is asked: {rule}"
    for rule in decision.tells:
        yield f"sales has not answered, and it is told: {rule}"
    if decision.stood_down:
        yield "sales stands down"
    for hold in decision.place:
        yield f"hold placed: {hold}"
    for hold in decision.release:
        yield f"hold released: {hold}"
    for hold in decision.hold_waits:
        yield f"hold kept back: {hold}"
    for rule in decision.limits:
        yield f"credit limit rule holds: {rule}"
    if decision.points:
        yield f"worklist points: {decision.points}"


EMPTY: tuple[Value, ...] = (None, 0, False, "none", "", frozenset())
"""What a fact says that says nothing."""


def _facts(policy: Policy, explanation: Explanation) -> Iterator[tuple[str, ...]]:
    facts = explanation.account.facts
    for name in dict.fromkeys(column.fact for column in fact_columns(policy)):
        if facts[name] not in EMPTY:
            yield "  " + name, shown(policy, name, facts[name])


def shown(policy: Policy, name: str, value: Value) -> str:
    """A fact's value as people read it, money with its currency."""
    fact = ACCOUNT.get(name.removesuffix(OWN))
    if fact is not None and fact.type is Type.MONEY and isinstance(value, int) and not name.endswith(OWN):
        return format_minor(value, policy.currency)
    return value_text(value)


LAYER_WORDS = {
    Layer.SEGMENT: "Segment: the first that holds",
    Layer.PAUSE: "Pauses",
    Layer.STAGE: "Stages",
    Layer.TONE: "Tone limits",
    Layer.SALES: "Sales",
    Layer.HOLDS: "Holds",
    Layer.LIMITS: "Credit limits",
    Layer.WORKLIST: "Worklist points",
}


def _rule(policy: Policy, asked: Asked) -> Iterator[str]:
    place = f"  ({asked.span.file}:{asked.span.line})" if asked.span.line else ""
    yield f"  {ANSWER[asked.answer]:<8}{asked.rule}{place}"
    if asked.read:
        read = ", ".join(f"{subject(name)} {shown(policy, name, value)}" for name, value in asked.read)
        yield f"          asks: {english(asked.condition, policy.currency)}"
        yield f"          read: {read}"


def _missing(policy: Policy, missing: Missing) -> Iterator[str]:
    yield f"  {missing.what}"
    if missing.change is None:
        yield "    no change of one or two facts that was tried brings it"
    else:
        yield f"    if {' and '.join(_change(policy, change) for change in missing.change)}"
    if missing.next_day is None:
        yield "    no coming day brings it while nothing else changes"
    else:
        yield f"    on {missing.next_day}, if nothing else changes"


def _change(policy: Policy, change: Change) -> str:
    return (
        f"{change.fact} were {shown(policy, change.fact, change.then)} (it is {shown(policy, change.fact, change.now)})"
    )


def as_record(policy: Policy, explanation: Explanation, name: str = "") -> dict[str, Any]:
    """The explanation as a JSON object; money in minor units."""
    account, decision = explanation.account, explanation.decision
    return {
        "customer": account.customer,
        "name": name,
        "creditor": account.creditor,
        "item": account.item,
        "as_of": account.as_of.isoformat(),
        "anchor": account.anchor,
        "episode": account.episode,
        "decision": {
            "segment": decision.segment,
            "ladder": decision.ladder,
            "executed_stage": decision.executed_stage,
            "pauses": list(decision.pauses),
            "paused": decision.paused,
            "stage": decision.stage,
            "step": decision.step,
            "repeat": decision.repeat,
            "wait": decision.wait.value if decision.wait else None,
            "next_stage": decision.next_stage,
            "put_off": decision.put_off,
            "tone": decision.tone,
            "tasks": list(decision.tasks),
            "asks": list(decision.asks),
            "stood_down": decision.stood_down,
            "tells": list(decision.tells),
            "place": list(decision.place),
            "release": list(decision.release),
            "hold_waits": list(decision.hold_waits),
            "limits": list(decision.limits),
            "points": decision.points,
        },
        "facts": {name: plain(value) for name, value in sorted(account.facts.items())},
        "asked": [
            {
                "layer": asked.layer.name.lower(),
                "rule": asked.rule,
                "says": english(asked.condition, policy.currency),
                "answer": ANSWER[asked.answer],
                "values": {name: plain(value) for name, value in asked.read},
                "file": asked.span.file,
                "line": asked.span.line,
                "because": asked.because,
            }
            for asked in explanation.asked
        ],
        "missing": [
            {
                "what": missing.what,
                "change": None
                if missing.change is None
                else [{"fact": c.fact, "now": plain(c.now), "then": plain(c.then)} for c in missing.change],
                "next_day": missing.next_day.isoformat() if missing.next_day else None,
            }
            for missing in explanation.missing
        ],
    }
