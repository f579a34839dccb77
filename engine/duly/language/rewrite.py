"""Writing back a file that people keep: whole or not at all, with the rights it had.

The new text is written beside the file, put on the disk and renamed over it, so that a
reader sees the old file or the new one. A file behind a link is written where it lies.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from duly.language.layout import laid_out
from duly.language.load import CANNOT_BE_LOADED, read_regular
from duly.shown import printable
from duly.source import Problem, Refused, Span


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file as it stands, and as it shall stand."""

    path: Path
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Say whether anything is different."""
        return self.before != self.after

    def diff(self) -> Iterator[str]:
        """The lines of a unified diff, without line ends, made safe for the screen."""
        name = self.path.as_posix()
        old, new = self.before.splitlines(), self.after.splitlines()
        lines = difflib.unified_diff(old, new, name, name, lineterm="")
        yield from map(printable, lines if old != new else (f"{name}: only how lines end",))


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that are meant by a path: all `*.yaml` of a folder, or itself."""
    return tuple(sorted(path.glob("*.yaml"))) if path.is_dir() else (path,)


def laid_out_file(path: Path) -> Rewritten:
    """The file in the one layout; raises `Refused` where it cannot be read."""
    data = read_back(path)
    after = laid_out(data, path.as_posix())
    return Rewritten(path, data.decode("utf-8"), after)


def read_back(path: Path) -> bytes:
    """The bytes of a file that is to be written back; raises `Refused` where it is no regular file."""
    name = path.as_posix()
    data = read_regular(Path(os.path.realpath(path)), name, Span(name, 1, 1))
    if isinstance(data, Problem):
        raise Refused((data,), CANNOT_BE_LOADED)
    return data


def write_back(rewritten: Rewritten) -> None:
    """Put the new text in the file's place; raises `Refused` where that is not possible."""
    target = Path(os.path.realpath(rewritten.path))
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
                file.write(rewritten.after)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(target)
        finally:
            Path(beside).unlink(missing_ok=True)
    except OSError as wrong:
        name = rewritten.path.as_posix()
        message = f"`{name}` cannot be written: {(wrong.strerror or 'no reason given').lower()}"
        problem = Problem("cannot-write", Span(name, 1, 1), message, "look at who may write into its folder")
        raise Refused((problem,), CANNOT_BE_LOADED) from wrong
