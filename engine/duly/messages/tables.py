"""Rows in columns, for the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence

GAP = "  "


def columns(rows: Iterable[Sequence[str]], *, header: Sequence[str] = (), right: Collection[int] = ()) -> Iterator[str]:
    """The rows as aligned lines, under the header where there is one; the columns in `right` align right."""
    cells = [list(row) for row in rows]
    if header:
        cells = [list(header), ["-" * width_of(word) for word in header], *cells]
    if not cells:
        return
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    if header:
        cells[1] = ["-" * width for width in widths]
    for row in cells:
        aligned = enumerate(zip(row, widths, strict=True))
        yield GAP.join(_padded(cell, width, right=n in right) for n, (cell, width) in aligned).rstrip()


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes: two for wide characters, none for marks on another."""
    if text.isascii():
        return len(text)
    return sum(_WIDE.get(unicodedata.east_asian_width(c), 1) for c in text if not unicodedata.combining(c))


_WIDE = {"W": 2, "F": 2}


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - width_of(text))
    return space + text if right else text + space
