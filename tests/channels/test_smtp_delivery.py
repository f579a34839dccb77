"""What a real SMTP server receives is what was packed."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from duly.execution.channels.mail import Sender
from duly.execution.channels.secret import Secret
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Tls
from duly.execution.ports import Accepted
from tests.channels.certificates import make_certificate
from tests.channels.deeds import EMAIL, email_to, numbered
from tests.channels.marks import Mark

SENDER = Sender("accounts@amber.example", "Amber Paper Works")


class Inbox:
    """Keeps every message with its envelope."""

    def __init__(self) -> None:
        self.messages: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.messages.append(envelope)
        return "250 OK"


def logged_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=login == LoginPassword(b"amber", b"correct horse"))


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[Inbox, Server]]:
    """A server that wants TLS and a password."""
    trusted, tls = make_certificate(tmp_path)
    inbox = Inbox()
    controller = Controller(
        inbox, hostname="localhost", port=0, tls_context=tls, require_starttls=True, auth_required=True,
        authenticator=logged_in,
    )  # fmt: skip
    # The port is the one that the system gave.
    controller.port = free_port()
    controller.start()
    yield (
        inbox,
        Server(
            "localhost",
            controller.port,
            user="amber",
            password=Secret("a test", lambda: "correct horse"),
            ca_file=trusted,
        ),
    )
    controller.stop()


def free_port() -> int:
    import socket

    with socket.create_server(("localhost", 0)) as listener:
        return int(listener.getsockname()[1])


def test_what_the_server_received_is_what_was_packed(inbox: tuple[Inbox, Server]) -> None:
    received, server = inbox
    channel = SmtpChannel("mail", server, SENDER)
    deeds = [numbered(n) for n in range(20)] + [email_to("pay@birch.example", text=".\n..\nÄÖÜ 株式会社\n" * 500)]
    parcels = [channel.pack(deed) for deed in deeds]
    marks = [Mark() for _ in parcels]
    outcomes = [channel.hand_over(parcel, mark) for parcel, mark in zip(parcels, marks, strict=True)]
    channel.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert all(mark.calls == 1 for mark in marks)
    assert [bytes(got.content) for got in received.messages if isinstance(got.content, bytes)] == [
        parcel.content for parcel in parcels
    ]
    assert [(got.mail_from, got.rcpt_tos) for got in received.messages] == [
        (SENDER.address, list(parcel.to)) for parcel in parcels
    ]


def test_implicit_tls_works_too(tmp_path: Path) -> None:
    trusted, tls = make_certificate(tmp_path)
    inbox = Inbox()
    controller = Controller(inbox, hostname="localhost", port=free_port(), ssl_context=tls)
    controller.start()
    channel = SmtpChannel("mail", Server("localhost", controller.port, Tls.IMPLICIT, ca_file=trusted), SENDER)
    outcome = channel.hand_over(channel.pack(EMAIL), Mark())
    channel.close()
    controller.stop()
    assert isinstance(outcome, Accepted)
    assert len(inbox.messages) == 1


def test_the_system_trusts_no_authority_of_a_test(inbox: tuple[Inbox, Server]) -> None:
    received, server = inbox
    assert server.ca_file is not None
    assert ssl.create_default_context(cafile=server.ca_file).get_ca_certs()
    assert received.messages == []
