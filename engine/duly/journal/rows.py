"""Entries and where actions stand, as rows of a table and back, the same in every store.

What cannot be an entry is refused with its number, never read for something else.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring as quoted
from typing import Any

from duly.journal.entry import Entry, Event, Kept, canonical, commitment
from duly.journal.states import Standing
from duly.journal.store import JournalFailed

VERIFY = "nothing is sent; `duly verify` says what is wrong, and a backup can be restored"

ENTRY_COLUMNS = (
    "seq",
    "at",
    "event",
    "by_whom",
    "key",
    "attempt",
    "customer",
    "run",
    "body",
    "sealed",
    "previous",
    "hash",
)

STANDING_COLUMNS = ("key", "event", "attempt", "at", "seq", "run", "customer", "content", "not_before")


def row_of(entry: Entry) -> tuple[int | str, ...]:
    """The entry as a row of `entries`."""
    return (
        entry.seq,
        entry.at,
        entry.event.value,
        entry.by,
        entry.key,
        entry.attempt,
        entry.customer,
        entry.run,
        canonical(entry.body).decode(),
        canonical(entry.sealed).decode(),
        entry.previous,
        entry.hash,
    )


def record_text(row: tuple[Any, ...]) -> str:
    """The record of a row as it is spelled there: the canonical text, where nobody has touched it."""
    seq, at, event, by, key, attempt, customer, run, body, sealed, previous, _ = row
    return (
        f'{{"at":{quoted(at)},"attempt":{attempt},"body":{body},"by":{quoted(by)},"customer":{quoted(customer)},'
        f'"event":{quoted(event)},"key":{quoted(key)},"previous":{quoted(previous)},"run":{quoted(run)},'
        f'"sealed":{sealed},"seq":{seq}}}'
    )


_EVENTS = {event.value: event for event in Event}


def entry_of(row: tuple[Any, ...]) -> Entry:
    """The entry of a row; raises `JournalFailed` naming its number where it cannot be one."""
    seq, at, event, by, key, attempt, customer, run, body, sealed, previous, hash_ = row
    try:
        return Entry(
            seq, at, _EVENTS[event], by, key, attempt, customer, run, _object(body), _object(sealed), previous, hash_
        )
    except (LookupError, ValueError, TypeError, RecursionError) as wrong:
        raise JournalFailed("journal-tampered", f"entry {seq} cannot be read", VERIFY) from wrong


def _object(text: str) -> dict[str, Any]:
    if text == "{}":
        return {}
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(text)
    return found


def standing_row(standing: Standing) -> tuple[int | str, ...]:
    """Where an action stands, as a row of `standing`."""
    return (
        standing.key,
        standing.event.value,
        standing.attempt,
        standing.at,
        standing.seq,
        standing.run,
        standing.customer,
        standing.content,
        standing.not_before,
    )


def standing_from(row: tuple[Any, ...]) -> Standing:
    """Where an action stands, by its row; raises `JournalFailed` where it cannot be read."""
    key, event, *rest = row
    try:
        return Standing(key, Event(event), *rest)
    except ValueError as wrong:
        raise JournalFailed("journal-tampered", f"where action `{key}` stands cannot be read", VERIFY) from wrong


def opened(entry: Entry, kept: Kept) -> object:
    """A personal value; raises `JournalFailed` where it is not the one that was sealed."""
    try:
        value: object = json.loads(kept.value)
        good = commitment(kept.salt, value) == entry.sealed.get(kept.name)
    except (ValueError, RecursionError):
        good, value = False, None
    if not good:
        raise JournalFailed("journal-tampered", f"`{kept.name}` of entry {entry.seq} is not what was sealed", VERIFY)
    return value
