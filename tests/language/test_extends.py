"""One policy file on top of another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from duly.language.conditions import Compare, Op
from duly.language.policy import Policy
from tests.language.policies import SMALL, load_text, marked, problems_of, write

LOWER = SMALL + "tone_limits:\n  large: {when: {segment: large}, at_most: friendly}\n"


def over(folder: Path, upper: str) -> Policy:
    """The policy of a file that is laid over the small one."""
    write(folder, LOWER, "lower.yaml")
    return load_text(folder, "duly: 1\nextends: lower.yaml\n" + upper)


def test_what_the_upper_file_says_wins_and_the_rest_stays(tmp_path: Path) -> None:
    policy = over(tmp_path, "policy: upper\nlate: {grace_days: 5}\n")
    assert (policy.id, policy.late.grace_days, policy.currency) == ("upper", 5, "USD")


def test_a_rule_is_changed_by_its_name_key_by_key(tmp_path: Path) -> None:
    policy = over(tmp_path, "ladder: {stages: {demand: {tone: friendly}}}\n")
    reminder, demand = policy.ladders[0].stages
    assert (demand.tone, demand.send[0].template) == ("friendly", "demand")
    assert reminder.id == "reminder"


def test_a_condition_is_replaced_whole(tmp_path: Path) -> None:
    policy = over(tmp_path, "segments: {large: {when: {annual_sales: {over: 5}}}}\n")
    assert policy.segments[0].when == Compare("annual_sales", Op.OVER, 500)


def test_a_rule_can_be_taken_out(tmp_path: Path) -> None:
    assert over(tmp_path, "tone_limits: {large: {remove: true}}\n").tone_limits == ()


def test_a_key_of_a_rule_can_be_taken_out(tmp_path: Path) -> None:
    policy = over(tmp_path, "ladder: {stages: {demand: {after: {remove: true}}}}\n")
    assert policy.ladders[0].stages[1].after is None


@pytest.mark.parametrize(
    ("upper", "order"),
    [
        pytest.param("new: {}", ["reminder", "demand", "new"], id="alone-it-comes-last"),
        pytest.param("new: {}, demand: {}", ["reminder", "new", "demand"], id="before-the-next-that-both-have"),
        pytest.param("a: {}, b: {}, reminder: {}", ["a", "b", "reminder", "demand"], id="several"),
        pytest.param("demand: {}, reminder: {}", ["reminder", "demand"], id="what-is-below-keeps-its-order"),
    ],
)
def test_a_new_stage_stands_where_the_upper_file_writes_it(tmp_path: Path, upper: str, order: list[str]) -> None:
    stages = upper.replace("new: {}", "new: {task: {collector: phone_call}}")
    stages = stages.replace("a: {}", "a: {task: {collector: phone_call}}")
    stages = stages.replace("b: {}", "b: {task: {collector: phone_call}}")
    policy = over(tmp_path, f"ladder: {{stages: {{{stages}}}}}\n")
    assert [stage.id for stage in policy.ladders[0].stages] == order


def test_every_value_keeps_the_place_where_it_was_written(tmp_path: Path) -> None:
    upper = marked("duly: 1\nextends: lower.yaml\nladder: {stages: {demand: {tone: «friendly»}}}\n")
    lower = marked(LOWER.replace("after: {days: 30}", "after: {days: «30»}"))
    write(tmp_path, lower.text, "lower.yaml")
    policy = load_text(tmp_path, upper.text, "upper.yaml")
    tone, days = policy.places["/ladder/stages/demand/tone"], policy.places["/ladder/stages/demand/after/days"]
    assert (tone.file, tone.line, tone.column) == ((tmp_path / "upper.yaml").as_posix(), upper.line, upper.column)
    assert (days.file, days.line, days.column) == ((tmp_path / "lower.yaml").as_posix(), lower.line, lower.column)
    assert set(policy.files) == set(policy.lines) == {tone.file, days.file}


def test_the_digest_is_of_all_files_the_policy_first(tmp_path: Path) -> None:
    upper = "duly: 1\nextends: lower.yaml\n"
    policy = over(tmp_path, "")
    assert policy.files[0].endswith("policy.yaml")
    assert policy.digest == hashlib.sha256((upper + LOWER).encode()).hexdigest()


def test_a_chain_of_files_is_laid_one_over_the_other(tmp_path: Path) -> None:
    write(tmp_path, LOWER, "lower.yaml")
    (tmp_path / "teams").mkdir()
    write(tmp_path / "teams", "duly: 1\nextends: ../lower.yaml\nlate: {grace_days: 1}\n", "middle.yaml")
    (tmp_path / ".git").mkdir()
    write(tmp_path, "duly: 1\nextends: teams/middle.yaml\npolicy: upper\n", "upper.yaml")
    policy = load_text(tmp_path, (tmp_path / "upper.yaml").read_text(encoding="utf-8"))
    assert (policy.id, policy.late.grace_days, len(policy.files)) == ("upper", 1, 3)


def test_a_mistake_below_is_shown_in_the_file_below(tmp_path: Path) -> None:
    write(tmp_path, LOWER.replace("tone: firm", "tone: frim"), "lower.yaml")
    (problem,) = problems_of(tmp_path, "duly: 1\nextends: lower.yaml\n")
    assert (problem.rule, Path(problem.span.file).name) == ("unknown-tone", "lower.yaml")
    assert "frim" in problem.line


@pytest.mark.parametrize(
    ("upper", "rule"),
    [
        pytest.param("extends: «lower.yml»", "cannot-read", id="no-such-file"),
        pytest.param("extends: «folder»", "not-a-file", id="folder"),
        pytest.param("extends: «../lower.yaml»", "extends-outside", id="above-the-project"),
        pytest.param("extends: «/etc/hostname»", "extends-outside", id="absolute"),
        pytest.param('extends: «"~/lower.yaml"»', "extends-outside", id="home"),
        pytest.param("extends: «link.yaml»", "extends-outside", id="link-out-of-the-project"),
        pytest.param("extends: «policy.yaml»", "extends-itself", id="itself"),
        pytest.param("extends: «circle.yaml»", "extends-itself", id="circle"),
        pytest.param("extends: lower.yaml\nsales: {«no_such»: {remove: true}}", "nothing-to-remove", id="not-there"),
        pytest.param("extends: lower.yaml\nlate: {grace_days: «x»}", "wrong-kind", id="mistake-above"),
    ],
)
def test_what_cannot_be_laid_over_is_refused(tmp_path: Path, upper: str, rule: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "folder").mkdir()
    write(folder, LOWER, "lower.yaml")
    write(tmp_path, LOWER, "lower.yaml")
    (folder / "link.yaml").symlink_to(tmp_path / "lower.yaml")
    write(folder, "duly: 1\nextends: policy.yaml\n", "circle.yaml")
    place = marked(f"duly: 1\n{upper}\n")
    found = problems_of(folder, place.text)
    expected = (rule, place.column)
    assert expected in {(p.rule, p.span.column) for p in found}
    assert all(p.help for p in found)


def test_taking_out_needs_a_file_below(tmp_path: Path) -> None:
    text = SMALL + "tone_limits: {large: {remove: true}}\n"
    assert [p.rule for p in problems_of(tmp_path, text)] == ["nothing-to-remove"]
