"""Faults planted into the SMTP channel: each makes the matrix fail in the cells that are there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from duly.execution.channels import smtp
from duly.execution.channels.smtp import SmtpChannel
from duly.execution.channels.smtp_session import Garbled, Refusal, Session
from duly.execution.ports import Deferred, Failed, Outcome, Parcel, Unknown
from tests.channels import test_smtp_faults as matrix
from tests.channels.smtp_server import Fault, Step


def cells_that_fail() -> set[tuple[Step, Fault]]:
    """The cells of the matrix that do not hold, of those that tell the faults here apart."""
    failed = set()
    for step in (Step.EHLO, Step.RCPT, Step.DATA, Step.MESSAGE, Step.QUIT):
        for fault in (Fault.DROP, Fault.CLOSING, Fault.LATER, Fault.NEVER, Fault.GARBAGE):
            try:
                matrix.test_each_fault_at_each_step_has_its_outcome(step, fault)
            except AssertionError:
                failed.add((step, fault))
    return failed


def recorded_after_the_answer(patch: pytest.MonkeyPatch) -> None:
    """Send, then record: a crash between loses a message that left."""
    hand_over = SmtpChannel.hand_over

    def late(self: SmtpChannel, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        outcome = hand_over(self, parcel, lambda: None)
        if not isinstance(outcome, Unknown):
            no_return()
        return outcome

    patch.setattr(SmtpChannel, "hand_over", late)


def recorded_before_data(patch: pytest.MonkeyPatch) -> None:
    """Record, then send: messages that never left are recorded as having left."""
    hand_over = SmtpChannel.hand_over

    def early(self: SmtpChannel, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        no_return()
        return hand_over(self, parcel, lambda: None)

    patch.setattr(SmtpChannel, "hand_over", early)


def doubt_taken_for_refusal(patch: pytest.MonkeyPatch) -> None:
    """A drop after the dot is taken for one at DATA, and the message is sent again."""
    patch.setattr(smtp, "Unknown", Deferred)


def quit_counts(patch: pytest.MonkeyPatch) -> None:
    """Goodbye is part of the hand-over, as in a `with` block."""
    hand_over = SmtpChannel.hand_over

    def with_goodbye(self: SmtpChannel, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        outcome = hand_over(self, parcel, no_return)
        if self._session is not None:
            try:
                self._session.ask("QUIT", "QUIT", {221})
            except (Refusal, Garbled, OSError) as error:
                return Failed(str(error))
        return outcome

    patch.setattr(SmtpChannel, "hand_over", with_goodbye)


def closing_is_like_any_refusal(patch: pytest.MonkeyPatch) -> None:
    """`421` is taken for a refusal of the one message."""
    patch.setattr(smtp, "SERVICE_CLOSING", 0)


def refusal_of_the_server_blamed_on_the_message(patch: pytest.MonkeyPatch) -> None:
    """A refusal before any recipient is named counts against one message only."""
    patch.setattr(smtp, "OF_THE_CHANNEL", frozenset())


def garbage_is_an_answer(patch: pytest.MonkeyPatch) -> None:
    """Whatever the server says is taken for a yes."""
    getreply = Session.getreply

    def trusting(self: Session) -> tuple[int, bytes]:
        try:
            return getreply(self)
        except Garbled:
            return 250, b"ok"

    patch.setattr(Session, "getreply", trusting)


@pytest.mark.parametrize(
    ("plant", "red"),
    [
        pytest.param(recorded_after_the_answer, (Step.MESSAGE, Fault.DROP), id="send-before-record"),
        pytest.param(recorded_before_data, (Step.RCPT, Fault.NEVER), id="record-long-before-send"),
        pytest.param(doubt_taken_for_refusal, (Step.MESSAGE, Fault.DROP), id="doubt-taken-for-refusal"),
        pytest.param(quit_counts, (Step.QUIT, Fault.NEVER), id="quit-counts"),
        pytest.param(closing_is_like_any_refusal, (Step.RCPT, Fault.CLOSING), id="421-is-like-any-other"),
        pytest.param(refusal_of_the_server_blamed_on_the_message, (Step.EHLO, Fault.NEVER), id="blamed-on-the-message"),
        pytest.param(garbage_is_an_answer, (Step.MESSAGE, Fault.GARBAGE), id="garbage-is-an-answer"),
    ],
)
def test_each_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], red: tuple[Step, Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert red in cells_that_fail()


def test_nothing_is_found_where_nothing_is_planted() -> None:
    assert cells_that_fail() == set()


def test_without_a_look_at_the_reply_a_refusal_of_ourselves_is_every_recipient_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "is_about_us", lambda *_: False)
    with pytest.raises(AssertionError):
        matrix.test_a_refusal_of_ourselves_at_rcpt_is_no_recipient_s("554 5.7.1 blocked", us=True)
