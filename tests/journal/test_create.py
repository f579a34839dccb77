"""A journal is made once and never by the way; one that is older than it was is not opened."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from duly.home import Environment, Home
from duly.journal import checkpoints, sqlite
from duly.journal.backup import backup, restore
from duly.journal.create import create, has_entry, has_journal, open_journal
from duly.journal.entry import Draft, Event, Head
from duly.journal.erase import rename
from duly.journal.sqlite_schema import VERSION
from duly.journal.store import JournalFailed, RunIsActive
from duly.journal.verify import verify
from duly.source import Refused
from tests.journal.journals import OPERATOR, TRY, Clock, handed_over, new, step, with_some_entries

LIVE = Environment.LIVE


def rule_of(failed: pytest.ExceptionInfo[JournalFailed]) -> str:
    return failed.value.rule


@pytest.fixture
def home(tmp_path: Path) -> Home:
    with_some_entries(tmp_path).close()
    return Home(tmp_path)


@pytest.fixture
def folder(home: Home) -> Path:
    return home.journal(TRY)


def test_opening_never_makes_a_journal(tmp_path: Path) -> None:
    assert not has_journal(Home(tmp_path), TRY)
    with pytest.raises(JournalFailed) as missing:
        open_journal(Home(tmp_path), TRY)
    assert rule_of(missing) == "journal-missing"
    assert missing.value.help.startswith("only `duly journal create` makes one")
    assert list(tmp_path.iterdir()) == []


def test_a_new_journal_begins_with_who_it_is_and_is_signed(tmp_path: Path) -> None:
    with contextlib.closing(create(Home(tmp_path), LIVE, by="Amber", clock=Clock())) as journal:
        [first] = journal.entries()
        kept = checkpoints.checkpoints(Home(tmp_path).journal(LIVE))
        assert (first.event, first.by) == (Event.CREATED, "Amber")
        assert first.body["journal"] == journal.id
        assert first.body["environment"] == journal.environment == "live"
        assert [(point.seq, point.hash) for point in kept] == [(1, first.hash)]


def test_everything_of_a_journal_is_for_its_owner_alone(home: Home, folder: Path) -> None:
    with contextlib.closing(open_journal(home, TRY)) as journal, journal.run_lock():
        journal.append(step(Event.INTENT, "new"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert {"journal.db", "journal.db-wal", "run.lock", "checkpoint.key", "checkpoints.jsonl"} <= modes.keys()
        assert set(modes.values()) == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_journal_is_made_once(home: Home, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(JournalFailed) as there:
        create(home, TRY)
    assert rule_of(there) == "journal-exists"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_lost_journal_is_not_made_anew(home: Home, folder: Path) -> None:
    (folder / "journal.db").unlink()
    assert has_journal(home, TRY)
    for action in (create, open_journal):
        with pytest.raises(JournalFailed) as missing:
            action(home, TRY)
        assert rule_of(missing) == "journal-missing"


def test_what_an_interrupted_making_left_is_no_journal_and_in_nobodys_way(tmp_path: Path) -> None:
    unfinished = tmp_path / "journal" / ".try.new"
    unfinished.mkdir(parents=True)
    (unfinished / "checkpoint.key").write_text("half a k")
    assert not has_journal(Home(tmp_path), TRY)
    new(tmp_path).close()
    assert not unfinished.exists()


@pytest.mark.parametrize("forward", [1, 4, 9])
def test_an_older_journal_put_back_is_not_opened(home: Home, folder: Path, forward: int, tmp_path: Path) -> None:
    shutil.copy(folder / "journal.db", tmp_path / "old.db")
    with contextlib.closing(open_journal(home, TRY)) as journal:
        for _ in range(forward):
            journal.append(Draft(Event.CALL, OPERATOR))
        checkpoints.sign(folder, journal)
    for end in ("", "-wal", "-shm"):
        (folder / f"journal.db{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "old.db", folder / "journal.db")
    for read_only in (False, True):
        with pytest.raises(JournalFailed, match="ends at entry 10") as behind:
            open_journal(home, TRY, read_only=read_only)
        assert rule_of(behind) == "journal-rolled-back"


def test_another_journal_in_its_place_is_not_opened(home: Home, folder: Path, tmp_path: Path) -> None:
    with contextlib.closing(with_some_entries(tmp_path / "other")) as other:
        other.append(Draft(Event.CALL, OPERATOR))
    shutil.copy(other.path, folder / "journal.db")
    with pytest.raises(JournalFailed) as another:
        open_journal(home, TRY)
    assert rule_of(another) == "journal-rolled-back"


def test_a_journal_of_try_in_the_place_of_live_is_not_opened(home: Home, folder: Path) -> None:
    shutil.copytree(folder, home.journal(LIVE))
    with pytest.raises(JournalFailed) as wrong:
        open_journal(home, LIVE)
    assert rule_of(wrong) == "journal-environment"


def test_a_journal_whose_signed_entry_is_another_is_not_opened(home: Home, folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("UPDATE entries SET hash = 'forged' WHERE seq = 10")
        db.commit()
    with pytest.raises(JournalFailed) as changed:
        open_journal(home, TRY)
    assert rule_of(changed) == "journal-tampered"


def test_a_journal_without_its_checkpoints_is_not_opened(home: Home, folder: Path) -> None:
    (folder / checkpoints.FILE).unlink()
    with pytest.raises(JournalFailed) as gone:
        open_journal(home, TRY)
    assert rule_of(gone) == "checkpoint-missing"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no database", id="text"),
        pytest.param(b"SQLite format 3\0" + bytes(5_000), id="a header and nothing"),
    ],
)
def test_a_file_that_is_no_journal_is_not_opened(home: Home, folder: Path, content: bytes) -> None:
    (folder / "journal.db").write_bytes(content)
    with pytest.raises(JournalFailed) as broken:
        open_journal(home, TRY)
    assert rule_of(broken) in {"not-a-journal", "journal-damaged"}


@pytest.mark.parametrize("what", ["link", "folder"])
def test_only_a_regular_file_is_opened(home: Home, folder: Path, what: str) -> None:
    file = folder / "journal.db"
    file.rename(folder / "elsewhere.db")
    if what == "link":
        file.symlink_to(folder / "elsewhere.db")
    else:
        file.mkdir()
    with pytest.raises(JournalFailed) as wrong:
        open_journal(home, TRY)
    assert rule_of(wrong) == "journal-not-a-file"


def test_a_folder_that_a_link_leads_out_of_the_home_is_not_used(home: Home, folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalFailed) as wrong:
        open_journal(home, TRY)
    assert rule_of(wrong) == "journal-not-a-file"


def test_a_home_that_is_itself_reached_by_a_link_is_used(home: Home, tmp_path: Path) -> None:
    assert home.path == tmp_path
    link = tmp_path.with_name(f"{tmp_path.name}-link")
    link.symlink_to(tmp_path)
    open_journal(Home(link), TRY).close()
    link.unlink()


@pytest.mark.parametrize("name", sorted(sqlite.PRAGMAS))
def test_a_database_that_does_not_keep_a_setting_is_refused(
    home: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a database answers cannot be changed from here; what is expected of it can.
    changed = {name: {"journal_mode": "other", "mmap_size": -77}.get(name, 77)}
    monkeypatch.setattr(sqlite, "PRAGMAS", {**sqlite.PRAGMAS, **changed})
    with pytest.raises(JournalFailed) as refused:
        open_journal(home, TRY)
    assert rule_of(refused) == "journal-setting"


def test_a_reader_reads_while_a_run_writes_and_writes_nothing(home: Home) -> None:
    writer = open_journal(home, TRY)
    reader = open_journal(home, TRY, read_only=True)
    with contextlib.closing(writer), contextlib.closing(reader), writer.run_lock():
        entries = writer.append(*handed_over("new"))
        assert reader.head().hash == entries[-1].hash
        with pytest.raises(JournalFailed) as refused:
            reader.append(step(Event.INTENT, "other"))
        assert rule_of(refused) == "journal-read-only"


def test_a_journal_locked_by_another_program_is_waited_for_and_then_said_to_be_locked(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with contextlib.closing(open_journal(home, TRY)) as journal:
        with contextlib.closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalFailed) as busy:
                journal.append(step(Event.INTENT, "new"))
            assert rule_of(busy) == "journal-busy"
        # Nothing was wrong with the journal: once it is free it is written again.
        journal.append(step(Event.INTENT, "new"))


def test_a_head_is_known_by_its_journal_number_and_hash(home: Home) -> None:
    with contextlib.closing(open_journal(home, TRY)) as journal:
        head = journal.head()
        assert has_entry(journal, head)
        journal.append(Draft(Event.CALL, OPERATOR))
        assert has_entry(journal, head)
        for other in (Head("other", head.seq, head.hash), Head(head.journal, 5, head.hash), Head(head.journal, 99, "")):
            assert not has_entry(journal, other)


# Checkpoints.


def test_a_checkpoint_cut_off_by_a_crash_was_never_one_and_the_next_begins_its_own_line(
    home: Home, folder: Path
) -> None:
    file = folder / checkpoints.FILE
    whole = file.read_bytes()
    file.write_bytes(whole + whole.splitlines()[-1][:40])
    assert len(checkpoints.checkpoints(folder)) == 2
    with contextlib.closing(open_journal(home, TRY)) as journal:
        signed = checkpoints.sign(folder, journal)
    assert file.read_bytes() == whole + f"{signed}\n".encode()


def test_a_line_that_is_no_checkpoint_is_not_passed_over(home: Home, folder: Path) -> None:
    file = folder / checkpoints.FILE
    file.write_bytes(b"{}\n" + file.read_bytes())
    with pytest.raises(JournalFailed) as wrong:
        open_journal(home, TRY)
    assert rule_of(wrong) == "checkpoint-tampered"


@pytest.mark.parametrize("name", [checkpoints.KEY, checkpoints.PUBLIC])
@pytest.mark.parametrize("content", [None, b"no key"], ids=["gone", "no key"])
def test_without_its_keys_nothing_is_signed_and_nothing_believed(
    home: Home, folder: Path, name: str, content: bytes | None
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(JournalFailed) as wrong, contextlib.closing(open_journal(home, TRY)) as journal:
        checkpoints.sign(folder, journal)
    assert rule_of(wrong) == "checkpoint-key"


# Copies.


def test_a_copy_taken_while_a_run_writes_is_a_journal_of_its_own_and_can_be_put_back(
    home: Home, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with contextlib.closing(open_journal(home, TRY)) as journal, journal.run_lock():
        journal.append(step(Event.INTENT, "under way"))
        head = backup(journal, copy)
        assert head == journal.head()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    (folder / "journal.db").write_bytes(b"the disk is broken")
    assert restore(home, TRY, copy) == head
    with contextlib.closing(open_journal(home, TRY)) as journal:
        assert journal.head() == head
        assert verify(journal, checkpoints.checkpoints(folder), checkpoints.public_key(folder)) == ()
    assert (folder / "journal.db.before-restore").read_bytes() == b"the disk is broken"


def test_a_copy_never_overwrites(home: Home, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with contextlib.closing(open_journal(home, TRY)) as journal, pytest.raises(JournalFailed):
        backup(journal, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def copied(home: Home, file: Path) -> None:
    with contextlib.closing(open_journal(home, TRY)) as journal:
        backup(journal, file)


def test_a_copy_is_not_put_back_over_a_journal_that_goes_on(home: Home, tmp_path: Path) -> None:
    copied(home, tmp_path / "copy.db")
    with contextlib.closing(open_journal(home, TRY)) as journal:
        journal.append(Draft(Event.CALL, OPERATOR))
        head = journal.head()
    with pytest.raises(JournalFailed) as newer:
        restore(home, TRY, tmp_path / "copy.db")
    assert rule_of(newer) == "journal-newer"
    with contextlib.closing(open_journal(home, TRY)) as journal:
        assert journal.head() == head


def test_a_copy_that_is_behind_what_was_signed_is_not_put_back_even_where_the_journal_is_lost(
    home: Home, folder: Path, tmp_path: Path
) -> None:
    copied(home, tmp_path / "copy.db")
    with contextlib.closing(open_journal(home, TRY)) as journal:
        journal.append(Draft(Event.CALL, OPERATOR))
        checkpoints.sign(folder, journal)
    (folder / "journal.db").unlink()
    with pytest.raises(JournalFailed) as behind:
        restore(home, TRY, tmp_path / "copy.db")
    assert rule_of(behind) == "journal-rolled-back"
    assert not (folder / "journal.db").exists()


def test_a_changed_copy_is_not_put_back(home: Home, tmp_path: Path) -> None:
    copied(home, tmp_path / "copy.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("UPDATE entries SET by_whom = 'somebody else' WHERE seq = 5")
        db.commit()
    with pytest.raises(JournalFailed, match="entry 5 is wrong"):
        restore(home, TRY, tmp_path / "copy.db")


def test_a_copy_is_not_put_back_while_a_run_is_active(home: Home, tmp_path: Path) -> None:
    copied(home, tmp_path / "copy.db")
    with contextlib.closing(open_journal(home, TRY)) as journal, journal.run_lock(), pytest.raises(RunIsActive):
        restore(home, TRY, tmp_path / "copy.db")


# Older journals.


def made_older(path: Path) -> None:
    """The journal as the first version had it: without the table of where actions stand, its indexes and its rules."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'index')").fetchall()
        for kind, name in names:
            if not name.startswith("sqlite_"):
                db.execute(f"DROP {kind} {name}")
        db.execute("DROP TABLE standing")
        db.execute("PRAGMA user_version = 1")
        db.commit()


def test_an_older_journal_is_brought_up_to_today_with_the_same_entries(home: Home, folder: Path) -> None:
    with contextlib.closing(open_journal(home, TRY)) as journal:
        before, standing = tuple(journal.entries()), journal.standing()
    made_older(folder / "journal.db")
    with pytest.raises(JournalFailed) as older:
        open_journal(home, TRY, read_only=True)
    assert rule_of(older) == "journal-version"
    with contextlib.closing(open_journal(home, TRY)) as journal:
        assert tuple(journal.entries()) == before
        assert journal.standing() == standing
        assert verify(journal, checkpoints.checkpoints(folder), checkpoints.public_key(folder)) == ()
        journal.append(*handed_over("new"))


def test_an_older_journal_whose_entries_cannot_follow_one_another_stays_as_it_is(home: Home, folder: Path) -> None:
    made_older(folder / "journal.db")
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        db.execute("UPDATE entries SET event = 'accepted' WHERE seq = 2")
        db.commit()
        before = db.execute("SELECT * FROM sqlite_master").fetchall()
    with pytest.raises(JournalFailed):
        open_journal(home, TRY)
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        assert db.execute("SELECT * FROM sqlite_master").fetchall() == before


def test_a_newer_journal_is_left_alone(home: Home, folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(JournalFailed, match="has version") as newer:
        open_journal(home, TRY)
    assert rule_of(newer) == "journal-version"


# Other ids.


def test_a_customer_that_the_journal_does_not_know_is_not_renamed(home: Home) -> None:
    with contextlib.closing(open_journal(home, TRY)) as journal:
        for old, new_id in (("C7", "C8"), ("C1", "C1")):
            with pytest.raises(Refused) as refused:
                rename(journal, old, new_id, by=OPERATOR, because="merged")
            assert refused.value.exit_code == 5
        entry = rename(journal, "C1", "C8", by=OPERATOR, because="merged")
        assert (entry.customer, entry.body) == ("C8", {"from": "C1", "to": "C8", "because": "merged"})


# The backstop behind the program.


@pytest.mark.parametrize(
    ("event", "attempt", "why"),
    [
        pytest.param("intent", 1, "UNIQUE", id="a second intent of an attempt"),
        pytest.param("point_of_no_return", 1, "handed over before", id="a second point of no return of an attempt"),
        pytest.param("point_of_no_return", 2, "handed over before", id="a point of no return of another attempt"),
    ],
)
def test_the_database_itself_refuses_what_the_program_should_never_write(
    home: Home, folder: Path, event: str, attempt: int, why: str
) -> None:
    del home
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        row = (11, "2026", event, "x", "k1", attempt, "C1", "", "{}", "{}", "previous", "hash")
        with pytest.raises(sqlite3.IntegrityError, match=why):
            db.execute(f"INSERT INTO entries VALUES ({', '.join('?' * len(row))})", row)


def test_without_the_check_of_steps_the_database_still_refuses_a_second_hand_over(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A planted fault: the program takes every step for allowed.
    monkeypatch.setattr("duly.journal.chain.may_follow", lambda *_: None)
    with contextlib.closing(open_journal(home, TRY)) as journal:
        head = journal.head()
        with pytest.raises(JournalFailed) as refused:
            journal.append(step(Event.POINT_OF_NO_RETURN, "k1", "C1"))
        assert rule_of(refused) == "step-taken"
        assert journal.head() == head
