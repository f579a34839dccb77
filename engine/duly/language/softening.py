"""Facts that may soften what a customer is sent, and can never harden it, whatever a policy says.

Sales has to be able to say that a customer is in difficulty without fearing for it.
So a fact of the vocabulary that is marked `softens_only` is held to this: where it
comes to be true, the account gets the same stage or none, a tone no harsher, no hold
that it would not have got, and keeps no hold that it would have lost.

It is kept by construction. A policy is refused where such a fact could

- change a segment (hence the ladder) or a stage's `when`, in either direction: a stage
  that falls away may make room for a harsher one;
- make a hold fall, or keep one from being released;
- lift a tone limit or an account pause.

Sales, credit limits, the worklist and guarantees read it freely. What hangs on such a
fact carries it on: a word that names a pause, a sales rule or a hold which reads it
counts like the fact itself, and so does what a pause or a tone limit changes. What is
not followed is what people and customers make of it: a day on which sales has answered
is a day on which it has answered, whatever it said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from duly.language.conditions import All, Any, Condition, Includes, Is, Leaf, Not, leaves
from duly.language.policy import Climb, Policy, Stops
from duly.language.vocabulary import ACCOUNT
from duly.source import Problem, Span

NONE = "none"

SALES_SETS = ("sales_asked", "requests_open", "requests_answered", "requests_told", "asked_today")
"""Sets whose members are sales rules."""


class Moves(Enum):
    """What must not become of a condition when such a fact comes to be true."""

    NEITHER = "neither"
    """It must neither come to hold nor cease to."""
    NOT_UP = "not up"
    NOT_DOWN = "not down"


@dataclass(frozen=True, slots=True)
class Place:
    """A condition where such facts are held to something."""

    what: str
    condition: Condition
    span: Span
    may: Moves
    moot_if_paused: bool = False
    """Whether nothing comes of it anyhow where a pause stops the stages."""


def hardening(policy: Policy) -> Iterator[Problem]:
    """A problem for every place where the policy could harden by a fact that may only soften."""
    reached = _Reached.of(policy)
    for place in _places(policy):
        for leaf, rises, falls in reached.moves(place.condition, moot_if_paused=place.moot_if_paused):
            wrong_up = rises and place.may is not Moves.NOT_DOWN
            wrong_down = falls and place.may is not Moves.NOT_UP
            if wrong_up or wrong_down:
                yield _problem(place, leaf, reached.why(leaf))


def _places(policy: Policy) -> Iterator[Place]:
    for segment in policy.segments:
        yield Place(f"the segment `{segment.id}`", segment.when, segment.span, Moves.NEITHER)
    for pause in policy.account_pauses:
        yield Place(f"the pause `{pause.id}`", pause.when, pause.span, Moves.NOT_DOWN)
    for stage in policy.stages():
        yield Place(f"the stage `{stage.id}`", stage.when, stage.span, Moves.NEITHER)
    for limit in policy.tone_limits:
        yield Place(f"the tone limit `{limit.id}`", limit.when, limit.span, Moves.NOT_DOWN, moot_if_paused=True)
    for hold in policy.holds:
        yield Place(f"placing the hold `{hold.id}`", hold.place, hold.place_span, Moves.NOT_UP)
        yield Place(f"releasing the hold `{hold.id}`", hold.release, hold.release_span, Moves.NOT_DOWN)


def _problem(place: Place, leaf: Leaf, why: str) -> Problem:
    span = leaf.span if leaf.span.line else place.span
    if place.may is Moves.NOT_DOWN:
        return Problem(
            "may-harden",
            span,
            f"{place.what} would end with {why}, which may only soften",
            "let it begin with it: `financial_difficulty: true` or a reason by its word, outside `not`",
        )
    return Problem(
        "may-harden",
        span,
        f"{place.what} would hang on {why}, which may only soften",
        "read it in a tone limit or an account pause, in sales, credit_limits or the worklist",
    )


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far such facts reach into a policy: the rules and the decided facts that hang on them."""

    policy: Policy
    pauses: frozenset[str] = frozenset()
    sales: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    tone: bool = False

    @staticmethod
    def of(policy: Policy) -> _Reached:
        """Everything that they reach, rule by rule until there is no more."""
        reached, before = _Reached(policy), None
        while reached != before:
            reached, before = reached.further(), reached
        return reached

    def further(self) -> _Reached:
        """What they reach by one rule more."""
        policy = self.policy
        pauses = frozenset(p.id for p in policy.account_pauses if self.touches(p.when))
        quiet = any(Stops.SALES in p.stops for p in policy.account_pauses if p.id in pauses)
        stand_down = any(self.touches(rule.when) for rule in policy.sales if rule.stands_down)
        asking = policy.sales if quiet or stand_down else [rule for rule in policy.sales if self.touches(rule.when)]
        return _Reached(
            policy,
            pauses,
            frozenset(rule.id for rule in asking),
            frozenset(hold.id for hold in policy.holds if self.touches(hold.release)),
            any(self.touches(limit.when) for limit in policy.tone_limits),
        )

    def touches(self, condition: Condition) -> bool:
        """Say whether the condition reads what they reach."""
        return any(rises or falls for leaf in leaves(condition) for rises, falls in (self._leaf(leaf),))

    @property
    def stopping(self) -> frozenset[str]:
        """The pauses reached that stop the stages."""
        return frozenset(p.id for p in self.policy.account_pauses if p.id in self.pauses and Stops.STAGES in p.stops)

    def moves(
        self, condition: Condition, *, moot_if_paused: bool, up: bool = True
    ) -> Iterator[tuple[Leaf, bool, bool]]:
        """The tests reached, each with whether it can make the condition hold and whether it can end it."""
        match condition:
            case All(parts) | Any(parts):
                for part in parts:
                    yield from self.moves(part, moot_if_paused=moot_if_paused, up=up)
            case Not(part):
                yield from self.moves(part, moot_if_paused=moot_if_paused, up=not up)
            case leaf if moot_if_paused and self._is_moot(leaf):
                pass
            case leaf:
                rises, falls = self._leaf(leaf)
                if rises or falls:
                    yield (leaf, rises, falls) if up else (leaf, falls, rises)

    def _is_moot(self, leaf: Leaf) -> bool:
        """Say whether nothing is sent anyhow where the test changes: the stages are stopped then."""
        named = isinstance(leaf, Includes) and leaf.fact == "pauses" and leaf.member in self.stopping
        return named or leaf.fact == "paused"

    def _leaf(self, leaf: Leaf) -> tuple[bool, bool]:
        """Whether a test can turn to yes and whether it can turn to no when such a fact comes to be true."""
        match leaf:
            case Includes("pauses" | "tasks_given", member):
                return member in self.pauses, False
            case Includes("holds", member):
                return False, member in self.holds
            case Includes("released_today", member):
                return member in self.holds, False
            case Includes(fact, member) if fact in SALES_SETS:
                return member in self.sales, member in self.sales
            case Is(fact, values):
                return self._is(fact, frozenset(values))
            case _:
                return False, False

    def _is(self, fact: str, values: frozenset[object]) -> tuple[bool, bool]:
        known = ACCOUNT.get(fact)
        if known is not None and known.softens_only:
            nothing = {False, NONE}
            return bool(values - nothing), bool(values & nothing)
        stopped = bool(self.stopping)
        match fact:
            case "paused":
                return stopped and True in values, stopped and False in values
            case "put_off":
                return stopped and False in values, stopped and True in values
            case "step":
                return stopped and NONE in values, stopped and bool(values - {NONE})
            case "stage":
                return stopped and not self._reaches_up(values), stopped
            case "tone":
                softer = not _is_upper_end(self.policy.tones, values)
                return (stopped or self.tone) and softer, stopped or self.tone
            case _:
                return False, False

    def _reaches_up(self, values: frozenset[object]) -> bool:
        """Say whether the stages are, on every ladder, some stage and all above it, so that no lower one is of them."""
        return NONE not in values and all(
            ladder.climb is not Climb.FOLLOWS_FACTS and _is_upper_end(tuple(s.id for s in ladder.stages), values)
            for ladder in self.policy.ladders
        )

    def why(self, leaf: Leaf) -> str:
        """What the test hangs on, in words."""
        known = ACCOUNT.get(leaf.fact)
        if known is not None and known.softens_only:
            return f"`{leaf.fact}`"
        named = f"`{leaf.member}`" if isinstance(leaf, Includes) else f"`{leaf.fact}`"
        return f"{named}, and that with {' and '.join(f'`{name}`' for name in self._sources())}"

    def _sources(self) -> tuple[str, ...]:
        """The marked facts that the policy's rules read, by name."""
        rules: Mapping[str, None] = {
            leaf.fact: None
            for when in (
                *(pause.when for pause in self.policy.account_pauses),
                *(limit.when for limit in self.policy.tone_limits),
                *(rule.when for rule in self.policy.sales),
                *(hold.release for hold in self.policy.holds),
            )
            for leaf in leaves(when)
            if (known := ACCOUNT.get(leaf.fact)) is not None and known.softens_only
        }
        return tuple(sorted(rules))


def _is_upper_end(order: tuple[str, ...], values: frozenset[object]) -> bool:
    """Say whether the values are the end of the order from some place on, and nothing else of it."""
    inside = [word in values for word in order]
    return inside == sorted(inside) and NONE not in values
