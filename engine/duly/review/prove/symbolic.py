"""What a policy decides about a symbolic account: `rules.meaning` as formulas.

Each layer is one function, in the order of the meaning, over the very condition trees
of `rules.layers`. A law holds it equal to the meaning for every account; nothing here
decides anything by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import z3

from duly.language.conditions import Any, Condition, Op
from duly.language.policy import ASK_NOTHING, Climb, Ladder, Policy, Stage, Stops
from duly.review.prove.symbols import Asking, Symbol, Symbols
from duly.rules import layers
from duly.rules.decision import NONE, Wait

_OfStage = Callable[[Stage], Condition]


@dataclass(frozen=True, slots=True)
class _Climbed:
    """What one ladder comes to: words for step, stage, tone, why nothing acts (or none), and what is next."""

    step: z3.ArithRef
    stage: z3.ArithRef
    tone: z3.ArithRef
    put_off: z3.BoolRef
    repeat: z3.BoolRef
    candidate: z3.ArithRef
    reached: z3.BoolRef
    gap: z3.BoolRef
    wait: z3.ArithRef
    next_stage: z3.ArithRef


def decide(policy: Policy, asking: Asking, facts: Symbols) -> dict[str, Symbol]:
    """The facts with what is decided today, by their vocabulary names, and what the decision has besides."""
    return _Deciding(policy, asking, dict(facts)).decided()


def before_stages(policy: Policy, asking: Asking, facts: Symbols) -> dict[str, Symbol]:
    """The facts with what is decided before any stage is looked at: segment, ladder and pauses."""
    deciding = _Deciding(policy, asking, dict(facts))
    deciding.segment_layer()
    deciding.pause_layer()
    return deciding.facts


class _Deciding:
    def __init__(self, policy: Policy, asking: Asking, facts: dict[str, Symbol]) -> None:
        self.policy = policy
        self.ask = asking
        self.facts = facts

    def decided(self) -> dict[str, Symbol]:
        self.segment_layer()
        self.pause_layer()
        self.stage_layer()
        self.sales_layer()
        self.hold_layer()
        self.limit_layer()
        self.tasks_and_points()
        return self.facts

    def holds(self, condition: Condition) -> z3.BoolRef:
        return self.ask.holds(condition, self.facts)

    def know(self, name: str, value: z3.ExprRef) -> None:
        self.facts[name] = Symbol(value, self.ask.true)

    def know_members(self, name: str, members: dict[str, z3.BoolRef]) -> None:
        self.facts[name] = Symbol(None, self.ask.true, members)

    # Segment, ladder and the stage reached so far.

    def segment_layer(self) -> None:
        ask, policy = self.ask, self.policy
        segments = ((self.holds(s.when), ask.word(s.id)) for s in policy.segments)
        self.know("segment", ask.first(segments, ask.word(policy.segments[-1].id)))
        by_exception = self.facts["exception__ladder"].value
        choice = policy.choose_ladder
        chosen = self.facts[choice.by]
        choices = (
            (ask.both(chosen.known, ask.is_(chosen.value, ask.word(value))), ask.word(id_))
            for value, id_ in choice.of.items()
        )
        by_choice = ask.first(choices, ask.word(choice.otherwise))
        self.know("ladder", ask.if_(ask.differ(by_exception, ask.word("")), by_exception, by_choice))
        done = (
            (ask.both(self.on(ladder), self.holds(layers.executed(stage))), ask.word(stage.id))
            for ladder in policy.ladders
            for stage in reversed(ladder.stages)
        )
        self.know("executed_stage", ask.first(done, ask.word(NONE)))

    def on(self, ladder: Ladder) -> z3.BoolRef:
        return self.ask.is_(self.facts["ladder"].value, self.ask.word(ladder.id))

    # Pauses.

    def pause_layer(self) -> None:
        pauses = {pause.id: self.holds(pause.when) for pause in self.policy.account_pauses}
        self.know_members("pauses", pauses)
        self.know("paused", self.holds(layers.paused(self.policy)))

    # The ladder.

    def stage_layer(self) -> None:
        """Every ladder's answer, chosen by the account's ladder: on none, nothing is proposed."""
        ask = self.ask
        none = ask.word(NONE)
        step, stage, tone, candidate = none, none, none, none
        put_off, repeat, reached, gap = ask.false, ask.false, ask.false, ask.false
        wait, next_stage = ask.word(Wait.NO_LADDER.value), none
        for ladder in self.policy.ladders:
            on = self.on(ladder)
            mine = self.climbed(ladder)
            words = (mine.step, mine.stage, mine.tone, mine.candidate, mine.wait, mine.next_stage)
            step, stage, tone, candidate, wait, next_stage = (
                ask.if_(on, value, otherwise)
                for value, otherwise in zip(words, (step, stage, tone, candidate, wait, next_stage), strict=True)
            )
            put_off, repeat = ask.if_(on, mine.put_off, put_off), ask.if_(on, mine.repeat, repeat)
            reached, gap = ask.if_(on, mine.reached, reached), ask.if_(on, mine.gap, gap)
        for name, value in {
            "step": step,
            "stage": stage,
            "tone": tone,
            "put_off": put_off,
            "repeat": repeat,
            "candidate": candidate,
            "candidate_reached": reached,
            "candidate_gap_is_open": gap,
            "wait": wait,
            "next_stage": next_stage,
        }.items():
            self.know(name, value)

    def climbed(self, ladder: Ladder) -> _Climbed:
        """What the ladder comes to for an account that is on it; positions count from 1, 0 is below."""
        ask = self.ask
        rungs = list(enumerate(ladder.stages, start=1))
        stands = {n: self.holds(layers.stands(ladder, stage)) for n, stage in rungs}
        eligible = {n: self.holds(layers.eligible(ladder, stage)) for n, stage in rungs}
        executed = {n: self.holds(layers.executed(stage)) for n, stage in rungs}
        come = {n: self.holds(layers.has_come(stage)) for n, stage in rungs}
        repeats = {n: self.holds(layers.repeats(ladder, stage)) for n, stage in rungs}
        zero = ask.number(0)
        standing = ask.first(((stands[n], ask.number(n)) for n, _ in reversed(rungs)), zero)
        fresh = {n: ask.both(eligible[n], ask.not_(executed[n]), ask.compare(standing, Op.BELOW, n)) for n, _ in rungs}
        waiting = ask.first(((fresh[n], ask.number(n)) for n, _ in rungs), zero)
        match ladder.climb:
            case Climb.ONE_STEP:
                due = ask.either(*(ask.both(ask.is_(waiting, n), come[n]) for n, _ in rungs))
                acting = ask.if_(due, waiting, zero)
            case Climb.HIGHEST:
                acting = ask.first(((ask.both(fresh[n], come[n]), ask.number(n)) for n, _ in reversed(rungs)), zero)
            case Climb.FOLLOWS_FACTS:
                fits = (
                    (ask.both(eligible[n], come[n]), ask.if_(executed[n], zero, ask.number(n)))
                    for n, _ in reversed(rungs)
                )
                acting = ask.first(fits, zero)
            case _:
                assert_never(ladder.climb)
        again = ask.both(
            ask.is_(acting, 0), ask.either(*(ask.both(ask.is_(standing, n), repeats[n]) for n, _ in rungs))
        )
        reached = ask.either(ask.compare(acting, Op.OVER, 0), again)
        candidate = ask.if_(ask.compare(acting, Op.OVER, 0), acting, ask.if_(again, standing, waiting))

        def of_candidate(condition: _OfStage) -> z3.BoolRef:
            return ask.either(*(ask.both(ask.is_(candidate, n), self.holds(condition(stage))) for n, stage in rungs))

        gap = of_candidate(lambda stage: layers.gap_is_open(ladder, stage))
        cap = of_candidate(lambda stage: layers.cap_allows(self.policy, stage))
        stopped = self.holds(layers.stops(self.policy, Stops.STAGES))
        too_small = self.holds(layers.too_small(self.policy))
        unknown = self.holds(layers.OUTCOME_UNKNOWN)
        before = ask.both(
            reached, ask.compare(candidate, Op.OVER, 0), ask.not_(stopped), ask.not_(too_small), ask.not_(unknown)
        )
        waits = (
            (ask.both(self.holds(layers.NOTHING_LEFT), ask.not_(reached)), Wait.NOTHING_TO_CHASE),
            (ask.both(ask.not_(self.holds(layers.IS_LATE)), ask.not_(reached)), Wait.NOT_LATE),
            (stopped, Wait.PAUSED),
            (too_small, Wait.TOO_SMALL),
            (unknown, Wait.OUTCOME_UNKNOWN),
            (ask.is_(candidate, 0), Wait.LADDER_DONE),
            (ask.not_(reached), Wait.NOT_YET),
            (ask.not_(gap), Wait.GAP),
            (ask.not_(cap), Wait.CAP),
        )
        wait = ask.first(((so, ask.word(why.value)) for so, why in waits), ask.word(NONE))
        acts = ask.both(before, gap, cap)
        rung = ask.if_(acts, candidate, zero)

        def word_at(position: z3.ArithRef) -> z3.ArithRef:
            return ask.first(((ask.is_(position, n), ask.word(stage.id)) for n, stage in rungs), ask.word(NONE))

        closed = ask.either(
            *(
                ask.both(ask.is_(rung, n), self.holds(layers.closed_today(stage)))
                for n, stage in rungs
                if stage.contacts
            )
        )
        return _Climbed(
            step=word_at(rung),
            stage=ask.if_(ask.compare(rung, Op.OVER, 0), word_at(rung), word_at(standing)),
            tone=self.tone(rung, rungs),
            put_off=ask.either(ask.both(before, ask.not_(ask.both(gap, cap))), closed),
            repeat=ask.both(acts, again),
            candidate=word_at(candidate),
            reached=reached,
            gap=gap,
            wait=wait,
            next_stage=ask.if_(ask.is_(wait, ask.word(Wait.NOT_LATE.value)), ask.word(NONE), word_at(candidate)),
        )

    def tone(self, rung: z3.ArithRef, rungs: list[tuple[int, Stage]]) -> z3.ArithRef:
        """The step's tone, lowered by every limit that holds and by an exception."""
        ask, tones = self.ask, self.policy.tones
        beyond = ask.number(len(tones))
        by_exception = self.facts["exception__tone"].value
        ranks = [
            ask.first(
                ((ask.is_(rung, n), ask.number(tones.index(s.tone))) for n, s in rungs if s.tone), ask.number(-1)
            ),
            ask.first(((ask.is_(by_exception, ask.word(t)), ask.number(n)) for n, t in enumerate(tones)), beyond),
            *(
                ask.if_(self.holds(limit.when), ask.number(tones.index(limit.at_most)), beyond)
                for limit in self.policy.tone_limits
            ),
        ]
        mildest = ranks[0]
        for rank in ranks[1:]:
            mildest = ask.if_(ask.compare(rank, Op.BELOW, mildest), rank, mildest)
        return ask.first(((ask.is_(mildest, n), ask.word(tone)) for n, tone in enumerate(tones)), ask.word(NONE))

    # Sales and holds.

    def sales_layer(self) -> None:
        ask, policy = self.ask, self.policy
        stood_down = self.holds(Any(tuple(rule.when for rule in policy.sales if rule.ask == ASK_NOTHING)))
        silent = ask.either(stood_down, self.holds(layers.stops(policy, Stops.SALES)))
        asked = {
            rule.id: ask.false if rule.ask == ASK_NOTHING else ask.both(ask.not_(silent), self.holds(layers.asks(rule)))
            for rule in policy.sales
        }
        self.know_members("asked_today", asked)
        self.know("stood_down", stood_down)
        tells = {rule.id: ask.both(ask.not_(silent), self.holds(layers.tells(rule))) for rule in policy.sales}
        self.know_members("tells", tells)

    def hold_layer(self) -> None:
        policy = self.policy
        wanted = {hold.id: self.holds(layers.wants_hold(hold)) for hold in policy.holds}
        place = {h.id: self.ask.both(wanted[h.id], self.holds(layers.may_place(policy, h))) for h in policy.holds}
        release = {hold.id: self.holds(layers.releases(hold)) for hold in policy.holds}
        self.know_members("placed_today", place)
        self.know_members("released_today", release)
        self.know_members(
            "hold_waits", {h.id: self.ask.both(wanted[h.id], self.ask.not_(place[h.id])) for h in policy.holds}
        )

    def limit_layer(self) -> None:
        self.know_members("limits", {r.id: self.holds(layers.reviews_limit(r)) for r in self.policy.credit_limits})

    def tasks_and_points(self) -> None:
        policy = self.policy
        self.know_members("tasks", {p.id: self.holds(layers.gives_task(p)) for p in policy.account_pauses})
        ask, zero = self.ask, self.ask.number(0)
        parts = [ask.if_(self.holds(points.when), ask.number(points.add), zero) for points in policy.worklist]
        self.know("points", ask.sum(*parts))
