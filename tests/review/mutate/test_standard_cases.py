"""The standard policy's own cases: they pass, they have seen all of it, and they notice mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.review.cases.case import Case, Customer
from duly.review.cases.coverage import coverage
from duly.review.cases.load import cases_beside
from duly.review.cases.questions import Kind
from duly.review.cases.run import Runner
from duly.review.mutate.edits import Shows
from duly.review.mutate.killed import Fate, Tried, failing, score
from duly.review.mutate.mutants import mutants

NOTICED_PCT = 95

RAISE = "credit_limits.raise_good_payer.when"
RELEASE = "holds.credit.release.when.past_due_with_disputed"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(Path("policies/standard.yaml"))[0]


@pytest.fixture(scope="module")
def cases(policy: Policy) -> tuple[Case, ...]:
    return cases_beside(policy)


def test_all_of_them_pass(policy: Policy, cases: tuple[Case, ...]) -> None:
    assert cases
    assert failing(policy, cases) == ()


def test_they_have_seen_every_rule_outcome_and_boundary(policy: Policy, cases: tuple[Case, ...]) -> None:
    runner = Runner(policy)
    seen = coverage(policy, (day for case in cases for day in runner.run(case).days))
    assert seen.missing == ()
    for kind in Kind:
        all_, of = seen.count(kind)
        assert all_ == of > 0


def test_they_notice_at_least_95_per_cent_of_the_mistakes_that_change_anything(
    policy: Policy, cases: tuple[Case, ...]
) -> None:
    found = score(policy, cases)
    missed = [outcome.mutant.id for outcome in found.of(Fate.MISSED, Fate.NOT_SETTLED)]
    assert found.reaches(NOTICED_PCT), missed
    assert not found.of(Fate.NOT_SETTLED)
    assert [outcome.mutant.id for outcome in found.of(Fate.ALIKE)] == [
        "ladder.stages.courtesy.after: from 4 days past due → from 3 days past due"
    ]


@pytest.mark.parametrize(
    ("case", "mistake"),
    [
        ("who_uses_84_per_cent_needs_no_more", f"{RAISE}.credit_used_pct: at least 85 → at least 84"),
        ("no_reminder_on_day_14", "ladder.stages.reminder.after: from 15 days past due → from 14 days past due"),
        ("a_fragile_relationship_is_met_friendly", "tone_limits.fragile_relationship: left out"),
        ("a_disputed_cent_keeps_the_hold", f"{RELEASE}: at most 0.00 USD → at most 0.01 USD"),
        ("no_limit_is_raised_under_a_hold", f"{RAISE}.holds: left out"),
    ],
)  # fmt: skip
def test_a_mistake_is_missed_once_the_case_on_its_boundary_is_gone(
    policy: Policy, cases: tuple[Case, ...], case: str, mistake: str
) -> None:
    mutant = next(mutant for mutant in mutants(policy) if mutant.id == mistake)
    customers = [one for one in cases if isinstance(one.subject, Customer)]
    noticing = Tried(customers).noticing(mutant)
    assert noticing is not None
    assert noticing.id == case
    assert Tried(one for one in customers if one.id != case).noticing(mutant) is None


def test_what_shows_only_in_a_ledger_is_noticed_by_ledgers(policy: Policy, cases: tuple[Case, ...]) -> None:
    customers = Tried(case for case in cases if isinstance(case.subject, Customer))
    ledgers = Tried(case for case in cases if not isinstance(case.subject, Customer))
    in_ledgers = [m for m in mutants(policy) if m.shows is Shows.FACTS and customers.noticing(m) is None]
    missed = [mutant.id for mutant in in_ledgers if ledgers.noticing(mutant) is None]
    assert len(in_ledgers) > 20
    # Without an open dispute no part of an invoice is disputed, so nothing more is taken out.
    assert missed == ["pauses.disputed.invoice: left out"]
