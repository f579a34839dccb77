"""What is decided about one account on one day, as plain values.

Every engine gives this same value, so two opinions are compared with `==`.
Doing nothing is a decision too and carries its reason (`wait`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NONE = "none"
"""The word for no ladder, no stage, no tone."""


class Wait(Enum):
    """Why no stage is proposed today; where several apply, the first in this order is given."""

    NO_LADDER = "no_ladder"
    NOTHING_TO_CHASE = "nothing_to_chase"
    """Late invoices there are, but invoice pauses take them all out."""
    NOT_LATE = "not_late"
    PAUSED = "paused"
    TOO_SMALL = "too_small"
    OUTCOME_UNKNOWN = "outcome_unknown"
    LADDER_DONE = "ladder_done"
    """No stage above the standing one whose condition holds."""
    NOT_YET = "not_yet"
    GAP = "gap"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one account gets today.

    `step` is the stage proposed today and `repeat` says that it was executed
    before; `next_stage` is the stage that acts or waits. `hold_waits` are holds
    whose condition holds but that a pause or an open sales request keeps back.
    `limits` are credit limit rules whose condition holds; what they come to, and
    whether it is proposed already, is said elsewhere.
    `tells` are sales rules whose request went unanswered, of which somebody is told.
    Ids are in the order of the policy.
    """

    segment: str
    ladder: str
    executed_stage: str
    pauses: tuple[str, ...]
    paused: bool
    stage: str
    step: str
    repeat: bool
    wait: Wait | None
    next_stage: str
    put_off: bool
    tone: str
    tasks: tuple[str, ...]
    asks: tuple[str, ...]
    stood_down: bool
    tells: tuple[str, ...]
    place: tuple[str, ...]
    release: tuple[str, ...]
    hold_waits: tuple[str, ...]
    limits: tuple[str, ...]
    points: int

    @property
    def gives_deeds(self) -> bool:
        """Say whether a stage, request, hold or task comes of it or is withheld; limits are proposed by themselves."""
        chased = self.wait not in {Wait.NO_LADDER, Wait.NOT_LATE}
        return chased or any((self.tasks, self.asks, self.tells, self.place, self.release, self.hold_waits))
