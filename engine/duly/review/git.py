"""Asking git, and telling it nothing but what `duly git install` is for.

Git runs without a pager, without aliases, hooks, external diffs and text conversions,
and without the `GIT_*` variables of whoever started us, so that its answers depend on
the repository alone. Whatever a user typed stands behind `--end-of-options` or is a
whole argument: it is never an option and never a shell's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from duly.source import NOWHERE, Problem, Refused

USAGE = 2

_PLAIN = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.quotePath=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
    *("-c", "color.ui=false"),
)


class GitFailed(Exception):
    """Git did not do what it was asked; the message is the first thing that it said."""


def git(*words: str, folder: Path | None = None, given: bytes | None = None) -> bytes:
    """What git prints; raises `GitFailed` where it refuses, `Refused` (2) where there is none."""
    command = ["git", *_PLAIN, *words]
    try:
        done = subprocess.run(  # noqa: S603  (arguments, and no shell)
            command, cwd=folder, input=given, capture_output=True, check=False, env=_environment()
        )
    except FileNotFoundError:
        raise no_version("git is not installed", "name files or folders instead of revisions") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitFailed(said[0].removeprefix("fatal: ") if said else "it gave no reason")
    return done.stdout


def said(*words: str, folder: Path | None = None) -> str:
    """What git prints, as text without the end of its last line."""
    return git(*words, folder=folder).decode(errors="replace").rstrip("\n")


def top_of(folder: Path) -> Path | None:
    """The top of the repository that the folder is in, or None outside of any."""
    try:
        return Path(said("rev-parse", "--show-toplevel", folder=folder))
    except GitFailed:
        return None


def no_version(message: str, help_: str) -> Refused:
    """What is refused where git has no such thing."""
    return Refused([Problem("no-such-version", NOWHERE, message, help_)], USAGE)


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}


_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"})
"""Where a user's own configuration lies, and how far to look for a repository."""
