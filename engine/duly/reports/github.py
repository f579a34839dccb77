"""Problems as the commands of a GitHub workflow: each becomes a mark at its line of a pull request.

    ::error file=policies/retail.yaml,line=14,col=12,endLine=14,endColumn=24,title=unknown-fact::`days_past_du` is not …

What a command gives a meaning to (`%`, line ends, in its properties also `:` and `,`) is escaped, so that text of a
file can neither end a command nor begin one.
"""

from __future__ import annotations

from collections.abc import Iterable

from duly.reports.terminal import printable
from duly.source import Problem, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def as_github(problems: Iterable[Problem]) -> str:
    """A command a line, in the order given; the empty text where there is no problem."""
    return "\n".join(_command(problem) for problem in problems)


def _command(problem: Problem) -> str:
    span = problem.span
    properties: dict[str, object] = {}
    if span.file:
        properties["file"] = span.file
        if span.line:
            properties |= {"line": span.line, "col": span.column}
            properties |= {"endLine": span.line, "endColumn": span.column + span.length}
    properties["title"] = problem.rule
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    said = f"{problem.message}\n{problem.help}" if problem.help else problem.message
    return f"::{_COMMANDS[problem.severity]} {written}::{_data(said)}"


def _data(text: str) -> str:
    lines = (printable(line).replace("%", "%25") for line in text.split("\n"))
    return "%0A".join(lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
