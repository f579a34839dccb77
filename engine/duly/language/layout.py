"""One layout for the YAML that people write: same values, same order, every comment kept.

`laid_out` gives the text of a file in that layout. Blocks are indented by two, lists inside them too; brackets and
commas have one space where a space belongs; blank lines stand alone; the file ends with one line end. What an author
arranged on purpose stays: line breaks, brackets or blocks, values and comments that stand below each other, and the
comments' own words. It is not a second reader of YAML: the pieces are the parser's, only a file that the gate lets
through is laid out, and what comes out is read again and must be the same tree with the same comments.

A round trip through a YAML library would keep the comments as well, but not the columns: a table of duties would
become a list of ragged lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

import yaml

from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.language.load import CANNOT_BE_LOADED
from duly.source import Refused

STEP = 2
"""Columns by which a block is indented."""

BEFORE_COMMENT = 2
"""Spaces between a text and the comment behind it, at least."""


def laid_out(data: bytes, file: str) -> str:
    """The text of a file in the one layout; raises `Refused` where the gate lets it not through."""
    before = read_tree(data, file)
    if before.root is None or before.problems:
        raise Refused(before.problems, CANNOT_BE_LOADED)
    text = data.decode("utf-8").replace("\r\n", "\n")
    written = _Writer(text).written()
    after = read_tree(written.encode("utf-8"), file)
    if after.root is None or _values(after.root) != _values(before.root) or comments(written) != comments(text):
        raise AssertionError(f"the layout of `{file}` would change what it says; this is a bug in duly")
    return written


def comments(text: str) -> tuple[str, ...]:
    """Every comment of a text that the gate lets through, in order, without the spaces around it."""
    found: list[str] = []
    at = 0
    for piece in _pieces(text):
        found += _comments_in(text[at : max(at, piece.start)])
        at = max(at, piece.end)
    return (*found, *_comments_in(text[at:]))


def _comments_in(gap: str) -> Iterator[str]:
    for line in gap.split("\n"):
        if "#" in line:
            yield line[line.index("#") :].rstrip()


def _values(node: Node) -> object:
    """What the tree says, without places."""
    match node:
        case Map(entries):
            return {entry.key.text: _values(entry.value) for entry in entries}
        case List(items):
            return [_values(item) for item in items]
        case Scalar(text, _, plain):
            return text, plain


class _Kind(Enum):
    """What a piece of a file is."""

    DOCUMENT = "document"
    DOCUMENT_END = "end of document"
    MAP = "mapping"
    LIST = "list"
    END = "end of mapping or list"
    TEXT = "single value"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece that the parser names, from `start` to `end` in the text; `style` is the sign that opens a value."""

    kind: _Kind
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    style: str = ""
    explicit: bool = False


_KINDS: Mapping[type[yaml.Event], _Kind] = {
    yaml.DocumentStartEvent: _Kind.DOCUMENT,
    yaml.DocumentEndEvent: _Kind.DOCUMENT_END,
    yaml.MappingStartEvent: _Kind.MAP,
    yaml.SequenceStartEvent: _Kind.LIST,
    yaml.MappingEndEvent: _Kind.END,
    yaml.SequenceEndEvent: _Kind.END,
    yaml.ScalarEvent: _Kind.TEXT,
}


def _pieces(text: str) -> Iterator[_Piece]:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        start, end, kind = event.start_mark, event.end_mark, _KINDS.get(type(event))
        if kind is not None and start is not None and end is not None:
            yield _Piece(
                kind,
                start.index,
                end.index,
                start.line,
                start.column,
                flow=bool(getattr(event, "flow_style", False)),
                style=getattr(event, "style", None) or "",
                explicit=bool(getattr(event, "explicit", False)),
            )


@dataclass(slots=True)
class _Line:
    """A line that is being written: its text, and where its value and its comment stood before."""

    indent: int
    text: str = ""
    block: int = 0
    value_was: int = 0
    value_at: int = 0
    comment: str = ""
    comment_was: int = 0
    raw: bool = False

    def width(self) -> int:
        return self.indent + len(self.text) if self.text else 0

    def __str__(self) -> str:
        text = " " * self.indent + self.text if self.text and not self.raw else self.text
        return text.ljust(self.comment_was) + self.comment if self.comment else text


@dataclass(frozen=True, slots=True)
class _Gap:
    """What stands between two pieces: a comment behind the first, and whole lines, empty or comments."""

    behind: tuple[str, int] | None
    rows: tuple[tuple[str, int], ...]
    broke: bool

    @property
    def says(self) -> bool:
        return self.behind is not None or any(text for text, _ in self.rows)


@dataclass(frozen=True, slots=True)
class _Level:
    """An open block: the column it had, and the column it gets."""

    was: int
    indent: int


@dataclass(slots=True)
class _Writer:
    """Writes the pieces that the parser names, one after the other; `at` is where the last one ended."""

    text: str
    lines: list[_Line] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    at: int = 0
    pieces: Sequence[_Piece] = field(init=False)
    next: int = 0

    def __post_init__(self) -> None:
        self.pieces = tuple(_pieces(self.text))

    def written(self) -> str:
        """The whole file."""
        document, root = self.take(), self.take()
        if document.explicit:
            self.comments(self.gap(document.start), 0)
            self.lines.append(_Line(0, "---"))
            self.at = document.end
        if root.flow:
            self.comments(self.gap(root.start), 0)
            self.lines.append(_Line(0))
            self.flow(root, STEP)
        else:
            self.block(root, 0, beside=False)
        end = self.take()
        if end.explicit:
            # The mark of the end says nothing where there is one document.
            self.comments(self.gap(end.start), 0)
            self.at = end.end
        self.comments(self.gap(len(self.text)), 0)
        return _rendered(self.lines)

    def take(self) -> _Piece:
        """The next piece, which is used up."""
        self.next += 1
        return self.pieces[self.next - 1]

    def peek(self) -> _Piece:
        """The next piece, which is left."""
        return self.pieces[self.next]

    # Blocks.

    def block(self, start: _Piece, indent: int, *, beside: bool) -> None:
        """A block mapping or list; `beside` where its first piece may stand on the line that is being written."""
        depth, block = len(self.levels), self.at
        self.levels.append(_Level(start.column, indent))
        is_list = start.kind is _Kind.LIST
        while self.peek().kind is not _Kind.END:
            first = self._dash() if is_list else self.peek().start
            gap = self.gap(first)
            if beside and not gap.says:
                self.put(" ")
            else:
                self.comments(gap, depth)
                self.lines.append(_Line(indent))
            beside = False
            if is_list:
                self.put("-")
                self.at = first + 1
                self.value(indent, self.take(), beside=True)
            else:
                line = self.lines[-1]
                alone = not line.text
                self.key(indent + STEP)
                key_line = self.text.count("\n", 0, self.at)
                value = self.take()
                if alone and value.line == key_line:
                    line.block, line.value_was = block, value.column
                    line.value_at = len(line.text) + 1
                self.value(indent, value, beside=False)
        self.take()

    def _dash(self) -> int:
        """Where the dash of the next item stands, behind comments."""
        at = self.at
        while self.text[at] != "-":
            at = self.text.index("\n", at) + 1 if self.text[at] == "#" else at + 1
        return at

    def key(self, indent: int) -> None:
        self.scalar(self.take(), indent)
        self.put(":")

    def value(self, indent: int, piece: _Piece, *, beside: bool) -> None:
        """What stands behind a key or a dash, in a block that is indented by so much."""
        if piece.kind is not _Kind.TEXT and not piece.flow:
            self.block(piece, indent + STEP, beside=beside)
            return
        gap = self.gap(piece.start)
        if gap.broke and (gap.says or not beside):
            self.comments(gap, None, indent + STEP)
            self.lines.append(_Line(indent + STEP))
        else:
            self.put(" ")
        if piece.kind is _Kind.TEXT:
            self.scalar(piece, indent + STEP)
        else:
            self.flow(piece, indent + STEP)

    # Brackets.

    def flow(self, start: _Piece, indent: int) -> None:
        """A mapping or list in brackets; lines that the author broke begin at `indent` or further in."""
        opening, closing = "{}" if start.kind is _Kind.MAP else "[]"
        bracketed = self.text.startswith(opening, start.start)
        self.put(opening)
        if bracketed:
            self.at = start.start + 1
        outer = self.lines[-1].indent
        inner = max(outer + STEP, indent)
        first = True
        while self.peek().kind is not _Kind.END:
            if not first:
                self.put(",")
            piece = self.take()
            self._next_in_flow(piece, inner, first=first)
            first = False
            if opening == "[":
                self._flow_value(piece, inner)
                continue
            self.scalar(piece, inner + STEP)
            self.put(":")
            value = self.take()
            self._next_in_flow(value, inner + STEP, first=False)
            self._flow_value(value, inner + STEP)
        end = self.take()
        if bracketed:
            gap = self.gap(end.start)
            if gap.broke:
                self.comments(gap, None, inner)
                self.lines.append(_Line(max(outer, indent - STEP)))
            self.put(closing)
            self.at = end.end
        else:
            self.put(closing)

    def _next_in_flow(self, piece: _Piece, indent: int, *, first: bool) -> None:
        gap = self.gap(piece.start)
        if gap.broke:
            self.comments(gap, None, indent)
            self.lines.append(_Line(indent))
        elif not first:
            self.put(" ")

    def _flow_value(self, piece: _Piece, indent: int) -> None:
        if piece.kind is _Kind.TEXT:
            self.scalar(piece, indent + STEP)
        else:
            self.flow(piece, indent)

    # Single values.

    def scalar(self, piece: _Piece, indent: int) -> None:
        """A value as it was written; the lines behind its first are indented by so much."""
        start, end = piece.start, piece.end
        raw = self.text[start:end]
        if piece.style in {"|", ">"}:
            self._block_scalar(piece, raw, indent)
            return
        self.at = end
        first, *more = _requoted(raw, piece).split("\n")
        self.put(first.rstrip() if more and not first.rstrip().endswith("\\") else first)
        for number, line in enumerate(more, 1):
            kept = line.lstrip(" \t")
            if number < len(more) and not kept.rstrip().endswith("\\"):
                kept = kept.rstrip()
            self.lines.append(_Line(indent, kept))

    def _block_scalar(self, piece: _Piece, raw: str, indent: int) -> None:
        if not raw.rpartition("\n")[2].strip(" "):
            raw = raw.rstrip(" ")
        keeps = "+" in raw.partition("\n")[0].partition("#")[0]
        body = raw.removesuffix("\n") if keeps else _EMPTY_END.sub("", raw)
        head, *content = body.split("\n")
        if not raw.endswith("\n"):
            # The file ends in the text, without the line end that the layout adds to every file.
            sign, comment = head.partition("#")[::2]
            head = sign.replace("+", "").replace("-", "").rstrip() + "-" + (comment and f"  #{comment}")
        self.put(head.rstrip())
        was = min((len(line) - len(line.lstrip(" ")) for line in content if line.strip(" ")), default=0)
        given = next((int(sign) for sign in head.partition("#")[0] if sign.isdigit()), None)
        if given is not None:
            # The text begins so many columns further in than what it belongs to.
            was, indent = self.levels[-1].was + given, indent - STEP + given
        for line in content:
            kept = line[was:]
            self.lines.append(_Line(0, " " * indent + kept if kept else "", raw=True))
        self.at = piece.start + len(body)

    # What stands between.

    def put(self, text: str) -> None:
        self.lines[-1].text += text

    def gap(self, end: int) -> _Gap:
        """What stands between the last piece and this place."""
        first, *rest = self.text[self.at : end].split("\n")
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1)
        rows: list[tuple[str, int]] = []
        for number, line in enumerate(rest):
            if "#" in line:
                rows.append((line[line.index("#") :].rstrip(), line.index("#")))
            elif not line.strip() and (number < len(rest) - 1):
                rows.append(("", 0))
        comment = (first[first.index("#") :].rstrip(), column + first.index("#")) if "#" in first else None
        if comment and column == 0 and not self.lines:
            return _Gap(None, (comment, *rows), broke=True)
        if not self.lines and not first.strip() and rest:
            rows.insert(0, ("", 0))
        return _Gap(comment, tuple(rows), broke=bool(rest))

    def comments(self, gap: _Gap, depth: int | None, indent: int = 0) -> None:
        """Write what stands in the gap; `depth` is the block that goes on behind it, if one does."""
        if gap.behind:
            self.lines[-1].comment, self.lines[-1].comment_was = gap.behind
        for text, column in gap.rows:
            last = self.lines[-1] if self.lines else None
            if not text:
                if last is not None and (last.width() or last.comment or last.raw):
                    self.lines.append(_Line(0))
            elif last is not None and last.comment and column == last.comment_was:
                self.lines.append(_Line(0, comment=text, comment_was=column))
            else:
                self.lines.append(_Line(indent if depth is None else self._level(column, depth), text))
        if depth is not None:
            del self.levels[depth + 1 :]

    def _level(self, column: int, depth: int) -> int:
        """Where a comment on a line of its own goes: with the innermost block that it is in."""
        inside = [level.indent for level in self.levels[depth:] if level.was <= column]
        return inside[-1] if inside else self.levels[depth].indent if self.levels else 0


_EMPTY_END = re.compile(r"(\n *)+\Z")


def _requoted(raw: str, piece: _Piece) -> str:
    """The text with double quotes for single ones, where it needs no escape then."""
    if piece.style != "'" or "\n" in raw or any(sign in raw[1:-1] for sign in "'\"\\"):
        return raw
    return f'"{raw[1:-1]}"'


# Columns.


def _rendered(lines: Sequence[_Line]) -> str:
    _align_values(lines)
    _align_comments(lines)
    last = next((number for number, line in enumerate(reversed(lines)) if line.raw or str(line)), 0)
    return "\n".join(map(str, lines[: len(lines) - last])) + "\n"


def _align_values(lines: Sequence[_Line]) -> None:
    """Values of one block that stood below each other stay so, as near to their keys as the longest of these allows."""
    furthest: dict[tuple[int, int], int] = {}
    for line in lines:
        column = (line.block, line.value_was)
        furthest[column] = max(line.value_at, furthest.get(column, 0))
    for line in (line for line in lines if line.value_was):
        target = furthest[line.block, line.value_was]
        line.text = line.text[: line.value_at].ljust(target) + line.text[line.value_at :]


def _align_comments(lines: Sequence[_Line]) -> None:
    """Comments behind lines stay in their column; those below each other move together where a text needs the room."""
    for column, below_each_other in groupby(lines, lambda line: line.comment_was if line.comment else None):
        if column is None:
            continue
        run = tuple(below_each_other)
        furthest = max(line.width() + BEFORE_COMMENT if line.text else 0 for line in run)
        for line in run:
            line.comment_was = max(line.comment_was, furthest)
