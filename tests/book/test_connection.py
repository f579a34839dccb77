"""A text that is taken apart once gives what it gives by itself, and whoever is interrupted runs nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import duckdb
import pytest

from duly.book.connection import NEEDED, Connection, connect

AGAIN = range(3)
"""The first time a text is run as it is, then by its statements."""


@pytest.fixture
def connection() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


def temporary(connection: Connection) -> list[str]:
    names = "SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY table_name"
    return [name for (name,) in connection.execute(names).fetchall()]


def test_a_text_gives_the_rows_of_its_last_statement_for_the_values_given_however_often_it_is_run(
    connection: Connection,
) -> None:
    text = "CREATE OR REPLACE TEMP TABLE few AS SELECT 1 AS n; SELECT n + ? FROM few"
    assert [connection.execute(text, [value]).fetchall() for value in (1, 2, 10)] == [[(2,)], [(3,)], [(11,)]]


def test_a_text_reads_the_table_as_it_is_now(connection: Connection) -> None:
    told = []
    for columns in ("1 AS a", "2 AS a, 'two' AS b", "DATE '2026-01-01' AS a"):
        connection.execute(f"CREATE OR REPLACE TABLE changing AS SELECT {columns}")
        told.append(connection.execute("SELECT * FROM changing").fetchone())
    assert [None if row is None else len(row) for row in told] == [1, 2, 1]


def test_a_text_that_cannot_be_run_says_the_same_every_time(connection: Connection) -> None:
    said = []
    for _ in AGAIN:
        with pytest.raises(duckdb.CatalogException) as refusal:
            connection.execute("SELECT * FROM nowhere")
        said.append(str(refusal.value))
    assert len(set(said)) == 1
    connection.execute("CREATE TABLE nowhere AS SELECT 7 AS n")
    assert connection.execute("SELECT * FROM nowhere").fetchall() == [(7,)]


def test_a_text_of_one_connection_is_run_by_another_in_its_own_database(connection: Connection) -> None:
    with connect() as other:
        for number, one in enumerate((connection, other, connection, other)):
            one.execute("CREATE OR REPLACE TABLE mine AS SELECT CAST($n AS INTEGER) AS n", {"n": number})
        assert [one.execute("SELECT n FROM mine").fetchone() for one in (connection, other)] == [(2,), (3,)]


def test_what_begins_so_is_dropped_and_nothing_else(connection: Connection) -> None:
    for name in ("step_one", "step_two", "kept"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT 1 AS n")
    connection.drop_temporary("step_")
    assert temporary(connection) == ["kept"]


def test_what_half_a_text_made_is_dropped_with_the_rest(connection: Connection) -> None:
    with pytest.raises(duckdb.CatalogException):
        connection.execute("CREATE OR REPLACE TEMP TABLE step_one AS SELECT 1 AS n; SELECT * FROM nowhere")
    assert temporary(connection) == ["step_one"]
    connection.drop_temporary("step_")
    assert temporary(connection) == []


def test_few_rows_keep_only_what_they_need(connection: Connection) -> None:
    connection.expect_few_rows()
    settings = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    spared = set(settings["disabled_optimizers"].split(","))
    every = {name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    assert settings["threads"] == "1"
    assert every - spared == NEEDED


def test_an_interrupt_ends_what_runs_and_lets_nothing_begin(connection: Connection) -> None:
    other = connection.cursor()
    connection.execute("CREATE TABLE begun (n INTEGER)")
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range + b.range = -1"
    with ThreadPoolExecutor() as aside:
        running = aside.submit(other.execute, f"INSERT INTO begun VALUES (1); {endless}")
        while connection.execute("SELECT n FROM begun").fetchone() is None:
            pass
        while not running.done():
            other.interrupt()
        assert isinstance(running.exception(), duckdb.InterruptException)
    with pytest.raises(CancelledError):
        other.execute("SELECT 1")
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
