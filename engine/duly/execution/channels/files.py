"""Files that appear whole under their final name or not at all, for their owner alone.

The bytes go into a private file beside the final name and are forced to disk;
then comes the point of no return; then one rename makes them visible and the
folder is forced to disk. A crash leaves either nothing or the whole file, and at
worst a `.…part` that no reader takes for a letter.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PART = ".part"


class OutsideHome(OSError):
    """The folder is, perhaps through a link, not under the home that it belongs to."""


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are on disk and not yet visible; leaving the `with` block lets go of what was not shown."""

    part: Path
    final: Path

    def show(self) -> None:
        """Give the file its name, durably; raises `OSError`."""
        self.part.replace(self.final)
        sync_folder(self.final.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.part.unlink(missing_ok=True)


def stage(folder: Path, name: str, content: bytes) -> Staged:
    """Put the bytes on disk beside their final name; raises `OSError`."""
    staged = Staged(folder / f".{name}.{os.getpid()}{PART}", folder / name)
    try:
        _write_durably(staged.part, content)
    except OSError:
        staged.__exit__()
        raise
    return staged


def write_whole(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is private, whole and durable; raises `OSError`."""
    with stage(folder, name, content) as staged:
        staged.show()


def private_folder(folder: Path, home: Path) -> Path:
    """The folder, made durably if need be and readable by its owner alone; raises `OutsideHome` or `OSError`."""
    real = folder.resolve()
    if not real.is_relative_to(home.resolve()):
        raise OutsideHome(f"`{folder}` is outside `{home}`")
    missing = [path for path in (real, *real.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)
    return real


def sync_folder(folder: Path) -> None:
    """Force a folder's names to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_durably(path: Path, content: bytes) -> None:
    # What an earlier crash left under the name of this process is nobody's.
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
