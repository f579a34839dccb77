"""Conditions as durable-rules can be trusted with them: small conjunctions of tests on whole numbers.

A condition becomes a list of clauses, at least one of which holds exactly where
the condition does. A fact that is unknown is the number `UNKNOWN`, below every
known one, so no clause ever meets a null: a test that an unknown could pass by
being small says beside it that the fact is known. `not` is carried down to the
tests, which keeps Kleene's logic: neither a test nor its opposite holds of an
unknown.

The engine allows 32 tests a rule and 64 matches an event. A condition that
would need more is split: what is too large is decided first, as a yes/no field
of its own. That is safe because nothing above the tests is negated any more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, product
from typing import TypeVar, assert_never

from duly.language.conditions import OPPOSITE, All, Any, Compare, Condition, Includes, Is, Known, Not, Op

T = TypeVar("T")

UNKNOWN = -(2**62)
"""How an unknown is written; every known number is above it."""

MOST_CLAUSES = 20
"""No condition is given more clauses, so that few conditions fill a ruleset."""

MOST_TESTS = 24
"""No clause is given more tests; the engine breaks beyond 32."""


class Relation(Enum):
    """How a field is compared with a number, in the engine's own words."""

    EQUAL = "$eq"
    OTHER = "$neq"
    LEAST = "$gte"
    OVER = "$gt"
    MOST = "$lte"
    BELOW = "$lt"


RELATION = {Op.AT_LEAST: Relation.LEAST, Op.OVER: Relation.OVER, Op.AT_MOST: Relation.MOST, Op.BELOW: Relation.BELOW}


@dataclass(frozen=True, slots=True)
class Test:
    """A field against a constant."""

    field: str
    relation: Relation
    number: int


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Tree, ...]


Tree = Test | Both | Either
"""A condition without `not`: true or false of every event."""

Clause = tuple[Test, ...]
"""Tests that must all pass."""

Codes = Mapping[str, int]
"""Our own small number for every word that is compared."""


def member(fact: str, name: str) -> str:
    """The yes/no field that says whether a set has the member."""
    return f"{fact}__{name}"


def tree_of(condition: Condition, codes: Codes, *, holds: bool) -> Tree:
    """The tree that is true exactly where the condition holds, or, without `holds`, where it is known not to."""
    match condition:
        case Compare(fact, op, number):
            relation = RELATION[op if holds else OPPOSITE[op]]
            return _known_and(fact, relation, Test(fact, relation, number))
        case Is(fact, values) if holds:
            return Either(tuple(Test(fact, Relation.EQUAL, _number(value, codes)) for value in values))
        case Is(fact, values):
            others = tuple(Test(fact, Relation.OTHER, _number(value, codes)) for value in values)
            return Both((Test(fact, Relation.OVER, UNKNOWN), *others))
        case Includes(fact, name):
            return Test(member(fact, name), Relation.EQUAL, int(holds))
        case Known(fact):
            return Test(fact, Relation.OVER if holds else Relation.EQUAL, UNKNOWN)
        case All(parts) if holds:
            return Both(tuple(tree_of(part, codes, holds=True) for part in parts))
        case All(parts):
            return Either(tuple(tree_of(part, codes, holds=False) for part in parts))
        case Any(parts) if holds:
            return Either(tuple(tree_of(part, codes, holds=True) for part in parts))
        case Any(parts):
            return Both(tuple(tree_of(part, codes, holds=False) for part in parts))
        case Not(part):
            return tree_of(part, codes, holds=not holds)
        case _:
            assert_never(condition)


def _known_and(fact: str, relation: Relation, test: Test) -> Tree:
    if relation in {Relation.MOST, Relation.BELOW}:
        return Both((Test(fact, Relation.OVER, UNKNOWN), test))
    return test


def _number(value: int | str, codes: Codes) -> int:
    return codes[value] if isinstance(value, str) else int(value)


@dataclass(slots=True)
class Splitter:
    """Lowers trees to clauses, and collects what must be decided first, level by level."""

    name: str
    levels: list[list[tuple[str, tuple[Clause, ...]]]] = field(default_factory=list)
    _level_of: dict[str, int] = field(default_factory=dict)
    _made: dict[tuple[Clause, ...], Test] = field(default_factory=dict)

    def clauses(self, tree: Tree) -> tuple[Clause, ...]:
        """The tree's clauses: at most `MOST_CLAUSES`, each of at most `MOST_TESTS`."""
        match tree:
            case Test():
                return ((tree,),)
            case Either(parts):
                return self._few(tuple(dict.fromkeys(chain.from_iterable(map(self.clauses, parts)))))
            case Both(parts):
                return self._product([self.clauses(part) for part in parts])
            case _:
                assert_never(tree)

    def _few(self, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        while len(clauses) > MOST_CLAUSES:
            clauses = tuple((self._first(group),) for group in _groups(clauses, MOST_CLAUSES))
        return clauses

    def _product(self, factors: list[tuple[Clause, ...]]) -> tuple[Clause, ...]:
        while math.prod(map(len, factors)) > MOST_CLAUSES:
            largest = max(range(len(factors)), key=lambda at: len(factors[at]))
            factors[largest] = ((self._first(factors[largest]),),)
        joined = (tuple(dict.fromkeys(chain.from_iterable(choice))) for choice in product(*factors))
        return tuple(dict.fromkeys(self._short(clause) for clause in joined))

    def _short(self, clause: Clause) -> Clause:
        while len(clause) > MOST_TESTS:
            clause = tuple(self._first((group,)) for group in _groups(clause, MOST_TESTS))
        return clause

    def _first(self, clauses: tuple[Clause, ...]) -> Test:
        """The test of a field that an earlier ruleset sets where one of the clauses holds."""
        if clauses not in self._made:
            level = max((self._level_of.get(test.field, -1) for clause in clauses for test in clause), default=-1) + 1
            name = f"{self.name}__part_{len(self._made)}"
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append((name, clauses))
            self._level_of[name] = level
            self._made[clauses] = Test(name, Relation.EQUAL, 1)
        return self._made[clauses]


def _groups(items: Sequence[T], size: int) -> Iterable[tuple[T, ...]]:
    return (tuple(items[at : at + size]) for at in range(0, len(items), size))
