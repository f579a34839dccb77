"""`duly check` and `duly schema`."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from duly.review.check.catalogue import CATALOGUE
from duly_cli.check import command as check
from duly_cli.schema import command as schema
from tests.language.policies import SMALL, STANDARD, write

EXCEPTION = "exceptions:\n  C-1: {until: 2027-01-31, because: Agreed., agreed_with: sales, pause: true}\n"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(check, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_a_good_policy_is_shown_with_what_is_acted_on() -> None:
    result = run(STANDARD)
    assert result.exit_code == 0
    title, acted_on = result.output.splitlines()
    assert "`standard`" in title
    assert "ladder, tone_limits" in acted_on
    assert "signed_off_by" in acted_on


@pytest.mark.parametrize(
    ("day", "asked", "code"),
    [
        pytest.param("2027-02-01", (), 0, id="a-warning-is-only-said"),
        pytest.param("2027-02-01", ("--exit-code",), 1, id="a-warning-fails-where-asked"),
        pytest.param("2027-01-31", ("--exit-code",), 0, id="nothing-is-left-to-fail"),
    ],
)
def test_whether_a_warning_fails_is_asked(tmp_path: Path, day: str, asked: tuple[str, ...], code: int) -> None:
    policy = write(tmp_path, f"extends: standard.yaml\nduly: 1\npolicy: north\n{EXCEPTION}", "north.yaml")
    write(tmp_path, STANDARD.read_text(encoding="utf-8"), "standard.yaml")
    result = run(policy, "--as-of", day, *asked)
    assert ("[expired-exception]" in result.output) == (day == "2027-02-01")
    assert result.exit_code == code


def test_a_folder_is_checked_file_by_file_and_every_problem_is_shown(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "good.yaml")
    write(tmp_path, SMALL.replace("tone: firm", "tone: frim"), "bad.yaml")
    write(tmp_path, "duly: 1\n", "worse.yaml")
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "bad.yaml:11:39: `frim` is not a tone of this policy [unknown-tone]" in result.output
    assert "= did you mean `firm`?" in result.output
    assert "worse.yaml:1:1: the policy has no `currency` [missing-key]" in result.output
    assert "good.yaml: `small`" in result.output


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        pytest.param("no_such.yaml", "cannot-read", id="no-such-file"),
        pytest.param("empty.yaml", "yaml-empty", id="empty-file"),
        pytest.param("/dev/null", "not-a-file", id="device"),
    ],
)
def test_what_is_no_policy_file_is_refused(tmp_path: Path, path: str, rule: str) -> None:
    write(tmp_path, "", "empty.yaml")
    result = run(tmp_path / path)
    assert result.exit_code == 3
    assert f"[{rule}]" in result.output


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "[no-policy]" in result.output


@pytest.mark.parametrize(
    ("day", "expired"),
    [pytest.param("2027-01-31", False, id="last-day"), pytest.param("2027-02-01", True, id="day-after")],
)
def test_an_expired_exception_is_a_warning(tmp_path: Path, day: str, expired: bool) -> None:  # noqa: FBT001
    result = run(write(tmp_path, SMALL + EXCEPTION, "policy.yaml"), "--as-of", day)
    assert result.exit_code == 0
    assert ("warning: the exception for `C-1` ended on 2027-01-31 [expired-exception]" in result.output) is expired


def test_the_records_are_the_problems_and_the_policies(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "good.yaml")
    write(tmp_path, SMALL.replace("tone: firm", "tone: frim"), "bad.yaml")
    result = run(tmp_path, "--format", "json")
    assert result.exit_code == 3
    record = json.loads(result.output)
    assert [policy["policy"] for policy in record["policies"]] == ["small"]
    problem, nobody = record["problems"]
    assert (nobody["rule"], nobody["severity"]) == ("no-duties", "warning")
    assert (problem["rule"], problem["line"], problem["column"], problem["length"]) == ("unknown-tone", 11, 39, 4)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param([], "policy.schema.json", id="policy"),
        pytest.param(["--overlay"], "overlay.schema.json", id="overlay"),
    ],
)
def test_the_schema_is_printed_as_it_lies_in_the_checkout(options: list[str], name: str) -> None:
    result = CliRunner().invoke(schema, options)
    assert result.exit_code == 0
    assert result.output == (STANDARD.parents[1] / "schemas" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["github", "sarif", "junit"])
def test_a_ci_reads_the_same_findings_and_the_same_code(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, SMALL.replace("tone: firm", "tone: frim"), "bad.yaml")
    result = run(path, "--format", form)
    assert result.exit_code == 3
    match form:
        case "github":
            (error,) = result.output.splitlines()
            assert error.startswith(f"::error file={path.as_posix()},line=11,col=39,endLine=11,endColumn=43,")
        case "sarif":
            (sarif,) = json.loads(result.output)["runs"]
            assert [(r["ruleId"], r["level"]) for r in sarif["results"]] == [("unknown-tone", "error")]
            assert sarif["invocations"][0]["exitCode"] == 3
        case _:
            (case,) = ET.fromstring(result.output).iter("testcase")
            assert (case.get("name"), case.get("line")) == ("unknown-tone", "11")
            assert case.find("failure") is not None


def test_what_only_warns_is_a_remark_of_a_test_report(tmp_path: Path) -> None:
    result = run(write(tmp_path, SMALL, "good.yaml"), "--format", "junit")
    assert result.exit_code == 0
    root = ET.fromstring(result.output)
    assert root.get("failures") == "0"
    cases = {case.get("name"): case.find("system-out") is not None for case in root.iter("testcase")}
    assert cases["no-duties"] is True
    assert cases["loads"] is False
    assert {check.name for check in CATALOGUE} <= set(cases)


def test_what_was_found_is_counted_with_a_name_to_read_about(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "a.yaml")
    write(tmp_path, SMALL.replace("days: 30", "days: no"), "b.yaml")
    lines = run(tmp_path).output.splitlines()
    (counted,) = (number for number, line in enumerate(lines) if line.startswith("1 error"))
    assert lines[counted].startswith("1 error, 1 warning in 2 files")
    assert lines[counted - 1] == lines[counted + 1] == ""


def test_a_name_that_was_nearly_right_is_suggested() -> None:
    result = run("--explain", "stage-never-act")
    assert result.exit_code == 2
    assert "did you mean `stage-never-acts`?" in result.output


def test_a_page_is_shown_and_nothing_is_checked() -> None:
    result = run("no-such-file.yaml", "--explain", "stage-never-acts")
    assert result.exit_code == 0
    title, *rest = result.output.splitlines()
    assert title == "stage-never-acts: warning"
    assert {"Avoid:", "Prefer:"} <= set(rest)
