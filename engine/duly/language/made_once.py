"""What is made of the very same parts of a policy, made once.

A policy never changes, and what can be told from it is asked again with every account, every
check and every proof. Parts are told apart by identity, which costs nothing, and are kept as
long as what was made of them: so no other is taken for them. Few are kept, so that few
policies are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
R = TypeVar("R")

MOST = 128
"""So many things are kept of a kind: those of some dozens of policies."""


def made_once(making: Callable[[*Ts], R]) -> Callable[[*Ts], R]:
    """The function, with what it made of the very same arguments kept; what it makes must not be changed."""
    kept: dict[tuple[int, ...], tuple[tuple[object, ...], R]] = {}

    @wraps(making)
    def made(*parts: *Ts) -> R:
        key = tuple(map(id, parts))
        found = kept.get(key)
        if found is None:
            if len(kept) >= MOST:
                kept.clear()
            found = kept[key] = (parts, making(*parts))
        return found[1]

    return made
