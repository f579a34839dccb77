"""A policy as rulesets, layer by layer.

The conditions are those of `rules.layers`; what this module adds is the order
in which they are asked and what follows from each, again as rules. It uses
fields of its own beside the vocabulary's: a rung's position counts from 1, and
0 is below the ladder.
"""

from __future__ import annotations

from collections.abc import Iterator

from duly.language.conditions import ALWAYS, NEVER, All, Any, Compare, Condition, Is, Not, Op
from duly.language.policy import ASK_NOTHING, Climb, Ladder, Policy, Stage, Stops
from duly.rules import layers
from duly.rules.decision import NONE, Wait
from duly.rules.durable.clauses import member
from duly.rules.durable.program import Program, Rule, Shape, Step, Word

ACTS = "acts"
"""Said instead of a reason to wait."""


def program_of(policy: Policy) -> Program:
    """The steps that decide an account."""
    ladders = {ladder.id: _on_ladder(policy, ladder) for ladder in policy.ladders}
    return Program(first=(_segment(policy), _ladder(policy)), then={NONE: _on_no_ladder(policy), **ladders})


def _on_ladder(policy: Policy, ladder: Ladder) -> tuple[Step, ...]:
    return (
        _executed_stage(ladder),
        _pauses(policy),
        _paused(policy),
        _rungs(ladder),
        _standing(ladder),
        _acting(ladder),
        _candidate(ladder),
        _wait(policy, ladder),
        _stage(ladder),
        _tone(policy),
        *_consequences(policy),
    )


def _on_no_ladder(policy: Policy) -> tuple[Step, ...]:
    nothing: dict[str, Word] = {"executed_stage": NONE, "wait": Wait.NO_LADDER.value, **_NO_STAGE, "tone": NONE}
    without = Step("no_ladder", Shape.FIRST, (Rule(ALWAYS, nothing),), nothing)
    return (without, _pauses(policy), _paused(policy), *_consequences(policy))


# Segment and ladder.


def _segment(policy: Policy) -> Step:
    rules = tuple(Rule(segment.when, {"segment": segment.id}) for segment in policy.segments)
    return Step("segment", Shape.FIRST, rules, {"segment": NONE})


def _ladder(policy: Policy) -> Step:
    ids = (*(ladder.id for ladder in policy.ladders), NONE)
    by_exception = (Rule(Is("exception__ladder", (id_,)), {"ladder": id_}) for id_ in ids)
    choice = policy.choose_ladder
    chosen = (Rule(Is(choice.by, (value,)), {"ladder": id_}) for value, id_ in choice.of.items())
    return Step("ladder", Shape.FIRST, (*by_exception, *chosen), {"ladder": choice.otherwise})


def _executed_stage(ladder: Ladder) -> Step:
    rules = tuple(Rule(layers.executed(stage), {"executed_stage": stage.id}) for stage in reversed(ladder.stages))
    return Step(f"executed_stage__{ladder.id}", Shape.FIRST, rules, {"executed_stage": NONE})


# Pauses.


def _pauses(policy: Policy) -> Step:
    return _flags("pauses", {member("pauses", pause.id): pause.when for pause in policy.account_pauses})


def _paused(policy: Policy) -> Step:
    return _flags("paused", {"paused": layers.paused(policy)})


# The ladder.


def _rungs(ladder: Ladder) -> Step:
    conditions: dict[str, Condition] = {}
    for rung, stage in enumerate(ladder.stages, start=1):
        conditions[f"rung_{rung}__stands"] = layers.stands(ladder, stage)
        conditions[f"rung_{rung}__eligible"] = layers.eligible(ladder, stage)
        conditions[f"rung_{rung}__executed"] = layers.executed(stage)
        conditions[f"rung_{rung}__reached"] = layers.has_come(stage)
        conditions[f"rung_{rung}__repeats"] = layers.repeats(ladder, stage)
    return _flags(f"rungs__{ladder.id}", conditions)


def _is(rung: int, what: str) -> Condition:
    return Is(f"rung_{rung}__{what}", (True,))


def _fresh(rung: int) -> Condition:
    """That the rung is above the standing one and may be the next."""
    above = Compare("standing", Op.BELOW, rung)
    return All((above, _is(rung, "eligible"), Not(_is(rung, "executed"))))


def _standing(ladder: Ladder) -> Step:
    rungs = range(len(ladder.stages), 0, -1)
    rules = tuple(Rule(_is(rung, "stands"), {"standing": rung}) for rung in rungs)
    return Step(f"standing__{ladder.id}", Shape.FIRST, rules, {"standing": 0})


def _acting(ladder: Ladder) -> Step:
    """The stage whose turn it is and whose day has come; a rule that says 0 ends the search."""
    return Step(f"acting__{ladder.id}", Shape.FIRST, tuple(_acting_rules(ladder)), {"acting": 0})


def _acting_rules(ladder: Ladder) -> Iterator[Rule]:
    upwards = range(1, len(ladder.stages) + 1)
    match ladder.climb:
        case Climb.ONE_STEP:
            for rung in upwards:
                yield Rule(All((_fresh(rung), _is(rung, "reached"))), {"acting": rung})
                yield Rule(_fresh(rung), {"acting": 0})
        case Climb.HIGHEST:
            for rung in reversed(upwards):
                yield Rule(All((_fresh(rung), _is(rung, "reached"))), {"acting": rung})
        case Climb.FOLLOWS_FACTS:
            for rung in reversed(upwards):
                fits = All((_is(rung, "eligible"), _is(rung, "reached")))
                yield Rule(All((fits, _is(rung, "executed"))), {"acting": 0})
                yield Rule(fits, {"acting": rung})


def _candidate(ladder: Ladder) -> Step:
    """The stage that acts, else the standing one that repeats, else the next one, which waits."""
    rungs = range(1, len(ladder.stages) + 1)
    acting = (Rule(Is("acting", (rung,)), {"candidate": rung, "reached": True, "repeating": False}) for rung in rungs)
    repeating = (
        Rule(
            All((Is("standing", (rung,)), _is(rung, "repeats"))),
            {"candidate": rung, "reached": True, "repeating": True},
        )
        for rung in rungs
    )
    waiting = (Rule(_fresh(rung), {"candidate": rung, "reached": False, "repeating": False}) for rung in rungs)
    nothing: dict[str, Word] = {"candidate": 0, "reached": False, "repeating": False}
    return Step(f"candidate__{ladder.id}", Shape.FIRST, (*acting, *repeating, *waiting), nothing)


def _wait(policy: Policy, ladder: Ladder) -> Step:
    """The first reason why the candidate does not act, in the order of `Wait`."""
    not_reached = Is("reached", (False,))
    staged = tuple((Is("candidate", (rung,)), stage) for rung, stage in enumerate(ladder.stages, start=1))
    reasons: tuple[tuple[Wait, Condition], ...] = (
        (Wait.NOTHING_TO_CHASE, All((layers.NOTHING_LEFT, not_reached))),
        (Wait.NOT_LATE, All((Not(layers.IS_LATE), not_reached))),
        (Wait.PAUSED, layers.stops(policy, Stops.STAGES)),
        (Wait.TOO_SMALL, layers.too_small(policy)),
        (Wait.OUTCOME_UNKNOWN, layers.OUTCOME_UNKNOWN),
        (Wait.LADDER_DONE, Is("candidate", (0,))),
        (Wait.NOT_YET, not_reached),
        *((Wait.GAP, All((here, Not(layers.gap_is_open(ladder, stage))))) for here, stage in staged),
        *((Wait.CAP, All((here, Not(layers.cap_allows(policy, stage))))) for here, stage in staged),
    )
    rules = tuple(Rule(condition, {"wait": wait.value}) for wait, condition in reasons)
    return Step(f"wait__{ladder.id}", Shape.FIRST, rules, {"wait": ACTS})


_NO_STAGE: dict[str, Word] = {
    "step": NONE,
    "step_tone": NONE,
    "stage": NONE,
    "next_stage": NONE,
    "repeat": False,
    "put_off": False,
}


def _stage(ladder: Ladder) -> Step:
    """What follows for the stage: today's step, the stage the account stands on, and whether a due one waits."""
    acts = Is("wait", (ACTS,))
    rules = [
        Rule(Is("wait", (Wait.GAP.value, Wait.CAP.value)), {"put_off": True}),
        Rule(All((acts, Is("repeating", (True,)))), {"repeat": True}),
    ]
    for rung, stage in enumerate(ladder.stages, start=1):
        here = Is("candidate", (rung,))
        step = {"step": stage.id, "step_tone": stage.tone or NONE, "stage": stage.id}
        rules += [
            Rule(All((acts, here)), step),
            Rule(All((Not(acts), Is("standing", (rung,)))), {"stage": stage.id}),
            Rule(All((Not(Is("wait", (Wait.NOT_LATE.value,))), here)), {"next_stage": stage.id}),
            *_put_off_by_a_closed_day(acts, here, stage),
        ]
    return Step(f"stage__{ladder.id}", Shape.ALL, tuple(rules), _NO_STAGE)


def _put_off_by_a_closed_day(acts: Condition, here: Condition, stage: Stage) -> Iterator[Rule]:
    yield Rule(All((acts, here, layers.closed_today(stage))), {"put_off": True})


def _tone(policy: Policy) -> Step:
    """The mildest of the step's tone, every limit that holds, and what an exception allows."""

    def is_allowed_most(tone: str) -> Condition:
        limits = (limit.when for limit in policy.tone_limits if limit.at_most == tone)
        return Any((Is("step_tone", (tone,)), Is("exception__tone", (tone,)), *limits))

    no_tone = Rule(Is("step_tone", (NONE,)), {"tone": NONE})
    tones = (Rule(is_allowed_most(tone), {"tone": tone}) for tone in policy.tones)
    return Step("tone", Shape.FIRST, (no_tone, *tones), {"tone": NONE})


# What follows from the stage.


def _consequences(policy: Policy) -> tuple[Step, ...]:
    return (_kept_back(policy), _sales(policy), _holds(policy), _limits(policy), _worklist(policy))


def _kept_back(policy: Policy) -> Step:
    """What keeps sales and holds back, and the tasks that pauses give: all of it before the rules that it stops."""
    stands_down = Any(tuple(rule.when for rule in policy.sales if rule.ask == ASK_NOTHING))
    return _flags(
        "kept_back",
        {
            "stood_down": stands_down,
            "sales_stopped": layers.stops(policy, Stops.SALES),
            **{member("free", hold.id): layers.may_place(policy, hold) for hold in policy.holds},
            **{member("tasks", pause.id): layers.gives_task(pause) for pause in policy.account_pauses},
        },
    )


def _sales(policy: Policy) -> Step:
    conditions: dict[str, Condition] = {}
    open_to_ask = All((Is("stood_down", (False,)), Is("sales_stopped", (False,))))
    for rule in policy.sales:
        asks = NEVER if rule.stands_down else All((open_to_ask, layers.asks(rule)))
        conditions[member("asked_today", rule.id)] = asks
        conditions[member("tells", rule.id)] = All((open_to_ask, layers.tells(rule)))
    return _flags("sales", conditions)


def _holds(policy: Policy) -> Step:
    conditions: dict[str, Condition] = {}
    for hold in policy.holds:
        free = Is(member("free", hold.id), (True,))
        conditions[member("placed_today", hold.id)] = All((layers.wants_hold(hold), free))
        conditions[member("released_today", hold.id)] = layers.releases(hold)
        conditions[member("hold_waits", hold.id)] = All((layers.wants_hold(hold), Not(free)))
    return _flags("holds", conditions)


def _limits(policy: Policy) -> Step:
    conditions = {member("limits", rule.id): layers.reviews_limit(rule) for rule in policy.credit_limits}
    return _flags("limits", conditions)


def _worklist(policy: Policy) -> Step:
    return _flags("worklist", {member("points", points.id): points.when for points in policy.worklist})


def _flags(name: str, conditions: dict[str, Condition]) -> Step:
    """A yes/no field for each condition."""
    rules = tuple(Rule(condition, {field: True}) for field, condition in conditions.items())
    return Step(name, Shape.ALL, rules, dict.fromkeys(conditions, False))
