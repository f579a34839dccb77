"""A web server on loopback that answers each request with what it was told, or not at all.

It counts connections, and keeps each request and what it has done about it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

HANG = b"hang"
DROP = b"drop"
ENDLESS_HEADERS = b"endless headers"
SLOW = b"slow"


@dataclass(frozen=True)
class Request:
    line: str
    fields: Mapping[str, str]
    body: bytes


@dataclass
class ScriptedPeer:
    """`answer` is sent as it is; the task counts as done before it is sent, whatever it says."""

    tls: ssl.SSLContext
    answer: bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    requests: list[Request] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    connections: int = 0

    def __enter__(self) -> Self:
        self.stop = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
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

    def _serve(self, raw: socket.socket) -> None:
        with contextlib.suppress(OSError), raw, self.tls.wrap_socket(raw, server_side=True) as connection:
            self.open.append(connection)
            if (request := _read(connection)) is not None:
                self.requests.append(request)
                key = request.fields.get("idempotency-key", "")
                self.done[key] = self.done.get(key, 0) + 1
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        match self.answer:
            case b"hang":
                self.stop.wait()
            case b"drop":
                return
            case b"endless headers":
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not self.stop.is_set():
                    connection.sendall(b"X-More: more\r\n" * 100)
            case b"slow":
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-More: more\r\n" * 50:
                    connection.sendall(bytes([byte]))
                    if self.stop.wait(0.03):
                        return
            case answer:
                connection.sendall(answer)


def _read(connection: socket.socket) -> Request | None:
    heard = b""
    while b"\r\n\r\n" not in heard:
        more = connection.recv(65536)
        if not more:
            return None
        heard += more
    head, _, body = heard.partition(b"\r\n\r\n")
    line, *lines = head.decode("ascii").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
    while len(body) < int(fields.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(line, fields, body)
