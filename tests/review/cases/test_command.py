"""`duly test`: what it prints, what it writes, and how it ends."""

# ruff: noqa: E501  (a case stays on its line)

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly_cli.main import main
from tests.language.policies import STANDARD

CASES = """\
duly_cases: 1
cases:
  courtesy_comes_first:
    because: Late is from the fourth day on.
    customer: {days_past_due: 4, past_due: 300}
    expect: {tone: courteous, actions: [{email: courtesy}]}
  fragile_is_met_gently:
    customer: {days_past_due: 45, past_due: 300, relationship: fragile, executed: {courtesy: 40, reminder: 30, second_reminder: 15}}
    expect:
      tone: firm
      actions: [{email: demand}, {letter: demand}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policies of a team, in whose folder everything is run."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "standard.yaml").write_text(STANDARD.read_text(encoding="utf-8"), encoding="utf-8")
    (policies / "standard.cases.yaml").write_text(CASES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return policies


def duly_test(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["test", *arguments])


FAILED = """\
FAILED fragile_is_met_gently  (policies/standard.cases.yaml:7)
  tone  expected firm  found friendly  (policies/standard.cases.yaml:10)
"""


@pytest.mark.parametrize(
    "paths",
    [[], ["policies"], ["policies/standard.yaml"], ["policies/standard.cases.yaml"]],
    ids=["nothing-named", "a-folder", "a-policy", "its-cases"],
)
def test_what_was_expected_stands_beside_what_was_found(paths: list[str]) -> None:
    result = duly_test(*paths)
    assert result.exit_code == 1
    assert result.output.startswith(FAILED)
    # The lines of the policy that brought it about, the limit's own among them.
    lines = STANDARD.read_text(encoding="utf-8").splitlines()
    limit = next(n for n, line in enumerate(lines, 1) if "fragile_relationship" in line)
    assert "    because tone limit fragile_relationship: at most friendly: `relationship` fragile" in result.output
    assert f"(policies/standard.yaml:{limit})" in result.output
    assert result.output.endswith("policies/standard.yaml: 1 case failed, 1 passed\n")


def test_all_as_expected_ends_well() -> None:
    result = duly_test("--filter", "courtesy")
    assert (result.exit_code, result.output) == (0, "policies/standard.yaml: 1 case passed\n")


def test_a_filter_that_fits_nothing_is_a_mistake_and_no_success() -> None:
    result = duly_test("--filter", "curtesy")
    assert result.exit_code == 2
    assert "no case has `curtesy` in its name" in result.output


def test_a_policy_without_cases_is_said(folder: Path) -> None:
    (folder / "standard.cases.yaml").unlink()
    result = duly_test()
    said = "policies/standard.yaml: no cases; they would be in policies/standard.cases.yaml\n"
    assert (result.exit_code, result.output) == (0, said)


def test_nothing_was_seen_of_a_policy_without_cases(folder: Path) -> None:
    (folder / "standard.cases.yaml").unlink()
    result = duly_test("--threshold", "1")
    said = "no cases, so that nothing of it was seen; they would be in policies/standard.cases.yaml"
    assert (result.exit_code, result.output) == (1, f"policies/standard.yaml: {said}\n")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        pytest.param("standard.cases.yaml", CASES.replace("firm", "frim"), "did you mean `firm`?", id="cases"),
        pytest.param("standard.yaml", "duly: 1\n", "missing-key", id="policy"),
        pytest.param("nroth.cases.yaml", CASES, "there is no policy `nroth.yaml`", id="cases-of-no-policy"),
    ],
)
def test_what_cannot_be_loaded_is_said_and_nothing_is_run(folder: Path, file: str, text: str, said: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    result = duly_test()
    assert result.exit_code == 3
    assert said in result.output
    assert "FAILED" not in result.output


def test_what_was_not_seen_is_listed_with_its_place() -> None:
    result = duly_test("--filter", "courtesy", "--coverage")
    assert result.exit_code == 0
    assert "policies/standard.yaml: seen 2 of 41 rules" in result.output
    assert "hold credit: place" in result.output
    assert "never seen: `days_past_due` 49" in result.output


@pytest.mark.parametrize(("threshold", "code"), [("1", 0), ("100", 1)], ids=["reached", "not-reached"])
def test_too_little_seen_is_a_failure(threshold: str, code: int) -> None:
    result = duly_test("--filter", "courtesy", "--threshold", threshold)
    assert result.exit_code == code
    assert ("less than 100 per cent of rules and of outcomes and of boundaries" in result.output) is bool(code)


def test_a_ci_reads_the_results_as_junit(folder: Path) -> None:
    result = duly_test("--junit", "report.xml")
    assert result.exit_code == 1
    root = ET.fromstring((folder.parent / "report.xml").read_text(encoding="utf-8"))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    passed, failed = root.iter("testcase")
    assert (passed.get("name"), passed.find("failure")) == ("courtesy_comes_first", None)
    assert (failed.get("file"), failed.get("line")) == ("policies/standard.cases.yaml", "7")
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "tone: expected firm, found friendly"


def test_a_report_that_cannot_be_written_is_a_mistake_and_no_failed_case() -> None:
    result = duly_test("--junit", "nowhere/report.xml")
    assert result.exit_code == 2
    assert "`nowhere/report.xml`: no such file or directory" in result.output


def test_a_program_reads_the_results_as_json() -> None:
    (policy,) = json.loads(duly_test("--format", "json", "--coverage").output)["policies"]
    assert (policy["passed"], policy["failed"], policy["cases_file"]) == (1, 1, "policies/standard.cases.yaml")
    (finding,) = policy["cases"][1]["findings"]
    assert (finding["about"], finding["expected"], finding["found"], finding["line"]) == (
        "tone",
        "firm",
        "friendly",
        10,
    )
    assert policy["coverage"]["rules"] == {"seen": 4, "all": 41}
    assert policy["coverage"]["missing"][0]["rule"] == "segment strategic"


def test_the_same_input_gives_the_same_output() -> None:
    first, second = (duly_test("--coverage", "--format", "json").output for _ in range(2))
    assert first == second


def test_help_names_what_else_can_be_tested() -> None:
    output = duly_test("--help").output
    assert "generate" in output
    assert "mutate" in output
