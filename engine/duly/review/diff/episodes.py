"""A policy changed in the middle of an episode: what becomes of the stages that have been executed already.

An executed stage is known by its id. Where the new policy has the stage on the same
ladder, whoever was sent it stands on it as before. Where the stage is gone or has
another name, whoever was sent it counts as standing further down, and the ladder sends
a message that is no harsher than the last one: the customer hears the same thing twice.
Whether that can happen is asked for every stage, of every account that can exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import z3

from duly.language.policy import Policy, Stage
from duly.review.diff.aspects import Aspects
from duly.review.diff.regions import Witness, not_sent_yet
from duly.review.prove.search import MEASURE, Search, Unsettled, telling
from duly.review.prove.symbolic import decide
from duly.rules import meaning
from duly.rules.decision import NONE, Decision


class Standing(Enum):
    """What became of an executed stage."""

    STANDS = "stands as before"
    MOVED = "stands at another place of the ladder"
    ELSEWHERE = "is on another ladder"
    GONE = "is gone"


@dataclass(frozen=True, slots=True)
class Again:
    """A stage that can be proposed though one as harsh or harsher was executed, as the old policy never does."""

    stage: str
    witness: Witness


@dataclass(frozen=True, slots=True)
class Rung:
    """A stage of a ladder of the old policy, what became of it, and what whoever was sent it can be sent now.

    `like` is a stage that only the new policy has and that does the same: another name
    for it, most likely. `unsettled` are stages of which the solver could not tell.
    """

    ladder: str
    stage: str
    standing: Standing
    like: str = ""
    again: tuple[Again, ...] = ()
    unsettled: tuple[str, ...] = ()

    @property
    def is_as_before(self) -> bool:
        """Say whether whoever was sent the stage is sent only what is harsher: proved."""
        return self.standing is Standing.STANDS and not self.again and not self.unsettled


def rungs(old: Policy, new: Policy, *, measure: int = MEASURE) -> tuple[Rung, ...]:
    """What becomes of every stage that the old policy may have executed, in the order written."""
    return tuple(_Looking(old, new, measure).rungs())


def sent_again(old: Policy, new: Policy, before: Decision, after: Decision) -> bool:
    """Say whether an account is proposed a stage no harsher than one that it was sent, and not as a repeat."""
    if after.step == NONE or after.repeat or before.step == after.step or before.executed_stage == NONE:
        return False
    order = Aspects(old, new).stages
    return order.index(after.step) <= order.index(before.executed_stage)


class _Looking:
    def __init__(self, old: Policy, new: Policy, measure: int) -> None:
        self.old = old
        self.new = new
        self.order = Aspects(old, new).stages
        self.search = Search([old, new], measure=measure)
        self.ask = self.search.ask
        facts = self.search.account.facts
        self.search.suppose(*(z3.Not(facts[fact].known) for fact in not_sent_yet(old, new)))
        self.before = decide(old, self.ask, facts)
        self.after = decide(new, self.ask, facts)

    def rungs(self) -> Iterator[Rung]:
        for ladder in self.old.ladders:
            for stage in ladder.stages:
                again, unsettled = [], []
                for other in self.order[: self.order.index(stage.id) + 1]:
                    try:
                        if other in self.new.stage_ids and (found := self.again(ladder.id, stage.id, other)):
                            again.append(found)
                    except Unsettled:
                        unsettled.append(other)
                standing = self.standing(ladder.id, stage.id)
                like = self.like(stage) if standing is Standing.GONE else ""
                yield Rung(ladder.id, stage.id, standing, like, tuple(again), tuple(unsettled))

    def standing(self, ladder: str, stage: str) -> Standing:
        here = next((one for one in self.new.ladders if one.id == ladder), None)
        ids = [one.id for one in here.stages] if here else []
        if stage in ids:
            before = [one.id for one in self.old.ladder(ladder).stages]
            both = [id_ for id_ in before if id_ in ids]
            same = [id_ for id_ in ids if id_ in both][both.index(stage)] == stage
            return Standing.STANDS if same else Standing.MOVED
        return Standing.ELSEWHERE if stage in self.new.stage_ids else Standing.GONE

    def like(self, stage: Stage) -> str:
        does = (stage.tone, stage.send, stage.tasks, stage.action)
        those = (
            other.id
            for other in self.new.stages()
            if other.id not in self.old.stage_ids and (other.tone, other.send, other.tasks, other.action) == does
        )
        return next(those, "")

    def again(self, ladder: str, executed: str, stage: str) -> Again | None:
        """The other stage, if it can be proposed to an account on which the one was the last."""
        ask, before, after = self.ask, self.before, self.after
        there = (before["ladder"].value == ask.word(ladder), before["executed_stage"].value == ask.word(executed))
        if self.search.is_possible(*there, before["step"].value == ask.word(stage)):
            return None
        wanted = (*there, after["step"].value == ask.word(stage), z3.Not(after["repeat"].value))
        if not self.search.is_possible(*wanted):
            return None
        with self.search.supposing(*wanted):
            facts = self.search.facts(self.search.plainest())
        one, other = meaning.decide(self.old, facts), meaning.decide(self.new, facts)
        if not sent_again(self.old, self.new, one, other):
            raise AssertionError("the witness is not sent anything again by the meaning of the policies")
        return Again(stage, Witness(facts, tuple(telling(facts, self.search.columns)), one, other))
