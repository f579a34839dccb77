"""A message as blocks, and the blocks as plain text.

The rendered source of a template becomes paragraphs, lists and parts; from then on
there is no markup left, only values, and every form of the message is written from
the same blocks. What was data in the source is text here, whatever it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duly.messages.sandbox import as_data

WIDTH = 76
"""Plain text is broken at spaces before this column."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one weight."""

    text: str
    bold: bool = False


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together; a line is broken only where it is too long."""

    lines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, one inline an item."""

    items: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads, with rows of totals; `right` says which columns are numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A few lines under a title: how to pay, or whom to call. A line may have a label in front."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards that stand side by side where there is room."""

    cards: tuple[Card, ...]


Block = Paragraph | Items | Table | Cards

PART = re.compile(r"\[\[([a-z_]+)\]\]")
"""A line that holds only this is a part."""


def blocks_of(source: str, parts: Mapping[str, Sequence[Block]]) -> tuple[Block, ...]:
    """The blocks of a rendered source; every part that it names is in `parts`."""
    blocks: list[Block] = []
    text: list[str] = []
    items: list[str] = []

    def close() -> None:
        if text:
            blocks.append(Paragraph((inline(" ".join(text)),)))
            text.clear()
        if items:
            blocks.append(Items(tuple(map(inline, items))))
            items.clear()

    for raw in source.split("\n"):
        line = raw.strip(" \t\r")
        if not line:
            close()
        elif line.startswith("[[") and (part := PART.fullmatch(line)):
            close()
            blocks += parts[part[1]]
        elif line.startswith("- "):
            if text:
                close()
            items.append(line[2:])
        elif items:
            items[-1] += f" {line}"
        else:
            text.append(line)
    close()
    return tuple(blocks)


def inline(source: str) -> Inline:
    """The runs of a rendered line; `**` switches the weight."""
    if "**" not in source:
        return (Run(as_data(source)),)
    return tuple(Run(as_data(piece), bool(number % 2)) for number, piece in enumerate(source.split("**")) if piece)


# Plain text.


def to_text(blocks: Sequence[Block]) -> str:
    """The blocks as plain text, separated by blank lines."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(lines):
            for line in lines:
                yield from _wrapped(_plain(line), "", "")
        case Items(items):
            for item in items:
                yield from _wrapped(_plain(item), "- ", "  ")
        case Table():
            yield from _table(block)
        case Cards():
            yield _cards(block)


@lru_cache(maxsize=1024)
def _cards(block: Cards) -> str:
    """Cards are the same in very many messages: the bank and the people seldom change."""
    return "\n\n".join("\n".join((card.title, *map(_card_line, card.lines))) for card in block.cards)


def _card_line(line: tuple[str, str]) -> str:
    label, value = line
    return f"  {label}: {value}" if label else f"  {value}"


def _plain(runs: Inline) -> str:
    return runs[0].text if len(runs) == 1 else "".join(run.text for run in runs)


def _wrapped(text: str, first: str, rest: str) -> Iterator[str]:
    """The text in lines, broken at plain spaces only, so that no amount and no id is torn apart."""
    line = first
    while len(line) + len(text) > WIDTH:
        room = WIDTH - len(line)
        end = text.rfind(" ", 0, room + 1)
        if end <= 0:
            end = text.find(" ", 1)
        if end <= 0:
            break
        yield line + text[:end]
        text = text[end + 1 :].lstrip(" ")
        line = rest
    yield line + text


def _table(table: Table) -> Iterator[str]:
    rows = (table.heads, *table.rows, *table.totals)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    yield _row(table.heads, widths, table.right)
    yield rule
    for row in table.rows:
        yield _row(row, widths, table.right)
    if table.totals:
        yield rule
        for row in table.totals:
            yield _row(row, widths, table.right)


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(
        cell.rjust(width) if numbers else cell.ljust(width)
        for cell, width, numbers in zip(cells, widths, right, strict=True)
    ).rstrip(" ")
