"""Problems as people read them."""

from __future__ import annotations

import pytest

from duly.reports.problems import MOST_SHOWN, as_records, as_text
from duly.source import Problem, Severity, Span

LINE = "    when: {days_past_du: {over: 30}}"
PROBLEM = Problem(
    "unknown-fact",
    Span("policies/retail.yaml", 14, 12, 12),
    "`days_past_du` is not a fact",
    "did you mean `days_past_due`?",
    LINE,
)


def test_a_problem_shows_its_place_its_line_and_what_to_do() -> None:
    assert as_text([PROBLEM]) == (
        "policies/retail.yaml:14:12: `days_past_du` is not a fact [unknown-fact]\n"
        "  |     when: {days_past_du: {over: 30}}\n"
        "  |            ^^^^^^^^^^^^\n"
        "  = did you mean `days_past_due`?"
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "below"),
    [
        pytest.param("a: b", 4, 1, "   ^", id="one-letter"),
        pytest.param("株式: b", 5, 1, "      ^", id="wide-letters-take-two-columns"),
        pytest.param("株式: b", 1, 2, "^^^^", id="wide-letters-are-marked-whole"),
        pytest.param("\ta: b", 2, 1, " ^", id="tab"),
        pytest.param("a\x1b: b", 6, 1, "        ^", id="escape-sequence-written-out"),
        pytest.param("u\u0308: b", 5, 1, "   ^", id="accent-of-its-own"),
        pytest.param("a: b", 9, 1, "    ^", id="behind-the-end"),
        pytest.param("a: b", 4, 99, "   ^", id="longer-than-the-line"),
    ],
)
def test_the_mark_stands_below_its_stretch(line: str, column: int, length: int, below: str) -> None:
    text = as_text([Problem("x", Span("f", 1, column, length), "m", line=line)])
    assert text.splitlines()[2] == f"  | {below}"


def test_a_long_line_is_shown_around_its_problem() -> None:
    text = as_text([Problem("x", Span("f", 1, 5001, 3), "m", line="a" * 5000 + "bcd" + "e" * 5000)])
    _, line, mark = text.splitlines()
    assert len(line) < 200
    assert line[mark.index("^") : mark.rindex("^") + 1] == "bcd"


def test_what_a_terminal_would_act_on_is_written_out() -> None:
    text = as_text([Problem("x", Span("f\x1b", 1, 1, 1), "m \x1b[2J", "h \u202e", "l \x9b")])
    assert all(character.isprintable() or character == "\n" for character in text)


def test_a_warning_says_that_it_is_one() -> None:
    text = as_text([Problem("x", Span("f", 1, 2), "m", severity=Severity.WARNING)])
    assert text == "f:1:2: warning: m [x]"


def test_a_problem_without_a_place_shows_none() -> None:
    assert as_text([Problem("x", Span("", 0, 0, 0), "m", "h")]) == "m [x]\n  = h"


def test_a_hundred_problems_are_shown_and_the_others_counted() -> None:
    many = [Problem("x", Span("f", line, 1), "m") for line in range(1, MOST_SHOWN + 3)]
    lines = as_text(many).splitlines()
    assert len(lines) == MOST_SHOWN + 1
    assert lines[-1] == "2 more problems are not shown"
    assert len(as_records(many)) == MOST_SHOWN + 2


def test_records_have_the_same_place_and_words() -> None:
    assert as_records([PROBLEM]) == [
        {
            "rule": "unknown-fact",
            "file": "policies/retail.yaml",
            "line": 14,
            "column": 12,
            "length": 12,
            "severity": "error",
            "message": "`days_past_du` is not a fact",
            "help": "did you mean `days_past_due`?",
        }
    ]
