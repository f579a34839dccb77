"""Whatever becomes of a cases file, it is read or refused with reasons, and what is read can be run."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from duly.reports.problems import as_text
from duly.review.cases.load import read_cases
from duly.review.cases.run import Runner
from duly.source import Problem, Refused
from tests.review.cases.written import FILE, standard

POLICY = standard()
RUNNER = Runner(POLICY)

TEXT = """\
duly_cases: 1
cases:
  facts:
    because: As agreed.
    customer:
      days_past_due: 45
      past_due: 300.00
      country: GB
      holds: [credit]
      days_since_reply: unknown
      executed: {courtesy: 41, reminder: {days_ago: 30, times: 2}}
      exception: {pause: true, tone_at_most: firm}
    expect:
      segment: new
      paused: true
      pauses: [insolvent]
      points: 20
      actions: [{email: demand, for: collector}, {referral: refer_to_agency, approval: [credit_manager]}]
      withheld: {demand: gap, credit: {reason: hold_waits}}
      by: [stage demand, fragile_relationship]
  run:
    ledger:
      customers: [{customer: A-17, since: 2020-01-01, email: none}]
      invoices: [{amount: 900.00, due_date: 2026-01-01}, {amount: 20, currency: EUR, due_date: 2026-01-02}]
      instalments: [{invoice: I-1, number: 1, due_date: 2026-01-03, amount: 900}]
      rates: [{day: 2025-01-01, from: EUR, to: USD, rate: 1.2}]
      requests: [{rule: before_hold, asked_on: 2026-01-05, due_on: 2026-01-09}]
    about: {creditor: main}
    from: 2026-01-05
    until: 2026-01-09
    cycles: every_day
    other_days: anything
    happens:
      2026-01-06: {paid: {amount: 100, invoice: I-1}, replied: email}
      2026-01-07: {answered: {rule: before_hold, reason: forgot}, nothing_runs: true}
    expect:
      2026-01-08: {step: none, actions: any}
"""

WORDS = sorted(set(re.findall(r"[A-Za-z0-9_.-]+", TEXT)))

stretches = st.tuples(st.integers(0, len(TEXT)), st.integers(0, 30))
others = st.one_of(
    st.sampled_from(["{}", "[]", "''", "no", "-1", "x: ", "\n", ": ", "{a: 1}", "[1]"]), st.sampled_from(WORDS)
)


def spliced(splice: tuple[tuple[int, int], str]) -> str:
    (at, length), other = splice
    return TEXT[:at] + other + TEXT[at + length :]


def exchanged(words: tuple[int, str]) -> str:
    """The text with one of its words exchanged for another."""
    found = list(re.finditer(r"[A-Za-z0-9_.-]+", TEXT))
    word = found[words[0] % len(found)]
    return TEXT[: word.start()] + words[1] + TEXT[word.end() :]


def emptied(place: int) -> str:
    """The text with a value in brackets exchanged for nothing, or for a word."""
    found = list(re.finditer(r"[\[{][^\[\]{}]*[\]}]", TEXT))
    part = found[place % len(found)]
    return TEXT[: part.start()] + ("{}", "[]", "word", "3")[place % 4] + TEXT[part.end() :]


def test_the_text_itself_is_read() -> None:
    assert [case.id for case in read_cases(TEXT.encode(), FILE, POLICY)] == ["facts", "run"]


@given(
    st.one_of(
        st.tuples(stretches, others).map(spliced),
        st.tuples(st.integers(0, 500), st.one_of(st.sampled_from(WORDS), others)).map(exchanged),
        st.integers(0, 500).map(emptied),
    )
)
def test_damaged_cases_are_read_or_refused_with_reasons(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        cases = read_cases(text.encode(), FILE, POLICY)
    except Refused as refused:
        problems = refused.problems
        assert problems
    else:
        for case in cases:
            RUNNER.run(case)
    for problem in problems:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", problem.rule)
        assert 1 <= problem.span.line <= text.count("\n") + 1
        assert problem.help
        assert not re.search(r"\b(str|int|dict|tuple|NoneType|bool)\b", problem.message)
    assert "Traceback" not in as_text(problems)
