"""A conversation with a mail server that may drop, hang, lie, or never stop talking.

`smtplib` speaks the protocol; this module bounds it. A reply is complete within a
limit of time and size however slowly it trickles in, all its lines have one
code, and nothing may have been said that nobody asked for: what was said before
TLS began, or ahead of a question, could pass for an answer.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from duly.shown import printable

MOST_REPLY = 16_384
"""A reply has at most so many bytes, its line ends included."""

MOST_SHOWN = 300
"""So many characters of a reply are kept."""

_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")


class Tls(Enum):
    """How the conversation is kept from others. `none` is for a relay on this machine."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each step may take, and the longest that one message may take up to the point of no return.

    `goodbye` is short, as nothing depends on it.
    """

    connect: float = 30
    step: float = 120
    body: float = 600
    total: float = 600
    goodbye: float = 5


class Garbled(Exception):
    """What the server says is not SMTP, has no end, or was not asked for."""


class Unsafe(Exception):
    """The server cannot be spoken to in private, or is not who it should be."""


class Refusal(Exception):
    """The server answered, and not as wished."""

    def __init__(self, step: str, code: int, text: str) -> None:
        super().__init__(f"{step}: {code} {text}".rstrip())
        self.step = step
        self.code = code
        self.text = text


class Session(smtplib.SMTP):
    """One connection; every step raises `Refusal`, `Garbled`, `Unsafe`, `OSError` or `SMTPServerDisconnected`."""

    def __init__(self, timeouts: Timeouts, helo: str) -> None:
        super().__init__(local_hostname=helo, timeout=timeouts.connect)
        self._timeouts = timeouts
        self._heard = b""
        self._limit = timeouts.step
        self._until = float("inf")

    def begin(self) -> None:
        """Start the clock of one message."""
        self._until = time.monotonic() + self._timeouts.total

    def greet(self, host: str, port: int, tls: Tls, context: ssl.SSLContext | None) -> None:
        """Connect, begin TLS, and introduce ourselves."""
        self._host = host
        raw = socket.create_connection((host, port), self._timeouts.connect)
        self.sock = raw
        if tls is Tls.IMPLICIT and context is not None:
            self._encrypt(context)
        self._wanted("greeting", {220}, *self.getreply())
        self._introduce()
        if tls is Tls.STARTTLS and context is not None:
            if not self.has_extn("starttls"):
                raise Unsafe("the server offers no STARTTLS")
            self.ask("STARTTLS", "STARTTLS", {220})
            self.nothing_more_was_said()
            self._encrypt(context)
            self.ehlo_resp = None
            self.esmtp_features = {}
            self._introduce()

    def ask(self, step: str, command: str, wanted: Collection[int]) -> str:
        """Send a command and give the text of the answer, which has one of the wanted codes."""
        return self._wanted(step, wanted, *self.docmd(command))

    def send_body(self, content: bytes) -> tuple[int, str]:
        """Send the message with its last dot, and give the answer."""
        end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
        self._limit, self._until = self._timeouts.body, float("inf")
        try:
            self._send_all(stuffed(content) + end)
            code, text = self.getreply()
        finally:
            self._limit = self._timeouts.step
        return code, said(text)

    def getreply(self) -> tuple[int, bytes]:
        """One whole reply."""
        end = min(time.monotonic() + self._limit, self._until)
        size = 0
        codes = set()
        texts = []
        while True:
            line = self._line(end, MOST_REPLY - size)
            size += len(line)
            match = _REPLY.fullmatch(line.rstrip(b"\r\n"))
            if match is None:
                raise Garbled(f"the server said `{said(line)}`")
            codes.add(int(match[1]))
            texts.append(match[3] or b"")
            if len(codes) > 1:
                raise Garbled("the lines of a reply have different codes")
            if match[2] != b"-":
                return codes.pop(), b"\n".join(texts)

    def nothing_more_was_said(self) -> None:
        """Refuse a server that has answered what it was not asked yet."""
        if self._heard:
            raise Garbled("the server answered before it was asked")

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, unless the server has already answered it."""
        self.nothing_more_was_said()
        super().putcmd(cmd, args)

    def send(self, s: Any) -> None:  # noqa: ANN401 - smtplib's own signature
        """Send within the step's limit."""
        self._send_all(s if isinstance(s, bytes) else str(s).encode("ascii"))

    def say_goodbye(self) -> None:
        """End the conversation; what the server makes of it means nothing."""
        self._limit, self._until = min(self._limit, self._timeouts.goodbye), float("inf")
        self.ask("QUIT", "QUIT", {221})

    def hang_up(self) -> None:
        """Close the connection without a word: what was not ended with a dot is dropped by the server."""
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def _send_all(self, data: bytes) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        # The limit of `sendall` is for all of the data.
        self.sock.settimeout(self._left(min(time.monotonic() + self._limit, self._until)))
        self.sock.sendall(data)

    def _line(self, end: float, most: int) -> bytes:
        while b"\n" not in self._heard:
            if len(self._heard) > most:
                raise Garbled("the reply has no end")
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("not connected")
            self.sock.settimeout(self._left(end))
            more = self.sock.recv(4096)
            if not more:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        if len(line) > most:
            raise Garbled("the reply has no end")
        return line + b"\n"

    def _left(self, end: float) -> float:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server took too long")
        return left

    def _introduce(self) -> None:
        self._wanted("EHLO", {250}, *self.ehlo())

    def _encrypt(self, context: ssl.SSLContext) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.settimeout(self._timeouts.connect)
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=self._host)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise smtplib.SMTPServerDisconnected("the server closed the connection") from error
        except ssl.SSLError as error:
            raise Unsafe(f"TLS: {error.reason or error}") from error

    def _wanted(self, step: str, wanted: Collection[int], code: int, text: bytes) -> str:
        if code not in wanted:
            raise Refusal(step, code, said(text))
        return said(text)


def stuffed(content: bytes) -> bytes:
    """The message with a dot more in front of each line that begins with one, so that none ends it."""
    return re.sub(rb"(?m)^\.", b"..", content)


def said(text: bytes) -> str:
    """What a server said, safe to keep and to show."""
    lines = text.decode("utf-8", "replace").splitlines()
    return printable(" ".join(line.strip() for line in lines).strip())[:MOST_SHOWN]
