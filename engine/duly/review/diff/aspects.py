"""What two decisions about the same account can differ in, one thing at a time.

A change of points is not mixed with one of tone: what is sent, each request to sales,
each hold, each task and the points are held against each other by themselves. Where
the same stage is proposed by both policies and does something else in the new one
(another template, another approval), that is a difference, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import z3

from duly.language.policy import Policy, Task
from duly.review.prove.symbols import Asking, Symbols
from duly.rules.decision import NONE, Decision


class Way(Enum):
    """Which way an account is treated otherwise."""

    STRICTER = "stricter"
    SOFTER = "softer"
    DIFFERENT = "different"


class Kind(Enum):
    """What can differ, by the name of the decided fact; the gravest first."""

    PLACED = "placed_today"
    RELEASED = "released_today"
    STEP = "step"
    STAGE = "stage"
    PUT_OFF = "put_off"
    ASKED = "asked_today"
    STOOD_DOWN = "stood_down"
    TOLD = "tells"
    TASK = "tasks"
    LIMIT = "limits"
    POINTS = "points"


OF_SETS: Mapping[Kind, Callable[[Decision], tuple[str, ...]]] = {
    Kind.PLACED: lambda decision: decision.place,
    Kind.RELEASED: lambda decision: decision.release,
    Kind.ASKED: lambda decision: decision.asks,
    Kind.TOLD: lambda decision: decision.tells,
    Kind.TASK: lambda decision: decision.tasks,
    Kind.LIMIT: lambda decision: decision.limits,
}
"""The kinds that are settled for each rule by itself: the rules that acted."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that can differ; `rule` is the hold, request, task or limit rule that it is about."""

    kind: Kind
    rule: str = ""


Outcome = tuple[str | int | bool, ...]
"""What an account gets in one aspect: stage and tone, yes or no, or by how many points."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What an account gets in one aspect by the old policy and by the new one."""

    old: Outcome
    new: Outcome


class Aspects:
    """Everything in which decisions by two policies can differ."""

    def __init__(self, old: Policy, new: Policy) -> None:
        self.old = old
        self.new = new

    @cached_property
    def all(self) -> tuple[Aspect, ...]:
        """Every aspect, the gravest first."""
        return tuple(self._all())

    def _all(self) -> Iterator[Aspect]:
        named = {kind: _merged(_rules(self.old, kind), _rules(self.new, kind)) for kind in OF_SETS}
        for kind in Kind:
            if kind in named:
                yield from (Aspect(kind, rule) for rule in named[kind])
            else:
                yield Aspect(kind)

    @cached_property
    def otherwise(self) -> Mapping[Kind, frozenset[str]]:
        """What both policies have by the same id and carry out otherwise: stages by STEP, rules by their kind."""
        return {
            kind: frozenset(id_ for id_, does in one.items() if id_ in other and other[id_] != does)
            for kind in (Kind.STEP, *OF_SETS)
            for one, other in ((_carried_out(self.old, kind), _carried_out(self.new, kind)),)
        }

    # As values.

    def pair(self, aspect: Aspect, old: Decision, new: Decision) -> Pair | None:
        """What two decisions give in the aspect, or None where they give the same."""
        kind = aspect.kind
        match kind:
            case Kind.STEP:
                one, other = (old.step, old.tone), (new.step, new.tone)
                return Pair(one, other) if one != other or old.step in self.otherwise[kind] else None
            case Kind.STAGE | Kind.PUT_OFF:
                # Where another step is proposed, that says it.
                if self.pair(Aspect(Kind.STEP), old, new) is not None:
                    return None
                values = (old.stage, new.stage) if kind is Kind.STAGE else (old.put_off, new.put_off)
                return Pair((values[0],), (values[1],)) if values[0] != values[1] else None
            case Kind.STOOD_DOWN:
                return Pair((old.stood_down,), (new.stood_down,)) if old.stood_down != new.stood_down else None
            case Kind.POINTS:
                return Pair((0,), (new.points - old.points,)) if old.points != new.points else None
            case _:
                acts = [aspect.rule in OF_SETS[kind](decision) for decision in (old, new)]
                differs = acts[0] != acts[1] or (acts[0] and aspect.rule in self.otherwise[kind])
                return Pair((acts[0],), (acts[1],)) if differs else None

    def differences(self, old: Decision, new: Decision) -> dict[Aspect, Pair]:
        """Everything in which two decisions about the same account differ."""
        pairs = ((aspect, self.pair(aspect, old, new)) for aspect in self.all)
        return {aspect: pair for aspect, pair in pairs if pair is not None}

    # As formulas.

    def terms(self, aspect: Aspect, ask: Asking, old: Symbols, new: Symbols) -> tuple[z3.ExprRef, ...]:
        """The formulas whose values together are the pair."""
        name = aspect.kind.value
        match aspect.kind:
            case Kind.STEP:
                return (old["step"].value, old["tone"].value, new["step"].value, new["tone"].value)
            case Kind.POINTS:
                return (new[name].value - old[name].value,)
            case kind if kind in OF_SETS:
                return tuple(side[name].members.get(aspect.rule, ask.false) for side in (old, new))
            case _:
                return (old[name].value, new[name].value)

    def differs(self, aspect: Aspect, ask: Asking, old: Symbols, new: Symbols) -> z3.BoolRef:
        """That the decisions differ in the aspect."""
        terms = self.terms(aspect, ask, old, new)
        match aspect.kind:
            case Kind.STEP:
                step, tone, new_step, new_tone = terms
                same = (step == ask.word(id_) for id_ in sorted(self.otherwise[Kind.STEP]))
                return ask.either(step != new_step, tone != new_tone, *same)
            case Kind.STAGE | Kind.PUT_OFF:
                return ask.both(terms[0] != terms[1], z3.Not(self.differs(Aspect(Kind.STEP), ask, old, new)))
            case Kind.POINTS:
                return terms[0] != 0
            case kind:
                both = (ask.both(*terms),) if aspect.rule in self.otherwise.get(kind, ()) else ()
                return ask.either(terms[0] != terms[1], *both)

    # Which way.

    def way(self, aspect: Aspect, pair: Pair) -> Way:
        """Whether it is stricter, softer or neither."""
        match aspect.kind:
            case Kind.STEP:
                rises = self.rise(pair)
                up, down = any(rise > 0 for rise in rises), any(rise < 0 for rise in rises)
                return Way.STRICTER if up and not down else Way.SOFTER if down and not up else Way.DIFFERENT
            case Kind.PLACED if pair.old != pair.new:
                return Way.STRICTER if pair.new[0] else Way.SOFTER
            case Kind.RELEASED if pair.old != pair.new:
                return Way.SOFTER if pair.new[0] else Way.STRICTER
            case _:
                return Way.DIFFERENT

    def goes(self, aspect: Aspect, way: Way, ask: Asking, old: Symbols, new: Symbols) -> z3.BoolRef:
        """That the decisions differ in the aspect in this way, as `way` has it."""
        differs = self.differs(aspect, ask, old, new)
        terms = self.terms(aspect, ask, old, new)
        match aspect.kind:
            case Kind.STEP:
                step, tone, new_step, new_tone = terms
                rises = [
                    self._rank(ask, after, words) - self._rank(ask, before, words)
                    for before, after, words in ((step, new_step, self.stages), (tone, new_tone, self.tones))
                ]
                up, down = ask.either(*(r > 0 for r in rises)), ask.either(*(r < 0 for r in rises))
                stricter, softer = ask.both(up, z3.Not(down)), ask.both(down, z3.Not(up))
            case Kind.PLACED:
                stricter, softer = ask.both(z3.Not(terms[0]), terms[1]), ask.both(terms[0], z3.Not(terms[1]))
            case Kind.RELEASED:
                stricter, softer = ask.both(terms[0], z3.Not(terms[1])), ask.both(z3.Not(terms[0]), terms[1])
            case _:
                stricter, softer = ask.false, ask.false
        ways = {Way.STRICTER: stricter, Way.SOFTER: softer, Way.DIFFERENT: z3.Not(ask.either(stricter, softer))}
        return ask.both(differs, ways[way])

    def _rank(self, ask: Asking, word: z3.ExprRef, words: Sequence[str]) -> z3.ArithRef:
        return ask.first(((word == ask.word(name), ask.number(n)) for n, name in enumerate(words)), ask.number(-1))

    def rise(self, pair: Pair) -> tuple[int, int]:
        """By how many stages and tones what is sent is harsher than before."""
        words = (self.stages, self.tones)
        ranks = [
            [order.index(str(w)) if w in order else -1 for w, order in zip(outcome, words, strict=True)]
            for outcome in (pair.old, pair.new)
        ]
        return ranks[1][0] - ranks[0][0], ranks[1][1] - ranks[0][1]

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The stages of both, mildest first: the old policy's order, the new one's own at their places in it."""
        return _merged(self.old.stage_ids, self.new.stage_ids)

    @cached_property
    def tones(self) -> tuple[str, ...]:
        """The tones of both, mildest first."""
        return _merged(self.old.tones, self.new.tones)


def _rules(policy: Policy, kind: Kind) -> tuple[str, ...]:
    match kind:
        case Kind.PLACED | Kind.RELEASED:
            return tuple(hold.id for hold in policy.holds)
        case Kind.ASKED | Kind.TOLD:
            return tuple(rule.id for rule in policy.sales)
        case Kind.TASK:
            return tuple(pause.id for pause in policy.account_pauses if pause.tasks)
        case _:
            return tuple(rule.id for rule in policy.credit_limits)


def _carried_out(policy: Policy, kind: Kind) -> dict[str, object]:
    """What becomes of a stage or rule that acts, by id: everything that no decision says."""
    match kind:
        case Kind.STEP:
            return {
                stage.id: (
                    *([(send.channel, send.template) for send in sends] for sends in (stage.send, stage.without_email)),
                    _tasks(stage.tasks),
                    (stage.action, stage.approval, dict(stage.charge)),
                )
                for stage in policy.stages()
            }
        case Kind.PLACED:
            return {hold.id: hold.place_approval for hold in policy.holds}
        case Kind.RELEASED:
            return {hold.id: hold.release_approval for hold in policy.holds}
        case Kind.ASKED:
            return {rule.id: (rule.ask, rule.within_business_days) for rule in policy.sales}
        case Kind.TOLD:
            return {rule.id: rule.unanswered_tell for rule in policy.sales}
        case Kind.TASK:
            return {pause.id: _tasks(pause.tasks) for pause in policy.account_pauses}
        case _:
            return {
                rule.id: (rule.raise_pct, rule.lower_pct, rule.set_to, rule.up_to, rule.down_to, rule.approval)
                for rule in policy.credit_limits
            }


def _tasks(tasks: Sequence[Task]) -> list[tuple[str, str]]:
    return [(task.role, task.task) for task in tasks]


def _merged(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """The words of both, each new one right behind the one that it follows."""
    merged = list(first)
    for at, word in enumerate(second):
        if word not in merged:
            before = second[at - 1] if at else None
            merged.insert(merged.index(before) + 1 if before is not None else 0, word)
    return tuple(word for word in merged if word != NONE)
