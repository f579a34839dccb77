"""A plan of the next day beside what the day before left: nothing is said twice because the plan looks different."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import chdir, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from duly.execution.apply import Asked, made_ready
from duly.execution.report import Came, Result
from duly.home import Environment, Home
from duly.journal.approvers import read_approvers
from duly.journal.create import open_journal
from duly.journal.entry import Draft, Event
from duly.journal.store import Store
from duly.language.load import load_policy
from duly.messages.templates import load_templates
from duly.plan.document import CHECKSUM
from duly.plan.saved import read_plan
from duly_cli.clock import standing_clock
from tests.execution.teams import BOOK, DAY, PLAN, POLICY, Row, Team, make_team

NEXT_DAY, WEEK_LATER = "2026-04-01", "2026-04-07"
CUSTOMER = "C000022"
OF_AN_INVOICE = frozenset({"payments", "credits", "disputes", "promises", "instalments"})
OF_A_CUSTOMER = frozenset(
    {"payments", "credits", "promises", "executed_stages", "contacts_made", "holds", "requests", "orders"}
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team whose customer, reached by letter only, owes two invoices of a day, has no past and no order."""
    team = make_team(tmp_path_factory.mktemp("made"))
    gone: set[str] = set()

    def own(rows: list[Row]) -> list[Row]:
        gone.update(row["invoice"] for row in rows if row["customer"] == CUSTOMER)
        return [row for row in rows if row["customer"] != CUSTOMER] + [invoice("X1", "400.00"), invoice("X2", "300.00")]

    team.change("invoices", own)
    for table in OF_AN_INVOICE | OF_A_CUSTOMER:
        if (team.book / f"{table}.csv").exists():
            team.change(
                table,
                lambda rows: [r for r in rows if r.get("customer") != CUSTOMER and r.get("invoice") not in gone],
            )
    known = {"country": "US", "time_zone": "America/New_York", "language": "en", "relationship": "normal"}
    team.change("customers", set_(no_email="yes", address="Oak Avenue 1; Southport", **known))
    return team


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    return made.copy(tmp_path / "team")


@pytest.fixture(scope="module")
def made_and_planned(made: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The team with a plan for the day: one letter about both invoices."""
    team = made.copy(tmp_path_factory.mktemp("planned") / "team")
    assert planned(team, DAY) == ([("letter", "")], [])
    return team


@pytest.fixture
def planned_team(made_and_planned: Team, tmp_path: Path) -> Team:
    return made_and_planned.copy(tmp_path / "team")


@pytest.fixture(scope="module")
def written(made_and_planned: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The team whose letter was written and that nobody has posted yet."""
    team = made_and_planned.copy(tmp_path_factory.mktemp("written") / "team")
    team.apply()
    return team


@pytest.fixture
def written_team(written: Team, tmp_path: Path) -> Team:
    return written.copy(tmp_path / "team")


@pytest.fixture(scope="module")
def written_by_invoice(made: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The same where each invoice is looked at by itself, and shares its letter."""
    team = made.copy(tmp_path_factory.mktemp("by_invoice") / "team")
    by_invoice(team)
    assert planned(team, DAY) == ([("letter", "X1 X2")], [])
    team.apply()
    return team


def invoice(id_: str, amount: str, due: str = "2026-03-20") -> Row:
    return {
        "invoice": id_,
        "customer": CUSTOMER,
        "amount": amount,
        "currency": "USD",
        "invoice_date": "2026-03-02",
        "due_date": due,
    }


def set_(**values: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, **values} if row["customer"] == CUSTOMER else row for row in rows]


def by_invoice(team: Team) -> None:
    text = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(text.replace("unit: account ", "unit: invoice "), encoding="utf-8")


def planned(team: Team, day: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The customer's messages, by channel and items, and what is withheld of it, by item and reason."""
    plan: Mapping[str, Any] = team.make_plan(day, customer=CUSTOMER)
    messages = [a for a in plan["actions"] if a["customer"] == CUSTOMER and a["kind"] == "message"]
    withheld = [w for w in plan["withheld"] if w["customer"] == CUSTOMER]
    return [(a["channel"], a["item"]) for a in messages], [(w["item"], w["reason"]) for w in withheld]


def paid(team: Team) -> None:
    money = {"payment": "PX", "customer": CUSTOMER, "invoice": "X2", "amount": "300.00", "currency": "USD"}
    team.change("payments", lambda rows: [*rows, {**money, "day": NEXT_DAY}])


def one_more(team: Team) -> None:
    team.change("invoices", lambda rows: [*rows, invoice("X3", "200.00")])


# A letter that was written and that nobody has posted yet.


@pytest.mark.parametrize(
    ("happens", "goes", "waits"),
    [
        pytest.param(lambda _: None, [], ["X1", "X2"], id="nothing-happens"),
        pytest.param(paid, [], ["X1"], id="an-invoice-of-it-is-paid"),
        pytest.param(one_more, [("letter", "X3")], ["X1", "X2"], id="another-invoice-joins"),
        pytest.param(
            lambda team: team.change("customers", set_(no_email="no")), [], ["X1", "X2"], id="e-mail-reaches-it-now"
        ),
    ],
)
def test_a_letter_about_several_invoices_that_waits_to_be_posted_is_not_written_again(
    written_by_invoice: Team,
    tmp_path: Path,
    happens: Callable[[Team], None],
    goes: list[tuple[str, str]],
    waits: list[str],
) -> None:
    team = written_by_invoice.copy(tmp_path / "team")
    happens(team)
    messages, withheld = planned(team, NEXT_DAY)
    assert messages == goes
    assert withheld == [(item, "waits_to_be_posted") for item in waits]


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(lambda team: team.change("customers", set_(no_email="no")), id="e-mail-reaches-it-now"),
        pytest.param(
            lambda team: team.change("invoices", lambda rows: [*rows, invoice("X0", "900.00", "2026-03-10")]),
            id="an-older-invoice-is-found-and-names-the-episode",
        ),
    ],
)
def test_a_letter_that_waits_to_be_posted_is_not_sent_in_another_way(
    written_team: Team, happens: Callable[[Team], None]
) -> None:
    happens(written_team)
    assert planned(written_team, NEXT_DAY) == ([], [("", "waits_to_be_posted")])


def test_a_letter_that_came_back_unposted_may_go_by_e_mail(written_team: Team) -> None:
    team = written_team
    (letter,) = (Path(name).stem for name in team.outbox())
    team.duly("record", "bounce", letter, "--day", DAY, "--by", "post-room")
    team.change("customers", set_(no_email="no"))
    assert planned(team, NEXT_DAY) == ([("email", "")], [])


# One message about invoices that are not late yet.

COURTESY = """
    before_due:
      after: {days: -10}
      tone: courteous
      send: {email: courtesy, without_email: {letter: courtesy}}
"""


def test_a_courtesy_before_the_due_date_goes_once_for_each_invoice_that_shared_it(team: Team) -> None:
    by_invoice(team)
    text = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(text.replace("    courtesy:\n", f"{COURTESY[1:]}    courtesy:\n", 1), encoding="utf-8")
    due = "2026-04-08"
    team.change(
        "invoices",
        lambda rows: [r if r["customer"] != CUSTOMER else invoice(r["invoice"], r["amount"], due) for r in rows],
    )
    team.change("customers", set_(no_email="no"))
    assert planned(team, DAY)[0] == [("email", "X1 X2")]
    team.apply()
    assert planned(team, WEEK_LATER)[0] == []


# A plan for one customer.


def test_a_plan_for_one_customer_is_no_measure_of_the_next_portfolio(written_team: Team) -> None:
    team = written_team
    team.make_plan(NEXT_DAY)
    assert "portfolio-out-of-proportion" not in team.apply(day=NEXT_DAY, exit_code=None).output


# What the run itself would not have seen.


def ready_and(
    team: Team, meanwhile: Callable[[Store], object], on_result: Callable[[Result], None] = lambda _: None
) -> Mapping[str, Result]:
    """Carry the plan out, with something happening once it is made ready; the results by action key."""
    with chdir(team.home), closing(open_journal(Home(Path()), Environment.TRY)) as journal:
        policy, _ = load_policy(POLICY)
        clock = standing_clock(datetime(2026, 3, 31, 14, tzinfo=UTC))
        asked = Asked(
            saved=read_plan(PLAN),
            policy=policy,
            templates=load_templates(Home(Path()).templates),
            approvers=read_approvers(Home(Path()).approvers),
            home=Home(Path()),
            environment=Environment.TRY,
            book=BOOK,
            operator="credit-operator",
            clock=clock,
            stop=lambda: False,
            signed_by_now=clock.now(),
            day=date.fromisoformat(DAY),
        )
        ready = made_ready(asked, journal)
        meanwhile(journal)
        return {result.action.id: result for result in ready.carry_out(on_result).results}


def test_what_is_rejected_while_the_operator_is_asked_does_not_leave(planned_team: Team) -> None:
    team = planned_team
    (key,) = (action["id"] for action in json.loads(team.plan.read_text(encoding="utf-8"))["actions"])
    rejected = Draft(Event.REJECTED, "sales-manager", key, CUSTOMER, body={"day": DAY})
    results = ready_and(team, lambda journal: journal.append(rejected))
    assert (results[key].came, results[key].reason) == (Came.SKIPPED, "rejected")
    assert team.outbox() == {}


@pytest.mark.parametrize("fact", ["do_not_contact", "insolvent"])
def test_nobody_is_asked_to_call_whom_the_book_says_not_to_contact_whatever_the_policy(team: Team, fact: str) -> None:
    text = team.policy.read_text(encoding="utf-8")
    text = text.replace(f"account: {{{fact}: true}}", "account: {annual_sales: {below: 0}}", 1)
    text = text.replace("      tone: courteous\n", "      tone: courteous\n      task: {collector: phone_call}\n", 1)
    team.policy.write_text(text, encoding="utf-8")
    team.change("customers", set_(**{fact: "yes"}))
    assert planned(team, DAY)[0] == [("letter", "")]
    results = ready_and(team, lambda _: None)
    assert {(result.came, result.reason) for result in results.values()} == {(Came.SKIPPED, fact)}
    assert len(results) == 2


# A process that died, and a journal put back from before it.


class Killed(BaseException):
    """What ends a process between two entries."""


def killed(_: Result) -> None:
    raise Killed


def test_a_journal_from_before_a_run_that_died_is_not_put_back(planned_team: Team) -> None:
    team = planned_team
    team.duly("journal", "backup", "before.db")
    with pytest.raises(Killed):
        ready_and(team, lambda _: None, killed)
    assert len(team.outbox()) == 1
    (team.home / "journal" / "try" / "journal.db").unlink()
    team.duly("journal", "restore", "before.db", exit_code=8)
    team.apply(exit_code=8)


# A plan that somebody edited, and summed again.


def summed(text: str) -> str:
    body, _, _ = text.rpartition(CHECKSUM)
    return f'{body}{CHECKSUM}"{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n'


def test_a_fuse_that_was_taken_out_of_the_plan_stops_it_all_the_same(team: Team) -> None:
    text = team.policy.read_text(encoding="utf-8").replace("  fuse: ", "  fuse:\n    actions: {at_most: 0}", 1)
    assert "at_most: 0" in text
    text = text.replace(text[text.index("at_most: 0}") + 11 :].split("\n", 1)[0], "", 1)
    team.policy.write_text(text, encoding="utf-8")
    team.make_plan()
    plan = team.plan.read_text(encoding="utf-8")
    stops = json.loads(plan)["stops"]
    assert [stop["rule"] for stop in stops] == ["fuse-actions"]
    start = plan.index('"stops": [')
    team.plan.write_text(summed(plan[:start] + '"stops": []' + plan[plan.index("]", start) + 1 :]), encoding="utf-8")
    assert json.loads(team.plan.read_text(encoding="utf-8"))["stops"] == []
    assert "fuse-actions" in team.apply(exit_code=5).output
    assert team.outbox() == {}
