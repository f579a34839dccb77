"""The time that a run goes by: this machine's, or a moment that is rehearsed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duly.execution.ports import Clock

LOOK_EVERY = 0.2
"""Seconds between two looks at whether the run is to stop."""


class RunningClock:
    """This machine's clock; waiting ends early where the run is to stop."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Wait so long; returns early when the run is to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stop():
            time.sleep(min(left, LOOK_EVERY))


class Rehearsal:
    """A clock that stands at a moment and is moved on by waiting."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._at

    def wait(self, seconds: float) -> None:
        """Move on, without waiting."""
        self._at += timedelta(seconds=seconds)


def running_clock(stop: Callable[[], bool]) -> Clock:
    """This machine's clock."""
    return RunningClock(stop)


USUAL_HOUR = 14
"""In UTC: morning in New York, afternoon in Europe."""


def standing_clock(at: datetime) -> Clock:
    """A clock that stands at a moment."""
    return Rehearsal(at)
