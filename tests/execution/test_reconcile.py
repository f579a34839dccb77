"""An UNKNOWN is settled by evidence or by a person who is named; what was done can be undone where it can."""

from __future__ import annotations

from datetime import date

import pytest

from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Unknown
from duly.execution.reconcile import Decision, settle, settle_by_evidence, unknowns
from duly.execution.run import carry_out
from duly.execution.undo import Undo, reverse_of, undo
from duly.journal.entry import Event
from duly.journal.store import RunIsActive
from duly.plan.plan import Action, Kind
from duly.source import Refused
from tests.execution.model import AS_OF, FakeChannel, ModelJournal, made_action, order, story, world

OK = Accepted("250 ok")


def after(outcome: Outcome, action: Action | None = None) -> ModelJournal:
    """A journal in which an action came to this."""
    action = action or made_action()
    journal = ModelJournal()
    channels = [FakeChannel(outcome, name=name) for name in ("email", "task", "hold", "release", "sales_request")]
    carry_out(order(), [action], world(journal, *channels))
    return journal


def test_an_unknown_is_shown_with_all_that_helps_to_find_out() -> None:
    [known] = unknowns(after(Unknown("cut")))
    assert (known.standing.key, known.channel, known.reference, known.day) == ("a1", "email", "<a1>", "2026-03-31")
    assert known.content


@pytest.mark.parametrize(
    ("arrived", "told"), [pytest.param(True, "accepted", id="arrived"), pytest.param(False, "failed", id="did-not")]
)
def test_a_person_settles_an_unknown_and_is_named(arrived: bool, told: str) -> None:  # noqa: FBT001
    journal = after(Unknown("cut"))
    entry = settle(journal, "a1", Decision(arrived, "a collector", "the customer says so"))
    assert story(journal)[-1] == told
    assert entry.by == entry.body["decided_by"] == "a collector"
    assert unknowns(journal) == ()


def test_what_a_person_says_did_not_arrive_is_handed_over_again_and_only_then() -> None:
    journal, channel = after(Unknown("cut")), FakeChannel(OK)
    carry_out(order(resume=True), [made_action()], world(journal, channel))
    assert channel.got == []
    settle(journal, "a1", Decision(arrived=False, by="a collector", because="not in the relay's log"))
    carry_out(order(resume=True), [made_action()], world(journal, channel))
    assert channel.got == ["a1"]


@pytest.mark.parametrize(
    ("key", "decision", "rule"),
    [
        pytest.param("a1", Decision(True, " ", "seen"), "no-reason", id="nobody"),
        pytest.param("a1", Decision(True, "a collector", ""), "no-reason", id="no-reason"),
        pytest.param("a1", Decision(True, "evidence", "seen"), "no-name", id="nobody-is-called-evidence"),
        pytest.param("a2", Decision(True, "a collector", "seen"), "no-such-action", id="nothing-happened-to-it"),
    ],
)
def test_a_decision_needs_a_name_a_reason_and_an_unknown(key: str, decision: Decision, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        settle(after(Unknown("cut")), key, decision)
    assert (refused.value.exit_code, refused.value.problems[0].rule) == (5, rule)


def test_what_is_known_is_not_decided() -> None:
    with pytest.raises(Refused) as refused:
        settle(after(OK), "a1", Decision(arrived=False, by="a collector", because="I think so"))
    assert refused.value.problems[0].rule == "nothing-to-decide"


@pytest.mark.parametrize("arrivals_only", [True, False])
@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param(OK, "accepted", id="it-is-there"),
        pytest.param(Failed("404"), "failed", id="it-is-not-there"),
        pytest.param(None, "unknown", id="nobody-can-say"),
    ],
)
def test_evidence_settles_and_a_run_takes_only_that_of_arrivals(
    found: Outcome | None,
    told: str,
    arrivals_only: bool,  # noqa: FBT001
) -> None:
    journal = after(Unknown("cut"))
    settle_by_evidence(journal, {"email": FakeChannel(OK, finds=found)}, "a person", arrivals_only=arrivals_only)  # type: ignore[dict-item]
    assert story(journal)[-1] == ("unknown" if arrivals_only and told == "failed" else told)


# Undo.

HOLD = made_action(kind=Kind.HOLD, stage="credit", channel="")
TASK = made_action(kind=Kind.TASK, task="phone_call", channel="")
TODAY = date(2026, 4, 2)


def undone(journal: ModelJournal, *answers: Outcome, name: str = "release") -> FakeChannel:
    channel = FakeChannel(*(answers or (OK,)), name=name)
    undo(Undo("a1", "a manager", "placed in error", TODAY), journal, {name: channel})  # type: ignore[dict-item]
    return channel


@pytest.mark.parametrize(
    ("action", "channel", "kind", "task"),
    [
        pytest.param(HOLD, "release", Kind.RELEASE, "cancel_hold", id="a-hold-is-released"),
        pytest.param(TASK, "task", Kind.TASK, "cancel_phone_call", id="a-task-is-called-back"),
    ],
)
def test_an_undo_is_a_deed_with_its_own_key(action: Action, channel: str, kind: Kind, task: str) -> None:
    journal = after(OK, action)
    got = undone(journal, name=channel).got
    reverse = reverse_of(action)
    assert (reverse.kind, reverse.task) == (kind, task)
    assert got == [reverse.id] != [action.id]
    assert story(journal)[-1] == "undone"
    assert story(journal, reverse.id) == ["intent", "point_of_no_return", "accepted"]


@pytest.mark.parametrize("kind", [Kind.MESSAGE, Kind.RELEASE, Kind.REFERRAL, Kind.WRITE_OFF_PROPOSAL])
def test_what_cannot_be_undone_says_what_to_do_instead(kind: Kind) -> None:
    with pytest.raises(Refused) as refused:
        reverse_of(made_action(kind=kind))
    assert refused.value.problems[0].rule == "cannot-be-undone"
    assert refused.value.problems[0].help


@pytest.mark.parametrize("answer", [Deferred("busy"), Failed("changed by someone else")])
def test_an_undo_that_is_not_taken_undoes_nothing_and_can_be_tried_again(answer: Outcome) -> None:
    journal = after(OK, HOLD)
    undone(journal, answer)
    assert story(journal)[-1] == "accepted"
    undone(journal)
    assert story(journal)[-1] == "undone"


def test_an_undo_of_which_nobody_knows_is_settled_before_it_is_tried_again() -> None:
    journal = after(OK, HOLD)
    undone(journal, Unknown("cut"))
    with pytest.raises(Refused) as refused:
        undone(journal)
    assert refused.value.problems[0].rule == "outcome-unknown"
    settle(journal, reverse_of(HOLD).id, Decision(arrived=True, by="a manager", because="seen in the ledger"))
    assert undone(journal).got == []
    assert story(journal)[-1] == "undone"


def test_nothing_is_undone_twice_nor_before_it_is_done_nor_during_a_run() -> None:
    journal = after(OK, HOLD)
    with journal.run_lock(), pytest.raises(RunIsActive):
        undone(journal)
    undone(journal)
    for made in (journal, after(Unknown("cut"), HOLD)):
        with pytest.raises(Refused) as refused:
            undone(made)
        assert refused.value.problems[0].rule == "not-done"


def test_an_undone_action_is_not_done_again() -> None:
    journal = after(OK, HOLD)
    undone(journal)
    channel = FakeChannel(OK, name="hold")
    carry_out(order(plan="e" * 64, as_of=AS_OF), [HOLD], world(journal, channel))
    assert channel.got == []
    assert [e.event for e in journal.entries(key="a1")][-1] is Event.UNDONE
