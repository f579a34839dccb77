"""What a peer gets, what it may answer, and where no request ever goes."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection

from duly.execution.channels import vetted
from duly.execution.channels.secret import Secret
from duly.execution.channels.vetted import NotAllowed, is_public, target_of
from duly.execution.channels.webhook import Peer, WebhookChannel
from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Unknown
from tests.channels.certificates import make_certificate
from tests.channels.deeds import task
from tests.channels.marks import JournalGone, Mark
from tests.channels.web_server import DROP, ENDLESS_HEADERS, HANG, SLOW, ScriptedPeer

SECRET = Secret("a test", lambda: "correct horse")

TASK = task(1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


def channel_to(port: int, trusted: Path | None, **settings: Any) -> WebhookChannel:  # noqa: ANN401 - a peer's settings
    settings = {"answer_timeout": 10} | settings
    peer = Peer(f"https://localhost:{port}/tasks?team=1", (), SECRET, loopback=True, ca_file=trusted, **settings)
    return WebhookChannel("crm", peer, resolve=lambda _host, _port: ["127.0.0.1"], now=lambda: 1_774_944_000.9)


def post(
    certificate: tuple[Path, ssl.SSLContext], answer: bytes, mark: Mark | None = None, *, idempotent: bool = False
) -> tuple[Outcome, ScriptedPeer]:
    trusted, tls = certificate
    # Only who waits for what never comes need be quick.
    patience = 0.3 if answer in {HANG, SLOW, ENDLESS_HEADERS} else 10
    with ScriptedPeer(tls, answer) as peer:
        channel = channel_to(peer.port, trusted, idempotent=idempotent, answer_timeout=patience)
        outcome = channel.hand_over(channel.pack(TASK), mark or Mark())
    return outcome, peer


def answer(status: str, *fields: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields])
    return f"{head}\r\n\r\n".encode() + body


def test_a_peer_gets_one_signed_request_with_the_key(certificate: tuple[Path, ssl.SSLContext]) -> None:
    mark = Mark()
    outcome, peer = post(certificate, answer("201 Created", body=b"task 7"), mark)
    assert outcome == Accepted("201 task 7")
    [request] = peer.requests
    assert request.line == "POST /tasks?team=1 HTTP/1.1"
    assert request.fields["host"] == f"localhost:{peer.port}"
    assert request.fields["idempotency-key"] == TASK.action.id
    signed = f"1774944000.{TASK.action.id}.".encode() + request.body
    assert request.fields["duly-timestamp"] == "1774944000"
    assert request.fields["duly-signature"] == f"v1={hmac.new(b'correct horse', signed, hashlib.sha256).hexdigest()}"
    told = json.loads(request.body)
    assert (told["kind"], told["task"], told["person"]) == ("task", "phone_call", "collector-north")
    assert (told["amount"], told["currency"], told["invoices"]) == ("1234.50", "USD", ["I1"])
    assert (mark.calls, peer.connections) == (1, 1)


LATER, GONE, TOLD, OPEN = Deferred, Failed, Accepted, Unknown
GZIPPED = gzip.compress(b"\0" * 10_000_000)

ANSWERS = [
    pytest.param(answer("200 OK"), TOLD, TOLD, False, id="200"),
    pytest.param(answer("204 No Content"), TOLD, TOLD, False, id="204"),
    pytest.param(answer("302 Found", "Location: http://169.254.169.254/"), GONE, GONE, True, id="redirect-to-metadata"),
    pytest.param(answer("308 Permanent", "Location: https://localhost/"), GONE, GONE, True, id="redirect-to-itself"),
    pytest.param(answer("400 Bad Request"), GONE, GONE, False, id="400"),
    pytest.param(answer("401 Unauthorized"), GONE, GONE, True, id="401"),
    pytest.param(answer("404 Not Found"), GONE, GONE, False, id="404"),
    pytest.param(answer("408 Request Timeout"), LATER, LATER, False, id="408"),
    pytest.param(answer("409 Conflict"), GONE, LATER, False, id="409"),
    pytest.param(answer("429 Too Many", "Retry-After: 86400"), LATER, LATER, True, id="429"),
    pytest.param(answer("500 Oops"), OPEN, LATER, False, id="500"),
    pytest.param(answer("503 Busy"), OPEN, LATER, False, id="503"),
    pytest.param(answer("999 What"), OPEN, OPEN, False, id="999"),
    pytest.param(answer("200 OK", "Content-Encoding: gzip", body=GZIPPED), OPEN, OPEN, False, id="gzip-bomb"),
    pytest.param(answer("200 OK", body=b"x" * 200_000), TOLD, TOLD, False, id="long"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", TOLD, TOLD, False, id="cut-after-the-status"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", TOLD, TOLD, False, id="bad-chunk"),
    pytest.param(b"SSH-2.0-x\r\n", OPEN, OPEN, False, id="not-http"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", OPEN, OPEN, False, id="endless-line"),
    pytest.param(ENDLESS_HEADERS, OPEN, OPEN, False, id="endless-headers"),
    pytest.param(HANG, OPEN, OPEN, False, id="timeout-after-write"),
    pytest.param(DROP, OPEN, OPEN, False, id="drop-after-write"),
    pytest.param(SLOW, OPEN, OPEN, False, id="slow-bytes"),
]


@pytest.mark.parametrize("idempotent", [False, True], ids=["once-only", "idempotent"])
@pytest.mark.parametrize(("said", "expected", "if_idempotent", "everything"), ANSWERS)
def test_each_answer_has_its_outcome(
    said: bytes,
    expected: type,
    if_idempotent: type,
    everything: bool,  # noqa: FBT001 - a row of the table
    idempotent: bool,  # noqa: FBT001
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    mark = Mark()
    outcome, peer = post(certificate, said, mark, idempotent=idempotent)
    assert isinstance(outcome, if_idempotent if idempotent else expected), outcome
    assert getattr(outcome, "all", False) is everything
    assert (mark.calls, peer.connections, len(peer.requests)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("86400", 86_400), ("60", 60), ("59", 60), ("86401", 86_400), ("99999999999", 60), ("-5", 60), ("", 60),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60),
    ],
)  # fmt: skip
def test_a_peer_says_for_how_long_it_wants_to_be_left_alone(
    text: str, seconds: int, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    outcome, _ = post(certificate, answer("429 Slow", f"Retry-After: {text}"))
    assert isinstance(outcome, Deferred)
    assert (outcome.all, outcome.seconds) == (True, seconds)


def test_the_same_key_goes_out_at_every_attempt(certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted, tls = certificate
    with ScriptedPeer(tls, HANG) as peer:
        for _ in range(2):
            channel = channel_to(peer.port, trusted, idempotent=True, answer_timeout=0.3)
            channel.hand_over(channel.pack(TASK), Mark())
    assert peer.done == {TASK.action.id: 2}


def test_nothing_is_written_when_the_point_of_no_return_cannot_be_recorded(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    trusted, tls = certificate
    with ScriptedPeer(tls) as peer:
        channel = channel_to(peer.port, trusted)
        with pytest.raises(JournalGone):
            channel.hand_over(channel.pack(TASK), Mark(JournalGone("disk full")))
    assert (peer.requests, peer.connections) == ([], 1)


def test_a_peer_that_cannot_be_reached_defers_everything(certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted, tls = certificate
    with ScriptedPeer(tls) as peer:
        channel = channel_to(peer.port, trusted)
    mark = Mark()
    outcome = channel.hand_over(channel.pack(TASK), mark)
    assert isinstance(outcome, Deferred)
    assert (outcome.all, mark.calls) == (True, 0)


@pytest.mark.parametrize("host", ["localhost", "other.test"])
def test_a_certificate_that_does_not_vouch_for_the_host_gets_nothing(host: str, tmp_path: Path) -> None:
    trusted, tls = make_certificate(tmp_path, host)
    mark = Mark()
    with ScriptedPeer(tls) as peer:
        channel = channel_to(peer.port, None if host == "localhost" else trusted)
        outcome = channel.hand_over(channel.pack(TASK), mark)
    assert isinstance(outcome, Failed)
    assert (outcome.all, mark.calls, peer.requests) == (True, 0, [])


@pytest.mark.parametrize(
    ("status", "expected"),
    [("200 OK", Accepted("200 done")), ("404 Not Found", Failed("404 done")), ("500 Oops", None)],
)
def test_a_peer_that_can_be_asked_settles_a_doubt(
    status: str, expected: Outcome | None, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    trusted, tls = certificate
    with ScriptedPeer(tls, answer(status, body=b"done")) as peer:
        lookup = f"https://localhost:{peer.port}/tasks/{{key}}"
        assert channel_to(peer.port, trusted, lookup=lookup).evidence("k1", "") == expected
    assert [request.line for request in peer.requests] == ["GET /tasks/k1 HTTP/1.1"]
    assert channel_to(1, trusted).evidence("k1", "") is None


def test_a_secret_is_in_nothing_that_is_shown(certificate: tuple[Path, ssl.SSLContext]) -> None:
    outcome, peer = post(certificate, answer("400 Bad", body=b"no"))
    shown = [repr(SECRET), f"{SECRET}", str(SECRET), repr(outcome), str(peer.requests[0].fields)]
    assert not any("correct horse" in text for text in shown)


# Where no request goes.

REFUSED_URLS = [
    "http://crm.amber.example/", "http://crm.test/tasks", "file:///etc/passwd", "ftp://crm.amber.example/",
    "http+unix://%2fvar%2frun%2fdocker.sock/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/",
    "https://127.0.0.1/", "https://127.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://localhost/",
    "https://user@crm.amber.example/", "https://crm.amber.example@evil.test/", "https://crm.amber.example\\@evil.test/",
    "https://evil.test#crm.amber.example/", "https://crm.amber.example.evil.test/", "https://evilcrm.amber.example/",
    "https://crm.amber.example/a b", "https://crm.amber.example/\r\nX: y", "https://crm.amber.example:99999/",
    "https://crm.amb\u0435r.example/", "https:///tasks", "//crm.amber.example/", "https://crm/", "", "https://[::1",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_leads_elsewhere_is_refused_as_it_is_read(url: str) -> None:
    with pytest.raises(NotAllowed):
        target_of(url, ["crm.amber.example"])


def test_the_host_on_the_list_is_where_requests_go() -> None:
    target = target_of("https://CRM.amber.example:8443/tasks?x=1", ["crm.amber.example"])
    assert (target.host, target.port, target.path) == ("crm.amber.example", 8443, "/tasks?x=1")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:db8::1",
        "2001:0:a9fe:a9fe::1", "0177.0.0.1", "2130706433", "crm",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


class Dialled:
    """Remembers which addresses were connected to, and lets none through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: list[str] = []
        monkeypatch.setattr(urllib3.util.connection, "create_connection", self)

    def __call__(self, address: tuple[str, int], *_: object, **__: object) -> None:
        self.addresses.append(address[0])
        raise ConnectionRefusedError


class Resolver:
    """Gives each answer once, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def crm(resolver: Resolver) -> WebhookChannel:
    peer = Peer("https://crm.amber.example/tasks", ("crm.amber.example",), SECRET)
    return WebhookChannel("crm", peer, resolve=resolver)


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_vetted(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled, resolver = Dialled(monkeypatch), Resolver(["93.184.215.14"], ["127.0.0.1"])
    channel = crm(resolver)
    outcome = channel.hand_over(channel.pack(TASK), Mark())
    assert isinstance(outcome, Deferred)
    assert (resolver.asked, dialled.addresses) == (1, ["93.184.215.14"])


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], []]
)
def test_a_name_with_an_address_inside_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = Dialled(monkeypatch)
    mark = Mark()
    channel = crm(Resolver(addresses))
    outcome = channel.hand_over(channel.pack(TASK), mark)
    assert isinstance(outcome, Failed)
    assert (outcome.all, mark.calls, dialled.addresses) == (True, 0, [])


def test_without_vetting_the_address_inside_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the test above is there for."""
    monkeypatch.setattr(vetted, "is_public", lambda _: True)
    dialled = Dialled(monkeypatch)
    channel = crm(Resolver(["127.0.0.1"]))
    channel.hand_over(channel.pack(TASK), Mark())
    assert dialled.addresses == ["127.0.0.1"]
