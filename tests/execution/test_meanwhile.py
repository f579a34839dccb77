"""What happens between an intent and its point of no return is seen: nothing leaves that is not due any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import chdir, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from duly.execution.apply import Asked, made_ready
from duly.execution.channels.configured import Channels
from duly.execution.ports import Accepted, Channel, Deed, Failed, Outcome, Parcel
from duly.execution.report import Came, RunReport
from duly.home import Environment, Home
from duly.journal.approvers import read_approvers
from duly.journal.create import open_journal
from duly.journal.entry import Draft, Event
from duly.language.load import load_policy
from duly.messages.templates import load_templates
from duly.plan.saved import read_plan
from duly_cli.clock import standing_clock
from tests.execution.teams import BOOK, DAY, PLAN, POLICY, Team, make_team
from tests.execution.test_apply import VICTIM, disputed, paid, reminder_of, set_


@dataclass
class Slow:
    """A channel that speaks for a while before it asks whether it may hand over; something happens meanwhile."""

    inner: Channel
    key: str
    happens: Callable[[], None]

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def is_real(self) -> bool:
        return self.inner.is_real

    @property
    def is_idempotent(self) -> bool:
        return self.inner.is_idempotent

    @property
    def confirms_by_hand(self) -> bool:
        return self.inner.confirms_by_hand

    @property
    def per_minute(self) -> int:
        return self.inner.per_minute

    def pack(self, deed: Deed) -> Parcel:
        return self.inner.pack(deed)

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        if parcel.key == self.key:
            self.happens()
        return self.inner.hand_over(parcel, no_return)

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        return self.inner.evidence(reference, digest)

    def close(self) -> None:
        self.inner.close()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    team = make_team(tmp_path_factory.mktemp("planned"))
    team.make_plan()
    return team


@pytest.fixture
def team(planned: Team, tmp_path: Path) -> Iterator[Team]:
    copy = planned.copy(tmp_path / "team")
    with chdir(copy.home):
        yield copy


def carried_out(team: Team, happens: Callable[[], None]) -> RunReport:
    """The plan carried out, with this happening while the victim's message is handed over."""
    home, at = Home(team.home), datetime.fromisoformat(f"{DAY}T15:00:00+00:00")
    policy, _ = load_policy(POLICY)
    with closing(open_journal(home, Environment.TRY)) as journal:
        asked = Asked(
            saved=read_plan(PLAN),
            policy=policy,
            templates=load_templates(home.templates),
            approvers=read_approvers(home.approvers),
            home=home,
            environment=Environment.TRY,
            book=BOOK,
            operator="operator",
            clock=standing_clock(at),
            stop=lambda: False,
            signed_by_now=datetime.now(UTC),
            day=date.fromisoformat(DAY),
        )
        ready = made_ready(asked, journal)
        slow = {route: Slow(c, reminder_of(team), happens) for route, c in ready.channels.by_route.items()}
        return replace(ready, channels=Channels(slow)).carry_out()


def told(team: Team) -> None:
    """Somebody tells the journal that the customer has promised to pay."""
    with closing(open_journal(Home(team.home), Environment.TRY)) as journal:
        journal.append(Draft(Event.CALL, "collector-north", customer=VICTIM, body={"day": DAY, "customer": VICTIM}))


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
        pytest.param(told, "changed", id="a-call-was-recorded"),
    ],
)
def test_what_moves_while_a_message_is_handed_over_keeps_it_back(
    team: Team, move: Callable[[Team], None], reason: str
) -> None:
    report = carried_out(team, lambda: move(team))
    (result,) = (r for r in report.results if r.action.id == reminder_of(team))
    assert (result.came, result.reason) == (Came.SKIPPED, reason)
    assert f"{reminder_of(team)}.eml" not in team.outbox()
    assert len(team.outbox()) > 1


def test_where_nothing_moves_it_leaves(team: Team) -> None:
    carried_out(team, lambda: None)
    assert f"{reminder_of(team)}.eml" in team.outbox()
