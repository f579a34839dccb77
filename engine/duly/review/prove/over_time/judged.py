"""What became of a promise of every run of days."""

from __future__ import annotations

from dataclasses import dataclass

from duly.review.prove.over_time.story import Story
from duly.review.prove.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict; `how` says how it was proved, `why` why not, `story` tells a run of days that breaks it."""

    verdict: Verdict
    how: str = ""
    why: str = ""
    story: Story | None = None
    notes: tuple[str, ...] = ()
