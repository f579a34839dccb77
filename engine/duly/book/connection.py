"""A connection to the database of a book, which takes a text of SQL apart once, however often it is run.

A book of a few hundred rows costs the database little beside reading the long
texts by which it is read, and facts, figures and decisions are made; an apply, a
comparison on a book and the figures of several days run the same texts again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import duckdb


class _Text:
    """A text of SQL, the temporary tables that it makes and, from the second time that it is run, its statements.

    Statements belong to no database: any connection can run them, with any values.
    """

    __slots__ = ("_is_known", "_statements", "temporary")

    def __init__(self, text: str) -> None:
        self.temporary = re.findall(r"\bTEMP TABLE (\w+) AS\b", text)
        self._statements: Sequence[duckdb.Statement] = ()
        self._is_known = False

    def run(
        self, text: str, database: duckdb.DuckDBPyConnection, values: Sequence[object] | Mapping[str, object]
    ) -> None:
        """Run it; most texts of a command are run once, and to take one of these apart would be for nothing."""
        if not self._is_known:
            self._is_known = True
            database.execute(text, values or None)
            return
        self._statements = self._statements or database.extract_statements(text)
        for statement in self._statements[:-1]:
            database.execute(statement)
        for statement in self._statements[-1:]:
            database.execute(statement, values or None)


_text = lru_cache(maxsize=2_000)(_Text)


NEEDED = frozenset(
    {
        "build_side_probe_side", "column_lifetime", "cte_inlining", "deliminator", "expression_rewriter",
        "filter_pushdown", "unnest_rewriter", "unused_columns",
    }
)  # fmt: skip
"""What of a plan is worth working out where the rows are few."""


def connect(**config: str | int | bool) -> Connection:
    """A connection to a new database in memory, with these settings of DuckDB."""
    return Connection(duckdb.connect(":memory:", config=dict(config)))


class Connection:
    """A connection to a database, and the rows of the text that was run last; a `with` closes it."""

    __slots__ = ("_database", "_is_interrupted", "_temporary")

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database
        self._temporary: set[str] = set()
        self._is_interrupted = False

    def execute(self, text: str, values: Sequence[object] | Mapping[str, object] = ()) -> Self:
        """Run the statements of the text; the values are those of the last."""
        if self._is_interrupted:
            raise CancelledError
        met = _text(text)
        self._temporary.update(met.temporary)
        met.run(text, self._database, values)
        return self

    def interrupt(self) -> None:
        """Stop what runs over this connection, in whatever thread; whoever asks for more gets `CancelledError`."""
        self._is_interrupted = True
        self._database.interrupt()

    def drop_temporary(self, prefix: str) -> None:
        """Drop what was made here by `TEMP TABLE name AS`, of names that begin so; the catalogue takes long to ask."""
        for name in sorted(name for name in self._temporary if name.startswith(prefix)):
            self._database.execute(f"DROP TABLE IF EXISTS temp.{name}")
            self._temporary.discard(name)

    def expect_few_rows(self) -> None:
        """Spare what pays only where rows are many: a second thread, and most ways to run a text faster.

        That is for the whole database, and so for every connection to it.
        """
        self.execute("SET threads = 1")
        names = {name for (name,) in self.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
        self.execute(f"SET disabled_optimizers = '{','.join(sorted(names - NEEDED))}'")

    def executemany(self, text: str, rows: Iterable[Sequence[object]]) -> None:
        """Run the statement once for each row of values."""
        self._database.executemany(text, list(rows))

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        return self._database.fetchone()

    def fetchmany(self, number: int) -> list[Any]:
        """So many rows more, or what is left."""
        return self._database.fetchmany(number)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self._database.fetchall()

    def cursor(self) -> Connection:
        """Another connection to the same database, which sees none of this one's temporary tables."""
        return Connection(self._database.cursor())

    def close(self) -> None:
        """Close the connection; with the last one the database goes."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
