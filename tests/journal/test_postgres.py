"""PostgreSQL cut off, killed or careless: an entry is there once or not at all, and whoever asked is told which."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from duly.home import Home
from duly.journal import checkpoints
from duly.journal.create import create, has_journal, open_journal
from duly.journal.entry import Event
from duly.journal.store import JournalFailed, RunIsActive, Store
from duly.journal.verify import verify
from tests.journal.journals import TRY, events, handed_over, step
from tests.journal.server import Server


@dataclass
class Cut:
    """A line to the server that breaks once, at the next COMMIT: before the server hears it, or before it answers."""

    server: Server
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    at_commit: str = ""
    times: int = 0

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server.port))
            except OSError:
                client.close()
                continue
            deaf = threading.Event()
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=(one, other, deaf, one is client), daemon=True).start()

    def carry(self, one: socket.socket, other: socket.socket, deaf: threading.Event, to_server: bool) -> None:  # noqa: FBT001  (a thread's argument)
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                if to_server and self.at_commit and b"COMMIT" in data:
                    how, self.at_commit = self.at_commit, ""
                    self.times += 1
                    if how == "before it is heard":
                        break
                    # The server hears it; whoever carries its answer lets that fall, and the line breaks.
                    deaf.set()
                elif deaf.is_set():
                    break
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def cut(server: Server) -> Iterator[Cut]:
    line = Cut(server)
    serving = threading.Thread(target=line.serve, daemon=True)
    serving.start()
    yield line
    line.listener.shutdown(socket.SHUT_RDWR)
    line.listener.close()
    serving.join()


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with server.database() as database:
        yield database


@pytest.fixture
def store(tmp_path: Path, cut: Cut, url: str) -> Iterator[Store]:
    through = url.replace(f"port={cut.server.port}", f"port={cut.port}")
    with contextlib.closing(create(Home(tmp_path), TRY, url=through)) as made:
        yield made


def wrong_with(store: Store, home: Path) -> tuple[object, ...]:
    folder = home / "journal" / "try"
    return verify(store, checkpoints.checkpoints(folder), checkpoints.public_key(folder))


def test_a_connection_cut_before_the_commit_is_heard_has_written_nothing_and_says_so(
    store: Store, cut: Cut, tmp_path: Path
) -> None:
    head = store.head()
    cut.at_commit = "before it is heard"
    with pytest.raises(JournalFailed) as failed:
        store.append(step(Event.INTENT))
    assert (failed.value.rule, cut.times) == ("journal-not-written", 1)
    with contextlib.closing(open_journal(Home(tmp_path), TRY)) as again:
        assert again.head() == head
        assert wrong_with(again, tmp_path) == ()
    with pytest.raises(JournalFailed):
        store.append(step(Event.INTENT))


def test_a_connection_cut_before_the_commit_is_answered_is_looked_up_and_written_once(
    store: Store, cut: Cut, tmp_path: Path
) -> None:
    cut.at_commit = "before its answer"
    [entry] = store.append(step(Event.INTENT))
    assert cut.times == 1
    assert events(store, "k1") == ["intent"]
    assert store.head().hash == entry.hash
    store.append(step(Event.POINT_OF_NO_RETURN))
    assert wrong_with(store, tmp_path) == ()


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("how", ["before it is heard", "before its answer"])
def test_an_action_cut_at_any_of_its_commits_never_passes_the_point_of_no_return_twice(
    store: Store, cut: Cut, tmp_path: Path, at: int, how: str
) -> None:
    steps = handed_over()
    for n, draft in enumerate(steps, start=1):
        cut.at_commit = how if n == at else ""
        try:
            store.append(draft)
        except JournalFailed:
            break
    with contextlib.closing(open_journal(Home(tmp_path), TRY)) as again:
        done = events(again, "k1")
        assert len(done) == (at - 1 if how == "before it is heard" else len(steps))
        assert wrong_with(again, tmp_path) == ()


def test_a_run_that_lost_its_connection_at_a_commit_holds_its_lock_again(
    store: Store, cut: Cut, tmp_path: Path
) -> None:
    with store.run_lock():
        cut.at_commit = "before its answer"
        store.append(step(Event.INTENT))
        second = open_journal(Home(tmp_path), TRY)
        with contextlib.closing(second), pytest.raises(RunIsActive), second.run_lock():
            pass
        store.append(step(Event.POINT_OF_NO_RETURN))
    with store.run_lock():
        pass


def test_what_a_killed_server_had_answered_is_there_when_it_is_back(server: Server, url: str, tmp_path: Path) -> None:
    with contextlib.closing(create(Home(tmp_path), TRY, url=url)) as store:
        answered = store.append(*handed_over("k1")) + store.append(*handed_over("k2"))
        server.kill()
        with pytest.raises(JournalFailed):
            store.append(step(Event.INTENT, "k3"))
    with pytest.raises(JournalFailed) as unreachable:
        open_journal(Home(tmp_path), TRY)
    assert unreachable.value.rule == "journal-unreachable"
    server.start()
    with contextlib.closing(open_journal(Home(tmp_path), TRY)) as again:
        assert tuple(again.entries(after=1)) == answered
        assert wrong_with(again, tmp_path) == ()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_forget_what_it_answered_is_refused(
    server: Server, url: str, tmp_path: Path, setting: str
) -> None:
    def say(value: str) -> None:
        with psycopg.connect(server.url, autocommit=True) as db:
            db.execute(f"ALTER SYSTEM SET {setting} = {value}".encode())
            db.execute("SELECT pg_reload_conf()")
        for _ in range(1_000):
            with psycopg.connect(server.url, autocommit=True) as db:
                if db.execute(f"SHOW {setting}".encode()).fetchone() == (value,):
                    return

    say("off")
    try:
        with pytest.raises(JournalFailed, match=f"{setting} = off") as refused:
            create(Home(tmp_path), TRY, url=url)
        assert refused.value.rule == "journal-setting"
    finally:
        say("on")


def test_a_server_of_a_database_that_does_not_wait_for_the_disk_is_told_to(
    server: Server, url: str, tmp_path: Path
) -> None:
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute("ALTER ROLE duly SET synchronous_commit = off")
    try:
        with contextlib.closing(create(Home(tmp_path), TRY, url=url)) as store:
            [said] = store._db.execute("SHOW synchronous_commit").fetchone()  # type: ignore[attr-defined]
            assert said == "on"
    finally:
        with psycopg.connect(server.url, autocommit=True) as db:
            db.execute("ALTER ROLE duly RESET synchronous_commit")


def test_an_entry_is_never_changed_or_removed_by_mistake(url: str, tmp_path: Path) -> None:
    with contextlib.closing(create(Home(tmp_path), TRY, url=url)) as store:
        store.append(*handed_over())
        with psycopg.connect(url, autocommit=True) as db:
            for statement in (
                "UPDATE duly_try.entries SET run = 'x'",
                "DELETE FROM duly_try.entries",
                "TRUNCATE duly_try.entries CASCADE",
            ):
                with pytest.raises(psycopg.errors.IntegrityError, match="never changed or removed"):
                    db.execute(statement.encode())


def test_a_journal_changed_in_the_database_is_seen(url: str, tmp_path: Path) -> None:
    with contextlib.closing(create(Home(tmp_path), TRY, url=url)) as store:
        store.append(*handed_over())
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("ALTER TABLE duly_try.entries DISABLE TRIGGER ALL")
            db.execute("UPDATE duly_try.entries SET by_whom = 'else' WHERE seq = 3")
        assert [problem.message for problem in wrong_with(store, tmp_path)] == [  # type: ignore[attr-defined]
            "entry 3 is wrong: it is not what its hash says"
        ]


def test_a_journal_is_made_once_in_a_database(url: str, tmp_path: Path) -> None:
    create(Home(tmp_path / "one"), TRY, url=url).close()
    with pytest.raises(JournalFailed) as there:
        create(Home(tmp_path / "two"), TRY, url=url)
    assert there.value.rule == "journal-exists"
    assert not has_journal(Home(tmp_path / "two"), TRY)


def test_a_reader_writes_nothing(url: str, tmp_path: Path) -> None:
    create(Home(tmp_path), TRY, url=url).close()
    with contextlib.closing(open_journal(Home(tmp_path), TRY, read_only=True)) as reader:
        with pytest.raises(JournalFailed):
            reader.append(step(Event.INTENT))
        assert reader.head().seq == 1
