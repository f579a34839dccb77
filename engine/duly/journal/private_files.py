"""Files of the journal: regular ones, for their owner alone, and on the disk when they are said to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from duly.journal.store import JournalFailed


def regular_file(path: Path) -> tuple[int, int]:
    """Which file it is: a regular one, reached by no link; raises `JournalFailed` where there is none."""
    try:
        found = path.lstat()
    except OSError as wrong:
        raise JournalFailed("journal-missing", f"there is no journal at `{path}`", MISSING_HELP) from wrong
    if not stat.S_ISREG(found.st_mode):
        raise JournalFailed("journal-not-a-file", f"`{path}` is not a regular file", "put the journal's own file there")
    return found.st_dev, found.st_ino


MISSING_HELP = (
    "only `duly journal create` makes one; where there was one, restore it: a new one would send everything again"
)


def made_private(path: Path) -> None:
    """Make an empty file that only its owner can read; raises `JournalFailed` where there is one."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as wrong:
        raise JournalFailed(
            "journal-file", f"`{path}` cannot be made: {wrong.strerror}", "name a new file in a folder you own"
        ) from wrong


def synced(path: Path) -> None:
    """Have the disk keep the file and its name."""
    for name in (path, path.parent):
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
