"""Whether a policy does what its cases expect: customers by their facts, and short ledgers."""

from __future__ import annotations

import pytest

from duly.language.policy import Policy
from tests.review.cases.written import result_of, standard, told


@pytest.fixture(scope="module")
def policy() -> Policy:
    return standard()


OLD = "months_as_customer: 20, "
DEMAND = "executed: {courtesy: 41, reminder: 30, second_reminder: 15}"
KEY = f"{OLD}annual_sales: 1000000, executed: {{courtesy: 41, reminder: 30, second_reminder: 15}}"

AS_EXPECTED = {
    "the-day-before-anything-is-late": ("{}", "{step: none, actions: []}"),
    "the-first-late-day": (
        "{days_past_due: 4, past_due: 300}",
        "{segment: new, step: courtesy, tone: courteous, actions: [{email: courtesy}], by: [courtesy]}",
    ),
    "by-letter-where-there-is-no-e-mail": (
        "{days_past_due: 4, past_due: 300, has_email: false}",
        "{actions: [{letter: courtesy, for: collector}]}",
    ),
    "a-demand": (
        f"{{days_past_due: 45, past_due: 250.01, {OLD}{DEMAND}}}",
        "{step: demand, tone: stern, actions: [{email: demand}, {letter: demand}], by: [stage demand]}",
    ),
    "not-for-250": (
        f"{{days_past_due: 45, past_due: 250.00, {OLD}{DEMAND}}}",
        "{step: none, stage: second_reminder, next_stage: small_balance, withheld: {small_balance: not_yet}}",
    ),
    "the-gap": (
        f"{{days_past_due: 45, past_due: 300, {OLD}executed: {{courtesy: 41, reminder: 30, second_reminder: 6}}}}",
        "{put_off: true, withheld: {stage demand: gap}}",
    ),
    "a-key-customer": (
        f"{{days_past_due: 59, past_due: 300, {KEY}}}",
        "{segment: strategic, tone: firm, actions: [{email: demand}, {letter: demand}], by: [demand, strategic_early]}",
    ),
    "a-broken-promise": (
        f"{{days_past_due: 10, past_due: 300, {OLD}broken_promises: 1, executed: {{courtesy: 6}}}}",
        "{points: 20, actions: [{request: broken_promise}], by: [sales broken_promise]}",
    ),
    "nobody-answered": (
        (
            f"{{days_past_due: 10, past_due: 300, {OLD}broken_promises: 1, executed: {{courtesy: 6}}, "
            "sales_asked: [broken_promise]}"
        ),
        "{actions: [{tell: broken_promise, for: sales_manager}], by: [broken_promise]}",
    ),
    "a-hold-that-waits": (
        (
            f"{{days_past_due: 50, past_due: 5000, {OLD}executed: {{courtesy: 45, reminder: 30, second_reminder: 20, "
            "demand: 4}, requests_open: [before_hold]}"
        ),
        "{withheld: {credit: hold_waits, final_notice: not_yet}}",
    ),
    "a-hold-that-falls": (
        (
            f"{{days_past_due: 50, past_due: 5000, {OLD}executed: {{courtesy: 45, reminder: 30, second_reminder: 20, "
            "demand: 4}, requests_answered: [before_hold]}"
        ),
        "{actions: [{hold: credit}], by: [hold credit]}",
    ),
    "a-release": ("{holds: [credit]}", "{actions: [{release: credit}]}"),
    "a-limit": (
        f"{{{OLD}average_days_late: 2, credit_limit: 1000, open_amount: 850}}",
        "{actions: [{limit: raise_good_payer}], by: [credit limit raise_good_payer]}",
    ),
    "a-pause-and-its-task": (
        "{insolvent: true, days_past_due: 4, past_due: 300}",
        (
            "{paused: true, pauses: [insolvent], actions: [{task: file_claim, for: credit_manager}], "
            "withheld: {courtesy: paused}, by: [insolvent]}"
        ),
    ),
    "stood-down": (
        (
            f"{{days_past_due: 90, past_due: 300, {OLD}broken_promises: 1, "
            "executed: {courtesy: 80, reminder: 70, second_reminder: 60, demand: 40, final_notice: 30, referral: 4}}"
        ),
        "{stood_down: true, withheld: {stages: ladder_done}, by: [stand_down]}",
    ),
}


@pytest.mark.parametrize(("customer", "expect"), AS_EXPECTED.values(), ids=AS_EXPECTED)
def test_a_policy_that_does_what_is_expected_passes(policy: Policy, customer: str, expect: str) -> None:
    assert told(result_of(f"customer: {customer}\nexpect: {expect}\n", policy).findings) == []


LATE = f"{{days_past_due: 45, past_due: 300, {OLD}{DEMAND}}}"

OTHERWISE = {
    "another-tone": ("{tone: firm, actions: any}", [("tone", "firm", "stern")]),
    "another-segment": ("{segment: strategic, actions: any}", [("segment", "strategic", "standard")]),
    "an-action-that-is-not-expected": (
        "{step: demand, actions: [{email: demand}]}",
        [("action", "nothing", "letter demand for collector")],
    ),
    "actions-that-nobody-spoke-of": (
        "{step: demand}",
        [("action", "nothing", "letter demand for collector"), ("action", "nothing", "email demand for collector")],
    ),
    "an-action-that-is-expected-twice": (
        "{actions: [{email: demand}, {letter: demand}, {email: demand}]}",
        [("action", "email demand", "nothing")],
    ),
    "an-action-for-somebody-else": (
        "{actions: [{email: demand}, {letter: demand, for: salesperson}]}",
        [
            ("action", "letter demand for salesperson", "letter demand for collector"),
            ("action", "nothing", "letter demand for collector"),
        ],
    ),
    "an-action-that-does-not-come": (
        "{actions: [{email: demand}, {letter: demand}, {request: broken_promise}]}",
        [("action", "request broken_promise", "nothing")],
    ),
    "nothing-is-withheld": (
        "{actions: any, withheld: {demand: gap}}",
        [("withheld demand", "gap", "it is not withheld")],
    ),
    "another-rule": (
        "{actions: any, by: [reminder]}",
        [("deciding rule", "reminder", "stage demand"), ("deciding rule", "nothing", "stage demand")],
    ),
    "a-rule-that-nobody-named": ("{actions: any, by: []}", [("deciding rule", "nothing", "stage demand")]),
    "yes-and-no": ("{actions: any, paused: true}", [("paused", "yes", "no")]),
}


@pytest.mark.parametrize(("expect", "findings"), OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_is_otherwise_than_expected_is_found(
    policy: Policy, expect: str, findings: list[tuple[str, str, str]]
) -> None:
    assert told(result_of(f"customer: {LATE}\nexpect: {expect}\n", policy).findings) == findings


def test_what_is_withheld_without_being_expected_is_found(policy: Policy) -> None:
    result = result_of("customer: {days_past_due: 4, past_due: 49}\nexpect: {withheld: {}}\n", policy)
    assert told(result.findings) == [("withheld", "nothing", "stage courtesy: too_small")]


def test_a_finding_names_the_lines_of_the_policy_that_brought_it_about(policy: Policy) -> None:
    (finding,) = result_of(f"customer: {LATE}\nexpect: {{tone: firm, actions: any}}\n", policy).findings
    assert (finding.span.file, finding.span.line) == ("standard.cases.yaml", 5)
    lines = policy.lines[policy.files[0]]
    assert [lines[why.span.line - 1].split(":")[0].strip() for why in finding.because] == ["late", "after", "demand"]
