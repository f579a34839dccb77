"""What a stage or a hold hangs on: the conditions asked before it is proposed, and the numbers at which they turn.

Whether a stage is proposed or a hold placed is settled by these conditions alone.
Where none of their facts passes one of its numbers and nothing else about them
changes, neither does the answer. What comes later (tone, sales, points) or leads
nowhere (segments that nobody asks for) matters only as far as one of these reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from duly.language.conditions import Compare, Condition, Is, Op, facts_read, leaves
from duly.language.policy import Policy
from duly.rules import layers


def decisive(policy: Policy) -> tuple[Condition, ...]:
    """Every condition on which it hangs whether some stage is proposed or some hold is placed."""
    rungs = [(ladder, stage) for ladder in policy.ladders for stage in ladder.stages]
    asked = [pause.when for pause in policy.account_pauses]
    asked += [layers.paused(policy), layers.too_small(policy), layers.OUTCOME_UNKNOWN]
    for ladder, stage in rungs:
        asked += [layers.stands(ladder, stage), layers.eligible(ladder, stage), layers.repeats(ladder, stage)]
        asked += [stage.reached, layers.gap_is_open(ladder, stage), layers.cap_allows(policy, stage)]
    for hold in policy.holds:
        asked += [layers.wants_hold(hold), layers.may_place(policy, hold)]
    if _read(asked) & {"tone", "asked_today"}:
        asked += [limit.when for limit in policy.tone_limits]
        asked += [layers.asks(rule) for rule in policy.sales]
    read = _read(asked)
    if "put_off" in read:
        asked += [layers.closed_today(stage) for _, stage in rungs]
    if "segment" in read or (policy.choose_ladder.by == "segment" and policy.choose_ladder.of):
        asked += [segment.when for segment in policy.segments]
    return tuple(asked)


def _read(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset[str]().union(*map(facts_read, conditions))


def turns(conditions: Iterable[Condition]) -> Mapping[str, tuple[int, ...]]:
    """The facts that the conditions read, each with its numbers: at n an answer may be another than at n - 1."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for condition in conditions:
        for leaf in leaves(condition):
            numbers = found[leaf.fact]
            match leaf:
                case Compare(_, op, number):
                    numbers.add(number + 1 if op in {Op.OVER, Op.AT_MOST} else number)
                case Is(_, values):
                    numbers.update(n for v in values if type(v) is int for n in (v, v + 1))
                case _:
                    pass
    return {fact: tuple(sorted(numbers)) for fact, numbers in found.items()}
