"""Hostile journals: cut, forged, made anew, rolled back or gone, each is refused with 8 and the entry named."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.journal import checkpoints
from duly.journal.entry import Draft, Event, canonical, hash_of
from duly.journal.sqlite import SqliteStore
from duly_cli.main import main
from tests.journal.journals import OPERATOR, with_some_entries
from tests.shared.hostile import Case, cases, needs_hostile

CASES = {case.id: case for case in cases("journal")}

CODES = {
    "E-JOURNAL-TAMPER": ("journal-tampered", "journal-damaged", "not-a-journal", "journal-setting"),
    "E-JOURNAL-TRUNCATED": ("journal-truncated", "journal-rolled-back"),
    "E-JOURNAL-ROLLBACK": ("journal-rolled-back",),
    "E-JOURNAL-MISSING": ("journal-missing",),
}
"""The labels of the list, and the names by which people can search for the same thing here."""

LAST = 10


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a journal of ten entries, exported to `export.jsonl`."""
    with_some_entries(tmp_path).close()
    assert duly(tmp_path, "journal", "export", str(tmp_path / "export.jsonl")).exit_code == 0
    return tmp_path


def duly(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home)], catch_exceptions=False)


def verified(home: Path) -> Result:
    """What the program says of the journal."""
    return duly(home, "verify")


def export_verified(home: Path) -> Result:
    """What the program says of the export, knowing the key."""
    public = home / "journal" / "try" / checkpoints.PUBLIC
    return duly(home, "verify", "--export", str(home / "export.jsonl"), "--key", str(public))


def lines(home: Path) -> list[bytes]:
    return (home / "export.jsonl").read_bytes().splitlines(keepends=True)


def is_refused(case: Case, result: Result) -> bool:
    """Say whether the program refused as the list has it, in its own words."""
    said = result.output
    assert "Traceback" not in said
    return result.exit_code == case.exit and any(f"[{rule}]" in said for rule in CODES[case.code])


@contextlib.contextmanager
def database(home: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(home / "journal" / "try" / "journal.db")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        yield db
        db.commit()


@needs_hostile
def test_journal_001_a_flipped_byte_is_seen_and_the_entry_named(home: Path) -> None:
    case = CASES["journal-001"]
    content, file = lines(home), home / "export.jsonl"
    for seq in range(1, LAST + 1):
        line = content[seq]
        for at in range(0, len(line) - 1, 7):
            changed = line[:at] + bytes([line[at] ^ (1 << (at % 7))]) + line[at + 1 :]
            file.write_bytes(b"".join([*content[:seq], changed, *content[seq + 1 :]]))
            result = export_verified(home)
            assert is_refused(case, result), result.output
            # What looks like two lines afterwards, or like a line of another kind, is named by its line.
            assert f"entry {seq} " in result.output or f"line {seq + 1}" in result.output


@needs_hostile
def test_journal_001_a_flipped_byte_of_the_database_is_seen_or_changed_no_row(home: Path) -> None:
    case = CASES["journal-001"]
    file = home / "journal" / "try" / "journal.db"
    content = bytearray(file.read_bytes())
    before = everything(file)
    seen = 0
    for at in range(0, len(content), 1_009):
        content[at] ^= 0x10
        file.write_bytes(content)
        result = verified(home)
        assert is_refused(case, result) or (result.exit_code == 0 and everything(file) == before)
        seen += result.exit_code == case.exit
        content[at] ^= 0x10
    assert seen > 0


def everything(file: Path) -> list[object]:
    with contextlib.closing(sqlite3.connect(file)) as db:
        return [
            db.execute(f"SELECT * FROM {table}").fetchall() for table in ("about", "entries", "personal", "standing")
        ]


@needs_hostile
@pytest.mark.parametrize("seq", range(1, LAST + 1))
def test_journal_002_a_removed_row_is_seen(home: Path, seq: int) -> None:
    case = CASES["journal-002"]
    content = lines(home)
    (home / "export.jsonl").write_bytes(b"".join(content[:seq] + content[seq + 1 :]))
    assert is_refused(case, export_verified(home))
    with database(home) as db:
        db.execute("DELETE FROM entries WHERE seq = ?", (seq,))
    result = verified(home)
    # The end of a journal that is behind its checkpoint is refused when it is opened.
    assert result.exit_code == case.exit


@needs_hostile
@pytest.mark.parametrize("seq", range(1, LAST + 1))
def test_journal_004_a_row_that_is_there_twice_is_seen(home: Path, seq: int) -> None:
    content = lines(home)
    (home / "export.jsonl").write_bytes(b"".join(content[: seq + 1] + content[seq:]))
    result = export_verified(home)
    assert is_refused(CASES["journal-004"], result)
    assert f"entry {seq + 1} (line {seq + 2}): entry {seq} stands in its place" in result.output


@needs_hostile
@pytest.mark.parametrize("cut", range(1, LAST))
def test_journal_005_a_cut_end_is_seen_by_the_checkpoint(home: Path, cut: int) -> None:
    with database(home) as db:
        for table in ("personal", "standing", "entries"):
            db.execute(f"DELETE FROM {table} WHERE seq > ?", (LAST - cut,))
    result = verified(home)
    assert is_refused(CASES["journal-005"], result), result.output
    assert f"entry {LAST - cut}" in result.output


@needs_hostile
def test_journal_006_a_history_made_anew_is_seen(home: Path) -> None:
    content = [json.loads(line) for line in lines(home)]
    previous = "0" * 64
    for line in content:
        if entry := line.get("entry"):
            entry["by"] = "somebody else" if entry["seq"] == 4 else entry["by"]
            del entry["hash"]
            entry["previous"] = previous
            previous = entry["hash"] = hash_of(entry)
    (home / "export.jsonl").write_bytes(b"".join(canonical(line) + b"\n" for line in content))
    result = export_verified(home)
    assert is_refused(CASES["journal-006"], result)
    assert f"entry {LAST} is not the one that was signed" in result.output


@needs_hostile
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["verify"], id="verify"),
        pytest.param(["log"], id="log"),
        pytest.param(["journal", "checkpoint"], id="sign"),
    ],
)
def test_journal_007_an_older_journal_put_back_is_opened_by_nothing(home: Path, command: list[str]) -> None:
    file = home / "journal" / "try" / "journal.db"
    shutil.copy(file, home / "yesterday.db")
    with contextlib.closing(SqliteStore(file)) as journal:
        journal.append(Draft(Event.CALL, OPERATOR))
        checkpoints.sign(file.parent, journal)
    for path in file.parent.glob("journal.db*"):
        path.unlink()
    shutil.copy(home / "yesterday.db", file)
    result = duly(home, *command)
    assert is_refused(CASES["journal-007"], result), result.output


@needs_hostile
@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(lambda folder: (folder / "journal.db").unlink(), id="the file"),
        pytest.param(shutil.rmtree, id="the folder"),
    ],
)
def test_journal_008_a_missing_journal_is_made_by_nothing_but_its_making(
    home: Path, gone: Callable[[Path], None]
) -> None:
    gone(home / "journal" / "try")
    for command in (["verify"], ["log"], ["journal", "checkpoint"]):
        result = duly(home, *command)
        assert is_refused(CASES["journal-008"], result), result.output
        assert "only `duly journal create` makes one" in result.output
    assert not (home / "journal" / "try" / "journal.db").exists()
