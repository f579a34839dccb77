"""Problems as the commands of a GitHub workflow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.reports.github import as_github
from duly.source import Problem, Severity, Span

COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-zA-Z]+=[^,:\r\n]*,?)+)::([^\r\n]*)")


def test_a_problem_marks_its_stretch_and_says_what_to_do() -> None:
    problem = Problem("unknown-fact", Span("policies/a.yaml", 14, 12, 12), "`x` is not a fact", "did you mean `y`?")
    assert as_github([problem]) == (
        "::error file=policies/a.yaml,line=14,col=12,endLine=14,endColumn=24,title=unknown-fact"
        "::`x` is not a fact%0Adid you mean `y`?"
    )


@pytest.mark.parametrize(
    ("severity", "command"),
    [
        pytest.param(Severity.ERROR, "::error ", id="error"),
        pytest.param(Severity.WARNING, "::warning ", id="warning"),
        pytest.param(Severity.NOTE, "::notice ", id="note"),
    ],
)
def test_a_command_is_as_bad_as_its_problem(severity: Severity, command: str) -> None:
    assert as_github([Problem("x", Span("f", 1, 1), "m", severity=severity)]).startswith(command)


def test_a_problem_without_a_place_marks_none() -> None:
    assert as_github([Problem("x", Span("", 0, 0, 0), "m")]) == "::error title=x::m"


def test_without_problems_nothing_is_said() -> None:
    assert as_github([]) == ""


def test_what_a_command_gives_a_meaning_to_is_escaped() -> None:
    problem = Problem("x", Span("a,b:c%.yaml", 1, 1), "100% of `a: b, c`\r\n::error::no")
    assert as_github([problem]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,endLine=1,endColumn=2,title=x"
        "::100%25 of `a: b, c`\\r%0A::error::no"
    )


@given(st.text(), st.text(), st.text())
def test_text_of_a_file_neither_ends_a_command_nor_begins_one(file: str, message: str, help_: str) -> None:
    written = as_github([Problem("x", Span(f"f{file}", 3, 4), message, help_)])
    found = COMMAND.fullmatch(written)
    assert found
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    assert set(properties) == {"file", "line", "col", "endLine", "endColumn", "title"}
    # What is left of `%` are escapes alone.
    assert not re.search(r"%(?!25|0A|3A|2C)", written)
