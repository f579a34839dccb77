"""What a plan makes of the answers of sales, and of their absence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from duly.book.book import Presence
from duly.language.load import load_policy
from duly.language.policy import Unit
from duly.plan.make import make_plan
from duly.plan.plan import Action, Kind, Plan
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD
from tests.plan.test_actions import AS_OF, REACHABLE, ago, deeds, owed, planned

# What sales answers changes what is done.


def answer(days_ago: int, reason: str, **said: object) -> Row:
    return {"customer": "C1", "creditor": "main", "rule": "before_hold", "day": ago(days_ago), "reason": reason, **said}


DEMANDED = [{"stage": stage, "day": ago(days)} for stage, days in (("courtesy", 45), ("reminder", 30))]


def seen(*answers: Row) -> tuple[set[tuple[str, str, str]], set[str], set[str]]:
    """Deeds beside what sales is asked, tones of messages, and why stages are withheld."""
    plan = planned(invoices=[owed(50)], executed_stages=DEMANDED, answers=answers)
    tones = {action.tone for action in plan.actions if action.kind is Kind.MESSAGE}
    done = {deed for deed in deeds(plan) if deed[0] not in {"message", "sales_request"}}
    return done, tones, {thing.explanation for thing in plan.withheld}


CALL = ("task", "second_reminder", "phone_call")
PLAN = ("task", "payment_plan", "agree_payment_plan")
PAPERS = ("task", "missing_paperwork", "send_what_is_missing")


@pytest.mark.parametrize(
    ("said", "done", "tones", "withheld"),
    [
        pytest.param([], {CALL}, {"firm"}, set(), id="nothing"),
        pytest.param([answer(1, "forgot")], {CALL}, {"firm"}, set(), id="that-it-forgot"),
        pytest.param(
            [answer(10, "cash_trouble", financial_difficulty=True)],
            {PLAN},
            set(),
            {"paused: payment plan"},
            id="difficulty-ten-days-ago",
        ),
        pytest.param(
            [answer(11, "cash_trouble", financial_difficulty=True)], {CALL}, {"friendly"}, set(), id="eleven-days-ago"
        ),
        pytest.param(
            [answer(11, "other", financial_difficulty=True), answer(8, "other", financial_difficulty=False)],
            {CALL},
            {"firm"},
            set(),
            id="difficulty-taken-back",
        ),
        pytest.param([answer(7, "paperwork")], {PAPERS}, set(), {"paused: missing paperwork"}, id="paperwork"),
        pytest.param([answer(8, "paperwork")], {CALL}, {"firm"}, set(), id="paperwork-eight-days-ago"),
        pytest.param([answer(20, "other", relationship="fragile")], {CALL}, {"friendly"}, set(), id="fragile"),
    ],
)
def test_an_answer_changes_what_is_done(
    said: Sequence[Row], done: set[tuple[str, str, str]], tones: set[str], withheld: set[str]
) -> None:
    assert seen(*said) == (done, tones, withheld)


# What sales does not answer.

ASKED: Row = {"rule": "before_hold", "asked_on": ago(10), "due_on": ago(1)}

PEOPLE: list[Row] = [
    {"person": "sales-north", "role": "salesperson", "manager": "head-of-sales"},
    {"person": "head-of-sales", "role": "sales_manager"},
    {"person": "other-head", "role": "sales_manager"},
]


def told(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.task == "answer_overdue"]


@pytest.mark.parametrize(
    ("request_", "is_told"),
    [
        pytest.param({**ASKED, "due_on": AS_OF}, False, id="on-its-last-day"),
        pytest.param({**ASKED, "due_on": ago(1)}, True, id="the-day-after"),
        pytest.param({**ASKED, "answered_on": AS_OF}, False, id="answered-today"),
        pytest.param({**ASKED, "told_on": ago(1)}, False, id="told-yesterday"),
        pytest.param({**ASKED, "asked_on": ago(60), "due_on": ago(55)}, False, id="asked-before-this-episode"),
        pytest.param({**ASKED, "rule": "no_such_rule"}, False, id="by-a-rule-that-is-gone"),
    ],
)
def test_whom_the_policy_names_is_told_once_the_deadline_has_passed(request_: Row, *, is_told: bool) -> None:
    plan = planned(invoices=[owed(55, 600_000)], requests=[request_])
    assert [(task.for_role, task.stage) for task in told(plan)] == [("sales_manager", "before_hold")] * is_told


def test_the_task_says_when_sales_was_asked_and_why_it_is_given() -> None:
    [task] = told(planned(invoices=[owed(55, 600_000)], requests=[ASKED]))
    assert (task.kind, dict(task.details)) == (Kind.TASK, {"asked_on": str(ago(10)), "due_on": str(ago(1))})
    assert [reason.rule for reason in task.because] == ["sales before_hold: unanswered, tell sales_manager"]


@pytest.mark.parametrize(
    ("people", "person"),
    [
        pytest.param(PEOPLE, "head-of-sales", id="the-manager-of-the-salesperson"),
        pytest.param([{**PEOPLE[0], "manager": None}, PEOPLE[1]], "head-of-sales", id="the-only-one"),
        pytest.param([{**PEOPLE[0], "manager": None}, *PEOPLE[1:]], "", id="one-of-two"),
        pytest.param(PEOPLE[:1], "", id="nobody"),
        pytest.param(
            [PEOPLE[0], {**PEOPLE[1], "away_from": ago(3), "covered_by": "other-head"}, PEOPLE[2]],
            "other-head",
            id="the-stand-in",
        ),
        pytest.param([PEOPLE[0], {**PEOPLE[1], "away_from": ago(3)}], "", id="away-and-not-covered"),
    ],
)
def test_the_task_is_for_the_one_person_who_has_the_role(people: Sequence[Row], person: str) -> None:
    [task] = told(planned(invoices=[owed(55, 600_000)], requests=[ASKED], people=people))
    assert (task.for_role, task.person) == ("sales_manager", person)


def test_nobody_is_named_where_the_book_has_no_people() -> None:
    policy, _ = load_policy(STANDARD)
    book = make_book(customers=[REACHABLE], invoices=[owed(55, 600_000)], requests=[ASKED])
    without = replace(book, given={**book.given, "people": Presence.ABSENT})
    [task] = told(make_plan(policy, without, AS_OF, engine="meaning", looks_ahead=False))
    assert (task.for_role, task.person) == ("sales_manager", "")


def test_nobody_is_told_after_referral() -> None:
    stages = [{"stage": "referral", "day": ago(2)}]
    assert told(planned(invoices=[owed(80, 600_000)], requests=[ASKED], executed_stages=stages)) == []


def test_what_was_asked_for_an_account_is_told_once_whatever_its_items_are() -> None:
    policy, _ = load_policy(STANDARD)
    by_invoice = replace(policy, ladders=tuple(replace(ladder, unit=Unit.INVOICE) for ladder in policy.ladders))
    book = make_book(
        customers=[REACHABLE],
        invoices=[owed(55, 600_000, invoice="I2"), owed(56, 600_000, invoice="I1")],
        requests=[ASKED],
    )
    [task] = told(make_plan(by_invoice, book, AS_OF, engine="meaning", looks_ahead=False))
    assert task.item == "I1"


def test_a_hold_that_waits_for_the_answer_says_who_is_told(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    (tmp_path / "standard.yaml").write_bytes(STANDARD.read_bytes())
    text = "duly: 1\nextends: standard.yaml\nholds: {credit: {place: {needs: {request: before_hold, is: answered}}}}\n"
    path.write_text(text, encoding="utf-8")
    plan = planned(path, invoices=[owed(55, 600_000)], requests=[ASKED])
    waits = [thing.explanation for thing in plan.withheld if thing.reason == "hold_waits"]
    assert waits == ["sales has not answered (before_hold); sales manager is told today"]
