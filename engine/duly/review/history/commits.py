"""Commits as git keeps them, and the files of each; nothing is checked out.

A commit is read from its own bytes, so that a signature can be held against exactly what
was signed. Where a clone is shallow, git has a commit's name and not the commit: such a
commit is cut.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from pathlib import Path

from duly.language.gate import MOST_BYTES, Scalar, read_tree
from duly.review.git import GitFailed, git, said

_PERSON = re.compile(r"(?P<name>.*?) ?<(?P<mail>[^>]*)> (?P<moment>-?\d{1,12}) (?P<zone>[+-]\d{4})")
_CLAIM = re.compile(r"^(Signed-off-by|Reviewed-by|Approved-by|Acked-by): *(\S.*)$", re.IGNORECASE)


class Signature(Enum):
    """What git says of a commit's signature, with the keys that this machine trusts."""

    NONE = "none"
    GOOD = "good"
    UNTRUSTED = "good, by a key that is not known to be anybody's"
    EXPIRED = "good, by a key or a signature that has expired"
    REVOKED = "good, by a key that was revoked"
    BAD = "bad"
    UNCHECKED = "not checked: this machine lacks the key or the program"


_SIGNATURES = {
    "G": Signature.GOOD,
    "U": Signature.UNTRUSTED,
    "X": Signature.EXPIRED,
    "Y": Signature.EXPIRED,
    "R": Signature.REVOKED,
    "B": Signature.BAD,
    "E": Signature.UNCHECKED,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit says made it, and when; nobody has proved it."""

    name: str
    mail: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `signed` is what its signature is over, and `armour` that signature as text; both empty without one."""

    name: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str
    signed: bytes = b""
    armour: str = ""

    @property
    def subject(self) -> str:
        """What the commit says of itself in one line."""
        return self.message.strip().partition("\n")[0]

    @property
    def claims(self) -> tuple[str, ...]:
        """Who the commit says has signed, reviewed or approved it; only a signature would prove it."""
        return tuple(line.strip() for line in self.message.splitlines() if _CLAIM.match(line))

    @property
    def day(self) -> date:
        """The day on which it became a commit, by the committer's own clock and zone."""
        return self.committer.moment.date()


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its top folder, and the commits at which a shallow clone is cut."""

    top: Path
    cut: frozenset[str]

    def ask(self, *words: str) -> str:
        """What git answers, in words."""
        return said(*words, folder=self.top)

    def commit(self, name: str) -> Commit:
        """The commit of this full name."""
        return _commit(name, git("cat-file", "commit", name, folder=self.top))

    def signature(self, commit: Commit) -> tuple[Signature, str]:
        """What git says of the commit's signature, and whose it says it is."""
        if not commit.armour:
            return Signature.NONE, ""
        letter, _, signer = self.ask("log", "--no-walk", "--format=%G?%n%GS", commit.name).partition("\n")
        return _SIGNATURES.get(letter, Signature.UNCHECKED), signer.strip()

    def file(self, commit: str, name: str) -> bytes | None:
        """A file as the commit has it; None where it has none."""
        try:
            if int(said("cat-file", "-s", f"{commit}:{name}", folder=self.top)) > MOST_BYTES:
                return b"\n" * (MOST_BYTES + 1)  # which the gate refuses, as it would the file
            return git("cat-file", "blob", f"{commit}:{name}", folder=self.top)
        except GitFailed:
            return None


def repository_at(top: Path) -> Repository:
    """The repository whose top this is."""
    shallow = top / said("rev-parse", "--git-path", "shallow", folder=top)
    return Repository(top, frozenset(shallow.read_text().split()) if shallow.is_file() else frozenset())


Files = Mapping[str, bytes]
"""A policy's own file first, then those it extends, nearest first."""


def chain(read: Callable[[str], bytes | None], name: str) -> Files:
    """The file of this name and those that it extends, as far as they are there and inside the repository."""
    files: dict[str, bytes] = {}
    while name not in files and (data := read(name)) is not None:
        files[name] = data
        extends = _extends(data)
        if not extends or posixpath.isabs(extends):
            break
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), extends))
        if name.startswith("../"):
            break
    return files


@lru_cache(maxsize=1024)
def _extends(data: bytes) -> str:
    """The file that a policy file says it extends; empty where it says none. The same bytes stand in many commits."""
    root = read_tree(data, "").root
    extends = root.get("extends") if root else None
    return extends.text if isinstance(extends, Scalar) else ""


def _commit(name: str, raw: bytes) -> Commit:
    head, _, message = raw.partition(b"\n\n")
    fields = list(_fields(head))
    armour = "\n".join(value for key, value, _ in fields if key.startswith("gpgsig"))
    kept = b"".join(text for key, _, text in fields if not key.startswith("gpgsig"))
    texts = {key: value for key, value, _ in reversed(fields)}
    return Commit(
        name,
        tuple(value for key, value, _ in fields if key == "parent"),
        _person(texts.get("author", "")),
        _person(texts.get("committer", "")),
        message.decode("utf-8", "backslashreplace"),
        kept + b"\n" + message if armour else b"",
        armour,
    )


def _fields(head: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Each field of a commit: its key, its value, and all of its bytes; a line that begins with a blank goes on."""
    for field in re.findall(rb"[^\n]+(?:\n [^\n]*)*", head):
        key, _, value = field.partition(b" ")
        text = value.decode("utf-8", "backslashreplace").replace("\n ", "\n")
        yield key.decode("ascii", "backslashreplace"), text, field + b"\n"


def _person(text: str) -> Person:
    found = _PERSON.fullmatch(text)
    if found is None:
        return Person(text, "", datetime.fromtimestamp(0, UTC))
    zone = found["zone"]
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime.fromtimestamp(int(found["moment"]), timezone(offset))
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return Person(found["name"], found["mail"], moment)


def walk(repository: Repository, names: Sequence[str], start: str = "HEAD") -> tuple[str, ...]:
    """The commits that changed one of the files, newest first and children before their parents."""
    listed = repository.ask("rev-list", "--topo-order", start, "--", *names)
    return tuple(listed.split())


def renames(repository: Repository, name: str) -> Mapping[str, str]:
    """The commits that gave the file its name, newest first, with the name that it had before."""
    listed = git(
        *("log", "--follow", "--find-renames", "--diff-filter=R", "--no-ext-diff", "--no-textconv"),
        *("-z", "--format=%x01%H", "--name-status", "--", name),
        folder=repository.top,
    )
    words = listed.decode("utf-8", "surrogateescape").split("\0")
    found: dict[str, str] = {}
    commit = ""
    for at, word in enumerate(words):
        if re.fullmatch(r"\x01[0-9a-f]{40,64}", word):
            commit = word[1:]
        elif commit and re.fullmatch(r"\n?R\d+", word) and at + 1 < len(words):
            found[commit] = words[at + 1]
    return found
