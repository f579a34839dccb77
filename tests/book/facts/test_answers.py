"""What sales answered, as facts: why the customer does not pay, whether it is in difficulty, how sales judges it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import Found, Scene, a_policy, by_name, seen, seen_at_once

DAY = date(2026, 3, 31)
LATE: Row = {"due_date": "2026-03-01"}
"""Late from the 2nd of March on, so that this is when the episode opened."""
EARLIER: Row = {"due_date": "2026-01-10", "settled_on": "2026-01-20"}

NEVER = {"answer_reason": "none", "days_since_answer": None, "financial_difficulty": False, "relationship": "normal"}
FRAGILE: Row = {"customer": "C1", "relationship": "fragile"}


def answer(day: str, reason: str = "forgot", **said: object) -> Row:
    return {"customer": "C1", "creditor": "main", "rule": "find_out", "day": day, "reason": reason, **said}


def hard(day: str, *, is_so: bool = True, **more: object) -> Row:
    return answer(day, "cash_trouble", financial_difficulty=is_so, **more)


ANSWERS = by_name(
    [
        pytest.param([], [], NEVER, id="never"),
        pytest.param([answer("2026-03-31")], [], {"answer_reason": "forgot", "days_since_answer": 0}, id="today"),
        pytest.param([answer("2026-04-01")], [], NEVER, id="tomorrow"),
        pytest.param([answer("2026-03-02")], [], {"answer_reason": "forgot"}, id="on-the-first-day-of-the-episode"),
        pytest.param(
            [answer("2026-03-01")], [], {"answer_reason": "none", "days_since_answer": 30}, id="the-day-before"
        ),
        pytest.param(
            [answer("2026-03-20", "process"), answer("2026-03-10", "paperwork")],
            [],
            {"answer_reason": "process", "days_since_answer": 11},
            id="the-latest-by-day-counts",
        ),
        pytest.param(
            [answer("2026-03-20", "process"), answer("2026-03-20", "paperwork")],
            [],
            {"answer_reason": "paperwork"},
            id="of-one-day-the-last-told-counts",
        ),
        pytest.param([hard("2026-03-20")], [], {"financial_difficulty": True}, id="in-difficulty"),
        pytest.param(
            [hard("2026-03-20"), answer("2026-03-25")],
            [],
            {"financial_difficulty": True, "answer_reason": "forgot"},
            id="silence-takes-nothing-back",
        ),
        pytest.param(
            [hard("2026-03-20"), hard("2026-03-25", is_so=False)],
            [],
            {"financial_difficulty": False},
            id="a-later-no-takes-it-back",
        ),
        pytest.param(
            [hard("2026-03-20"), hard("2026-03-20", is_so=False)],
            [],
            {"financial_difficulty": False},
            id="a-no-told-later-the-same-day-too",
        ),
        pytest.param(
            [hard("2026-03-25"), hard("2026-03-20", is_so=False)],
            [],
            {"financial_difficulty": True},
            id="an-earlier-no-does-not",
        ),
        pytest.param([hard("2025-04-01")], [], {"financial_difficulty": True}, id="just-within-twelve-months"),
        pytest.param([hard("2025-03-31")], [], {"financial_difficulty": False}, id="twelve-months-ago"),
        pytest.param(
            [hard("2026-01-15")],
            [],
            {"financial_difficulty": True, "answer_reason": "none"},
            id="difficulty-outlives-the-episode-and-the-reason-does-not",
        ),
        pytest.param(
            [hard("2026-03-20", creditor="other")],
            [],
            {"financial_difficulty": True, "answer_reason": "none", "days_since_answer": None},
            id="difficulty-is-the-customers-and-the-reason-the-accounts",
        ),
        pytest.param([], [FRAGILE], {"relationship": "fragile"}, id="the-record-says-fragile"),
        pytest.param(
            [answer("2026-03-20", relationship="strong")], [FRAGILE], {"relationship": "strong"}, id="an-answer-wins"
        ),
        pytest.param(
            [answer("2025-04-01", relationship="strong")],
            [FRAGILE],
            {"relationship": "strong"},
            id="for-twelve-months",
        ),
        pytest.param(
            [answer("2025-03-31", relationship="strong")], [FRAGILE], {"relationship": "fragile"}, id="and-no-longer"
        ),
        pytest.param(
            [answer("2026-03-10", relationship="fragile"), answer("2026-03-20")],
            [],
            {"relationship": "fragile"},
            id="an-answer-that-judges-nothing-changes-no-judgement",
        ),
    ]
)


def scene(answers: Sequence[Row], customers: Sequence[Row]) -> Scene:
    return Scene(a_policy(), {"invoices": [EARLIER, LATE], "answers": answers, "customers": customers}, (DAY,))


@pytest.fixture(scope="module")
def answered() -> Found:
    return seen_at_once({name: scene(answers, customers) for name, (answers, customers, _) in ANSWERS.items()})


@pytest.mark.parametrize("name", ANSWERS)
def test_what_sales_answered_is_known_of_the_account(name: str, answered: Found) -> None:
    *_, expected = ANSWERS[name]
    facts = answered[name][DAY].facts
    assert {fact: facts[fact] for fact in expected} == expected


def test_what_sales_says_of_a_child_counts_for_the_parent_who_pays() -> None:
    customers: list[Row] = [{"customer": "C1"}, {"customer": "C2", "parent": "C1", "parent_pays": True}]
    book = make_book(invoices=[LATE], customers=customers, answers=[hard("2026-03-20", customer="C2")])
    facts = seen(book, a_policy(), [DAY])[DAY].facts
    assert (facts["financial_difficulty"], facts["answer_reason"]) == (True, "cash_trouble")


ASKED: Row = {"asked_on": "2026-03-05", "due_on": "2026-03-10"}


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        pytest.param(ASKED, False, id="not-told"),
        pytest.param({**ASKED, "told_on": "2026-03-30"}, True, id="told-yesterday"),
        pytest.param({**ASKED, "told_on": "2026-03-31"}, False, id="told-today-counts-from-tomorrow"),
        pytest.param(
            {**ASKED, "asked_on": "2026-03-01", "told_on": "2026-03-30"}, False, id="asked-before-the-episode"
        ),
    ],
)
def test_who_was_told_that_no_answer_came_is_remembered_for_the_episode(request_: Row, *, told: bool) -> None:
    facts = seen(make_book(invoices=[EARLIER, LATE], requests=[request_]), a_policy(), [DAY])[DAY].facts
    assert facts["requests_told"] == (frozenset({"find_out"}) if told else frozenset())
