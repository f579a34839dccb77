"""What a policy reads: its conditions, and the fact columns that they come down to.

The book computes these columns, the engines read them. A set fact comes as one
yes/no column a member (`holds__credit`), since the members a policy can ask for
are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from duly.language.conditions import Condition, Includes, leaves
from duly.language.made_once import made_once
from duly.language.policy import Clock, Policy
from duly.language.vocabulary import (
    ACCOUNT,
    ACCOUNT_FACTS,
    EXCEPTION_FACTS,
    Fact,
    Layer,
    Names,
    Type,
)
from duly.source import Span

OWN = "__own"
"""Ends the name of a money fact in the account's own currency."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A condition of a policy: where it stands, and the layer in which it is asked."""

    path: str
    span: Span
    layer: Layer
    condition: Condition


def account_conditions(policy: Policy) -> Iterator[Reading]:
    """Every condition on an account that takes part in a decision, layer by layer."""
    for segment in policy.segments:
        yield Reading(segment.path, segment.span, Layer.SEGMENT, segment.when)
    for pause in policy.account_pauses:
        yield Reading(pause.path, pause.span, Layer.PAUSE, pause.when)
    for stage in policy.stages():
        yield Reading(stage.path, stage.span, Layer.STAGE, stage.when)
    for limit in policy.tone_limits:
        yield Reading(limit.path, limit.span, Layer.TONE, limit.when)
    for rule in policy.sales:
        yield Reading(rule.path, rule.span, Layer.SALES, rule.when)
    for hold in policy.holds:
        yield Reading(hold.path, hold.place_span, Layer.HOLDS, hold.place)
        yield Reading(hold.path, hold.release_span, Layer.HOLDS, hold.release)
    for limit_rule in policy.credit_limits:
        yield Reading(limit_rule.path, limit_rule.span, Layer.LIMITS, limit_rule.when)
    for points in policy.worklist:
        yield Reading(points.path, points.span, Layer.WORKLIST, points.when)


@made_once
def clocks(policy: Policy) -> tuple[Clock, ...]:
    """The clocks that the stages count by, each once, in the order written."""
    return tuple(dict.fromkeys(stage.after.clock for stage in policy.stages() if stage.after))


def members(policy: Policy, fact: Fact) -> tuple[str, ...]:
    """The members of a choice or set: those the vocabulary or the policy names, or, for free marks, those asked for."""
    match fact.named_by:
        case None if fact.members:
            return fact.members
        case None:
            asked = (leaf for r in account_conditions(policy) for leaf in leaves(r.condition))
            return tuple(sorted({a.member for a in asked if isinstance(a, Includes) and a.fact == fact.name}))
        case Names.SEGMENTS:
            return tuple(segment.id for segment in policy.segments)
        case Names.STAGES:
            return policy.stage_ids
        case Names.TONES:
            return policy.tones
        case Names.LADDERS:
            return tuple(ladder.id for ladder in policy.ladders)
        case Names.PAUSES:
            return tuple(pause.id for pause in policy.account_pauses)
        case Names.SALES:
            return tuple(rule.id for rule in policy.sales)
        case Names.HOLDS:
            return tuple(hold.id for hold in policy.holds)


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of the account facts; `member` is set for a member of a set fact, `clock` for a clock."""

    name: str
    type: Type
    fact: str
    member: str = ""
    clock: Clock | None = None
    stage: str = ""
    unknown: bool = False


@made_once
def fact_columns(policy: Policy) -> tuple[FactColumn, ...]:
    """Every column of the account facts that this policy's decisions can read, in a fixed order.

    The vocabulary's account facts, money in the account's own currency where a
    threshold is given by currency, a column a member for sets, the clocks, days
    and times of every stage, and what exceptions say.
    """
    columns: list[FactColumn] = []
    own = {
        name
        for reading in account_conditions(policy)
        for leaf in leaves(reading.condition)
        if (name := leaf.fact).endswith(OWN)
    }
    for fact in ACCOUNT_FACTS:
        if fact.type is Type.SET:
            columns += [
                FactColumn(f"{fact.name}__{member}", Type.YES_NO, fact.name, member=member)
                for member in members(policy, fact)
            ]
            continue
        columns.append(FactColumn(fact.name, fact.type, fact.name, unknown=fact.unknown))
        if fact.name + OWN in own:
            columns.append(FactColumn(fact.name + OWN, Type.MONEY, fact.name, unknown=fact.unknown))
    columns += [FactColumn(c.fact, Type.NUMBER, c.fact, clock=c, unknown=True) for c in clocks(policy)]
    for stage in policy.stage_ids:
        columns.append(
            FactColumn(f"days_since__{stage}", Type.NUMBER, f"days_since__{stage}", stage=stage, unknown=True)
        )
        columns.append(FactColumn(f"times__{stage}", Type.NUMBER, f"times__{stage}", stage=stage))
    columns += [FactColumn(fact.name, fact.type, fact.name) for fact in EXCEPTION_FACTS]
    return tuple(columns)


def facts_needed(policy: Policy) -> tuple[tuple[Fact, Span], ...]:
    """The account facts that the policy's conditions read, each with the place that reads it first."""
    needed: dict[str, tuple[Fact, Span]] = {}
    for reading in account_conditions(policy):
        for leaf in leaves(reading.condition):
            fact = ACCOUNT.get(leaf.fact.removesuffix(OWN))
            if fact is not None:
                needed.setdefault(fact.name, (fact, leaf.span if leaf.span.line else reading.span))
    return tuple(needed.values())
