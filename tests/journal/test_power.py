"""The power fails: of what the disk was not told to keep, anything may be there, in any order, or torn.

The system calls of a program that appends are recorded, and the journal's folder is made
again as it may lie on a disk after each of them: what was synchronised is there, of
the writes since then a part, some only half. From every such image the journal opens,
verifies, and has every entry that was answered by then.
"""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from duly.home import Home
from duly.journal import checkpoints
from duly.journal.create import create, open_journal
from duly.journal.verify import verify
from tests.conftest import NIGHTLY, Counted
from tests.journal.journals import TRY
from tests.journal.test_faults import CHECKOUT, STRACE, needs_strace, program

SECTOR = 512

CALLS = "openat,close,pwrite64,ftruncate,fsync,fdatasync,unlink,write"

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_BYTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class File:
    """A file as the disk has it for sure, and the writes since: where, and what; None cuts the file there."""

    kept: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.kept = self.after(self.since)
        self.since = []

    def after(self, writes: list[tuple[int, bytes | None]]) -> bytearray:
        """The content with these writes, in this order."""
        content = bytearray(self.kept)
        for at, data in writes:
            if data is None:
                del content[at:]
                content.extend(bytes(at - len(content)))
            else:
                content.extend(bytes(max(0, at - len(content))))
                content[at : at + len(data)] = data
        return content

    def image(self, chance: random.Random) -> bytearray:
        """What may be there: some of the writes, each by the sector."""
        survived: list[tuple[int, bytes | None]] = []
        for at, data in self.since:
            if data is None:
                survived += [(at, None)] * chance.randrange(2)
                continue
            for start in range(0, len(data), SECTOR):
                survived += [(at + start, data[start : start + SECTOR])] * chance.randrange(2)
        return self.after(survived)


def recorded(home: Path, appends: int, fault: str) -> list[str]:
    """The system calls of the program, one a line."""
    assert STRACE is not None
    log = home / "calls"
    trace = [STRACE, "-f", "-qq", "-xx", "-s", "100000", "-o", str(log), "-e", f"trace={CALLS}"]
    done = subprocess.run([*trace, *program(home, appends, fault)], cwd=CHECKOUT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def states(lines: list[str], folder: Path) -> Iterator[tuple[dict[str, File], dict[int, str]]]:
    """The journal's files after each call that changes one, with the entries that were answered by then."""
    files = {path.name: File(bytearray(path.read_bytes())) for path in folder.iterdir()}
    handles: dict[int, str] = {}
    answered: dict[int, str] = {}
    for line in lines:
        called = _CALL.match(line)
        if called is None or int(called[3]) < 0:
            continue
        name, arguments, result = called[1], called[2], int(called[3])
        data = b"".join(bytes.fromhex(part.replace("\\x", "")) for part in _BYTES.findall(arguments))
        if name == "openat":
            path = Path(data.decode())
            if path.parent == folder:
                handles[result] = path.name
                files.setdefault(path.name, File())
            continue
        if name == "unlink":
            files.pop(Path(data.decode()).name, None)
            continue
        handle = int(arguments.split(",")[0])
        if name == "write":
            if handle == 1 and data[:1].isdigit():
                seq, hash_ = data.decode().split()
                answered[int(seq)] = hash_
            continue
        if name == "close":
            handles.pop(handle, None)
            continue
        file = files.get(handles.get(handle, ""))
        if file is None or handles[handle].endswith("-shm"):
            continue
        if name == "pwrite64":
            file.since.append((int(arguments.rsplit(", ", 1)[1]), data))
        elif name == "ftruncate":
            file.since.append((int(arguments.rsplit(", ", 1)[1]), None))
        else:
            file.sync()
        yield files, answered


def lost(home: Path, appends: int, images: int, fault: str = "") -> tuple[int, list[str]]:
    """How many images were looked at, and what was wrong with any."""
    create(Home(home), TRY).close()
    folder = home / "journal" / "try"
    before = home / "before"
    shutil.copytree(folder, before)
    lines = recorded(home, appends, fault)
    shutil.rmtree(folder)
    shutil.copytree(before, folder)
    chance, wrong, count = random.Random(1), [], 0
    key = checkpoints.public_key(before)
    signed = checkpoints.checkpoints(before)
    for number, (files, answered) in enumerate(states(lines, folder)):
        for _ in range(images):
            count += 1
            shutil.rmtree(folder)
            folder.mkdir()
            for name, file in files.items():
                if not name.endswith("-shm"):
                    (folder / name).write_bytes(file.image(chance))
            try:
                with contextlib.closing(open_journal(Home(home), TRY)) as journal:
                    found = {entry.seq: entry.hash for entry in journal.entries()}
                    problems = verify(journal, signed, key)
            except Exception as failed:  # noqa: BLE001  (whatever it is, it is counted)
                wrong.append(f"after call {number}: {failed}")
                continue
            wrong += [f"after call {number}: {problem.message}" for problem in problems]
            wrong += [
                f"after call {number}: entry {seq} is lost" for seq in answered if found.get(seq) != answered[seq]
            ]
    return count, wrong


@needs_strace
@pytest.mark.parametrize("setting", ["", "early-checkpoints"], ids=["log alone", "log and file"])
def test_from_every_image_that_a_power_cut_may_leave_the_journal_opens_with_all_that_was_answered(
    tmp_path: Path, setting: str, counted: Counted
) -> None:
    count, wrong = lost(tmp_path, appends=30 if NIGHTLY else 5, images=8 if NIGHTLY else 2, fault=setting)
    assert wrong == []
    assert count > 100
    counted("journal, what a power cut may leave", images=count, lost_or_not_opened=0)


@needs_strace
@pytest.mark.parametrize("fault", ["synchronous-normal", "synchronous-off"])
def test_a_store_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, fault: str) -> None:
    _, wrong = lost(tmp_path, appends=4, images=2, fault=fault)
    assert any("is lost" in text for text in wrong)
