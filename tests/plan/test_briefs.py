"""What a brief tells a salesperson: how the customer pays, what sales said before, who is who, the coming hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from duly.figures.paying import Paying
from duly.journal.history import History
from duly.language.load import load_policy
from duly.messages.guard import Owners
from duly.messages.matter import Matter, Rendered
from duly.messages.render import render
from duly.plan.briefs import hold_day, paying_said
from duly.plan.make import Background, make_plan
from duly.plan.matters import matters_of
from duly.plan.plan import Action, Kind, Plan
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD
from tests.messages.shipped import shipped
from tests.plan.test_actions import AS_OF, REACHABLE, ago, changed, owed
from tests.plan.test_matters import CREDITOR, done

ANN: Row = {"person": "sales-north", "name": "Salesperson, North", "role": "salesperson", "manager": "boss"}
BEA: Row = {"person": "sales-south", "name": "Salesperson, South", "role": "salesperson"}
COL: Row = {"person": "collector-north", "name": "Collector, North", "role": "collector"}
BOSS: Row = {"person": "boss", "name": "Manager, Sales", "role": "sales_manager"}
PEOPLE = [ANN, BEA, COL, BOSS]
AWAY = {"away_from": ago(1), "away_until": AS_OF + timedelta(days=5)}


def asked(
    customer: Row | None = None,
    history: History | None = None,
    policy: Path = STANDARD,
    **tables: Sequence[Row],
) -> tuple[Plan, Mapping[str, tuple[Action, Matter]]]:
    """The plan for a customer that sales is asked about, and its briefs by the rule that asks."""
    loaded, _ = load_policy(policy)
    given: Mapping[str, Any] = {
        "people": PEOPLE,
        "creditors": [CREDITOR],
        "invoices": [owed(41, 600_000)],
        "executed_stages": [{"stage": "courtesy", "day": ago(30)}],
        **tables,
    }
    book = make_book(customers=[{**REACHABLE, **(customer or {})}], **given)
    background = Background(history or History())
    plan = make_plan(loaded, book, AS_OF, engine="meaning", looks_ahead=False, background=background)
    actions = [action for action in plan.actions if action.kind is Kind.SALES_REQUEST]
    matters, missing = matters_of(loaded, book, actions, AS_OF)
    assert not missing
    return plan, {action.stage: (action, matters[action.id]) for action in actions}


def brief(**given: Any) -> Matter:  # noqa: ANN401
    return asked(**given)[1]["before_hold"][1]


def written(matter: Matter) -> str:
    """The brief as it leaves, held against the guard."""
    owners = Owners.of({line.invoice: "C1" for line in matter.lines}, {"C1": "C1", "C2": "C2"})
    (answer,) = render(shipped(), [matter], owners, workers=1)
    assert isinstance(answer, Rendered), answer
    return " ".join(answer.text.split())


# How it pays.


@pytest.mark.parametrize(
    ("paying", "said"),
    [
        pytest.param(Paying(), "", id="nothing-known-nothing-said"),
        pytest.param(
            Paying(settled=8, in_time=5, days_late=12, kept=1, broken=2),
            "Of 8 invoices settled in the last twelve months, 5 were paid in time; on average 12 days late. "
            "It kept 1 promise and broke 2.",
            id="all-of-it",
        ),
        pytest.param(
            Paying(settled=1, in_time=1, days_late=0),
            "The one invoice settled in the last twelve months was paid in time; on average less than a day late.",
            id="one-in-time",
        ),
        pytest.param(
            Paying(settled=2, in_time=0, days_late=1),
            "Of 2 invoices settled in the last twelve months, none were paid in time; on average 1 day late.",
            id="never-in-time",
        ),
        pytest.param(
            Paying(settled=15, in_time=15, days_late=0),
            "Of 15 invoices settled in the last twelve months, all were paid in time; on average less than a day late.",
            id="always-in-time",
        ),
        pytest.param(
            Paying(broken=1),
            "No invoice was settled in the last twelve months. It kept no promise and broke 1.",
            id="promises-alone",
        ),
    ],
)
def test_how_a_customer_pays_is_said_in_a_sentence_or_two(paying: Paying, said: str) -> None:
    assert paying_said(paying) == said


def test_the_figures_are_those_that_decide() -> None:
    early, late = owed(100, 10_000, invoice="E"), owed(100, 10_000, invoice="L")
    found = brief(
        invoices=[owed(41, 600_000), early, late],
        payments=[{"invoice": "E", "day": ago(102)}, {"invoice": "L", "day": ago(80)}],
        promises=[{"amount": 5, "made_on": ago(20), "due_on": ago(10)}],
    )
    assert found.paying == (
        "Of 2 invoices settled in the last twelve months, 1 was paid in time; on average 10 days late. "
        "It kept no promise and broke 1."
    )


# What sales said before.


def said_by_sales(guidance: str | None, days: int = 9, **more: object) -> Row:
    row = {"customer": "C1", "creditor": "main", "rule": "before_hold", "day": ago(days), "reason": "cash_trouble"}
    return {**row, "hard": False, "guidance": guidance, **more}


def test_guidance_of_earlier_answers_comes_back_the_last_ones_first_to_be_kept() -> None:
    rows = [said_by_sales(f"word {number}", 9 - number) for number in range(5)]
    found = brief(history=History(said_by_sales=tuple(rows)))
    assert [line.split(" (")[0] for line in found.guidance] == ["word 2", "word 3", "word 4"]
    assert "word 4 (Mar 26, 2026)" in written(found)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(said_by_sales(None), id="erased"),
        pytest.param(said_by_sales("go easy", customer="C2"), id="about-another-customer"),
        pytest.param(said_by_sales("go easy", creditor="other"), id="about-another-creditor"),
    ],
)
def test_what_was_erased_or_is_about_others_is_not_there(row: Row) -> None:
    assert brief(history=History(said_by_sales=(row,))).guidance == ()


def test_an_answer_is_told_with_its_reason_and_once() -> None:
    request = {"rule": "before_hold", "asked_on": ago(100), "due_on": ago(95), "answered_on": ago(95)}
    history = History(
        rows={"requests": ({**request, "customer": "C1", "creditor": "main"},)},
        said_by_sales=(said_by_sales(None, 95, hard=True),),
    )
    told = [one.what for one in brief(history=history).history]
    assert told == [
        "sales was asked (before hold)",
        "sales answered (before hold): cash trouble, in financial difficulty",
        "courtesy sent",
    ]


def test_a_message_is_told_once_although_the_journal_counts_it_as_a_contact_too() -> None:
    found = brief(contacts_made=[{"day": ago(30)}, {"day": ago(29), "note": "sent a copy"}])
    assert [one.what for one in found.history] == ["courtesy sent", "we wrote: sent a copy"]


# Who is who.


def test_the_customers_people_who_pay_and_decide_are_named() -> None:
    found = brief(
        contacts=[
            {"customer": "C1", "role": "decides", "name": "Head of finance", "phone": "+1 555 0100"},
            {"customer": "C1", "role": "pays", "name": "Accounts payable", "email": "pays@c1.example"},
            {"customer": "C1", "role": "other", "name": "Front desk"},
        ]
    )
    assert (found.decides, found.pays) == ("Head of finance, +1 555 0100", "Accounts payable, pays@c1.example")
    assert "Who decides there: Head of finance, +1 555 0100. Who pays there: Accounts payable" in written(found)


def test_without_an_answer_somebody_is_named_who_steps_in() -> None:
    found = brief()
    assert found.steps_in == "Manager, Sales (sales manager)"
    assert "otherwise Manager, Sales (sales manager) is told and steps in." in written(found)
    assert brief(people=[ANN, COL]).steps_in == "the sales manager"


def test_a_fragile_relationship_is_said() -> None:
    assert "Sales calls this relationship fragile" in written(brief(customer={"relationship": "fragile"}))
    assert "fragile" not in written(brief())


# Stand-ins.


@pytest.mark.parametrize(
    ("people", "person", "away"),
    [
        pytest.param([ANN, BEA, BOSS], "sales-north", "", id="there"),
        pytest.param(
            [{**ANN, **AWAY, "covered_by": "sales-south"}, BEA, BOSS], "sales-south", "sales-north", id="covered"
        ),
        pytest.param([{**ANN, **AWAY}, BEA, BOSS], "boss", "sales-north", id="the-manager-steps-in"),
        pytest.param([{**ANN, **AWAY, "manager": None}, BEA], "", "sales-north", id="nobody"),
    ],
)
def test_a_request_goes_to_whoever_stands_in_and_says_for_whom(people: Sequence[Row], person: str, away: str) -> None:
    plan, briefs = asked(people=[*people, COL])
    action, matter = briefs["before_hold"]
    assert action.person == person
    assert (matter.away.id if matter.away else "") == away
    notes = [note for note in plan.notes if "stands in" in note]
    assert bool(notes) is (person == "")
    text = written(matter)
    if away and person:
        assert "This is for Salesperson, North, who is away until April 5, 2026; you stand in." in text
        assert text.startswith(f"Hello {matter.asked.name if matter.asked else ''},")
    if not person:
        assert notes == [
            "`sales-north` is away until 2026-04-05 and nobody stands in: 1 action is for the salesperson alone"
        ]
        assert "This is for Salesperson, North, who is away until April 5, 2026; nobody is named" in text


def test_a_call_goes_to_who_covers_and_a_message_keeps_the_name_that_the_customer_knows() -> None:
    people = [ANN, {**COL, **AWAY, "covered_by": "collector-south"}, {**COL, "person": "collector-south"}]
    plan, _ = asked(people=people, invoices=[owed(31)], executed_stages=done(("courtesy", 25), ("reminder", 15)))
    about_it = [action for action in plan.actions if action.kind is not Kind.LIST]
    assert {action.kind: action.person for action in about_it} == {
        Kind.MESSAGE: "collector-north",
        Kind.TASK: "collector-south",
    }


# The hold that is coming.


@pytest.mark.parametrize(
    ("days", "ahead"),
    [
        pytest.param(41, 9, id="when-its-days-have-come"),
        pytest.param(49, 1, id="tomorrow"),
        pytest.param(55, 1, id="never-on-the-day-of-the-request"),
    ],
)
def test_a_coming_hold_is_announced_by_its_first_possible_day(days: int, ahead: int) -> None:
    found = brief(invoices=[owed(days, 600_000)])
    assert found.hold_day == AS_OF + timedelta(days=ahead)
    shown = {9: "April 9, 2026", 1: "April 1, 2026"}[ahead]
    assert f"from {shown}, once you have answered or April 7, 2026 has passed" in written(found)


def test_a_hold_that_no_day_brings_has_no_day(tmp_path: Path) -> None:
    text = "holds: {credit: {place: {when: {past_due: {at_least: 900000}}}}}\n"
    policy, _ = load_policy(changed(tmp_path, text))
    (hold,) = policy.holds
    facts = {"days_past_due": 41, "past_due": 600_000}
    assert hold_day(policy, hold, facts, AS_OF) is None


# Every brief as it reads.


@pytest.mark.parametrize("ask", ["find_out_why", "break_hold_news", "get_payment_date", "joint_meeting", "introduce"])
def test_every_brief_fits_a_screen_and_says_what_may_not_be_promised(tmp_path: Path, ask: str) -> None:
    policy = changed(tmp_path, f"sales: {{before_hold: {{ask: {ask}}}}}\n")
    found = brief(
        policy=policy,
        customer={"relationship": "fragile"},
        contacts=[{"customer": "C1", "role": "decides", "name": "Head of finance"}],
        history=History(said_by_sales=(said_by_sales("approach through the CFO"),)),
        promises=[{"amount": 5, "made_on": ago(20), "due_on": ago(10)}],
    )
    owners = Owners.of({"I1": "C1"}, {"C1": "C1"})
    (answer,) = render(shipped(), [found], owners, workers=1)
    assert isinstance(answer, Rendered), answer
    assert "approach through the CFO" in answer.text
    assert "What not to promise" in answer.text
    assert "release of" in answer.text or "an order will still go out" in answer.text
    assert "charge" in answer.text
    assert "duly record answer C1 before_hold" in " ".join(answer.text.split())
    assert len(answer.text.splitlines()) <= 75
