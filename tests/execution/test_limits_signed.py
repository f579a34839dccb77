"""No limit changes without two signatures of two people, nor where it is not the limit that they signed about."""

from __future__ import annotations

import contextlib
import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.assets import asset
from duly.book.read import read_book
from duly.execution.apply import Asked, made_ready
from duly.execution.report import RunReport
from duly.figures.limit_history import limit_history
from duly.home import Environment, Home
from duly.journal.approvers import Approver, read_approvers
from duly.journal.create import create, open_journal
from duly.journal.entry import Draft, Event
from duly.journal.history import History, history_of
from duly.language.load import load_policy
from duly.plan import approvals as counting
from duly.plan.claims import CHECKS, Circumstances
from duly.plan.document import to_json
from duly.plan.make import Background, make_plan
from duly.plan.plan import Action, Kind, Plan
from duly.plan.saved import read_plan
from duly.source import Refused
from duly_cli.clock import standing_clock
from duly_cli.main import main
from tests.approvals.building import BOTH, CREDIT, OCHRE, SALES, SIENNA, UMBER, approver, key_of, ruled
from tests.messages.shipped import shipped

NOW = datetime(2026, 3, 31, 14, tzinfo=UTC)
LIVE = Environment.LIVE

POLICY = """\
duly: 1
policy: limits
currency: USD
calendar: {country: US}
late: {basis: due_date}
ladder:
  stages:
    review: {after: {days: 300}, task: {credit_manager: decide_next_step}}
credit_limits:
  raise_good_payer:
    when: {credit_used_pct: {at_least: 85}}
    propose: {raise_pct: 20}
    approval: [credit_manager, sales_manager]
"""

BOOK = """\
duly_book: 1
currency: USD
creditor: orchard
"""

CHANNELS = """\
duly_channels: 1
channels:
  lines:
    limits: {file: book/credit_lines.csv, creditor: orchard, currency: USD}
use: {limit_proposal: lines}
"""

SECOND = approver("second", CREDIT)
PEOPLE = (OCHRE, UMBER, BOTH, SIENNA, SECOND)


@dataclass(frozen=True)
class Team:
    """A team whose limits are kept in its book."""

    path: Path

    @property
    def home(self) -> Home:
        return Home(self.path)

    @property
    def lines(self) -> Path:
        return self.path / "book" / "credit_lines.csv"

    def limits(self) -> list[tuple[str, str, str]]:
        with self.lines.open(encoding="utf-8", newline="") as file:
            return [(row["customer"], row["from"], row["limit"]) for row in csv.DictReader(file)]

    def history(self) -> History:
        with contextlib.closing(open_journal(self.home, LIVE, read_only=True)) as journal:
            return history_of(journal)

    def plan(self, days: int = 0) -> Plan:
        policy, _ = load_policy(self.path / "policies" / "limits.yaml")
        background = Background(self.history(), "live", shipped().digest)
        day = (NOW + timedelta(days=days)).date()
        book = read_book(self.path / "book")
        return make_plan(
            policy, book, day, author="author-1", engine="meaning", background=background, looks_ahead=False
        )

    def save(self, plan: Plan) -> Path:
        path = self.path / f"plan-{plan.as_of}.json"
        path.write_text("".join(to_json(plan)), encoding="utf-8")
        return path

    def journal_id(self) -> str:
        with contextlib.closing(open_journal(self.home, LIVE, read_only=True)) as journal:
            return journal.id

    def write(self, *drafts: Draft) -> None:
        with contextlib.closing(open_journal(self.home, LIVE)) as journal:
            journal.append(*drafts)

    def apply(self, plan: Plan, days: int = 0, operator: str = "operator-1") -> RunReport:
        policy, _ = load_policy(self.path / "policies" / "limits.yaml")
        now = NOW + timedelta(days=days)
        with contextlib.closing(open_journal(self.home, LIVE)) as journal:
            saved = read_plan(self.save(plan))
            begun = any(True for _ in journal.entries(run=f"{saved.digest[:16]}.1"))
            asked = Asked(
                saved=saved,
                policy=policy,
                templates=shipped(),
                approvers=read_approvers(self.home.approvers),
                home=self.home,
                environment=LIVE,
                book=self.path / "book",
                operator=operator,
                clock=standing_clock(now),
                stop=lambda: False,
                signed_by_now=now,
                resume=begun,
                day=now.date(),
            )
            return made_ready(asked, journal).carry_out()

    def events(self) -> list[Event]:
        with contextlib.closing(open_journal(self.home, LIVE, read_only=True)) as journal:
            return [entry.event for entry in journal.entries()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The team before anybody has signed anything."""
    path = tmp_path_factory.mktemp("made")
    made = Team(path)
    (path / "policies").mkdir()
    (path / "book").mkdir()
    (path / "policies" / "limits.yaml").write_text(POLICY)
    people = "".join(
        f'  {one.person}: {{roles: [{", ".join(sorted(one.roles))}], key: "{one.key.text}"}}\n' for one in PEOPLE
    )
    (path / "policies" / "approvers.yaml").write_text(f"approvers:\n{people}")
    (path / "channels.yaml").write_text(CHANNELS)
    book = path / "book"
    (book / "book.yaml").write_text(BOOK)
    (book / "customers.csv").write_text(
        "customer,name,email,language,country,time_zone\n"
        "C1,Birch Anvil Supply,pay@birch.example,en,US,America/New_York\n"
    )
    (book / "invoices.csv").write_text(
        "invoice,customer,amount,invoice_date,due_date\nI1,C1,900.00,2026-03-01,2026-04-15\nI0,C1,50.00,2025-05-01,2025-06-15\n"
    )
    (book / "payments.csv").write_text("payment,customer,invoice,amount,day\nP0,C1,I0,50.00,2025-06-01\n")
    shutil.copytree(asset("templates"), path / "templates")
    made.lines.write_text("customer,from,limit\nC1,2025-01-01,1000.00\n")
    create(made.home, LIVE).close()
    return made


@pytest.fixture(scope="module")
def plan(made: Team) -> Plan:
    """The plan of the first day, which is the same in every copy of the team."""
    return made.plan()


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    shutil.copytree(made.path, tmp_path, dirs_exist_ok=True)
    return Team(tmp_path)


def proposal(plan: Plan) -> Action:
    (action,) = [action for action in plan.actions if action.kind is Kind.LIMIT_PROPOSAL]
    return action


BEFORE = [("C1", "2025-01-01", "1000.00")]
AFTER = [*BEFORE, ("C1", "2026-03-31", "1200.00")]

Say = Callable[[Action, Circumstances], Sequence[Draft]]


def here(team: Team) -> Circumstances:
    return Circumstances(team.journal_id(), "live", "author-1", "operator-1", NOW)


def signed(who: Approver, at: datetime = NOW - timedelta(hours=1), **more: object) -> Say:
    return lambda action, where: [ruled(who, action, here=where, at=at, **more)]  # type: ignore[arg-type]


def both(*says: Say) -> Say:
    return lambda action, where: [draft for say in says for draft in say(action, where)]


def about(change: Callable[[Action], Action], *says: Say) -> Say:
    """The same said of another action."""
    return lambda action, where: [draft for say in says for draft in say(change(action), where)]


def for_less(action: Action) -> Action:
    details = tuple((name, "110000" if name == "limit_after" else value) for name, value in action.details)
    return replace(action, amount=1_100_00, details=details)


def for_more(action: Action) -> Action:
    details = tuple((name, "500000" if name == "limit_after" else value) for name, value in action.details)
    return replace(action, amount=5_000_00, details=details)


def test_two_signatures_of_two_people_change_the_limit_once(team: Team, plan: Plan) -> None:
    team.write(*both(signed(OCHRE), signed(UMBER))(proposal(plan), here(team)))
    team.apply(plan)
    assert team.limits() == AFTER
    team.apply(plan)
    assert team.limits() == AFTER
    assert not [action for action in team.plan().actions if action.kind is Kind.LIMIT_PROPOSAL]
    (row,) = team.history().rows["credit_lines"]
    assert (str(row["from"]), row["limit"], row["currency"]) == ("2026-03-31", 1_200_00, "USD")


NOT_ENOUGH: dict[str, Say] = {
    "nobody": lambda _action, _where: [],
    "one-role": signed(OCHRE),
    "one-role-twice": both(signed(OCHRE), signed(SECOND)),
    "one-person-in-both-roles": signed(BOTH),
    "one-person-in-both-roles-twice": both(signed(BOTH), signed(BOTH, at=NOW - timedelta(minutes=5))),
    "another-role": both(signed(OCHRE), signed(SIENNA)),
    "one-that-has-expired": both(signed(OCHRE), signed(UMBER, at=NOW - timedelta(days=15))),
    "one-with-another-key": both(signed(OCHRE), signed(UMBER, key=key_of("ochre"))),
    "signed-for-less": both(signed(OCHRE), about(for_less, signed(UMBER))),
    "signed-for-more": both(signed(OCHRE), about(for_more, signed(UMBER))),
    "rejected-by-the-other": both(signed(OCHRE), signed(UMBER, no=True)),
    "rejected-and-then-approved-by-others": both(
        signed(UMBER, no=True, at=NOW - timedelta(hours=2)), signed(OCHRE), signed(BOTH)
    ),
    "approved-and-then-rejected": both(
        signed(OCHRE, at=NOW - timedelta(hours=2)), signed(UMBER, at=NOW - timedelta(hours=2)), signed(UMBER, no=True)
    ),
}


@pytest.mark.parametrize("name", NOT_ENOUGH)
def test_the_limit_stays_with_the_signatures_of(team: Team, plan: Plan, name: str) -> None:
    team.write(*(NOT_ENOUGH[name](proposal(plan), here(team)) or [Draft(Event.CALL, "ochre", customer="C9")]))
    team.apply(plan)
    assert team.limits() == BEFORE
    assert Event.INTENT not in team.events()


def test_whoever_said_no_may_think_again(team: Team, plan: Plan) -> None:
    no = signed(UMBER, no=True, at=NOW - timedelta(hours=2))
    team.write(*both(signed(OCHRE), no, signed(UMBER))(proposal(plan), here(team)))
    team.apply(plan)
    assert team.limits() == AFTER


@pytest.mark.parametrize(("author", "operator"), [("ochre", "operator-1"), ("author-1", "ochre")])
def test_who_made_the_plan_or_carries_it_out_is_neither_of_the_two(
    team: Team, plan: Plan, author: str, operator: str
) -> None:
    plan = replace(plan, author=author)
    team.write(*both(signed(OCHRE), signed(UMBER))(proposal(plan), here(team)))
    team.apply(plan, operator=operator)
    assert team.limits() == BEFORE


def without(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(counting, "CHECKS", tuple(check for check in CHECKS if check.name != name))

    return plant


def one_seat_for_all(patch: pytest.MonkeyPatch) -> None:
    def seated(action: Action, roles: dict[str, tuple[str, ...]]) -> dict[str, str]:
        return {role: who for role in action.approval for who, held in roles.items() if role in held}

    patch.setattr(counting, "_filled", seated)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        pytest.param("one-person-in-both-roles", one_seat_for_all, id="one-person-may-fill-both-roles"),
        pytest.param("one-that-has-expired", without("expired"), id="nothing-expires"),
        pytest.param("signed-for-more", without("content-changed"), id="a-limit-is-taken-for-a-ceiling"),
    ],
)
def test_with_its_planted_fault_the_limit_changes(
    team: Team, plan: Plan, name: str, plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    team.write(*NOT_ENOUGH[name](proposal(plan), here(team)))
    plant(monkeypatch)
    team.apply(plan)
    assert team.limits() == AFTER


# The book moves.


def set_by_hand(team: Team) -> None:
    team.lines.write_text(team.lines.read_text() + "C1,2026-03-20,5000.00\n")


def set_for_later(team: Team) -> None:
    team.lines.write_text(team.lines.read_text() + "C1,2026-05-01,1000.00\n")


def paid(team: Team) -> None:
    path = team.path / "book" / "payments.csv"
    path.write_text(path.read_text() + "P1,C1,I1,600.00,2026-03-31\n")


@pytest.mark.parametrize("move", [set_by_hand, set_for_later, paid])
def test_a_book_that_moved_between_plan_and_apply_keeps_its_limit(
    team: Team, plan: Plan, move: Callable[[Team], None]
) -> None:
    team.write(*both(signed(OCHRE), signed(UMBER))(proposal(plan), here(team)))
    move(team)
    stood = team.limits()
    team.apply(plan)
    assert team.limits() == stood


def test_signatures_stay_good_for_the_same_proposal_of_a_later_day(team: Team, plan: Plan) -> None:
    team.write(*both(signed(OCHRE), signed(UMBER))(proposal(plan), here(team)))
    team.apply(team.plan(3), days=3)
    assert team.limits() == [*BEFORE, ("C1", "2026-04-03", "1200.00")]


def test_every_proposal_is_kept_also_one_that_nobody_answers(team: Team, plan: Plan) -> None:
    team.apply(plan)
    with contextlib.closing(open_journal(team.home, LIVE, read_only=True)) as journal:
        (ended,) = [entry for entry in journal.entries() if entry.event is Event.RUN_ENDED]
    kept = ended.body["limits_proposed"]
    assert isinstance(kept, list)
    assert [(one["customer"], one["limit_before"], one["limit_after"]) for one in kept] == [("C1", "100000", "120000")]


def test_the_history_tells_each_proposal_its_answers_and_what_became_of_it(team: Team, plan: Plan) -> None:
    action, where = proposal(plan), here(team)
    team.write(*signed(UMBER, no=True, at=NOW - timedelta(hours=2), because="too early")(action, where))
    team.apply(plan)
    team.write(*both(signed(OCHRE), signed(UMBER))(action, where))
    team.apply(plan)
    with contextlib.closing(open_journal(team.home, LIVE, read_only=True)) as journal:
        (told,) = limit_history(journal.entries())
        assert limit_history(journal.entries(), frozenset({"C9"})) == ()
    assert (told.customer, told.before, told.after, told.currency) == ("C1", 1_000_00, 1_200_00, "USD")
    assert [(step.what.value, step.by, step.roles, step.said) for step in told.steps] == [
        ("rejected", "umber", (SALES,), "too early"),
        ("signed", "ochre", (CREDIT,), ""),
        ("signed", "umber", (SALES,), ""),
        ("set", "operator-1", (), "1,200.00 USD from 2026-03-31; before: 1,000.00 USD from 2025-01-01"),
    ]
    shown = CliRunner().invoke(main, ["limits", str(team.path / "policies" / "limits.yaml"), str(team.path / "book"),
                                      "--history", "--env", "live", "--customer", "C1"])  # fmt: skip
    assert (shown.exit_code, "rejected by umber as sales_manager: too early" in shown.output) == (0, True), shown.output


# What is wrong is said where it stands.


@pytest.mark.parametrize(
    ("row", "line"),
    [
        pytest.param("C1,2025-02-01,-5.00", 3, id="a-negative-limit"),
        pytest.param("C1,2025-01-01,2000.00", 3, id="two-limits-from-one-day"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_at_its_line(team: Team, row: str, line: int) -> None:
    team.lines.write_text(team.lines.read_text() + row + "\n")
    with pytest.raises(Refused) as refused:
        team.plan()
    (problem,) = refused.value.problems
    assert (Path(problem.span.file).name, problem.span.line, refused.value.exit_code) == ("credit_lines.csv", line, 4)
