"""Which wording is used: a team's own, or what comes with the program."""

from __future__ import annotations

from pathlib import Path

from duly.assets import asset
from duly.home import Home

NO_WORDING = frozenset({"README.md", "fonts"})
"""What a folder of templates may hold before anybody has written one."""


def templates_of(home: Home) -> Path:
    """The folder of a home's templates; the program's own where it has none."""
    folder = home.templates
    own = folder.is_dir() and any(path.name not in NO_WORDING for path in folder.iterdir())
    return folder if own else asset("templates")
