"""Everything that is said of two versions of a policy, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from duly.language.policy import Policy
from duly.review.diff.changes import Changed, changes
from duly.review.diff.episodes import Rung, rungs
from duly.review.diff.kept import Kept, kept
from duly.review.diff.meant import Meant, meant
from duly.review.diff.touched import Touches


@dataclass(frozen=True, slots=True)
class Compared:
    """One policy on both sides: what changed, what it means, and whom it touches where a book was named.

    `kept` is what became of its promises and `rungs` of the stages that were executed
    already; both are empty where that was not asked.
    """

    name: str
    old: Policy
    new: Policy
    changes: tuple[Changed, ...]
    meant: Meant
    touches: Touches | None = None
    kept: tuple[Kept, ...] = ()
    rungs: tuple[Rung, ...] = ()


def compare(name: str, old: Policy, new: Policy, touches: Touches | None = None) -> Compared | None:
    """Everything there is to say, or None where nothing changed."""
    if not (changed := changes(old, new)):
        return None
    return Compared(
        name, old, new, changed, meant(old, new), touches=touches, kept=kept(old, new), rungs=rungs(old, new)
    )
