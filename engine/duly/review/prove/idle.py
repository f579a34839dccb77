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

from duly.language.policy import ASK_NOTHING, Policy, ToneLimit
from duly.review.prove.search import MEASURE, Unsettled
from duly.review.prove.subject import Subject
from duly.source import Span


@dataclass(frozen=True, slots=True)
class Acting:
    """A rule, and the formula that it acts: `kind` is the word for what it is."""

    kind: str
    id: str
    rule: str
    span: Span
    acts: z3.BoolRef
    ladder: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the rule from every other one of the policy."""
        return self.kind, self.id, self.ladder


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that never acts, and the rules that see to that, where they can be named."""

    rule: str
    span: Span
    culprits: tuple[str, ...] = ()


def acting(said: Subject) -> Iterator[Acting]:
    """Every rule of the policy with the formula that it acts, in the order of the layers."""
    policy = said.policy
    # The last segment takes whoever is left, be it nobody.
    for segment in policy.segments[:-1]:
        chosen = said.is_word("segment", segment.id)
        yield Acting("segment", segment.id, f"segment {segment.id}", segment.span, chosen)
    for pause in policy.account_pauses:
        yield Acting("pause", pause.id, f"pause {pause.id}", pause.span, said.holds(pause.when))
    for ladder in policy.ladders:
        for stage in ladder.stages:
            # What is repeated was executed before, which it never was where it cannot act a first time.
            once = z3.Not(said.outcome["repeat"].value)
            acts = said.ask.both(said.is_word("ladder", ladder.id), said.is_word("step", stage.id), once)
            yield Acting("stage", stage.id, f"stage {stage.id}", stage.span, acts, ladder.id)
    for limit in policy.tone_limits:
        yield Acting("tone limit", limit.id, f"tone limit {limit.id}", limit.span, _lowers(said, limit))
    for rule in policy.sales:
        acts = said.holds(rule.when) if rule.ask == ASK_NOTHING else said.includes("asked_today", rule.id)
        yield Acting("sales", rule.id, f"sales {rule.id}", rule.span, acts)
    for hold in policy.holds:
        placed, released = said.includes("placed_today", hold.id), said.includes("released_today", hold.id)
        yield Acting("hold placed", hold.id, f"hold {hold.id}: place", hold.place_span, placed)
        yield Acting("hold released", hold.id, f"hold {hold.id}: release", hold.release_span, released)
    for limit_rule in policy.credit_limits:
        proposed = said.includes("limits", limit_rule.id)
        yield Acting("credit limit", limit_rule.id, f"credit limit {limit_rule.id}", limit_rule.span, proposed)
    for points in policy.worklist:
        yield Acting("points", points.id, f"points {points.id}", points.span, said.holds(points.when))


def _lowers(said: Subject, limit: ToneLimit) -> z3.BoolRef:
    """That a step has the tone of the limit, a harsher one without it, and no limit before it says the same."""
    tones, limits = said.policy.tones, said.policy.tone_limits
    harsher = [s.id for s in said.policy.stages() if s.tone and tones.index(s.tone) > tones.index(limit.at_most)]
    same = [said.holds(o.when) for o in limits[: limits.index(limit)] if o.at_most == limit.at_most]
    step, tone = said.is_word("step", *harsher), said.is_word("tone", limit.at_most)
    return said.ask.both(said.holds(limit.when), step, tone, *(z3.Not(other) for other in same))


def idle_rules(policy: Policy, *, measure: int = MEASURE, subject: Subject | None = None) -> tuple[Idle, ...]:
    """Every rule of the policy that can never act, in the order of the layers; what cannot be settled is left out.

    `subject` is the policy's own, where there is one already.
    """
    return idle_or_unsettled(subject or Subject(policy, measure=measure))[0]


def idle_or_unsettled(subject: Subject) -> tuple[tuple[Idle, ...], tuple[str, ...]]:
    """Every rule that can never act, and every one of which that could not be settled."""
    looking = _Looking(subject)
    return tuple(looking.found()), tuple(looking.unsettled)


class _Looking:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.policy = subject.policy
        self.unsettled: list[str] = []

    def found(self) -> Iterator[Idle]:
        rules = tuple(acting(self.subject))
        idle = []
        with self.subject.by_name([one.acts] for one in rules) as names:
            for one, acts in zip(rules, names, strict=True):
                try:
                    idle += [] if self.subject.is_possible(acts) else [one]
                except Unsettled:
                    self.unsettled.append(f"whether {one.rule} can act")
        for one in idle:
            yield Idle(one.rule, one.span, self.culprits(one.id) if one.kind == "segment" else ())

    def culprits(self, id_: str) -> tuple[str, ...]:
        """The fewest segments before this one that leave it nobody."""
        ids = [segment.id for segment in self.policy.segments]
        own, *before = (
            self.subject.holds(segment.when)
            for segment in (self.policy.segments[ids.index(id_)], *self.policy.segments[: ids.index(id_)])
        )
        culprits = list(zip(ids, before, strict=False))
        for one in tuple(culprits):
            fewer = [other for other in culprits if other is not one]
            if self.never(own, *(z3.Not(taken) for _, taken in fewer)):
                culprits = fewer
        return tuple(f"segment {other}" for other, _ in culprits)

    def never(self, *wanted: z3.BoolRef) -> bool:
        try:
            return not self.subject.is_possible(*wanted)
        except Unsettled:
            return False
