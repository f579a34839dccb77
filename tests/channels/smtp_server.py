"""A mail server on loopback that does at one step what it was told, and else what a good one does.

It remembers what it was told and which messages it has accepted.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Self


class Fault(Enum):
    """What the server does instead of answering."""

    DROP = "drop"
    HANG = "hang"
    CLOSING = "421"
    LATER = "4xx"
    NEVER = "5xx"
    GARBAGE = "garbage"
    ENDLESS = "endless multiline"
    SLOW = "slow bytes"
    ACCEPT_AND_DROP = "accept, then drop"


class Step(Enum):
    """Where in the conversation."""

    GREETING = "greeting"
    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    MESSAGE = "message"
    QUIT = "QUIT"


GOOD = {
    Step.GREETING: b"220 mail.test ready\r\n",
    Step.EHLO: b"250-mail.test\r\n250 8BITMIME\r\n",
    Step.MAIL: b"250 ok\r\n",
    Step.RCPT: b"250 ok\r\n",
    Step.DATA: b"354 go on\r\n",
    Step.MESSAGE: b"250 queued as 1\r\n",
    Step.QUIT: b"221 bye\r\n",
}

REPLY = {
    Fault.CLOSING: b"421 closing\r\n",
    Fault.LATER: b"451 later\r\n",
    Fault.NEVER: b"554 no\r\n",
    Fault.GARBAGE: b"\x00\xff what?\r\n",
}


USER, PASSWORD = "amber", "correct horse"
WELCOME = b"AUTH PLAIN " + base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())


class _Closed(Exception):
    pass


@dataclass
class ScriptedServer:
    """`faults` are by step; `replies` has other words for a fault's answer, `every` lets a fault
    happen only at each so-many-th time, `stop` ends whoever hangs."""

    faults: dict[Step, Fault] = field(default_factory=dict)
    every: int = 1
    ehlo: bytes = b""
    tls: ssl.SSLContext | None = None
    after_starttls: bytes = b""
    also: dict[Step, bytes] = field(default_factory=dict)
    replies: dict[Step, bytes] = field(default_factory=dict)
    accepted: list[bytes] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self.stop = threading.Event()
        self.times: dict[Step, int] = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._listen)]
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def verbs(self) -> list[str]:
        """What it was asked, without the rest."""
        return [line.split()[0].decode("ascii").upper() for line in self.commands]

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        conversation = _Conversation(self, connection)
        with contextlib.suppress(_Closed, OSError):
            conversation.run()
        # TLS has put another socket in the place of the first.
        for end in (connection, conversation.connection):
            with contextlib.suppress(OSError):
                end.close()

    def fault_at(self, step: Step) -> Fault | None:
        self.times[step] = self.times.get(step, 0) + 1
        return self.faults.get(step) if self.times[step] % self.every == 0 else None


class _Conversation:
    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.lines = self._lines()
        self.sender = self.to = b""

    def run(self) -> None:
        self.answer(Step.GREETING)
        for line in self.lines:
            self.server.commands.append(line)
            match line.split(b" ")[0].split(b":")[0].upper():
                case b"EHLO":
                    self.answer(Step.EHLO)
                case b"STARTTLS":
                    self.connection.sendall(b"220 go on\r\n" + self.server.after_starttls)
                    assert self.server.tls is not None
                    self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
                    self.server.open.append(self.connection)
                    self.lines = self._lines()
                    self.run_encrypted()
                    return
                case word:
                    self.command(word, line)

    def run_encrypted(self) -> None:
        for line in self.lines:
            self.server.commands.append(line)
            word = line.split(b" ")[0].split(b":")[0].upper()
            if word == b"EHLO":
                self.connection.sendall(b"250-mail.test\r\n250 AUTH PLAIN\r\n")
            else:
                self.command(word, line)

    def command(self, word: bytes, line: bytes) -> None:
        match word:
            case b"AUTH":
                self.connection.sendall(b"235 welcome\r\n" if line == WELCOME else b"535 who?\r\n")
            case b"MAIL":
                self.sender = line
                self.answer(Step.MAIL)
            case b"RCPT":
                self.to = line
                self.answer(Step.RCPT)
            case b"RSET":
                self.connection.sendall(b"250 ok\r\n")
            case b"DATA":
                if self.answer(Step.DATA):
                    self.message()
            case b"QUIT":
                self.answer(Step.QUIT)
                raise _Closed
            case _:
                self.connection.sendall(b"500 what?\r\n")

    def message(self) -> None:
        received = []
        for line in self.lines:
            if line == b".":
                break
            received.append(line.removeprefix(b"."))
        else:
            return
        fault = self.server.fault_at(Step.MESSAGE)
        if fault in {None, Fault.ACCEPT_AND_DROP}:
            self.server.accepted.append(b"".join(line + b"\r\n" for line in received))
            self.server.envelopes.append((self.sender, self.to))
        self.say(Step.MESSAGE, fault)

    def answer(self, step: Step) -> bool:
        """Whether the answer was a good one."""
        fault = self.server.fault_at(step)
        self.say(step, fault)
        return fault is None

    def say(self, step: Step, fault: Fault | None) -> None:
        match fault:
            case None:
                good = (self.server.ehlo if step is Step.EHLO else b"") or GOOD[step]
                self.connection.sendall(good + self.server.also.get(step, b""))
            case Fault.DROP | Fault.ACCEPT_AND_DROP:
                raise _Closed
            case Fault.HANG:
                self.server.stop.wait()
                raise _Closed
            case Fault.ENDLESS:
                while not self.server.stop.is_set():
                    self.connection.sendall(b"250-and more\r\n" * 100)
            case Fault.SLOW:
                for byte in GOOD[step] * 100:
                    self.connection.sendall(bytes([byte]))
                    if self.server.stop.wait(0.1):
                        raise _Closed
            case _:
                self.connection.sendall(self.server.replies.get(step, REPLY[fault]))
                if fault is Fault.CLOSING:
                    raise _Closed

    def _lines(self) -> Iterator[bytes]:
        heard = b""
        while True:
            while b"\r\n" not in heard:
                more = self.connection.recv(65536)
                if not more:
                    return
                heard += more
            line, _, heard = heard.partition(b"\r\n")
            yield line
