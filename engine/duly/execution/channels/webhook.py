"""Tasks, requests and holds handed to another system by HTTPS.

One POST with the action's key as `Idempotency-Key`, signed with HMAC-SHA256 over
the moment, the key and the body. The connection stands, and its certificate is
verified, before the point of no return; the request is written after it. Then
only an answer counts: a 2xx is acceptance, a redirect is followed nowhere, and
an answer that never came is UNKNOWN.

A 5xx may come before or after the peer has done it. Where the peer takes the
same key twice without doing it twice it may be tried again; where it does not,
nobody can know.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import io
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from duly.execution.channels.parcels import checked_key, digest_of
from duly.execution.channels.secret import NoSecret, Secret
from duly.execution.channels.smtp_session import said
from duly.execution.channels.vetted import NotAllowed, Resolve, Target, target_of, vetted_addresses
from duly.execution.channels.worklist import COLUMNS, line_of
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown

if TYPE_CHECKING:
    import socket

MOST_REPLY = 65_536
"""So many bytes of an answer's body are read."""

MOST_WAIT = 86_400
"""A peer may ask to be left alone for a day at most."""

WAIT = 60

OF_THE_CHANNEL = frozenset({401, 403, 407})
"""Refusals that have nothing to do with what was sent."""

NOT_YET = frozenset({408, 425})
"""Refusals of a request that was not looked at."""

TOO_MANY = 429
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Peer:
    """Another system. `lookup` is a URL with `{key}` in it, at which it says whether it has done an action.

    `idempotent` says that it takes the same key twice without doing it twice.
    """

    url: str
    hosts: tuple[str, ...]
    secret: Secret
    idempotent: bool = False
    lookup: str = ""
    loopback: bool = False
    ca_file: Path | None = None
    connect_timeout: float = 10
    answer_timeout: float = 30


class WebhookChannel:
    """Another system that is told by HTTPS; the constructor raises `NotAllowed`."""

    def __init__(
        self,
        name: str,
        peer: Peer,
        *,
        per_minute: int = 0,
        resolve: Resolve | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._peer = peer
        self._target = target_of(peer.url, peer.hosts, loopback=peer.loopback)
        if peer.lookup:
            if "{key}" not in peer.lookup:
                raise NotAllowed("the URL for looking up has no `{key}` in it")
            target_of(peer.lookup.replace("{key}", "0"), peer.hosts, loopback=peer.loopback)
        self._per_minute = per_minute
        self._resolve = resolve
        self._now = now
        self._context: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """What is handed over leaves this machine."""
        return True

    @property
    def is_idempotent(self) -> bool:
        """Whether its peer says so."""
        return self._peer.idempotent

    @property
    def confirms_by_hand(self) -> bool:
        """What the peer accepted it has."""
        return False

    @property
    def per_minute(self) -> int:
        """Most requests a minute."""
        return self._per_minute

    def pack(self, deed: Deed) -> Parcel:
        """The body of the request; raises `Unsendable`."""
        key = checked_key(deed.action)
        content = body_of(deed)
        envelope = (f"POST {self._target.authority}{self._target.path}", f"Idempotency-Key: {key}")
        return Parcel(key, self.name, (self._target.host,), content, digest_of(content, envelope), key)

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Send one request."""
        try:
            headers = self._headers(parcel.key, parcel.content)
            connection = self._connect(self._target)
        except (NotAllowed, NoSecret, ssl.SSLError) as error:
            return Failed(f"not sent: {error}", all=True)
        except (OSError, http.client.HTTPException) as error:
            return Deferred(f"cannot reach `{self._target.host}`: {error}", WAIT, all=True)
        try:
            no_return()
            try:
                status, fields, text = self._exchange(connection, "POST", self._target, headers, parcel.content)
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Unknown(f"no answer to the request: {str(error) or type(error).__name__}")
        finally:
            connection.close()
        return self._answered(status, fields, text)

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """What the peer says of an action, where it can be asked."""
        del digest
        if not self._peer.lookup:
            return None
        try:
            target = target_of(
                self._peer.lookup.replace("{key}", reference), self._peer.hosts, loopback=self._peer.loopback
            )
            headers = self._headers(reference, b"")
            connection = self._connect(target)
            try:
                status, _, text = self._exchange(connection, "GET", target, headers, b"")
            finally:
                connection.close()
        except (NotAllowed, NoSecret, OSError, http.client.HTTPException, ValueError):
            return None
        match status:
            case 200:
                return Accepted(_reply(status, text))
            case 404:
                return Failed(_reply(status, text))
            case _:
                return None

    def close(self) -> None:
        """Nothing is kept open."""

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        moment = str(int(self._now()))
        return {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "duly",
            "Idempotency-Key": key,
            "Duly-Timestamp": moment,
            "Duly-Signature": f"v1={signature(self._peer.secret, moment, key, body)}",
        }

    def _connect(self, target: Target) -> http.client.HTTPConnection:
        """A connection that stands, to one of the host's addresses as they were resolved once."""
        from urllib3.connection import HTTPSConnection
        from urllib3.exceptions import HTTPError

        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._peer.ca_file)
        addresses = vetted_addresses(target, loopback=self._peer.loopback, resolve=self._resolve)
        failure: Exception | None = None
        for address in addresses:
            connection = HTTPSConnection(
                address,
                target.port,
                timeout=self._peer.connect_timeout,
                ssl_context=self._context,
                server_hostname=target.host,
            )
            try:
                connection.connect()
            except (HTTPError, TimeoutError, ConnectionError) as error:
                failure = error
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise OSError(str(failure))

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, target: Target, headers: dict[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Write the request and read its answer, bounded in time and size, without decompressing anything."""
        until = time.monotonic() + self._peer.answer_timeout
        connection.sock.settimeout(self._peer.answer_timeout)
        connection.request(method, target.path, body or None, {"Host": target.authority} | headers)
        answer = http.client.HTTPResponse(_Paced(connection.sock, until), method=method)  # type: ignore[arg-type]
        try:
            answer.begin()
            text = b""
            # The status is the answer; what it says beyond that may be cut off.
            with suppress(OSError, http.client.HTTPException, ValueError):
                text = answer.read(MOST_REPLY)
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text
        finally:
            answer.close()

    def _answered(self, status: int, fields: Mapping[str, str], text: bytes) -> Outcome:
        """What an answer means."""
        if fields.get("content-encoding", "identity").lower() != "identity":
            return Unknown(f"the answer {status} is compressed, which nobody asked for")
        reply = _reply(status, text)
        idempotent = self._peer.idempotent
        if status == TOO_MANY:
            return Deferred(reply, _retry_after(fields), all=True)
        if status in NOT_YET or (status == CONFLICT and idempotent):
            return Deferred(reply, _retry_after(fields))
        if status in OF_THE_CHANNEL:
            return Failed(reply, all=True)
        match status // 100:
            case 2:
                return Accepted(reply)
            case 3:
                return Failed(f"{reply}: redirects are not followed", all=True)
            case 4:
                return Failed(reply)
            case 5 if idempotent:
                return Deferred(reply, _retry_after(fields))
            case _:
                return Unknown(f"the answer was {reply}, and the peer may have done it")


def body_of(deed: Deed) -> bytes:
    """What the peer is told, as JSON; raises `Unsendable`."""
    line = line_of(deed)
    record: dict[str, object] = {name: getattr(line, name) for name in COLUMNS}
    record["version"] = 1
    record["invoices"] = list(deed.action.invoices)
    record["person_name"], record["person_email"] = deed.recipient.name, deed.recipient.email
    return json.dumps(record, sort_keys=True, ensure_ascii=True, allow_nan=False).encode("ascii")


def signature(secret: Secret, moment: str, key: str, body: bytes) -> str:
    """What proves that a request is ours: HMAC-SHA256 over `moment.key.body`, in hexadecimal; raises `NoSecret`."""
    return hmac.new(secret.reveal().encode(), f"{moment}.{key}.".encode() + body, hashlib.sha256).hexdigest()


class _Paced:
    """A socket whose reading ends by a moment, however slowly it comes."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PacedBytes(self._sock, self._until))


class _PacedBytes(io.RawIOBase):
    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the peer took too long")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


def _reply(status: int, text: bytes) -> str:
    return f"{status} {said(text[:MOST_REPLY])}".rstrip()


def _retry_after(fields: Mapping[str, str]) -> int:
    """How long the peer wants to be left alone, in seconds; a date is taken for the least."""
    text = fields.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 - ten digits are centuries
        return min(max(int(text), WAIT), MOST_WAIT)
    return WAIT
