"""Putting cases at the end of a policy's file of cases, where everything that stands in it stays.

The file is read again before it is written: were the cases of it others than before
and then the new ones, nothing is written.
"""

from __future__ import annotations

import os
from pathlib import Path

from duly.language.load import CANNOT_BE_LOADED
from duly.language.policy import Policy
from duly.language.rewrite import Rewritten, read_back, write_back
from duly.review.cases.case import Case
from duly.review.cases.load import cases_file, read_cases
from duly.review.cases.writing import HEAD
from duly.source import Problem, Refused, Span


def append_cases(policy: Policy, text: str) -> Path:
    """The file, with the text of cases at its end or made of it; raises `Refused` (3) where that cannot be."""
    file = cases_file(policy)
    name = file.as_posix()
    if not os.path.lexists(file):
        _read(policy, HEAD + text, name)
        file.write_text(HEAD + text, encoding="utf-8", newline="\n")
        return file
    before = read_back(file).decode("utf-8")
    there = read_cases(before.encode(), name, policy)
    after = f"{before.rstrip()}\n\n{text}"
    if _read(policy, after, name)[: len(there)] != there:
        raise _cannot(name)
    write_back(Rewritten(file, before, after))
    return file


def _read(policy: Policy, text: str, name: str) -> tuple[Case, ...]:
    try:
        return read_cases(text.encode(), name, policy)
    except Refused as refused:
        raise _cannot(name) from refused


def _cannot(name: str) -> Refused:
    message = f"cases cannot be put at the end of `{name}`"
    help_ = "let `cases` be its last key, with names indented by two spaces, or paste what is proposed without --write"
    return Refused([Problem("cannot-append", Span(name, 1, 1), message, help_)], CANNOT_BE_LOADED)
