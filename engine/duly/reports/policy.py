"""A policy file in plain words, one value a line, so that a comparison line by line shows what changed.

What means the same reads the same: comments, layout, and the order of what has no order
are gone. A file that extends another is shown as what it says itself, and the other one is
not looked at, so that the words depend on the bytes alone and may be kept with them. What
is no policy is shown as it is written, and the first line says so.

Nothing is refused here and nothing is done: what a terminal would act on is written as an escape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from duly.language.build import build_policy
from duly.language.conditions import ALWAYS
from duly.language.extends import STATEMENTS
from duly.language.gate import MOST_BYTES, List, Map, Node, Scalar, read_tree
from duly.language.policy import Policy, Rhythm
from duly.language.schema import WEEKDAYS
from duly.language.shape import shape_problems
from duly.reports.terminal import printable
from duly.review.diff.changes import ORDERED, PARTS
from duly.review.diff.words import NOT_TOLD, has_parts, in_words, settled
from duly.source import has_errors

NO_POLICY = "this is no policy that duly can load, so it stands here as it is written; `duly check` says why"

IN_ORDER = frozenset({"segments", "tones", "stages", "pairs"})
"""Keys of a file whose value's order is meaning; lists keep theirs in any case."""


def file_in_words(data: bytes, name: str) -> str:
    """The policy file of these bytes in words; what is none as it is written."""
    tree = read_tree(data, name)
    if tree.root is None or has_errors(tree.problems):
        lines = _as_written(data)
    elif tree.root.get("extends") is not None:
        lines = _on_top(tree.root)
    elif has_errors(shape_problems(tree.root)):
        lines = _as_written(data)
    else:
        policy, problems = build_policy(tree.root)
        lines = _as_written(data) if has_errors(problems) else policy_lines(policy)
    return "".join(f"{printable(line)}\n" for line in lines)


def first_bytes(file: Path) -> bytes:
    """The file, or a little more of it than a policy may have."""
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _as_written(data: bytes) -> Iterator[str]:
    yield NO_POLICY
    # A tab is no danger, and without it the text would not be as written.
    yield from (line.replace("\t", "    ") for line in data.decode("utf-8", "backslashreplace").split("\n"))


# A whole policy, from its values: a default that is written is the same as one that is not.


def policy_lines(policy: Policy) -> Iterator[str]:
    """A whole policy in words, one value a line; what differs in meaning differs in a line."""
    own, inside = [], list[str]()
    for field in fields(Policy):
        name, value = field.name, getattr(policy, field.name)
        if name in NOT_TOLD or not field.compare:
            continue
        if name in PARTS:
            inside += _parts(policy, PARTS[name], value, ordered=name in ORDERED)
        elif name == "exceptions":
            inside += _parts(policy, "exception for", value, key="account")
        elif has_parts(value):
            inside += _part(policy, name.replace("_", " "), value, always=False)
        elif _says(value):
            own.append(f"  {name.replace('_', ' ')} {in_words(value, policy, name)}")
    yield f"policy {policy.id}"
    yield from own
    yield from inside


def _parts(policy: Policy, name: str, parts: Sequence[Any], *, ordered: bool = False, key: str = "id") -> Iterator[str]:
    """Each part by its id; where the order is meaning, it is told, so that a move is one line."""
    for part in sorted(parts, key=lambda one: str(getattr(one, key))):
        yield from _part(policy, f"{name} {getattr(part, key)}", part)
    if ordered and len(parts) > 1:
        yield f"order of {name}s"
        yield from (f"  {getattr(part, key)}" for part in parts)


def _part(policy: Policy, title: str, part: Any, *, always: bool = True) -> Iterator[str]:  # noqa: ANN401
    """A part with its values, then the parts inside it under titles of their own."""
    own, inside = [], list[str]()
    for field in fields(part):
        name, value = field.name, getattr(part, field.name)
        if name in NOT_TOLD or name == "account" or not field.compare:
            continue
        words = name.rstrip("_").replace("_", " ")
        if name == "stages":
            inside += _stages(policy, part.id, value)
        elif name == "by_segment":
            inside += _parts(policy, f"{title} in segment", value)
        elif isinstance(value, tuple) and value and all(is_dataclass(one) and has_parts(one) for one in value):
            own += [f"  {words} {in_words(one, policy, name)}" for one in value]
        elif isinstance(value, Rhythm):
            day = WEEKDAYS[value.day] if name == "weekly" else str(value.day)
            own.append(f"  {words} on {day}: {', '.join(value.send)}")
        elif is_dataclass(value) and has_parts(value):
            inside += _part(policy, f"{title}: {words}", value, always=False)
        elif _says(value):
            own.append(f"  {words} {in_words(settled(value), policy, name, part)}")
    if own or always:
        yield title
    yield from own
    yield from inside


def _stages(policy: Policy, ladder: str, stages: Sequence[Any]) -> Iterator[str]:
    """The stages, mildest first: their order is their meaning."""
    for stage in stages:
        yield from _part(policy, f"stage {stage.id} of ladder {ladder}", stage)


def _says(value: object) -> bool:
    return value not in (None, (), "", ALWAYS, False) and value != {}


# A file on top of another, from its tree: what it does not say is the other file's.


def _on_top(root: Map) -> Iterator[str]:
    yield f"on top of {_flow(root.get('extends') or Scalar('', root.span))}"
    yield from _said(root, ())


def _said(node: Map, path: tuple[str, ...]) -> Iterator[str]:
    """The values of a mapping under its path, then the mappings inside it."""
    entries = [entry for entry in node.entries if path or entry.key.text != "extends"]
    if not path or path[-1] not in IN_ORDER:
        entries.sort(key=lambda entry: entry.key.text)
    own = [entry for entry in entries if not _is_laid_over(entry.value, entry.key.text)]
    if own and path:
        yield ": ".join(path)
    yield from (f"  {entry.key.text.replace('_', ' ')} {_flow(entry.value)}" for entry in own)
    for entry in entries:
        if isinstance(entry.value, Map) and entry not in own:
            yield from _said(entry.value, (*path, entry.key.text))


def _is_laid_over(value: Node, key: str) -> bool:
    return isinstance(value, Map) and bool(value.entries) and key not in STATEMENTS


def _flow(node: Node) -> str:
    """A value on one line, keys in the order of the alphabet."""
    match node:
        case Map(entries):
            inside = sorted((entry.key.text, _flow(entry.value)) for entry in entries)
            return "{" + ", ".join(f"{key}: {value}" for key, value in inside) + "}"
        case List(items):
            return "[" + ", ".join(_flow(item) for item in items) + "]"
        case Scalar(text):
            return text
