"""The reward of a policy: exact terms, mistakes named where they stand, and contradictions that `duly check` finds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.language.load import load_policy
from duly.language.policy import Commission, Reward, TeamBonus
from duly.language.reward import reward_problems
from duly.source import Severity
from duly_cli.check import command as check
from tests.language.policies import SMALL, load_text, marked, problems_of, write


def with_reward(reward: str, *, pair_by: str = "pair_by: region, ") -> str:
    return f"{SMALL}together: {{{pair_by}reward: {{{reward}}}}}\n"


GOAL = "on_time_share: {at_least_pct: 90}"


def test_per_cents_are_exact_and_sums_are_in_minor_units(tmp_path: Path) -> None:
    text = with_reward(
        f"{GOAL}, salesperson_pct: 0.1, collector_pct: 0.05, commission: {{pct: 2.5, held_back_until_paid_pct: 60}}, "
        "team_bonus: {amount: 500, at_least_pct: 95}, per_quarter: {at_least: 100, at_most: 2000.50}"
    )
    assert load_text(tmp_path, text).together.reward == Reward(
        on_time_at_least_pct=90,
        salesperson_pct=Fraction(1, 10),
        collector_pct=Fraction(1, 20),
        commission=Commission(pct=Fraction(5, 2), held_back_until_paid_pct=Fraction(60)),
        team_bonus=TeamBonus(amount=50_000, at_least_pct=95),
        at_least=10_000,
        at_most=200_050,
    )


def test_a_commission_waits_whole_for_the_payment_where_nothing_else_is_said(tmp_path: Path) -> None:
    reward = load_text(tmp_path, with_reward(f"{GOAL}, commission: {{pct: 2}}")).together.reward
    assert reward is not None
    assert reward.commission == Commission(pct=Fraction(2), held_back_until_paid_pct=Fraction(100))


def test_a_policy_without_a_reward_has_none(tmp_path: Path) -> None:
    assert load_text(tmp_path, SMALL).together.reward is None


@pytest.mark.parametrize(
    ("reward", "rule"),
    [
        pytest.param(f"{GOAL}, salesperson_pct: «100.01»", "out-of-bounds", id="more-than-the-whole"),
        pytest.param(f"{GOAL}, commission: {{pct: 1, held_back_until_paid_pct: «101»}}", "out-of-bounds", id="held"),
        pytest.param("on_time_share: {at_least_pct: «101»}, salesperson_pct: 1", "out-of-bounds", id="goal"),
        pytest.param(f"{GOAL}, salesperson_pct: «one»", "bad-per-cent", id="a-word"),
        pytest.param(f"{GOAL}, salesperson_pct: «-1»", "bad-per-cent", id="negative"),
        pytest.param(f"{GOAL}, per_quarter: {{at_least: 10, «at_most»: 9.99}}", "cap-below-floor", id="cap"),
        pytest.param(f"{GOAL}, per_quarter: {{at_least: «-1»}}", "negative-amount", id="negative-floor"),
        pytest.param(f"{GOAL}, «salesman_pct»: 1", "unknown-key", id="unknown"),
        pytest.param(f"{GOAL}, team_bonus: {{amount: 1, at_least_pct: 1, «of»: 2}}", "unknown-key", id="inside"),
        pytest.param(f"{GOAL}, commission: {{held_back_until_paid_pct: 1}}", "missing-key", id="no-per-cent"),
    ],
)
def test_a_mistake_in_a_reward_is_named_where_it_stands(tmp_path: Path, reward: str, rule: str) -> None:
    text = with_reward(reward)
    problems = [p for p in problems_of(tmp_path, text.replace("«", "").replace("»", "")) if p.rule == rule]
    assert problems
    assert all(problem.help and problem.line for problem in problems)
    if "«" in text:
        place = marked(text)
        assert (place.line, place.column) in {(p.span.line, p.span.column) for p in problems}


@pytest.mark.parametrize(
    "bounds", ["{at_least: 10, at_most: 10}", "{at_least: 10}", "{at_most: 10}"], ids=["equal", "floor", "cap"]
)
def test_a_floor_up_to_the_cap_is_no_mistake(tmp_path: Path, bounds: str) -> None:
    load_text(tmp_path, with_reward(f"{GOAL}, salesperson_pct: 100, per_quarter: {bounds}"))


BONUS = "team_bonus: {amount: 10, at_least_pct: 95}"


@pytest.mark.parametrize(
    ("reward", "pair_by", "expected"),
    [
        pytest.param(f"{GOAL}, salesperson_pct: 1", True, {}, id="honest"),
        pytest.param(GOAL, True, {"reward-for-nobody": "error"}, id="nobody"),
        pytest.param(f"{GOAL}, salesperson_pct: 0.0", True, {"reward-for-nobody": "error"}, id="nothing-for-anybody"),
        pytest.param(f"{GOAL}, {BONUS}", True, {}, id="bonus"),
        pytest.param(f"{GOAL}, {BONUS}", False, {"bonus-without-pairs": "error"}, id="bonus-without-pairs"),
        pytest.param(
            "on_time_share: {at_least_pct: 0}, salesperson_pct: 1", True, {"goal-of-nothing": "warning"}, id="no-goal"
        ),
        pytest.param("on_time_share: {at_least_pct: 1}, salesperson_pct: 1", True, {}, id="least-goal"),
        pytest.param(f"{GOAL}, collector_pct: 1", True, {"rewards-chasing-alone": "warning"}, id="chasing"),
        pytest.param(f"{GOAL}, collector_pct: 1, {BONUS}", True, {}, id="chasing-and-bonus"),
        pytest.param(
            f"{GOAL}, commission: {{pct: 1, held_back_until_paid_pct: 0}}",
            True,
            {"rewards-unpaid-sales": "warning"},
            id="paid-before-the-customer-pays",
        ),
        pytest.param(f"{GOAL}, commission: {{pct: 1, held_back_until_paid_pct: 1}}", True, {}, id="a-little-held-back"),
    ],
)
def test_a_reward_that_contradicts_itself_is_found(
    tmp_path: Path,
    reward: str,
    pair_by: bool,  # noqa: FBT001
    expected: dict[str, str],
) -> None:
    text = with_reward(reward, pair_by="pair_by: region, " if pair_by else "")
    policy, _ = load_policy(write(tmp_path, text, "policy.yaml"))
    found = reward_problems(policy)
    assert {problem.rule: problem.severity.value for problem in found} == expected
    assert all(problem.span.line and problem.line and problem.help for problem in found)
    result = CliRunner().invoke(check, [str(tmp_path / "policy.yaml")])
    assert result.exit_code == (3 if any(p.severity is Severity.ERROR for p in found) else 0)
    assert all(f"[{rule}]" in result.output for rule in expected)
