"""What the rulesets said of an account, read back as a `Decision`.

Nothing is decided here: words are looked up, ids are put in the order of the
policy, and the points of the rules that fired are added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duly.language.policy import Policy
from duly.rules.decision import Decision, Wait
from duly.rules.durable.clauses import member
from duly.rules.durable.rulesets import ACTS


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a policy's rules, in its order."""

    pauses: tuple[str, ...]
    sales: tuple[str, ...]
    holds: tuple[str, ...]
    limits: tuple[str, ...]
    points: tuple[tuple[str, int], ...]

    @staticmethod
    def of(policy: Policy) -> Ids:
        """The ids of the policy."""
        return Ids(
            pauses=tuple(pause.id for pause in policy.account_pauses),
            sales=tuple(rule.id for rule in policy.sales),
            holds=tuple(hold.id for hold in policy.holds),
            limits=tuple(rule.id for rule in policy.credit_limits),
            points=tuple((points.id, points.add) for points in policy.worklist),
        )


def read(ids: Ids, words: Mapping[int, str], state: Mapping[str, int]) -> Decision:
    """The decision that the state amounts to."""

    def word(field: str) -> str:
        return words[state[field]]

    def members(of: str, among: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(id_ for id_ in among if state[member(of, id_)])

    wait = word("wait")
    return Decision(
        segment=word("segment"),
        ladder=word("ladder"),
        executed_stage=word("executed_stage"),
        pauses=members("pauses", ids.pauses),
        paused=bool(state["paused"]),
        stage=word("stage"),
        step=word("step"),
        repeat=bool(state["repeat"]),
        wait=None if wait == ACTS else Wait(wait),
        next_stage=word("next_stage"),
        put_off=bool(state["put_off"]),
        tone=word("tone"),
        tasks=members("tasks", ids.pauses),
        asks=members("asked_today", ids.sales),
        stood_down=bool(state["stood_down"]),
        tells=members("tells", ids.sales),
        place=members("placed_today", ids.holds),
        release=members("released_today", ids.holds),
        hold_waits=members("hold_waits", ids.holds),
        limits=members("limits", ids.limits),
        points=sum(add for id_, add in ids.points if state[member("points", id_)]),
    )
