"""Introductions: once for each customer and pair, for the new ones and whenever the pair is another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from duly.journal.entry import Event
from duly.plan import introductions
from duly.plan.plan import Action, Kind
from duly.plan.together import Made
from tests.plan.days import AS_OF, CUSTOMER, Days, after, standard

NEW = {"since": AS_OF}


def days(*customers: dict[str, Any], by: str = "region") -> Days:
    policy = standard(introduce=("new",))
    policy = replace(policy, together=replace(policy.together, pair_by=by))
    return Days(policy, [{**CUSTOMER, **NEW, **changed} for changed in customers or ({},)])


def met(made: Made) -> list[tuple[str, str]]:
    return [(a.customer, a.episode) for a in made.actions if a.kind is Kind.INTRODUCTION]


def starts(made: Made) -> list[str]:
    return [a.detail("starts") for a in made.actions]


def test_a_new_customer_meets_its_pair_once() -> None:
    here = days()
    made = here.plan()
    assert met(made) == [("C1", "sales-a+credit-a")]
    (invited,) = made.actions
    assert (invited.person, invited.for_role) == ("sales-a", "salesperson")
    assert (invited.detail("starts"), invited.detail("time_zone")) == ("2026-04-01T09:00-04:00", "America/New_York")
    assert here.plan() == made
    here.carry_out(made.actions)
    assert here.plan(after(1)) == Made()


@pytest.mark.parametrize("record", [{"since": AS_OF.replace(year=2020)}, {"annual_sales": 200_000_000}])
def test_a_customer_of_another_segment_is_not_introduced(record: dict[str, Any]) -> None:
    assert days(record).plan() == Made()


def test_a_customer_that_was_introduced_meets_its_new_pair_and_the_old_one_never_again() -> None:
    here = days()
    here.carry_out(here.plan().actions)
    here.customer(salesperson="sales-b", collector="credit-b", since=AS_OF.replace(year=2020))
    made = here.plan(after(1))
    assert met(made) == [("C1", "sales-b+credit-b")]
    here.carry_out(made.actions, after(1))
    here.customer(salesperson="sales-a", collector="credit-a")
    assert here.plan(after(2)) == Made()


def test_a_customer_that_was_only_written_to_meets_whoever_is_new() -> None:
    here = days({"since": AS_OF.replace(year=2020)})
    here.did("message")
    assert here.plan() == Made()
    here.customer(salesperson="sales-b", collector="credit-b")
    assert met(here.plan(after(1))) == [("C1", "sales-b+credit-b")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [({"do_not_contact": True}, "do_not_contact"), ({"insolvent": True}, "insolvent")],
)
def test_whoever_must_not_be_contacted_is_not_introduced(record: dict[str, Any], reason: str) -> None:
    made = days(record).plan()
    assert (made.actions, [thing.reason for thing in made.withheld]) == ((), [reason])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        pytest.param({"salesperson": None}, "no salesperson", id="nobody-sells"),
        pytest.param({"collector": None}, "no collector", id="nobody-collects"),
        pytest.param({"collector": "credit-b"}, "its collector is not the salesperson's buddy", id="other-collector"),
    ],
)
def test_a_customer_without_a_pair_is_named_with_the_reason(record: dict[str, Any], why: str) -> None:
    made = days(record).plan()
    assert (made.actions, made.notes) == ((), (f"1 customer is not introduced yet ({why}): C1",))


def test_what_is_wrong_with_the_pairs_is_said_and_the_right_ones_are_introduced() -> None:
    here = days({}, {"customer": "C2", "salesperson": "sales-b", "collector": "credit-b"})
    here.person("sales-b", region=None)
    made = here.plan()
    assert met(made) == [("C1", "sales-a+credit-a")]
    assert made.notes[0] == "1 customer is not introduced yet (its salesperson has no buddy): C2"
    assert made.notes[1].endswith("`sales-b` has no region, and pairs are made by region [region-missing]")


def test_a_policy_that_pairs_nobody_introduces_nobody_and_says_so() -> None:
    here = days(by="")
    (note,) = here.plan().notes
    assert note.endswith("nobody is introduced: the policy does not say what makes a pair (`pair_by`)")


def test_pairs_by_segment_are_seen_in_all_customers() -> None:
    other = {"customer": "C2", "collector": "credit-b"}
    here = days({}, other, by="segment")
    made = here.plan()
    assert made.actions == ()
    assert "pair-twice" in made.notes[-1]
    assert met(days(by="segment").plan()) == [("C1", "sales-a+credit-a")]


# When.


def many(number: int) -> Days:
    return days(*({"customer": f"C{n:02}"} for n in range(1, number + 1)))


def test_ten_customers_of_a_pair_have_ten_half_hours_two_a_day() -> None:
    here = many(10)
    made = here.plan()
    taken = starts(made)
    assert len(set(taken)) == 10
    assert [moment[:16] for moment in taken[:3]] == ["2026-04-01T09:00", "2026-04-01T09:30", "2026-04-02T09:00"]
    # Good Friday is no holiday in the policy's country; a weekend is.
    assert {datetime.fromisoformat(moment).weekday() for moment in taken} <= set(range(5))


def test_beyond_two_weeks_they_wait_and_a_later_plan_has_the_rest() -> None:
    here = many(23)
    made = here.plan()
    assert len(made.actions) == 20
    why = "no half hour is free in the next 10 business days"
    assert made.notes == (f"3 customers are not introduced yet ({why}): C21, C22, C23",)
    here.carry_out(made.actions)
    assert here.plan().actions == ()
    later = here.plan(after(7))
    assert [a.customer for a in later.actions] == ["C21", "C22", "C23"]
    assert not set(starts(later)) & set(starts(made))


def test_a_meeting_is_in_the_time_zone_of_whoever_sells() -> None:
    here = days()
    here.person("sales-a", time_zone="Europe/Berlin")
    (invited,) = here.plan().actions
    assert invited.detail("starts") == "2026-04-01T09:00+02:00"


@pytest.mark.parametrize(
    ("away", "comes", "day"),
    [
        pytest.param({"away_until": after(2)}, "credit-a", "2026-04-03", id="back-soon"),
        pytest.param({"away_until": after(60), "covered_by": "credit-b"}, "credit-b", "2026-04-01", id="covered"),
    ],
)
def test_whoever_is_away_comes_when_back_or_is_stood_in_for(away: dict[str, Any], comes: str, day: str) -> None:
    here = days()
    here.person("credit-a", away_from=AS_OF, **away)
    (invited,) = here.plan().actions
    assert invited.episode == "sales-a+credit-a"
    assert (invited.detail("attends_for_credit"), invited.detail("starts")[:10]) == (comes, day)


def test_nobody_meets_where_nobody_stands_in() -> None:
    here = days()
    here.person("credit-a", away_from=AS_OF)
    made = here.plan()
    assert [(thing.reason, thing.explanation) for thing in made.withheld] == [
        ("away", "`credit-a` is away and nobody stands in")
    ]


# Planted faults.


def test_a_pair_that_meets_again_each_day_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = introductions._action

    def forgetful(ground: Any, one: Any, meeting: Any) -> Action:  # noqa: ANN401
        return replace(real(ground, one, meeting), id=f"{ground.as_of:%Y%m%d}0000000000000000", details=())

    monkeypatch.setattr(introductions, "_action", forgetful)
    with pytest.raises(AssertionError):
        test_a_new_customer_meets_its_pair_once()


def test_an_invitation_of_which_nobody_knows_is_not_sent_again() -> None:
    here = days()
    here.carry_out(here.plan().actions, outcome=Event.UNKNOWN)
    made = here.plan(after(1))
    assert (made.actions, [thing.reason for thing in made.withheld]) == ((), ["outcome_unknown"])
