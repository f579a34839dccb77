"""What cases have seen of a policy: rules that acted, tests both ways, both sides of every number."""

# ruff: noqa: E501  (a row of the table stays on its line)

from __future__ import annotations

import pytest

from duly.language.policy import Policy
from duly.review.cases.coverage import Coverage, coverage
from duly.review.cases.questions import Kind
from duly.review.cases.run import Runner
from tests.review.cases.written import case_of, policy_of, standard

SMALL = """\
duly: 1
policy: small
currency: USD
late: {grace_days: 3, ignore_below: {account: 50}}
segments:
  large: {when: {annual_sales: {at_least: 1000}}}
  others: {}
pauses:
  silent: {account: {days_since_reply: {below: 5}, insolvent: true}}
  disputed: {invoice: {dispute: open}}
tones: [friendly, firm]
ladder:
  min_days_between: 7
  stages:
    courtesy: {after: {days: 4}, tone: friendly, send: {email: courtesy}}
    demand: {after: {days: 30}, when: {past_due: {over: 250}}, tone: firm, send: {letter: demand}, repeat: {every_days: 20}}
tone_limits:
  large_gently: {when: {segment: large}, at_most: friendly}
sales:
  why: {when: {broken_promises: {at_least: 1}}, ask: find_out_why, within: {business_days: 2}, unanswered: {tell: sales_manager}}
  rest: {when: {executed_stage: demand}, ask: nothing}
holds:
  credit:
    place: {when: {days_past_due: {at_least: 60}}, needs: {request: why, is: answered_or_expired}}
    release: {when: {past_due_with_disputed: 0}}
limits: {contacts_per_customer: {at_most: 2, in_days: 7}}
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_of(SMALL, tmp_path_factory.mktemp("policy"))


def seen_by(policy: Policy, *customers: str, ledgers: tuple[str, ...] = ()) -> Coverage:
    texts = [f"customer: {customer}\nexpect: {{actions: any}}\n" for customer in customers]
    texts += [f"ledger: {ledger}\nexpect: {{actions: any}}\n" for ledger in ledgers]
    runner = Runner(policy)
    return coverage(policy, (day for text in texts for day in runner.days(case_of(text, policy))))


def acted(found: Coverage) -> set[str]:
    return {point.rule for point in found.seen if point.kind is Kind.RULES}


EVERY_RULE = {
    "segment large": "{annual_sales: 1000}",
    "segment others": "{annual_sales: 999.99}",
    "pause silent": "{insolvent: true, days_since_reply: 4}",
    "late: ignore_below": "{days_past_due: 4, past_due: 49.99}",
    "stage courtesy": "{days_past_due: 4, past_due: 50}",
    "stage demand": "{days_past_due: 30, past_due: 250.01, executed: {courtesy: 7}}",
    "stage demand: repeat": "{days_past_due: 50, past_due: 251, executed: {courtesy: 46, demand: 20}}",
    "ladder standard: min_days_between": "{days_past_due: 30, past_due: 250.01, executed: {courtesy: 6}}",
    "limits: contacts_per_customer": "{days_past_due: 4, past_due: 50, contacts_in_window: 2}",
    "tone limit large_gently": "{annual_sales: 1000, days_past_due: 30, past_due: 251, executed: {courtesy: 7}}",
    "sales why": "{broken_promises: 1}",
    "sales why: unanswered": "{sales_asked: [why]}",
    "sales rest": "{days_past_due: 50, past_due: 251, executed: {demand: 2}}",
    "hold credit: needs": "{days_past_due: 60, past_due: 251}",
    "hold credit: place": "{days_past_due: 60, past_due: 251, requests_answered: [why]}",
    "hold credit: release": "{holds: [credit]}",
}


@pytest.mark.parametrize(("rule", "customer"), EVERY_RULE.items(), ids=EVERY_RULE)
def test_a_rule_counts_once_it_has_acted(policy: Policy, rule: str, customer: str) -> None:
    assert rule in acted(seen_by(policy, customer))


def test_every_rule_of_every_layer_is_asked_for(policy: Policy) -> None:
    found = seen_by(policy)
    rules = {point.rule for point in found.points if point.kind is Kind.RULES}
    assert rules == {*EVERY_RULE, "pause disputed"}
    assert found.count(Kind.RULES) == (0, 17)


DOES_NOT_ACT = {
    "a-stage-that-waits": ("stage demand", "{days_past_due: 29, past_due: 251, executed: {courtesy: 7}}"),
    "a-repeat-is-no-first-time": ("stage demand", "{days_past_due: 50, past_due: 251, executed: {demand: 20}}"),
    "a-tone-that-was-mild-already": ("tone limit large_gently", "{annual_sales: 1000, days_past_due: 4, past_due: 50}"),
    "a-hold-that-waits": ("hold credit: place", "{days_past_due: 60, past_due: 251}"),
}


@pytest.mark.parametrize(("rule", "customer"), DOES_NOT_ACT.values(), ids=DOES_NOT_ACT)
def test_a_rule_that_only_could_have_acted_does_not_count(policy: Policy, rule: str, customer: str) -> None:
    assert rule not in acted(seen_by(policy, customer))


def outcomes(found: Coverage, rule: str) -> set[tuple[str, int | bool | None]]:
    points = (p for p in found.seen if p.rule == rule and p.kind is Kind.OUTCOMES)
    return {(point.leaf.fact, point.value) for point in points if point.leaf is not None}


SETTLED: dict[str, tuple[str, set[tuple[str, bool | None]]]] = {
    "both-hold": ("{insolvent: true, days_since_reply: 4}", {("days_since_reply", True), ("insolvent", True)}),
    "one-fails-alone": ("{insolvent: true, days_since_reply: 5}", {("days_since_reply", False)}),
    "the-other-fails-alone": ("{insolvent: false, days_since_reply: 4}", {("insolvent", False)}),
    "both-fail-and-neither-settles-it": ("{insolvent: false, days_since_reply: 5}", set()),
    "unknown": ("{insolvent: true}", {("days_since_reply", None)}),
}


@pytest.mark.parametrize(("customer", "expected"), SETTLED.values(), ids=SETTLED)
def test_a_test_counts_where_it_settles_its_condition(
    policy: Policy, customer: str, expected: set[tuple[str, bool | None]]
) -> None:
    assert outcomes(seen_by(policy, customer), "pause silent") == expected


def numbers(found: Coverage, rule: str) -> set[int | bool | None]:
    return {point.value for point in found.seen if point.rule == rule and point.kind is Kind.BOUNDARIES}


BOUNDARY: dict[str, tuple[str, str, set[int]]] = {
    "segment-below": ("segment large", "{annual_sales: 999.99}", {99_999}),
    "segment-from": ("segment large", "{annual_sales: 1000}", {100_000}),
    "segment-beyond": ("segment large", "{annual_sales: 1000.01}", set()),
    "when-at": ("stage demand: when", "{past_due: 250}", {25_000}),
    "when-over": ("stage demand: when", "{past_due: 250.01}", {25_001}),
    "after-before": ("stage demand: after", "{days_past_due: 29, past_due: 251, executed: {courtesy: 7}}", {29}),
    "after-on": ("stage demand: after", "{days_past_due: 30, past_due: 251, executed: {courtesy: 7}}", {30}),
    "after-not-asked": ("stage demand: after", "{days_past_due: 30, past_due: 250}", set()),
    "gap-before": ("ladder standard: min_days_between", "{days_past_due: 40, past_due: 251, executed: {courtesy: 6}}", {6}),
    "gap-over": ("ladder standard: min_days_between", "{days_past_due: 40, past_due: 251, executed: {courtesy: 7}}", {7}),
    "gap-not-asked": ("ladder standard: min_days_between", "{days_past_due: 9, past_due: 251, executed: {courtesy: 6}}", set()),
    "cap-room": ("limits: contacts_per_customer", "{days_past_due: 4, past_due: 50, contacts_in_window: 1}", {1}),
    "cap-reached": ("limits: contacts_per_customer", "{days_past_due: 4, past_due: 50, contacts_in_window: 2}", {2}),
    "repeat-before": ("stage demand: repeat", "{days_past_due: 50, past_due: 251, executed: {demand: 19}}", {19}),
    "repeat-on": ("stage demand: repeat", "{days_past_due: 50, past_due: 251, executed: {demand: 20}}", {20}),
    "small-below": ("late: ignore_below", "{days_past_due: 4, past_due: 49.99}", {4_999}),
    "small-from": ("late: ignore_below", "{days_past_due: 4, past_due: 50}", {5_000}),
    "equal-to-nothing": ("hold credit: release", "{holds: [credit]}", {0}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "customer", "expected"), BOUNDARY.values(), ids=BOUNDARY)
def test_a_number_counts_once_both_sides_were_seen_where_it_is_asked(
    policy: Policy, rule: str, customer: str, expected: set[int]
) -> None:
    assert numbers(seen_by(policy, customer), rule) == expected


def test_what_makes_an_invoice_late_is_seen_in_a_ledger(policy: Policy) -> None:
    ledger = "{invoices: [{amount: 50, due_date: 2026-01-01}]}\nday: "
    found = seen_by(policy, ledgers=(f"{ledger}2026-01-04", f"{ledger}2026-01-05"))
    assert numbers(found, "late: grace_days") == {3, 4}
    assert outcomes(found, "late: grace_days") == {("days_past_due", False), ("days_past_due", True)}


def test_a_pause_of_invoices_acts_on_an_invoice(policy: Policy) -> None:
    ledger = "{invoices: [{amount: 50, due_date: 2026-01-01}], disputes: [{invoice: I-1, opened_on: 2026-01-02}]}"
    assert "pause disputed" in acted(seen_by(policy, ledgers=(f"{ledger}\nday: 2026-01-05",)))


def test_a_day_of_grace_is_not_asked_of_stages_for_nobody_could_show_it(policy: Policy) -> None:
    found = seen_by(policy)
    courtesy = [(p.kind, p.value) for p in found.points if p.rule == "stage courtesy: after"]
    assert courtesy == [(Kind.OUTCOMES, True), (Kind.BOUNDARIES, 4)]


def test_nothing_is_missing_where_everything_was_seen(policy: Policy) -> None:
    everything = Coverage(seen_by(policy).points, frozenset(seen_by(policy).points))
    assert everything.missing == ()
    assert everything.reaches(100)


def test_of_every_kind_enough_must_be_seen(policy: Policy) -> None:
    points = seen_by(policy).points
    only_rules = Coverage(points, frozenset(point for point in points if point.kind is Kind.RULES))
    assert not only_rules.reaches(1)
    assert only_rules.reaches(0)


def test_what_is_missing_has_its_place() -> None:
    policy = standard()
    for point in seen_by(policy).missing:
        assert point.span.file == policy.files[0], point
        assert point.span.line, point
