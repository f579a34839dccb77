"""A policy small enough to be mutated many times over, with cases that leave something out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.review.cases.case import Case
from duly.review.cases.load import read_cases

SMALL = """
duly: 1
policy: small
currency: USD
late: {grace_days: 3}
tones: [friendly, firm]
segments:
  key: {when: {annual_sales: {at_least: 1000}}}
  other: {}
ladder:
  climb: one_step
  min_days_between: 7
  stages:
    reminder:
      after: {days: 10}
      tone: friendly
      send: {email: reminder}
    demand:
      after: {days: 30}
      tone: firm
      send: {letter: demand}
      approval: [credit_manager]
tone_limits:
  key_customers: {when: {segment: key}, at_most: friendly, agreed_with: sales}
"""

CASES = """
duly_cases: 1
cases:
  reminder_from_day_10_on:
    customer: {days_past_due: 10, past_due: 300}
    expect: {step: reminder, tone: friendly, actions: [{email: reminder}]}
  no_reminder_on_day_9:
    customer: {days_past_due: 9, past_due: 300}
    expect: {actions: [], withheld: {reminder: not_yet}}
  demand_after_a_month:
    customer: {days_past_due: 40, past_due: 300, executed: {reminder: 20}}
    expect: {step: demand, tone: firm, actions: [{letter: demand, approval: [credit_manager]}]}
"""


@cache
def small(text: str = SMALL) -> Policy:
    """The policy."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return load_policy(path)[0]


def cases_of(text: str = CASES, policy: Policy | None = None) -> tuple[Case, ...]:
    """The cases that the text says."""
    return read_cases(text.encode(), "small.cases.yaml", policy or small())
