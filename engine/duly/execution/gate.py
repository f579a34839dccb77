"""The one door out: nothing leaves by a channel but through a gate that opens once, after the record.

A channel is other people's code over other people's networks. What it promises
(`ports.Channel.hand_over`) is not taken on trust: a gate that refused stays shut
whatever the channel made of that, and an answer without a passage is a fault.
"""

from __future__ import annotations

from collections.abc import Callable

from duly.execution.failpoints import failpoint
from duly.execution.ports import Accepted, Channel, Outcome, Parcel, Unknown


class ChannelBroken(RuntimeError):
    """A channel did what no channel may: it handed over without passing the gate, or passed it twice."""


class Gate:
    """What a channel calls at the last moment at which nothing has left; `passing` may raise to keep all back."""

    def __init__(self, passing: Callable[[], None]) -> None:
        self._passing = passing
        self.is_passed = False
        self.refused: BaseException | None = None

    def __call__(self) -> None:
        """Pass, or raise what keeps the parcel back."""
        if self.refused is not None:
            raise self.refused
        if self.is_passed:
            raise ChannelBroken("a channel passed its point of no return twice")
        try:
            self._passing()
        except BaseException as refused:
            self.refused = refused
            raise
        self.is_passed = True


def handed_over(channel: Channel, parcel: Parcel, gate: Gate) -> Outcome:
    """What came of handing the parcel over; raises what the gate raised, or `ChannelBroken`."""
    failpoint("before-hand_over")
    outcome = channel.hand_over(parcel, gate)
    failpoint("after-hand_over")
    if gate.refused is not None:
        raise gate.refused
    if not gate.is_passed and isinstance(outcome, Accepted | Unknown):
        raise ChannelBroken(f"channel `{channel.name}` handed over without passing its point of no return")
    return outcome
