"""`duly test mutate` and `duly test generate` as people run them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly_cli.main import main
from tests.review.mutate.small import CASES, SMALL


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy with cases beside it that leave something out."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    cases_of(path).write_text(f"# Kept by hand.\n{CASES}", encoding="utf-8")
    return path


def cases_of(policy: Path) -> Path:
    return policy.with_name("small.cases.yaml")


def duly(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, words)])


def test_what_is_not_noticed_is_shown_on_a_customer(policy: Path) -> None:
    ran = duly("mutate", policy)
    assert ran.exit_code == 1
    lines = ran.output.splitlines()
    assert lines[:2] == [f"{policy}: 17 of 36 mistakes noticed (47.2 %)", "  less than 95 per cent"]
    at = lines.index(f"not noticed: ladder.min_days_between: 7 → 6  ({policy}:12)")
    assert lines[at + 1 : at + 4] == [
        "  customer: {past_due: 1000.00, days_past_due: 10, months_as_customer: 24, days_since_last_stage: 6}",
        "    gets      no stage today: the minimum gap since the last stage is not over (stage reminder)",
        "    would get today: stage reminder, tone friendly",
    ]
    assert lines[lines.index(f"not noticed: late.grace_days: 3 → 4  ({policy}:5)") + 1] == "  shows only in a ledger"


@pytest.mark.parametrize(("threshold", "code"), [("47", 0), ("48", 1)])
def test_the_threshold_decides_how_it_ends(policy: Path, threshold: str, code: int) -> None:
    assert duly("mutate", policy, "--threshold", threshold).exit_code == code


def test_some_mistakes_alone_are_made_by_name(policy: Path) -> None:
    ran = duly("mutate", policy, "--filter", "stages.reminder")
    assert (ran.exit_code, ran.output) == (0, f"{policy}: 7 of 7 mistakes noticed (100.0 %)\n")
    proposed = duly("generate", policy, "--filter", "min_days_between").output
    assert "no_reminder_at_6_days_since_last_stage" in proposed
    assert "no_demand_at_29_days_past_due" not in proposed
    ran = duly("mutate", policy, "--filter", "nowhere")
    assert ran.exit_code == 2
    assert "no mistake has `nowhere` in its name" in ran.output


def test_programs_get_every_mistake_and_what_became_of_it(policy: Path) -> None:
    told = json.loads(duly("mutate", policy, "--format", "json").output)
    assert (told["noticed"], told["noticeable"], told["mistakes"]) == (17, 36, 36)
    became = {one["mutant"]: one for one in told["mutants"]}
    assert became["ladder.stages.reminder.tone: friendly → firm"]["case"] == "reminder_from_day_10_on"
    assert became["tone_limits.key_customers: left out"]["became"] == "missed"
    assert became["tone_limits.key_customers: left out"]["customer"].startswith("{past_due: 1000.00")


@pytest.mark.parametrize("command", ["mutate", "generate"])
def test_cases_that_fail_under_the_policy_itself_end_it(policy: Path, command: str) -> None:
    cases_of(policy).write_text(CASES.replace("step: demand", "step: reminder"), encoding="utf-8")
    ran = duly(command, policy)
    assert ran.exit_code == 1
    assert "case `demand_after_a_month` fails under the policy as it is [case-fails]" in ran.output


def test_what_is_written_stands_at_the_end_and_leaves_nothing_to_propose(policy: Path) -> None:
    file = cases_of(policy)
    file.chmod(0o640)
    before = file.read_text(encoding="utf-8")
    ran = duly("generate", policy, "--write")
    assert ran.exit_code == 0
    assert f"wrote 5 cases to {file}: read each before you keep it" in ran.output
    after = file.read_text(encoding="utf-8")
    assert after.startswith(before)
    assert "what the policy does today, not what it ought to do" in after
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert duly(policy).exit_code == 0
    assert "No customer by its facts can show anything" in duly("generate", policy).output
    assert "(80.5 %)" in duly("mutate", policy).output


@pytest.mark.parametrize("command", ["generate", "mutate"])
def test_a_filter_that_fits_no_mistake_is_a_wrong_word_and_no_answer(command: str, policy: Path) -> None:
    ran = duly(command, policy, "--filter", "nothing_like_this")
    assert ran.exit_code == 2
    assert "no mistake has `nothing_like_this` in its name" in ran.output


def test_without_a_file_of_cases_one_is_made(policy: Path) -> None:
    cases_of(policy).unlink()
    shown = duly("generate", policy)
    assert shown.output.startswith("# yaml-language-server")
    assert duly("generate", policy, "--write").exit_code == 0
    assert cases_of(policy).read_text(encoding="utf-8") in shown.output
    assert duly(policy).exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "cases:\n  one: {customer: {}, expect: {segment: other}}\nduly_cases: 1\n", id="cases are not last"
        ),
        pytest.param("duly_cases: 1\ncases: {one: {customer: {}, expect: {segment: other}}}\n", id="in brackets"),
        pytest.param(
            "duly_cases: 1\ncases:\n    one:\n        customer: {}\n        expect: {segment: other}\n", id="indented"
        ),
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_as_it_is(policy: Path, text: str) -> None:
    cases_of(policy).write_text(text, encoding="utf-8")
    ran = duly("generate", policy, "--write")
    assert ran.exit_code == 3
    assert "[cannot-append]" in ran.output
    assert cases_of(policy).read_text(encoding="utf-8") == text
