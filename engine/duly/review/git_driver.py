"""Git taught to show policies in words: which files it does so for, and by which command.

The files are named in `.gitattributes`, which is committed: who has not installed the
rest sees the text as before. The command is configuration of one clone or one user.
Each line and setting is written once, others' are left alone, and all of it goes again.

`git log -p`, `git show` and `git blame` show the words of each version, line by line, and
git keeps the words where it knows who commits, so that each version is put into words once. `git diff` shows what
changed by id and what it means, proved. Should duly be gone, both show the text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from duly.home import APPROVERS, CASES
from duly.review.git import GitFailed, git, said, top_of
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5

ATTRIBUTES = ".gitattributes"

COMMENT = "# duly shows these in words: `duly git install`"

KEPT_WORDS = "refs/notes/textconv/duly"
"""Where git keeps the words of each version."""

_BARE = re.compile(r"[\w./-]+")


def install(folder: Path, program: str, *, everywhere: bool = False, words_only: bool = False) -> tuple[str, ...]:
    """Set git up for the policies of a folder; says what was done. Raises `Refused` (5) outside of a repository."""
    top = _top(folder)
    told = [_add_lines(top / ATTRIBUTES, _lines(top, folder))]
    scope = "--global" if everywhere else "--local"
    wanted = settings(program, words_only=words_only, keeps_words=_knows_who_commits(top))
    before = _settings(top, scope)
    for name, value in wanted.items():
        _configure(top, scope, name, value)
    for name in before.keys() - wanted.keys():
        _configure(top, scope, name)
    where = "your own configuration" if everywhere else "this clone's configuration"
    told.append(f"{where}: {'as it was' if before == wanted else 'set'}")
    _forget_words(top)
    return tuple(told)


def uninstall(folder: Path, *, everywhere: bool = False) -> tuple[str, ...]:
    """Take out what `install` put there, and nothing else; says what was done."""
    top = _top(folder)
    scope = "--global" if everywhere else "--local"
    told = [_take_lines(top / ATTRIBUTES, _lines(top, folder))]
    before = _settings(top, scope)
    for name in before:
        _configure(top, scope, name)
    where = "your own configuration" if everywhere else "this clone's configuration"
    told.append(f"{where}: {'taken out' if before else 'nothing to take out'}")
    _forget_words(top)
    return tuple(told)


def settings(program: str, *, words_only: bool = False, keeps_words: bool = True) -> Mapping[str, str]:
    """What is configured; a shell runs the commands, and falls back on the text itself."""
    run = f"{shlex.quote(program)} git"
    wanted = {
        "diff.duly.textconv": f'f() {{ {run} textconv -- "$1" 2>/dev/null || cat -- "$1"; }}; f',
        "diff.duly.cachetextconv": str(keeps_words).lower(),
        "diff.duly.xfuncname": "^[^ ].*$",
    }
    if not words_only:
        # A comparison that ends with anything but 0 would end the whole `git diff`.
        wanted["diff.duly.command"] = (
            f'f() {{ {run} difference -- "$@" 2>/dev/null || diff -u -- "$2" "$5" || true; }}; f'
        )
    return wanted


# The files, in .gitattributes.


def _lines(top: Path, folder: Path) -> list[str]:
    """The attributes of the folder's policies; what lies beside them is shown as before."""
    inside = folder.resolve().relative_to(top.resolve()).as_posix()
    at = "" if inside == "." else f"/{inside}"
    return [
        COMMENT,
        f"{_pattern(at, '*.yaml')} diff=duly",
        f"{_pattern(at, f'*{CASES}')} !diff",
        f"{_pattern(at, APPROVERS)} !diff",
    ]


def _pattern(folder: str, files: str) -> str:
    """A pattern as gitattributes has it, in which the folder's name stands for itself."""
    literal = re.sub(r"([*?\[\\])", r"\\\1", folder)
    pattern = f"{literal}/{files}"
    if _BARE.fullmatch(folder or "/"):
        return pattern
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{escaped}"'


def _add_lines(file: Path, lines: Sequence[str]) -> str:
    there = _read(file)
    present = there.splitlines()
    missing = [line for line in lines if line not in present]
    if not missing or missing == [COMMENT]:
        return f"{ATTRIBUTES}: as it was"
    end = "" if not there or there.endswith("\n") else "\n"
    _write(file, there + end + "".join(f"{line}\n" for line in missing))
    return f"{ATTRIBUTES}: {len(missing)} lines added; commit it, so that others can install as well"


def _take_lines(file: Path, lines: Sequence[str]) -> str:
    there = _read(file)
    others = [line for line in there.splitlines(keepends=True) if line.rstrip("\r\n") not in lines]
    left = "".join(_with_comment(others, there))
    if left == there:
        return f"{ATTRIBUTES}: nothing to take out"
    if left:
        _write(file, left)
    else:
        file.unlink()
    return f"{ATTRIBUTES}: {len(there.splitlines()) - len(left.splitlines())} lines taken out"


def _with_comment(others: Sequence[str], there: str) -> Iterator[str]:
    """The other lines, below our comment as long as it still speaks of another folder."""
    ours = any(line.rstrip("\r\n").endswith(" diff=duly") for line in others)
    if ours and COMMENT in there.splitlines():
        yield f"{COMMENT}\n"
    yield from others


def _read(file: Path) -> str:
    """The file as it is, ends of lines and all; a link is refused, as git does not follow it either."""
    if file.is_symlink():
        raise _refused(f"`{ATTRIBUTES}` is a link, which git does not follow", "make it a file")
    if not file.exists():
        return ""
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read()
    except OSError as error:
        raise _refused(f"`{ATTRIBUTES}` cannot be read: {error.strerror}", "look at who may read it") from None


def _write(file: Path, text: str) -> None:
    try:
        with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
            opened.write(text)
    except OSError as error:
        raise _refused(f"`{ATTRIBUTES}` cannot be written: {error.strerror}", "look at who may write it") from None


# The command, in git's configuration.


def _settings(top: Path, scope: str) -> dict[str, str]:
    try:
        listed = said("config", scope, "-z", "--get-regexp", r"^diff\.duly\.", folder=top)
    except GitFailed:
        return {}  # this is how git says that there is none
    pairs = (one.partition("\n") for one in listed.split("\0") if one)
    return {name: value for name, _, value in pairs}


def _configure(top: Path, scope: str, name: str, value: str | None = None) -> None:
    words = ("--unset-all", name) if value is None else ("--replace-all", name, value)
    try:
        git("config", scope, *words, folder=top)
    except GitFailed as failed:
        raise _refused(f"git does not take the setting: {failed}", "look at who may write its configuration") from None


def _knows_who_commits(top: Path) -> bool:
    """Say whether git can keep words: it keeps them as a commit, and without a name `git log -p` would end there."""
    try:
        git("var", "GIT_COMMITTER_IDENT", folder=top)
    except GitFailed:
        return False
    return True


def _forget_words(top: Path) -> None:
    """Have the words made again: they may be those of another release."""
    git("update-ref", "-d", KEPT_WORDS, folder=top)


def _top(folder: Path) -> Path:
    if not folder.is_dir():
        raise _refused(f"`{folder.as_posix()}` is not a folder", "name the folder that your policies are in")
    top = top_of(folder)
    if top is None:
        raise _refused(f"`{folder.as_posix()}` is in no git repository", "make one: git init")
    return top


def _refused(message: str, help_: str) -> Refused:
    return Refused([Problem("git-not-set-up", NOWHERE, message, help_)], REFUSED)
