"""A point of no return that remembers being called, or fails."""

from __future__ import annotations


class Mark:
    """Counts its calls; raises what it was given."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.calls = 0
        self.failure = failure

    def __call__(self) -> None:
        self.calls += 1
        if self.failure is not None:
            raise self.failure


class JournalGone(OSError):
    """What a journal on a broken disk might raise; an `OSError`, so that no channel takes it for its own."""
