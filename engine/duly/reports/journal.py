"""The journal for people, one sentence an entry, and for programs, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from duly.journal.checkpoints import Checkpoint
from duly.journal.entry import Entry
from duly.reports.happened import sentence, who_says
from duly.reports.terminal import printable

SHORT = 12
"""As much of an action's id as tells it from the others."""


def as_text(entries: Iterable[tuple[Entry, Mapping[str, object] | None]]) -> Iterator[str]:
    """A line an entry: number, moment, customer, what happened, who says so, which action."""
    for entry, personal in entries:
        moment = f"{entry.at[:10]} {entry.at[11:19]}"
        whose = f"{printable(entry.customer)}: " if entry.customer else ""
        action = f" [{printable(entry.key[:SHORT])}]" if entry.key else ""
        yield f"{entry.seq:>6}  {moment}  {whose}{sentence(entry, personal)}, {who_says(entry.by)}{action}"


def as_json(entries: Iterable[tuple[Entry, Mapping[str, object] | None]]) -> Iterator[str]:
    """An object an entry, with its hash, and with the personal values where they are asked for."""
    for entry, personal in entries:
        beside = {} if personal is None else {"personal": dict(personal)}
        yield json.dumps({**entry.record(), "hash": entry.hash, **beside}, ensure_ascii=False)


def verified(journal: str, environment: str, entries: int, checkpoints: tuple[Checkpoint, ...]) -> str:
    """What to say of a journal with which nothing is wrong, and how far that was signed."""
    signed = checkpoints[-1]
    behind = entries - signed.seq
    rest = f"; {counted(behind)} came after it" if behind else ""
    return (
        f"journal {journal} ({environment}): {counted(entries)}, all as they were written; "
        f"signed up to entry {signed.seq} on {signed.at[:10]}{rest}"
    )


def counted(entries: int) -> str:
    """So many entries, in words."""
    return f"{entries:,} {'entry' if entries == 1 else 'entries'}"
