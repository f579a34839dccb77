"""What the journal keeps: one entry for everything that happened, in the order in which it happened.

An entry is a plain value. Its hash covers the hash of the entry before it, so that
nothing can be changed, left out or put in without every later hash being wrong.
What is personal (a name, an address, a text) is kept beside the chain and the entry
holds only a salted commitment to it: erased later, the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType

GENESIS = "0" * 64
"""The hash before the first entry."""


class Event(Enum):
    """What happened."""

    CREATED = "created"
    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"

    INTENT = "intent"
    SKIPPED = "skipped"
    POINT_OF_NO_RETURN = "point_of_no_return"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"

    APPROVED = "approved"
    REJECTED = "rejected"

    REPLY = "reply"
    CALL = "call"
    PROMISE = "promise"
    PROMISE_CANCELLED = "promise_cancelled"
    DISPUTE = "dispute"
    DISPUTE_RESOLVED = "dispute_resolved"
    ANSWER = "answer"

    ERASED = "erased"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is written.

    `key` is the action key for what happens to an action, else empty. `customer`
    is empty for what concerns the journal itself. `by` is the person or program
    that says so. `body` is plain JSON without floats; `personal` likewise, by name.
    `attempt` is the attempt that a step of an action belongs to; a store refuses the
    step where another was begun meanwhile. 0 asks for nothing.
    """

    event: Event
    by: str
    key: str = ""
    customer: str = ""
    run: str = ""
    body: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    personal: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the chain.

    `at` is a moment in UTC, to the millisecond, as text: `2026-03-31T08:15:00.000Z`.
    `attempt` counts the intents of the key so far, from 1; 0 where there is no key.
    `sealed` has the commitment to each personal value, by name.
    """

    seq: int
    at: str
    event: Event
    by: str
    key: str
    attempt: int
    customer: str
    run: str
    body: Mapping[str, object]
    sealed: Mapping[str, str]
    previous: str
    hash: str

    def record(self) -> dict[str, object]:
        """The entry as it is hashed: everything but its own hash."""
        return {
            "seq": self.seq,
            "at": self.at,
            "event": self.event.value,
            "by": self.by,
            "key": self.key,
            "attempt": self.attempt,
            "customer": self.customer,
            "run": self.run,
            "body": dict(self.body),
            "sealed": dict(self.sealed),
            "previous": self.previous,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """A personal value as it lies beside the chain; `value` is JSON text."""

    seq: int
    name: str
    salt: str
    value: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a journal: how many there are, and its hash."""

    journal: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.journal}:{self.seq}:{self.hash}"


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value that is hashed: sorted keys, no spaces, UTF-8, no floats."""
    return _ENCODER.encode(value).encode()


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def hash_of(record: Mapping[str, object]) -> str:
    """The hash of an entry's record, which names the hash before it; SHA-256 in hexadecimal."""
    return hashlib.sha256(canonical(record)).hexdigest()


def commitment(salt: str, value: object) -> str:
    """What the chain holds of a personal value: SHA-256 over a random salt and the value."""
    return hashlib.sha256(salt.encode() + b"\x1f" + canonical(value)).hexdigest()


def written(moment: datetime) -> str:
    """A moment as entries write it: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
