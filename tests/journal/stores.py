"""The stores that the contract is tested over, each with another way into the same journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from duly.home import Home
from duly.journal.create import create, open_journal
from duly.journal.store import Store
from tests.journal.journals import TRY, Clock
from tests.journal.server import Server


@dataclass
class Made:
    """A new journal, its clock, and how it is opened once more."""

    store: Store
    clock: Clock
    again: Callable[[], Store]


@contextmanager
def made(folder: Path, url: str = "") -> Iterator[Made]:
    clock = Clock()
    store = create(Home(folder), TRY, url=url, clock=clock)
    try:
        yield Made(store, clock, lambda: open_journal(Home(folder), TRY, clock=clock))
    finally:
        store.close()


@contextmanager
def sqlite(folder: Path, _: pytest.FixtureRequest) -> Iterator[Made]:
    with made(folder) as new:
        yield new


@contextmanager
def postgres(folder: Path, request: pytest.FixtureRequest) -> Iterator[Made]:
    server: Server = request.getfixturevalue("server")
    with server.database() as url, made(folder, url) as new:
        yield new


STORES = [pytest.param(sqlite, id="sqlite"), pytest.param(postgres, id="postgres")]
