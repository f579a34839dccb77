"""The hooks and the Action, run as a CI runs them: by their own files, in a repository, with a runner's environment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from duly_cli.main import COMMANDS, main
from tests.language.policies import SMALL
from tests.replay import CHECKOUT, program
from tests.review.repository import ALONE, Repository, new_repository

HOOKS: Mapping[str, Any] = {
    hook["id"]: hook for hook in yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))

PROMISE = "guarantees:\n  firm_late: {never: {tone: firm, days_past_due: {below: 30}}}\n"
# A hold that is released as soon as nothing is past due is placed only where something is.
POLICY = (
    SMALL.replace("{days_past_due: {at_least: 60}}", "{days_past_due: {at_least: 60}, past_due: {over: 0}}") + PROMISE
)

BROKEN = {
    "check": POLICY.replace("tone: firm,", "tone: frim,", 1),
    "fmt": POLICY.replace("tones: [friendly, firm]", "tones:   [friendly,firm]"),
    "prove": POLICY.replace("demand: {after: {days: 30}", "demand: {after: {days: 29}"),
}
"""The policy with one thing wrong, by who finds it."""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A team's repository with one policy, and `duly` on the path."""
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    path = program(tmp_path / "bin").parent
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    team = new_repository(tmp_path / "team")
    team.write(POLICY)
    team.write("approvers: {}\n", "policies/approvers.yaml")
    write_templates(team)
    team.commit("Begin")
    return team


def write_templates(team: Repository) -> None:
    """The wording of what the policy sends."""
    for kind, name in (("email", "reminder"), ("letter", "demand")):
        for source in sorted((CHECKOUT / "templates" / "en" / kind).glob(f"{name}.*")):
            team.write(source.read_text(encoding="utf-8"), f"templates/en/{kind}/{source.name}")
    for name in ("lexicon.yaml", "en/phrases.yaml"):
        team.write((CHECKOUT / "templates" / name).read_text(encoding="utf-8"), f"templates/{name}")


# The hooks.


def run_hook(id_: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What comes of a hook, run as pre-commit runs it: its entry, split as a shell would, and its arguments."""
    command = [*shlex.split(HOOKS[id_]["entry"]), *HOOKS[id_]["args"]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("id_", HOOKS)
def test_a_hook_lets_what_is_in_order_pass(id_: str, team: Repository) -> None:
    done = run_hook(id_, team.path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("finds", BROKEN)
def test_a_hook_stops_what_it_is_for(finds: str, team: Repository) -> None:
    team.write(BROKEN[finds])
    assert run_hook(f"duly-{finds}", team.path).returncode != 0


def test_one_policy_that_breaks_its_promise_is_not_hidden_by_the_next(team: Repository) -> None:
    team.write(BROKEN["prove"], "policies/a.yaml")
    assert run_hook("duly-prove", team.path).returncode == 1


def test_a_case_that_fails_stops_the_hook(team: Repository) -> None:
    team.write(
        "duly_cases: 1\ncases:\n  late: {customer: {days_past_due: 10, past_due: 300}, expect: {stage: demand}}\n",
        "policies/standard.cases.yaml",
    )
    done = run_hook("duly-test", team.path)
    assert done.returncode != 0
    assert "demand" in done.stdout + done.stderr


@pytest.mark.parametrize("id_", HOOKS)
def test_a_hook_runs_for_the_files_that_it_reads(id_: str) -> None:
    pattern = re.compile(HOOKS[id_]["files"])
    assert pattern.search("policies/standard.yaml")
    assert pattern.search("credit/policies/standard.cases.yaml")
    assert not pattern.search("book/invoices.csv")
    assert bool(pattern.search("templates/en/email/courtesy.md.j2")) is (id_ == "duly-check")


@pytest.mark.parametrize("id_", HOOKS)
def test_a_hook_calls_a_verb_that_there_is(id_: str) -> None:
    assert set(re.findall(r"\bduly (\w+)", HOOKS[id_]["entry"])) <= set(COMMANDS)


def test_the_hooks_that_a_new_folder_has_let_its_own_policy_pass(team: Repository) -> None:
    assert CliRunner().invoke(main, ["init", str(team.path / "new")]).exit_code == 0
    config = yaml.safe_load((team.path / "new" / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [repo] = config["repos"]
    assert {hook["id"] for hook in repo["hooks"]} <= set(HOOKS)
    for hook in repo["hooks"]:
        done = subprocess.run(shlex.split(hook["entry"]), cwd=team.path / "new", capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


# The Action.


@dataclass
class Ran:
    """What came of a run of the Action: each step's exit code, what it printed, and the job's page."""

    codes: dict[str, int] = field(default_factory=dict)
    printed: str = ""
    page: str = ""


def run_action(
    team: Repository, tmp_path: Path, event: Mapping[str, str] | None = None, *, only: str = "", **inputs: str
) -> Ran:
    """The Action's own steps, with a runner's shell, files and environment; what installs duly is left out."""
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | {"install": "false"}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    runner = tmp_path / "runner"
    (runner / "temp" / "duly").mkdir(parents=True)
    (runner / "page").write_text("")
    outputs: dict[str, str] = {}
    ran = Ran()
    for step in ACTION["runs"]["steps"]:
        if step.get("if") == "inputs.install == 'true'" or (only and step["name"] != only):
            continue
        assert "if" not in step
        (runner / "output").write_text("")
        env = {
            "RUNNER_TEMP": str(runner / "temp"),
            "GITHUB_OUTPUT": str(runner / "output"),
            "GITHUB_STEP_SUMMARY": str(runner / "page"),
            **{name: resolved(text, given, outputs, event or {}) for name, text in step["env"].items()},
        }
        (runner / "step.sh").write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(runner / "step.sh")],
            cwd=team.path,
            env=os.environ | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        ran.codes[step["name"]] = done.returncode
        ran.printed += done.stdout
        for line in (runner / "output").read_text().splitlines():
            name, _, value = line.partition("=")
            outputs[f"steps.{step['id']}.outputs.{name}"] = value
        if done.returncode:
            break
    ran.page = (runner / "page").read_text()
    return ran


def compared(team: Repository, tmp_path: Path, event: Mapping[str, str] | None = None, **inputs: str) -> str:
    """What the step that compares has put down for the page."""
    ran = run_action(team, tmp_path, event, only="Compare", **inputs)
    assert ran.codes == {"Compare": 0}, ran.printed
    return (tmp_path / "runner" / "temp" / "duly" / "diff.md").read_text()


def resolved(text: str, inputs: Mapping[str, str], outputs: Mapping[str, str], event: Mapping[str, str]) -> str:
    """An expression as GitHub gives it: the first of its alternatives that is not empty."""
    found = re.fullmatch(r"\$\{\{ (.*) \}\}", text)
    assert found is not None
    known = {f"inputs.{name}": value for name, value in inputs.items()} | dict(outputs)
    known |= {f"github.event.{name}": event.get(name, "") for name in ("pull_request.base.sha", "before")}
    return next((value for one in found[1].split(" || ") if (value := known[one])), "")


def test_the_page_says_what_a_change_means(team: Repository, tmp_path: Path) -> None:
    before = team.git("rev-parse", "HEAD").strip()
    team.write(POLICY.replace("reminder: {after: {days: 10}", "reminder: {after: {days: 9}"))
    team.commit("Remind a day earlier")
    ran = run_action(team, tmp_path, {"before": before})
    assert set(ran.codes.values()) == {0}, ran.printed
    assert ran.page.startswith("# What the policies say now\n")
    for word in ("check", "fmt", "prove", "test"):
        assert f"| duly {word} | as it should be |\n" in ran.page
    assert "stage reminder, after" in ran.page
    assert "from 9 days past due" in ran.page
    assert "proved" in ran.page


@pytest.mark.parametrize("finds", BROKEN)
def test_what_is_not_in_order_fails_the_job_and_stands_on_the_page(
    finds: str, team: Repository, tmp_path: Path
) -> None:
    team.write(BROKEN[finds])
    team.commit("A slip")
    ran = run_action(team, tmp_path, {"before": team.git("rev-parse", "HEAD~1").strip()}, fail_on="check,fmt,prove")
    assert ran.codes["The job's page"] == 1
    assert f"| duly {finds} | **not as it should be** (exit " in ran.page
    assert f"\n## duly {finds}\n\n    " in ran.page
    if finds == "check":
        assert "::error file=policies/standard.yaml,line=" in ran.printed
        assert "The versions could not be compared:" in ran.page


def test_none_makes_a_page_alone(team: Repository, tmp_path: Path) -> None:
    team.write(BROKEN["prove"])
    team.write("title: not a policy\n", "policies/other.yaml")
    ran = run_action(team, tmp_path, fail_on="none")
    assert set(ran.codes.values()) == {0}
    assert "| duly prove | **not as it should be** (exit " in ran.page


def test_a_word_that_means_nothing_is_refused(team: Repository, tmp_path: Path) -> None:
    ran = run_action(team, tmp_path, fail_on="check,prof")
    assert ran.codes == {"What is to fail the job": 2}


NO_BASE = [
    pytest.param({}, "There is no earlier version to compare with.", id="nothing was said"),
    pytest.param({"before": "0" * 40}, "There is no earlier version to compare with.", id="a new branch"),
    pytest.param({"before": "1" * 40}, "is not in this clone and could not be fetched.", id="a commit that is gone"),
    pytest.param({"before": "--output=x"}, "is not in this clone and could not be fetched.", id="an option"),
]


@pytest.mark.parametrize(("event", "said"), NO_BASE)
def test_without_a_version_to_compare_with_the_page_says_so(
    event: dict[str, str], said: str, team: Repository, tmp_path: Path
) -> None:
    assert said in compared(team, tmp_path, event)
    assert team.git("status", "--porcelain") == ""


def test_the_version_to_compare_with_is_fetched_where_the_clone_is_shallow(team: Repository, tmp_path: Path) -> None:
    before = team.git("rev-parse", "HEAD").strip()
    team.write(POLICY.replace("reminder: {after: {days: 10}", "reminder: {after: {days: 9}"))
    team.commit("Remind a day earlier")
    team.git("config", "uploadpack.allowAnySHA1InWant", "true")
    team.git("clone", "--quiet", "--depth=1", f"file://{team.path}", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    assert "from 9 days past due" in compared(clone, tmp_path, {"pull_request.base.sha": before})


def test_policies_that_are_new_are_said_to_be(team: Repository, tmp_path: Path) -> None:
    before = team.git("rev-parse", "HEAD").strip()
    team.git("mv", "policies", "credit")
    team.commit("Elsewhere")
    assert "has no such folder: every policy is new." in compared(team, tmp_path, base=before, policies="credit")


def test_what_a_policy_says_is_neither_a_command_to_the_runner_nor_markup(team: Repository, tmp_path: Path) -> None:
    team.write(
        BROKEN["check"].replace("policy: small", 'policy: small\ntitle: "::set-output::x <img src=x> | `"')
        + "\n::error::x\n"
    )
    team.commit("Hostile")
    ran = run_action(team, tmp_path, {"before": team.git("rev-parse", "HEAD~1").strip()})
    assert all(
        line.startswith(("::error file=", "::warning file=")) for line in ran.printed.splitlines() if "::" in line
    )
    assert all(line.startswith("    ") for line in ran.page.splitlines() if "<img" in line or "::error::" in line)


def test_no_step_has_an_input_in_its_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]


def test_every_step_that_runs_says_by_which_shell() -> None:
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"] if "run" in step)
