"""A PostgreSQL server of our own, on loopback, in a folder of the tests, stopped and removed afterwards.

The server refuses to run as root, so that where we are root it runs as another user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from duly.journal.postgres_schema import schema_of

NO_SERVER = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"

NOBODY = "nobody"


def programs() -> Path | None:
    """Where the newest server's programs are, where there is one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


@dataclass
class Server:
    """A running server."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=duly dbname=postgres"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A database without any journal in it; what a test leaves there is removed."""
        yield self.url
        with psycopg.connect(self.url, autocommit=True) as db:
            for environment in ("try", "live"):
                db.execute(f"DROP SCHEMA IF EXISTS {schema_of(environment)} CASCADE".encode())

    def start(self) -> None:
        bin_ = programs()
        assert bin_ is not None
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "50",
            "shared_buffers": "16MB",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(bin_ / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd="/",
                user=as_whom(),
            )
        self.wait()

    def wait(self) -> None:
        for _ in range(300):
            with contextlib.suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=2):
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text())

    def kill(self) -> None:
        """Kill it as a power cut would: at once, and every process of it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        # Its children end by themselves once they see that it is gone; the port is free then.
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                time.sleep(0.05)
                continue
            return

    def stop(self) -> None:
        assert self.process is not None
        # At once: what is in it is not looked at again.
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


def as_whom() -> str | None:
    """The user to run as: None for our own."""
    return NOBODY if os.geteuid() == 0 else None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A new server, up to its end."""
    bin_ = programs()
    assert bin_ is not None
    with tempfile.TemporaryDirectory(prefix="duly-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
        initdb = [str(bin_ / "initdb"), "-D", str(folder / "data"), "-U", "duly", "-A", "trust", "-E", "UTF8"]
        # The files of an empty cluster need not survive a power cut.
        subprocess.run([*initdb, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd="/", user=as_whom())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(folder, port)
        server.start()
        try:
            yield server
        finally:
            server.stop()
