"""Hostile circumstances of a run, as listed outside the checkout: what must happen, and what never.

The list's set-ups are one line each; the team, the plan and the way it is carried out are ours.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.execution.teams import DAY, Row, Team, make_team
from tests.shared.hostile import Case, cases, needs_hostile

pytestmark = needs_hostile

LISTED = {case.id: case for kind in ("journal", "run", "compliance", "fs") for case in cases(kind)}

MAILED = "C000022"
"""A customer who gets an e-mail in the plan of the sample book."""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    team = make_team(tmp_path_factory.mktemp("hostile"))
    team.make_plan(DAY, customer=MAILED)
    return team


@pytest.fixture
def team(planned: Team, tmp_path: Path) -> Team:
    return planned.copy(tmp_path / "team")


def replan(team: Team, **record: str) -> list[dict[str, object]]:
    """The customer's actions in a plan made once its record says this."""

    def changed(rows: list[Row]) -> list[Row]:
        return [{**row, **record} if row["customer"] == MAILED else row for row in rows]

    if record:
        team.change("customers", changed)
    plan = team.make_plan(DAY, customer=MAILED)
    actions = plan["actions"]
    assert isinstance(actions, list)
    return actions


def messages(actions: list[dict[str, object]]) -> list[str]:
    return [str(action["channel"]) for action in actions if action["kind"] == "message"]


# What is tampered with.


def rolled_back(team: Team, case: Case) -> None:
    """Yesterday's journal copy, then apply again."""
    journal = team.home / "journal" / "try"
    yesterday = team.home / "yesterday.db"
    team.duly("journal", "backup", yesterday)
    team.apply()
    written = team.outbox()
    for path in journal.glob("journal.db*"):
        path.unlink()
    shutil.copy(yesterday, journal / "journal.db")
    assert "journal-rolled-back" in team.apply(exit_code=case.exit).output
    assert team.outbox() == written


def missing(team: Team, case: Case) -> None:
    for path in (team.home / "journal" / "try").glob("journal.db*"):
        path.unlink()
    assert "journal-missing" in team.apply(exit_code=case.exit).output
    assert team.outbox() == {}


def edited(team: Team, case: Case) -> None:
    text = team.plan.read_text(encoding="utf-8")
    (action,) = (a for a in json.loads(text)["actions"] if a["kind"] == "message")
    team.plan.write_text(text.replace(action["to"], "somebody@else.example"), encoding="utf-8")
    assert "plan-edited" in team.apply(exit_code=case.exit).output
    assert team.outbox() == {}


def meanwhile(team: Team, case: Case) -> None:
    """Another plan was carried out since: per account, what changed is skipped and named."""
    assert case.exit == 5
    other = team.copy(team.home.parent / "other")
    other.make_plan(DAY, customer=MAILED)
    shutil.rmtree(team.home / "journal")
    shutil.copytree(other.home / "journal", team.home / "journal")
    team.duly(
        *("record", "call", MAILED, "--day", DAY, "--note", "says it is on its way", "--by", "collector-north"),
        *("--book", "book"),
        exit_code=0,
    )
    output = team.apply(exit_code=None).output
    assert "[changed]" in output
    assert not [name for name in team.outbox() if name.endswith(".eml")]


def twice(team: Team, case: Case) -> None:
    team.apply()
    written = team.outbox()
    assert "already done" in team.apply(exit_code=case.exit).output
    assert team.outbox() == written


def ledger_gone(team: Team, case: Case) -> None:
    (team.book / "invoices.csv").unlink()
    team.apply(exit_code=case.exit)
    assert team.outbox() == {}


# What is asked for and must not be.


def flood(team: Team, case: Case) -> None:
    """Invoice by invoice, a customer with fifty would get fifty tasks."""
    policy = team.policy.read_text(encoding="utf-8")
    policy = policy.replace("unit: account ", "unit: invoice ").replace("task: {collector: phone_call}", "")
    policy = policy.replace(
        "      send: {email: courtesy, without_email: {letter: courtesy}}", "      task: {collector: x}"
    )
    team.policy.write_text(policy, encoding="utf-8")

    def many(rows: list[Row]) -> list[Row]:
        new = {"customer": MAILED, "amount": "100.00", "currency": "USD"}
        days = {"invoice_date": "2026-03-01", "due_date": "2026-03-20"}
        return [*rows, *({**new, **days, "invoice": f"FLOOD-{n}"} for n in range(50))]

    team.change("invoices", many)
    replan(team)
    assert "too-many-for-one-customer" in team.apply(exit_code=case.exit).output
    assert team.outbox() == {}


def count_fuse(team: Team, case: Case) -> None:
    text = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(
        text.replace("  fuse: ", "  fuse:\n    actions: {at_most: 0}").replace(
            "    actions: {at_most: 0}                ", "    actions: {at_most: 0}  "
        ),
        encoding="utf-8",
    )
    replan(team)
    assert "fuse-actions" in team.apply(exit_code=case.exit).output
    assert team.outbox() == {}


def year_typo(team: Team, case: Case) -> None:
    team.make_plan("2027-02-01", customer=MAILED)
    assert "day-far-from-today" in team.apply(exit_code=case.exit).output
    assert team.outbox() == {}


def misnamed(team: Team, case: Case) -> None:
    """An invoice in another name: nothing harsh, and the reason."""
    assert case.exit == 5
    path = team.book / "invoices.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    named = [f"{line},{'Other Ltd' if f',{MAILED},' in line else ''}" for line in lines[1:]]
    path.write_text("\n".join([f"{lines[0]},customer_name", *named]) + "\n", encoding="utf-8")
    text = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(text.replace("tone: friendly", "tone: stern", 1), encoding="utf-8")
    shutil.copy(
        team.home / "templates" / "en" / "email" / "reminder.friendly.md.j2",
        team.home / "templates" / "en" / "email" / "reminder.stern.md.j2",
    )
    assert messages(replan(team)) == []
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    assert "name_mismatch" in {thing["reason"] for thing in plan["withheld"]}


# Who must not be reached, or not so, or not now.


def do_not_contact(team: Team, _: Case) -> None:
    assert messages(replan(team, do_not_contact="yes")) == []


def no_email(team: Team, _: Case) -> None:
    assert messages(replan(team, no_email="yes")) == ["letter"]


def promise(team: Team, _: Case) -> None:
    new = {"promise": "PR-NEW", "customer": MAILED, "amount": "10.00", "currency": "USD"}
    team.change("promises", lambda rows: [*rows, {**new, "made_on": DAY, "due_on": "2026-04-01"}])
    assert messages(replan(team)) == []


def evening(team: Team, _: Case) -> None:
    assert "not before 2026-03-31T14:00" in team.apply(day="2026-03-31T04:30", exit_code=7).output
    # Nothing reaches the customer; advice to the two colleagues keeps no contact hours.
    assert [json.loads(content)["kind"] for content in team.outbox().values()] == ["advice", "advice"]


def summer_time(team: Team, _: Case) -> None:
    """In the hour that a change of the clock leaves out nobody is contacted, and the plan says from when on."""
    (message,) = (a for a in replan(team, time_zone="America/New_York") if a["kind"] == "message")
    assert message["not_before"] == "2026-03-31T09:00-04:00"


def shared_inbox(team: Team, _: Case) -> None:
    """Two customers who read one inbox share its cap."""
    text = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(text.replace("{at_most: 2, in_days: 7}", "{at_most: 1, in_days: 7}"), encoding="utf-8")
    team.change("contacts", lambda rows: [{**row, "email": "one@inbox.example"} for row in rows])
    team.change("customers", lambda rows: [{**row, "email": "one@inbox.example"} for row in rows])
    made = [{"customer": "C000001", "day": "2026-03-30", "channel": "call", "direction": "out", "note": ""}]
    team.change("contacts_made", lambda rows: [*rows, *made])
    assert messages(replan(team)) == ["email"]
    assert "contact_cap" in team.apply(exit_code=7).output
    assert not [name for name in team.outbox() if name.endswith(".eml")]


MET: dict[str, Callable[[Team, Case], None]] = {
    "journal-007": rolled_back,
    "journal-008": missing,
    "journal-010": edited,
    "journal-013": meanwhile,
    "journal-015": twice,
    "run-012": summer_time,
    "run-019": ledger_gone,
    "compliance-006": shared_inbox,
    "compliance-007": evening,
    "compliance-012": do_not_contact,
    "compliance-013": no_email,
    "compliance-016": promise,
    "compliance-020": count_fuse,
    "compliance-023": year_typo,
    "compliance-024": flood,
    "compliance-029": misnamed,
}


@pytest.mark.parametrize("id_", MET)
def test_hostile_circumstances_are_met_as_listed(team: Team, id_: str) -> None:
    MET[id_](team, LISTED[id_])


ELSEWHERE = {
    "journal-001": "tests/journal",
    "journal-002": "tests/journal",
    "journal-004": "tests/journal",
    "journal-005": "tests/journal",
    "journal-006": "tests/journal",
    "journal-017": "tests/shared/test_hostile_approvals.py",
    "run-001": "tests/execution/test_killed.py",
    "run-003": "tests/journal/test_power.py",
    "run-022": "tests/book/test_files.py",
    "compliance-009": "tests/test_dates.py",
    "compliance-010": "tests/test_dates.py",
    "compliance-011": "tests/test_dates.py",
    "compliance-021": "tests/plan/test_stops.py",
    "compliance-022": "tests/plan/test_stops.py",
    "compliance-025": "tests/shared/test_hostile_email_out.py",
    "compliance-027": "tests/shared/test_hostile_approvals.py",
    "compliance-028": "tests/channels/test_holds.py",
    "compliance-030": "tests/messages/test_guard.py",
}
"""Where the other listed circumstances are met."""


def test_no_listed_circumstance_of_a_run_is_forgotten() -> None:
    listed = {id_ for id_ in LISTED if not id_.startswith("fs-")}
    assert listed == {*MET, *ELSEWHERE}
    here = Path(__file__).parents[2]
    assert [path for path in ELSEWHERE.values() if not (here / path).exists()] == []
