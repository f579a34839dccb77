"""Problems as SARIF 2.1.0, held against what the standard's schema asks of the parts we write."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from duly.reports.sarif import as_sarif
from duly.review.check.page import Page
from duly.source import Problem, Severity, Span

PAGE = Page("unknown-fact", Severity.ERROR, True, "What it is. And more.", "Why.", "a: 1\n", "a: 2\n")
PROBLEMS = (
    Problem("unknown-fact", Span("policies/a b.yaml", 14, 12, 12), "`x` is not a fact", "look", "  x: 1"),
    Problem("unknown-fact", Span("policies/a b.yaml", 20, 3, 1), "`x` is not a fact", "look", "  x:  1"),
    Problem("other-thing", Span("/tmp/é.yaml", 1, 1), "m", severity=Severity.WARNING),
    Problem("without-place", Span("", 0, 0, 0), "m", severity=Severity.NOTE),
)


def _text(*, required: bool = True) -> dict[str, Any]:
    keys = {"text": {"type": "string", "minLength": 1}, "markdown": {"type": "string"}}
    return {"type": "object", "properties": keys, "additionalProperties": False, "required": ["text"] * required}


_ID = {"type": "string", "minLength": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": list(required)}


def _list(items: dict[str, Any], *, unique: bool = True) -> dict[str, Any]:
    return {"type": "array", "items": items, "uniqueItems": unique}


# The definitions of sarif-schema-2.1.0.json for the properties that the log uses, with their constraints.
SUBSET = _object(
    {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": _list(
            _object(
                {
                    "tool": _object(
                        {
                            "driver": _object(
                                {
                                    "name": _ID,
                                    "version": _ID,
                                    "rules": _list(
                                        _object(
                                            {
                                                "id": _ID,
                                                "name": _ID,
                                                "shortDescription": _text(),
                                                "fullDescription": _text(),
                                                "help": _text(),
                                                "defaultConfiguration": _object({"level": _LEVEL}),
                                                "properties": {"type": "object"},
                                            },
                                            "id",
                                        )
                                    ),
                                },
                                "name",
                            )
                        },
                        "driver",
                    ),
                    "invocations": _list(
                        _object(
                            {"executionSuccessful": {"type": "boolean"}, "exitCode": {"type": "integer"}},
                            "executionSuccessful",
                        ),
                        unique=False,
                    ),
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": _list(
                        _object(
                            {
                                "ruleId": _ID,
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": _LEVEL,
                                "message": _text(),
                                "locations": _list(
                                    _object(
                                        {
                                            "physicalLocation": _object(
                                                {
                                                    "artifactLocation": _object(
                                                        {
                                                            "uri": {"type": "string", "pattern": r"^[!#-;=?-~]*$"},
                                                            "uriBaseId": _ID,
                                                        }
                                                    ),
                                                    "region": _object(
                                                        {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                            "endLine": {"type": "integer", "minimum": 1},
                                                            "endColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    ),
                                                }
                                            )
                                        }
                                    ),
                                    unique=False,
                                ),
                                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                            },
                            "message",
                        ),
                        unique=False,
                    ),
                },
                "tool",
            ),
            unique=False,
        ),
    },
    "version",
    "runs",
)


def log(problems: tuple[Problem, ...] = PROBLEMS) -> dict[str, Any]:
    written = json.loads(json.dumps(as_sarif(problems, {PAGE.name: PAGE}.get, 3)))
    assert isinstance(written, dict)
    return written


def run(problems: tuple[Problem, ...] = PROBLEMS) -> dict[str, Any]:
    (only,) = log(problems)["runs"]
    assert isinstance(only, dict)
    return only


def test_the_log_is_as_the_standard_asks() -> None:
    assert list(Draft7Validator(SUBSET).iter_errors(log())) == []


def test_the_subset_refuses_what_the_standard_refuses() -> None:
    broken = log()
    broken["runs"][0]["results"][0]["level"] = "notice"
    broken["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert len(list(Draft7Validator(SUBSET).iter_errors(broken))) == 2


def test_every_result_names_its_rule_by_id_and_by_place_in_the_list() -> None:
    rules = run()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["other-thing", "unknown-fact", "without-place"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run()["results"])


def test_a_rule_carries_its_page() -> None:
    rule = next(rule for rule in run()["tool"]["driver"]["rules"] if rule["id"] == "unknown-fact")
    assert rule["shortDescription"]["text"] == "What it is."
    assert "a: 1" in rule["help"]["text"]
    assert "```yaml\na: 2\n```" in rule["help"]["markdown"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"] == {"fixable": True}


def test_a_region_is_the_stretch_with_its_end_behind_the_last_character() -> None:
    place = run()["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 14, "startColumn": 12, "endLine": 14, "endColumn": 24}
    assert place["artifactLocation"] == {"uri": "policies/a%20b.yaml", "uriBaseId": "%SRCROOT%"}


def test_a_file_elsewhere_is_named_by_its_whole_path() -> None:
    place = run()["results"][2]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "file:///tmp/%C3%A9.yaml"}


def test_a_problem_without_a_place_has_no_location() -> None:
    assert run()["results"][3]["locations"] == []


def test_a_finding_is_the_same_one_where_lines_were_added_above_it() -> None:
    lower = tuple(
        Problem(p.rule, Span(p.span.file, p.span.line + 9, p.span.column), p.message, p.help, p.line) for p in PROBLEMS
    )
    prints = [result["partialFingerprints"] for result in run()["results"]]
    assert prints == [result["partialFingerprints"] for result in run(lower)["results"]]
    assert len({str(one) for one in prints}) == len(prints)


def test_without_problems_the_run_has_no_results() -> None:
    assert run(())["results"] == []
    assert list(Draft7Validator(SUBSET).iter_errors(log(()))) == []


@given(st.text(), st.text(min_size=1), st.integers(0, 9), st.integers(1, 9))
def test_any_problem_gives_a_valid_log(file: str, message: str, line: int, length: int) -> None:
    problem = Problem("x", Span(file, line, max(line, 1), length), message, line=message)
    assert list(Draft7Validator(SUBSET).iter_errors(log((problem,)))) == []
