"""What a journal can do, whatever keeps it: the contract of every store.

A store appends whole or not at all and answers only once what it was given would
survive a power cut. It refuses an event that may not follow (`states.NEXT`), and it
never lets two entries take the same step of the same action.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from duly.journal.entry import Draft, Entry, Head, Kept
from duly.journal.failures import JournalFailed, RunIsActive, StepTaken
from duly.journal.states import Standing

__all__ = ["Journal", "JournalFailed", "RunIsActive", "StepTaken", "Store"]


class Journal(Protocol):
    """One journal of one environment."""

    @property
    def id(self) -> str:
        """The journal's own random id, given when it was created."""

    @property
    def environment(self) -> str:
        """`try` or `live`."""

    def head(self) -> Head:
        """The last entry."""

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write the drafts in one transaction, durably; raises `StepTaken` or `JournalFailed`, having written nothing.

        A failure of the transaction itself whose outcome is not known (a connection
        lost at COMMIT) is looked up again before anything is answered.
        """

    def entries(self, *, after: int = 0, key: str = "", customer: str = "", run: str = "") -> Iterator[Entry]:
        """Entries in order, from behind a number on, of a key, a customer or a run where given."""

    def standing(self, keys: Collection[str] | None = None) -> Mapping[str, Standing]:
        """Where each of the actions stands, or all of them; keys that nothing happened to are left out."""

    def personal(self, entry: Entry) -> Mapping[str, object]:
        """The personal values of an entry that are not erased, by name."""

    def run_lock(self) -> AbstractContextManager[None]:
        """Hold the journal for a run; raises `RunIsActive` at once where another has it."""

    def close(self) -> None:
        """Let go of files and connections."""


class Store(Journal, Protocol):
    """A journal as those see it who check, export and keep it."""

    def spelled(self, *, after: int = 0) -> Iterator[tuple[Entry, str]]:
        """Every entry with its record as the store spells it: what the hash is of, where nobody has touched it."""

    def kept(self, *, after: int = 0, until: int | None = None) -> Iterator[Kept]:
        """The personal values that are not erased, with their salts, in order."""

    def erase(self, draft: Draft, seqs: Collection[int]) -> Entry:
        """Remove the personal values of these entries and write the draft that says so, in one transaction."""

    def faults(self) -> tuple[str, ...]:
        """What the database itself finds wrong with its pages and indexes; empty where all is well."""

    def active_run(self) -> str:
        """The sentence for the run that holds the journal, empty where none does; asking holds nobody up."""
