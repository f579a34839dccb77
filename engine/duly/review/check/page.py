"""The page of a named problem: what it is, why it matters, what to avoid and what to write instead.

Pages are files beside this module, one a problem, named as the problem is. How bad a
problem is stands on its page and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from duly.source import Severity

SECTIONS = ("What", "Why", "Avoid", "Prefer")

_SHAPE = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)
_BLOCK = re.compile(r"\A```(?:yaml|text)\n(.*)```\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """All about one named problem; `avoid` and `prefer` are YAML."""

    name: str
    severity: Severity
    fixable: bool
    what: str
    why: str
    avoid: str
    prefer: str


@cache
def page(name: str) -> Page | None:
    """The page of the problem; None where there is none."""
    file = _folder() / f"{name}.md"
    return (
        read_page(name, file.read_text(encoding="utf-8"))
        if re.fullmatch(r"[a-z0-9-]+", name) and file.is_file()
        else None
    )


def pages() -> tuple[Page, ...]:
    """Every page, by name."""
    names = sorted(file.name.removesuffix(".md") for file in _folder().iterdir() if file.name.endswith(".md"))
    return tuple(found for name in names if (found := page(name)))


def read_page(name: str, text: str) -> Page:
    """The page of this text; raises `ValueError` where it has not the shape of one."""
    shape = _SHAPE.match(text)
    if shape is None:
        raise ValueError(f"the page `{name}` has no front matter")
    front = yaml.safe_load(shape[1])
    _, *parts = _HEADING.split(shape[2])
    sections = {heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}
    if tuple(sections) != SECTIONS or set(front) != {"severity", "fixable"} or type(front["fixable"]) is not bool:
        raise ValueError(f"the page `{name}` has not the parts of one: {', '.join(SECTIONS)}")
    return Page(
        name=name,
        severity=Severity(front["severity"]),
        fixable=front["fixable"],
        what=sections["What"],
        why=sections["Why"],
        avoid=_yaml_of(name, sections["Avoid"]),
        prefer=_yaml_of(name, sections["Prefer"]),
    )


def _yaml_of(name: str, section: str) -> str:
    block = _BLOCK.match(section)
    if block is None:
        raise ValueError(f"the page `{name}` shows something other than one block of YAML")
    return block[1]


def _folder() -> Traversable:
    return files("duly.review.check") / "pages"
