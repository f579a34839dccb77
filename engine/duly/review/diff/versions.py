"""Policies as they stand in files, folders or git: `policies`, `HEAD~3:policies/standard.yaml`, `main..HEAD`.

A revision's folder is taken out of git into a folder of its own, so that what a policy
extends is the one of the same revision. Git is asked and never told anything.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from duly.language.load import policies_in
from duly.review.diff.changes import Changed
from duly.review.git import GitFailed, git, no_version
from duly.source import Span

FOLDER = "policies"
"""Where policies are where only revisions are named."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what it is called, and its policy files by the name that they are compared under.

    `taken_out` is the folder into which git's own files were taken out, where they were.
    """

    called: str
    files: Mapping[str, Path]
    taken_out: Path | None = None

    def place(self, span: Span) -> Span:
        """The place by the names that files have where they come from."""
        if self.taken_out is None or not Path(span.file).is_relative_to(self.taken_out):
            return span
        revision, _, inside = self.called.partition(":")
        folder = PurePosixPath(inside or FOLDER)
        name = Path(span.file).relative_to(self.taken_out).as_posix()
        at = folder.parent if folder.suffix == ".yaml" else folder
        return replace(span, file=f"{revision}:{(at / name).as_posix()}")


def sides(old: str, new: str | None, scratch: Path) -> tuple[Side, Side]:
    """Both sides; raises `Refused` (2) for what is neither a file, a folder nor a revision."""
    if new is None:
        first, dots, second = old.partition("..")
        if not dots:
            raise no_version(
                f"`{old}` is one version, and a comparison needs two", "name two, or a range such as main..HEAD"
            )
        old, new = first or "HEAD", second or "HEAD"
    one, other = _side(old, scratch / "old"), _side(new, scratch / "new")
    if len(one.files) == len(other.files) == 1:
        # Two policies are compared whatever their files are called.
        (only,) = other.files
        one = replace(one, files={only: next(iter(one.files.values()))})
    return one, other


def placed(found: Iterable[Changed], old: Side, new: Side) -> tuple[Changed, ...]:
    """The changes with the places that files have where they come from, and not where git's were taken out."""
    return tuple(
        replace(change, old_span=old.place(change.old_span), new_span=new.place(change.new_span)) for change in found
    )


def _side(named: str, scratch: Path) -> Side:
    path = Path(named)
    if path.exists():
        return Side(named, _policies(path))
    revision, colon, inside = named.partition(":")
    return Side(named, _policies(_taken_out(revision, inside if colon else FOLDER, scratch)), scratch)


def _policies(path: Path) -> dict[str, Path]:
    found = policies_in(path) if path.is_dir() else [path]
    return {file.name: file for file in found}


def _taken_out(revision: str, inside: str, scratch: Path) -> Path:
    """The file or folder as the revision has it, beside everything else of its folder."""
    if revision.startswith("-"):
        raise no_version(f"`{revision}` is not a revision", "name a commit, a branch or a tag")
    kind = _git("cat-file", "-t", f"{revision}:{inside}")
    folder = inside if kind.strip() == b"tree" else str(PurePosixPath(inside).parent)
    tree = f"{revision}:{'' if folder == '.' else folder}"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", tree))) as archive:
        archive.extractall(scratch, filter="data")
    return scratch if folder == inside else scratch / PurePosixPath(inside).name


def _git(*words: str) -> bytes:
    try:
        return git(*words)
    except GitFailed as failed:
        raise no_version(f"git does not know it: {failed}", "look at `git log`") from None
