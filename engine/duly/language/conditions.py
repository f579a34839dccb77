"""The condition tree, and whether it holds.

A condition is parsed once into this small tree; every reader of it (the plain
meaning, durable-rules, SQL, the English printer, the prover) is a function of
the tree. A condition holds, does not hold, or is unknown (Kleene): a rule acts
only on what holds, and `not` never turns an unknown into a yes.

Money is in whole minor units of the policy's currency. A threshold given by
currency is an `Any` over the currencies, each beside a test of the account's
own amount, the fact `<name>__own`; a currency that is not listed never matches.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from duly.source import NOWHERE, Span

Value = int | str | bool | frozenset[str] | None
"""A fact's value: a whole number (money in minor units), a word, yes or no, a set; None where unknown."""

Facts = Mapping[str, Value]
"""The facts of one account on one day, by name."""


class Op(Enum):
    """How a number is compared: the first and third include the boundary, the others do not."""

    AT_LEAST = "at_least"
    OVER = "over"
    AT_MOST = "at_most"
    BELOW = "below"

    __hash__ = object.__hash__  # an enum hashes its name, each time it is looked up


@dataclass(frozen=True, slots=True)
class Compare:
    """A number against a constant; unknown where the fact is unknown."""

    fact: str
    op: Op
    number: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Is:
    """A word, number or yes/no is one of the values; unknown where the fact is unknown."""

    fact: str
    values: tuple[int | str | bool, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Includes:
    """A set has the member; sets are never unknown."""

    fact: str
    member: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """The fact is known; never unknown itself."""

    fact: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; `All(())` always holds."""

    parts: tuple[Condition, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds; `Any(())` never holds."""

    parts: tuple[Condition, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; unknown where the part is unknown."""

    part: Condition
    span: Span = field(default=NOWHERE, compare=False)


Leaf = Compare | Is | Includes | Known
Condition = Leaf | All | Any | Not

ALWAYS = All(())
"""The condition that always holds."""

NEVER = Any(())
"""The condition that never holds."""

TEST: dict[Op, Callable[[int, int], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.OVER: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}

OPPOSITE = {Op.AT_LEAST: Op.BELOW, Op.BELOW: Op.AT_LEAST, Op.OVER: Op.AT_MOST, Op.AT_MOST: Op.OVER}
"""The comparison that holds exactly where a known number fails the first."""


def truth(condition: Condition, facts: Facts) -> bool | None:
    """True where the condition holds, False where it does not, None where that is unknown."""
    # Asked millions of times an hour: a `match` would take the parts out of each condition before it looked at one.
    if isinstance(condition, All):
        return _truth_of_many(condition.parts, facts, False)
    if isinstance(condition, Compare):
        value, op, number = facts[condition.fact], condition.op, condition.number
        return None if value is None else TEST[op](value, number)  # type: ignore[arg-type]
    if isinstance(condition, Is):
        value = facts[condition.fact]
        return None if value is None else value in condition.values
    if isinstance(condition, Known):
        return facts[condition.fact] is not None
    if isinstance(condition, Any):
        return _truth_of_many(condition.parts, facts, True)
    if isinstance(condition, Includes):
        return condition.member in facts[condition.fact]  # type: ignore[operator]
    if isinstance(condition, Not):
        answer = truth(condition.part, facts)
        return None if answer is None else not answer
    assert_never(condition)


def _truth_of_many(parts: tuple[Condition, ...], facts: Facts, decisive: bool) -> bool | None:  # noqa: FBT001
    """The decisive answer where one part gives it, else None where one is unknown, else the other answer."""
    answer: bool | None = not decisive
    for part in parts:
        one = truth(part, facts)
        if one is decisive:
            return decisive
        if one is None:
            answer = None
    return answer


def holds(condition: Condition, facts: Facts) -> bool:
    """Say whether a condition holds; what is unknown does not."""
    return truth(condition, facts) is True


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every test of a fact in the condition, in the order written."""
    match condition:
        case All(parts) | Any(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield condition


def facts_read(condition: Condition) -> frozenset[str]:
    """The names of the facts that the condition reads."""
    return frozenset(leaf.fact for leaf in leaves(condition))
