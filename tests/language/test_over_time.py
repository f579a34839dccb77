"""What a policy may promise of every run of days, and what it may take for granted."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.language.conditions import ALWAYS, Includes
from duly.language.load import load_policy
from duly.language.over_time import (
    EXAMPLES,
    MOST,
    SAID,
    Assumption,
    ComesToAnEnd,
    ContactsAtMost,
    NotBefore,
    OverTime,
    Premise,
    assumption,
)
from duly.source import Refused

TEXT = """\
duly: 1
policy: promising
currency: USD
tones: [friendly]
ladder:
  stages:
    reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}}
sales: {warn: {when: {days_past_due: {over: 40}}, ask: find_out_why, within: {business_days: 2}}}
holds: {credit: {place: {when: {days_past_due: {over: 50}}}, release: {when: {past_due: {at_most: 0}}}}}
guarantees:
  promise: {over_time: OVER_TIME, assuming: [ASSUMING]}
"""


def written(folder: Path, over_time: str, assuming: str = "messages_accepted") -> Path:
    path = folder / "promising.yaml"
    path.write_text(TEXT.replace("OVER_TIME", over_time).replace("ASSUMING", assuming), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("over_time", "meant"),
    [
        pytest.param("{contacts: {at_most: 2, in_days: 7}}", ContactsAtMost(2, 7), id="a contact cap"),
        pytest.param(
            "{from: first_late, executes: [reminder], within_business_days: 20}",
            ComesToAnEnd(("reminder",), 20, ALWAYS),
            id="an end",
        ),
        pytest.param(
            "{never: {placed_today: {includes: credit}}, before: {asked_today: {includes: warn}}}",
            NotBefore(Includes("placed_today", "credit"), Includes("asked_today", "warn")),
            id="nothing before something",
        ),
    ],
)
def test_what_is_promised_of_every_run_of_days_is_read(over_time: str, meant: OverTime, tmp_path: Path) -> None:
    policy, _ = load_policy(written(tmp_path, over_time))
    assert policy.guarantees[0].over_time == meant
    assert policy.guarantees[0].assuming == (Assumption(Premise.MESSAGES),)


@pytest.mark.parametrize(
    ("over_time", "assuming", "said"),
    [
        pytest.param("{contacts: {at_most: 2, in_days: 7}, executes: [reminder]}", "messages_accepted",
                     "`over_time` needs one of `contacts`, `executes`, `never`", id="two at once"),
        pytest.param("{from: first_late}", "messages_accepted",
                     "`over_time` needs one of `contacts`, `executes`, `never`", id="none at all"),
        pytest.param("{executes: [reminder]}", "messages_accepted",
                     "`over_time` has no `within_business_days`", id="an end without a day"),
        pytest.param("{never: {step: reminder}}", "messages_accepted", "`over_time` has no `before`", id="before what"),
        pytest.param("{executes: [remainder], within_business_days: 2}", "messages_accepted",
                     "`remainder` is not a stage of this policy", id="an unknown stage"),
        pytest.param("{contacts: {at_most: 2, in_days: 7}}", "runs_each_business_day",
                     "`runs_each_business_day` is not an assumption that a proof can make", id="an unknown assumption"),
        pytest.param("{contacts: {at_most: 2, in_days: 7}}", "approvals_within_0_days",
                     "`approvals_within_0_days` is not an assumption that a proof can make", id="no days"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(over_time: str, assuming: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_policy(written(tmp_path, over_time, assuming))
    assert said in [problem.message for problem in refused.value.problems]


def test_a_mistyped_assumption_is_told_which_was_meant(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_policy(written(tmp_path, "{contacts: {at_most: 2, in_days: 7}}", "people_respects_cap"))
    assert [problem.help for problem in refused.value.problems] == ["did you mean `people_respect_cap`?"]


@pytest.mark.parametrize("number", [pytest.param(1, id="1"), pytest.param(MOST, id="365"), pytest.param(40, id="40")])
@pytest.mark.parametrize("premise", Premise, ids=lambda premise: premise.value)
def test_an_assumption_is_known_by_its_name_and_says_what_it_is(premise: Premise, number: int) -> None:
    one = Assumption(premise, number if "<n>" in premise.value else 0)
    assert assumption(one.name) == one
    assert "<n>" not in str(one)
    assert str(one).endswith(".")


@pytest.mark.parametrize("name", ["approvals_within_366_days", "approvals_within_05_days", "approvals_within_n_days"])
def test_a_number_that_is_none_names_no_assumption(name: str) -> None:
    assert assumption(name) is None


def test_every_premise_has_a_sentence_and_an_example() -> None:
    assert set(SAID) == set(Premise)
    assert [one.premise for name in EXAMPLES if (one := assumption(name))] == list(Premise)
