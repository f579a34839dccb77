"""Policies as they stand in files, folders or git: `policies`, `HEAD~3:policies/standard.yaml`, `main..HEAD`.

A revision's folder is taken out of git into a folder of its own, so that what a policy
extends is the one of the same revision. Git is asked and never told anything.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from duly.home import APPROVERS
from duly.source import NOWHERE, Problem, Refused

USAGE = 2
FOLDER = "policies"
"""Where policies are where only revisions are named."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what it is called, and its policy files by the name that they are compared under."""

    called: str
    files: Mapping[str, Path]


def sides(old: str, new: str | None, scratch: Path) -> tuple[Side, Side]:
    """Both sides; raises `Refused` (2) for what is neither a file, a folder nor a revision."""
    if new is None:
        first, dots, second = old.partition("..")
        if not dots:
            raise _refused(
                f"`{old}` is one version, and a comparison needs two", "name two, or a range such as main..HEAD"
            )
        old, new = first or "HEAD", second or "HEAD"
    one, other = _side(old, scratch / "old"), _side(new, scratch / "new")
    if len(one.files) == len(other.files) == 1:
        # Two policies are compared whatever their files are called.
        (only,) = other.files
        one = Side(one.called, {only: next(iter(one.files.values()))})
    return one, other


def _side(named: str, scratch: Path) -> Side:
    path = Path(named)
    if path.exists():
        return Side(named, _policies(path))
    revision, colon, inside = named.partition(":")
    return Side(named, _policies(_taken_out(revision, inside if colon else FOLDER, scratch)))


def _policies(path: Path) -> dict[str, Path]:
    found = sorted(f for f in path.glob("*.yaml") if f.name != APPROVERS) if path.is_dir() else [path]
    return {file.name: file for file in found}


def _taken_out(revision: str, inside: str, scratch: Path) -> Path:
    """The file or folder as the revision has it, beside everything else of its folder."""
    if revision.startswith("-"):
        raise _refused(f"`{revision}` is not a revision", "name a commit, a branch or a tag")
    kind = _git("cat-file", "-t", f"{revision}:{inside}")
    folder = inside if kind.strip() == b"tree" else str(PurePosixPath(inside).parent)
    tree = f"{revision}:{'' if folder == '.' else folder}"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", tree))) as archive:
        archive.extractall(scratch, filter="data")
    return scratch if folder == inside else scratch / PurePosixPath(inside).name


def _git(*words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)  # noqa: S603, S607 -- git as the user has it
    except FileNotFoundError:
        raise _refused("git is not installed", "name files or folders instead of revisions") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _refused(f"git does not know it: {said[0] if said else 'no reason given'}", "look at `git log`")
    return done.stdout


def _refused(message: str, help_: str) -> Refused:
    return Refused([Problem("no-such-version", NOWHERE, message, help_)], USAGE)
