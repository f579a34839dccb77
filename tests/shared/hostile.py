"""The list of hostile inputs that lies outside the checkout, and the cases of one kind from it.

Each case names a file, the exit code it must have, a label for the reason, the
place, and what must never be seen. A driver turns a case's skeleton into our
own files, keeps the trap, and maps the labels to our names for problems.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

SHARED = Path(os.environ.get("DULY_SHARED") or Path(__file__).parents[2].parent / "shared")
HOSTILE = SHARED / "hostile"
MISSING = "the hostile inputs are not here: set DULY_SHARED to the folder that has `hostile/`"

needs_hostile = pytest.mark.skipif(not HOSTILE.is_dir(), reason=MISSING)


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile input. `at` is `line:column`, `any`, or empty; `never` is what nobody may ever see."""

    id: str
    file: str
    payload: str
    must: str
    exit: int
    code: str = ""
    at: str = ""
    never: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The hostile file."""
        return HOSTILE / self.file

    @property
    def place(self) -> tuple[int, int] | None:
        """Line and column, where the list tells them."""
        line, _, column = self.at.split(" ")[0].partition(":")
        return (int(line), int(column)) if column else None


def cases(kind: str) -> list[Case]:
    """The cases whose id begins with this kind, in the order of the list; none where the list is missing."""
    if not HOSTILE.is_dir():
        return []
    listed = yaml.safe_load((HOSTILE / "index.yaml").read_text(encoding="utf-8"))["cases"]
    return [
        Case(
            id=case["id"],
            file=case["file"],
            payload=case["payload"],
            must=case["must"],
            exit=case["exit"],
            code=case.get("code", ""),
            at=str(case.get("at", "")),
            never=tuple(case.get("never", ())),
        )
        for case in listed
        if case["id"].partition("-")[0] == kind
    ]
