"""Checks that say too much or too little are found out: what judges them is red with a fault planted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from duly.language.policy import Policy
from duly.review.check import never
from duly.review.check.catalogue import CATALOGUE, findings
from duly.review.check.looking import Looking
from duly.review.check.never import Reason
from duly.review.check.solver import Solver
from tests.review.check.generated import generated
from tests.review.check.judge import assert_inert, judged, told
from tests.review.check.test_seeded import SEEDS, STANDARD, planted

DAY = date(2026, 11, 22)
POLICY = generated(1)


def test_without_a_fault_the_judge_agrees() -> None:
    assert told(findings(Looking(POLICY, DAY))) == judged(POLICY)


def test_a_check_that_calls_a_rule_dead_which_acts_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ("points", POLICY.worklist[0].id, "")
    monkeypatch.setattr(Looking, "idle", frozenset({wrong}))
    said = told(findings(Looking(POLICY, DAY)))
    assert said - judged(POLICY) == {("points-never-given", POLICY.worklist[0].id)}


def test_a_check_that_takes_what_matters_for_inert_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Looking, "idle", frozenset())
    monkeypatch.setattr(Solver, "never", lambda *_: True)
    with pytest.raises(AssertionError, match="seed 1"):
        assert_inert(POLICY, Looking(POLICY, DAY), 1)


def test_checks_that_say_nothing_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Solver, "never", lambda *_: False)
    monkeypatch.setattr(Solver, "can", lambda *_: False)
    wrong = [
        seed for seed in range(0, 100, 5) if told(findings(Looking(generated(seed), DAY))) != judged(generated(seed))
    ]
    assert wrong != []


def test_a_check_that_blames_whatever_there_is_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def blame_all(policy: Policy, reasons: Sequence[Reason], _: object) -> tuple[Policy, Sequence[Reason]]:
        return policy, reasons

    monkeypatch.setattr(never, "_needed", blame_all)
    (tmp_path / "standard.yaml").write_text(STANDARD, encoding="utf-8")
    check = next(check for check in CATALOGUE if check.name == "segment-never-reached")
    seed = next(seed for seed in SEEDS if seed.check == check.name)
    assert "new" in planted(seed, tmp_path, check)
