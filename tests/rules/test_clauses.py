"""Clauses hold exactly where the condition does, however it is split."""

from __future__ import annotations

import operator
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.language.conditions import ALWAYS, NEVER, All, Any, Compare, Condition, Facts, Is, Known, Not, Op, holds
from duly.rules.durable.clauses import (
    MOST_CLAUSES,
    MOST_TESTS,
    UNKNOWN,
    Clause,
    Relation,
    Splitter,
    tree_of,
)
from duly.rules.durable.program import MOST_FIELDS, MOST_RULES, Rule, Shape, Step, lower
from tests.rules.strategies import WORDS, YES_NO, Readable, conditions

PASSES = {
    Relation.EQUAL: operator.eq,
    Relation.OTHER: operator.ne,
    Relation.LEAST: operator.ge,
    Relation.OVER: operator.gt,
    Relation.MOST: operator.le,
    Relation.BELOW: operator.lt,
}
CODES = {word: at for at, word in enumerate(sorted({word for words in WORDS.values() for word in words}), start=1)}


def event(facts: Facts) -> dict[str, int]:
    """The facts as the engine would see them."""
    numbers: dict[str, int] = {}
    for name, value in facts.items():
        match value:
            case frozenset():
                numbers |= {f"{name}__{member}": int(member in value) for member in ("key", "legacy")}
            case None:
                numbers[name] = UNKNOWN
            case str():
                numbers[name] = CODES.get(value, 0)
            case _:
                numbers[name] = int(value)
    return numbers


def any_holds(clauses: tuple[Clause, ...], numbers: Mapping[str, int]) -> bool:
    return any(all(PASSES[test.relation](numbers[test.field], test.number) for test in clause) for clause in clauses)


def holds_in_clauses(condition: Condition, facts: Facts) -> bool:
    """Decide the condition as the engine does: parts first, level by level, then the clauses."""
    splitter = Splitter("it")
    clauses = splitter.clauses(tree_of(condition, CODES, holds=True))
    numbers = event(facts)
    for level in splitter.levels:
        numbers |= {name: int(any_holds(part, numbers)) for name, part in level}
    for part in (clauses, *(part for level in splitter.levels for _, part in level)):
        assert len(part) <= MOST_CLAUSES
        assert all(len(clause) <= MOST_TESTS for clause in part)
    return any_holds(clauses, numbers)


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    number = st.none() | st.integers(-2, 71) | st.sampled_from((249_99, 250_00, 250_01))
    names = ("past_due", "past_due__own", "days_past_due", "days_since_reply", "credit_used_pct", "broken_promises")
    facts: dict[str, object] = {name: draw(number) for name in names}
    facts |= {name: draw(st.sampled_from((*words, "Erewhon", None))) for name, words in WORDS.items()}
    facts |= {name: draw(st.booleans()) for name in YES_NO}
    return facts | {"tags": draw(st.frozensets(st.sampled_from(("key", "legacy"))))}  # type: ignore[return-value]


@given(condition=conditions(Readable(WORDS, YES_NO, {"tags": ("key", "legacy")}), depth=4), facts=some_facts())
def test_clauses_hold_where_the_condition_holds(condition: Condition, facts: Facts) -> None:
    assert holds_in_clauses(condition, facts) == holds(condition, facts)


DAY = tuple(Is("days_past_due", (number,)) for number in range(60))
OWED = tuple(Compare("past_due", Op.OVER, number) for number in range(60))


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(ALWAYS, id="always"),
        pytest.param(NEVER, id="never"),
        pytest.param(Any(DAY), id="sixty-alternatives"),
        pytest.param(Is("days_past_due", tuple(range(60))), id="sixty-values"),
        pytest.param(All(tuple(Not(day) for day in DAY)), id="sixty-tests"),
        pytest.param(Not(Any(DAY)), id="none-of-sixty"),
        pytest.param(All(tuple(Any(pair) for pair in zip(DAY, OWED, strict=True))), id="two-to-the-sixty-clauses"),
        pytest.param(Any(tuple(All((*DAY[:40], owed)) for owed in OWED)), id="sixty-long-clauses"),
        pytest.param(Not(Known("days_past_due")), id="unknown"),
    ],
)
@pytest.mark.parametrize("days", [None, 0, 1, 39, 40, 59, 60])
@pytest.mark.parametrize("past_due", [None, 0, 1, 59, 60])
def test_a_condition_of_any_size_is_split_into_what_the_engine_takes(
    condition: Condition, days: int | None, past_due: int | None
) -> None:
    facts = {"days_past_due": days, "past_due": past_due}
    assert holds_in_clauses(condition, facts) == holds(condition, facts)


def test_no_ruleset_has_more_rules_or_fields_than_the_engine_takes() -> None:
    rules = tuple(Rule(Compare(f"fact{n}", Op.OVER, n), {"said": n}) for n in range(500))
    wide = tuple(Rule(All(tuple(Known(f"x{n}_{m}") for m in range(20))), {"said": n}) for n in range(100))
    for lowered in lower(Step("many", Shape.FIRST, rules + wide, {"said": -1}), {}):
        assert all(len(ruleset.clauses) <= MOST_RULES for ruleset in lowered.rulesets)
        assert all(len(ruleset.fields) <= MOST_FIELDS for ruleset in lowered.rulesets)
        assert sum(len(ruleset.clauses) for ruleset in lowered.rulesets) == 600
