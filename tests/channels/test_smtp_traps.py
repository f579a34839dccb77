"""What a mail server, or someone between, does to be believed or to read along."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from duly.execution.channels import smtp_session
from duly.execution.channels.mail import Sender
from duly.execution.channels.secret import Secret
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Session, Timeouts, Tls
from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Parcel, Unknown
from tests.channels.certificates import make_certificate
from tests.channels.deeds import EMAIL, email_to
from tests.channels.marks import Mark
from tests.channels.smtp_server import PASSWORD, USER, Fault, ScriptedServer, Step

QUICK = Timeouts(connect=10, step=1, body=1, total=10)
SENDER = Sender("accounts@amber.example")
STARTTLS = b"250-mail.test\r\n250 STARTTLS\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


def send(server: Server, mark: Mark | None = None) -> Outcome:
    channel = SmtpChannel("mail", server, SENDER)
    try:
        return channel.hand_over(channel.pack(EMAIL), mark or Mark())
    finally:
        channel.close()


def private(port: int, trusted: Path | None, **settings: Any) -> Server:  # noqa: ANN401 - a server's settings
    return Server("localhost", port, Tls.STARTTLS, ca_file=trusted, timeouts=QUICK, **settings)


def test_a_message_is_sent_in_private(certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted, tls = certificate
    with ScriptedServer(ehlo=STARTTLS, tls=tls) as server:
        assert isinstance(send(private(server.port, trusted)), Accepted)
    assert len(server.accepted) == 1
    assert server.verbs == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_server_that_offers_no_starttls_gets_nothing(certificate: tuple[Path, ssl.SSLContext]) -> None:
    """Someone between has taken the offer out."""
    trusted, tls = certificate
    mark = Mark()
    with ScriptedServer(tls=tls) as server:
        outcome = send(private(server.port, trusted), mark)
    assert isinstance(outcome, Failed)
    assert (outcome.all, mark.calls) == (True, 0)
    assert server.verbs == ["EHLO"]


@pytest.mark.parametrize(
    "injected",
    [b"250 ok\r\n250 ok\r\n", b"2", b"250-mail.test\r\n250 AUTH PLAIN\r\n"],
    ids=["replies", "a-byte", "ehlo"],
)
def test_what_was_said_before_tls_began_is_never_an_answer(
    injected: bytes, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    trusted, tls = certificate
    mark = Mark()
    with ScriptedServer(ehlo=STARTTLS, tls=tls, after_starttls=injected) as server:
        outcome = send(private(server.port, trusted), mark)
    assert isinstance(outcome, Failed | Deferred)
    assert (outcome.all, mark.calls) == (True, 0)
    assert server.accepted == []


def test_without_the_check_what_was_injected_is_heard(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault: an answer that was there too early counts, so the tests about early answers fail."""
    monkeypatch.setattr(Session, "nothing_more_was_said", lambda _: None)
    with pytest.raises(AssertionError):
        test_an_answer_that_comes_before_the_message_is_none()
    trusted, tls = certificate
    mark = Mark()
    with ScriptedServer(ehlo=STARTTLS, tls=tls, after_starttls=b"250 injected\r\n") as server:
        send(private(server.port, trusted), mark)
    # The injected text has answered the second EHLO, and the real answers are all one question late.
    assert server.verbs[:3] == ["EHLO", "STARTTLS", "EHLO"]
    assert len(server.verbs) > 3


def test_a_certificate_that_nobody_vouches_for_gets_nothing(certificate: tuple[Path, ssl.SSLContext]) -> None:
    _, tls = certificate
    with ScriptedServer(ehlo=STARTTLS, tls=tls) as server:
        outcome = send(private(server.port, None))
    assert isinstance(outcome, Failed)
    assert server.accepted == []


def test_a_certificate_of_another_host_gets_nothing(tmp_path: Path) -> None:
    trusted, tls = make_certificate(tmp_path, "other.test")
    with ScriptedServer(ehlo=STARTTLS, tls=tls) as server:
        outcome = send(private(server.port, trusted))
    assert isinstance(outcome, Failed)
    assert server.accepted == []


def test_tls_may_be_left_out_for_this_machine_only() -> None:
    with pytest.raises(ValueError, match="on this machine"):
        SmtpChannel("mail", Server("mail.amber.example", tls=Tls.NONE), SENDER)


@pytest.mark.parametrize("password", [PASSWORD, "battery staple"], ids=["right", "wrong"])
def test_a_password_is_given_in_private_and_shown_to_nobody(
    password: str, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    trusted, tls = certificate
    accepted = password == PASSWORD
    with ScriptedServer(ehlo=STARTTLS, tls=tls) as server:
        port = server.port
        outcome = send(private(port, trusted, user=USER, password=Secret("a test", lambda: password)))
    assert isinstance(outcome, Accepted) is accepted
    assert len(server.accepted) == accepted
    assert password not in repr(private(port, trusted, user=USER, password=Secret("a test", lambda: password)))
    if not accepted:
        assert isinstance(outcome, Failed)
        assert outcome.all
        assert password not in outcome.reply


def test_an_answer_that_comes_before_the_message_is_none() -> None:
    """The server says `250` together with `354`: the message would count as accepted before it was sent."""
    with ScriptedServer(also={Step.DATA: b"250 queued\r\n"}, faults={Step.MESSAGE: Fault.DROP}) as server:
        mark = Mark()
        outcome = send(Server("127.0.0.1", server.port, Tls.NONE, timeouts=QUICK), mark)
    assert not isinstance(outcome, Accepted)
    assert server.accepted == []


def test_without_the_bound_a_reply_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: replies are unbounded in size, and only the clock ends them."""
    monkeypatch.setattr(smtp_session, "MOST_REPLY", 10**12)
    with ScriptedServer({Step.EHLO: Fault.ENDLESS}) as server:
        outcome = send(Server("127.0.0.1", server.port, Tls.NONE, timeouts=QUICK))
    assert isinstance(outcome, Deferred)


def dotted(parcel: Parcel, server: ScriptedServer) -> bytes:
    channel = SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE, timeouts=QUICK), SENDER)
    assert isinstance(channel.hand_over(parcel, Mark()), Accepted)
    channel.close()
    return server.accepted[-1]


DOTS = [".", "..", ".\n.\n.", "a\n.\nb", ".hidden", "\n.\n", "a\n..\n.b\n."]


@pytest.mark.parametrize("text", DOTS)
def test_a_line_that_begins_with_a_dot_arrives_as_it_was(text: str) -> None:
    with ScriptedServer() as server:
        channel = SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE), SENDER)
        parcel = channel.pack(email_to("pay@birch.example", text=text))
        assert dotted(parcel, server) == parcel.content


def test_without_stuffing_a_dot_would_end_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: the message is sent as it is."""
    monkeypatch.setattr(smtp_session, "stuffed", lambda content: content)
    with ScriptedServer() as server:
        channel = SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE), SENDER)
        parcel = channel.pack(email_to("pay@birch.example", text="a\n.\nb"))
        assert dotted(parcel, server) != parcel.content


def test_a_drop_after_the_dot_is_not_a_drop_at_data() -> None:
    """Both look the same to a library that sends in one go."""
    outcomes = {}
    for step in (Step.DATA, Step.MESSAGE):
        with ScriptedServer({step: Fault.DROP}) as server:
            outcomes[step] = send(Server("127.0.0.1", server.port, Tls.NONE, timeouts=QUICK))
    assert isinstance(outcomes[Step.DATA], Deferred)
    assert isinstance(outcomes[Step.MESSAGE], Unknown)
