"""Stages that can wait for ever: nothing about the account changes, a plan is made every day, and they never come.

A repeat that starts the count again before the next stage's days have passed keeps it
waiting for ever; so does a stage that counts from one that nothing brings about. Each
situation that an account can stay in is walked until its days repeat, which is all
there is to see of it. Nobody has to promise anything for this to be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from duly.language.conditions import holds
from duly.language.over_time import Assumption, Premise
from duly.language.policy import Policy, Since, Stage
from duly.review.prove.over_time.days import Days, Place, Way, moved_facts
from duly.review.prove.over_time.history import NEVER
from duly.review.prove.over_time.situations import Situations, TooMany, why_not
from duly.review.prove.over_time.story import Story, told
from duly.review.prove.over_time.walks import Walk
from duly.review.prove.search import MEASURE, Unsettled
from duly.rules import layers, meaning
from duly.rules.decision import NONE, Wait
from duly.rules.trace import decided

QUIET = (Assumption(Premise.RUNS), Assumption(Premise.MESSAGES), Assumption(Premise.STAYS_UNPAID))
"""What is taken for granted: nothing comes in between."""


@dataclass(frozen=True, slots=True)
class Endless:
    """A stage that can wait for ever, the one whose repeats keep it waiting (None where none does), and how it goes."""

    stage: Stage
    repeated: Stage | None
    story: Story


def endless_waits(policy: Policy, *, measure: int = MEASURE) -> tuple[Endless, ...]:
    """Every stage that can wait for ever while nothing changes, in the order of the policy; each pair of stages once.

    Of a policy that runs of days are `not_counted` by there are none. Raises `Unsettled`.
    """
    if not _counts_from_a_stage(policy) or why_not(policy):
        return ()
    try:
        found = dict[tuple[str, str], Endless]()
        for one in _Looking(policy, measure).found():
            found.setdefault((one.stage.id, one.repeated.id if one.repeated else NONE), one)
    except TooMany:
        raise Unsettled from None
    order = policy.stage_ids
    return tuple(sorted(found.values(), key=lambda one: (order.index(one.stage.id), one.repeated is None)))


def not_counted(policy: Policy) -> str:
    """Why no run of days tells whether a stage of the policy can wait for ever; empty where one does."""
    return why_not(policy) if _counts_from_a_stage(policy) else ""


def _counts_from_a_stage(policy: Policy) -> bool:
    """Say whether a stage can stay away at all: a day counted from the due date comes for everyone."""
    return any(stage.after and stage.after.clock.since is Since.PREVIOUS_STAGE for stage in policy.stages())


class _Looking:
    def __init__(self, policy: Policy, measure: int) -> None:
        self.policy = policy
        self.situations = Situations(policy, measure=measure)
        self.days = Days(policy, QUIET, self.situations, powers=frozenset())

    def found(self) -> Iterator[Endless]:
        for first in self.days.beginnings():
            walk = self.walk(first)
            stages = self.waiting(walk)
            if not stages:
                continue
            again = walk.again or 0
            repeats = [way.stage for _, way in walk.steps[again:] if way.executed]
            repeated = self.stage(self.days.ids[repeats[0]]) if repeats else None
            story = told(self.policy, self.days, self.situations, walk)
            if story is not None:
                yield from (Endless(stage, repeated, story) for stage in stages)

    def walk(self, first: Place) -> Walk:
        """The days of an account of which nothing changes, until they repeat: there is one way each day."""
        steps: list[tuple[Place, Way]] = []
        seen: dict[Place, int] = {}
        place = first
        while place not in seen:
            seen[place] = len(steps)
            (way,) = self.days.ways(place)
            steps.append((place, way))
            assert way.to is not None
            place = way.to
        return Walk(tuple(steps), again=seen[place])

    def waiting(self, walk: Walk) -> tuple[Stage, ...]:
        """The stages that are next on every day of the round on which a plan is made, and never act in it."""
        next_ones: set[str] | None = None
        acted = {self.days.ids[way.stage] for _, way in walk.steps[walk.again or 0 :] if way.executed}
        for place, way in walk.steps[walk.again or 0 :]:
            if way.run:
                today = self.next_on(place, way)
                next_ones = today if next_ones is None else next_ones & today
        return tuple(self.stage(id_) for id_ in self.policy.stage_ids if id_ in (next_ones or set()) - acted)

    def next_on(self, place: Place, way: Way) -> set[str]:
        """The stage that is the next above the standing one on the day, if it is the account's time for any."""
        facts = {
            **self.situations.all[place.situation].facts,
            **moved_facts(self.policy, self.days.history(place), place.days_past_due),
            "contact_day": way.open,
        }
        decision = meaning.decide(self.policy, facts)
        if decision.ladder == NONE or decision.wait not in {None, Wait.NOT_YET, Wait.GAP, Wait.CAP}:
            return set()
        known = {**facts, **decided(decision)}
        ladder = self.policy.ladder(decision.ladder)
        standing = max(
            (n for n, s in enumerate(ladder.stages) if holds(layers.stands(ladder, s), known)), default=NEVER
        )
        for stage in ladder.stages[standing + 1 :]:
            if holds(layers.eligible(ladder, stage), known) and not holds(layers.executed(stage), known):
                return {stage.id}
        return set()

    def stage(self, id_: str) -> Stage:
        return next(stage for stage in self.policy.stages() if stage.id == id_)
