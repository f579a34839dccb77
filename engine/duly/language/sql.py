"""A condition as SQL text that answers exactly as `conditions.truth` does.

SQL's own three values are Kleene's, so true, false and unknown come out as
TRUE, FALSE and NULL, and a rule acts where the text `IS TRUE`. Only constants of
the policy enter the text: whole numbers, and words quoted by `quoted`. What a
fact is called in a query is the caller's, by `column`; a member of a set is
asked for as `<set>__<member>`, a yes/no that is never NULL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Not, Op

SYMBOL = {Op.AT_LEAST: ">=", Op.OVER: ">", Op.AT_MOST: "<=", Op.BELOW: "<"}


def to_sql(condition: Condition, column: Callable[[str], str]) -> str:
    """The condition as a SQL expression; `column` turns a fact's name into the text that reads it."""
    match condition:
        case Compare(fact, op, number):
            return f"({column(fact)} {SYMBOL[op]} {number})"
        case Is(fact, ()):
            # No value fits, but an unknown fact is unknown still; `IN ()` is no SQL.
            return f"(CASE WHEN {column(fact)} IS NOT NULL THEN FALSE END)"
        case Is(fact, values):
            return f"({column(fact)} IN ({', '.join(map(literal, values))}))"
        case Includes(fact, member):
            return column(f"{fact}__{member}")
        case Known(fact):
            return f"({column(fact)} IS NOT NULL)"
        case All(parts):
            return f"({' AND '.join(to_sql(part, column) for part in parts)})" if parts else "TRUE"
        case Any(parts):
            return f"({' OR '.join(to_sql(part, column) for part in parts)})" if parts else "FALSE"
        case Not(part):
            return f"(NOT {to_sql(part, column)})"
        case _:
            assert_never(condition)


def literal(value: int | str | bool) -> str:  # noqa: FBT001  (a constant of a condition)
    """A constant as SQL text."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            return quoted(value)


def quoted(text: str) -> str:
    """A word as a SQL string."""
    if "\0" in text:
        raise ValueError("no word of a policy has a NUL in it: the gate lets none through")
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
