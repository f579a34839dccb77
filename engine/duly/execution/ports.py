"""What a run needs of the world: a check just before each hand-over, channels, a clock.

A run itself (`execution.run`) is the same over a real mail server and over a model of
one; everything that can fail, hang or lie is behind one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from duly.messages.lists import File
from duly.messages.matter import Matter, Rendered
from duly.plan.plan import Action


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom an action reaches, as the book knows it now; what is not known is empty."""

    customer: str
    name: str
    email: str = ""
    address: tuple[str, ...] = ()
    language: str = ""
    country: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """An action that is still due, with what it says and whom it reaches.

    `recipient` is the customer for a message and the colleague for a request, a task, a
    list or a worklist line. `points` orders worklists, highest first. `files` are what
    leaves beside the words: the forms of a list.
    """

    action: Action
    recipient: Recipient
    message: Rendered | None = None
    matter: Matter | None = None
    points: int = 0
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A deed packed for its channel: all that will leave, fixed before the point of no return.

    `content` is exactly what is handed over, `digest` the SHA-256 of it with its
    envelope, `to` the envelope's recipients, `reference` the Message-ID, file name or
    idempotency key by which it can be found again.
    """

    key: str
    channel: str
    to: tuple[str, ...]
    content: bytes
    digest: str
    reference: str
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Unsendable(Exception):
    """The deed cannot be packed or must not leave: an address that is none, a header that would be injected.

    `rule` is a kebab-case name. Nothing has left.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


# What came of a hand-over.


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer has it, by its own word or by evidence."""

    reply: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The peer has not taken it and may later; `seconds` to wait at least. `all` holds for the whole channel."""

    reply: str
    seconds: int = 0
    all: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer refused it for good. `all` holds for the whole channel."""

    reply: str
    all: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can know whether the peer has taken it."""

    why: str


Outcome = Accepted | Deferred | Failed | Unknown


class Channel(Protocol):
    """A way for parcels to leave."""

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""

    @property
    def is_real(self) -> bool:
        """Whether anything leaves this machine by it; then only the environment `live` may use it."""

    @property
    def is_idempotent(self) -> bool:
        """Whether its peer takes the same key twice without doing it twice; only then is an UNKNOWN tried again."""

    @property
    def confirms_by_hand(self) -> bool:
        """Whether ACCEPTED only means written, so that a person says when it was posted."""

    @property
    def per_minute(self) -> int:
        """Most hand-overs a minute; 0 is no limit."""

    def pack(self, deed: Deed) -> Parcel:
        """Everything that will leave, checked; raises `Unsendable`. Opens no connection and writes nothing."""

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Hand the parcel over, calling `no_return` once, at the last moment at which nothing has left.

        If `no_return` raises, nothing leaves and the exception passes through. Without
        a call of it the outcome is never `Accepted` or `Unknown`.
        """

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """What can be found out about an earlier hand-over; None where nothing can."""

    def close(self) -> None:
        """Let go of connections; an error here says nothing about what was accepted."""


# The check just before.


@dataclass(frozen=True, slots=True)
class Due:
    """The action is still to be done, just so."""

    deed: Deed


@dataclass(frozen=True, slots=True)
class NotDue:
    """The action is not to be done any more, or not now; `reason` is one permanent word.

    `not_before` says that it may be due later, such as when contact hours open.
    """

    reason: str
    explanation: str
    not_before: datetime | None = None


class Check(Protocol):
    """Reads the book again and decides the action's customer again, with the journal as it is now."""

    def __call__(self, action: Action, now: datetime) -> Due | NotDue:
        """Whether the action is still due; raises `Refused` (4) where that cannot be found out."""


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The moment, in UTC."""

    def wait(self, seconds: float) -> None:
        """Wait so long; returns early when the run is to stop."""
