"""What was recorded, for whoever recorded it: the entries that were made, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from duly.journal.entry import Entry
from duly.reports.happened import sentence
from duly.reports.terminal import printable

PersonalOf = Callable[[Entry], Mapping[str, object]]
"""Gives the personal values of an entry that are not erased."""


def as_text(entries: Iterable[Entry], personal_of: PersonalOf) -> str:
    """A line an entry: its number, whom it is about, what happened."""
    return "".join(
        f"entry {entry.seq}: {printable(entry.customer)}{_key(entry)}: {sentence(entry, personal_of(entry))}\n"
        for entry in entries
    )


def as_json(entries: Iterable[Entry], personal_of: PersonalOf) -> str:
    """The entries as a JSON list, with what is personal in them."""
    return json.dumps([record(e, personal_of(e)) for e in entries], ensure_ascii=False, indent=2) + "\n"


def record(entry: Entry, personal: Mapping[str, object]) -> dict[str, Any]:
    """An entry with its personal values; those that were erased are null."""
    sealed = {name: personal.get(name) for name in sorted(entry.sealed)}
    return {**entry.record(), "hash": entry.hash, "personal": sealed}


def _key(entry: Entry) -> str:
    return f" {entry.key[:16]}" if entry.key else ""
