"""A part of a policy file as it is written: a mapping with its path and its place.

What is asked of a part is given only where it has the right shape, and is empty
otherwise: shape was looked at before, and its problems are reported there, so
whoever builds on a part need not look twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypedDict, TypeVar

from duly.language.ambiguous import LARGEST_NUMBER, is_whole
from duly.language.gate import List, Map, Node, Scalar
from duly.source import Span

E = TypeVar("E", bound=Enum)


class Placement(TypedDict):
    """What every part of a policy knows of its own place."""

    span: Span
    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping of the file with its path and the place of its key; an absent one is empty."""

    node: Map
    path: str
    span: Span

    def get(self, key: str) -> Node | None:
        """The value of a key, if there is one."""
        return self.node.get(key)

    def has(self, key: str) -> bool:
        """Say whether the key is there."""
        return self.node.get(key) is not None

    def span_of(self, key: str) -> Span:
        """The place of a key, or of the part where the key is absent."""
        entry = self.node.entry(key)
        return entry.key.span if entry else self.span

    def part(self, key: str) -> Part:
        """The mapping of a key."""
        entry = self.node.entry(key)
        value = entry.value if entry and isinstance(entry.value, Map) else Map((), self.span)
        return Part(value, step(self.path, key), entry.key.span if entry else self.span)

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Each key with its mapping; what is none was reported already and counts as empty."""
        for entry in self.node.entries:
            yield entry.key.text, self.part(entry.key.text)

    def text(self, key: str, default: str = "") -> str:
        """The text of a key's value."""
        node = self.get(key)
        return node.text if isinstance(node, Scalar) else default

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a key's list."""
        return tuple(scalar.text for scalar in self.scalars(key))

    def scalars(self, key: str) -> tuple[Scalar, ...]:
        """The single values of a key's list, with their places."""
        node = self.get(key)
        return tuple(item for item in node.items if isinstance(item, Scalar)) if isinstance(node, List) else ()

    def whole(self, key: str, default: int = 0) -> int:
        """The whole number of a key."""
        node = self.get(key)
        return whole(node, default) if node is not None else default

    def maybe_whole(self, key: str) -> int | None:
        """The whole number of a key, or None where the key is absent."""
        return self.whole(key) if self.has(key) else None

    def choice(self, key: str, default: E) -> E:
        """The member of the default's enum that the key's word names, else the default."""
        words = {str(member.value): member for member in type(default)}
        return words.get(self.text(key), default)

    def choices(self, key: str, enum: type[E]) -> tuple[E, ...]:
        """The members of the enum that the words of the key's list name."""
        words = {str(member.value): member for member in enum}
        return tuple(words[text] for text in self.texts(key) if text in words)

    def placed(self) -> Placement:
        """Where the part stands and why it is there, for the value made of it."""
        return {"span": self.span, "path": self.path, "because": self.text("because")}


def whole(node: Node, default: int = 0) -> int:
    """The whole number that a node says, or the default where it says none that is fit to use."""
    text = node.text if isinstance(node, Scalar) else ""
    return int(text) if is_whole(text) and len(text) <= len(str(-LARGEST_NUMBER)) else default


def key_names(node: Node | None) -> tuple[str, ...]:
    """The keys of a mapping, in the order written."""
    return tuple(entry.key.text for entry in node.entries) if isinstance(node, Map) else ()


def places_of(root: Map) -> Mapping[str, Span]:
    """The place of every value by JSON pointer, the root's being the empty word."""
    return MappingProxyType(dict(_places("", root)))


def _places(path: str, node: Node) -> Iterator[tuple[str, Span]]:
    yield path, node.span
    match node:
        case Map(entries):
            for entry in entries:
                yield from _places(step(path, entry.key.text), entry.value)
        case List(items):
            for index, item in enumerate(items):
                yield from _places(step(path, str(index)), item)
        case _:
            pass


def step(path: str, key: str) -> str:
    """One step further down a JSON pointer."""
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
