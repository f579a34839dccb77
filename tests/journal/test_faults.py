"""Killed, out of space, refused by the disk: what was answered is there, whole, and nothing else but whole entries.

Where strace is installed, an error or a kill meets the program at every system call with
which SQLite writes; without it, at random moments and at the file-size limit alone.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from duly.home import Home
from duly.journal import checkpoints
from duly.journal.create import create, open_journal
from duly.journal.entry import Event
from duly.journal.store import JournalFailed
from duly.journal.verify import verify
from tests.conftest import NIGHTLY, Counted
from tests.journal.journals import TRY, step

CHECKOUT = Path(__file__).parents[2]

APPENDS = 6

WRITES = ("pwrite64", "fdatasync", "fsync", "ftruncate")
"""The system calls with which SQLite changes a file or has it kept."""

STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace is not installed (Debian: apt-get install strace)")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create(Home(tmp_path), TRY).close()
    return tmp_path


def program(home: Path, appends: int = APPENDS, fault: str = "") -> list[str]:
    return [sys.executable, "-m", "tests.journal.appending", str(home), str(appends), *([fault] if fault else [])]


def ran(command: list[str], **more: object) -> tuple[list[str], int]:
    """What the program said, line by line, and how it ended."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=CHECKOUT, **more)  # type: ignore[call-overload]
    return done.stdout.splitlines(), done.returncode


def looked_at(home: Path, said: list[str]) -> int:
    """Hold the journal to what the program said of it; how many entries there are."""
    folder = home / "journal" / "try"
    with contextlib.closing(open_journal(Home(home), TRY)) as journal:
        assert verify(journal, checkpoints.checkpoints(folder), checkpoints.public_key(folder)) == ()
        hashes = {str(entry.seq): entry.hash for entry in journal.entries()}
        answered = dict(line.split() for line in said if line[0].isdigit())
        assert answered.items() <= hashes.items()
        # One entry may be there that was not answered: the one under way.
        assert len(hashes) <= 1 + len(answered) + 1
    return len(hashes)


def test_without_a_fault_everything_is_answered(home: Path) -> None:
    said, code = ran(program(home))
    assert (code, len(said)) == (0, 1 + APPENDS)
    assert looked_at(home, said) == 1 + APPENDS


@pytest.mark.parametrize("answers", [1, 2, 3, 10, 50, *(range(4, 90) if NIGHTLY else ())])
def test_a_program_killed_at_any_moment_has_lost_nothing_that_it_answered(home: Path, answers: int) -> None:
    process = subprocess.Popen(program(home, 100_000), stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(1 + answers)]
    process.kill()
    # What it said between its last line here and its death is held against the journal, too.
    said += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    if len(said[-1].split()) < 2 or len(said[-1].split()[1]) < 64:
        said.pop()
    assert looked_at(home, said[1:]) > answers


def test_programs_that_append_at_once_lose_and_mix_nothing(home: Path) -> None:
    command = program(home, 60)
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) for _ in range(3)]
    said = [line for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert looked_at(home, said) == 1 + 3 * 60


@pytest.mark.parametrize("room", [0, 1_000, 30_000, 100_000, 300_000])
def test_a_file_that_may_not_grow_ends_all_writing_and_leaves_no_half_entry(home: Path, room: int) -> None:
    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    said, code = ran(program(home, 2_000), preexec_fn=limited)
    assert code == (8 if "ready" in said else 3)
    if "ready" in said:
        assert said[-2:] == ["failed journal-not-written"] * 2
    looked_at(home, said)


def injected(home: Path, call: str, what: str, when: int, fault: str = "") -> tuple[list[str], int]:
    """Run the program with a fault at one system call, by its number among those of its name."""
    assert STRACE is not None
    # The fast way of looking at some calls alone loses injected signals.
    fast = [] if what.startswith("signal") else ["--seccomp-bpf"]
    trace = [STRACE, "-f", "-qq", *fast, "-o", "/dev/null", "-e", f"trace={call}"]
    return ran([*trace, "-e", f"inject={call}:{what}:when={when}", *program(home, fault=fault)])


def calls(home: Path) -> dict[str, int]:
    """How often the program makes each of the calls."""
    assert STRACE is not None
    log = home / "calls"
    said, code = ran([STRACE, "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(WRITES)}", *program(home)])
    assert code == 0, said
    text = log.read_text()
    return {call: text.count(f" {call}(") for call in WRITES}


@needs_strace
@pytest.mark.parametrize(
    "what",
    [
        pytest.param("error=EIO", id="the disk refuses"),
        pytest.param("error=ENOSPC", id="no space is left"),
        pytest.param("signal=SIGKILL", id="killed"),
    ],
)
def test_a_fault_at_any_system_call_that_writes_leaves_whole_entries_and_all_that_were_answered(
    home: Path, what: str, tmp_path_factory: pytest.TempPathFactory, counted: Counted
) -> None:
    places = [(call, n) for call, number in calls(home).items() for n in range(1, number + 1)]
    assert len(places) > 60
    tried = places if NIGHTLY else places[:: len(places) // 14]
    ended: dict[int, int] = {}
    for call, n in tried:
        folder = tmp_path_factory.mktemp("fault")
        create(Home(folder), TRY).close()
        said, code = injected(folder, call, what, n)
        looked_at(folder, said)
        ended[code] = ended.get(code, 0) + 1
        if code == 8:
            assert said[-2:] == ["failed journal-not-written"] * 2
        shutil.rmtree(folder)
    killed = ended.get(-signal.SIGKILL, 0) + ended.get(128 + signal.SIGKILL, 0)
    met = killed if "SIGKILL" in what else ended.get(3, 0) + ended.get(8, 0)
    # A page more or less is written from run to run, and cleaning up at the end may fail in silence.
    assert met > 0.8 * len(tried)
    counted(f"journal, {what} at a system call", tried=len(tried), places=len(places), half_entries_or_lost=0)


def test_a_journal_that_was_replaced_under_the_program_is_written_no_more(home: Path) -> None:
    with contextlib.closing(open_journal(Home(home), TRY)) as journal:
        file = home / "journal" / "try" / "journal.db"
        shutil.copy(file, home / "copy.db")
        (home / "copy.db").replace(file)
        with pytest.raises(JournalFailed) as failed:
            journal.append(step(Event.INTENT))
        assert failed.value.rule == "journal-replaced"
