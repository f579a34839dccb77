"""What a person signs to approve or to reject an action, and how the journal keeps it.

A statement says everything that it is about: which journal and environment, which
action by its key, what the action is, over which invoices and up to which amounts,
who says so, in which roles, why, and until when. The signature covers the canonical
JSON of all of it, so that none of it can be exchanged, also not by whoever can write
to the journal.

Whether a statement counts is not known here (`duly.plan.approvals`). The reason is
kept for good, as it was signed: it is no place for what has to be erased one day.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from duly.journal.entry import Draft, Entry, Event, canonical, written
from duly.journal.keys import PrivateKey, PublicKey
from duly.journal.store import Journal

FORMAT = "duly approval 1"
"""In every statement, so that no other text that a person signs can be taken for one."""


class Ruling(Enum):
    """What a person says of an action."""

    APPROVE = "approve"
    REJECT = "reject"


EVENT: Mapping[Ruling, Event] = {Ruling.APPROVE: Event.APPROVED, Ruling.REJECT: Event.REJECTED}
"""The entry that each ruling becomes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is ruled on: the action, and how far it may go.

    `content` says by name what the action is. `invoices` and `ceiling` (minor units
    by currency) are the most that it may be about. Where a message goes is not in it:
    an address is personal, and is looked at when the message leaves.
    """

    key: str
    customer: str
    content: tuple[tuple[str, str], ...]
    invoices: tuple[str, ...]
    ceiling: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed. Moments are in UTC, to the millisecond."""

    journal: str
    environment: str
    subject: Subject
    ruling: Ruling
    by: str
    roles: tuple[str, ...]
    because: str
    made_at: datetime
    expires_at: datetime

    def record(self) -> dict[str, object]:
        """The statement as plain JSON."""
        return {
            "format": FORMAT,
            "journal": self.journal,
            "environment": self.environment,
            "action": self.subject.key,
            "customer": self.subject.customer,
            "content": dict(self.subject.content),
            "invoices": sorted(self.subject.invoices),
            "ceiling": dict(self.subject.ceiling),
            "decision": self.ruling.value,
            "by": self.by,
            "roles": sorted(self.roles),
            "because": self.because,
            "made_at": written(self.made_at),
            "expires_at": written(self.expires_at),
        }


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with the signature and the name of the key found beside it; nothing is checked yet."""

    statement: Statement
    signature: bytes
    key_id: str

    def is_signed_with(self, key: PublicKey) -> bool:
        """Say whether the statement was signed, just as it is, with the private half of this key."""
        return key.verifies(self.signature, canonical(self.statement.record()))


def sign(statement: Statement, key: PrivateKey) -> Draft:
    """The entry that keeps the statement, signed."""
    record = statement.record()
    return Draft(
        event=EVENT[statement.ruling],
        by=statement.by,
        key=statement.subject.key,
        customer=statement.subject.customer,
        body={
            "statement": record,
            "signature": base64.b64encode(key.sign(canonical(record))).decode(),
            "key_id": key.public.id,
        },
    )


def rulings_on(journal: Journal, keys: Iterable[str]) -> Iterator[Entry]:
    """What people said of these actions, in the order of the journal for each."""
    for key in keys:
        yield from (entry for entry in journal.entries(key=key) if entry.event in EVENT.values())


def signed_in(entry: Entry) -> Signed | None:
    """The statement that an entry keeps, or None where there is none that this version could have written."""
    record, signature, key_id = (entry.body.get(name) for name in ("statement", "signature", "key_id"))
    if not (isinstance(record, Mapping) and isinstance(signature, str) and isinstance(key_id, str)):
        return None
    try:
        statement = _statement(record)
        # What is not read is not agreed to: the record says this and nothing more.
        if statement.record() != record:
            return None
        return Signed(statement, base64.b64decode(signature, validate=True), key_id)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error):
        return None


def _statement(record: Mapping[str, object]) -> Statement:
    return Statement(
        journal=_text(record["journal"]),
        environment=_text(record["environment"]),
        subject=Subject(
            key=_text(record["action"]),
            customer=_text(record["customer"]),
            content=tuple((_text(name), _text(value)) for name, value in _items(record["content"])),
            invoices=_texts(record["invoices"]),
            ceiling=tuple((_text(currency), _whole(most)) for currency, most in _items(record["ceiling"])),
        ),
        ruling=Ruling(record["decision"]),
        by=_text(record["by"]),
        roles=_texts(record["roles"]),
        because=_text(record["because"]),
        made_at=_moment(record["made_at"]),
        expires_at=_moment(record["expires_at"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(map(_text, value))


def _items(value: object) -> tuple[tuple[object, object], ...]:
    if not isinstance(value, Mapping):
        raise TypeError
    return tuple(sorted(value.items()))


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(_text(value)).astimezone(UTC)
