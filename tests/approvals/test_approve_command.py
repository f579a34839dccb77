"""`duly key`, `duly approve` and `duly show`, as people use them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.home import Environment, Home
from duly.journal.create import create, open_journal
from duly.journal.entry import Draft, Event
from duly.journal.keys import write_key
from duly.language.conditions import Value
from duly.plan.document import to_json
from duly.plan.plan import Because, Counts, Digests, Plan
from duly.source import Span
from duly_cli.main import main
from tests.approvals.building import COLLECTOR, CREDIT, HOLD, REFERRAL, SALES, key_of

VALUES: tuple[tuple[str, Value], ...] = (("days_past_due", 74),)
REASON = (Because("stage referral: when", Span("policies/standard.yaml", 85, 5), VALUES),)
ACTIONS = (
    replace(REFERRAL, because=REASON),
    HOLD,
    replace(HOLD, id="c" * 24, approval=(), customer="C3"),
)
PLAN = Plan(
    policy="standard",
    title="Standard",
    as_of=date(2026, 3, 31),
    author="author-1",
    environment="try",
    policy_file="policies/standard.yaml",
    book="book",
    currency="USD",
    digests=Digests("p", "b", "none", "none", {}),
    counts=Counts(3, 3, 3, 0, "meaning", "columnar", 3, 3),
    actions=ACTIONS,
    withheld=(),
)
ROLES = {"ochre": (CREDIT,), "umber": (SALES,), "both": (CREDIT, SALES), "sienna": (COLLECTOR,)}


@dataclass(frozen=True, slots=True)
class Team:
    """A team's folder with a journal, people, their keys and a saved plan."""

    path: Path

    def run(self, command: str, *more: str, answer: str | None = None) -> Result:
        arguments = [*command.split(), *more]
        result = CliRunner().invoke(main, arguments, input=answer)
        assert "Traceback" not in result.output
        assert result.exit_code != 70, result.output
        return result

    def approve(self, command: str, *more: str, answer: str | None = None, file: str = "plan.json") -> Result:
        return self.run(f"approve {file} {command}", *more, answer=answer)

    def states(self, file: str = "plan.json") -> dict[str, str]:
        """Where each action stands, by the first letter of its key."""
        shown = json.loads(self.run(f"show {file} --format json").output)
        return {record["action"][0]: record["state"] for record in shown["approvals"]}

    def save(self, name: str, plan: Plan) -> None:
        (self.path / name).write_text("".join(to_json(plan)), encoding="utf-8")

    def entries(self) -> list[tuple[Event, str, str]]:
        journal = open_journal(Home(self.path), Environment.TRY, read_only=True)
        try:
            return [(entry.event, entry.by, entry.key[:1]) for entry in journal.entries(after=1)]
        finally:
            journal.close()


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DULY_KEY_PASSPHRASE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    lines = ["approvers:"]
    for person, roles in ROLES.items():
        write_key(tmp_path / "config" / "duly" / f"{person}.pem", key_of(person))
        lines.append(f'  {person}: {{roles: [{", ".join(roles)}], key: "{key_of(person).public.text}"}}')
    (tmp_path / "policies" / "approvers.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    create(Home(tmp_path), Environment.TRY).close()
    made = Team(tmp_path)
    made.save("plan.json", PLAN)
    return made


def test_two_people_approve_and_nothing_waits_any_more(team: Team) -> None:
    assert team.states() == {"a": "waiting", "b": "waiting"}
    first = team.approve("--as ochre --all --yes")
    assert first.exit_code == 0
    assert team.states() == {"a": "waiting", "b": "approved"}
    assert "waits for sales_manager: umber or both can give it" in first.output
    assert team.approve("--as umber --all --yes").exit_code == 0
    assert team.states() == {"a": "approved", "b": "approved"}
    assert team.entries() == [
        (Event.APPROVED, who, key) for who, key in (("ochre", "a"), ("ochre", "b"), ("umber", "a"))
    ]


def test_what_would_be_signed_is_shown_with_its_reasons_before_it_is_asked(team: Team) -> None:
    shown = team.approve("--as ochre --all", answer="n\n")
    assert shown.exit_code == 5
    for part in (
        "C1",
        "referral",
        "1,000.00 USD",
        "stage referral: when: days_past_due 74  (policies/standard.yaml:85)",
    ):
        assert part in shown.output
    assert "Approve 2 actions as ochre? [y/N]" in shown.output
    assert "nothing was signed" in shown.output
    assert team.entries() == []


def test_whoever_says_yes_has_signed(team: Team) -> None:
    assert team.approve("--as ochre --only bbb", answer="y\n").exit_code == 0
    assert team.states() == {"a": "waiting", "b": "approved"}


def test_an_approval_is_good_in_a_later_plan_with_less_and_not_with_more(team: Team) -> None:
    team.approve("--as ochre --all --yes")

    def later(amount: int) -> dict[str, str]:
        team.save("later.json", replace(PLAN, actions=(replace(HOLD, amount=amount),), as_of=date(2026, 4, 1)))
        return team.states("later.json")

    assert later(HOLD.amount - 1) == {"b": "approved"}
    assert later(HOLD.amount + 1) == {"b": "waiting"}
    assert "the amount is above what was approved [amount-risen]" in team.run("show later.json").output


def test_a_rejection_stops_the_action_until_whoever_said_it_approves(team: Team) -> None:
    team.approve("--as ochre --all --yes")
    assert team.approve("--as umber --only aaa --reject --yes", "--because", "they pay on Friday").exit_code == 0
    assert team.states() == {"a": "rejected", "b": "approved"}
    assert "rejected by umber until" in team.run("show plan.json").output
    assert team.approve("--as both --only aaa --yes").exit_code == 5
    assert team.approve("--as umber --only aaa --yes").exit_code == 0
    assert team.states() == {"a": "approved", "b": "approved"}


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        pytest.param("--as stranger --key config/duly/sienna.pem --all", "unknown-person", id="nobody-knows-the-name"),
        pytest.param("--as ochre --key config/duly/umber.pem --all", "other-key", id="a-stolen-name"),
        pytest.param("--as ochre --key nowhere.pem --all", "no-key", id="no-key"),
        pytest.param("--as ochre --key plan.json --all", "not-a-key", id="no-key-in-the-file"),
        pytest.param("--as sienna --only aaa", "not-waiting", id="a-role-that-nobody-asks-for"),
        pytest.param("--as ochre --only ccc", "not-waiting", id="it-needs-no-approval"),
        pytest.param("--as ochre --only ddd", "unknown-action", id="no-such-action"),
        pytest.param("--as ochre --all --env live", "other-environment", id="another-environment-was-meant"),
    ],
)
def test_what_cannot_be_signed_is_refused_and_nothing_is_written(team: Team, command: str, rule: str) -> None:
    (team.path / "plan.json").chmod(0o600)
    result = team.approve(f"{command} --yes")
    assert result.exit_code == 5
    assert f"[{rule}]" in result.output
    assert team.entries() == []


def test_an_author_cannot_approve_the_own_plan_but_may_say_no(team: Team) -> None:
    team.save("own.json", replace(PLAN, author="Ochre"))
    result = team.approve("--as ochre --all --yes", file="own.json")
    assert result.exit_code == 5
    assert "`ochre` made the plan and cannot approve it, too [approver-is-author]" in result.output
    assert team.approve("--as ochre --all --reject --because no --yes", file="own.json").exit_code == 0


def test_one_person_does_not_give_two_roles(team: Team) -> None:
    assert team.approve("--as both --only aaa --yes").exit_code == 0
    again = team.approve("--as both --only aaa --yes")
    assert again.exit_code == 5
    assert "`sales_manager` is somebody else's" in again.output
    assert team.approve("--as both --all --yes").exit_code == 0
    assert team.states() == {"a": "waiting", "b": "approved"}
    assert team.approve("--as both --all --yes").output == "Nothing in the plan waits for both.\n"


def test_a_revoked_key_signs_nothing(team: Team) -> None:
    register = team.path / "policies" / "approvers.yaml"
    text = register.read_text(encoding="utf-8")
    team.approve("--as ochre --all --yes")
    register.write_text(
        text.replace("[credit_manager], ", "[credit_manager], revoked: 2020-01-01, ", 1), encoding="utf-8"
    )
    result = team.approve("--as ochre --all --yes")
    assert result.exit_code == 5
    assert "[not-allowed-today]" in result.output
    assert team.states() == {"a": "waiting", "b": "waiting"}


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("--as ochre", id="which-actions"),
        pytest.param("--as ochre --all --only aaa", id="all-and-some"),
        pytest.param("--all", id="who"),
        pytest.param("--as ochre --all --reject", id="no-reason-for-a-no"),
        pytest.param("--as ochre --all --days 0", id="no-time"),
        pytest.param("--as ochre --all --days 91", id="too-much-time"),
        pytest.param("--as ochre --all --env test", id="no-environment"),
    ],
)
def test_a_command_that_does_not_say_enough_is_a_mistake_in_its_use(team: Team, command: str) -> None:
    assert team.approve(f"{command} --yes").exit_code == 2
    assert team.entries() == []


def test_a_reason_is_short_and_text(team: Team) -> None:
    assert team.approve("--as ochre --all --yes", "--because", "x" * 501).exit_code == 2
    assert team.approve("--as ochre --all --yes", "--because", "\udcff").exit_code == 2
    assert team.approve("--as ochre --all --yes", "--because", "x" * 500).exit_code == 0


def test_without_a_journal_nobody_can_approve_and_everything_waits(team: Team) -> None:
    team.save("live.json", replace(PLAN, environment="live"))
    assert team.approve("--as ochre --all --yes", file="live.json").exit_code == 8
    assert team.states("live.json") == {"a": "waiting", "b": "waiting"}


def test_an_approval_in_the_journal_of_one_environment_is_none_in_another(team: Team) -> None:
    team.approve("--as ochre --all --yes")
    live = create(Home(team.path), Environment.LIVE)
    journal = open_journal(Home(team.path), Environment.TRY, read_only=True)
    for entry in journal.entries(after=1):
        live.append(Draft(entry.event, entry.by, entry.key, entry.customer, body=entry.body))
    journal.close()
    live.close()
    team.save("live.json", replace(PLAN, environment="live"))
    assert team.states("live.json") == {"a": "waiting", "b": "waiting"}
    assert "[other-journal]" in team.run("show live.json").output


def test_a_broken_list_of_approvers_ends_with_the_exit_code_of_a_policy(team: Team) -> None:
    (team.path / "policies" / "approvers.yaml").write_text("approvers: [ochre]\n", encoding="utf-8")
    assert team.approve("--as ochre --all --yes").exit_code == 3
    assert team.run("show plan.json").exit_code == 3


def test_an_edited_plan_is_neither_shown_nor_approved(team: Team) -> None:
    path = team.path / "plan.json"
    path.write_text(path.read_text(encoding="utf-8").replace("100000", "100001"), encoding="utf-8")
    assert team.approve("--as ochre --all --yes").exit_code == 5
    assert team.run("show plan.json").exit_code == 5


def test_a_reason_that_would_act_on_the_terminal_is_shown_as_text(team: Team) -> None:
    team.approve("--as umber --all --reject --yes", "--because", "\x1b[2Jgone")
    assert "\\x1b[2Jgone" in team.run("show plan.json").output


def test_a_plan_in_which_nothing_needs_approval_says_so(team: Team) -> None:
    team.save("plain.json", replace(PLAN, actions=(ACTIONS[2],)))
    assert "Nothing here needs approval." in team.run("show plain.json").output


# `duly key`.


def test_a_key_that_was_made_is_listed_and_signs(team: Team) -> None:
    made = team.run("key make amber --role credit_manager")
    assert made.exit_code == 0
    line = next(line for line in made.output.splitlines() if line.startswith("  amber: "))
    assert "PRIVATE" not in made.output
    shown = team.run("key show config/duly/amber.pem --name amber --role credit_manager")
    assert shown.output.splitlines() == [line]
    with (team.path / "policies" / "approvers.yaml").open("a", encoding="utf-8") as register:
        register.write(line + "\n")
    assert team.approve("--as amber --only bbb --yes").exit_code == 0
    assert team.states()["b"] == "approved"


def test_a_locked_key_asks_for_its_passphrase(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    made = team.run("key make amber --passphrase --out amber.pem", answer="open it\nopen it\n")
    assert made.exit_code == 0
    assert "open it" not in made.output
    assert team.run("key show amber.pem", answer="open it\n").exit_code == 0
    assert "[wrong-passphrase]" in team.run("key show amber.pem", answer="break it\n").output
    monkeypatch.setenv("DULY_KEY_PASSPHRASE", "open it")
    assert team.run("key show amber.pem").exit_code == 0


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        pytest.param("key make ochre", 5, id="never-over-another-key"),
        pytest.param("key make ../ochre", 2, id="no-path-for-a-name"),
        pytest.param("key make amber --role chief", 2, id="no-such-role"),
        pytest.param("key show nowhere.pem", 5, id="no-key"),
    ],
)
def test_a_key_is_refused(team: Team, command: str, exit_code: int) -> None:
    before = (team.path / "config" / "duly" / "ochre.pem").read_bytes()
    assert team.run(command).exit_code == exit_code
    assert (team.path / "config" / "duly" / "ochre.pem").read_bytes() == before
