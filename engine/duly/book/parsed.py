"""SQL that is run for one book after another, parsed once.

A book of a few hundred rows costs the database little beside reading the long
texts that facts, figures and decisions are made by; an apply, a comparison on a
book and the figures of several days run the same texts again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import duckdb


@lru_cache(maxsize=300)
def parsed(text: str) -> tuple[duckdb.Statement, ...]:
    """The statements of a text, without values and without a database: any connection can run them."""
    return tuple(duckdb.extract_statements(text))


def execute(
    connection: duckdb.DuckDBPyConnection, text: str, values: Sequence[object] | Mapping[str, object] = ()
) -> duckdb.DuckDBPyConnection:
    """Run the text as `connection.execute` does; values are those of its last statement."""
    *before, last = parsed(text)
    for statement in before:
        connection.execute(statement)
    return connection.execute(last, values) if values else connection.execute(last)
