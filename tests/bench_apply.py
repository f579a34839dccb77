"""How fast a plan is carried out, against what one commit a message allows on this machine.

`python -m tests.bench_apply [ACTIONS] [FOLDER]`. The channel takes everything at once,
so that what is measured is the run and its journal: three commits a message, each of
them on the disk before the next step.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from duly.execution.contacts_left import Cap
from duly.execution.ports import Accepted
from duly.execution.run import carry_out
from duly.home import Environment, Home
from duly.journal.create import create
from tests.execution.model import FakeChannel, made_action, order, world

COMMITS = 2_000
COMMITS_A_MESSAGE = 3


def commits_a_second(folder: Path) -> float:
    """How often this disk can take a row of an entry's size, made durable each time."""
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE entries (text)")
        started = time.perf_counter()
        for _ in range(COMMITS):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO entries VALUES (?)", ("x" * 800,))
            db.execute("COMMIT")
        return COMMITS / (time.perf_counter() - started)


def messages_a_second(folder: Path, actions: int) -> tuple[float, float]:
    """Messages carried out a second by the wall and by the processor."""
    with closing(create(Home(folder), Environment.TRY)) as journal:
        planned = [made_action(f"{number:024x}", f"c{number}") for number in range(actions)]
        reached = world(journal, FakeChannel(Accepted("250 ok")))
        started, used = time.perf_counter(), time.process_time()
        report = carry_out(order(cap=Cap(2, 7)), planned, reached)
        seconds, used = time.perf_counter() - started, time.process_time() - used
    assert report.exit_code == 0, report.problem
    return actions / seconds, actions / used


def main(actions: int = 2_000, where: str = "") -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir=where or None) as name:
        folder = Path(name)
        commits = commits_a_second(folder)
        messages, by_processor = messages_a_second(folder, actions)
        again = commits_a_second_again(folder)
    allowed = (commits + again) / 2
    print(f"{allowed:10,.0f} commits a second, one row each, on the disk of {where or tempfile.gettempdir()}")
    print(f"{messages:10,.0f} messages carried out a second, {COMMITS_A_MESSAGE} commits each")
    print(f"{by_processor:10,.0f} messages a second of one core, the disk aside")
    print(f"{messages / allowed:10.2f} of what one commit a message allows")
    print(f"{messages * COMMITS_A_MESSAGE / allowed:10.2f} of what {COMMITS_A_MESSAGE} commits a message allow")


def commits_a_second_again(folder: Path) -> float:
    """The same once more, for a machine with other things to do."""
    (folder / "again").mkdir()
    return commits_a_second(folder / "again")


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]
