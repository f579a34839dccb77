"""From drafts to entries: numbered, linked, sealed, and only where the step may follow.

Pure: a store reads the end of its chain and where the keys stand, this module says
what to write, and the store writes it in the same transaction.

The moments of a journal never go back. Where the clock says less than the last
entry does, the last moment is kept and the entry's body says under `clock` what
the clock said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from duly.journal.entry import GENESIS, Draft, Entry, Event, Kept, canonical, commitment, hash_of
from duly.journal.states import NEXT, Standing
from duly.journal.store import JournalFailed, StepTaken

STEPS = frozenset(event for event in NEXT if event is not None)
"""Events that move an action; every other event may carry a key and moves nothing."""

CLOCK = "clock"
"""The name in a body of what the clock said when it had gone back."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a chain: the last number, its hash and its moment."""

    seq: int = 0
    hash: str = GENESIS
    at: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """What to write: the entries, the personal values beside them, and where the keys stand then."""

    entries: tuple[Entry, ...]
    kept: tuple[Kept, ...]
    standing: Mapping[str, Standing]


def salt() -> str:
    """128 random bits, so that a short value cannot be found by trying."""
    return token_hex(16)


def link(
    tail: Tail,
    standing: Mapping[str, Standing],
    drafts: Sequence[Draft],
    now: str,
    new_salt: Callable[[], str] = salt,
) -> Linked:
    """The entries that the drafts become behind the tail; raises `StepTaken` where a step may not follow."""
    stands = dict(standing)
    entries: list[Entry] = []
    kept: list[Kept] = []
    for draft in drafts:
        checked(draft)
        before = stands.get(draft.key)
        entry, values = _entry(tail, draft, before, now, new_salt)
        if draft.event in STEPS:
            stands[draft.key] = after(before, entry)
        entries.append(entry)
        kept += values
        tail = Tail(entry.seq, entry.hash, entry.at)
    return Linked(tuple(entries), tuple(kept), {key: stands[key] for key in {d.key for d in drafts} if key in stands})


def _entry(
    tail: Tail, draft: Draft, before: Standing | None, now: str, new_salt: Callable[[], str]
) -> tuple[Entry, list[Kept]]:
    seq = tail.seq + 1
    if (draft.event is Event.CREATED) != (seq == 1):
        raise JournalFailed("bad-entry", f"`{draft.event.value}` may not be entry {seq}", "this is a bug in duly")
    attempt = before.attempt if before else 0
    if draft.event in STEPS:
        may_follow(draft.event, before, draft.key)
        attempt += draft.event is Event.INTENT
        is_its_own(draft, before, attempt)
    body = dict(draft.body)
    if now < tail.at:
        body[CLOCK] = now
    kept = [Kept(seq, name, new_salt(), canonical(value).decode()) for name, value in sorted(draft.personal.items())]
    return linked_entry(
        {
            "seq": seq,
            "at": max(now, tail.at),
            "event": draft.event.value,
            "by": draft.by,
            "key": draft.key,
            "attempt": attempt,
            "customer": draft.customer,
            "run": draft.run,
            "body": json.loads(canonical(body)),
            "sealed": {value.name: commitment(value.salt, json.loads(value.value)) for value in kept},
            "previous": tail.hash,
        }
    ), kept


def linked_entry(record: Mapping[str, object]) -> Entry:
    """The entry of a record, with the hash that the record has."""
    return Entry(**{**record, "event": Event(record["event"])}, hash=hash_of(record))  # type: ignore[arg-type]


def may_follow(event: Event, before: Standing | None, key: str) -> None:
    """Refuse an event that may not follow what happened to the action last; raises `StepTaken`."""
    last = before.event if before else None
    if event not in NEXT[last]:
        what = f"`{last.value}`" if last else "nothing"
        raise StepTaken(
            "step-taken",
            f"`{event.value}` may not follow {what} for action `{key}`",
            "another run was first; see `duly log --key`",
        )


def is_its_own(draft: Draft, before: Standing | None, attempt: int) -> None:
    """Refuse a step of an attempt after which another was begun, and an UNKNOWN that nobody decided.

    Without it a run that is slow, beside one that a broken lock let in, could write what
    came of its own attempt over the other's. Raises `StepTaken`.
    """
    wrong = ""
    if draft.attempt not in {0, attempt}:
        wrong = f"belongs to attempt {draft.attempt}, and there is attempt {attempt}"
    elif before and before.event is Event.UNKNOWN and not draft.body.get("decided_by"):
        wrong = "may follow `unknown` only where somebody decided"
    if wrong:
        raise StepTaken(
            "step-taken",
            f"`{draft.event.value}` of action `{draft.key}` {wrong}",
            "another run was first; see `duly log --key`",
        )


def after(before: Standing | None, entry: Entry) -> Standing:
    """Where an action stands once the entry is written; `content` is that of its attempt."""
    body = entry.body
    same = before if before and entry.event is not Event.INTENT else None
    content = body.get("content")
    not_before = body.get("not_before")
    return Standing(
        key=entry.key,
        event=entry.event,
        attempt=entry.attempt,
        at=entry.at,
        seq=entry.seq,
        run=entry.run,
        customer=entry.customer or (before.customer if before else ""),
        content=content if isinstance(content, str) else same.content if same else "",
        not_before=not_before if entry.event is Event.DEFERRED and isinstance(not_before, str) else "",
    )


def standing_of(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Where every action stands by the entries alone; raises `StepTaken` at the first that may not follow."""
    stands: dict[str, Standing] = {}
    for entry in entries:
        if entry.event in STEPS:
            before = stands.get(entry.key)
            may_follow(entry.event, before, entry.key)
            stands[entry.key] = after(before, entry)
    return stands


def checked(draft: Draft) -> None:
    """Refuse a draft that could not be read back as it was written: floats, odd keys, broken text."""
    wrong = next(_wrong(draft), None)
    if wrong is not None:
        raise JournalFailed("bad-entry", f"`{draft.event.value}` cannot be kept: {wrong}", "this is a bug in duly")


def _wrong(draft: Draft) -> Iterator[str]:
    if not draft.by:
        yield "nobody says so"
    if draft.event in STEPS and not draft.key:
        yield "it has no action key"
    if CLOCK in draft.body:
        yield f"`{CLOCK}` in a body is the journal's own word"
    for name, text in (("by", draft.by), ("key", draft.key), ("customer", draft.customer), ("run", draft.run)):
        if not is_plain(text) or "\0" in text:
            yield f"`{name}` is not plain text"
    for name, value in (("body", dict(draft.body)), ("personal", dict(draft.personal))):
        if not is_plain(value):
            yield f"`{name}` is not plain JSON without floats"


def is_plain(value: object) -> bool:
    """Say whether a value is JSON without floats that UTF-8 can spell."""
    match value:
        case None | bool() | int():
            return True
        case str():
            return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
        case list() | tuple():
            return all(map(is_plain, value))
        case dict():
            return all(isinstance(name, str) and is_plain(name) and is_plain(part) for name, part in value.items())
        case _:
            return False
