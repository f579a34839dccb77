"""How a decision came about: every rule asked, layer by layer, with the values it read.

A trace is made by asking the same trees that `meaning` asks, in the same
order, so it cannot tell another story than the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from duly.language.conditions import ALWAYS, Condition, Facts, Value, leaves, truth
from duly.language.policy import ASK_NOTHING, Ladder, Policy, Stage
from duly.language.vocabulary import Layer
from duly.rules import layers
from duly.rules.decision import NONE, Decision
from duly.source import Span


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule as it was asked: whether it held (None: unknown) and what it read."""

    layer: Layer
    rule: str
    span: Span
    condition: Condition
    answer: bool | None
    read: tuple[tuple[str, Value], ...]
    because: str = ""


def trace(policy: Policy, facts: Facts, decision: Decision) -> tuple[Asked, ...]:
    """Every rule that was asked about the account, in the order of the layers.

    `decision` is what `meaning.decide` gave for the same policy and facts.
    """
    known: dict[str, Value] = {**facts, **decided(decision)}
    return tuple(_asked(known, *rule) for rule in _rules(policy, decision))


def decided(decision: Decision) -> dict[str, Value]:
    """The facts that the decision itself gives, by their vocabulary names."""
    return {
        "segment": decision.segment,
        "ladder": decision.ladder,
        "executed_stage": decision.executed_stage,
        "pauses": frozenset(decision.pauses),
        "paused": decision.paused,
        "stage": decision.stage,
        "step": decision.step,
        "put_off": decision.put_off,
        "tone": decision.tone,
        "asked_today": frozenset(decision.asks),
        "placed_today": frozenset(decision.place),
        "released_today": frozenset(decision.release),
        "points": decision.points,
    }


def values_read(condition: Condition, facts: Facts) -> tuple[tuple[str, Value], ...]:
    """The facts that a condition reads with their values, each once, in the order written."""
    return tuple((name, facts[name]) for name in _names(condition))


@lru_cache(maxsize=4096)
def _names(condition: Condition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.fact for leaf in leaves(condition)))


_Rule = tuple[Layer, str, Span, Condition, str]


def _rules(policy: Policy, decision: Decision) -> Iterator[_Rule]:
    for segment in policy.segments:
        yield Layer.SEGMENT, f"segment {segment.id}", segment.span, segment.when, segment.because
        if segment.id == decision.segment:
            break
    for pause in policy.account_pauses:
        yield Layer.PAUSE, f"pause {pause.id}", pause.span, pause.when, pause.because
    if decision.ladder != NONE:
        ladder = policy.ladder(decision.ladder)
        yield Layer.STAGE, "too small to chase", policy.late.span, layers.too_small(policy), ""
        for stage in ladder.stages:
            yield from _stage_rules(policy, ladder, stage, decision)
    for limit in policy.tone_limits:
        rule = f"tone limit {limit.id} (at most {limit.at_most})"
        yield Layer.TONE, rule, limit.span, limit.when, limit.because
    for rule_ in policy.sales:
        asks = "stand down" if rule_.ask == ASK_NOTHING else rule_.ask
        yield Layer.SALES, f"sales {rule_.id} ({asks})", rule_.span, rule_.when, rule_.because
        if rule_.id in decision.tells:
            unanswered = f"sales {rule_.id}: unanswered, tell {rule_.unanswered_tell}"
            yield Layer.SALES, unanswered, rule_.span, layers.tells(rule_), rule_.because
    for hold in policy.holds:
        yield Layer.HOLDS, f"hold {hold.id}: place", hold.place_span, hold.place, hold.because
        if hold.needs is not None and hold.id in (*decision.place, *decision.hold_waits):
            may = layers.may_place(policy, hold)
            yield Layer.HOLDS, f"hold {hold.id}: nothing keeps it back", hold.needs.span, may, hold.needs.because
        yield Layer.HOLDS, f"hold {hold.id}: release", hold.release_span, layers.releases(hold), hold.because
    for limit_rule in policy.credit_limits:
        asked = layers.reviews_limit(limit_rule)
        yield Layer.LIMITS, f"credit limit {limit_rule.id}", limit_rule.span, asked, limit_rule.because
    for points in policy.worklist:
        yield Layer.WORKLIST, f"points {points.id} ({points.add:+d})", points.span, points.when, points.because


def _stage_rules(policy: Policy, ladder: Ladder, stage: Stage, decision: Decision) -> Iterator[_Rule]:
    if stage.when != ALWAYS:
        yield Layer.STAGE, f"stage {stage.id}: when", stage.span, stage.when, stage.because
    if stage.after is not None:
        yield Layer.STAGE, f"stage {stage.id}: after", stage.after.span, stage.reached, stage.after.because
    if stage.id == decision.next_stage:
        yield Layer.STAGE, f"stage {stage.id}: may be next", stage.span, layers.eligible(ladder, stage), ""
        yield Layer.STAGE, f"stage {stage.id}: minimum gap", ladder.span, layers.gap_is_open(ladder, stage), ""
        cap = policy.limits.contacts_per_customer
        if cap is not None:
            yield Layer.STAGE, f"stage {stage.id}: contact cap", cap.span, layers.cap_allows(policy, stage), cap.because


def _asked(known: Facts, layer: Layer, rule: str, span: Span, condition: Condition, because: str) -> Asked:
    return Asked(layer, rule, span, condition, truth(condition, known), values_read(condition, known), because)
