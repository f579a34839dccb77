"""Who may approve: the people of `approvers.yaml`, with their roles and their public keys.

The file lies beside the policies, is under the same review, and passes the same
gate. Nobody is in it twice, no key belongs to two people, and no key is one that
anybody could sign for. Where there is no file, nobody may approve.

    approvers:
      ochre:
        roles: [credit_manager]
        key: "uH2f…="
        from: 2026-01-01
        until: 2026-12-31
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NoReturn

from duly.home import APPROVERS
from duly.journal.keys import PublicKey, public_key
from duly.language.gate import read_tree
from duly.language.load import CANNOT_BE_LOADED, read_regular
from duly.language.policy import Policy
from duly.language.schema import DAY, ROLES, Schema, as_text
from duly.language.shape import shape_problems
from duly.language.written import Part
from duly.language.written_values import Values
from duly.source import NOWHERE, Problem, Refused, Severity, Span, in_order

PERSON = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""The names that people have here."""


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who may approve, in which roles, with which key, and on which days.

    `revoked` is the first day on which the key is no longer trusted.
    """

    person: str
    roles: frozenset[str]
    key: PublicKey
    from_: date | None = None
    until: date | None = None
    revoked: date | None = None
    span: Span = NOWHERE

    def may_approve_on(self, day: date) -> bool:
        """Say whether the person's signature is good on the day; first and last day are."""
        return (
            (self.from_ is None or self.from_ <= day)
            and (self.until is None or day <= self.until)
            and (self.revoked is None or day < self.revoked)
        )


@dataclass(frozen=True, slots=True)
class Approvers:
    """Everybody who may approve, in the order written."""

    people: tuple[Approver, ...] = ()
    file: str = ""

    def named(self, person: str) -> Approver | None:
        """The person of this name, written just so."""
        return next((approver for approver in self.people if approver.person == person), None)

    def holding(self, role: str, day: date) -> tuple[Approver, ...]:
        """Those who may approve in a role on the day."""
        return tuple(a for a in self.people if role in a.roles and a.may_approve_on(day))


def same_person(one: str, other: str) -> bool:
    """Say whether two names mean the same person: case, width and blanks around do not tell people apart."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def read_approvers(path: Path) -> Approvers:
    """The people of the file, nobody where there is none; raises `Refused` (3) with everything that is wrong."""
    name = path.as_posix()
    if not os.path.lexists(path):
        return Approvers()
    data = read_regular(Path(os.path.realpath(path)), name, Span(name, 1, 1))
    if isinstance(data, Problem):
        raise Refused([data], CANNOT_BE_LOADED)
    tree = read_tree(data, name)
    problems = list(tree.problems)
    people: tuple[Approver, ...] = ()
    if tree.root is not None:
        problems += shape_problems(tree.root, approvers_schema())
        read = Values(Part(tree.root, "", Span(name, 1, 1)))
        people = tuple(_people(read))
        problems += [*read.problems, *_twice(people)]
    if problems:
        raise Refused(_with_lines(problems, tree.lines), CANNOT_BE_LOADED)
    return Approvers(people, name)


def read_all_approvers(paths: Iterable[Path]) -> tuple[tuple[Approvers, ...], tuple[Problem, ...]]:
    """Those of these files, and in these folders, that can be read, and the problems of the others."""
    read: list[Approvers] = []
    problems: list[Problem] = []
    for path in paths:
        file = path / APPROVERS if path.is_dir() else path
        if file.name != APPROVERS or (path.is_dir() and not os.path.lexists(file)):
            continue
        try:
            read.append(read_approvers(file) if os.path.lexists(file) else _missing(file))
        except Refused as refused:
            problems += refused.problems
    return tuple(read), in_order(problems)


def nobody_to_approve(policies: Iterable[Policy], registers: Iterable[Approvers]) -> tuple[Problem, ...]:
    """A warning for every role that a policy asks for and nobody beside it holds; none where there is no list."""
    beside = {Path(register.file).parent: register for register in registers}
    found = []
    for policy in policies:
        register = beside.get(Path(policy.files[0]).parent)
        held = frozenset[str]().union(*(one.roles for one in register.people)) if register else frozenset(ROLES)
        for role, span in _asked(policy):
            if role not in held:
                message = f"nobody in `{APPROVERS}` has the role `{role}`, so this waits for ever"
                found.append(Problem("nobody-to-approve", span, message, "add somebody", severity=Severity.WARNING))
    return tuple(found)


def _asked(policy: Policy) -> Iterator[tuple[str, Span]]:
    for ladder in policy.ladders:
        yield from ((role, stage.span) for stage in ladder.stages for role in stage.approval)
    for hold in policy.holds:
        yield from ((role, hold.place_span) for role in hold.place_approval)
        yield from ((role, hold.release_span) for role in hold.release_approval)


def _missing(file: Path) -> NoReturn:
    name = file.as_posix()
    problem = Problem("cannot-read", Span(name, 1, 1), f"`{name}` is not there", "look at the name")
    raise Refused([problem], CANNOT_BE_LOADED)


def _people(read: Values) -> Iterator[Approver]:
    for person, part in read.top.part("approvers").parts():
        from_, until, revoked = (read.day(part.get(key)) for key in ("from", "until", "revoked"))
        if from_ and until and until < from_:
            message = "the last day lies before the first"
            read.report("ends-before-it-begins", part.span_of("until"), message, "exchange the two days")
        key = _key(read, part)
        if key is not None:
            yield Approver(person, frozenset(part.texts("roles")), key, from_, until, revoked, part.span)


def _key(read: Values, part: Part) -> PublicKey | None:
    text = part.text("key")
    if not text:
        return None
    key = public_key(text)
    if key is None:
        message, help_ = "this is not a public key", "take the line that `duly key show FILE` prints"
        read.report("not-a-public-key", part.span_of("key"), message, help_)
    elif key.is_weak:
        message, help_ = "anybody could sign for this key", "have its owner make one: duly key make NAME"
        read.report("weak-key", part.span_of("key"), message, help_)
        return None
    return key


def _twice(people: Iterable[Approver]) -> Iterator[Problem]:
    names: dict[str, str] = {}
    keys: dict[PublicKey, str] = {}
    for one in people:
        if (before := names.setdefault(_folded(one.person), one.person)) != one.person:
            message = f"`{one.person}` and `{before}` are too alike to be two people"
            yield Problem("person-twice", one.span, message, "give one of them another name, or take it out")
        if (owner := keys.setdefault(one.key, one.person)) != one.person:
            message = f"`{one.person}` has the key of `{owner}`"
            yield Problem("key-shared", one.span, message, "each person makes an own key: duly key make NAME")


def _with_lines(problems: Iterable[Problem], lines: tuple[str, ...]) -> tuple[Problem, ...]:
    return in_order(
        replace(p, line=lines[p.span.line - 1]) if 0 < p.span.line <= len(lines) else p for p in set(problems)
    )


def approvers_schema() -> Schema:
    """The JSON Schema (draft-07) of `approvers.yaml`."""

    def day(description: str) -> Schema:
        form = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
        return {"title": DAY, "type": "string", "description": description, "pattern": form, "examples": ["2026-12-31"]}

    person: Schema = {
        "type": "object",
        "description": "A person, by the name that plans and runs know.",
        "properties": {
            "roles": {
                "type": "array",
                "description": "The roles in which the person approves.",
                "items": {"description": "A role.", "enum": list(ROLES)},
                "minItems": 1,
                "uniqueItems": True,
            },
            "key": {
                "type": "string",
                "description": "The person's public key, as `duly key show FILE` prints it.",
                "minLength": 1,
                "maxLength": 100,
            },
            "from": day("The first day on which the person may approve."),
            "until": day("The last day on which the person may approve."),
            "revoked": day("The first day on which the key is no longer trusted."),
        },
        "required": ["roles", "key"],
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "duly list of approvers",
        "type": "object",
        "description": "Who may approve, in which roles, by public key.",
        "properties": {
            "approvers": {
                "type": "object",
                "description": "People by name.",
                "patternProperties": {PERSON: person},
                "additionalProperties": False,
            }
        },
        "required": ["approvers"],
        "additionalProperties": False,
    }


if __name__ == "__main__":
    folder = Path(*sys.argv[1:]) if sys.argv[1:] else Path("schemas")
    (folder / "approvers.schema.json").write_text(as_text(approvers_schema()), encoding="utf-8")
