"""Whether a journal is what was written: every entry, every checkpoint, everything beside the chain.

The first entry that is wrong is named; what comes after rests on it and is not looked
at. What cannot be seen without help from outside is said by the checkpoints: an end
that was cut off, a chain that was made anew, an older copy put back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from duly.journal.chain import STEPS, after, may_follow
from duly.journal.checkpoints import Checkpoint, is_signed
from duly.journal.entry import GENESIS, Entry, Event, Kept
from duly.journal.states import Standing
from duly.journal.store import JournalFailed, Store
from duly.source import NOWHERE, Problem

_RESTORE = "send nothing; restore the newest backup, or find out who changed it"


def verify(journal: Store, checkpoints: Sequence[Checkpoint], public_key: bytes) -> tuple[Problem, ...]:
    """What is wrong with the journal, the earliest entry first; empty where all of it is what was written.

    `checkpoints` are those kept beside the journal and any kept elsewhere, all signed
    with `public_key`, given as its 32 bytes.
    """
    found: list[Problem] = [_problem("journal-damaged", f"the database says: {text}") for text in journal.faults()]
    looked = _Looking(journal.id, journal.environment, public_key)
    try:
        found += looked.at_chain(journal.spelled())
        if not looked.broken:
            found += looked.at_personal(journal.kept())
            found += looked.at_standing(journal.standing())
    except JournalFailed as unreadable:
        looked.broken = True
        found.append(_problem(unreadable.rule, str(unreadable)))
    if not checkpoints:
        found.append(_problem("checkpoint-missing", "there is no checkpoint, so an end that is cut off cannot be seen"))
    found += looked.at_checkpoints(checkpoints)
    return tuple(found)


class _Looking:
    def __init__(self, journal: str, environment: str, public_key: bytes) -> None:
        self._journal = journal
        self._environment = environment
        self._public_key = public_key
        self._stands: dict[str, Standing] = {}
        self._sealed: dict[tuple[int, str], str] = {}
        self._erased: dict[int, int] = {}
        self._hashes = [GENESIS]
        self.broken = False

    def at_chain(self, spelled: Iterator[tuple[Entry, str]]) -> Iterator[Problem]:
        """The first entry that is not what was written, where there is one."""
        last_at = ""
        for seq, (entry, text) in enumerate(spelled, start=1):
            wrong = self._wrong(entry, text, seq, last_at)
            if wrong:
                self.broken = True
                yield _problem("journal-tampered", f"entry {seq} is wrong: {wrong}")
                return
            last_at = entry.at
            self._hashes.append(entry.hash)
            self._sealed |= {(seq, name): sealed for name, sealed in entry.sealed.items()}
            if entry.event is Event.ERASED:
                self._erased |= dict.fromkeys(_numbers(entry), seq)
        if len(self._hashes) == 1:
            self.broken = True
            yield _problem("journal-tampered", "entry 1 is wrong: it is not there")

    def _wrong(self, entry: Entry, text: str, seq: int, last_at: str) -> str:
        if entry.seq != seq:
            return f"entry {entry.seq} stands in its place"
        if entry.previous != self._hashes[-1]:
            return "it does not follow the entry before it"
        if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != entry.hash:
            return "it is not what its hash says"
        if entry.at < last_at:
            return "it is older than the entry before it"
        if seq == 1:
            return self._wrong_beginning(entry)
        return self._wrong_step(entry)

    def _wrong_beginning(self, entry: Entry) -> str:
        said = tuple(entry.body.get(name) for name in ("journal", "environment", "public_key"))
        if entry.event is not Event.CREATED or said != (self._journal, self._environment, self._public_key.hex()):
            return "it does not begin this journal, with this key"
        return ""

    def _wrong_step(self, entry: Entry) -> str:
        before = self._stands.get(entry.key)
        attempts = before.attempt if before else 0
        if entry.event in STEPS:
            try:
                may_follow(entry.event, before, entry.key)
            except JournalFailed as refused:
                return str(refused)
            attempts += entry.event is Event.INTENT
            self._stands[entry.key] = after(before, entry)
        return "" if entry.attempt == attempts else f"it says attempt {entry.attempt} of {attempts}"

    def at_personal(self, kept: Iterator[Kept]) -> Iterator[Problem]:
        """Personal values that are not what was sealed, are missing, or are still there though erased."""
        missing = dict(self._sealed)
        for value in kept:
            sealed = missing.pop((value.seq, value.name), "")
            if not sealed or not _is_sealed(value, sealed):
                yield _problem("journal-tampered", f"`{value.name}` of entry {value.seq} is not what was sealed")
            elif value.seq in self._erased:
                yield _problem("not-erased", f"`{value.name}` of entry {value.seq} was erased and is there")
        for seq, name in missing:
            if seq not in self._erased:
                yield _problem(
                    "personal-missing", f"`{name}` of entry {seq} is gone, and no entry says that it was erased"
                )

    def at_standing(self, kept: Mapping[str, Standing]) -> Iterator[Problem]:
        """Where the store says that an action stands and its entries say something else."""
        for key in sorted(self._stands.keys() | kept.keys()):
            true, said = self._stands.get(key), kept.get(key)
            if true != said:
                seq = true.seq if true else said.seq if said else 0
                yield _problem("journal-tampered", f"where action `{key}` stands is not what entry {seq} says")

    def at_checkpoints(self, checkpoints: Sequence[Checkpoint]) -> Iterator[Problem]:
        """Checkpoints that are not signed, not of this journal, or not of these entries."""
        last = len(self._hashes) - 1
        for point in checkpoints:
            if not is_signed(point, self._public_key):
                yield _problem(
                    "checkpoint-tampered", f"the checkpoint of entry {point.seq} is not signed by this journal"
                )
            elif (point.journal, point.environment) != (self._journal, self._environment):
                yield _problem("checkpoint-tampered", f"the checkpoint of entry {point.seq} is of another journal")
            elif point.seq > last:
                if not self.broken:
                    yield _problem(
                        "journal-truncated", f"entry {last + 1} is missing: the journal was signed up to {point.seq}"
                    )
            elif self._hashes[point.seq] != point.hash:
                yield _problem("journal-tampered", f"entry {point.seq} is wrong: it is not the one that was signed")


def _is_sealed(value: Kept, sealed: str) -> bool:
    # The text is compared as it is spelled, so that no other spelling of the value passes.
    return hashlib.sha256(f"{value.salt}\x1f{value.value}".encode("utf-8", "surrogatepass")).hexdigest() == sealed


def _numbers(entry: Entry) -> tuple[int, ...]:
    said = entry.body.get("entries")
    return tuple(n for n in said if isinstance(n, int)) if isinstance(said, list) else ()


def _problem(rule: str, message: str) -> Problem:
    return Problem(rule, NOWHERE, message, _RESTORE)
