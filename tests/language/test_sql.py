"""Conditions as SQL say what the conditions say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.book.connection import connect
from duly.language.conditions import All, Any, Compare, Condition, Facts, Includes, Is, Known, Not, Op, truth
from duly.language.sql import identifier, literal, quoted, to_sql

WORDS = ["a", "b's", 'c"d', "e\\", "%", ""]

LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.just("number"), st.sampled_from(Op), st.integers(-2, 2)),
    st.builds(Is, st.just("word"), st.lists(st.sampled_from(WORDS), max_size=2).map(tuple)),
    st.builds(Is, st.just("yes"), st.lists(st.booleans(), max_size=2).map(tuple)),
    st.builds(Is, st.just("number"), st.lists(st.integers(-2, 2), max_size=2).map(tuple)),
    st.builds(Includes, st.just("set"), st.sampled_from(["a", "b"])),
    st.builds(Known, st.sampled_from(["number", "word", "yes"])),
)


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.one_of(st.builds(All, several), st.builds(Any, several), st.builds(Not, parts))


FACTS: st.SearchStrategy[Facts] = st.fixed_dictionaries(
    {
        "number": st.one_of(st.none(), st.integers(-2, 2)),
        "word": st.one_of(st.none(), st.sampled_from(WORDS)),
        "yes": st.one_of(st.none(), st.booleans()),
        "set": st.frozensets(st.sampled_from(["a", "b"])),
    }
)

CONNECTION = connect()


@given(condition=st.recursive(LEAVES, _joined, max_leaves=12), facts=FACTS)
def test_sql_answers_as_the_condition_does(condition: Condition, facts: Facts) -> None:
    members = facts["set"]
    assert isinstance(members, frozenset)
    row = [facts["number"], facts["word"], facts["yes"], "a" in members, "b" in members]
    answer = CONNECTION.execute(
        f"SELECT {to_sql(condition, identifier)} FROM (SELECT CAST(? AS BIGINT) AS number, CAST(? AS VARCHAR) AS word, "
        "CAST(? AS BOOLEAN) AS yes, ? AS set__a, ? AS set__b)",
        row,
    ).fetchone()
    assert answer == (truth(condition, facts),)


@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_quoted_word_is_the_word(text: str) -> None:
    assert CONNECTION.execute(f"SELECT {quoted(text)}").fetchone() == (text,)


def test_a_word_with_a_nul_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "TRUE"), (False, "FALSE"), (-3, "-3"), ("o'clock", "'o''clock'")],
    ids=["yes", "no", "number", "word"],
)
def test_constants_are_written_as_what_they_are(value: int | str | bool, text: str) -> None:  # noqa: FBT001
    assert literal(value) == text
