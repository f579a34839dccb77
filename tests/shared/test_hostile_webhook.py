"""Hostile URLs, names and peers: no request goes where none may, and no answer is more than it is."""

from __future__ import annotations

import gzip
import ssl
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection
import yaml

from duly.execution.channels.configured import load_channels
from duly.execution.channels.secret import Secret
from duly.execution.channels.webhook import Peer, WebhookChannel
from duly.execution.ports import Deferred, Failed, Outcome, Unknown
from duly.home import Environment, Home
from duly.source import Refused
from tests.channels.certificates import make_certificate
from tests.channels.deeds import task
from tests.channels.marks import Mark
from tests.channels.web_server import HANG, ScriptedPeer
from tests.shared.hostile import Case, cases, needs_hostile

CASES = cases("webhook")

TASK = task()

SECRET = Secret("a test", lambda: "correct horse")


def wanted(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(case.path.read_text(encoding="utf-8"))
    return found


class Dialled:
    def __init__(self) -> None:
        self.addresses: list[str] = []

    def __call__(self, address: tuple[str, int], *_: object, **__: object) -> None:
        self.addresses.append(address[0])
        raise ConnectionRefusedError


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    found = Dialled()
    monkeypatch.setattr(urllib3.util.connection, "create_connection", found)
    return found


@needs_hostile
def test_the_list_has_its_cases() -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if "url" in wanted(case)])
def test_a_hostile_url_is_refused_before_anything_is_connected_to(case: Case, tmp_path: Path, dialled: Dialled) -> None:
    url = wanted(case)["url"]
    hosts = '["127.0.0.1", "::ffff:127.0.0.1", "2130706433", "0177.0.0.1", "crm.test"]'
    text = (
        f"duly_channels: 1\nhosts: {hosts}\nchannels:\n"
        f'  crm:\n    webhook: {{url: "{url}", secret: {{env: KEY}}}}\nuse: {{task: crm}}\n'
    )
    (tmp_path / "channels.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        load_channels(Home(tmp_path), Environment.LIVE, {"KEY": "x"})
    [problem] = refused.value.problems
    assert (refused.value.exit_code, problem.rule, problem.span.line) == (case.exit, "url-not-allowed", 5)
    assert problem.help
    assert dialled.addresses == []


ANSWERS = {
    "302 -> http://169.254.169.254/": (
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", Failed, True,
    ),
    "commit the task, never answer": (HANG, Unknown, False),
    "429 Retry-After: 86400": (
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n", Deferred, True,
    ),
    "gzip bomb body": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 50_000_000), Unknown, False,
    ),
}  # fmt: skip
"""What the peer does, what a run is told, and whether it holds for the whole channel."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if "server" in wanted(case)])
def test_a_hostile_peer_has_the_outcome_listed(case: Case, tmp_path: Path) -> None:
    said, expected, everything = ANSWERS[wanted(case)["server"]]
    trusted, tls = make_certificate(tmp_path)
    outcome, peer = answered(said, trusted, tls)
    assert isinstance(outcome, expected), outcome
    assert getattr(outcome, "all", False) is everything
    assert (peer.connections, peer.done) == (1, {TASK.action.id: 1})
    if isinstance(outcome, Deferred):
        assert outcome.seconds == 86_400


def answered(said: bytes, trusted: Path, tls: ssl.SSLContext) -> tuple[Outcome, ScriptedPeer]:
    with ScriptedPeer(tls, said) as server:
        peer = Peer(f"https://localhost:{server.port}/", (), SECRET, loopback=True, ca_file=trusted, answer_timeout=0.3)
        channel = WebhookChannel("crm", peer)
        return channel.hand_over(channel.pack(TASK), Mark()), server


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if "dns" in wanted(case)])
def test_a_name_that_moves_is_connected_to_where_it_was_looked_at(case: Case, dialled: Dialled) -> None:
    assert wanted(case)["dns"] == "public first, 127.0.0.1 second"
    addresses = iter([["93.184.215.14"], ["127.0.0.1"]])
    peer = Peer("https://crm.amber.example/", ("crm.amber.example",), SECRET)
    channel = WebhookChannel("crm", peer, resolve=lambda _host, _port: next(addresses))
    parcel = channel.pack(TASK)
    assert isinstance(channel.hand_over(parcel, Mark()), Deferred)
    assert dialled.addresses == ["93.184.215.14"]
    # The next attempt finds the name inside, and connects to nothing.
    assert isinstance(channel.hand_over(parcel, Mark()), Failed)
    assert dialled.addresses == ["93.184.215.14"]
