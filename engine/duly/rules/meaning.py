"""What a policy asks of one account on one day, given the facts.

This module is the meaning of a policy and the oracle of every other engine. It
opens no file and reads no clock: the same policy and facts give the same
decision, today and in an audit. It is one pure function a layer; each layer
reads the facts and what the layers before it decided, never what comes after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from duly.language.conditions import Condition, Facts, holds
from duly.language.policy import ASK_NOTHING, Climb, Ladder, Policy, Stage, Stops
from duly.rules import layers
from duly.rules.decision import NONE, Decision, Wait


def decide(policy: Policy, facts: Facts) -> Decision:
    """The decision about one account.

    `facts` has every fact of the vocabulary's account layer that the policy
    reads, and the ladder's own (see `language.reads.fact_columns`); money in minor units.
    """
    segment, ladder_id, executed_stage = segment_layer(policy, facts)
    known = {**facts, "segment": segment, "ladder": ladder_id, "executed_stage": executed_stage}
    pauses, paused = pause_layer(policy, known)
    known |= {"pauses": frozenset(pauses), "paused": paused}
    ladder = None if ladder_id == NONE else policy.ladder(ladder_id)
    candidate = candidate_of(ladder, known) if ladder else Candidate()
    wait = wait_of(policy, ladder, candidate, known)
    step, stage, put_off, tone = stage_layer(policy, candidate, wait, known)
    known |= {"step": step, "stage": stage, "put_off": put_off, "tone": tone}
    asks, stood_down, tells = sales_layer(policy, known)
    known |= {"asked_today": frozenset(asks)}
    place, release, hold_waits = hold_layer(policy, known)
    known |= {"placed_today": frozenset(place), "released_today": frozenset(release)}
    return Decision(
        segment=segment,
        ladder=ladder_id,
        executed_stage=executed_stage,
        pauses=pauses,
        paused=paused,
        stage=stage,
        step=step,
        repeat=wait is None and candidate.repeat,
        wait=wait,
        next_stage=candidate.stage.id if candidate.stage and wait is not Wait.NOT_LATE else NONE,
        put_off=put_off,
        tone=tone,
        tasks=tuple(p.id for p in policy.account_pauses if holds(layers.gives_task(p), known)),
        asks=asks,
        stood_down=stood_down,
        tells=tells,
        place=place,
        release=release,
        hold_waits=hold_waits,
        limits=limit_layer(policy, known),
        points=sum(p.add for p in policy.worklist if holds(p.when, known)),
    )


# Segment, ladder and the stage reached so far.


def segment_layer(policy: Policy, facts: Facts) -> tuple[str, str, str]:
    """The segment (the first that holds), the ladder it leads to, and the most severe stage executed on it."""
    segment = next(s.id for s in policy.segments if holds(s.when, facts))
    ladder = ladder_of(policy, {**facts, "segment": segment})
    stages = () if ladder == NONE else policy.ladder(ladder).stages
    done = [stage.id for stage in stages if holds(layers.executed(stage), facts)]
    return segment, ladder, done[-1] if done else NONE


def ladder_of(policy: Policy, facts: Facts) -> str:
    """The id of the account's ladder: by exception, else by the policy's choice."""
    by_exception = facts["exception__ladder"]
    if by_exception != "":
        return str(by_exception)
    choice = policy.choose_ladder
    return choice.of.get(str(facts[choice.by]), choice.otherwise)


# Pauses.


def pause_layer(policy: Policy, facts: Facts) -> tuple[tuple[str, ...], bool]:
    """The account pauses that hold, and whether the account is paused."""
    pauses = tuple(pause.id for pause in policy.account_pauses if holds(pause.when, facts))
    return pauses, holds(layers.paused(policy), {**facts, "pauses": frozenset(pauses)})


# The ladder.


@dataclass(frozen=True, slots=True)
class Candidate:
    """The stage that is next on the ladder, if any, and whether its day has come."""

    stage: Stage | None = None
    reached: bool = False
    repeat: bool = False
    standing: Stage | None = None


def candidate_of(ladder: Ladder, facts: Facts) -> Candidate:
    """The stage that is next, by the way the ladder is climbed.

    `one_step`: the first eligible one above the standing stage. `highest`: the
    most severe one above it whose day has come. `follows_facts`: the most severe
    one whose day has come, wherever that is. A stage acts once an episode; a
    standing stage may repeat where nothing else acts.
    """

    def is_true(condition: Condition) -> bool:
        return holds(condition, facts)

    standing = last([s for s in ladder.stages if is_true(layers.stands(ladder, s))])
    above = ladder.stages[ladder.stages.index(standing) + 1 :] if standing else ladder.stages
    fresh = [s for s in above if is_true(layers.eligible(ladder, s)) and not is_true(layers.executed(s))]
    match ladder.climb:
        case Climb.ONE_STEP:
            acting = next((s for s in fresh[:1] if is_true(layers.has_come(s))), None)
        case Climb.HIGHEST:
            acting = last([s for s in fresh if is_true(layers.has_come(s))])
        case Climb.FOLLOWS_FACTS:
            fits = [s for s in ladder.stages if is_true(layers.eligible(ladder, s)) and is_true(layers.has_come(s))]
            top = last(fits)
            acting = None if top is None or is_true(layers.executed(top)) else top
        case _:
            assert_never(ladder.climb)
    if acting:
        return Candidate(acting, reached=True, standing=standing)
    if standing and is_true(layers.repeats(ladder, standing)):
        return Candidate(standing, reached=True, repeat=True, standing=standing)
    waiting = fresh[0] if fresh else None
    return Candidate(waiting, standing=standing)


def wait_of(policy: Policy, ladder: Ladder | None, candidate: Candidate, facts: Facts) -> Wait | None:
    """Why the candidate does not act today, or None where it does."""
    late = holds(layers.IS_LATE, facts)
    stage = candidate.stage
    if ladder is None:
        return Wait.NO_LADDER
    if holds(layers.NOTHING_LEFT, facts) and not candidate.reached:
        return Wait.NOTHING_TO_CHASE
    if not late and not candidate.reached:
        return Wait.NOT_LATE
    if holds(layers.stops(policy, Stops.STAGES), facts):
        return Wait.PAUSED
    if holds(layers.too_small(policy), facts):
        return Wait.TOO_SMALL
    if holds(layers.OUTCOME_UNKNOWN, facts):
        return Wait.OUTCOME_UNKNOWN
    if stage is None:
        return Wait.LADDER_DONE
    if not candidate.reached:
        return Wait.NOT_YET
    if not holds(layers.gap_is_open(ladder, stage), facts):
        return Wait.GAP
    if not holds(layers.cap_allows(policy, stage), facts):
        return Wait.CAP
    return None


def stage_layer(policy: Policy, candidate: Candidate, wait: Wait | None, facts: Facts) -> tuple[str, str, bool, str]:
    """Today's step, the stage the account stands on with it, whether a due stage waits, and the step's tone."""
    step = candidate.stage if wait is None else None
    stage = step or candidate.standing
    closed = step is not None and holds(layers.closed_today(step), facts)
    return (
        step.id if step else NONE,
        stage.id if stage else NONE,
        wait in {Wait.GAP, Wait.CAP} or closed,
        tone_of(policy, step, facts) if step else NONE,
    )


def tone_of(policy: Policy, stage: Stage, facts: Facts) -> str:
    """The stage's tone, lowered by every tone limit that holds and by an exception in force."""
    if not stage.tone:
        return NONE
    limits = [limit.at_most for limit in policy.tone_limits if holds(limit.when, facts)]
    by_exception = str(facts["exception__tone"])
    allowed = [stage.tone, *limits, *([by_exception] if by_exception != NONE else [])]
    return min(allowed, key=policy.tones.index)


# Sales, holds and credit limits.


def sales_layer(policy: Policy, facts: Facts) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """The rules under which sales is asked, whether it stands down instead, and those of whose silence is told."""
    stood_down = any(rule.ask == ASK_NOTHING and holds(rule.when, facts) for rule in policy.sales)
    if stood_down or holds(layers.stops(policy, Stops.SALES), facts):
        return (), stood_down, ()
    asks = (rule.id for rule in policy.sales if rule.ask != ASK_NOTHING and holds(layers.asks(rule), facts))
    tells = (rule.id for rule in policy.sales if holds(layers.tells(rule), facts))
    return tuple(asks), False, tuple(tells)


def hold_layer(policy: Policy, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The holds placed today, those released, and those that something keeps back."""
    wanted = [hold for hold in policy.holds if holds(layers.wants_hold(hold), facts)]
    place = tuple(hold.id for hold in wanted if holds(layers.may_place(policy, hold), facts))
    release = tuple(hold.id for hold in policy.holds if holds(layers.releases(hold), facts))
    return place, release, tuple(hold.id for hold in wanted if hold.id not in place)


def limit_layer(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """The credit limit rules whose condition holds; no pause stops one, since a limit is proposed and not set."""
    return tuple(rule.id for rule in policy.credit_limits if holds(layers.reviews_limit(rule), facts))


def last(stages: list[Stage]) -> Stage | None:
    """The most severe of the stages, or None."""
    return stages[-1] if stages else None
