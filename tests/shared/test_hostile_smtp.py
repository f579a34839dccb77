"""Hostile mail servers: each message is accepted, refused, put off or in doubt, as listed, and never sent twice."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from duly.execution.channels.mail import Sender
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Timeouts, Tls
from duly.execution.ports import Accepted, Deferred, Failed, Unknown
from tests.channels.certificates import make_certificate
from tests.channels.deeds import EMAIL, numbered
from tests.channels.marks import Mark
from tests.channels.smtp_server import Fault, ScriptedServer, Step
from tests.shared.hostile import Case, cases, needs_hostile

CASES = cases("smtp")

QUICK = Timeouts(connect=0.5, step=0.5, body=0.5, total=3)
PATIENT = Timeouts(connect=10, step=10, body=10, total=30)

SENDER = Sender("accounts@amber.example")

OUTCOMES: dict[str, tuple[type, ...]] = {
    "": (Accepted,),
    "E-SMTP-TEMP": (Deferred,),
    "E-SMTP-PERM": (Failed,),
    "E-SMTP-PROTO": (Failed,),
    "E-SMTP-TLS": (Failed, Deferred),
    "E-SMTP-UNKNOWN": (Unknown,),
}
"""The labels of the list, and what a run is told here."""

STEPS = {
    "connect": Step.GREETING, "EHLO": Step.EHLO, "MAIL": Step.MAIL, "RCPT": Step.RCPT, "DATA": Step.DATA,
    "BODY": Step.MESSAGE, "QUIT": Step.QUIT,
}  # fmt: skip

FAULTS = {
    "drop": Fault.DROP,
    "hang": Fault.HANG,
    "421 busy": Fault.CLOSING,
    "451 later": Fault.LATER,
    "550 no such user": Fault.NEVER,
    "550 x": Fault.NEVER,
    "554 spam": Fault.NEVER,
    "accept_then_drop": Fault.ACCEPT_AND_DROP,
    "250- forever": Fault.ENDLESS,
    "1 byte per second": Fault.SLOW,
}

STARTTLS = b"250-mail.test\r\n250 STARTTLS\r\n"

NO_STARTTLS = "no STARTTLS offered"
INJECTED = "plaintext commands after STARTTLS"
FLAPPING = "fails every 3rd message"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


def asked(case: Case) -> tuple[str, str]:
    """Where the server does what."""
    server: dict[str, Any] = yaml.safe_load(case.path.read_text(encoding="utf-8"))["server"]
    return server["at"], server["do"]


@needs_hostile
def test_the_list_has_its_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES if asked(c)[1] != FLAPPING])
def test_each_hostile_server_has_the_outcome_listed(case: Case, certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted, tls = certificate
    at, do = asked(case)
    private = do in {NO_STARTTLS, INJECTED}
    server = ScriptedServer(
        {STEPS[at]: FAULTS[do]} if not private else {},
        ehlo=STARTTLS if do == INJECTED else b"",
        tls=tls,
        after_starttls=b"MAIL FROM:<a@b.example>\r\n" if do == INJECTED else b"",
    )
    mark = Mark()
    timeouts = QUICK if {Fault.HANG, Fault.SLOW} & set(server.faults.values()) else PATIENT
    with server:
        channel = SmtpChannel(
            "mail",
            Server("localhost", server.port, Tls.STARTTLS if private else Tls.NONE, ca_file=trusted, timeouts=timeouts),
            SENDER,
        )
        outcome = channel.hand_over(channel.pack(EMAIL), mark)
        channel.close()
    assert isinstance(outcome, OUTCOMES[case.code]), outcome
    # Whatever a server may have accepted was recorded before as having left.
    assert mark.calls == (at in {"BODY", "QUIT"})
    assert len(server.accepted) == (isinstance(outcome, Accepted) or do == "accept_then_drop")


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA, Step.MESSAGE], ids=lambda step: step.value)
@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES if asked(c)[1] == FLAPPING])
def test_a_server_that_fails_now_and_then_gets_each_message_once(case: Case, step: Step) -> None:
    assert case.must.startswith("all delivered once")
    waiting = list(range(10))
    with ScriptedServer({step: Fault.LATER}, every=3) as server:
        while waiting:
            channel = SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE, timeouts=PATIENT), SENDER)
            parcels = [(number, channel.pack(numbered(number))) for number in waiting]
            waiting = [n for n, parcel in parcels if not isinstance(channel.hand_over(parcel, Mark()), Accepted)]
            channel.close()
    received = [to for _, to in server.envelopes]
    assert sorted(received) == sorted(f"RCPT TO:<pay@c{n}.example>".encode() for n in range(10))
