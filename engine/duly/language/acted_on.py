"""Which parts of a policy duly acts on, and which it only reads and checks so far.

A part that is accepted and then does nothing would be a promise nobody keeps, so
`duly check` names it.
"""

from __future__ import annotations

from dataclasses import dataclass

from duly.language.policy import Policy

ABOUT = frozenset({"duly", "policy", "title", "extends", "because"})
"""Keys that say what the file is and ask for nothing."""

NOT_YET = ("signed_off_by",)
"""Parts that are read and checked, and nothing more yet."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that a policy has, in the order of its file."""

    acted_on: tuple[str, ...]
    not_yet: tuple[str, ...]


def parts_of(policy: Policy) -> Parts:
    """The parts of the policy by whether they are acted on yet."""
    keys = [path.split("/")[1:] for path in policy.places if path]
    top = [path[0] for path in keys if len(path) == 1 and path[0] not in ABOUT]
    return Parts(
        acted_on=tuple(part for part in top if part not in NOT_YET),
        not_yet=tuple(part for part in top if part in NOT_YET),
    )
