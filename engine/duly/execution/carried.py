"""One action as the journal alone knows it: what it was, where it stands, and all that happened to it.

Neither the book nor the policy is asked. An action is found by its key, by the start
of it, or by the reference under which it left: a Message-ID, a file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from duly.book.faults import shown
from duly.execution.channels.mail import key_of
from duly.journal.chain import STEPS
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal
from duly.plan.plan import Action
from duly.plan.saved import action_of
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5
"""The exit code of a refusal here."""

SHORTEST = 6
"""A start of a key has at least this many characters: fewer name too much by chance."""

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Carried:
    """One action by its entries, oldest first; there is an INTENT among them, and `last` is the last one."""

    key: str
    entries: tuple[Entry, ...]

    @property
    def last(self) -> Entry:
        """The entry that says where the action stands."""
        return next(entry for entry in reversed(self.entries) if entry.event in STEPS)

    @property
    def intent(self) -> Entry:
        """The last time that somebody set out to carry it out."""
        return next(entry for entry in reversed(self.entries) if entry.event is Event.INTENT)

    @property
    def event(self) -> Event:
        """Where the action stands."""
        return self.last.event

    @property
    def customer(self) -> str:
        """Whom it is about."""
        return self.intent.customer

    @property
    def action(self) -> Action:
        """What it was, as the plan had it."""
        record = self.intent.body.get("action")
        # Where it went is personal: it is sealed beside the chain, and an action that is told need not have it.
        return action_of({"to": "", **(record if isinstance(record, Mapping) else {})})

    @property
    def confirms_by_hand(self) -> bool:
        """Whether ACCEPTED only means written, so that a person says when it was posted."""
        return self.intent.body.get("confirms_by_hand") is True

    @property
    def attempt(self) -> tuple[Entry, ...]:
        """What happened since the last intent."""
        return tuple(entry for entry in self.entries if entry.seq >= self.intent.seq)

    def text(self, name: str) -> str:
        """What the last attempt says under the name, in whichever of its entries; empty where it does not."""
        said = (entry.body.get(name) for entry in reversed(self.attempt))
        return next((value for value in said if isinstance(value, str) and value), "")

    @property
    def day(self) -> date:
        """The local day of the last event."""
        said = self.last.body.get("day")
        return date.fromisoformat((said if isinstance(said, str) and said else self.last.at)[:10])


def carried(journal: Journal, key: str) -> Carried | None:
    """The action with exactly this key, or None where the journal has nothing of it."""
    entries = tuple(journal.entries(key=key)) if key else ()
    return Carried(key, entries) if any(entry.event is Event.INTENT for entry in entries) else None


def find(journal: Journal, text: str) -> Carried:
    """The action with this key, start of a key, or reference; `Refused` (5) where there is none, or several."""
    wanted = text.strip()
    found = carried(journal, wanted) or _only(journal, wanted, _keys_of(journal, wanted))
    if found is None:
        message = f"the journal has no action `{shown(wanted)}`"
        help_ = "give an action's id, six characters of its start, or the Message-ID; `duly log` lists them"
        raise Refused([Problem("unknown-action", NOWHERE, message, help_)], REFUSED)
    return found


def find_all(journal: Journal, texts: Iterable[str]) -> tuple[Carried, ...]:
    """The actions, each once; `Refused` with everything that names none, or several."""
    found: dict[str, Carried] = {}
    problems: list[Problem] = []
    for text in texts:
        try:
            one = find(journal, text)
        except Refused as refused:
            problems += refused.problems
        else:
            found[one.key] = one
    if problems:
        raise Refused(problems, REFUSED)
    return tuple(found.values())


def _only(journal: Journal, wanted: str, keys: tuple[str, ...]) -> Carried | None:
    if len(keys) > 1:
        named = ", ".join(f"`{key[:16]}`" for key in keys[:MOST_NAMED]) + (", …" if len(keys) > MOST_NAMED else "")
        message = f"`{shown(wanted)}` may be {named}"
        raise Refused([Problem("several-actions", NOWHERE, message, "give more of the action's id")], REFUSED)
    return carried(journal, keys[0]) if keys else None


def _keys_of(journal: Journal, wanted: str) -> tuple[str, ...]:
    """The keys that begin so, else the one in a Message-ID of ours, else those that left under the reference."""
    if re.fullmatch(rf"[0-9A-Za-z]{{{SHORTEST},}}", wanted):
        begins = sorted(key for key in journal.standing() if key.startswith(wanted))
        if begins:
            return tuple(begins)
    if (key := key_of(wanted)) and journal.standing([key]):
        return (key,)
    reference = wanted.strip("<>")
    return tuple(sorted({entry.key for entry in _left_as(journal.entries(), reference)})) if reference else ()


def _left_as(entries: Iterable[Entry], reference: str) -> Iterator[Entry]:
    for entry in entries:
        said = entry.body.get("reference")
        if entry.key and isinstance(said, str) and said.strip("<>") == reference:
            yield entry
