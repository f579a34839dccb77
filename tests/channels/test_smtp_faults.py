"""Every fault of a mail server at every step of the conversation: 7 × 8, and what a run is told of it."""

from __future__ import annotations

import pytest

from duly.execution.channels.mail import Sender
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Timeouts, Tls
from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Unknown
from tests.channels.deeds import EMAIL, numbered
from tests.channels.marks import JournalGone, Mark
from tests.channels.smtp_server import Fault, ScriptedServer, Step

QUICK = Timeouts(connect=0.2, step=0.2, body=0.2, total=1)
PATIENT = Timeouts(connect=10, step=10, body=10, total=30)
"""A busy machine answers late; only who waits for what never comes need be quick."""

NEVER_ENDING = {Fault.HANG, Fault.SLOW}

SENDER = Sender("accounts@amber.example", "Amber Paper Works")


def channel_to(server: ScriptedServer, timeouts: Timeouts | None = None) -> SmtpChannel:
    timeouts = timeouts or (QUICK if NEVER_ENDING & set(server.faults.values()) else PATIENT)
    return SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE, timeouts=timeouts), SENDER)


DEFERRED, FAILED, UNKNOWN, ACCEPTED = Deferred, Failed, Unknown, Accepted
DROP, HANG, CLOSING, LATER = Fault.DROP, Fault.HANG, Fault.CLOSING, Fault.LATER
NEVER, GARBAGE, ENDLESS, SLOW = Fault.NEVER, Fault.GARBAGE, Fault.ENDLESS, Fault.SLOW

FAULTS = (DROP, HANG, CLOSING, LATER, NEVER, GARBAGE, ENDLESS, SLOW)

ALL = True
ONE = False

BEFORE_A_RECIPIENT = {
    DROP: (DEFERRED, ALL), HANG: (DEFERRED, ALL), CLOSING: (DEFERRED, ALL), LATER: (DEFERRED, ALL),
    NEVER: (FAILED, ALL), GARBAGE: (FAILED, ALL), ENDLESS: (FAILED, ALL), SLOW: (DEFERRED, ALL),
}  # fmt: skip
ABOUT_A_RECIPIENT = {
    DROP: (DEFERRED, ONE), HANG: (DEFERRED, ONE), CLOSING: (DEFERRED, ALL), LATER: (DEFERRED, ONE),
    NEVER: (FAILED, ONE), GARBAGE: (FAILED, ALL), ENDLESS: (FAILED, ALL), SLOW: (DEFERRED, ONE),
}  # fmt: skip

MATRIX: dict[Step, dict[Fault, tuple[type[Outcome], bool]]] = {
    Step.GREETING: BEFORE_A_RECIPIENT,
    Step.EHLO: BEFORE_A_RECIPIENT,
    # A drop is no answer about anything, but a refusal of the sender holds for every message.
    Step.MAIL: BEFORE_A_RECIPIENT | {DROP: (DEFERRED, ONE), HANG: (DEFERRED, ONE), SLOW: (DEFERRED, ONE)},
    Step.RCPT: ABOUT_A_RECIPIENT,
    Step.DATA: ABOUT_A_RECIPIENT,
    Step.MESSAGE: {
        DROP: (UNKNOWN, ONE), HANG: (UNKNOWN, ONE), CLOSING: (DEFERRED, ALL), LATER: (DEFERRED, ONE),
        NEVER: (FAILED, ONE), GARBAGE: (UNKNOWN, ONE), ENDLESS: (UNKNOWN, ONE), SLOW: (UNKNOWN, ONE),
    },
    Step.QUIT: dict.fromkeys(FAULTS, (ACCEPTED, ONE)),
}  # fmt: skip
"""By step and fault: the outcome, and whether it holds for the whole channel."""

PAST_NO_RETURN = {Step.MESSAGE, Step.QUIT}


@pytest.mark.parametrize(
    ("step", "fault"), [pytest.param(s, f, id=f"{s.value}-{f.value}") for s in Step for f in FAULTS]
)
def test_each_fault_at_each_step_has_its_outcome(step: Step, fault: Fault) -> None:
    expected, everything = MATRIX[step][fault]
    mark = Mark()
    with ScriptedServer({step: fault}) as server:
        channel = channel_to(server)
        outcome = channel.hand_over(channel.pack(EMAIL), mark)
        channel.close()
        accepted = len(server.accepted)
    assert isinstance(outcome, expected), outcome
    assert getattr(outcome, "all", ONE) is everything, outcome
    assert mark.calls == (step in PAST_NO_RETURN)
    assert accepted == (step is Step.QUIT)


US, THEM = True, False

REFUSED_AT_RCPT = [
    pytest.param("554 5.7.1 <accounts@amber.example>: Sender address rejected: Access denied", US, id="the-sender"),
    pytest.param("550 5.1.0 <accounts@amber.example>: Sender address rejected: User unknown", US, id="no-such-sender"),
    pytest.param("550 5.1.8 <Accounts@Amber.example>: Domain not found", US, id="the-sender-s-domain"),
    pytest.param("553 5.1.7 bad sender", US, id="the-sender-s-address"),
    pytest.param("554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", US, id="the-client"),
    pytest.param("504 5.5.2 <amber>: Helo command rejected: need fully-qualified hostname", US, id="its-name"),
    pytest.param("554 5.7.1 <pay@birch.example>: Relay access denied", US, id="relaying"),
    pytest.param("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", US, id="relaying-elsewhere"),
    pytest.param("550 5.7.1 Service unavailable; client blocked", US, id="on-a-list"),
    pytest.param("550 5.1.1 <pay@birch.example>: User unknown in virtual mailbox table", THEM, id="no-such-recipient"),
    pytest.param("550 5.1.1 no such user", THEM, id="nobody-named"),
    pytest.param("550 5.5.0 mailbox unavailable", THEM, id="another-code"),
    pytest.param("550 5.1.1 no <pay@birch.example> for accounts@amber.example", THEM, id="both-named"),
    pytest.param("554 5.7.1 <PAY@birch.example>: Recipient address rejected: Access denied", THEM, id="not-wanted"),
    pytest.param("554 5.7.1 relay.birch.example: <pay@birch.example> takes no mail", THEM, id="a-host-named-relay"),
    pytest.param("550 unknown", THEM, id="no-code"),
]


@pytest.mark.parametrize(("reply", "us"), REFUSED_AT_RCPT)
def test_a_refusal_of_ourselves_at_rcpt_is_no_recipient_s(reply: str, us: bool) -> None:  # noqa: FBT001 - a row of the table
    mark = Mark()
    with ScriptedServer({Step.RCPT: NEVER}, replies={Step.RCPT: f"{reply}\r\n".encode()}) as server:
        channel = channel_to(server)
        outcome = channel.hand_over(channel.pack(EMAIL), mark)
        channel.close()
    assert outcome == Failed(f"RCPT: {reply}", all=us)
    assert mark.calls == 0


def test_greylisting_that_names_nobody_is_the_recipient_s() -> None:
    with ScriptedServer(
        {Step.RCPT: LATER}, replies={Step.RCPT: b"451 4.7.1 greylisting, please come back\r\n"}
    ) as server:
        channel = channel_to(server)
        outcome = channel.hand_over(channel.pack(EMAIL), Mark())
        channel.close()
    assert isinstance(outcome, Deferred)
    assert not outcome.all


def test_a_message_that_was_accepted_without_a_word_is_unknown() -> None:
    mark = Mark()
    with ScriptedServer({Step.MESSAGE: Fault.ACCEPT_AND_DROP}) as server:
        channel = channel_to(server)
        outcome = channel.hand_over(channel.pack(EMAIL), mark)
        channel.close()
    assert isinstance(outcome, Unknown)
    assert (mark.calls, len(server.accepted)) == (1, 1)


def test_nothing_leaves_when_the_point_of_no_return_cannot_be_recorded() -> None:
    with ScriptedServer() as server:
        channel = channel_to(server)
        with pytest.raises(JournalGone):
            channel.hand_over(channel.pack(EMAIL), Mark(JournalGone("disk full")))
        channel.close()
    assert server.accepted == []


def test_a_server_that_cannot_be_reached_defers_everything() -> None:
    with ScriptedServer() as server:
        channel = channel_to(server)
    mark = Mark()
    outcome = channel.hand_over(channel.pack(EMAIL), mark)
    assert isinstance(outcome, Deferred)
    assert (outcome.all, mark.calls) == (True, 0)


def test_messages_of_a_run_share_a_connection() -> None:
    with ScriptedServer() as server:
        channel = channel_to(server)
        outcomes = [channel.hand_over(channel.pack(numbered(n)), Mark()) for n in range(5)]
        channel.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert (server.connections, len(server.accepted)) == (1, 5)


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA, Step.MESSAGE], ids=lambda step: step.value)
@pytest.mark.parametrize("fault", [DROP, LATER, CLOSING], ids=lambda fault: fault.value)
def test_the_next_message_is_not_touched_by_the_fault_of_one(step: Step, fault: Fault) -> None:
    with ScriptedServer({step: fault}, every=3) as server:
        channel = channel_to(server)
        outcomes = [channel.hand_over(channel.pack(numbered(n)), Mark()) for n in range(6)]
        channel.close()
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True, False] * 2
    assert [to for _, to in server.envelopes] == [f"RCPT TO:<pay@c{n}.example>".encode() for n in (0, 1, 3, 4)]


def test_a_slow_server_cannot_hold_a_message_longer_than_the_total() -> None:
    """Each answer alone is in time; together they are not."""
    timeouts = Timeouts(connect=0.5, step=0.5, body=0.5, total=0.0)
    mark = Mark()
    with ScriptedServer() as server:
        channel = channel_to(server, timeouts)
        outcome = channel.hand_over(channel.pack(EMAIL), mark)
    assert isinstance(outcome, Deferred)
    assert mark.calls == 0
