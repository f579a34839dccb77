"""Journals for tests: a home with one, steps of actions, and a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duly.home import Environment, Home
from duly.journal import checkpoints
from duly.journal.create import create
from duly.journal.entry import Draft, Event
from duly.journal.sqlite import SqliteStore
from duly.journal.store import Journal

OPERATOR = "operator"
TRY = Environment.TRY


@dataclass
class Clock:
    """A clock that says what it is told, and a second more each time."""

    at: datetime = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def new(folder: Path) -> SqliteStore:
    """A new journal of the environment `try`, in a file."""
    store = create(Home(folder), TRY, clock=Clock())
    assert isinstance(store, SqliteStore)
    return store


def folder_of(store: SqliteStore) -> Path:
    return store.path.parent


def step(event: Event, key: str = "k1", customer: str = "C1", **body: object) -> Draft:
    return Draft(event, OPERATOR, key=key, customer=customer, run="run-1", body=body)


def handed_over(key: str = "k1", customer: str = "C1", **body: object) -> tuple[Draft, ...]:
    """An action from its intent to its acceptance, with a personal value."""
    intent = Draft(
        Event.INTENT,
        OPERATOR,
        key,
        customer,
        "run-1",
        {"content": f"digest of {key}"},
        {"to": f"{customer}@sample.test"},
    )
    return intent, step(Event.POINT_OF_NO_RETURN, key, customer), step(Event.ACCEPTED, key, customer, **body)


def with_some_entries(folder: Path, actions: int = 3) -> SqliteStore:
    """A journal with a few actions handed over one by one, a step an append, and a checkpoint."""
    store = new(folder)
    for n in range(actions):
        for draft in handed_over(f"k{n}", f"C{n}", day="2026-03-31"):
            store.append(draft)
    checkpoints.sign(folder_of(store), store, clock=Clock())
    return store


def events(journal: Journal, key: str) -> list[str]:
    return [entry.event.value for entry in journal.entries(key=key)]
