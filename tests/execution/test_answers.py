"""From a request to its answer, or to the silence that somebody is told of: through the journal, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.execution.teams import DAY, Row, Team, make_team

NEXT_DAY = "2026-04-01"
OF_LONG_AGO = ("second_reminder", "demand", "final_notice")


def ago(days: int) -> str:
    return str(date.fromisoformat(DAY) - timedelta(days=days))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    return make_team(tmp_path_factory.mktemp("made"), customers=120)


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    return made.copy(tmp_path / "team")


def actions(team: Team, day: str, kind: str) -> Sequence[Mapping[str, Any]]:
    plan: Mapping[str, Any] = team.make_plan(day)
    return [action for action in plan["actions"] if action["kind"] == kind]


def told(team: Team, day: str) -> set[tuple[str, str, str]]:
    return {
        (task["customer"], task["stage"], task["for_role"])
        for task in actions(team, day, "task")
        if task["task"] == "answer_overdue"
    }


def test_whom_the_policy_names_is_told_of_a_silence_once(team: Team) -> None:
    late = next(a for a in actions(team, DAY, "message") if a["stage"] in OF_LONG_AGO)
    asked = {"customer": late["customer"], "rule": "before_hold"}

    def with_request(rows: list[Row]) -> list[Row]:
        others = [row for row in rows if row["customer"] != late["customer"]]
        return [*others, {**asked, "asked_on": ago(6), "due_on": ago(1)}]

    team.change("requests", with_request)
    due = told(team, DAY)
    assert (late["customer"], "before_hold", "sales_manager") in due
    team.apply(exit_code=None)
    assert not due & told(team, NEXT_DAY)


def test_an_answer_of_difficulty_pauses_the_ladder_the_next_day_and_is_taken_back_with_a_word(team: Team) -> None:
    request = next(a for a in actions(team, DAY, "sales_request") if a["stage"] == "broken_promise")
    team.apply(exit_code=None)
    who = ("record", "answer", request["customer"], request["stage"], "--day", DAY, "--by", "seller")
    team.duly(*who, "--reason", "cash_trouble", "--financial-difficulty")
    assert (request["customer"], "payment_plan") in pauses(team)
    team.duly(*who, "--reason", "other", "--no-financial-difficulty", "--again")
    assert (request["customer"], "payment_plan") not in pauses(team)


def pauses(team: Team) -> set[tuple[str, str]]:
    """Whose task is given by which pause on the next day."""
    return {(task["customer"], task["stage"]) for task in actions(team, NEXT_DAY, "task")}
