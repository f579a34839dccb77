"""A believable account for which something is so, in a few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from duly.language.conditions import Value
from duly.language.english import subject, value_text
from duly.review.prove.symbols import OTHER

if TYPE_CHECKING:
    import z3

    from duly.review.check.solver import Solver


def example(solver: Solver, wanted: Iterable[z3.BoolRef], read: Iterable[str], currency: str) -> str:
    """The plainest account for which all of it is so, by the facts that are read, as the end of a sentence."""
    facts = solver.plainest(*wanted)
    shown = [f"{subject(name)} {_text(name, facts[name], currency)}" for name in dict.fromkeys(read) if name in facts]
    return f", such as one with {', '.join(shown)}" if shown else ""


def _text(name: str, value: Value, currency: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "another" if value == OTHER else value_text(name, value, currency)
