"""Statements and lists leave by apply: as files and e-mails, once a period, and only as they were planned."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.execution.teams import Row, Team, make_team

DAY = "2026-04-01"
"""A Wednesday: the week's items are still due, the month's begin."""

PAID = "PAY-in-between"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team with a plan for the day."""
    team = make_team(tmp_path_factory.mktemp("rhythm"), customers=25, calendar=True)
    team.make_plan(DAY)
    return team


@pytest.fixture(scope="module")
def applied(planned: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The same team once the plan was carried out."""
    team = planned.copy(tmp_path_factory.mktemp("applied") / "team")
    team.apply(day=DAY, exit_code=None)
    return team


def folders(team: Team) -> Mapping[str, Path]:
    found = (team.home / "outbox" / "try" / "lists").glob("*/*")
    return {path.name: path for path in found if path.is_dir()}


def test_a_list_is_a_private_folder_of_files_for_its_day(applied: Team) -> None:
    found = folders(applied)
    assert {path.parent.name for path in found.values()} == {DAY}
    balance = next(path for name, path in found.items() if name.startswith("aged_trial_balance-credit-manager-"))
    assert {file.name.removeprefix(f"aged_trial_balance-{DAY}") for file in balance.iterdir()} == {
        *(".txt", ".html", ".pdf", ".xlsx"),
        *("-by_customer.csv", "-by_segment.csv", "-by_salesperson.csv", "-by_collector.csv"),
    }
    assert stat.S_IMODE(balance.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in balance.iterdir()} == {0o600}
    assert not list(balance.parent.glob(".*"))


def test_a_statement_is_an_e_mail_with_both_people_and_the_pdf(applied: Team) -> None:
    mails = [message_from_bytes(content, policy=default) for content in applied.outbox().values() if b"MIME" in content]
    statements = [mail for mail in mails if "tatement" in str(mail["Subject"])]
    assert statements
    for mail in statements:
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Collector, " in body.get_content()
        assert "Salesperson " in body.get_content()
        assert [part.get_content_type() for part in mail.iter_attachments()] == ["application/pdf"]


def test_what_left_is_not_planned_again_in_its_period(applied: Team, tmp_path: Path) -> None:
    team = applied.copy(tmp_path / "team")
    before = {path.name for path in folders(team).values()}
    again = team.make_plan("2026-04-02")
    actions = again["actions"]
    assert isinstance(actions, list)
    assert not [
        action for action in actions if action["kind"] == "list" and action["stage"] != "past_due_list_by_salesperson"
    ]
    left = {path.stem for path in (team.home / "outbox" / "try" / "emails").iterdir()}
    assert not left & {action["id"] for action in actions if action["kind"] == "statement"}
    assert not [action for action in actions if any(action["id"] in name for name in before)]


def test_money_that_comes_in_before_apply_holds_the_statement_and_the_lists_that_it_changes_back(
    planned: Team, tmp_path: Path
) -> None:
    team = planned.copy(tmp_path / "team")
    paid: list[str] = []
    invoices: list[Row] = []

    def seen(rows: list[Row]) -> list[Row]:
        invoices.extend(rows)
        return rows

    def pay(rows: list[Row]) -> list[Row]:
        invoice = next(row for row in invoices if row["customer"] == "C000001")
        paid.append(invoice["customer"])
        more = dict.fromkeys(rows[0], "")
        own = {"payment": PAID, "customer": invoice["customer"], "amount": "1.00", "day": DAY}
        return [
            *rows,
            {**more, **own, **{k: invoice[k] for k in ("creditor", "currency") if k in more and k in invoice}},
        ]

    team.change("invoices", seen)
    team.change("payments", pay)
    said = team.apply(day=DAY, exit_code=None).output
    changed = [line for line in said.splitlines() if "[changed]" in line]
    assert any(paid[0] in line and "statement" in line for line in changed), said
    assert not any("aged_trial_balance" in name for name in folders(team))
    assert any("past_due" in name for name in folders(team))
