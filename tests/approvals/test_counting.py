"""Which approvals an action still needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.journal.approvers import Approver, Approvers
from duly.journal.entry import Draft
from duly.plan.approvals import Approved, Rejected, Waiting, may_be_approved_by, who_could
from duly.plan.plan import Action
from tests.approvals.building import (
    BOTH,
    COLLECTOR,
    CREDIT,
    DAY,
    HERE,
    HOLD,
    NOW,
    OCHRE,
    PEOPLE,
    REFERRAL,
    SALES,
    SIENNA,
    UMBER,
    approver,
    entered,
    ruled,
    standing,
)


@pytest.mark.parametrize(
    ("action", "said", "missing"),
    [
        pytest.param(replace(HOLD, approval=()), (), (), id="no-approval-asked-for"),
        pytest.param(HOLD, (), (CREDIT,), id="nobody-yet"),
        pytest.param(HOLD, (OCHRE,), (), id="the-one-role"),
        pytest.param(HOLD, (BOTH,), (), id="by-somebody-with-more-roles"),
        pytest.param(REFERRAL, (OCHRE,), (SALES,), id="one-of-two-roles"),
        pytest.param(REFERRAL, (BOTH,), (SALES,), id="one-person-is-never-two"),
        pytest.param(REFERRAL, (BOTH, BOTH), (SALES,), id="nor-by-saying-it-twice"),
        pytest.param(REFERRAL, (OCHRE, UMBER), (), id="two-roles-by-two-people"),
        pytest.param(REFERRAL, (BOTH, OCHRE), (), id="whoever-has-both-roles-leaves-one-to-the-other"),
        pytest.param(REFERRAL, (OCHRE, BOTH), (), id="in-either-order"),
        pytest.param(REFERRAL, (OCHRE, approver("ada", CREDIT)), (SALES,), id="two-people-in-one-role"),
    ],
)
def test_an_action_waits_for_the_roles_that_nobody_has_given(
    action: Action, said: Sequence[Approver], missing: tuple[str, ...]
) -> None:
    people = Approvers((*PEOPLE.people, approver("ada", CREDIT)))
    found = standing(entered(*(ruled(who, action) for who in said)), action, people=people)
    assert isinstance(found, Waiting if missing else Approved)
    assert (found.roles if isinstance(found, Waiting) else ()) == missing


def test_an_action_says_who_gave_which_role_and_until_when() -> None:
    found = standing(entered(ruled(UMBER, REFERRAL, days=3), ruled(OCHRE, REFERRAL)), REFERRAL)
    assert isinstance(found, Approved)
    assert [(one.person, one.roles, one.until) for one in found.given] == [
        ("ochre", (CREDIT,), NOW + 14 * DAY),
        ("umber", (SALES,), NOW + 3 * DAY),
    ]


@pytest.mark.parametrize(
    ("author", "operator", "who"),
    [
        pytest.param("author-1", None, ("ochre", "umber", "both"), id="everybody-with-a-role"),
        pytest.param("ochre", None, ("umber", "both"), id="not-the-author"),
        pytest.param("author-1", "umber", ("ochre", "both"), id="not-the-operator"),
    ],
)
def test_an_action_says_who_could_give_what_it_waits_for(author: str, operator: str | None, who: tuple[str]) -> None:
    here = replace(HERE, author=author, operator=operator)
    assert who_could(REFERRAL, standing((), REFERRAL), PEOPLE, here) == who


def test_whoever_has_approved_cannot_give_the_other_role_too() -> None:
    found = standing(entered(ruled(BOTH, REFERRAL)), REFERRAL)
    assert not may_be_approved_by(REFERRAL, found, BOTH)
    assert who_could(REFERRAL, found, PEOPLE, HERE) == ("ochre", "umber")


# Later plans.


@given(amount=st.integers(0, HOLD.amount), invoices=st.sets(st.sampled_from(HOLD.invoices)))
def test_an_approval_stays_good_while_there_is_less_to_collect(amount: int, invoices: set[str]) -> None:
    later = replace(HOLD, amount=amount, invoices=tuple(sorted(invoices)), not_before="2026-04-02", to="elsewhere")
    assert isinstance(standing(entered(ruled(OCHRE)), later, here=replace(HERE, now=NOW + 2 * DAY)), Approved)


def test_an_approval_of_two_currencies_holds_each_to_its_own_ceiling() -> None:
    action = replace(HOLD, amounts=(("EUR", 300), ("USD", 500)), amount=850)
    said = entered(ruled(OCHRE, action))
    assert isinstance(standing(said, replace(action, amount=900)), Approved)
    assert isinstance(standing(said, replace(action, amounts=(("EUR", 301), ("USD", 1)))), Waiting)
    assert isinstance(standing(said, replace(action, amounts=(), currency="EUR", amount=300)), Approved)


# Saying no.


def no(who: Approver, at: datetime = NOW, **given: object) -> Draft:
    return ruled(who, REFERRAL, no=True, at=at, because="they pay on Friday", **given)  # type: ignore[arg-type]


def yes(who: Approver, at: datetime = NOW) -> Draft:
    return ruled(who, REFERRAL, at=at)


LATER = NOW + DAY / 24
THEN = NOW + 2 * DAY


@pytest.mark.parametrize(
    ("said", "rejected_by"),
    [
        pytest.param((no(UMBER),), ("umber",), id="one-no-is-enough"),
        pytest.param((yes(OCHRE), yes(UMBER), no(BOTH, LATER)), ("both",), id="also-after-every-role-was-given"),
        pytest.param((no(BOTH), yes(OCHRE, LATER), yes(UMBER, LATER)), ("both",), id="others-cannot-take-it-back"),
        pytest.param((no(UMBER), yes(UMBER)), ("umber",), id="of-two-at-one-moment-the-no-is-heard"),
        pytest.param((no(OCHRE), no(UMBER)), ("ochre", "umber"), id="two-people"),
        pytest.param((no(SIENNA),), (), id="not-by-a-role-that-nobody-asks"),
        pytest.param((no(UMBER, THEN - 14 * DAY),), (), id="not-longer-than-it-says"),
        pytest.param((no(UMBER, THEN - 14 * DAY + DAY / 24),), ("umber",), id="until-then"),
        pytest.param((no(UMBER), yes(UMBER, LATER)), (), id="whoever-said-no-may-think-again"),
        pytest.param((no(UMBER), yes(UMBER, LATER), no(UMBER, LATER + DAY)), ("umber",), id="and-again"),
    ],
)
def test_a_no_of_anybody_who_is_asked_stops_the_action(said: Sequence[Draft], rejected_by: tuple[str, ...]) -> None:
    for order in permutations(entered(*said)):
        found = standing(order, REFERRAL, here=replace(HERE, now=THEN))
        assert (found.by if isinstance(found, Rejected) else ()) == rejected_by


def test_a_no_says_why_and_until_when() -> None:
    found = standing(entered(no(UMBER)), REFERRAL)
    assert isinstance(found, Rejected)
    assert (found.because, found.until) == ("they pay on Friday", NOW + 14 * DAY)


@pytest.mark.parametrize(
    ("action", "people", "here"),
    [
        pytest.param(replace(REFERRAL, amount=1), PEOPLE, HERE, id="the-amount-fell"),
        pytest.param(replace(REFERRAL, tone="mild"), PEOPLE, HERE, id="it-is-milder"),
        pytest.param(REFERRAL, PEOPLE, replace(HERE, author="umber"), id="its-author-said-it"),
        pytest.param(REFERRAL, PEOPLE, replace(HERE, operator="umber"), id="its-operator-said-it"),
        pytest.param(
            REFERRAL,
            Approvers((OCHRE, approver("umber", SALES, until=NOW.date()))),
            replace(HERE, now=NOW + DAY),
            id="whoever-said-it-has-left-since",
        ),
    ],
)
def test_a_no_is_not_undone_because(action: Action, people: Approvers, here: object) -> None:
    assert isinstance(standing(entered(no(UMBER)), action, people=people, here=here), Rejected)  # type: ignore[arg-type]


def test_an_approval_before_a_no_does_not_come_back_when_the_no_is_over() -> None:
    said = entered(ruled(OCHRE, days=60), ruled(OCHRE, no=True, at=NOW + DAY, because="wait", days=5), at=NOW + DAY)
    assert isinstance(standing(said, here=replace(HERE, now=NOW + 2 * DAY)), Rejected)
    assert isinstance(standing(said, here=replace(HERE, now=NOW + 7 * DAY)), Waiting)


# Two people for two roles, whoever has which.

ROLES = (CREDIT, SALES, COLLECTOR)


@given(
    held=st.dictionaries(st.sampled_from("pqrst"), st.frozensets(st.sampled_from(ROLES), min_size=1), max_size=5),
    asked=st.lists(st.sampled_from(ROLES), unique=True, min_size=1),
)
def test_an_action_is_approved_where_and_only_where_each_role_has_a_person_of_its_own(
    held: Mapping[str, frozenset[str]], asked: list[str]
) -> None:
    people = Approvers(tuple(approver(person, *roles) for person, roles in held.items()))
    action = replace(HOLD, approval=tuple(asked))
    found = standing(entered(*(ruled(one, action) for one in people.people)), action, people=people)
    seatings = permutations(held, len(asked))
    can_sit = any(all(role in held[who] for role, who in zip(asked, seats, strict=True)) for seats in seatings)
    assert isinstance(found, Approved) == can_sit
