"""Killed anywhere and started again: nothing leaves twice, nothing is lost, nothing left without a record.

The journal is a real file, the channels are the real ones, the mail server is on
loopback. After each kill the journal is looked at as it lies there, then the plan is
resumed, what is UNKNOWN is settled by what the peers really have, and it is resumed again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from duly.execution.failpoints import NAMES, VARIABLE
from duly.execution.reconcile import Decision, settle, unknowns
from duly.home import Environment, Home
from duly.journal import checkpoints
from duly.journal.create import create, open_journal
from duly.journal.entry import Event
from duly.journal.states import BLOCKING
from duly.journal.store import Store
from duly.journal.verify import verify
from tests.channels.deeds import key
from tests.channels.smtp_server import Fault, ScriptedServer, Step
from tests.conftest import Counted
from tests.execution.forking import Forking
from tests.execution.killed import BROKEN, LOCKED, SENDS_FIRST, deeds

KILLED = -9
PARTLY = 7
MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)

NOT_DUE = frozenset({key("skipped"), key("unsendable"), key("deferred")})
AT_NIGHT = 500


class Breeder(Forking):
    """Forks those to be killed."""

    def __init__(self) -> None:
        super().__init__("-m", "tests.execution.killed", "breed")

    def start(self, home: Path, port: int, armed: str = "", *, hold: str = "", milliseconds: str = "") -> None:
        self.tell(home, port, armed, hold, milliseconds)

    def run(self, home: Path, port: int, armed: str = "", *, milliseconds: str = "") -> int:
        self.start(home, port, armed, milliseconds=milliseconds)
        return self.ended()


@pytest.fixture(scope="module")
def breeder() -> Iterator[Breeder]:
    made = Breeder()
    yield made
    made.close()


@dataclass
class Found:
    """What was found over many kills."""

    kills: int = 0
    duplicates: int = 0
    lost: int = 0
    unrecorded: int = 0
    unknown: int = 0
    misplaced: int = 0
    where: Counter[str] = field(default_factory=Counter)


@dataclass
class Place:
    """A home with a journal, and the mail server that it sends to."""

    home: Path
    server: ScriptedServer

    def journal(self) -> Store:
        return open_journal(Home(self.home), Environment.LIVE)

    def taken(self, journal: Store) -> Counter[str]:
        """How often the peers have each action, by key."""
        references: dict[str, str] = {}
        for entry in journal.entries():
            if entry.event is Event.INTENT and entry.body.get("reference"):
                references[str(entry.body["reference"])] = entry.key
        found: Counter[str] = Counter()
        for message in self.server.accepted:
            match = MESSAGE_ID.search(message)
            assert match
            found[references[match[1].decode()]] += 1
        for file in (self.home / "outbox").rglob("[0-9a-f]*"):
            found[file.stem] += file.stem in deeds()
        return +found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with made_place(tmp_path) as made:
        yield made


class made_place:  # noqa: N801 -- reads as a function
    """A new home, with a server that now and then takes a message and says nothing."""

    def __init__(self, home: Path, *, every: int = 3) -> None:
        create(Home(home), Environment.LIVE).close()
        self.server = ScriptedServer({Step.MESSAGE: Fault.ACCEPT_AND_DROP}, every=every)
        self.place = Place(home, self.server)

    def __enter__(self) -> Place:
        self.server.__enter__()
        return self.place

    def __exit__(self, *exc: object) -> None:
        self.server.__exit__(*exc)


def look_after_a_kill(place: Place, found: Found) -> None:
    """The journal as it lies there: whatever a peer has stands at least at its point of no return."""
    journal = place.journal()
    stands = journal.standing()
    for taken in place.taken(journal):
        if taken not in stands or stands[taken].event not in BLOCKING:
            found.unrecorded += 1
    journal.close()


def finish(place: Place, breeder: Breeder, found: Found) -> None:
    """Resume, settle by the truth, resume; then count."""
    port = place.server.port
    for _ in range(4):
        breeder.run(place.home, port)
        journal = place.journal()
        taken = place.taken(journal)
        for known in unknowns(journal):
            found.unknown += 1
            settle(journal, known.standing.key, Decision(taken[known.standing.key] > 0, "a person", "asked the peer"))
        journal.close()
    journal = place.journal()
    taken = place.taken(journal)
    found.duplicates += sum(count - 1 for count in taken.values() if count > 1)
    found.lost += sum(taken[action] == 0 for action in deeds() if action not in NOT_DUE)
    found.misplaced += misplaced(journal)
    stands = {wanted: standing.event for wanted, standing in journal.standing().items()}
    accepted = {wanted for wanted, event in stands.items() if event is Event.ACCEPTED}
    assert accepted == set(taken) == set(deeds()) - NOT_DUE
    assert not set(taken) & NOT_DUE
    folder = Home(place.home).journal(Environment.LIVE)
    assert verify(journal, checkpoints.checkpoints(folder), checkpoints.public_key(folder)) == ()
    journal.close()
    assert breeder.run(place.home, port) == PARTLY  # what is closed until tomorrow is still to be done


def misplaced(journal: Store) -> int:
    last: dict[str, Event] = {}
    wrong = 0
    for entry in journal.entries():
        if entry.event is Event.UNKNOWN and last.get(entry.key) is not Event.POINT_OF_NO_RETURN:
            wrong += 1
        last[entry.key] = entry.event
    return wrong


def agreed(found: Found, counted: Counted) -> None:
    counted(
        "runs of a plan through SMTP, killed or failing",
        kills=found.kills,
        twice=found.duplicates,
        lost=found.lost,
        unrecorded=found.unrecorded,
        UNKNOWN=found.unknown,
        UNKNOWN_in_the_wrong_place=found.misplaced,
    )
    assert (found.duplicates, found.lost, found.unrecorded, found.misplaced) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_killed_at_a_failpoint_is_finished_by_the_next(
    name: str, place: Place, breeder: Breeder, counted: Counted
) -> None:
    found = Found()
    port = place.server.port
    if "unknown" in name:
        assert breeder.run(place.home, port, "after-point_of_no_return") == KILLED
    kills = 0
    for time in (1, 2):
        if breeder.run(place.home, port, f"{name}:{time}") == KILLED:
            kills += 1
            look_after_a_kill(place, found)
    assert kills, "no run came by"
    found.kills = kills
    finish(place, breeder, found)
    agreed(found, counted)


@pytest.mark.parametrize("name", [name for name in NAMES if "hand_over" not in name])
def test_a_disk_that_fails_at_a_failpoint_ends_the_run_and_the_next_finishes_it(
    name: str, place: Place, breeder: Breeder, counted: Counted
) -> None:
    found = Found()
    if "unknown" in name:
        assert breeder.run(place.home, place.server.port, "after-point_of_no_return") == KILLED
    before = len(place.server.accepted)
    assert breeder.run(place.home, place.server.port, f"{name}=eio") == BROKEN
    assert len(place.server.accepted) - before <= len(deeds())
    look_after_a_kill(place, found)
    finish(place, breeder, found)
    agreed(found, counted)


def test_a_failpoint_is_armed_by_the_environment(place: Place) -> None:
    command = [sys.executable, "-m", "tests.execution.killed", str(place.home), str(place.server.port)]
    ended = subprocess.run(command, env={**os.environ, VARIABLE: "before-accepted"}, check=False)
    assert ended.returncode == KILLED
    journal = place.journal()
    assert [entry.event for entry in journal.entries()][-1] is Event.POINT_OF_NO_RETURN
    journal.close()


def test_of_four_that_start_at_once_one_runs_and_three_are_refused(place: Place, breeder: Breeder) -> None:
    hold = place.home / "hold"
    os.mkfifo(hold)
    breeder.start(place.home, place.server.port, hold=str(hold))
    others = [Breeder() for _ in range(3)]
    with hold.open("wb") as held:
        # The first run holds the lock: it is waiting at its first check.
        for other in others:
            other.start(place.home, place.server.port)
        assert [other.ended() for other in others] == [LOCKED, LOCKED, LOCKED]
        held.write(b".")
        hold.unlink()
        hold.write_bytes(b"")
    assert breeder.ended() == PARTLY
    for other in others:
        other.close()
    assert len(place.server.accepted) == 3


def test_the_same_look_finds_a_channel_that_sends_before_it_records(place: Place, breeder: Breeder) -> None:
    found = Found()
    assert breeder.run(place.home, place.server.port, f"{SENDS_FIRST}before-point_of_no_return") == KILLED
    look_after_a_kill(place, found)
    assert found.unrecorded
    breeder.run(place.home, place.server.port)
    journal = place.journal()
    assert max(place.taken(journal).values()) > 1
    journal.close()


@pytest.mark.nightly
@pytest.mark.parametrize("share", range(10))
def test_a_run_killed_at_a_random_moment_is_finished_by_the_next(
    share: int, tmp_path: Path, breeder: Breeder, counted: Counted
) -> None:
    found = Found()
    random = Random(share)
    for number in range(AT_NIGHT // 10):
        home = tmp_path / str(number)
        home.mkdir()
        with made_place(home, every=random.choice((2, 3, 5, 1000))) as place:
            for _ in range(random.choice((1, 1, 2, 3))):
                ended = breeder.run(home, place.server.port, milliseconds=f"{random.uniform(1, 160):.3f}")
                found.kills += ended == KILLED
                look_after_a_kill(place, found)
            finish(place, breeder, found)
        shutil.rmtree(home)
    agreed(found, counted)
    assert found.kills > AT_NIGHT // 20


CALLS = ("pwrite64", "fdatasync", "fsync", "sendto", "rename", "ftruncate", "unlink", "connect", "flock", "openat")
"""Every system call by which a run changes anything, and the opening of files."""

SHARES = 8


def traced(place: Place, *options: str) -> int:
    """Carry the plan out under strace; how it ended."""
    command = ["strace", "-f", "-qq", *options, sys.executable, "-m", "tests.execution.killed"]
    return subprocess.run([*command, str(place.home), str(place.server.port)], check=False).returncode


def calls_of_a_run(home: Path) -> list[tuple[str, int]]:
    """Each system call of a run, by name and number, once the journal is being opened."""
    log = home / "calls"
    (home / "whole").mkdir()
    with made_place(home / "whole") as place:
        assert traced(place, "-o", str(log), "-e", f"trace={','.join(CALLS)}") == PARTLY
    seen: Counter[str] = Counter()
    calls = []
    is_open = False
    for line in log.read_text().splitlines():
        match = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if not match:
            continue
        seen[match[1]] += 1
        is_open = is_open or "journal.db" in line
        if is_open:
            calls.append((match[1], seen[match[1]]))
    return calls


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_killed_at_any_system_call_is_finished_by_the_next(
    share: int, tmp_path: Path, breeder: Breeder, counted: Counted
) -> None:
    found = Found()
    for name, number in calls_of_a_run(tmp_path)[share::SHARES]:
        home = tmp_path / f"{name}-{number}"
        home.mkdir()
        with made_place(home) as place:
            inject = f"inject={name}:signal=SIGKILL:when={number}"
            ended = traced(place, "-o", "/dev/null", "-e", f"trace={name}", "-e", inject)
            found.kills += ended == KILLED
            look_after_a_kill(place, found)
            finish(place, breeder, found)
        shutil.rmtree(home)
    agreed(found, counted)
    assert found.kills > 40
