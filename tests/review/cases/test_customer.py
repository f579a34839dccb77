"""What follows from the few facts that are said of a customer."""

# ruff: noqa: E501  (a row of the table stays on its line)

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.language.conditions import Value
from duly.language.policy import Policy
from duly.language.reads import fact_columns
from duly.review.cases.case import Customer
from duly.review.cases.customer import Completing, fewest
from tests.review.cases.written import case_of, policy_of, standard

POLICY = standard()
COMPLETING = Completing(POLICY)


def facts_of(customer: str, policy: Policy = POLICY) -> dict[str, Value]:
    """The facts of the customer that the text describes."""
    case = case_of(f"customer: {customer}\nexpect: {{actions: any}}\n", policy)
    assert isinstance(case.subject, Customer)
    return Completing(policy).facts(case.subject.given)


FOLLOWS: dict[str, tuple[str, dict[str, Value]]] = {
    "nothing-is-said": (
        "{}",
        {"late": False, "past_due": 0, "has_email": True, "contact_day": True, "relationship": "normal",
         "days_since_contact": None, "country": None, "currency": "USD", "holds": frozenset(), "promise": "none"},
    ),
    "the-first-late-day": (
        "{days_past_due: 4, past_due: 300.5}",
        {"late": True, "past_due": 30_050, "past_due_with_disputed": 30_050, "open_amount": 30_050,
         "largest_late": 30_050, "aged_0_30": 30_050, "late_count": 1, "open_count": 1, "clock__due_date__days": 4},
    ),
    "an-amount-alone-is-late-since-today": ("{past_due: 1}", {"late": True, "days_past_due": 4, "late_count": 1}),
    "the-30th-day": ("{days_past_due: 30, past_due: 1}", {"aged_0_30": 100, "aged_31_60": 0}),
    "the-31st-day": ("{days_past_due: 31, past_due: 1}", {"aged_0_30": 0, "aged_31_60": 100}),
    "the-121st-day": ("{days_past_due: 121, past_due: 1}", {"aged_91_120": 0, "aged_over_120": 100}),
    "ages-that-are-said": ("{days_past_due: 31, past_due: 2, aged_0_30: 1}", {"aged_0_30": 100, "aged_31_60": 0}),
    "several-late": ("{days_past_due: 9, past_due: 10, late_count: 3}", {"largest_late": 334, "open_count": 3}),
    "some-of-it-disputed": (
        "{disputed_amount: 7}",
        {"open_amount": 700, "dispute": "open", "past_due": 0, "late": False},
    ),
    "falls-due-soon": ("{days_to_due: 5}", {"clock__due_date__days": -5, "late": False}),
    "executed-once": (
        "{days_past_due: 20, past_due: 300, executed: {courtesy: 16}}",
        {"days_since__courtesy": 16, "times__courtesy": 1, "days_since_stage": 16, "days_since_last_stage": 16,
         "clock__previous_stage__days": 16, "days_since_contact": 16, "contacts_in_window": 0, "contacted_today": False},
    ),
    "executed-often": (
        "{days_past_due: 20, past_due: 300, executed: {courtesy: {days_ago: 6, times: 2}, reminder: 0}}",
        {"times__courtesy": 2, "days_since_stage": 0, "contacts_in_window": 1, "contacted_today": True},
    ),
    "the-window-is-over": (
        "{days_past_due: 20, past_due: 300, executed: {courtesy: 7}}",
        {"contacts_in_window": 0},
    ),
    "a-stage-that-reaches-nobody": (
        "{days_past_due: 90, past_due: 200, executed: {small_balance: 3}}",
        {"days_since_stage": 3, "days_since_contact": None, "contacts_in_window": 0},
    ),
    "an-open-request-was-made": ("{requests_open: [before_hold]}", {"sales_asked": frozenset({"before_hold"})}),
    "an-open-promise": ("{promise: open}", {"promises_open": 1}),
    "promises": ("{promises_open: 2}", {"promise": "open"}),
    "a-broken-promise": ("{broken_promises: 2}", {"broken_promises_12_months": 2}),
    "credit-used": ("{credit_limit: 300, open_amount: 200}", {"credit_used_pct": 66}),
    "no-limit": ("{open_amount: 200}", {"credit_limit": None, "credit_used_pct": None}),
    "an-exception": (
        "{exception: {pause: true, tone_at_most: firm, stage_at_most: demand, ladder: none}}",
        {"exception__pause": True, "exception__tone": "firm", "exception__stage": "demand", "exception__ladder": "none"},
    ),
    "said-to-be-unknown": ("{days_past_due: 9, past_due: 1, executed: {courtesy: 3}, days_since_contact: unknown}",
                           {"days_since_contact": None}),
}  # fmt: skip


@pytest.mark.parametrize(("customer", "expected"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_follows_need_not_be_said(customer: str, expected: dict[str, Value]) -> None:
    facts = facts_of(customer)
    assert {name: facts[name] for name in expected} == expected


BY_CURRENCY = """\
duly: 1
policy: by_currency
currency: USD
tones: [friendly]
ladder:
  stages:
    reminder:
      after: {days: 10, since: invoice_date}
      when: {past_due: {over: {USD: 100, EUR: 90}}}
      tone: friendly
      send: {email: reminder}
"""


def test_an_amount_in_the_policys_currency_is_the_accounts_own(tmp_path: Path) -> None:
    policy = policy_of(BY_CURRENCY, tmp_path)
    assert facts_of("{past_due: 101}", policy)["past_due__own"] == 10_100


def test_an_amount_in_another_currency_is_said_beside_it(tmp_path: Path) -> None:
    policy = policy_of(BY_CURRENCY, tmp_path)
    facts = facts_of("{past_due: 108, currency: EUR, own_currency: {past_due: 100}}", policy)
    assert (facts["past_due"], facts["past_due__own"]) == (10_800, 10_000)


def test_what_a_stage_counts_by_is_said_by_its_name(tmp_path: Path) -> None:
    policy = policy_of(BY_CURRENCY, tmp_path)
    facts = facts_of("{past_due: 1, counted: {invoice_date_days: 12}}", policy)
    assert facts["clock__invoice_date__days"] == 12


def values(name: str) -> st.SearchStrategy[Value]:
    column = next(column for column in fact_columns(POLICY) if column.name == name)
    number = st.integers(0, 200)
    return st.one_of(st.none(), number) if column.unknown else number


NUMBERS = ("days_past_due", "past_due", "open_amount", "late_count", "days_since__reminder", "days_since_stage",
           "days_since_contact", "contacts_in_window", "credit_limit", "promises_open", "broken_promises")  # fmt: skip

SOME_FACTS = st.fixed_dictionaries({}, optional={name: values(name) for name in NUMBERS})


@given(SOME_FACTS)
def test_what_is_said_is_never_changed(said: dict[str, Value]) -> None:
    facts = COMPLETING.facts(said)
    assert {name: facts[name] for name in said} == said
    assert {column.name for column in fact_columns(POLICY) if not column.member} <= facts.keys()


@given(SOME_FACTS)
def test_the_fewest_facts_say_all_of_them(said: dict[str, Value]) -> None:
    facts = COMPLETING.facts(said)
    short = fewest(COMPLETING, facts)
    assert COMPLETING.facts(short) == facts
    assert all(COMPLETING.facts({k: v for k, v in short.items() if k != name}) != facts for name in short)


@given(st.integers(4, 200), st.integers(1, 10_000))
def test_who_is_only_said_to_be_late_can_exist(days: int, amount: int) -> None:
    facts = COMPLETING.facts({"days_past_due": days, "past_due": amount})
    assert list(COMPLETING.contradictions(facts)) == []
