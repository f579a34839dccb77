"""Why an action was carried out, from the journal alone, and everything that happened after.

No policy, no book and no template is read: what decided is in the entries, with the
place where it was written then. Personal values that were erased are told as
erased, not as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from duly.execution.carried import Carried
from duly.journal.chain import STEPS
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal
from duly.plan.plan import Action

MOST_AFTER = 200
"""At most this many later entries about the customer are told; the rest are counted."""

_ABOUT_NOBODY = frozenset({Event.CREATED, Event.RUN_STARTED, Event.RUN_ENDED})


@dataclass(frozen=True, slots=True)
class Personal:
    """The personal values of entries: those that are kept, and the names of those that were erased."""

    values: Mapping[str, object]
    erased: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry with what is personal in it; `about` is the record of the action that it is a step of."""

    entry: Entry
    personal: Personal
    about: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An action as it can be told months later.

    `personal` is that of the last attempt together. `run` is the entry with which its
    run began. `approvals` and `steps` are the entries of its key, oldest first;
    `after` those about the customer that came later, of every other action the last
    one, at most `MOST_AFTER` of them; `more` is how many there are beyond.
    """

    carried: Carried
    action: Action
    environment: str
    journal: str
    personal: Personal
    run: Entry | None
    approvals: tuple[Step, ...]
    steps: tuple[Step, ...]
    after: tuple[Step, ...]
    more: int = 0

    def said(self, name: str) -> str:
        """What the intent says under the name, else the beginning of the run; empty where neither does."""
        run = self.run.body.get(name) if self.run is not None else None
        return self.carried.text(name) or (run if isinstance(run, str) else "")


def tell(journal: Journal, carried: Carried) -> Told:
    """Everything that the journal knows about the action."""
    run = carried.intent.run
    began = journal.entries(run=run) if run else iter(())
    steps = tuple(Step(entry, personal_of(journal, entry)) for entry in carried.entries)
    decisions = {Event.APPROVED, Event.REJECTED}
    later = _later(journal, carried)
    return Told(
        carried=carried,
        action=carried.action,
        environment=journal.environment,
        journal=journal.id,
        personal=_together(step.personal for step in steps if step.entry.seq >= carried.intent.seq),
        run=next((entry for entry in began if entry.event is Event.RUN_STARTED), None),
        approvals=tuple(step for step in steps if step.entry.event in decisions),
        steps=tuple(step for step in steps if step.entry.event not in decisions),
        after=tuple(Step(entry, personal_of(journal, entry), about) for entry, about in later[:MOST_AFTER]),
        more=max(0, len(later) - MOST_AFTER),
    )


def personal_of(journal: Journal, entry: Entry) -> Personal:
    """What is personal in an entry, and what of it was erased."""
    kept = journal.personal(entry) if entry.sealed else {}
    return Personal(MappingProxyType(dict(kept)), tuple(sorted(set(entry.sealed) - set(kept))))


def _together(parts: Iterator[Personal]) -> Personal:
    values: dict[str, object] = {}
    erased: set[str] = set()
    for part in parts:
        values |= part.values
        erased |= set(part.erased)
    return Personal(MappingProxyType(values), tuple(sorted(erased - set(values))))


def _later(journal: Journal, carried: Carried) -> list[tuple[Entry, Mapping[str, object] | None]]:
    """What happened later to the customer, under whatever id, but not to the action itself."""
    ids = {carried.customer}
    said: dict[object, tuple[Entry, Mapping[str, object] | None]] = {}
    records: dict[str, Mapping[str, object]] = {}
    for entry in journal.entries(after=carried.intent.seq) if carried.customer else ():
        if entry.event is Event.RENAMED and ids & {entry.body.get("from"), entry.body.get("to")}:
            ids |= {str(entry.body.get("from")), str(entry.body.get("to"))}
        if entry.customer not in ids or entry.key == carried.key or entry.event in _ABOUT_NOBODY:
            continue
        action = entry.body.get("action")
        if isinstance(action, Mapping):
            records[entry.key] = action
        if entry.event in STEPS:
            # Of another action it is told what became of it, not how.
            said[entry.key] = (entry, records.get(entry.key))
        else:
            said[entry.seq] = (entry, None)
    return sorted(said.values(), key=lambda of: of[0].seq)
