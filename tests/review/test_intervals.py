"""Two engines and a list of all cases have one answer: intervals, the solver, and `holds` tried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.language.conditions import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Compare,
    Condition,
    Facts,
    Includes,
    Is,
    Known,
    Not,
    Op,
    Value,
    holds,
)
from duly.language.load import load_policy
from duly.language.reads import account_conditions
from duly.language.vocabulary import MANY_DAYS, Type
from duly.review.prove import intervals
from duly.review.prove.intervals import (
    Domain,
    Name,
    Values,
    box_of,
    domains,
    is_in,
    never_of,
    only_fact,
    overlap,
    said,
    uncovered,
    values_of,
)
from duly.review.prove.search import Search, Unsettled
from duly.review.prove.symbols import Asking, Symbol, Words
from tests.conftest import NIGHTLY

EXAMPLES = 3_000 if NIGHTLY else 100

NUMBER: Name = ("days_since_reply", "")
AMOUNT: Name = ("past_due", "")
WORD: Name = ("relationship", "")
YES: Name = ("insolvent", "")
MEMBER: Name = ("holds", "credit")

SMALL: dict[Name, Domain] = {
    NUMBER: Domain(Values(((-2, 6),), unknown=True), Type.NUMBER),
    AMOUNT: Domain(Values(((0, 4),)), Type.MONEY),
    WORD: Domain(Values(((0, 2),), unknown=True), Type.CHOICE, ("fragile", "normal", "strong")),
    YES: Domain(Values(((0, 1),)), Type.YES_NO),
    MEMBER: Domain(Values(((0, 1),)), Type.YES_NO),
}
"""Facts of so few values that all of them can be tried."""


def codes(name: Name) -> list[int | None]:
    """Every value of a fact."""
    every = SMALL[name].every
    known: list[int | None] = [n for low, high in every.intervals for n in range(low, high + 1)]
    return known + [None] * every.unknown


def fact_value(name: Name, code: int | None) -> Value:
    """The value in an account."""
    if name[1]:
        return frozenset({name[1]} if code else ())
    return None if code is None else SMALL[name].value(code)


def accounts(names: tuple[Name, ...] = tuple(SMALL)) -> Iterator[dict[Name, int | None]]:
    """Every account there is of these facts."""
    for chosen in product(*(codes(name) for name in names)):
        yield dict(zip(names, chosen, strict=True))


def as_facts(account: dict[Name, int | None]) -> Facts:
    return {name[0]: fact_value(name, code) for name, code in account.items()}


def leaf(name: Name) -> st.SearchStrategy[Condition]:
    """A test of the fact, now and then with what it can never be."""
    fact, member = name
    if member:
        return st.just(Includes(fact, member))
    known = st.just(Known(fact))
    if name == WORD:
        words = st.lists(st.sampled_from(("fragile", "normal", "strong", "unheard of")), max_size=3, unique=True)
        return known | words.map(lambda some: Is(fact, tuple(some)))
    if name == YES:
        return known | st.booleans().map(lambda yes: Is(fact, (yes,)))
    numbers = st.integers(-4, 8)
    some = st.lists(numbers, max_size=3, unique=True).map(lambda them: Is(fact, tuple(them)))
    return known | some | st.builds(Compare, st.just(fact), st.sampled_from(Op), numbers)


def conditions(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Conditions over these tests."""

    def larger(part: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        parts = st.lists(part, max_size=3).map(tuple)
        return parts.map(All) | parts.map(Any) | part.map(Not)

    return st.recursive(leaves, larger, max_leaves=8)


def over_one_fact() -> st.SearchStrategy[tuple[Name, Condition]]:
    return st.sampled_from(sorted(SMALL)).flatmap(lambda name: st.tuples(st.just(name), conditions(leaf(name))))


def boxes() -> st.SearchStrategy[Condition]:
    """Conditions that ask several facts, each by itself."""
    parts = st.lists(over_one_fact().map(lambda pair: pair[1]), max_size=4)
    return parts.map(lambda some: All(tuple(some)))


class Asked:
    """The solver over the same facts of few values."""

    def __init__(self) -> None:
        context = z3.Context()
        self.ask = Asking(context, Words())
        self.solver = z3.Solver(ctx=context)
        self.facts: dict[str, Symbol] = {}
        self.variables: dict[Name, Symbol] = {}
        for name, domain in SMALL.items():
            fact, member = name
            known = z3.Bool(f"{fact}?", context) if domain.every.unknown else self.ask.true
            if member:
                inside = z3.Bool(f"{fact} {member}", context)
                self.facts[fact] = Symbol(None, known, {member: inside})
                self.variables[name] = Symbol(inside, known)
                continue
            if domain.type is Type.YES_NO:
                self.facts[fact] = self.variables[name] = Symbol(z3.Bool(fact, context), known)
                continue
            value = z3.Int(fact, context)
            self.facts[fact] = self.variables[name] = Symbol(value, known)
            inside_it = [self.number(name, code) for code in codes(name) if code is not None]
            self.solver.add(z3.Or([value == number for number in inside_it]))

    def number(self, name: Name, code: int) -> z3.ArithRef:
        words = SMALL[name].words
        return self.ask.word(words[code]) if words else self.ask.number(code)

    def is_possible(self, *conditions: z3.BoolRef) -> bool:
        return bool(self.solver.check(*conditions) == z3.sat)

    def is_one_of(self, name: Name, values: Values) -> z3.BoolRef:
        """That the fact has one of the values."""
        symbol = self.variables[name]
        known = [self._is(name, code) for code in codes(name) if code is not None and code in values]
        found = [self.ask.both(symbol.known, self.ask.either(*known))]
        return self.ask.either(*found, *([z3.Not(symbol.known)] if values.unknown else []))

    def _is(self, name: Name, code: int) -> z3.BoolRef:
        value = self.variables[name].value
        if SMALL[name].type is Type.YES_NO:
            return value if code else z3.Not(value)
        return value == self.number(name, code)


# Sets of values.


def sets() -> st.SearchStrategy[Values]:
    numbers = st.frozensets(st.integers(-3, 9))
    return st.builds(lambda some, unknown: Values(Values.of(*some).intervals, unknown), numbers, st.booleans())


def members(values: Values) -> set[int | None]:
    return {code for code in (None, *range(-5, 12)) if code in values}


@given(sets(), sets())
def test_values_are_joined_shared_and_taken_away_like_the_sets_that_they_are(one: Values, other: Values) -> None:
    assert members(one | other) == members(one) | members(other)
    assert members(one & other) == members(one) & members(other)
    assert members(one - other) == members(one) - members(other)
    assert one.is_empty == (not members(one))


@given(sets(), sets())
def test_the_same_values_are_written_the_same(one: Values, other: Values) -> None:
    """No two intervals touch: so equal sets are equal values, whatever they were made of."""
    for made in (one | other, one & other, one - other):
        assert all(before[1] + 1 < after[0] for before, after in zip(made.intervals, made.intervals[1:], strict=False))
        assert (made == one) == (members(made) == members(one))


# One fact.


def by_intervals_as_tried_out(pair: tuple[Name, Condition]) -> None:
    name, condition = pair
    found = values_of(condition, SMALL[name])
    for code in codes(name):
        assert (code in found) == holds(condition, {name[0]: fact_value(name, code)})
    assert (found - SMALL[name].every).is_empty


@settings(max_examples=EXAMPLES)
@given(over_one_fact())
def test_the_intervals_are_the_values_for_which_the_condition_holds_and_no_others(
    pair: tuple[Name, Condition],
) -> None:
    by_intervals_as_tried_out(pair)


@settings(max_examples=EXAMPLES, deadline=None)
@given(over_one_fact())
def test_the_solver_knows_no_value_that_the_intervals_do_not(pair: tuple[Name, Condition]) -> None:
    name, condition = pair
    asked = Asked()
    differ = asked.ask.holds(condition, asked.facts) != asked.is_one_of(name, values_of(condition, SMALL[name]))
    assert not asked.is_possible(differ)


# Several facts.


@settings(max_examples=EXAMPLES)
@given(boxes())
def test_a_box_holds_exactly_where_each_fact_has_one_of_its_values(condition: Condition) -> None:
    box = box_of(condition, SMALL)
    if box is None:
        return
    names = tuple(name for name in SMALL if name in box)
    for account in accounts(names):
        facts = as_facts(account)
        assert is_in(box, facts, SMALL) == holds(condition, facts)


@settings(max_examples=EXAMPLES, deadline=None)
@given(boxes(), boxes())
def test_the_solver_finds_two_boxes_together_exactly_where_they_overlap(one: Condition, other: Condition) -> None:
    boxes = box_of(one, SMALL), box_of(other, SMALL)
    if boxes[0] is None or boxes[1] is None:
        return
    asked = Asked()
    together = asked.is_possible(asked.ask.holds(one, asked.facts), asked.ask.holds(other, asked.facts))
    assert together == (overlap(boxes[0], boxes[1]) is not None)


@settings(max_examples=EXAMPLES, deadline=None)
@given(conditions(st.sampled_from(sorted(SMALL)).flatmap(leaf)))
def test_the_solver_finds_what_is_found_by_trying_every_account(condition: Condition) -> None:
    asked = Asked()
    formula = asked.ask.holds(condition, asked.facts)
    held = [account for account in accounts() if holds(condition, as_facts(account))]
    assert asked.is_possible(formula) == bool(held)
    assert asked.is_possible(z3.Not(formula)) == (len(held) < len(list(accounts())))
    if never_of(condition, SMALL):
        assert not held


def test_values_that_no_condition_takes_are_what_is_left_between_them() -> None:
    took = (Compare("past_due", Op.OVER, 2), Compare("past_due", Op.BELOW, 2))
    assert uncovered(SMALL[AMOUNT].every, took, SMALL[AMOUNT]) == Values.of(2)
    took_all = (Compare("past_due", Op.OVER, 2), Compare("past_due", Op.AT_MOST, 2))
    assert uncovered(SMALL[AMOUNT].every, took_all, SMALL[AMOUNT]).is_empty


def test_a_condition_that_relates_facts_is_no_box_but_may_still_be_seen_to_fail() -> None:
    either = Any((Compare("past_due", Op.OVER, 2), Is("insolvent", (True,))))
    impossible = All((Compare("past_due", Op.OVER, 3), Compare("past_due", Op.BELOW, 4)))
    assert box_of(either, SMALL) is None
    assert never_of(either, SMALL) == ()
    assert never_of(All((either, impossible)), SMALL) == (AMOUNT,)
    assert never_of(All((either, Compare("past_due", Op.OVER, 4))), SMALL) == (AMOUNT,)
    assert never_of(impossible, SMALL) == (AMOUNT,)


@pytest.mark.parametrize(
    ("condition", "fact"),
    [
        pytest.param(Compare("past_due", Op.OVER, 2), AMOUNT, id="one test"),
        pytest.param(All((Known("past_due"), Not(Is("past_due", (2,))))), AMOUNT, id="two tests of one fact"),
        pytest.param(Any((Includes("holds", "credit"), Includes("holds", "credit"))), MEMBER, id="one member"),
        pytest.param(Any((Includes("holds", "credit"), Includes("holds", "other"))), None, id="two members"),
        pytest.param(All((Known("past_due"), Known("insolvent"))), None, id="two facts"),
        pytest.param(ALWAYS, None, id="no fact"),
        pytest.param(NEVER, None, id="no fact, never"),
    ],
)
def test_a_condition_over_one_fact_is_known_as_one(condition: Condition, fact: Name | None) -> None:
    assert only_fact(condition) == fact


# The policies that are shipped, and the words of the vocabulary.

STANDARD = load_policy(Path("policies/standard.yaml"))[0]


def test_every_rule_of_the_standard_policy_is_answered_alike_by_both_engines() -> None:
    every = domains([STANDARD])
    search = Search([STANDARD])
    checked = 0
    for reading in account_conditions(STANDARD):
        box = box_of(reading.condition, every)
        if box is None or any(name not in search.account.facts for name, _ in box):
            continue
        checked += 1
        assert never_of(reading.condition, every) == ()
        try:
            assert search.is_possible(search.ask.holds(reading.condition, search.account.facts))
        except Unsettled:  # pragma: no cover
            pytest.fail(f"not settled: {reading.path}")
    assert checked > 10


@pytest.mark.parametrize(
    ("fact", "condition", "words"),
    [
        pytest.param("days_past_due", Compare("days_past_due", Op.OVER, 60), "61 or more", id="from a number on"),
        pytest.param(
            "days_past_due",
            All((Compare("days_past_due", Op.AT_LEAST, 15), Compare("days_past_due", Op.BELOW, 30))),
            "15 to 29",
            id="between two numbers",
        ),
        pytest.param("days_since_reply", Not(Known("days_since_reply")), "unknown", id="unknown"),
        pytest.param("relationship", Not(Is("relationship", ("normal",))), "fragile, strong", id="words"),
        pytest.param("insolvent", Is("insolvent", (False,)), "no", id="no"),
        pytest.param("past_due", Compare("past_due", Op.BELOW, 0), "nothing", id="nothing"),
        pytest.param("past_due", ALWAYS, "any number", id="anything"),
        pytest.param("segment", Is("segment", ("new",)), "new", id="what is decided"),
    ],
)
def test_values_are_said_in_words(fact: str, condition: Condition, words: str) -> None:
    domain = domains([STANDARD])[fact, ""]
    assert said(values_of(condition, domain), domain) == words


def test_a_clock_runs_a_hundred_years_either_way() -> None:
    domain = domains([STANDARD])["clock__due_date__days", ""]
    assert domain.every == Values(((-MANY_DAYS, MANY_DAYS),), unknown=True)
    assert said(values_of(Compare("clock__due_date__days", Op.AT_MOST, 3), domain), domain) == "3 or less"


# Planted faults.


def over_includes_its_number(op: Op, number: int) -> Values:
    return COMPARED(Op.AT_LEAST if op is Op.OVER else op, number)


def unknown_answers_no(domain: Domain, those: Values) -> tuple[Values, Values]:
    return domain.known & those, domain.every - those


def gap_is_bridged(some: object) -> tuple[tuple[int, int], ...]:
    joined = JOINED(some)  # type: ignore[arg-type]
    return ((joined[0][0], joined[-1][1]),) if joined else ()


COMPARED, JOINED = intervals._compared, intervals._joined


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param("_compared", over_includes_its_number, id="over includes its number"),
        pytest.param("_of_known", unknown_answers_no, id="what is unknown is no"),
        pytest.param("_joined", gap_is_bridged, id="a gap is bridged"),
    ],
)
def test_a_fault_in_the_intervals_is_found_by_trying_out(
    name: str, fault: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intervals, name, fault)

    @settings(max_examples=1_000, database=None)
    @given(over_one_fact())
    def agree(pair: tuple[Name, Condition]) -> None:
        by_intervals_as_tried_out(pair)

    with pytest.raises(AssertionError):
        agree()
