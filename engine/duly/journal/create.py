"""Making a journal, which is done once, and opening the one that is there.

Opening never makes one: an empty journal in the place of a lost one would send
everything again. Nor does it open one that is older than its checkpoints, for then
what was handed over since would be handed over twice.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from duly.home import Environment, Home
from duly.journal import checkpoints, sqlite
from duly.journal.entry import Draft, Event, Head
from duly.journal.private_files import MISSING_HELP, made_private, regular_file, synced
from duly.journal.sqlite import SqliteStore, utc_now
from duly.journal.store import Journal, JournalFailed, Store

DATABASE = "journal.db"
ADDRESS = "journal.url"
"""The file that says where the journal lies when it lies in PostgreSQL; the password is better in `~/.pgpass`."""

FORMAT = 1
"""The format of the chain: what an entry's hash is made of."""


def create(
    home: Home,
    environment: Environment,
    *,
    url: str = "",
    by: str = "duly",
    clock: Callable[[], datetime] = utc_now,
) -> Store:
    """Make the environment's journal with its key and its first checkpoint, and open it.

    It lies in a file of its own, or in the PostgreSQL database of the `url`. Raises
    `JournalFailed` where there is one, or where there was one: checkpoints without a
    journal are those of one that is lost.
    """
    folder = folder_of(home, environment)
    if any(os.path.lexists(folder / name) for name in (DATABASE, ADDRESS)):
        raise JournalFailed("journal-exists", f"there is a journal in `{folder}`", "it is kept; nothing was changed")
    if os.path.lexists(folder / checkpoints.FILE):
        raise JournalFailed(
            "journal-missing", f"the journal in `{folder}` is gone; its checkpoints are there", MISSING_HELP
        )
    unfinished = folder.with_name(f".{folder.name}.new")
    try:
        if folder.is_dir() and (there := sorted(path.name for path in folder.iterdir())):
            raise JournalFailed("journal-file", f"`{folder}` is not empty: `{there[0]}` is there", "empty it first")
        # All of it is there under a name that nobody opens, before it is there at all.
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        _make_in(unfinished, environment, url, by, clock)
        unfinished.rename(folder)
        synced(folder)
    except OSError as wrong:
        raise JournalFailed(
            "journal-file", f"`{folder}` cannot be made: {wrong.strerror}", "name a folder that you may write to"
        ) from wrong
    return open_journal(home, environment, clock=clock)


def _make_in(folder: Path, environment: Environment, url: str, by: str, clock: Callable[[], datetime]) -> None:
    body = {
        "journal": secrets.token_hex(8),
        "environment": environment.value,
        "public_key": checkpoints.make_key(folder).hex(),
        "format": FORMAT,
    }
    first = Draft(Event.CREATED, by, body=body)
    if url:
        from duly.journal import postgres

        made_private(folder / ADDRESS)
        (folder / ADDRESS).write_text(url, encoding="utf-8")
        synced(folder / ADDRESS)
        postgres.made(url, first, clock())
    else:
        sqlite.made(folder / DATABASE, first, clock())
    with contextlib.closing(_store(folder, environment, read_only=False, clock=clock)) as store:
        checkpoints.sign(folder, store, clock=clock)


def open_journal(
    home: Home,
    environment: Environment,
    *,
    read_only: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Store:
    """Open the environment's journal; raises `JournalFailed` where it is missing, damaged, or behind a checkpoint."""
    folder = folder_of(home, environment)
    if not any(os.path.lexists(folder / name) for name in (DATABASE, ADDRESS)):
        raise JournalFailed(
            "journal-missing", f"there is no journal for `{environment.value}` in `{home.path}`", MISSING_HELP
        )
    store = _store(folder, environment, read_only=read_only, clock=clock)
    try:
        is_of(environment, store)
        not_rolled_back(folder, store)
    except BaseException:
        store.close()
        raise
    return store


def _store(folder: Path, environment: Environment, *, read_only: bool, clock: Callable[[], datetime]) -> Store:
    if not os.path.lexists(folder / ADDRESS):
        return SqliteStore(folder / DATABASE, read_only=read_only, clock=clock)
    regular_file(folder / ADDRESS)
    url = (folder / ADDRESS).read_text(encoding="utf-8").strip()
    try:
        from duly.journal.postgres import PostgresStore
    except ImportError as missing:
        raise JournalFailed(
            "journal-setting",
            "the journal lies in PostgreSQL, and psycopg is not installed",
            "install `duly[postgres]`",
        ) from missing
    return PostgresStore(url, environment.value, read_only=read_only, clock=clock)


def is_of(environment: Environment, journal: Journal) -> None:
    """Refuse a journal of another environment."""
    if journal.environment != environment.value:
        raise JournalFailed(
            "journal-environment",
            f"the journal in the place of `{environment.value}` is one of `{journal.environment}`",
            "put the right one back",
        )


def not_rolled_back(folder: Path, journal: Journal) -> None:
    """Refuse a journal that is behind, or not, what its last checkpoint beside it signed."""
    kept = checkpoints.checkpoints(folder)
    if not kept:
        raise JournalFailed(
            "checkpoint-missing",
            f"`{folder / checkpoints.FILE}` has no checkpoint, so an older journal could not be told",
            "put the file back; the report of the last run has the line",
        )
    checkpoints.not_behind(journal.head(), lambda seq: hash_at(journal, seq), kept, checkpoints.public_key(folder))


def hash_at(journal: Journal, seq: int) -> str:
    """The hash of the entry of this number; empty where there is none."""
    return next((entry.hash for entry in journal.entries(after=seq - 1)), "")


def has_journal(home: Home, environment: Environment) -> bool:
    """Say whether there is a journal, or was one: then it is opened, and must open."""
    folder = home.journal(environment)
    return any(os.path.lexists(folder / name) for name in (DATABASE, ADDRESS, checkpoints.FILE))


def has_entry(journal: Journal, head: Head) -> bool:
    """Say whether the journal went through this head: the same journal, the same entry."""
    return journal.id == head.journal and head.hash != "" and hash_at(journal, head.seq) == head.hash


def folder_of(home: Home, environment: Environment) -> Path:
    """The journal's folder, which no link inside the home may lead out of."""
    folder = home.journal(environment)
    expected = home.path.resolve() / folder.relative_to(home.path)
    if folder.resolve() != expected:
        raise JournalFailed(
            "journal-not-a-file", f"`{folder}` is reached by a link", "put the journal's own folder there"
        )
    return expected
