"""Places in files that people write, and what can be wrong there.

A `Problem` is an author's mistake as a value: collected, sorted by place and
shown all at once. Whoever finds one says what is wrong in the author's words,
lower case, no full stop, their text in backticks, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line of one file: lines and columns count from 1."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Span("", 0, 0, 0)
"""The place of what nobody wrote: a default, or a value built by a program."""


class Severity(Enum):
    """How bad a problem is: an error refuses, a warning is shown, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file that its author can put right.

    `rule` is the problem's permanent kebab-case name. `line` is the text of the
    offending line, for the caret, and may be empty where there is none to show.
    """

    rule: str
    span: Span
    message: str
    help: str = ""
    line: str = ""
    severity: Severity = Severity.ERROR


class Refused(Exception):
    """Input that cannot be used, with every problem found and the exit code for it.

    Exit codes are those of the README: 3 for a policy or template, 4 for data,
    5 for a refusal before any action.
    """

    def __init__(self, problems: Iterable[Problem], exit_code: int) -> None:
        self.problems = in_order(problems)
        self.exit_code = exit_code
        super().__init__("; ".join(problem.message for problem in self.problems))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems sorted by place, then by name, each once."""
    return tuple(sorted(set(problems), key=lambda p: (p.span, p.rule, p.message)))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Say whether any problem is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)
