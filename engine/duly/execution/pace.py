"""How fast a run may hand over: so many a minute by each channel, and when to try again.

Time is the run's clock, which may jump: nothing here ever waits longer than was asked
for at first, whatever the clock says later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a deferred hand-over is tried again within a run, and after how many seconds.

    A peer that asks for a longer rest gets it; one that asks for more than `longest` is
    left for a later run.
    """

    most: int = 2
    first: float = 30.0
    factor: float = 4.0
    longest: float = 900.0

    def after(self, tries: int, asked: float) -> float | None:
        """Seconds to wait after so many tries; None where it is not tried again in this run."""
        seconds = max(asked, self.first * self.factor ** (tries - 1))
        return seconds if tries <= self.most and seconds <= self.longest else None


class Pace:
    """When each channel may be used next."""

    def __init__(self) -> None:
        self._rests: dict[str, tuple[datetime, float]] = {}

    def seconds_until_free(self, channel: str, now: datetime) -> float:
        """Seconds until the channel may be used; 0 where it may now."""
        until, asked = self._rests.get(channel, (now, 0.0))
        return min(max((until - now).total_seconds(), 0.0), asked)

    def used(self, channel: str, now: datetime, per_minute: int) -> None:
        """Note a hand-over by a channel that may have so many a minute; 0 is no limit."""
        if per_minute:
            self.rest(channel, now, MINUTE / per_minute)

    def rest(self, channel: str, now: datetime, seconds: float) -> None:
        """Leave the channel alone for so long, or for as long as it was to rest anyway."""
        self._rests[channel] = self._longer(channel, now, seconds)

    def rested(self, channel: str) -> None:
        """The channel was waited for."""
        self._rests.pop(channel, None)

    def _longer(self, channel: str, now: datetime, seconds: float) -> tuple[datetime, float]:
        left = self.seconds_until_free(channel, now)
        longer = max(seconds, left)
        return now + timedelta(seconds=longer), longer
