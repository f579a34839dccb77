"""One run at a time: a lock on a file, which the system lets go when its holder dies.

The file says who holds it; it is never removed, so that two runs cannot hold two
files of the same name.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from duly.journal.entry import written
from duly.journal.store import JournalFailed, RunIsActive

MOST_READ = 1_000


@contextmanager
def locked(path: Path, now: datetime) -> Iterator[None]:
    """Hold the lock; raises `RunIsActive` at once where another process, or this one, holds it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as wrong:
        raise JournalFailed(
            "journal-lock", f"`{path}` cannot be opened: {wrong.strerror}", "see who owns the journal's folder"
        ) from wrong
    try:
        _take(handle)
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": written(now)}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(path: Path) -> str:
    """The sentence for the run that holds the lock, empty where none does; nobody's run is kept from beginning.

    A file that says nothing is held by nobody, so the lock is tried only where a run
    holds it or died holding it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError as wrong:
        raise JournalFailed(
            "journal-lock", f"`{path}` cannot be opened: {wrong.strerror}", "see who owns the journal's folder"
        ) from wrong
    try:
        said = os.pread(handle, MOST_READ, 0)
        return _said(said) if said and _is_held(handle) else ""
    finally:
        os.close(handle)


def _is_held(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunIsActive(_said(os.pread(handle, MOST_READ, 0))) from None


def _said(text: bytes) -> str:
    try:
        holder = json.loads(text)
        return active(f"process {holder['pid']} on {holder['host']}", str(holder["since"]))
    except (ValueError, KeyError, TypeError):
        return "another run is active"


def active(holder: str, since: str) -> str:
    """The sentence for a run that is in the way."""
    return f"another run is active: {holder}, since {since}"
