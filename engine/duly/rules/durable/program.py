"""Layers as rulesets, still as plain values.

A `Step` is one layer's rules: conditions and what each says. A `Program` is the
steps in order; which steps follow the ladder's choice depends on the ladder. A
step is lowered to `Ruleset`s, which are small enough for the engine; all of
this can be sent to another process, and nothing of it calls the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from duly.language.conditions import Condition, Includes, Is, Leaf, leaves
from duly.rules.durable.clauses import Clause, Codes, Splitter, member, tree_of

Word = int | str | bool

MOST_RULES = 59
"""Rules of a ruleset, the one that always fires aside: an event that fires 65 is an error."""

MOST_FIELDS = 200
"""Fields of an event; the engine takes 255."""


class Shape(Enum):
    """How a ruleset is asked: for its first rule that holds, or for all of them."""

    FIRST = "first"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said where a condition holds."""

    when: Condition
    says: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class Step:
    """One layer's rules. What no rule that holds says is as in `otherwise`, which names every field of the step."""

    name: str
    shape: Shape
    rules: tuple[Rule, ...]
    otherwise: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class Program:
    """Every step of a decision: those up to the ladder's choice, then those for the ladder chosen."""

    first: tuple[Step, ...]
    then: Mapping[str, tuple[Step, ...]]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, each once."""
        steps = [*self.first, *(step for steps in self.then.values() for step in steps)]
        return tuple({step.name: step for step in steps}.values())

    @property
    def codes(self) -> Codes:
        """A number of our own, from 1, for every word that is compared or said; 0 is any other word."""
        words = dict.fromkeys(word for step in self.steps for word in _words(step))
        return {word: at for at, word in enumerate(words, start=1)}

    @property
    def reads(self) -> tuple[str, ...]:
        """The facts that the account must bring: read by a step, and given by none. Sets are in `members`."""
        given = {name for step in self.steps for name in step.otherwise}
        facts = (leaf.fact for leaf in self._leaves() if not isinstance(leaf, Includes))
        return tuple(dict.fromkeys(fact for fact in facts if fact not in given))

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """The members of sets that the account must bring, each after its set."""
        given = {name for step in self.steps for name in step.otherwise}
        asked = ((leaf.fact, leaf.member) for leaf in self._leaves() if isinstance(leaf, Includes))
        return tuple(dict.fromkeys(pair for pair in asked if member(*pair) not in given))

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of all facts that the account must bring, sets included."""
        return tuple(dict.fromkeys((*self.reads, *(fact for fact, _ in self.members))))

    def _leaves(self) -> Iterator[Leaf]:
        return (leaf for step in self.steps for rule in step.rules for leaf in leaves(rule.when))


def _words(step: Step) -> Iterable[str]:
    for rule in step.rules:
        for leaf in leaves(rule.when):
            if isinstance(leaf, Is):
                yield from (value for value in leaf.values if isinstance(value, str))
        yield from (word for word in rule.says.values() if isinstance(word, str))
    yield from (word for word in step.otherwise.values() if isinstance(word, str))


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What the engine compiles at once: clauses in order, each with the number of the outcome it leads to."""

    name: str
    shape: Shape
    clauses: tuple[tuple[Clause, int], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that an event of this ruleset has."""
        return tuple(dict.fromkeys(test.field for clause, _ in self.clauses for test in clause))


@dataclass(frozen=True, slots=True)
class Lowered:
    """Rulesets that together decide one step, with what its outcomes say; asked one after the other."""

    rulesets: tuple[Ruleset, ...]
    shape: Shape
    outcomes: tuple[Mapping[str, int], ...]
    otherwise: Mapping[str, int]


def lower(step: Step, codes: Codes) -> tuple[Lowered, ...]:
    """The step in the engine's terms: what conditions too large for one rule need first, then the step itself."""
    splitter = Splitter(step.name)
    clauses = [
        (clause, at)
        for at, rule in enumerate(step.rules)
        for clause in splitter.clauses(tree_of(rule.when, codes, holds=True))
    ]
    lowered = []
    for depth, level in enumerate(splitter.levels):
        parts = [(clause, at) for at, (_, clauses_) in enumerate(level) for clause in clauses_]
        lowered.append(
            Lowered(
                rulesets=_rulesets(f"{step.name}__level_{depth}", Shape.ALL, parts),
                shape=Shape.ALL,
                outcomes=tuple({name: 1} for name, _ in level),
                otherwise={name: 0 for name, _ in level},
            )
        )
    outcomes = tuple(_coded(rule.says, codes) for rule in step.rules)
    rulesets = _rulesets(step.name, step.shape, clauses)
    return (*lowered, Lowered(rulesets, step.shape, outcomes, _coded(step.otherwise, codes)))


def _coded(says: Mapping[str, Word], codes: Codes) -> dict[str, int]:
    return {name: codes[word] if isinstance(word, str) else int(word) for name, word in says.items()}


def _rulesets(name: str, shape: Shape, clauses: Iterable[tuple[Clause, int]]) -> tuple[Ruleset, ...]:
    """The clauses in order, in as many rulesets as the engine's bounds ask for."""
    groups: list[list[tuple[Clause, int]]] = []
    fields: set[str] = set()
    for clause, outcome in clauses:
        more = {test.field for test in clause}
        if not groups or len(groups[-1]) == MOST_RULES or len(fields | more) > MOST_FIELDS:
            groups.append([])
            fields = set()
        groups[-1].append((clause, outcome))
        fields |= more
    return tuple(Ruleset(f"{name}__{at}", shape, tuple(group)) for at, group in enumerate(groups))
