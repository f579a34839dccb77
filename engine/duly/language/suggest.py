"""What an author probably meant by a word that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_FEW = 12


def closest(word: str, known: Collection[str]) -> str:
    """The known word that is most like this one, or the empty word where none is."""
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A help text: the closest known word, else those there are."""
    meant = closest(word, known)
    return f"did you mean `{meant}`?" if meant else listed(known)


def listed(words: Collection[str]) -> str:
    """The words that fit, as a help text; of many, the first ones."""
    shown = [f"`{word}`" for word in [*words][:_FEW]] + ["…"] * (len(words) > _FEW)
    return f"one of {', '.join(shown)}" if words else ""
