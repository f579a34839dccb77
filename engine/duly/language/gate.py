"""The gate that every YAML file passes before anything is made of it.

Bytes become a tree of scalars, mappings and sequences in which every piece keeps
its text and its place. The tree is built from parser events, so nothing is ever
constructed, resolved or converted: `10.00` is four characters and a point, and
what reads it says what it means.

The gate refuses what makes YAML surprising or dangerous: tags, anchors, aliases,
merge keys, second documents, duplicate keys, deep or huge files, text that hides
characters, scalars that YAML 1.1 and 1.2 read differently, secrets, and text
that a shell would expand. It collects problems and gives up early only where
reading on makes no sense.

The pure Python parser is used on purpose: libyaml overflows its stack on deep
input, and takes the process with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from duly.language.ambiguous import LARGEST_NUMBER, ambiguity, is_decimal, is_whole, short
from duly.source import Problem, Span

MOST_BYTES = 1_000_000
"""A file is at most this long."""

MOST_VALUES = 10_000
"""A file has at most this many keys and values."""

MOST_DEPTH = 32
"""Mappings and lists are nested at most this deep."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A piece of text; `plain` where it was written without quotes."""

    text: str
    span: Span
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping and its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Map:
    """Keys with their values, in the order written, each key once."""

    entries: tuple[Entry, ...]
    span: Span

    def entry(self, key: str) -> Entry | None:
        """The entry of this key, if there is one."""
        return next((entry for entry in self.entries if entry.key.text == key), None)

    def get(self, key: str) -> Node | None:
        """The value of this key, if there is one."""
        entry = self.entry(key)
        return entry.value if entry else None


@dataclass(frozen=True, slots=True)
class List:
    """Items in the order written."""

    items: tuple[Node, ...]
    span: Span


Node = Scalar | Map | List


@dataclass(frozen=True, slots=True)
class Tree:
    """A file that was read: its root unless it cannot be made out, its lines, and what is wrong with it.

    A tree with problems is good for finding further problems, not for use. In
    `lines`, secrets are masked.
    """

    root: Map | None
    lines: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_tree(data: bytes, file: str) -> Tree:
    """The tree of a YAML file; `file` is the name that places carry."""
    decoded = _decode(data, file)
    if isinstance(decoded, Problem):
        return Tree(None, (), (decoded,))
    lines = tuple(decoded.replace("\r\n", "\n").split("\n"))
    hidden = tuple(_hidden_characters(lines, file))
    if hidden:
        shown = _masked(lines, ())
        return Tree(None, shown, _with_lines(hidden, shown))
    composer = _Composer(decoded, file, lines)
    root = composer.compose()
    shown = _masked(lines, composer.secrets)
    return Tree(root, shown, _with_lines(composer.problems, shown))


def plain_data(node: Node) -> object:
    """The tree as plain values: mappings, lists, text, whole numbers, exact decimals, true and false."""
    match node:
        case Map(entries):
            return {entry.key.text: plain_data(entry.value) for entry in entries}
        case List(items):
            return [plain_data(item) for item in items]
        case Scalar(text, _, plain):
            return _plain_value(text) if plain else text


def _plain_value(text: str) -> object:
    if text in {"true", "false"}:
        return text == "true"
    if is_whole(text):
        # A number that is too long was reported by the gate; any other does for the rest.
        return int(text) if len(text) <= len(str(LARGEST_NUMBER)) + 1 else 0
    return Decimal(text) if is_decimal(text) else text


# From bytes to text.

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def _decode(data: bytes, file: str) -> str | Problem:
    start = Span(file, 1, 1)
    if len(data) > MOST_BYTES:
        size = f"the file has more than {MOST_BYTES:,} bytes"
        return Problem("yaml-size", start, size, "split it with `extends`, or move data into the book")
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return Problem("encoding", start, f"the file is {name}", "save it as UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        help_ = "save it as UTF-8 without byte order mark"
        return Problem("encoding", start, "the file starts with a byte order mark", help_)
    if b"\x00" in data[:4]:
        return Problem("encoding", start, "the file looks like UTF-16 or UTF-32", "save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        place = Span(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        byte = f"byte 0x{data[error.start]:02X} is not UTF-8"
        return Problem(
            "encoding", place, byte, "save the file as UTF-8; it looks like another encoding, such as Latin-1"
        )


# Control characters, DEL, C1, line and paragraph separators, zero-width and bidi characters, byte order
# marks, surrogates, noncharacters, and spaces that look like a space but are none to YAML.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def _hidden_characters(lines: tuple[str, ...], file: str) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        if match := _HIDDEN.search(line):
            yield _hidden_problem(match[0], Span(file, number, match.start() + 1))


def _hidden_problem(character: str, span: Span) -> Problem:
    if "\ud800" <= character <= "\udfff":
        return Problem("hidden-character", span, f"U+{ord(character):04X} is half a character", "write the whole one")
    name = unicodedata.name(character, "a control character").lower()
    message = f"hidden character U+{ord(character):04X} ({name})"
    return Problem("hidden-character", span, message, "delete it, or write an ordinary space in its place")


# From text to a tree.


class _Events(Reader, Scanner, Parser):
    """PyYAML's parser, which also remembers the last quoted text that ran over several lines."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        self.long_quote: tuple[_Mark, _Mark] | None = None

    def scan_flow_scalar(self, style: str) -> yaml.ScalarToken:
        """The quoted text that begins here."""
        start = _mark(self.get_mark())
        token = super().scan_flow_scalar(style)
        end = _mark(self.get_mark())
        if end.line > start.line:
            self.long_quote = (start, end)
        return token


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place as the parser counts it: lines and columns from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class _Event:
    """An event of the parser with the attributes of every kind, absent ones empty."""

    kind: type[object]
    start: _Mark
    end: _Mark
    anchor: str = ""
    tag: str = ""
    text: str = ""
    plain: bool = False
    flow: bool = False
    directives: bool = False


def _mark(raw: object) -> _Mark:
    return _Mark(getattr(raw, "line", 0), getattr(raw, "column", 0))


def _event(raw: object) -> _Event:
    return _Event(
        kind=type(raw),
        start=_mark(getattr(raw, "start_mark", None)),
        end=_mark(getattr(raw, "end_mark", None)),
        anchor=getattr(raw, "anchor", None) or "",
        tag=getattr(raw, "tag", None) or "",
        text=getattr(raw, "value", None) or "",
        plain=not getattr(raw, "style", None),
        flow=bool(getattr(raw, "flow_style", False)),
        directives=bool(getattr(raw, "version", None) or getattr(raw, "tags", None)),
    )


class _Unreadable(Exception):
    """Reading on makes no sense."""


class _Composer:
    """Builds the tree of one file and collects what is wrong with it."""

    def __init__(self, text: str, file: str, lines: tuple[str, ...]) -> None:
        self.events = _Events(text)
        self.file = file
        self.lines = lines
        self.problems: list[Problem] = []
        self.secrets: list[_Event] = []
        self.depth = 0
        self.values = 0

    def compose(self) -> Map | None:
        """The root of the only document, or None where there is none."""
        try:
            return self._document()
        except _Unreadable:
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
            return None
        except ValueError:
            # PyYAML lets `\U00110000` and versions with thousands of digits fall through.
            here = self._span(_mark(self.events.get_mark()))
            self._report("yaml-syntax", here, "an escape or version that does not exist", "write it another way")
            return None

    def _document(self) -> Map | None:
        beginning = Span(self.file, 1, 1)
        self._next()
        document = self._next()
        if document.kind is yaml.StreamEndEvent:
            self._stop("yaml-empty", beginning, "the file has nothing in it", "write `key: value` lines")
        if document.directives:
            where = self._span(document.start)
            self._report("yaml-tag", where, "directives are not allowed", "take the line with `%` out")
        root = self._node(self._next())
        self._next()
        if (more := self._next()).kind is not yaml.StreamEndEvent:
            where = self._span(more.start)
            self._report("yaml-documents", where, "a second document starts here", "keep one document a file")
        if isinstance(root, Map):
            return root
        found = "a list" if isinstance(root, List) else "a single value"
        self._report(
            "not-a-mapping", beginning, f"the file is {found}, not keys with values", "write `key: value` lines"
        )
        return None

    def _next(self) -> _Event:
        return _event(self.events.get_event())  # type: ignore[no-untyped-call]

    def _node(self, event: _Event) -> Node:
        self.values += 1
        span = self._span(event.start, event.end)
        if self.values > MOST_VALUES:
            most = f"the file has more than {MOST_VALUES:,} keys and values"
            self._stop("yaml-size", span, most, "move data into the book, or split the file with `extends`")
        if event.kind is yaml.AliasEvent:
            alias = f"`*{short(event.anchor)}` repeats another part of the file"
            self._report("yaml-alias", span, alias, "write the value out")
            return Scalar("", span)
        if event.anchor:
            anchor = f"`&{short(event.anchor)}` names a part of the file for repeating"
            self._report(
                "yaml-alias", replace(span, length=1), anchor, "take it out, and write the value where it is needed"
            )
        if event.tag:
            tag = short(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._report("yaml-tag", span, f"`{tag}` is a tag; a value's kind follows from its key", "take the tag out")
        if event.kind is yaml.ScalarEvent:
            return self._scalar(event, span)
        self.depth += 1
        if self.depth > MOST_DEPTH:
            where = replace(span, length=1)
            self._stop("yaml-depth", where, f"more than {MOST_DEPTH} levels deep", "a handful is enough for a policy")
        node = self._mapping(event) if event.kind is yaml.MappingStartEvent else self._list(event)
        self.depth -= 1
        return node

    def _list(self, start: _Event) -> List:
        items: list[Node] = []
        while (event := self._next()).kind is not yaml.SequenceEndEvent:
            items.append(self._node(event))
        return List(tuple(items), self._whole(start, event))

    def _mapping(self, start: _Event) -> Map:
        entries: dict[str, Entry] = {}
        while (event := self._next()).kind is not yaml.MappingEndEvent:
            key = self._node(event)
            if not isinstance(key, Scalar):
                self._node(self._next())
                self._report("yaml-key", key.span, "a key must be a single word", "write `key: value`")
                continue
            value = self._value(key, self._next())
            if key.plain and key.text == "<<":
                merge = "`<<` merges another part of the file in"
                self._report("yaml-merge-key", key.span, merge, "write the keys out, or use `extends`")
            elif first := entries.get(key.text):
                where = f"line {first.key.span.line}, column {first.key.span.column}"
                twice = f"`{short(key.text)}` stands here twice, first on {where}"
                self._report("duplicate-key", key.span, twice, "keep one of them")
            else:
                entries[key.text] = Entry(key, value)
        return Map(tuple(entries.values()), self._whole(start, event))

    def _value(self, key: Scalar, event: _Event) -> Node:
        """The value of a key; that of a key which names a secret is never kept and never shown."""
        if event.kind is not yaml.ScalarEvent or not _SECRET.search(key.text):
            return self._node(event)
        span = self._span(event.start, event.end)
        self.secrets.append(event)
        self._report(
            "inline-secret",
            span,
            "a secret does not belong in a file that people share",
            "give it by environment variable or file, and change it now that it has been written here",
        )
        return Scalar("", span)

    def _scalar(self, event: _Event, span: Span) -> Scalar:
        if match := _HIDDEN.search(event.text):
            self.problems.append(_hidden_problem(match[0], span))
            return Scalar("", span, plain=False)
        if match := _SHELL.search(event.text):
            self._report(
                "no-expansion", span, f"`{match[0]}` is not replaced by anything here", "write the value itself"
            )
        if event.plain and not event.tag and (found := ambiguity(event.text)):
            self._report(found.rule, span, found.message, found.help)
        return Scalar(event.text, span, event.plain)

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        """Report a syntax error where its cause stands: at an opening quote rather than where the text runs out."""
        here = _mark(error.problem_mark or error.context_mark)
        opened = self.events.long_quote
        in_quotes = error.context is not None and "quoted scalar" in error.context
        if in_quotes and "escape" not in (error.problem or ""):
            where = self._span(_mark(error.context_mark))
            self._report("unclosed-quote", where, "a quote opens here and is never closed", "close it on the same line")
        elif not in_quotes and opened and opened[1].line == here.line and opened[1].column <= here.column:
            closes = f"a quote opens here and closes only on line {opened[1].line + 1}"
            self._report("unclosed-quote", self._span(opened[0]), closes, "close it on the same line")
        else:
            character = self._text(here)[:1]
            self._report("yaml-syntax", self._span(here), *_explain(error.problem or "this is not YAML", character))

    def _span(self, start: _Mark, end: _Mark | None = None) -> Span:
        length = 1
        if end is not None:
            length = end.column - start.column if end.line == start.line else len(self._text(start).rstrip())
        return Span(self.file, start.line + 1, start.column + 1, max(1, length))

    def _whole(self, start: _Event, end: _Event) -> Span:
        """The stretch of a mapping or list: all of it where it stands in brackets, else its first line."""
        return self._span(start.start, end.end) if start.flow else self._span(start.start, _Mark(-1, 0))

    def _text(self, mark: _Mark) -> str:
        """The rest of the line from a place on."""
        return self.lines[mark.line][mark.column :] if mark.line < len(self.lines) else ""

    def _report(self, rule: str, span: Span, message: str, help_: str) -> None:
        self.problems.append(Problem(rule, span, message, help_))

    def _stop(self, rule: str, span: Span, message: str, help_: str) -> NoReturn:
        self._report(rule, span, message, help_)
        raise _Unreadable


_SECRET = re.compile(r"passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
_SHELL = re.compile(r"\$\{[^}]{0,40}\}?|\$\(")


def _explain(problem: str, character: str) -> tuple[str, str]:
    """What is wrong and what to do, for a syntax error that is no open quote."""
    if character == "\t":
        return "a tab cannot indent or start a value", "indent with spaces"
    for words, message, help_ in _SYNTAX:
        if words in problem:
            return message.format(character), help_
    return re.sub(r"'([^']*)'", r"`\1`", problem.lower()), "look at the line, and the one before it"


_SYNTAX = (
    (
        "mapping values are not allowed",
        "a second `:` on one line",
        "quote the text, or put the inner key on its own line",
    ),
    ("cannot start any token", "`{}` cannot start a value", "quote the text"),
    ("could not find expected ':'", "a key without `:`", "write `key: value`, and look at the indentation"),
    (
        "expected <block end>",
        "this does not line up with what stands before it",
        "look at indentation, quotes and brackets, here and one line up",
    ),
    ("expected ',' or", "a bracket is not closed, or a comma is missing", "look at the brackets from here backwards"),
)
"""What PyYAML says, what is wrong, and what to do."""


_SECRET_LINE = re.compile(rf"((?:{_SECRET.pattern})[^:]*:\s*)\S.*", re.IGNORECASE)
_MASK = "*" * 8


def _masked(lines: tuple[str, ...], secrets: Iterable[_Event]) -> tuple[str, ...]:
    """The lines with every secret, and the rest of its line, overwritten; also where the file cannot be read."""
    masked = [_SECRET_LINE.sub(lambda match: match[1] + _MASK, line) for line in lines]
    for secret in secrets:
        for number in range(secret.start.line, min(secret.end.line + 1, len(masked))):
            keep = secret.start.column if number == secret.start.line else 0
            masked[number] = masked[number][:keep] + _MASK
    return tuple(masked)


def _with_lines(problems: Iterable[Problem], lines: tuple[str, ...]) -> tuple[Problem, ...]:
    return tuple(replace(p, line=lines[p.span.line - 1] if p.span.line <= len(lines) else "") for p in problems)
