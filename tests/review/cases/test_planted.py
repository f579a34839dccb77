"""Faults planted in the running of cases: each makes a case pass that must fail, and the laws notice."""

# ruff: noqa: E501  (a case stays on its line)

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from duly.language.policy import Policy
from duly.review.cases import run as running
from duly.review.cases import walk as walking
from duly.review.cases.deeds import Seen
from duly.review.cases.run import Finding
from tests.review.cases.written import result_of, standard

LATE = "customer: {days_past_due: 45, past_due: 300, executed: {courtesy: 41, reminder: 30, second_reminder: 15}}\n"
RUN = (
    "ledger: {customers: [{since: 2020-01-01}], invoices: [{amount: 900.00, due_date: 2026-01-01}]}\n"
    "from: 2026-01-01\nuntil: 2026-01-20\n"
)

MUST_FAIL = {
    "an-unexpected-action": f"{LATE}expect: {{actions: [{{email: demand}}]}}\n",
    "an-action-that-is-missing": f"{LATE}expect: {{actions: [{{email: demand}}, {{letter: demand}}, {{hold: credit}}]}}\n",
    "a-wrong-word": f"{LATE}expect: {{tone: firm, actions: any}}\n",
    "a-wrong-rule": f"{LATE}expect: {{actions: any, by: [reminder]}}\n",
    "a-wrong-reason": f"{LATE}expect: {{actions: any, withheld: {{demand: gap}}}}\n",
    "a-day-that-nobody-looks-at": (
        "ledger: {invoices: [{amount: 900.00, invoice_date: 2026-01-10, due_date: 2026-02-01}]}\n"
        "day: 2026-01-09\nexpect: {step: none}\n"
    ),
    "a-day-of-which-nothing-is-expected": f"{RUN}expect: {{2026-01-16: {{actions: [{{email: reminder}}]}}}}\n",
    "what-was-carried-out-is-not-proposed-again": (
        f"{RUN}expect: {{2026-01-05: {{actions: [{{email: courtesy}}]}}, 2026-01-16: {{actions: [{{email: courtesy}}]}}}}\n"
    ),
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return standard()


def those_that_pass(policy: Policy) -> set[str]:
    """Of the cases that must fail, those that do not."""
    return {name for name, case in MUST_FAIL.items() if result_of(case, policy).passed}


def test_without_a_fault_all_of_them_fail(policy: Policy) -> None:
    assert those_that_pass(policy) == set()


def unexpected_actions_are_ignored(*arguments: object) -> Iterator[Finding]:
    return (f for f in ACTIONS(*arguments) if f.expected != "nothing")  # type: ignore[arg-type]


def missing_actions_are_ignored(*arguments: object) -> Iterator[Finding]:
    return (f for f in ACTIONS(*arguments) if f.expected == "nothing")  # type: ignore[arg-type]


def nothing_is_found(*_: object) -> Iterator[Finding]:
    return iter(())


def every_word_is_as_expected(day: Seen, what: str) -> object:
    return {"tone": "firm"}.get(what, SAID(day, what))


def nothing_is_carried_out(walk: walking._Walking, *_: object) -> object:
    return walk.rows


ACTIONS, SAID = running._actions, running._said

FAULTS: dict[str, tuple[object, str, Callable[..., object], set[str]]] = {
    "unexpected-actions-are-ignored": (running, "_actions", unexpected_actions_are_ignored, {"an-unexpected-action"}),
    "missing-actions-are-ignored": (running, "_actions", missing_actions_are_ignored, {"an-action-that-is-missing"}),
    "words-are-not-compared": (running, "_said", every_word_is_as_expected, {"a-wrong-word"}),
    "rules-are-not-compared": (running, "_deciders", nothing_is_found, {"a-wrong-rule"}),
    "reasons-are-not-compared": (running, "_withheld", nothing_is_found, {"a-wrong-reason"}),
}


@pytest.mark.parametrize(("module", "name", "fault", "unnoticed"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_lets_a_case_pass_that_must_fail(
    policy: Policy,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    fault: Callable[..., object],
    unnoticed: set[str],
) -> None:
    monkeypatch.setattr(module, name, fault)
    assert unnoticed <= those_that_pass(policy)


def test_days_of_which_nothing_is_expected_would_pass_if_they_were_free(policy: Policy) -> None:
    case = MUST_FAIL["a-day-of-which-nothing-is-expected"].replace("expect:", "other_days: anything\nexpect:")
    assert result_of(case, policy).passed


def test_a_run_that_carries_nothing_out_proposes_the_same_again(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking._Walking, "carried_out", nothing_is_carried_out)
    case = MUST_FAIL["what-was-carried-out-is-not-proposed-again"].replace("expect:", "other_days: anything\nexpect:")
    assert result_of(case, policy).passed


def test_a_result_without_findings_is_the_only_one_that_passed(policy: Policy) -> None:
    failed = result_of(MUST_FAIL["a-wrong-word"], policy)
    assert not failed.passed
    assert replace(failed, findings=()).passed
