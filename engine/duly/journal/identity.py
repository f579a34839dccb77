"""The identity of an action: what makes it the same one when it is planned again.

No day, run, policy file or template version is in it, so that a second plan, a renamed
policy or a restored laptop collides with what was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

PARTS = ("creditor", "customer", "item", "kind", "stage", "task", "episode", "channel", "occurrence")
"""What of an action's record is in its key, in order, behind the environment."""

LENGTH = 24


def key_of(environment: str, action: Mapping[str, object]) -> str:
    """The key of an action by its record, as a plan document has it."""
    parts = (environment, *(str(action.get(part, "")) for part in PARTS))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:LENGTH]
