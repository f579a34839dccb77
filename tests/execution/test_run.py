"""A plan is carried out once, in its order, and whatever is left is named."""

# ruff: noqa: ARG001, ARG002, ARG005 -- a fake takes what its protocol gives it

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from duly.execution.contacts_left import Cap, contacts_in
from duly.execution.gate import ChannelBroken
from duly.execution.hand_over import says_the_same
from duly.execution.pace import Retries
from duly.execution.ports import (
    Accepted,
    Deed,
    Deferred,
    Due,
    Failed,
    NotDue,
    Outcome,
    Parcel,
    Unknown,
    Unsendable,
)
from duly.execution.report import Came, Ending, RunReport
from duly.execution.run import carry_out, run_id
from duly.journal.entry import Draft, Entry, Event
from duly.journal.store import JournalFailed, RunIsActive
from duly.messages.matter import Rendered
from duly.plan.plan import Action, Kind
from duly.source import NOWHERE, Problem, Refused
from tests.execution.model import (
    AS_OF,
    MORNING,
    FakeChannel,
    FakeClock,
    ModelJournal,
    always_due,
    made_action,
    order,
    recipient_of,
    story,
    world,
)

OK = Accepted("250 ok")
QUICK = Retries(most=0)


def run(
    journal: ModelJournal, *answers: Outcome, actions: tuple[Action, ...] = (made_action(),), **of: object
) -> RunReport:
    return carry_out(order(retries=QUICK, **of), actions, world(journal, FakeChannel(*(answers or (OK,)))))


@pytest.mark.parametrize(
    ("answer", "told", "came", "exit_code"),
    [
        pytest.param(OK, ["intent", "point_of_no_return", "accepted"], Came.ACCEPTED, 0, id="accepted"),
        pytest.param(Deferred("451"), ["intent", "point_of_no_return", "deferred"], Came.DEFERRED, 7, id="deferred"),
        pytest.param(Failed("550"), ["intent", "point_of_no_return", "failed"], Came.FAILED, 7, id="refused"),
        pytest.param(
            Failed("535", all=True),
            ["intent", "point_of_no_return", "deferred"],
            Came.DEFERRED,
            7,
            id="the-whole-channel-is-refused-which-is-not-the-actions-fault",
        ),
        pytest.param(Unknown("cut"), ["intent", "point_of_no_return", "unknown"], Came.UNKNOWN, 7, id="unknown"),
    ],
)
def test_every_step_is_an_entry(answer: Outcome, told: list[str], came: Came, exit_code: int) -> None:
    journal = ModelJournal()
    report = run(journal, answer)
    assert story(journal) == told
    assert [result.came for result in report.results] == [came]
    assert report.exit_code == exit_code


def test_an_intent_says_what_is_to_be_handed_over_and_keeps_what_is_personal_apart() -> None:
    journal = ModelJournal()
    action = made_action(to="c1@sample.test")
    carry_out(
        order(about={"a1": {"due_on": "2026-04-02", "stage_has_message": True}}),
        [action],
        world(journal, FakeChannel(OK)),
    )
    intent, passed, accepted = journal.entries(key="a1")
    assert intent.body["plan"] == "f" * 64
    assert intent.body["content"] == passed.body["content"]
    assert intent.body["due_on"] == "2026-04-02"
    assert intent.body["channel"] == "email"
    assert passed.body["day"] == accepted.body["day"] == "2026-03-31"
    assert "sample.test" not in str(intent.body)
    assert journal.personal(intent)["to"] == ["c1@sample.test"]


# What is not handed over.


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        pytest.param(NotDue("paid", "paid on 2026-03-31"), ["intent", "skipped"], id="not-due-any-more"),
        pytest.param(NotDue("closed", "", MORNING + timedelta(hours=2)), ["intent", "deferred"], id="not-due-now"),
    ],
)
@pytest.mark.parametrize("looks", [pytest.param(0, id="at-once"), pytest.param(1, id="at-the-last-moment")])
def test_what_the_check_takes_back_never_leaves(reason: NotDue, told: list[str], looks: int) -> None:
    journal, channel, seen = ModelJournal(), FakeChannel(OK), []

    def check(action: Action, now: datetime) -> Due | NotDue:
        seen.append(now)
        return always_due(action, now) if len(seen) <= looks else reason

    report = carry_out(order(), [made_action()], world(journal, channel, check=check))
    assert channel.got == []
    assert story(journal) == told
    assert [entry.body.get("reason") for entry in journal.entries(key="a1")][-1] == reason.reason
    assert report.results[0].reason == reason.reason


def test_an_address_that_changes_while_the_channel_speaks_keeps_the_message_back() -> None:
    journal, channel, seen = ModelJournal(), FakeChannel(OK), []

    def check(action: Action, now: datetime) -> Due | NotDue:
        seen.append(now)
        return Due(Deed(action, recipient_of(made_action(customer="moved" if len(seen) > 1 else "c1"))))

    report = carry_out(order(), [made_action()], world(journal, channel, check=check))
    assert channel.got == []
    assert report.results[0].reason == "changed_meanwhile"


def test_two_forms_of_one_message_say_the_same_only_if_they_are_the_same() -> None:
    action = made_action()
    one, other = (
        Deed(action, recipient_of(action), Rendered("", text, "", b"", "en", "", "", digest=text))
        for text in ("a", "b")
    )
    assert says_the_same(one, one)
    assert not says_the_same(one, other)


@pytest.mark.parametrize(
    ("minutes", "came"),
    [pytest.param(-1, Came.DEFERRED, id="a-minute-before"), pytest.param(0, Came.ACCEPTED, id="on-the-minute")],
)
def test_nothing_leaves_before_its_moment(minutes: int, came: Came) -> None:
    journal = ModelJournal()
    action = made_action(not_before="2026-03-31T09:00:00+02:00")
    clock = FakeClock(MORNING + timedelta(minutes=minutes))
    report = carry_out(order(), [action], world(journal, FakeChannel(OK), clock=clock))
    assert report.results[0].came is came


def test_what_cannot_be_packed_is_failed_and_the_others_go_on() -> None:
    journal, channel = ModelJournal(), Picky(OK)
    report = carry_out(order(), [made_action(), made_action("a2")], world(journal, channel))
    assert story(journal) == ["intent", "failed"]
    assert [result.reason for result in report.results] == ["header-injection", ""]
    assert channel.got == ["a2"]


class Picky(FakeChannel):
    def pack(self, deed: Deed) -> Parcel:
        if deed.action.id == "a1":
            raise Unsendable("header-injection", "a header would be injected")
        return super().pack(deed)


def test_an_action_that_waits_is_left_and_named_and_resumed_once_approved() -> None:
    journal, channel = ModelJournal(), FakeChannel(OK)
    actions = [made_action(), made_action("a2", "c2")]
    first = carry_out(order(waiting={"a1": "waits for approval"}), actions, world(journal, channel))
    assert (first.exit_code, [r.explanation for r in first.left]) == (7, ["waits for approval"])
    again = carry_out(order(resume=True), actions, world(journal, channel))
    assert again.exit_code == 0
    assert channel.got == ["a2", "a1"]


# Once.


def test_a_finished_plan_leaves_nothing_to_a_second_run() -> None:
    journal, channel = ModelJournal(), FakeChannel(OK)
    carry_out(order(), [made_action()], world(journal, channel))
    report = carry_out(order(), [made_action()], world(journal, channel))
    assert report.counts == {Came.ALREADY_DONE: 1}
    assert (report.exit_code, channel.got) == (0, ["a1"])


def test_a_plan_that_was_begun_is_refused_unless_it_is_resumed() -> None:
    journal = ModelJournal()
    run(journal, Unknown("cut"))
    with pytest.raises(Refused) as refused:
        run(journal)
    assert (refused.value.exit_code, refused.value.problems[0].rule) == (5, "plan-used")
    assert run(journal, resume=True).unknown


def test_there_is_nothing_to_resume_of_a_plan_that_was_not_begun() -> None:
    with pytest.raises(Refused) as refused:
        run(ModelJournal(), resume=True)
    assert refused.value.problems[0].rule == "nothing-to-resume"


def test_another_plan_does_not_hand_the_same_action_over_again() -> None:
    journal, channel = ModelJournal(), FakeChannel(OK)
    carry_out(order(), [made_action()], world(journal, channel))
    report = carry_out(order(plan="e" * 64), [made_action()], world(journal, channel))
    assert report.counts == {Came.ALREADY_DONE: 1}
    assert channel.got == ["a1"]


def test_the_same_action_twice_in_a_plan_is_done_once() -> None:
    journal, channel = ModelJournal(), FakeChannel(OK)
    report = carry_out(order(), [made_action(), made_action()], world(journal, channel))
    assert channel.got == ["a1"]
    assert report.counts == {Came.ACCEPTED: 1, Came.ALREADY_DONE: 1}


def test_a_refused_address_is_not_tried_again_by_the_same_plan() -> None:
    journal = ModelJournal()
    run(journal, Failed("550"), actions=(made_action(),), waiting={})
    report = run(journal)
    assert report.counts == {Came.ALREADY_DONE: 1}


def test_a_second_run_is_refused_while_one_is_active() -> None:
    journal = ModelJournal()
    with journal.run_lock(), pytest.raises(RunIsActive):
        run(journal)


# After a crash.


def test_what_a_run_left_between_the_point_of_no_return_and_the_outcome_is_unknown_before_anything_else() -> None:
    journal = ModelJournal()
    with pytest.raises(KeyboardInterrupt):
        carry_out(order(), [made_action()], world(journal, FakeChannel(KeyboardInterrupt())))
    channel = FakeChannel(OK)
    report = carry_out(order(resume=True), [made_action(), made_action("a2")], world(journal, channel))
    assert report.recovered == ("a1",)
    assert [entry.event for entry in journal.entries() if entry.seq > 3][:2] == [Event.UNKNOWN, Event.RUN_STARTED]
    assert channel.got == ["a2"]
    assert report.exit_code == 7


def test_an_intent_that_a_crash_left_alone_is_begun_again() -> None:
    journal, channel = ModelJournal(), Crashing(OK)
    with pytest.raises(KeyboardInterrupt):
        carry_out(order(), [made_action()], world(journal, channel))
    carry_out(order(resume=True), [made_action()], world(journal, FakeChannel(OK)))
    assert story(journal) == ["intent", "intent", "point_of_no_return", "accepted"]


class Crashing(FakeChannel):
    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        raise KeyboardInterrupt


def test_an_unknown_is_asked_again_only_of_a_peer_that_takes_a_key_once() -> None:
    for is_idempotent, told in ((False, "unknown"), (True, "accepted")):
        journal = ModelJournal()
        channel = FakeChannel(Unknown("cut"), OK, is_idempotent=is_idempotent)
        carry_out(order(), [made_action()], world(journal, channel))
        assert story(journal)[-1] == told
        assert len(channel.got) == 1 + is_idempotent


def test_an_unknown_is_not_asked_again_with_other_content_nor_once_it_is_not_due() -> None:
    for changed in (Due(Deed(made_action(amount=1), recipient_of(made_action()))), NotDue("paid", "")):
        journal, channel = ModelJournal(), FakeChannel(Unknown("cut"), OK, is_idempotent=True)
        carry_out(order(retries=QUICK), [made_action()], world(journal, channel))
        again = world(journal, channel, check=lambda action, now, changed=changed: changed)
        report = carry_out(order(resume=True), [made_action()], again)
        assert [r.came for r in report.results] == [Came.UNKNOWN]
        assert channel.got == ["a1"]


def test_a_run_settles_by_evidence_only_what_arrived() -> None:
    for found, told in ((OK, "accepted"), (Failed("not there"), "unknown"), (None, "unknown")):
        journal = ModelJournal()
        channel = FakeChannel(Unknown("cut"), finds=found)
        carry_out(order(), [made_action()], world(journal, channel))
        carry_out(order(resume=True), [made_action()], world(journal, channel))
        assert story(journal)[-1] == told
        assert channel.got == ["a1"]


# The journal.


@pytest.mark.parametrize("event", ["intent", "point_of_no_return", "accepted", "run_started", "run_ended"])
def test_once_the_journal_has_failed_nothing_more_leaves(event: str) -> None:
    journal, channel = Failing(Event(event)), FakeChannel(OK)
    report = carry_out(order(), [made_action(), made_action("a2")], world(journal, channel))
    assert report.exit_code == 8
    assert report.ending is Ending.JOURNAL_FAILED
    assert channel.got == {"accepted": ["a1"], "run_ended": ["a1", "a2"]}.get(event, [])
    if event == "accepted":
        assert [(r.came, r.reason, r.explanation) for r in report.unknown] == [
            (Came.UNKNOWN, "not_recorded", "accepted: 250 ok")
        ]


class Failing(ModelJournal):
    """A journal that fails at the first entry of an event, and is well again, which must not tempt anybody."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event: Event | None = event

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        if drafts and drafts[-1].event is self.event:
            self.event = None
            raise JournalFailed("gone", "the disk is gone")
        return super().append(*drafts)


# Stopping.


def test_a_run_stops_between_two_actions_and_at_the_last_moment_before_one() -> None:
    for looks, told in ((1, []), (3, ["intent"]), (4, ["intent", "point_of_no_return", "accepted"])):
        journal = ModelJournal()
        asked: list[int] = []

        def stop(asked: list[int] = asked, looks: int = looks) -> bool:
            asked.append(1)
            return len(asked) >= looks

        report = carry_out(order(), [made_action(), made_action("a2")], world(journal, FakeChannel(OK), stop=stop))
        assert story(journal) == told, looks
        assert report.exit_code == 130
        assert [entry.event for entry in journal.entries()][-1] is Event.RUN_ENDED


def test_a_wait_ends_when_the_run_is_to_stop() -> None:
    class Stopping(FakeClock):
        stopped = False

        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            self.stopped = True

    clock = Stopping()
    report = carry_out(
        order(),
        [made_action()],
        world(ModelJournal(), FakeChannel(Deferred("451")), clock=clock, stop=lambda: clock.stopped),
    )
    assert (len(clock.waited), report.exit_code) == (1, 130)


def test_a_canary_hands_over_a_few_and_stops() -> None:
    journal, channel = ModelJournal(), FakeChannel(OK)
    actions = [made_action(f"a{number}", f"c{number}") for number in range(5)]
    first = carry_out(order(canary=2), actions, world(journal, channel))
    assert (first.ending, first.exit_code, channel.got) == (Ending.CANARY, 7, ["a0", "a1"])
    carry_out(order(resume=True), actions, world(journal, channel))
    assert channel.got == ["a0", "a1", "a2", "a3", "a4"]


def test_a_book_that_cannot_be_read_again_ends_the_run() -> None:
    def unreadable(action: Action, now: datetime) -> Due | NotDue:
        raise Refused([Problem("book-gone", NOWHERE, "the book cannot be read")], 4)

    journal, channel = ModelJournal(), FakeChannel(OK)
    report = carry_out(order(), [made_action()], world(journal, channel, check=unreadable))
    assert (report.exit_code, channel.got) == (4, [])
    assert [r.came for r in report.results] == [Came.LEFT]


# Pace, retries, the breaker.


def test_what_is_deferred_is_tried_again_after_the_others_and_then_left() -> None:
    journal, clock = ModelJournal(), FakeClock()
    channel = FakeChannel(Deferred("451", seconds=40), OK, Deferred("451"), Deferred("451"))
    actions = [made_action(), made_action("a2")]
    report = carry_out(
        order(retries=Retries(most=2, first=30, factor=4)), actions, world(journal, channel, clock=clock)
    )
    assert channel.got == ["a1", "a2", "a1", "a1"]
    assert clock.waited == [40, 120]
    assert report.counts == {Came.ACCEPTED: 1, Came.DEFERRED: 1}


def test_a_channel_is_used_no_faster_than_it_may() -> None:
    clock = FakeClock()
    actions = [made_action(f"a{number}") for number in range(3)]
    carry_out(order(), actions, world(ModelJournal(), FakeChannel(OK, per_minute=30), clock=clock))
    assert clock.waited == [2, 2]


def test_a_channel_that_fails_too_often_is_given_up_and_the_other_goes_on() -> None:
    email, letter = FakeChannel(Deferred("421", all=True)), FakeChannel(OK, name="letter")
    actions = [*(made_action(f"a{number}") for number in range(9)), made_action("b", channel="letter")]
    report = carry_out(order(retries=QUICK), actions, world(ModelJournal(), email, letter))
    assert len(email.got) == 3
    assert letter.got == ["b"]
    assert {r.reason for r in report.left if r.came is Came.LEFT} == {"channel_stopped"}
    assert report.exit_code == 7


def test_one_acceptance_forgives_what_went_before() -> None:
    bad: list[Outcome] = [Deferred("421", all=True), Deferred("421", all=True), OK]
    email = FakeChannel(*bad, *bad, *bad)
    actions = [made_action(f"a{number}") for number in range(9)]
    carry_out(order(retries=QUICK), actions, world(ModelJournal(), email))
    assert len(email.got) == 9


# The contact cap.


@pytest.mark.parametrize(
    ("before", "came"),
    [
        pytest.param([date(2026, 3, 25)], Came.DEFERRED, id="six-days-ago"),
        pytest.param([date(2026, 3, 24)], Came.ACCEPTED, id="seven-days-ago"),
        pytest.param([AS_OF], Came.ACCEPTED, id="today-already"),
    ],
)
@pytest.mark.parametrize("name", ["c1", "c1@sample.test"])
def test_the_contact_cap_is_looked_at_again_for_the_customer_and_the_inbox(
    before: list[date], came: Came, name: str
) -> None:
    reached = world(ModelJournal(), FakeChannel(OK), contacts=lambda asked: before if asked == name else ())
    report = carry_out(order(cap=Cap(1, 7)), [made_action()], reached)
    assert [result.came for result in report.results] == [came]


def test_a_task_for_a_colleague_that_reaches_nobody_needs_no_room() -> None:
    channel = FakeChannel(OK, name="task")
    for task, came in (("phone_call", Came.DEFERRED), ("file_claim", Came.ACCEPTED)):
        action = made_action(kind=Kind.TASK, task=task, channel="")
        reached = world(ModelJournal(), channel, contacts=lambda _: [date(2026, 3, 30)])
        assert carry_out(order(cap=Cap(1, 7)), [action], reached).results[0].came is came


def test_what_nobody_knows_the_outcome_of_counts_as_a_contact_and_what_was_refused_does_not() -> None:
    yesterday = order(plan="e" * 64, as_of=AS_OF - timedelta(days=1), retries=QUICK)
    for answer, came in ((Unknown("cut"), Came.DEFERRED), (Failed("550"), Came.ACCEPTED)):
        clock = FakeClock(MORNING - timedelta(days=1))
        journal = ModelJournal(clock.now)
        carry_out(yesterday, [made_action("before")], world(journal, FakeChannel(answer), clock=clock))
        days = contacts_in(journal, AS_OF - timedelta(days=30))
        reached = world(journal, FakeChannel(OK), contacts=lambda name, days=days: days.get(name, ()))
        report = carry_out(order(cap=Cap(1, 7)), [made_action()], reached)
        assert report.results[0].came is came


# Channels that may not.


def test_nothing_begins_where_something_has_no_channel_or_a_real_one_outside_live() -> None:
    real = FakeChannel(OK)
    real.is_real = True
    with pytest.raises(Refused) as refused:
        carry_out(order(), [made_action(), made_action("b", channel="letter")], world(ModelJournal(), real))
    assert refused.value.exit_code == 5
    assert {problem.rule for problem in refused.value.problems} == {"no-channel", "real-channel"}
    live = ModelJournal(environment="live")
    assert carry_out(order(), [made_action()], world(live, real)).exit_code == 0


class SaysNothing(FakeChannel):
    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        self.got.append(parcel.key)
        return OK


class AsksTwice(FakeChannel):
    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        no_return()
        no_return()
        return OK


@pytest.mark.parametrize(
    "channel", [pytest.param(SaysNothing(OK), id="never-asks"), pytest.param(AsksTwice(OK), id="asks-twice")]
)
def test_a_channel_that_breaks_its_promise_is_owned_up_to_and_not_used_again(channel: FakeChannel) -> None:
    journal = ModelJournal()
    with pytest.raises(ChannelBroken):
        carry_out(order(), [made_action(), made_action("a2")], world(journal, channel))
    again = FakeChannel(OK)
    carry_out(order(resume=True), [made_action()], world(journal, again))
    assert story(journal)[:2] == ["intent", "point_of_no_return"]
    assert story(journal)[-1] == "unknown"
    assert again.got == []


def test_a_gate_that_refused_stays_shut_whatever_the_channel_made_of_it() -> None:
    class Stubborn(FakeChannel):
        def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
            try:
                no_return()
            except JournalFailed:
                return Deferred("never mind")
            raise AssertionError

    journal = Failing(Event.POINT_OF_NO_RETURN)
    assert carry_out(order(), [made_action()], world(journal, Stubborn(OK))).exit_code == 8


def test_the_runs_of_a_plan_are_numbered() -> None:
    journal = ModelJournal()
    assert run(journal, Unknown("cut")).run == run_id("f" * 64, 1)
    assert run(journal, resume=True).run == run_id("f" * 64, 2)
