"""Processes of our own: how they start, and those that wait to be asked again.

Nothing waits unless that was asked for, and nothing is left once the block is over: a
process that outlived its work unseen would keep what it was told.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from typing import Generic, Protocol, TypeVar


def start(process: BaseProcess) -> None:
    """Start a process that an interrupt at the terminal never reaches: that is for the one that asks it."""
    # Python starts its own tracker with the first process, and unblocks interrupts after that.
    resource_tracker.ensure_running()
    # Blocked and not ignored: one that arrives meanwhile is ours, and comes afterwards.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Sound(Protocol):
    """Something with a process of its own, which may have died or been left in the middle."""

    @property
    def is_sound(self) -> bool:
        """Say whether it can be asked something else."""

    def stop(self) -> None:
        """End the process."""


W = TypeVar("W", bound=Sound)


class Kept(Generic[W]):
    """Those that wait, the oldest first; at most so many, the newest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[W] | None = None

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Until the end of the block, or of the one around it, let those wait that have done all they were asked."""
        if self._waiting is not None:
            yield
            return
        waiting = self._waiting = []
        try:
            yield
        finally:
            self._waiting = None
            for worker in waiting:
                worker.stop()

    def taken(self, fits: Callable[[W], bool]) -> W | None:
        """The newest that waits and fits, which waits no longer; None where there is none."""
        found = next((worker for worker in reversed(self._waiting or ()) if fits(worker)), None)
        if found is not None and self._waiting is not None:
            self._waiting.remove(found)
        return found

    def let_wait_or_stop(self, worker: W, *, is_done: bool) -> None:
        """Let it wait where that is asked for, it has done all it was asked and is sound; end it where not."""
        if self._waiting is None or not is_done or not worker.is_sound:
            worker.stop()
            return
        self._waiting.append(worker)
        if len(self._waiting) > self._most:
            self._waiting.pop(0).stop()
