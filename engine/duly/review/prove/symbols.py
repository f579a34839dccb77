"""An account of which nothing is known but what the vocabulary says: every fact a symbol, with its bounds.

A number is a whole number within the bounds of its fact, a word one of the words
that the policy can tell apart, a set a yes or no for each member that it can ask for.
A fact that can be unknown has a presence beside its value. One more word stands for
all the words of a text that the policy does not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import z3

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Not, Op, Value, leaves
from duly.language.policy import Policy
from duly.language.reads import OWN, FactColumn, account_conditions, fact_columns, members
from duly.language.vocabulary import ACCOUNT, LARGEST, MANY_DAYS, Layer, Type
from duly.review.prove.terms import Terms, is_true_in, number_in
from duly.rules.decision import NONE

OTHER = "(another)"
"""Any word of a text that the policy does not name."""

NUMERIC = frozenset({Type.NUMBER, Type.MONEY, Type.PERCENT})


@dataclass(frozen=True, slots=True)
class Symbol:
    """A fact that is not fixed: its value, and whether it is known; a set has its members instead."""

    value: z3.ExprRef
    known: z3.BoolRef
    members: Mapping[str, z3.BoolRef] = field(default_factory=dict)


Symbols = Mapping[str, Symbol]
"""The facts of an account, by name."""


class Words:
    """The words of a policy as whole numbers; none is 0."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {NONE: 0}

    def code(self, word: str) -> int:
        """The number of the word."""
        return self._codes.setdefault(word, len(self._codes))

    def word(self, code: int) -> str:
        """The word of the number."""
        return next(word for word, other in self._codes.items() if other == code)


@dataclass(frozen=True, slots=True)
class Account:
    """A symbolic account: its facts, what is true of every account, and the words behind the numbers."""

    context: z3.Context
    words: Words
    facts: dict[str, Symbol]
    axioms: tuple[z3.BoolRef, ...]
    choices: Mapping[str, tuple[str, ...]]


def account(
    policies: Sequence[Policy], context: z3.Context, words: Words, *, also: Iterable[Condition] = (), mark: str = ""
) -> Account:
    """A symbolic account, with the facts that the policies' rules and the conditions `also` read.

    `mark` ends the names of its variables.
    """
    made = _Making(policies, context, words, mark)
    for condition in also:
        made.name_words(condition)
    for column in columns_of(policies, also):
        made.add(column)
    return Account(context, words, made.facts, tuple(made.axioms), made.choices)


def columns_of(policies: Iterable[Policy], also: Iterable[Condition] = ()) -> tuple[FactColumn, ...]:
    """The facts of an account that the policies' rules read, and those that further conditions read beside them."""
    columns = {column.name: column for policy in policies for column in fact_columns(policy)}
    for leaf in (leaf for condition in also for leaf in leaves(condition)):
        fact = ACCOUNT.get(leaf.fact.removesuffix(OWN))
        if fact is None or fact.layer > Layer.ACCOUNT:
            continue
        if isinstance(leaf, Includes):
            name = f"{leaf.fact}__{leaf.member}"
            columns.setdefault(name, FactColumn(name, Type.YES_NO, leaf.fact, member=leaf.member))
        elif leaf.fact.endswith(OWN):
            columns.setdefault(leaf.fact, FactColumn(leaf.fact, Type.MONEY, leaf.fact, unknown=fact.unknown))
    return tuple(columns.values())


class _Making:
    def __init__(self, policies: Sequence[Policy], context: z3.Context, words: Words, mark: str) -> None:
        self._policies = policies
        self._exceptions = [exception for policy in policies for exception in policy.exceptions]
        self._context = context
        self._terms = Terms(context)
        self._words = words
        self._mark = mark
        self._named: dict[str, set[str]] = {}
        self.facts: dict[str, Symbol] = {}
        self.axioms: list[z3.BoolRef] = []
        self.choices: dict[str, tuple[str, ...]] = {}
        for policy in policies:
            self._named.setdefault(policy.choose_ladder.by, set()).update(policy.choose_ladder.of)
            for reading in account_conditions(policy):
                self.name_words(reading.condition)

    def name_words(self, condition: Condition) -> None:
        """Tell the words apart that a condition names."""
        for leaf in leaves(condition):
            if isinstance(leaf, Is):
                self._named.setdefault(leaf.fact, set()).update(v for v in leaf.values if isinstance(v, str))

    def add(self, column: FactColumn) -> None:
        """Make the symbol of a column, with what is true of it."""
        name = f"{column.name}{self._mark}"
        ask = self._terms
        if column.member:
            of = self.facts.setdefault(column.fact, Symbol(None, ask.true, {}))
            assert isinstance(of.members, dict)
            of.members[column.member] = z3.Bool(name, self._context)
            return
        known = z3.Bool(f"{name}?", self._context) if column.unknown else ask.true
        if column.type is Type.YES_NO:
            self.facts[column.name] = Symbol(z3.Bool(name, self._context), known)
            if column.name == "exception__pause" and not any(e.pause for e in self._exceptions):
                self.axioms.append(ask.not_(self.facts[column.name].value))
            return
        value = z3.Int(name, self._context)
        self.facts[column.name] = Symbol(value, known)
        if column.type in NUMERIC:
            least, most = bounds(column)
            self.axioms += [ask.compare(value, Op.AT_LEAST, least), ask.compare(value, Op.AT_MOST, most)]
            return
        choices = self._choices(column)
        self.choices[column.name] = choices
        self.axioms.append(ask.either(*(ask.is_(value, self._words.code(word)) for word in choices)))

    def _choices(self, column: FactColumn) -> tuple[str, ...]:
        exceptions = self._exceptions
        match column.name:
            case "exception__tone":
                return (NONE, *dict.fromkeys(e.tone_at_most for e in exceptions if e.tone_at_most))
            case "exception__stage":
                return (NONE, *dict.fromkeys(e.stage_at_most for e in exceptions if e.stage_at_most))
            case "exception__ladder":
                return ("", *dict.fromkeys(e.ladder for e in exceptions if e.ladder))
            case name:
                fact = ACCOUNT[name]
                if column.type is Type.CHOICE:
                    return (
                        *((NONE,) if fact.or_none else ()),
                        *dict.fromkeys(m for policy in self._policies for m in members(policy, fact)),
                    )
                return (*sorted(self._named.get(name, ())), OTHER)


def bounds(column: FactColumn) -> tuple[int, int]:
    """What a number can be: as the vocabulary says; counted by a clock, a hundred years either way."""
    fact = ACCOUNT.get(column.fact.removesuffix(OWN))
    if fact is None or fact.least is None or fact.most is None:
        return (-MANY_DAYS, MANY_DAYS) if column.clock else (0, MANY_DAYS)
    return fact.least, min(fact.most, LARGEST)


# Conditions.


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition holds, and when it does not; where neither, it is unknown."""

    yes: z3.BoolRef
    no: z3.BoolRef


class Asking(Terms):
    """The conditions of the tree, asked of symbols."""

    def __init__(self, context: z3.Context, words: Words) -> None:
        super().__init__(context)
        self.words = words

    def holds(self, condition: Condition, facts: Symbols) -> z3.BoolRef:
        """That the condition holds: what is unknown does not."""
        return self.truth(condition, facts).yes

    def truth(self, condition: Condition, facts: Symbols) -> Truth:
        """When the condition holds and when it does not, as `conditions.truth` has it."""
        match condition:
            case Compare(fact, op, number):
                symbol = facts[fact]
                test = self.compare(symbol.value, op, number)
                return Truth(self.both(symbol.known, test), self.both(symbol.known, self.not_(test)))
            case Is(fact, values):
                symbol = facts[fact]
                test = self.either(*(self._equals(symbol.value, value) for value in values))
                return Truth(self.both(symbol.known, test), self.both(symbol.known, self.not_(test)))
            case Includes(fact, member):
                found = facts[fact].members.get(member, self.false)
                return Truth(found, self.not_(found))
            case Known(fact):
                return Truth(facts[fact].known, self.not_(facts[fact].known))
            case All(parts):
                answers = [self.truth(part, facts) for part in parts]
                return Truth(self.both(*(a.yes for a in answers)), self.either(*(a.no for a in answers)))
            case Any(parts):
                answers = [self.truth(part, facts) for part in parts]
                return Truth(self.either(*(a.yes for a in answers)), self.both(*(a.no for a in answers)))
            case Not(part):
                answer = self.truth(part, facts)
                return Truth(answer.no, answer.yes)

    def word(self, word: str) -> z3.ArithRef:
        """A word, as its number."""
        return self.number(self.words.code(word))

    def first(self, choices: Iterator[tuple[z3.BoolRef, z3.ArithRef]], otherwise: z3.ArithRef) -> z3.ArithRef:
        """The value beside the first condition that is true."""
        answer = otherwise
        for condition, value in reversed(list(choices)):
            answer = self.if_(condition, value, answer)
        return answer

    def _equals(self, value: z3.ExprRef, other: int | str | bool) -> z3.BoolRef:  # noqa: FBT001
        match other:
            case bool():
                return value if other else self.not_(value)
            case str():
                return self.is_(value, self.word(other))
            case _:
                return self.is_(value, other)


# Reading a model back.


def read_back(account: Account, model: z3.ModelRef) -> dict[str, Value]:
    """The facts of the account in a model; whatever the model leaves open is zero, no, or the first word."""
    facts: dict[str, Value] = {}
    for name, symbol in account.facts.items():
        if symbol.value is None:
            chosen = (member for member, inside in symbol.members.items() if is_true_in(model, inside))
            facts[name] = frozenset(chosen)
        elif not is_true_in(model, symbol.known):
            facts[name] = None
        elif z3.is_bool(symbol.value):
            facts[name] = is_true_in(model, symbol.value)
        else:
            value = number_in(model, symbol.value)
            facts[name] = account.words.word(value) if name in account.choices else value
    return facts
