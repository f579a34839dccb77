"""A saved plan carried out: exactly as it was shown, once, and not where anything moved since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.execution.teams import BOOK, DAY, PLAN, POLICY, Row, Team, make_team

VICTIM = "C000022"
"""A customer who gets a reminder by e-mail in the plan of the sample book."""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team with a plan that nobody has carried out."""
    team = make_team(tmp_path_factory.mktemp("planned"))
    team.make_plan()
    return team


@pytest.fixture(scope="module")
def carried_out(planned: Team, tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, str]:
    """The team once its plan was carried out and nothing had moved, and what was said of it."""
    team = planned.copy(tmp_path_factory.mktemp("usual") / "team")
    return team, team.apply(exit_code=7).output


@pytest.fixture(scope="module")
def usual(carried_out: tuple[Team, str]) -> frozenset[str]:
    """What lies in the outbox where nothing moved."""
    return frozenset(carried_out[0].outbox())


@pytest.fixture
def team(planned: Team, tmp_path: Path) -> Team:
    return planned.copy(tmp_path / "team")


@pytest.fixture
def done(carried_out: tuple[Team, str], tmp_path: Path) -> Team:
    """A team whose plan was carried out."""
    return carried_out[0].copy(tmp_path / "team")


def test_the_plan_that_these_tests_carry_out_is_the_one_that_the_command_saves_but_for_the_days_ahead(
    team: Team,
) -> None:
    made = json.loads(team.plan.read_text(encoding="utf-8"))
    team.duly("plan", POLICY, BOOK, "--as-of", DAY, "--author", "credit-author", "--out", PLAN)
    saved = json.loads(team.plan.read_text(encoding="utf-8"))
    assert any(thing["next_possible"] for thing in saved["withheld"])
    for plan in (made, saved):
        del plan["checksum"]
        for thing in plan["withheld"]:
            del thing["next_possible"]
    assert made == saved


def reminder_of(team: Team) -> str:
    """The key of the victim's message."""
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    (key,) = (a["id"] for a in plan["actions"] if a["customer"] == VICTIM and a["kind"] == "message")
    return str(key)


# Once.


def test_what_is_carried_out_lies_in_the_outbox_and_never_leaves_again(
    carried_out: tuple[Team, str], done: Team
) -> None:
    team, (_, said) = done, carried_out
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    assert "Waiting" in said
    written = team.outbox()
    assert {Path(name).stem for name in written} <= {action["id"] for action in plan["actions"]}
    assert f"{reminder_of(team)}.eml" in written
    again = team.apply("--resume", exit_code=7)
    assert "already done" in again.output
    assert team.outbox() == written


def test_a_plan_that_was_begun_is_finished_only_when_asked(team: Team) -> None:
    team.apply("--canary", 1, exit_code=7)
    assert len(team.outbox()) == 1
    refused = team.apply(exit_code=5)
    assert "plan-used" in refused.output
    assert len(team.outbox()) == 1
    team.apply("--resume", exit_code=7)
    assert len(team.outbox()) > 1


def test_a_plan_made_again_for_the_same_day_does_nothing_twice(done: Team) -> None:
    team = done
    written = team.outbox()
    again = team.make_plan()
    assert not [action for action in again["actions"] if f"{action['id']}.eml" in written]  # type: ignore[attr-defined]
    team.apply(exit_code=None)
    assert {name: team.outbox()[name] for name in written} == written


def test_a_file_named_stop_beside_the_journal_stops_before_anything(team: Team) -> None:
    stop = team.home / "journal" / "try" / "STOP"
    stop.touch()
    assert "Stopped" in team.apply(exit_code=130).output
    assert team.outbox() == {}
    stop.unlink()
    team.apply("--resume", exit_code=7)
    assert team.outbox()


def test_a_person_who_says_no_ends_it_before_anything(team: Team) -> None:
    result = team.duly("apply", "plan.json", "--rehearse", DAY, exit_code=None)
    assert result.exit_code in {5, 130}
    assert team.outbox() == {}


# Not as it was shown.


def edited(team: Team) -> None:
    text = team.plan.read_text(encoding="utf-8")
    team.plan.write_text(text.replace(VICTIM, "C000001"), encoding="utf-8")


def other_policy(team: Team) -> None:
    team.policy.write_text(team.policy.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")


def other_wording(team: Team) -> None:
    path = team.home / "templates" / "en" / "email" / "reminder.friendly.md.j2"
    path.write_text(path.read_text(encoding="utf-8").replace("friendly reminder", "reminder"), encoding="utf-8")


def no_journal(team: Team) -> None:
    for path in (team.home / "journal" / "try").glob("journal.db*"):
        path.unlink()


def other_journal(team: Team) -> None:
    shutil.rmtree(team.home / "journal")
    team.duly("journal", "create")


def no_ledger(team: Team) -> None:
    (team.book / "invoices.csv").unlink()


def broken_ledger(team: Team) -> None:
    path = team.book / "invoices.csv"
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("harm", "exit_code", "rule"),
    [
        pytest.param(edited, 5, "plan-edited", id="a-plan-that-was-edited"),
        pytest.param(other_policy, 5, "policy-changed", id="a-policy-that-changed"),
        pytest.param(other_wording, 5, "templates-changed", id="wording-that-changed"),
        pytest.param(no_journal, 8, "journal-missing", id="no-journal"),
        pytest.param(other_journal, 8, "journal-not-the-plans", id="another-journal"),
        pytest.param(no_ledger, 4, "", id="a-ledger-that-is-gone"),
        pytest.param(broken_ledger, 4, "", id="a-ledger-that-was-cut"),
    ],
)
def test_nothing_is_done_with(team: Team, harm: Callable[[Team], None], exit_code: int, rule: str) -> None:
    harm(team)
    assert rule in team.apply(exit_code=exit_code).output
    assert team.outbox() == {}


def test_nothing_is_done_on_a_day_far_from_the_plans(team: Team) -> None:
    assert "day-far-from-today" in team.apply(day="2026-04-04", exit_code=5).output
    assert team.outbox() == {}


def test_a_plan_for_one_environment_is_not_carried_out_in_another(team: Team) -> None:
    result = team.duly("apply", "plan.json", "--yes", "--env", "live", exit_code=None)
    assert result.exit_code in {5, 8}
    assert team.outbox() == {}


# Moved since.


def set_(**values: str) -> Callable[[list[Row]], list[Row]]:
    """Change the victim's record."""
    return lambda rows: [{**row, **values} if row["customer"] == VICTIM else row for row in rows]


def paid(team: Team, share: int = 100) -> None:
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    (action,) = (a for a in plan["actions"] if a["id"] == reminder_of(team))

    def pay(rows: list[Row]) -> list[Row]:
        total = action["amount"] * share // 100
        money = {"payment": "PAY-NEW", "customer": VICTIM, "currency": action["currency"], "day": DAY}
        return [*rows, {**money, "amount": f"{total // 100}.{total % 100:02}"}]

    team.change("payments", pay)


def disputed(team: Team) -> None:
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    (action,) = (a for a in plan["actions"] if a["id"] == reminder_of(team))
    new = [{"invoice": invoice, "opened_on": DAY} for invoice in action["invoices"]]
    team.change("disputes", lambda rows: [*rows, *new])


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        pytest.param(paid, "nothing_late", id="paid"),
        pytest.param(lambda team: paid(team, 40), "changed", id="part-paid"),
        pytest.param(disputed, "nothing_to_chase", id="disputed"),
        pytest.param(lambda team: team.change("customers", set_(insolvent="yes")), "paused", id="insolvent"),
        pytest.param(lambda team: team.change("customers", set_(do_not_contact="yes")), "paused", id="do-not-contact"),
        pytest.param(
            lambda team: team.change("contacts", set_(email="other@c000022.example")), "changed", id="address-changed"
        ),
        pytest.param(lambda team: team.change("customers", set_(no_email="yes")), "no_longer_due", id="no-e-mail"),
        pytest.param(
            lambda team: team.change("customers", set_(relationship="fragile")), "", id="what-changes-nothing-of-it"
        ),
    ],
)
def test_a_customer_of_whom_something_moved_is_skipped_with_the_reason_and_nobody_else(
    team: Team, usual: frozenset[str], move: Callable[[Team], None], reason: str
) -> None:
    key = f"{reminder_of(team)}.eml"
    move(team)
    output = team.apply(exit_code=7).output
    if reason:
        assert f"[{reason}]" in output, output
        assert key not in team.outbox()
    else:
        assert key in team.outbox()
    # What credit advises sales of the customer reads the same money, so it may have moved with it.
    plan = json.loads(team.plan.read_text(encoding="utf-8"))
    moved = {f"{a['id']}.json" for a in plan["actions"] if a["kind"] == "advice" and a["customer"] == VICTIM} | {key}
    assert usual - moved == set(team.outbox()) - moved


def test_a_stop_that_is_known_by_figures_alone_is_passed_with_a_reason_that_the_journal_keeps(done: Team) -> None:
    team = done

    def written_off(rows: list[Row]) -> list[Row]:
        return [row if row["customer"] == VICTIM else {**row, "written_off_on": DAY} for row in rows]

    team.change("invoices", written_off)
    team.make_plan("2026-04-01")
    refused = team.apply(day="2026-04-01", exit_code=5)
    assert "portfolio-out-of-proportion" in refused.output
    despite = ("--despite", "portfolio-out-of-proportion")
    team.duly("apply", "plan.json", "--rehearse", "2026-04-01", "--yes", *despite, exit_code=2)
    team.apply(*despite, "--because", "the region was sold", day="2026-04-01", exit_code=None)
    assert "the region was sold" in team.duly("log", "--format", "json").output
