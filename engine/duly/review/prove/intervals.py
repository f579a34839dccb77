"""One fact at a time, exactly: for which of its values a condition holds.

A second engine beside the solver, for what needs no solver: a condition over one fact, and
a list of such conditions of which all must hold. Every value of a fact is a whole number
here (a word by its place among those that the fact can be, no and yes 0 and 1), so that a
set of values is a row of intervals, and whether unknown is among them. Nothing is rounded
and nothing is tried out; what relates one fact to another (an invariant) is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

import z3

from duly.language.conditions import All, Any, Compare, Condition, Facts, Includes, Is, Known, Leaf, Not, Op, leaves
from duly.language.policy import Policy
from duly.language.reads import FactColumn, members
from duly.language.vocabulary import DECIDED_FACTS, LARGEST, Fact, Type
from duly.review.prove.symbols import NUMERIC, Words, account, bounds, columns_of
from duly.rules.decision import NONE

Interval = tuple[int, int]
"""From a whole number to another, both included."""

Name = tuple[str, str]
"""A fact that conditions ask, and the member that they ask for where it is a set."""


@dataclass(frozen=True, slots=True)
class Values:
    """Some of a fact's values: intervals that are apart and in order, and whether unknown is among them."""

    intervals: tuple[Interval, ...] = ()
    unknown: bool = False

    @classmethod
    def of(cls, *numbers: int) -> Values:
        """These numbers alone."""
        return cls(_joined((n, n) for n in numbers))

    @property
    def is_empty(self) -> bool:
        """Say whether there is no value at all."""
        return not self.intervals and not self.unknown

    def __contains__(self, number: int | None) -> bool:
        if number is None:
            return self.unknown
        return any(low <= number <= high for low, high in self.intervals)

    def __or__(self, other: Values) -> Values:
        return Values(_joined((*self.intervals, *other.intervals)), self.unknown or other.unknown)

    def __and__(self, other: Values) -> Values:
        pairs = ((max(a, c), min(b, d)) for a, b in self.intervals for c, d in other.intervals)
        return Values(_joined(pair for pair in pairs if pair[0] <= pair[1]), self.unknown and other.unknown)

    def __sub__(self, other: Values) -> Values:
        return Values(tuple(_left(self.intervals, other.intervals)), self.unknown and not other.unknown)


NOTHING = Values()


def _joined(some: Iterable[Interval]) -> tuple[Interval, ...]:
    """The intervals in order, those that overlap or touch made one."""
    joined: list[Interval] = []
    for low, high in sorted(some):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _left(some: Iterable[Interval], taken: tuple[Interval, ...]) -> Iterator[Interval]:
    for low, high in some:
        start = low
        for first, last in taken:
            if last < start or first > high:
                continue
            if first > start:
                yield start, first - 1
            start = last + 1
        if start <= high:
            yield start, high


@dataclass(frozen=True, slots=True)
class Domain:
    """What a fact can be: every value of it, and the words behind the numbers where it is one of words."""

    every: Values
    type: Type
    words: tuple[str, ...] = ()

    @property
    def known(self) -> Values:
        """Every value but unknown."""
        return Values(self.every.intervals)

    def code(self, value: int | str | bool) -> int:  # noqa: FBT001
        """The number of a value; -1 for a word that the fact cannot be."""
        if isinstance(value, str):
            return self.words.index(value) if value in self.words else -1
        return int(value)

    def value(self, code: int) -> int | str | bool:
        """The value of a number."""
        if self.words:
            return self.words[code]
        return bool(code) if self.type is Type.YES_NO else code


Domains = Mapping[Name, Domain]


def domains(policies: Iterable[Policy], also: Iterable[Condition] = ()) -> Domains:
    """What every fact can be that the policies, and the conditions `also`, can read: of accounts, and what is decided.

    Of a text: the words that are named, and one that stands for all others.
    """
    those, conditions = tuple(policies), tuple(also)
    symbolic = account(those, z3.Context(), Words(), also=conditions)
    found = {
        (column.fact if column.member else column.name, column.member): _of_column(
            column, symbolic.choices.get(column.name, ())
        )
        for column in columns_of(those, conditions)
    }
    for fact in DECIDED_FACTS:
        words = tuple(dict.fromkeys(m for policy in those for m in members(policy, fact)))
        found |= dict(_of_decided(fact, words))
    return found


def _of_column(column: FactColumn, words: tuple[str, ...]) -> Domain:
    if column.type in NUMERIC:
        return Domain(Values((bounds(column),), column.unknown), column.type)
    if column.type is Type.YES_NO:
        return Domain(Values(((0, 1),), column.unknown), column.type)
    return Domain(Values(((0, len(words) - 1),), column.unknown), column.type, words)


def _of_decided(fact: Fact, words: tuple[str, ...]) -> Iterator[tuple[Name, Domain]]:
    if fact.type is Type.SET:
        yield from (((fact.name, member), Domain(Values(((0, 1),)), Type.YES_NO)) for member in words)
    elif fact.type is Type.YES_NO:
        yield (fact.name, ""), Domain(Values(((0, 1),)), fact.type)
    elif fact.type is Type.NUMBER:
        yield (fact.name, ""), Domain(Values(((-LARGEST, LARGEST),)), fact.type)
    else:
        choices = (*((NONE,) if fact.or_none else ()), *words)
        yield (fact.name, ""), Domain(Values(((0, len(choices) - 1),)), fact.type, choices)


# Conditions.


def name_of(leaf: Leaf) -> Name:
    """The fact that a test asks, with the member that it asks for."""
    return (leaf.fact, leaf.member) if isinstance(leaf, Includes) else (leaf.fact, "")


def only_fact(condition: Condition) -> Name | None:
    """The one fact that a condition asks; None where it asks several, or none at all."""
    names = {name_of(leaf) for leaf in leaves(condition)}
    return names.pop() if len(names) == 1 else None


def values_of(condition: Condition, domain: Domain) -> Values:
    """The values for which a condition over one fact holds; where it is unknown it does not."""
    return _answers(condition, domain)[0]


def _answers(condition: Condition, domain: Domain) -> tuple[Values, Values]:
    """The values for which the condition holds, and those for which it does not; for any other it is unknown."""
    match condition:
        case Compare(_, op, number):
            return _of_known(domain, _compared(op, number))
        case Is(_, values):
            return _of_known(domain, Values.of(*(domain.code(value) for value in values)))
        case Includes():
            return _of_known(domain, Values.of(1))
        case Known():
            return domain.known, domain.every - domain.known
        case All(parts):
            return _every(domain, [_answers(part, domain) for part in parts])
        case Any(parts):
            no, yes = _every(domain, [_answers(part, domain)[::-1] for part in parts])
            return yes, no
        case Not(part):
            yes, no = _answers(part, domain)
            return no, yes
        case _:
            assert_never(condition)


def _of_known(domain: Domain, those: Values) -> tuple[Values, Values]:
    return domain.known & those, domain.known - those


def _every(domain: Domain, answers: Iterable[tuple[Values, Values]]) -> tuple[Values, Values]:
    """Where all of them hold, and where one of them does not."""
    every, some = domain.every, NOTHING
    for yes, no in answers:
        every, some = every & yes, some | no
    return every, some


FAR = 4 * LARGEST
"""Beyond every value of every fact."""


def _compared(op: Op, number: int) -> Values:
    match op:
        case Op.AT_LEAST:
            return Values(((number, FAR),))
        case Op.OVER:
            return Values(((number + 1, FAR),))
        case Op.AT_MOST:
            return Values(((-FAR, number),))
        case Op.BELOW:
            return Values(((-FAR, number - 1),))


# Several facts, each by itself.


Box = Mapping[Name, Values]
"""For each fact the values that it may have; of a fact that is not in it, any."""


def box_of(condition: Condition, domains: Domains) -> Box | None:
    """A condition that asks each fact by itself, as the values each may have; None where it relates several.

    The condition holds exactly where each of the facts has one of its values.
    """
    box: dict[Name, Values] = {}
    for part in _parts(condition):
        name = only_fact(part)
        if name is None or name not in domains:
            return None
        values = values_of(part, domains[name])
        box[name] = box[name] & values if name in box else values
    return box


def _parts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _parts(part)
    else:
        yield condition


def never_of(condition: Condition, domains: Domains) -> tuple[Name, ...]:
    """Facts that no value lets the condition hold: where there are any, it never holds.

    Where there are none it may still never hold: because it relates facts, or facts are related.
    """
    box = box_of(condition, domains)
    if box is not None:
        return tuple(name for name, values in box.items() if values.is_empty)
    alone = (part for part in _parts(condition) if only_fact(part) in domains)
    return never_of(All(tuple(alone)), domains)


def overlap(one: Box, other: Box) -> Box | None:
    """Where both hold; None where they never do together."""
    both = {**one, **{name: values & one[name] if name in one else values for name, values in other.items()}}
    return None if any(values.is_empty for values in both.values()) else both


def uncovered(some: Values, conditions: Iterable[Condition], domain: Domain) -> Values:
    """The values, of some, for which none of the conditions over the one fact holds."""
    for condition in conditions:
        some = some - values_of(condition, domain)
    return some


def is_in(box: Box, facts: Facts, domains: Domains) -> bool:
    """Say whether an account has, of each fact, one of the values."""
    for (fact, member), values in box.items():
        value = facts[fact]
        if isinstance(value, frozenset):
            code: int | None = int(member in value)
        else:
            code = None if value is None else domains[fact, member].code(value)
        if code not in values:
            return False
    return True


# In words.


def said(values: Values, domain: Domain) -> str:
    """The values for people: `15 to 29, 60 or more, unknown`."""
    least, most = domain.every.intervals[0][0], domain.every.intervals[-1][1]
    words = []
    for low, high in values.intervals:
        if domain.words:
            words += [str(domain.value(code)) for code in range(low, high + 1)]
        elif domain.type is Type.YES_NO:
            words += [("no", "yes")[code] for code in range(low, high + 1)]
        elif low == high:
            words.append(f"{low:,}")
        elif low == least and high == most:
            words.append("any number")
        elif low == least and low < 0:
            words.append(f"{high:,} or less")
        elif high == most:
            words.append(f"{low:,} or more")
        else:
            words.append(f"{low:,} to {high:,}")
    return ", ".join([*words, *(["unknown"] if values.unknown else [])]) or "nothing"
