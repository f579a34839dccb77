"""A journal that somebody else holds: before the run nothing begins, during it nothing more leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from duly.execution.ports import Accepted, Due, NotDue
from duly.execution.report import Came
from duly.execution.run import carry_out
from duly.home import Environment, Home
from duly.journal import sqlite
from duly.journal.create import DATABASE, create
from duly.journal.store import JournalFailed, RunIsActive
from duly.plan.plan import Action
from tests.execution.model import FakeChannel, always_due, made_action, order, story, world

OK = Accepted("250 ok")


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite.SqliteStore]:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    made = create(Home(tmp_path), Environment.TRY)
    assert isinstance(made, sqlite.SqliteStore)
    yield made
    made.close()


@contextmanager
def somebody_writes(journal: sqlite.SqliteStore) -> Iterator[None]:
    with closing(sqlite3.connect(journal.path.with_name(DATABASE), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_database_that_stays_locked_lets_nothing_leave(journal: sqlite.SqliteStore) -> None:
    channel = FakeChannel(OK)
    with somebody_writes(journal):
        report = carry_out(order(), [made_action()], world(journal, channel))
    assert (report.exit_code, channel.got) == (8, [])
    assert report.results[0].came is Came.LEFT
    assert isinstance(report.problem, JournalFailed)
    assert carry_out(order(), [made_action()], world(journal, channel)).exit_code == 0


def test_a_database_that_is_locked_in_the_middle_ends_the_run_where_it_is(journal: sqlite.SqliteStore) -> None:
    channel = FakeChannel(OK)

    with ExitStack() as held:

        def check(action: Action, now: datetime) -> Due | NotDue:
            if action.id == "a2":
                held.enter_context(somebody_writes(journal))
            return always_due(action, now)

        actions = [made_action(), made_action("a2"), made_action("a3")]
        report = carry_out(order(), actions, world(journal, channel, check=check))
    assert (report.exit_code, channel.got) == (8, ["a1"])
    assert [result.came for result in report.results] == [Came.ACCEPTED, Came.LEFT, Came.LEFT]
    assert carry_out(order(resume=True), actions, world(journal, channel)).exit_code == 0
    assert channel.got == ["a1", "a2", "a3"]
    assert story(journal, "a2") == ["intent", "point_of_no_return", "accepted"]


def test_two_runs_on_one_file_exclude_each_other(journal: sqlite.SqliteStore) -> None:
    with journal.run_lock(), pytest.raises(RunIsActive, match="another run is active"):
        carry_out(order(), [made_action()], world(journal, FakeChannel(OK)))
