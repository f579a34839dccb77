"""Small edits of a file that people keep: a word put in quotes, an entry taken out; nothing else moves.

An edit is made in the text, at a place that a problem names, so that comments and layout
of all the rest stay as they are. Whether the file then still says what it should is for
the caller to find out by reading it again; where a place cannot be edited in this way,
there is no edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.source import Span


def quoted(text: str, span: Span) -> Iterator[str]:
    """The text with the word at this place in double quotes."""
    lines = text.split("\n")
    line = lines[span.line - 1]
    start, end = span.column - 1, span.column - 1 + span.length
    if not set('"\\') & set(line[start:end]):
        lines[span.line - 1] = f'{line[:start]}"{line[start:end]}"{line[end:]}'
        yield "\n".join(lines)


def without(text: str, span: Span) -> Iterator[str]:
    """The text without the entry that begins at this place; then without each of the tests in it, if it has several."""
    root = read_tree(text.encode("utf-8"), span.file).root
    way = _way(root, span) if root else ()
    if not way:
        return
    ways = [way]
    node = _child(way[-1])
    if isinstance(node, Map) and len(node.entries) > 1:
        ways += [(*way, _Step(node, number)) for number in range(len(node.entries))]
    for one in ways:
        if (edited := _taken_out(text, one)) is not None:
            yield edited


@dataclass(frozen=True, slots=True)
class _Step:
    """One step down a tree: into which entry or item."""

    into: Map | List
    number: int

    @property
    def is_only(self) -> bool:
        return len(self.into.entries if isinstance(self.into, Map) else self.into.items) == 1

    @property
    def start(self) -> Span:
        return self.into.entries[self.number].key.span if isinstance(self.into, Map) else _child(self).span


def _child(step: _Step) -> Node:
    return step.into.entries[step.number].value if isinstance(step.into, Map) else step.into.items[step.number]


def _way(node: Node, span: Span) -> tuple[_Step, ...]:
    """The steps down to what begins at this place; none where nothing does."""
    if isinstance(node, Scalar):
        return ()
    for number in range(len(node.entries if isinstance(node, Map) else node.items)):
        step = _Step(node, number)
        if (step.start.line, step.start.column) == (span.line, span.column):
            return (step,)
        if deeper := _way(_child(step), span):
            return (step, *deeper)
    return ()


def _taken_out(text: str, way: tuple[_Step, ...]) -> str | None:
    """The text without the last step's entry; with it goes what would be left empty."""
    *_, last = way
    while last.is_only and len(way) > 1:
        way = way[:-1]
        last = way[-1]
    if last.is_only:
        return None
    lines = text.split("\n")
    opening = lines[last.into.span.line - 1][last.into.span.column - 1 :][:1]
    return _from_brackets(lines, last) if opening in {"{", "["} else _from_block(lines, last)


def _from_brackets(lines: list[str], step: _Step) -> str | None:
    start, value = step.start, _child(step).span
    if start.line != value.line:
        return None
    line = lines[start.line - 1]
    begin, end = start.column - 1, value.column - 1 + value.length
    behind = line[end:].lstrip(" ")
    before = line[:begin].rstrip(" ")
    if behind.startswith(","):
        line = line[:begin] + behind[1:].lstrip(" ")
    elif before.endswith(","):
        line = before[:-1] + line[end:]
    else:
        return None
    lines[start.line - 1] = line.rstrip(" ")
    return "\n".join(lines)


def _from_block(lines: list[str], step: _Step) -> str | None:
    first = step.start.line - 1
    head = lines[first][: step.start.column - 1]
    if isinstance(step.into, List):
        head = head.rstrip(" ").removesuffix("-")
    if head.strip(" "):
        return None
    column = len(head)
    end = first + 1
    while end < len(lines) and _belongs(lines[end], column, is_map=isinstance(step.into, Map)):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    if step.number:
        # What is said right above an entry is said about it; above the first one it may be about all of them.
        while lines[first - 1].startswith(f"{head}#"):
            first -= 1
    if not lines[first - 1].strip() and not "".join(lines[end : end + 1]).strip():
        end += 1
    return "\n".join([*lines[:first], *lines[end:]])


def _belongs(line: str, column: int, *, is_map: bool) -> bool:
    """Say whether the line goes on with an entry that begins in the column."""
    indent = len(line) - len(line.lstrip(" "))
    return not line.strip() or indent > column or (is_map and indent == column and line[column:].startswith("- "))
