"""Which files a book may read: regular, local, and under the book's own folder.

What a mapping names is untrusted until it has been resolved: no URL, no way out
of the folder, also through a link, no device, and no name that a reader would
take for a pattern. The name reaches the database as a bound parameter.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from duly.book.faults import shown
from duly.source import Problem, Span

_GLOB = re.compile(r"[*?\[\]{}]")


def file_in(folder: Path, name: str, place: Span) -> Path | Problem:
    """The real path of a regular file under the folder, or why it is not read."""
    seen = f"`{shown(name)}`"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name):
        return Problem(
            "not-local", place, f"{seen} is not a local file", "fetch it first, and put it into the book's folder"
        )
    if "\0" in name:
        return Problem("no-such-file", place, f"there is no file {seen}", "write the name as it stands in the folder")
    real = (folder / name).resolve()
    if not real.is_relative_to(folder.resolve()):
        return Problem(
            "outside-the-book",
            place,
            f"{seen} is outside the book's folder",
            "put the file, not a link to it, into the folder of the book",
        )
    try:
        mode = real.stat().st_mode
    except OSError:
        return Problem("no-such-file", place, f"there is no file {seen}", _nearby(folder, name))
    if not stat.S_ISREG(mode):
        return Problem("not-a-file", place, f"{seen} is not a regular file", "name a file that holds the table")
    if _GLOB.search(str(real)):
        return Problem(
            "file-name", place, f"the path of {seen} has one of `* ? [ ] {{ }}`", "rename the file or its folder"
        )
    return real


def _nearby(folder: Path, name: str) -> str:
    twin = next((p.name for p in sorted(folder.glob("*")) if p.name.lower() == name.lower()), None)
    return f"did you mean `{shown(twin)}`?" if twin else "look at the name, and at the folder it is in"
