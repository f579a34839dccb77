"""The search for an account: whether one can exist, and if so the plainest that was asked for.

The same question has the same answer on every machine: a context of its own, a fixed
seed, and a measure in the solver's own steps instead of seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import z3

from duly.language.conditions import Condition, Facts, Op, Value
from duly.language.invariants import Implies, Invariant, Related, invariants
from duly.language.policy import Period, Policy, Since
from duly.language.reads import FactColumn
from duly.language.vocabulary import Type
from duly.review.prove.symbols import NUMERIC, OTHER, Account, Asking, Symbols, Words, account, columns_of, read_back
from duly.review.prove.terms import answer, core, id_of, is_true_in, number_in, suppose
from duly.rules.decision import NONE

MEASURE = 20_000_000
"""The solver's steps for one question: a measure that is the same on every machine, unlike seconds."""

USUALLY: Mapping[str, bool] = {"contact_day": True, "has_email": True, "has_address": True}
"""What is so of most accounts: an account is plainer with it."""

USUAL_WORD: Mapping[str, str] = {"relationship": "normal"}


class Unsettled(Exception):
    """The solver gave up within its measure."""


class Search:
    """A symbolic account of one or several policies, and what is supposed of it."""

    def __init__(self, policies: Sequence[Policy], also: Iterable[Condition] = (), *, measure: int = MEASURE) -> None:
        self.context = z3.Context()
        self.ask = Asking(self.context, Words())
        self.also = tuple(also)
        self.policies = tuple(policies)
        self.columns = columns_of(policies, self.also)
        self.invariants = tuple(dict.fromkeys(i for policy in policies for i in invariants(policy)))
        self.account = account(policies, self.context, self.ask.words, also=self.also)
        self._solver = z3.Solver(ctx=self.context)
        self._solver.set("rlimit", measure)
        self._solver.set("random_seed", 0)
        self.suppose(*self.suppositions(self.account))

    def suppositions(self, those: Account) -> Iterator[z3.BoolRef]:
        """What is true of every account: bounds and invariants."""
        yield from those.axioms
        yield from (symbolic(self.ask, invariant, those.facts) for invariant in self.invariants)

    def suppose(self, *conditions: z3.BoolRef) -> None:
        """Look only for accounts of which this is true, from now on."""
        suppose(self._solver, conditions)

    @contextmanager
    def supposing(self, *conditions: z3.BoolRef) -> Iterator[None]:
        """Look only for accounts of which this is true, and whatever is supposed meanwhile, until the block ends."""
        self._solver.push()
        try:
            self.suppose(*conditions)
            yield
        finally:
            self._solver.pop()

    def is_possible(self, *more: z3.BoolRef) -> bool:
        """Say whether such an account can exist; raises `Unsettled`."""
        found = answer(self._solver, more)
        if found == z3.unknown:
            raise Unsettled
        return bool(found == z3.sat)

    def needed(self, supposed: Sequence[z3.BoolRef]) -> list[int] | None:
        """Which of the suppositions, by their places, leave no account together; None where there is one."""
        if self.is_possible(*supposed):
            return None
        those = core(self._solver)
        return [at for at, formula in enumerate(supposed) if id_of(formula) in those]

    def plainest(self) -> z3.ModelRef:
        """An account with every fact zero, no, none or unknown where that can be, and its numbers small.

        Stages were executed when their day had come, where that can be.
        """
        for usual in self._stages_in_their_time():
            if self.is_possible(usual):
                self.suppose(usual)
        model = self.any_one()
        large = []
        for column, ways in self._quietly:
            is_quiet = False
            for quiet in ways:
                # What is so of the account at hand need not be asked.
                if is_true_in(model, quiet):
                    is_quiet = True
                    self.suppose(quiet)
                elif self.is_possible(quiet):
                    is_quiet = True
                    model = self._solver.model()
                    self.suppose(quiet)
            if not is_quiet and column.type in NUMERIC and not column.member:
                large.append(column)
        for column in large:
            model = self._make_small(self.account.facts[column.name].value, model, at_least=1)
        return self.any_one()

    def any_one(self) -> z3.ModelRef:
        """An account of which all that is supposed is true; there must be one."""
        self.is_possible()
        return self._solver.model()

    def model(self) -> z3.ModelRef:
        """The account that the last question found possible."""
        return self._solver.model()

    def facts(self, model: z3.ModelRef) -> dict[str, Value]:
        """The facts of the account in a model."""
        return read_back(self.account, model)

    def _stages_in_their_time(self) -> Iterator[z3.BoolRef]:
        """Of each stage, that it was not executed before its day; it can have been, for an older invoice paid since."""
        facts = self.account.facts
        counted = (stage for policy in self.policies for stage in policy.stages())
        times = dict.fromkeys((s.days_fact, s.after.clock, s.after.number) for s in counted if s.after is not None)
        for days, clock, number in times:
            if clock.since is not Since.PREVIOUS_STAGE and clock.period is Period.DAYS:
                executed, since = facts[days], facts[clock.fact]
                long_enough = self.ask.both(since.known, since.value >= number + executed.value)
                yield self.ask.implies(executed.known, long_enough)

    @cached_property
    def _quietly(self) -> tuple[tuple[FactColumn, tuple[z3.BoolRef, ...]], ...]:
        """Each column with the ways in which it can be quiet, the plainest first."""
        return tuple((column, tuple(self._quiet(column))) for column in self.columns)

    def _quiet(self, column: FactColumn) -> Iterator[z3.BoolRef]:
        symbol = self.account.facts[column.fact if column.member else column.name]
        if column.member:
            yield self.ask.not_(symbol.members[column.member])
            return
        if column.unknown:
            yield self.ask.not_(symbol.known)
        match column.type:
            case Type.YES_NO:
                yield symbol.value if USUALLY.get(column.name, False) else self.ask.not_(symbol.value)
            case _ if column.type in NUMERIC:
                yield self.ask.is_(symbol.value, 0)
            case _:
                words = self.account.choices[column.name]
                yield self.ask.is_(symbol.value, self.ask.word(USUAL_WORD.get(column.name, words[0])))

    def make_small(self, value: z3.ArithRef) -> None:
        """Look only for accounts in which the number is as near to zero as it can be."""
        self._make_small(value, self.any_one())

    def _make_small(self, value: z3.ArithRef, model: z3.ModelRef, at_least: int = 0) -> z3.ModelRef:
        """The same, with an account of which all that is supposed is true; returns the one that is left."""
        ask = self.ask
        size = ask.if_(ask.compare(value, Op.BELOW, 0), ask.minus(value), value)
        least, most = at_least, number_in(model, size)
        # Mostly it is as small as it can be already.
        half = most - 1
        while least < most:
            if self.is_possible(ask.compare(size, Op.AT_MOST, half)):
                model = self._solver.model()
                most = number_in(model, size)
            else:
                least = half + 1
            half = (least + most) // 2
        self.suppose(ask.compare(size, Op.AT_MOST, most))
        return model


def telling(facts: Facts, columns: Iterable[FactColumn]) -> Iterator[tuple[str, Value]]:
    """The facts that are not simply zero, no, none or unknown, nor as they mostly are."""
    counted = {column.name for column in columns if column.unknown and column.type in NUMERIC}
    for name, value in facts.items():
        if name in counted and value == 0:
            yield name, value
            continue
        usual = USUALLY.get(name, False) if isinstance(value, bool) else USUAL_WORD.get(name, NONE)
        if value not in (None, 0, "", OTHER, NONE, frozenset(), usual) or (value is False and usual is True):
            yield name, value


def symbolic(ask: Asking, invariant: Invariant, facts: Symbols) -> z3.BoolRef:
    """The invariant as a formula about a symbolic account."""
    match invariant:
        case Implies(if_, then):
            return ask.implies(ask.holds(if_, facts), ask.holds(then, facts))
        case Related(some, op, others, where):
            known = ask.both(ask.holds(where, facts), *(facts[name].known for name in (*some, *others)))
            left = ask.sum(*(facts[name].value for name in some))
            right = ask.sum(*(facts[name].value for name in others))
            return ask.implies(known, ask.compare(left, op, right))
