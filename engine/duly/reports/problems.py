"""Problems as people read them, and as records for programs.

    policies/retail.yaml:14:12: `days_past_du` is not a fact [unknown-fact]
      |     when: {days_past_du: {over: 30}}
      |            ^^^^^^^^^^^^
      = did you mean `days_past_due`?

Whatever came from a file is made safe for the screen first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from duly.reports.terminal import printable
from duly.source import Problem, Severity

MOST_SHOWN = 100
"""More problems than this are counted, not shown."""

WIDEST = 160
"""A line that is longer is shown around its problem only."""


def as_text(problems: Iterable[Problem]) -> str:
    """The problems one below the other, in the order given."""
    found = tuple(problems)
    shown = [line for problem in found[:MOST_SHOWN] for line in _lines(problem)]
    if len(found) > MOST_SHOWN:
        shown.append(not_shown(len(found) - MOST_SHOWN))
    return "\n".join(shown)


def not_shown(number: int) -> str:
    """What is said of the problems beyond those that are shown."""
    return f"{number} more problems are not shown"


def as_records(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """The problems as plain records, in the order given."""
    return [
        {
            "rule": problem.rule,
            "file": problem.span.file,
            "line": problem.span.line,
            "column": problem.span.column,
            "length": problem.span.length,
            "severity": problem.severity.value,
            "message": problem.message,
            "help": problem.help,
        }
        for problem in problems
    ]


def _lines(problem: Problem) -> Iterator[str]:
    severity = "" if problem.severity is Severity.ERROR else f"{problem.severity.value}: "
    where = f"{printable(str(problem.span))}: " if problem.span.file else ""
    yield f"{where}{severity}{printable(problem.message)} [{problem.rule}]"
    if problem.line.strip():
        yield from _caret(problem)
    if problem.help:
        yield f"  = {printable(problem.help)}"


def _caret(problem: Problem) -> Iterator[str]:
    """The offending line with a mark below its stretch, cut to a window where it is long."""
    start = problem.span.column - 1
    first = max(0, start - WIDEST // 2) if len(problem.line) > WIDEST else 0
    window = problem.line[first : first + WIDEST].rstrip()
    before, stretch = window[: start - first], window[start - first : start - first + problem.span.length]
    yield f"  | {_screen(window)}"
    yield f"  | {' ' * _width(before)}{'^' * max(1, _width(stretch))}"


def _screen(text: str) -> str:
    """The text of a file for the screen, with what hides or only looks like a space written out."""
    return "".join(map(_shown, printable(text.replace("\t", " "))))


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _width(text: str) -> int:
    """How many columns of a screen the text takes, escapes written out."""
    return sum(_columns(character) for character in _screen(text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
