"""What is missing for something to happen: the smallest change of facts that brings it about.

The search goes over the boundaries that the policy itself names. Each change that
is offered has been decided again by `meaning`, so it is true of the policy and not
of a theory about it. Facts that move together (days past due and the clocks that
count them) are moved together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice

from duly.language.conditions import (
    ALWAYS,
    All,
    Compare,
    Condition,
    Facts,
    Includes,
    Is,
    Known,
    Leaf,
    Op,
    Value,
    facts_read,
    holds,
    leaves,
)
from duly.language.policy import Policy
from duly.language.reads import OWN, account_conditions
from duly.language.vocabulary import ACCOUNT, Layer, Type
from duly.rules import layers
from duly.rules.decision import Decision
from duly.rules.meaning import decide
from duly.rules.trace import decided

Wanted = Callable[[Decision], bool]
"""Says whether a decision is the one that was missed."""

FEW = 2
"""So many changes are few enough not to look for fewer."""

MOST_TRIED = 200
"""Pairs of changes tried before the search gives up on finding one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact as it is and as it would have to be; `with_it` are the facts that move along."""

    fact: str
    now: Value
    then: Value
    with_it: tuple[tuple[str, Value], ...] = ()

    def applied_to(self, facts: Facts) -> dict[str, Value]:
        """The facts with the change made."""
        return {**facts, self.fact: self.then, **dict(self.with_it)}

    @property
    def size(self) -> int:
        """How far a number moves; 1 for anything else."""
        if isinstance(self.now, int) and isinstance(self.then, int):
            return abs(self.then - self.now)
        return 1


class Search:
    """The changes of one account's facts, each decided once, whatever is looked for among them."""

    def __init__(self, policy: Policy, facts: Facts) -> None:
        self._policy = policy
        self._facts = facts

    def smallest_change(self, wanted: Wanted, about: Condition = ALWAYS) -> tuple[Change, ...] | None:
        """The fewest changes of facts after which `wanted` holds; None where none of those tried brings it.

        Every change of one fact is tried. Then what `about` asks is put right part
        by part, smallest change first; where that takes more than two changes, pairs
        are tried up to a bound as well.
        """
        for one, decision in self._singles:
            if wanted(decision):
                return (one,)
        righted = _put_right(self._policy, self._facts, wanted, about)
        if righted is not None and len(righted) <= FEW:
            return righted
        return next((pair for pair, decision in self._pairs if wanted(decision)), righted)

    @cached_property
    def _singles(self) -> list[tuple[Change, Decision]]:
        changes = _by_size(self._policy, self._facts)
        return [(one, decide(self._policy, one.applied_to(self._facts))) for one in changes]

    @cached_property
    def _pairs(self) -> list[tuple[tuple[Change, Change], Decision]]:
        tried = islice(combinations((change for change, _ in self._singles), 2), MOST_TRIED)
        return [
            ((one, other), decide(self._policy, other.applied_to(one.applied_to(self._facts))))
            for one, other in tried
            if one.fact != other.fact
        ]


def _put_right(policy: Policy, facts: Facts, wanted: Wanted, about: Condition) -> tuple[Change, ...] | None:
    made: list[Change] = []
    changed = facts
    for part in _conjuncts(about):
        if not _is_true(policy, changed, part):
            fitting = (c for c in _by_size(policy, changed) if _is_true(policy, c.applied_to(changed), part))
            change = next(fitting, None)
            if change is None:
                return None
            made.append(change)
            changed = change.applied_to(changed)
    return tuple(made) if made and wanted(decide(policy, changed)) else None


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    match condition:
        case All(parts):
            for part in parts:
                yield from _conjuncts(part)
        case _:
            yield condition


def _is_true(policy: Policy, facts: Facts, condition: Condition) -> bool:
    if facts_read(condition) <= facts.keys():
        return holds(condition, facts)
    return holds(condition, {**facts, **decided(decide(policy, facts))})


def _by_size(policy: Policy, facts: Facts) -> list[Change]:
    return sorted(set(_changes(policy, facts)), key=lambda c: (c.size, c.fact, str(c.then)))


def _changes(policy: Policy, facts: Facts) -> Iterator[Change]:
    for leaf in _asked_of_facts(policy):
        now = facts.get(leaf.fact)
        for then in _beyond(leaf, now):
            if then != now and _possible(leaf.fact, then):
                yield Change(leaf.fact, now, then, _moves_along(policy, facts, leaf.fact, then))
    for stage in policy.stages():
        if facts[stage.days_fact] is None:
            today = ((stage.times_fact, 1), ("days_since_stage", 0), ("days_since_last_stage", 0))
            yield Change(stage.days_fact, None, 0, today)


def _asked_of_facts(policy: Policy) -> Iterator[Leaf]:
    for reading in account_conditions(policy):
        yield from (leaf for leaf in leaves(reading.condition) if _is_given(leaf.fact))
    for ladder in policy.ladders:
        for stage in ladder.stages:
            yield from leaves(stage.reached)
            yield from leaves(layers.gap_is_open(ladder, stage))
            yield from leaves(layers.cap_allows(policy, stage))
            yield from leaves(layers.repeats(ladder, stage))
    for hold in policy.holds:
        yield from (leaf for leaf in leaves(layers.may_place(policy, hold)) if _is_given(leaf.fact))
        yield Includes("holds", hold.id)
    for rule in policy.sales:
        yield Includes("sales_asked", rule.id)
    yield from leaves(layers.too_small(policy))
    yield layers.OUTCOME_UNKNOWN


def _is_given(name: str) -> bool:
    """Say whether the book gives the fact, rather than a layer deciding it."""
    fact = ACCOUNT.get(name.removesuffix(OWN))
    return fact is None or fact.layer is Layer.ACCOUNT


def _beyond(leaf: Leaf, now: Value) -> Iterator[Value]:
    """The values on both sides of what the leaf asks."""
    match leaf:
        case Compare(_, op, number):
            beyond = number + 1 if op in {Op.OVER, Op.AT_MOST} else number
            yield from (beyond, beyond - 1)
        case Is(_, values):
            yield from (True, False) if isinstance(now, bool) else (*values, *_other_word(leaf.fact))
        case Includes(_, member):
            members = now if isinstance(now, frozenset) else frozenset()
            yield members ^ {member}
        case Known(_):
            return


def _other_word(name: str) -> Iterator[Value]:
    fact = ACCOUNT.get(name)
    if fact is not None and fact.type is Type.CHOICE:
        yield from fact.members
        if fact.or_none:
            yield "none"


def _possible(name: str, value: Value) -> bool:
    fact = ACCOUNT.get(name)
    if fact is None or not isinstance(value, int) or isinstance(value, bool):
        return True
    return (fact.least is None or value >= fact.least) and (fact.most is None or value <= fact.most)


_AGE = ("days_past_due", "clock__due_date__days")


def _moves_along(policy: Policy, facts: Facts, name: str, then: Value) -> tuple[tuple[str, Value], ...]:
    """Facts that say the same thing in other words: an older anchor is also late, and owes something."""
    if name in _AGE and isinstance(then, int):
        late = then > policy.late.grace_days
        other = [(twin, then) for twin in _AGE if twin != name and twin in facts and (late or twin != "days_past_due")]
        return (*other, ("late", late))
    return ()
