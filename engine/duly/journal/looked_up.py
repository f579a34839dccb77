"""What the journal says about a customer, an action, a stage or a time: entries picked, nothing told.

A customer's entries are found under every id that the customer had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from heapq import merge

from duly.journal.entry import Entry, Event
from duly.journal.erase import earlier_ids
from duly.journal.store import Journal


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; empty or None is everything. `key` may be the beginning of an action's id."""

    customer: str = ""
    stage: str = ""
    key: str = ""
    run: str = ""
    since: date | None = None


def looked_up(journal: Journal, wanted: Wanted) -> Iterator[Entry]:
    """The entries that are wanted, in order; `since` is by the day of the entry, in UTC."""
    since = wanted.since.isoformat() if wanted.since else ""
    keys: set[str] = set()
    for entry in _about(journal, wanted):
        if wanted.stage and entry.event is Event.INTENT and _stage(entry) == wanted.stage:
            keys.add(entry.key)
        if wanted.stage and entry.key not in keys:
            continue
        if entry.key.startswith(wanted.key) and entry.at[: len(since)] >= since:
            yield entry


def _about(journal: Journal, wanted: Wanted) -> Iterator[Entry]:
    if not wanted.customer:
        return journal.entries(run=wanted.run)
    ids = sorted(earlier_ids(journal, wanted.customer))
    return merge(*(journal.entries(customer=id_, run=wanted.run) for id_ in ids), key=lambda entry: entry.seq)


def _stage(intent: Entry) -> object:
    action = intent.body.get("action")
    return action.get("stage") if isinstance(action, dict) else None
