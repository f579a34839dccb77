"""Which mutants the cases of a policy notice, and which of the others could be noticed at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.review.cases.case import Case
from duly.review.cases.run import Result, Runner
from duly.review.mutate import killed
from duly.review.mutate.alike import account_apart
from duly.review.mutate.edits import Shows
from duly.review.mutate.killed import Fate, Score, failing, score
from duly.review.mutate.mutants import mutants
from duly.review.prove.search import Unsettled
from duly.rules import meaning
from tests.conftest import NIGHTLY
from tests.review.mutate.small import CASES, SMALL, cases_of, small
from tests.review.test_proof import possible
from tests.rules.strategies import policies

PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)
POLICIES, MUTANTS = (300, 10) if NIGHTLY else (8, 4)


def fate(found: Score, id_: str) -> Fate:
    return next(outcome.fate for outcome in found.outcomes if outcome.mutant.id == id_)


@pytest.mark.parametrize(
    ("id_", "became"),
    [
        pytest.param(
            "ladder.stages.reminder.after: from 10 days past due → from 11 days past due",
            Fate.NOTICED,
            id="the day itself is a case",
        ),
        pytest.param(
            "ladder.stages.reminder.after: from 10 days past due → from 9 days past due",
            Fate.NOTICED,
            id="the day before it is a case",
        ),
        pytest.param(
            "ladder.stages.demand.after: from 30 days past due → from 31 days past due",
            Fate.MISSED,
            id="no case stands on the day",
        ),
        pytest.param("ladder.stages.demand.approval: credit_manager → left out", Fate.NOTICED, id="who must sign"),
        pytest.param(
            "tone_limits.key_customers.at_most: friendly → firm", Fate.MISSED, id="no case about key customers"
        ),
        pytest.param("late.grace_days: 3 → 4", Fate.MISSED, id="no case on the last day of grace"),
    ],
)
def test_a_mutant_is_noticed_where_a_case_fails_under_it(id_: str, became: Fate) -> None:
    assert fate(score(small(), cases_of()), id_) is became


def test_without_cases_nothing_is_noticed_and_every_other_decision_has_an_account() -> None:
    found = score(small(), ())
    assert found.noticed == 0
    for outcome in found.of(Fate.MISSED):
        mutant = outcome.mutant
        if mutant.shows is Shows.DECISION:
            assert outcome.account is not None
            assert meaning.decide(small(), outcome.account) != meaning.decide(mutant.policy, outcome.account), mutant.id
        else:
            assert outcome.account is None


AT_ONCE = SMALL.replace("after: {days: 10}", "after: {days: 4}")


def test_what_no_account_can_show_is_alike_and_counts_for_nothing() -> None:
    """With three days of grace nobody is late on the third day, so a stage from then on acts on the fourth."""
    found = score(small(AT_ONCE), ())
    earlier = "ladder.stages.reminder.after: from 4 days past due → from 3 days past due"
    assert fate(found, earlier) is Fate.ALIKE
    assert found.noticeable == len(found.outcomes) - len(found.of(Fate.ALIKE)) < len(found.outcomes)


def test_what_the_solver_cannot_settle_counts_as_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object, **__: object) -> None:
        raise Unsettled

    monkeypatch.setattr(killed, "account_apart", give_up)
    found = score(small(AT_ONCE), ())
    assert found.of(Fate.NOT_SETTLED)
    assert not found.of(Fate.ALIKE)
    assert found.noticeable == len(found.outcomes)
    assert not found.reaches(1)


@pytest.mark.parametrize(
    ("noticed", "missed", "alike", "pct", "reached"),
    [
        pytest.param(19, 1, 0, 95, True, id="exactly"),
        pytest.param(18, 1, 0, 95, False, id="one too few"),
        pytest.param(0, 0, 7, 100, True, id="nothing to notice"),
        pytest.param(19, 0, 50, 100, True, id="alike counts for nothing"),
    ],
)
def test_a_score_is_of_what_can_be_noticed(*, noticed: int, missed: int, alike: int, pct: int, reached: bool) -> None:
    some = score(small(), cases_of()).outcomes[0]
    fates = [Fate.NOTICED] * noticed + [Fate.MISSED] * missed + [Fate.ALIKE] * alike
    assert Score(tuple(replace(some, fate=one) for one in fates)).reaches(pct) is reached


def test_cases_that_fail_under_the_policy_itself_are_named() -> None:
    wrong = cases_of(CASES.replace("step: reminder, tone: friendly", "step: demand, tone: friendly"))
    assert failing(small(), wrong) == ("reminder_from_day_10_on",)
    assert failing(small(), cases_of()) == ()


def test_the_same_is_noticed_whatever_the_order_of_the_cases() -> None:
    fates = [[o.fate for o in score(small(), those).outcomes] for those in (cases_of(), cases_of()[::-1])]
    assert fates[0] == fates[1]


# Alike is a proof.


def alike_is_never_contradicted(ask: Callable[[Policy, Policy], Facts | None]) -> set[bool]:
    """Hold the answers to accounts at random; what was answered."""
    answered = set()

    @settings(max_examples=POLICIES, phases=PHASES, database=None, derandomize=True)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def hold(policy: Policy, seed: int) -> None:
        settled = [mutant for mutant in mutants(policy) if mutant.shows is Shows.DECISION]
        for mutant in random.Random(seed).sample(settled, min(MUTANTS, len(settled))):
            found = ask(policy, mutant.policy)
            answered.add(found is None)
            if found is not None:
                assert meaning.decide(policy, found) != meaning.decide(mutant.policy, found)
                continue
            for facts in possible(policy, seed):
                assert meaning.decide(policy, facts) == meaning.decide(mutant.policy, facts), mutant.id

    hold()
    return answered


def test_no_account_contradicts_that_two_policies_are_alike() -> None:
    assert alike_is_never_contradicted(account_apart) == {True, False}


# Planted faults: each must be found by what is said above.


def test_a_solver_that_calls_everything_alike_is_found() -> None:
    with pytest.raises(AssertionError):
        alike_is_never_contradicted(lambda *_: None)


def test_a_runner_that_compares_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(self: Runner, case: Case) -> Result:
        return Result(case, (), tuple(self.days(case)))

    monkeypatch.setattr(Runner, "run", lenient)
    with pytest.raises(AssertionError):
        test_a_mutant_is_noticed_where_a_case_fails_under_it(
            "ladder.stages.reminder.after: from 10 days past due → from 11 days past due", Fate.NOTICED
        )
