"""When a channel is given up for the rest of a run: after it failed too often in a row.

What concerns one recipient weighs little, what concerns the whole channel weighs
more, and so does not knowing. One acceptance forgives everything.
"""

from __future__ import annotations

from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Unknown

BREAKS_AT = 12
ONE_RECIPIENT = 1
WHOLE_CHANNEL = 4


def weight(outcome: Outcome) -> int:
    """How much an outcome says against its channel; 0 for one that says it is well."""
    match outcome:
        case Accepted():
            return 0
        case Unknown():
            return WHOLE_CHANNEL
        case Deferred(all=whole) | Failed(all=whole):
            return WHOLE_CHANNEL if whole else ONE_RECIPIENT


class Breaker:
    """What speaks against each channel so far."""

    def __init__(self) -> None:
        self._against: dict[str, int] = {}

    def saw(self, channel: str, outcome: Outcome) -> None:
        """Note an outcome."""
        heavy = weight(outcome)
        self._against[channel] = self._against.get(channel, 0) + heavy if heavy else 0

    def is_open(self, channel: str) -> bool:
        """Say whether the channel is given up."""
        return self._against.get(channel, 0) >= BREAKS_AT
