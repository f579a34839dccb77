"""A copy of the journal, taken while a run writes, and put back where the journal is lost.

A copy that is older than what was signed, or than the journal that is there, is not put
back: what was handed over since would be handed over again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from duly.home import Environment, Home
from duly.journal import checkpoints
from duly.journal.create import ADDRESS, DATABASE, folder_of, is_of, not_rolled_back
from duly.journal.entry import Head
from duly.journal.private_files import made_private, synced
from duly.journal.run_lock import locked
from duly.journal.sqlite import SqliteStore, utc_now
from duly.journal.store import JournalFailed, Store
from duly.journal.verify import verify

SIDE_FILES = ("-wal", "-shm")

IN_POSTGRES = "copy its schema with `pg_dump`, and put it back with `pg_restore`; opening it looks at the checkpoints"


def backup(journal: Store, target: Path) -> Head:
    """Copy the journal as it is at this moment into a new file, and read it again; the copy's head.

    Raises `JournalFailed` for one in PostgreSQL, which has its own ways.
    """
    if not isinstance(journal, SqliteStore):
        raise JournalFailed("journal-setting", "the journal lies in PostgreSQL", IN_POSTGRES)
    head = journal.copy(target)
    with contextlib.closing(SqliteStore(target, read_only=True)) as copy:
        if copy.head() != head:
            raise JournalFailed("journal-damaged", f"the copy in `{target}` is not the journal", "see to the disk")
    return head


def restore(home: Home, environment: Environment, source: Path) -> Head:
    """Put a copy in the journal's place; the one that was there is kept beside it, under a name that says so.

    Raises `JournalFailed` where the copy is damaged, of another journal, behind the
    checkpoints, or older than a journal that is there and can be read; `RunIsActive`
    where a run is.
    """
    folder = folder_of(home, environment)
    path = folder / DATABASE
    if not folder.is_dir():
        raise JournalFailed(
            "journal-missing", f"there is no folder `{folder}`", "put its key and its checkpoints back first"
        )
    if os.path.lexists(folder / ADDRESS):
        raise JournalFailed("journal-setting", "the journal lies in PostgreSQL", IN_POSTGRES)
    with locked(folder / "run.lock", utc_now()):
        head = _looked_at(folder, environment, source)
        if os.path.lexists(path):
            _not_newer(path, head)
        incoming = folder / f".{DATABASE}.restored"
        incoming.unlink(missing_ok=True)
        made_private(incoming)
        shutil.copyfile(source, incoming)
        synced(incoming)
        if os.path.lexists(path):
            path.replace(folder / f"{DATABASE}.before-restore")
        for end in SIDE_FILES:
            # The log of the journal that was there would be played into the copy.
            path.with_name(f"{DATABASE}{end}").unlink(missing_ok=True)
        incoming.replace(path)
        synced(path)
    return head


def _looked_at(folder: Path, environment: Environment, source: Path) -> Head:
    with contextlib.closing(SqliteStore(source, read_only=True)) as copy:
        is_of(environment, copy)
        not_rolled_back(folder, copy)
        problems = verify(copy, checkpoints.checkpoints(folder), checkpoints.public_key(folder))
        if problems:
            raise JournalFailed(problems[0].rule, problems[0].message, "use another copy")
        return copy.head()


def _not_newer(path: Path, head: Head) -> None:
    try:
        there = SqliteStore(path)
    except JournalFailed:
        # It cannot be read: that is what the copy is for.
        return
    with contextlib.closing(there):
        now = there.head()
    if now.journal != head.journal:
        raise JournalFailed("journal-exists", f"another journal, `{now.journal}`, is there", "restore where it belongs")
    if now.seq > head.seq:
        raise JournalFailed(
            "journal-newer",
            f"the journal that is there goes on to entry {now.seq}, the copy ends at {head.seq}",
            "keep it",
        )
