"""What a region may say of an account beside its facts: its segment, whether it is paused, which stage is next.

Each of these is a yes or no or a word that many facts come down to, so that a region
says it in one word. A region speaks of it only where both policies are proved to
decide it alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from duly.language.conditions import Any, Compare, Condition, Facts, Includes, Is, Op, Value, holds
from duly.language.policy import Policy, Stops
from duly.review.prove.symbols import Asking, Symbol, Symbols
from duly.rules import layers, meaning
from duly.rules.decision import NONE, Decision
from duly.rules.trace import decided

STANDS_ON = "stands_on"
"""The stage that an account stands on before anything is done today, or none."""

NEXT = "next_stage"
"""The stage that is next for an account, whether it is its time or not, or none."""

DUE = "next_stage_is_due"
"""Whether the day of the next stage has come."""

GAP = "gap_is_open"
"""Whether the last stage is long enough ago for the next one."""

ROOM = "room_for_contact"
"""Whether the contact cap leaves room today."""

STOPPED = "paused_otherwise"
"""Whether the account is paused by what both policies have alike, whatever else pauses it."""

WORDS = ("segment", "ladder", "executed_stage", STANDS_ON, NEXT, "stage", "step", "tone")
YES_NO = ("paused", STOPPED, ROOM, DUE, GAP, "put_off")
SETS = ("pauses", "asked_today", "placed_today", "released_today")


class Spoken:
    """What can be said of an account by both policies."""

    def __init__(self, old: Policy, new: Policy) -> None:
        those = {pause.id: pause for pause in new.account_pauses}
        self._alike = frozenset(
            pause.id
            for pause in old.account_pauses
            if (other := those.get(pause.id)) and (pause.when, pause.stops) == (other.when, other.stops)
        )

    def is_alike(self, pause: str) -> bool:
        """Say whether both policies have the pause and ask the same for it."""
        return pause in self._alike

    def of(self, policy: Policy, facts: Facts, decision: Decision) -> dict[str, Value]:
        """Everything that a region may speak of, for one account that the policy has decided."""
        known: dict[str, Value] = {**facts, **decided(decision)}
        candidate = meaning.Candidate()
        known[GAP] = False
        if decision.ladder != NONE:
            ladder = policy.ladder(decision.ladder)
            candidate = meaning.candidate_of(ladder, known)
            known[GAP] = candidate.stage is not None and holds(layers.gap_is_open(ladder, candidate.stage), known)
        known[STANDS_ON] = candidate.standing.id if candidate.standing else NONE
        known[NEXT] = candidate.stage.id if candidate.stage else NONE
        known[DUE] = candidate.reached
        known[ROOM] = holds(_room(policy), known)
        known[STOPPED] = holds(self._stopped(policy), known)
        return known

    def symbols(self, policy: Policy, ask: Asking, outcome: Symbols) -> Mapping[str, Symbol]:
        """The same as formulas; `outcome` is what the policy decides about a symbolic account."""
        standing = (
            (
                ask.both(
                    outcome["ladder"].value == ask.word(ladder.id), ask.holds(layers.stands(ladder, stage), outcome)
                ),
                ask.word(stage.id),
            )
            for ladder in policy.ladders
            for stage in reversed(ladder.stages)
        )
        return {
            **{name: outcome[name] for name in (*WORDS, *YES_NO, *SETS) if name in outcome},
            STANDS_ON: Symbol(ask.first(standing, ask.word(NONE)), ask.true),
            NEXT: outcome["candidate"],
            DUE: outcome["candidate_reached"],
            GAP: outcome["candidate_gap_is_open"],
            ROOM: Symbol(ask.holds(_room(policy), outcome), ask.true),
            STOPPED: Symbol(ask.holds(self._stopped(policy), outcome), ask.true),
        }

    def _stopped(self, policy: Policy) -> Condition:
        stopping = [pause for pause in policy.account_pauses if Stops.STAGES in pause.stops]
        if all(pause.id in self._alike for pause in stopping):
            return layers.paused(policy)
        alike = (Includes("pauses", pause.id) for pause in stopping if pause.id in self._alike)
        return Any((*alike, Is("exception__pause", (True,)), layers.NOTHING_LEFT))


def _room(policy: Policy) -> Condition:
    cap = policy.limits.contacts_per_customer
    if cap is None:
        return Any((Is("contacted_today", (True, False)),))
    return Any((Is("contacted_today", (True,)), Compare("contacts_in_window", Op.BELOW, cap.at_most)))
