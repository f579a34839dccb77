"""Signing off a version of a policy, so that `signed_off_by:` can be seen to be kept.

A person of `approvers.yaml` signs what the policy says to the byte, the files that it
extends and the register of who may sign included: neither the commit nor the place of the
file is signed, so that the signature outlives a rebase, a squashed merge or another name.
It travels as a line of a commit message, of any commit:

    Policy-signed-off-by: ochre (credit_manager) 5f0c…  <signature>

What such a line says without a signature that fits is said by the commit and proved by nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from duly.journal.approvers import Approver, Approvers
from duly.journal.entry import canonical
from duly.journal.keys import PrivateKey

FORMAT = "duly policy sign-off 1"
"""In every statement, so that no other text that a person signs can be taken for one."""

TRAILER = "Policy-signed-off-by"

DEPARTMENTS: Mapping[str, str] = {"credit": "credit_manager", "sales": "sales_manager"}
"""The role that signs for a department; a department of another name is signed for by the role of its name."""

_LINE = re.compile(
    rf"^{TRAILER}: (?P<person>[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}) \((?P<role>[a-z_]{{1,40}})\)"
    r" (?P<mark>[0-9a-f]{16}) (?P<signature>[A-Za-z0-9+/]{86}==)$",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Content:
    """What is signed for: the policy by its id, each of its files by digest, its own first, and who may sign."""

    policy: str
    digests: tuple[str, ...]
    register: str

    def record(self) -> dict[str, object]:
        """The content as plain JSON."""
        return {"policy": self.policy, "files": list(self.digests), "register": self.register}

    @property
    def mark(self) -> str:
        """A short name of the content, for people and to find what is meant."""
        return _digest(canonical(self.record()))[:16]


def content_of(policy: str, files: Iterable[bytes], register: bytes | None) -> Content:
    """The content of a policy's files, and of the register beside them where there is one."""
    return Content(policy, tuple(map(_digest, files)), "" if register is None else _digest(register))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """A sign-off as a commit message says it; whether it is true is not known yet."""

    person: str
    role: str
    mark: str
    signature: bytes


def sign(content: Content, person: str, role: str, key: PrivateKey) -> str:
    """The line for a commit message by which the person signs for the content in the role."""
    signature = base64.b64encode(key.sign(_statement(content, person, role))).decode()
    return f"{TRAILER}: {person} ({role}) {content.mark} {signature}"


def lines_in(message: str) -> Iterator[Line]:
    """Every sign-off that a commit message says."""
    for found in _LINE.finditer(message):
        try:
            signature = base64.b64decode(found["signature"], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield Line(found["person"], found["role"], found["mark"], signature)


def _statement(content: Content, person: str, role: str) -> bytes:
    return canonical({"format": FORMAT, **content.record(), "by": person, "role": role})


# Whether it counts.


class By(Enum):
    """How a person's word is known to be that person's."""

    SIGN_OFF = "sign-off"
    COMMIT = "signed commit"


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A sign-off that counts, or why it does not."""

    person: str
    role: str
    by: By
    fails: str = ""


def weigh(line: Line, content: Content, register: Approvers, day: date) -> SignedOff:
    """The sign-off of a line about this content, held against who may sign."""
    approver = register.named(line.person)
    fails = (
        f"{line.person} is not in the register that was last signed off"
        if approver is None
        else why_not(approver, line.role, day)
        or (
            ""
            if approver.key.verifies(line.signature, _statement(content, line.person, line.role))
            else f"the signature is not {line.person}'s over this version"
        )
    )
    return SignedOff(line.person, line.role, By.SIGN_OFF, fails)


def why_not(approver: Approver, role: str, day: date) -> str:
    """Why the person may not sign in the role on the day; empty where it may."""
    if role not in approver.roles:
        return f"{approver.person} is not {role}"
    return "" if approver.may_approve_on(day) else f"{approver.person} may not sign on {day}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A department that has to sign, and who signed for it; nobody is the empty word."""

    department: str
    person: str = ""


def satisfied(departments: Sequence[str], signed: Iterable[SignedOff]) -> tuple[Wanted, ...]:
    """Who signed for each department; nobody signs for two, and as many departments as can be have somebody."""
    good = [one for one in signed if not one.fails]
    can = {
        department: list(
            dict.fromkeys(one.person for one in good if one.role == DEPARTMENTS.get(department, department))
        )
        for department in departments
    }
    signs_for: dict[str, str] = {}

    def find(department: str, tried: set[str]) -> bool:
        """Find somebody for the department, moving others to another department where that helps."""
        for person in can[department]:
            if person not in tried:
                tried.add(person)
                if person not in signs_for or find(signs_for[person], tried):
                    signs_for[person] = department
                    return True
        return False

    for department in departments:
        find(department, set())
    found = {department: person for person, department in signs_for.items()}
    return tuple(Wanted(department, found.get(department, "")) for department in departments)
