"""From a change to the customer who hears of it: whole days of a small team, planned and carried out in rehearsal."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar, Event

from tests.execution.teams import DAY, Row, Team, make_team

NEXT_DAY, THIRD_DAY = "2026-04-01", "2026-04-02"

SUFFIX = {"email": "eml", "letter": "pdf"}


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Mapping[str, Any]]:
    """A team that has carried out a first day; holds fall at once and need nobody."""
    team = make_team(tmp_path_factory.mktemp("told"))
    text = team.policy.read_text(encoding="utf-8")
    for old, new in (
        (
            "      when: {days_past_due: {at_least: 50}, past_due: {at_least: 5000}}\n",
            "      when: {past_due: {at_least: 1}}\n",
        ),
        ("      needs: {request: before_hold, is: answered_or_expired}\n      approval: [credit_manager]\n", ""),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    team.policy.write_text(text, encoding="utf-8")
    plan = team.make_plan()
    # Where the customer's morning has not come yet, a message waits for it.
    team.apply(exit_code=None)
    return team, plan


def of_kind(plan: Mapping[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [action for action in plan["actions"] if action["kind"] in kinds]


def told(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((action["stage"], action["customer"]) for action in of_kind(plan, "notice"))


def text_of(mail: bytes) -> str:
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def book_the_holds(team: Team, plan: Mapping[str, Any]) -> None:
    """The clerk in accounts books what the list asks for: the ledger of the sample book keeps the holds itself."""
    new = [{"customer": a["customer"], "hold": a["stage"], "placed_on": DAY} for a in of_kind(plan, "hold")]
    team.change("holds", lambda rows: [*rows, *({name: hold.get(name, "") for name in rows[0]} for hold in new)])


def test_new_customers_meet_their_pair_with_a_talking_sheet(first_day: tuple[Team, Mapping[str, Any]]) -> None:
    team, plan = first_day
    invited = of_kind(plan, "introduction")
    assert invited
    for action in invited:
        [event] = Calendar.from_ical(team.outbox()[f"{action['id']}.ics"]).walk("VEVENT")
        assert isinstance(event, Event)
        details = action["details"]
        assert event.start == datetime.fromisoformat(details["starts"])
        assert {str(person).removeprefix("mailto:").split("@")[0] for person in event.attendees} == {
            details["attends_for_sales"],
            details["attends_for_credit"],
        }
        assert "What not to promise" in str(event["DESCRIPTION"])
        assert action["customer"] in base64.b64decode(event["ATTACH"].to_ical()).decode()


def test_a_hold_and_a_new_collector_are_told_the_next_day_and_never_again(
    first_day: tuple[Team, Mapping[str, Any]], tmp_path: Path
) -> None:
    team, plan = first_day
    team = team.copy(tmp_path / "team")
    # Nothing was told before the journal had it.
    assert told(plan) == []
    held = sorted({action["customer"] for action in of_kind(plan, "hold")})
    assert held
    moved = next(a for a in of_kind(plan, "message") if f"{a['id']}.eml" in team.outbox())
    new = "collector-south" if moved["person"] != "collector-south" else "collector-north"

    def move(rows: list[Row]) -> list[Row]:
        return [{**row, "collector": new} if row["customer"] == moved["customer"] else row for row in rows]

    team.change("customers", move)
    # What is on a list is not so yet.
    assert "hold" not in dict(told(team.make_plan(NEXT_DAY)))
    book_the_holds(team, plan)
    second = team.make_plan(NEXT_DAY)
    kept_out = {thing["customer"] for thing in second["withheld"] if thing["what"].startswith("notice")}  # type: ignore[attr-defined]
    expected = [("hold", customer) for customer in held if customer not in kept_out]
    assert told(second) == sorted([("collector_change", moved["customer"]), *expected])
    lines = [(a["task"], a["person"]) for a in of_kind(second, "task") if a["customer"] == moved["customer"]]
    assert {("take_over", new), ("hand_over", moved["person"])} <= set(lines)
    assert [a["task"] for a in of_kind(second, "task")].count("hold_placed") == len(held)
    team.apply(day=NEXT_DAY, exit_code=None)
    outbox = team.outbox()
    wait = []
    for action in of_kind(second, "notice"):
        content = outbox.get(f"{action['id']}.{SUFFIX[action['channel']]}")
        if content is None:
            wait.append((action["stage"], action["customer"]))
        elif action["stage"] == "collector_change":
            assert f"Collector, {new.removeprefix('collector-').title()}" in text_of(content)
        elif action["channel"] == "email" and action["customer"] != moved["customer"]:
            assert "Salesperson" in text_of(content)
    assert len(wait) < len(told(second))
    third = team.make_plan(THIRD_DAY)
    assert told(third) == sorted(wait)
    assert not [a for a in of_kind(third, "task") if a["task"] in {"take_over", "hand_over", "hold_placed"}]
    again = {(a["customer"], a["episode"]) for a in of_kind(third, "introduction")}
    assert not again & {(a["customer"], a["episode"]) for a in of_kind(plan, "introduction")}
    assert DAY < NEXT_DAY < THIRD_DAY


def test_a_hold_that_is_released_between_plan_and_apply_is_not_told(
    first_day: tuple[Team, Mapping[str, Any]], tmp_path: Path
) -> None:
    team, plan = first_day
    team = team.copy(tmp_path / "team")
    book_the_holds(team, plan)
    second = team.make_plan(NEXT_DAY)
    holds = [action for action in of_kind(second, "notice") if action["stage"] == "hold"]
    taken_back = holds[0]
    released = {"customer": taken_back["customer"], "hold": "credit", "placed_on": DAY, "released_on": NEXT_DAY}

    def others(rows: list[Row]) -> list[Row]:
        return [row for row in rows if (row["customer"], row["placed_on"]) != (taken_back["customer"], DAY)]

    team.change("holds", lambda rows: [*others(rows), {name: released.get(name, "") for name in rows[0]}])
    said = team.apply(day=NEXT_DAY, exit_code=None).output
    left = {name.partition(".")[0] for name in team.outbox()}
    assert taken_back["id"] not in left
    assert left & {action["id"] for action in holds[1:]}
    assert "what it tells of is not so any more" in said
