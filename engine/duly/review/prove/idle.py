"""Rules that can never act: for no account that can exist do they bring anything about.

A segment is idle where those before it take every account that it asks for, together if
not one by one; the fewest that do so are named. A stage is idle where it is never
proposed, a tone limit where it never lowers a tone, a sales rule where sales is never
asked, a hold where it is never placed or never released, a pause, a credit limit rule
and worklist points where their condition never holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from duly.language.conditions import Condition, Includes
from duly.language.policy import ASK_NOTHING, Policy, ToneLimit
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.symbolic import decide
from duly.rules.decision import NONE
from duly.source import Span


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that never acts, and the rules that see to that, where they can be named."""

    rule: str
    span: Span
    culprits: tuple[str, ...] = ()


def idle_rules(policy: Policy, *, measure: int = MEASURE) -> tuple[Idle, ...]:
    """Every rule of the policy that can never act, in the order of the layers; what cannot be settled is left out."""
    return tuple(_Looking(policy, measure).found())


class _Looking:
    def __init__(self, policy: Policy, measure: int) -> None:
        self.policy = policy
        self.search = Search([policy], measure=measure)
        self.ask = self.search.ask
        self.outcome = decide(policy, self.ask, self.search.account.facts)

    def found(self) -> Iterator[Idle]:
        policy = self.policy
        yield from self.segments()
        for pause in policy.account_pauses:
            if self.never(self.holds(pause.when)):
                yield Idle(f"pause {pause.id}", pause.span)
        for stage in policy.stages():
            if self.never(self.is_word("step", stage.id)):
                yield Idle(f"stage {stage.id}", stage.span)
        for limit in policy.tone_limits:
            if self.never(self.lowers(limit)):
                yield Idle(f"tone limit {limit.id}", limit.span)
        for rule in policy.sales:
            acts = self.holds(rule.when) if rule.ask == ASK_NOTHING else self.includes("asked_today", rule.id)
            if self.never(acts):
                yield Idle(f"sales {rule.id}", rule.span)
        for hold in policy.holds:
            if self.never(self.includes("placed_today", hold.id)):
                yield Idle(f"hold {hold.id}: place", hold.place_span)
            if self.never(self.includes("released_today", hold.id)):
                yield Idle(f"hold {hold.id}: release", hold.release_span)
        for limit_rule in policy.credit_limits:
            if self.never(self.includes("limits", limit_rule.id)):
                yield Idle(f"credit limit {limit_rule.id}", limit_rule.span)
        for points in policy.worklist:
            if self.never(self.holds(points.when)):
                yield Idle(f"points {points.id}", points.span)

    def segments(self) -> Iterator[Idle]:
        """Segments that those before them leave nobody; the fewest of those that do."""
        before: list[tuple[str, z3.BoolRef]] = []
        for segment in self.policy.segments:
            own = self.holds(segment.when)
            if self.never(own, *(z3.Not(taken) for _, taken in before)):
                culprits = list(before)
                for one in before:
                    fewer = [other for other in culprits if other is not one]
                    if self.never(own, *(z3.Not(taken) for _, taken in fewer)):
                        culprits = fewer
                yield Idle(f"segment {segment.id}", segment.span, tuple(f"segment {id_}" for id_, _ in culprits))
            before.append((segment.id, own))

    def lowers(self, limit: ToneLimit) -> z3.BoolRef:
        """That a step would have a harsher tone without the limit."""
        tones = self.policy.tones
        allowed = self.ask.either(*(self.is_word("tone", tone) for tone in tones[: tones.index(limit.at_most) + 1]))
        harsher = [s.id for s in self.policy.stages() if s.tone and tones.index(s.tone) > tones.index(limit.at_most)]
        step = self.ask.either(*(self.is_word("step", id_) for id_ in harsher))
        return self.ask.both(self.holds(limit.when), step, allowed)

    def never(self, *wanted: z3.BoolRef) -> bool:
        try:
            return not self.search.is_possible(*wanted)
        except Unsettled:
            return False

    def holds(self, condition: Condition) -> z3.BoolRef:
        return self.ask.holds(condition, self.outcome)

    def includes(self, fact: str, member: str) -> z3.BoolRef:
        return self.ask.holds(Includes(fact, member), self.outcome)

    def is_word(self, fact: str, word: str) -> z3.BoolRef:
        return self.outcome[fact].value == self.ask.word(word or NONE)
