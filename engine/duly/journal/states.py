"""Which event may follow which, for one action key.

Every arrow is one committed entry. Between the point of no return and its outcome
nobody can know whether the peer has taken it: only there is an action UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from duly.journal.entry import Event

_E = Event

NEXT: Mapping[Event | None, frozenset[Event]] = MappingProxyType(
    {
        None: frozenset({_E.INTENT}),
        # An intent that a crash left alone was never handed over: the next run begins again.
        _E.INTENT: frozenset({_E.INTENT, _E.SKIPPED, _E.POINT_OF_NO_RETURN, _E.DEFERRED, _E.FAILED}),
        _E.SKIPPED: frozenset({_E.INTENT}),
        _E.POINT_OF_NO_RETURN: frozenset({_E.ACCEPTED, _E.DEFERRED, _E.FAILED, _E.UNKNOWN}),
        _E.DEFERRED: frozenset({_E.INTENT}),
        _E.FAILED: frozenset({_E.INTENT}),
        # Decided by evidence or by a person, who is named in the entry.
        _E.UNKNOWN: frozenset({_E.ACCEPTED, _E.FAILED}),
        _E.ACCEPTED: frozenset({_E.CONFIRMED, _E.BOUNCED, _E.UNDONE}),
        _E.CONFIRMED: frozenset({_E.BOUNCED, _E.UNDONE}),
        _E.BOUNCED: frozenset(),
        _E.UNDONE: frozenset(),
    }
)
"""What may happen next to an action, by what happened to it last; None where nothing has."""

BLOCKING = frozenset({_E.POINT_OF_NO_RETURN, _E.ACCEPTED, _E.CONFIRMED, _E.BOUNCED, _E.UNKNOWN, _E.UNDONE})
"""States in which an action with the key is not handed over again."""


OVER = frozenset({_E.ACCEPTED, _E.CONFIRMED, _E.BOUNCED, _E.UNDONE})
"""States in which nothing of an action is left to be asked or written."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an action stands: the last event of its key, its attempt, and when.

    `content` is the digest of what was, or was to be, handed over; `seq` is the
    last entry's; `run` the run it happened in; `not_before` is set when deferred. `day`, which
    only a history says, is the local day of what happened: in a rehearsal it is not that of `at`.
    """

    key: str
    event: Event
    attempt: int
    at: str
    seq: int
    run: str
    customer: str
    content: str = ""
    not_before: str = ""
    day: str = ""

    @property
    def blocks(self) -> bool:
        """Say whether an action with the key is not handed over again."""
        return self.event in BLOCKING
