"""Policies to test with: the standard one, a small one, and ways to change and load them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from duly.language.load import CANNOT_BE_LOADED, load_policy
from duly.language.policy import Policy
from duly.source import Problem, Refused

STANDARD = Path(__file__).parents[2] / "policies" / "standard.yaml"

SMALL = """\
duly: 1
policy: small
currency: USD
segments:
  large: {when: {annual_sales: {at_least: 1000000}}}
  others: {}
tones: [friendly, firm]
ladder:
  stages:
    reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}}
    demand: {after: {days: 30}, tone: firm, send: {letter: demand}}
holds:
  credit: {place: {when: {days_past_due: {at_least: 60}}}, release: {when: {past_due: 0}}}
"""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with one stretch between `«` and `»`, and where that stretch begins."""

    text: str
    line: int
    column: int
    length: int


def marked(text: str) -> Marked:
    """The text without its marks."""
    start, end = text.index("«"), text.index("»")
    before = text[:start]
    column = start - before.rfind("\n")
    return Marked(text.replace("«", "").replace("»", ""), before.count("\n") + 1, column, end - start - 1)


def load_text(folder: Path, text: str, name: str = "policy.yaml") -> Policy:
    """The policy of a text, which must load without a word."""
    policy, warnings = load_policy(write(folder, text, name))
    assert warnings == ()
    return policy


def problems_of(folder: Path, text: str, name: str = "policy.yaml") -> tuple[Problem, ...]:
    """What is wrong with a text, which must be refused."""
    path = write(folder, text, name)
    with pytest.raises(Refused) as refused:
        load_policy(path)
    assert refused.value.exit_code == CANNOT_BE_LOADED
    return refused.value.problems


def write(folder: Path, text: str, name: str) -> Path:
    """The file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
