"""Words that may not appear, by language and tone: where sales draws the line, as data.

A group without `below` holds in every message; one with `below: final` in every tone
milder than that, and in messages that have no tone. Words and phrases are found
whole, upper or lower case, across line breaks; a `*` at the end finds every ending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.source import Problem, Span


@dataclass(frozen=True, slots=True)
class Group:
    """Words with one reason; `below` is the mildest tone that may use them, empty where none may."""

    name: str
    words: tuple[str, ...]
    because: str
    below: str
    span: Span

    def holds_for(self, tone: str, tones: tuple[str, ...]) -> bool:
        """Say whether the words may not appear in a message of the tone; one that the policy lacks is the mildest."""
        if not self.below or self.below not in tones:
            return True
        return tone not in tones or tones.index(tone) < tones.index(self.below)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The groups of each language."""

    groups: Mapping[str, tuple[Group, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def in_file(self, file: str) -> Lexicon:
        """The same groups, read from another file of the same bytes."""
        return _thawed(
            {
                language: tuple(replace(group, span=replace(group.span, file=file)) for group in groups)
                for language, groups in self.groups.items()
            }
        )

    def __reduce__(self) -> tuple[object, ...]:
        """As a plain mapping on its way to another process."""
        return _thawed, (dict(self.groups),)


def _thawed(groups: dict[str, tuple[Group, ...]]) -> Lexicon:
    return Lexicon(MappingProxyType(groups))


def found(text: str, word: str) -> Iterator[re.Match[str]]:
    """Where the word or phrase stands in the text."""
    return _pattern(word).finditer(text)


@cache
def _pattern(word: str) -> re.Pattern[str]:
    stem = word.removesuffix("*")
    # An apostrophe is written in two ways, and a phrase may break over a line.
    spaced = r"\s+".join(re.sub("['’]", "['’]", re.escape(piece)) for piece in stem.split())
    ending = r"\w*" if word.endswith("*") else r"(?!\w)"
    return re.compile(rf"(?<!\w){spaced}{ending}", re.IGNORECASE)


def read_lexicon(data: bytes, file: str) -> tuple[Lexicon, tuple[Problem, ...]]:
    """The lexicon of a file, and what is wrong with it."""
    tree = read_tree(data, file)
    problems = list(tree.problems)
    groups: dict[str, tuple[Group, ...]] = {}
    for entry in tree.root.entries if tree.root else ():
        if not re.fullmatch(r"[a-z]{2}", entry.key.text) or not isinstance(entry.value, Map):
            message = f"`{entry.key.text}` is not a language with groups of words"
            problems.append(Problem("lexicon-shape", entry.key.span, message, "write `en:` and groups below it"))
            continue
        groups[entry.key.text] = tuple(
            group
            for inner in entry.value.entries
            if (group := _group(inner.key.text, inner.value, problems)) is not None
        )
    return _thawed(groups), tuple(problems)


def _group(name: str, node: Node, problems: list[Problem]) -> Group | None:
    words = node.get("words") if isinstance(node, Map) else None
    because = node.get("because") if isinstance(node, Map) else None
    below = node.get("below") if isinstance(node, Map) else None
    strange = (
        [e.key for e in node.entries if e.key.text not in {"words", "because", "below"}]
        if isinstance(node, Map)
        else []
    )
    whole = isinstance(words, List) and isinstance(because, Scalar) and (below is None or isinstance(below, Scalar))
    if strange or not whole or not isinstance(words, List) or not isinstance(because, Scalar):
        message = f"the group `{name}` is not written as one"
        help_ = "a group has `because`, `words: […]` and perhaps `below: <tone>`"
        problems.append(Problem("lexicon-shape", strange[0].span if strange else node.span, message, help_))
        return None
    texts = [word.text for word in words.items if isinstance(word, Scalar) and word.text.strip("* ")]
    if len(texts) != len(words.items) or not texts:
        problems.append(Problem("lexicon-shape", words.span, f"`words` of `{name}` has what is no word", "write words"))
        return None
    return Group(name, tuple(texts), because.text, below.text if isinstance(below, Scalar) else "", node.span)
