"""Named places at which a test may end a run or make its disk fail; in production they do nothing.

`DULY_FAILPOINT=before-accepted` kills the process at that place, `before-accepted:3`
the third time it comes there, `before-accepted=eio` fails there as a broken disk does.
Nobody can do more with it than stop a run, and a run may be stopped anywhere.
"""

from __future__ import annotations

import errno
import os
import signal

from duly.journal.entry import Event

VARIABLE = "DULY_FAILPOINT"

ARROWS = (
    Event.RUN_STARTED,
    Event.INTENT,
    Event.SKIPPED,
    Event.POINT_OF_NO_RETURN,
    Event.ACCEPTED,
    Event.DEFERRED,
    Event.FAILED,
    Event.UNKNOWN,
    Event.RUN_ENDED,
)
"""The entries that a run writes; each has a place before and one after it."""

NAMES = (
    *(f"{side}-{event.value}" for event in ARROWS for side in ("before", "after")),
    "before-hand_over",
    "after-hand_over",
)
"""Every place there is."""

_armed = os.environ.get(VARIABLE, "")
_passed = 0


def failpoint(name: str) -> None:
    """End the process, or raise `OSError`, where a test asked for it at this place."""
    if _armed:
        _fail(name)


def _fail(name: str) -> None:
    global _passed  # noqa: PLW0603 -- how often the one armed place of this process was passed
    place, _, how = _armed.partition("=")
    wanted, _, time = place.partition(":")
    if wanted != name:
        return
    _passed += 1
    if _passed != int(time or 1):
        return
    if how == "eio":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    os.kill(os.getpid(), signal.SIGKILL)
