"""Data made safe for where it is shown: a terminal, a spreadsheet.

A customer's name may hold an escape sequence that clears the screen, a mark
that turns the text after it round, or a formula. Whatever comes from data goes
through `printable` on its way to a screen and through `defused` on its way to a
CSV file, so that what is read is what is there. Honest text in any script
passes unchanged.
"""

from __future__ import annotations

import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi marks among them), lone surrogates, line and paragraph separators."""

_JOINERS = "\u200c\u200d"
"""Format characters that Persian, Indic scripts and emoji are written with."""

_RUN_BY_SPREADSHEETS = frozenset("=+-@")


def printable(text: str) -> str:
    r"""The text with everything that a terminal would act on written as an escape, such as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def defused(text: str) -> str:
    """The text with `'` in front where a spreadsheet would run it, also behind blanks or in full width."""
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if first in _RUN_BY_SPREADSHEETS or text[:1] in {"\t", "\r", "\n"} else text


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _ESCAPED or character in _JOINERS:
        return character
    return character.encode("unicode_escape").decode("ascii")
