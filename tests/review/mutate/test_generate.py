"""What is missing is proposed: cases that pass under the policy and notice what the others miss."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

from duly.language.policy import Policy
from duly.review.cases.case import Case
from duly.review.cases.load import read_cases
from duly.review.cases.run import Runner
from duly.review.cases.writing import HEAD
from duly.review.mutate.edits import Shows
from duly.review.mutate.generate import generate
from duly.review.mutate.killed import Fate, failing, score
from tests.review.mutate.small import CASES, cases_of, small
from tests.rules.strategies import policies


@pytest.fixture(scope="module", params=["", CASES], ids=["from nothing", "beside others"])
def tested(request: pytest.FixtureRequest) -> tuple[Policy, tuple[Case, ...]]:
    return small(), cases_of(request.param) if request.param else ()


def test_with_what_is_proposed_every_other_decision_is_noticed(tested: tuple[Policy, tuple[Case, ...]]) -> None:
    policy, cases = tested
    found = generate(policy, cases)
    assert found.cases
    text = HEAD + "".join(proposal.text for proposal in found.cases)
    proposed = read_cases(text.encode(), "proposed", policy)
    assert proposed == tuple(proposal.case for proposal in found.cases)
    assert failing(policy, proposed) == ()
    assert len({case.id for case in (*cases, *proposed)}) == len(cases) + len(proposed)
    missed = score(policy, (*cases, *proposed)).of(Fate.MISSED, Fate.NOT_SETTLED)
    assert [outcome.mutant for outcome in missed] == list(found.left)
    assert all(mutant.shows is Shows.FACTS for mutant in found.left)


def test_each_proposal_notices_what_it_says_and_no_case_did(tested: tuple[Policy, tuple[Case, ...]]) -> None:
    policy, cases = tested
    for proposal in generate(policy, cases).cases:
        assert proposal.notices
        for mutant in proposal.notices:
            assert not Runner(mutant.policy).run(proposal.case).passed
            assert failing(mutant.policy, cases) == ()


def test_nothing_is_proposed_twice_and_alike_every_time() -> None:
    once, again = (generate(small(), cases_of()) for _ in range(2))
    assert [proposal.text for proposal in once.cases] == [proposal.text for proposal in again.cases]
    proposed = tuple(proposal.case for proposal in once.cases)
    assert generate(small(), (*cases_of(), *proposed)).cases == ()


@pytest.mark.nightly
@settings(max_examples=30, phases=(Phase.explicit, Phase.generate))
@given(policy=policies())
def test_whatever_the_policy_what_is_proposed_passes_under_it_and_under_no_mistake_that_it_notices(
    policy: Policy,
) -> None:
    for proposal in generate(policy, ()).cases:
        assert failing(policy, [proposal.case]) == ()
        assert all(failing(mutant.policy, [proposal.case]) for mutant in proposal.notices)


def test_a_proposal_reads_as_a_sentence_and_stands_at_the_boundary() -> None:
    named = {proposal.case.id: proposal.text for proposal in generate(small(), cases_of()).cases}
    assert "no_demand_at_29_days_past_due" in named
    assert "days_past_due: 29" in named["no_demand_at_29_days_past_due"]
    assert "no_key_with_999_99_annual_sales" in named
    assert "no_reminder_at_6_days_since_last_stage" in named
