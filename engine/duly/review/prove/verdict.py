"""What can become of a guarantee."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What became of a guarantee."""

    PROVED = "proved"
    DISPROVED = "does not hold"
    NOT_PROVED = "not proved"
    EMPTY = "says nothing"
    """What it speaks of cannot occur."""
