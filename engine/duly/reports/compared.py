"""Two versions of one policy file as `git diff` shows them: what changed, and what it means.

Git hands over two files and not the rest of either version. What a file extends is
therefore not known, and for such a file, as for one that is no policy, its words are
compared line by line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.reports import diff as report
from duly.reports.policy import file_in_words, first_bytes
from duly.reports.terminal import printable
from duly.review.diff.changes import Changed
from duly.review.diff.compare import compare
from duly.source import NOWHERE, Refused


def compared_in_git(name: str, old: Path | None, new: Path | None) -> str:
    """The comparison of a file's versions; one that is None was not there yet, or is no more."""
    policies = [_policy(path) for path in (old, new)]
    match policies:
        case [Policy() as before, Policy() as after]:
            compared = compare(printable(name), before, after)
            if compared is None:
                return f"{printable(name)}: it says the same in other words, or in another order\n"
            return report.as_text(replace(compared, changes=tuple(map(_nowhere, compared.changes))))
        case _:
            return "".join(_line_by_line(printable(name), old, new))


def unmerged(name: str) -> str:
    """What is said of a file that a merge has left in pieces."""
    return f"{printable(name)}: not merged yet\n"


def _policy(path: Path | None) -> Policy | None:
    try:
        return load_policy(path)[0] if path else None
    except Refused:
        return None


def _nowhere(change: Changed) -> Changed:
    """The change without its places: git's files are gone as soon as they have been compared."""
    return replace(change, old_span=NOWHERE, new_span=NOWHERE)


def _line_by_line(name: str, old: Path | None, new: Path | None) -> Iterator[str]:
    before, after = (
        file_in_words(first_bytes(path), name).splitlines(keepends=True) if path else [] for path in (old, new)
    )
    yield f"{name}: {'new' if old is None else 'taken away' if new is None else 'in words'}\n"
    yield from (line for line in difflib.unified_diff(before, after, n=3) if not line.startswith(("---", "+++")))
