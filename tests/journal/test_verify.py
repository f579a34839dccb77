"""Whatever is changed in a journal is seen, and the first entry that is wrong is named."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from duly.journal import checkpoints
from duly.journal.checkpoints import Checkpoint
from duly.journal.entry import GENESIS, Draft, Event
from duly.journal.erase import erase
from duly.journal.sqlite import SqliteStore
from duly.journal.store import JournalFailed
from duly.journal.verify import verify
from tests.journal.journals import OPERATOR, with_some_entries

LAST = 10
"""The last entry of the journals below: the beginning and three actions of three steps."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with contextlib.closing(with_some_entries(tmp_path)) as store:
        assert store.head().seq == LAST
        return store.path


def found(path: Path, *anchors: Checkpoint) -> list[str]:
    """What verifying says about the journal in the file, as `rule: message`."""
    try:
        with contextlib.closing(SqliteStore(path, read_only=True)) as store:
            kept = checkpoints.checkpoints(path.parent)
            problems = verify(store, (*kept, *anchors), checkpoints.public_key(path.parent))
    except JournalFailed as unreadable:
        return [f"{unreadable.rule}: {unreadable}"]
    return [f"{problem.rule}: {problem.message}" for problem in problems]


@contextlib.contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """The database as somebody has it who may write to the file, and knows how."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA foreign_keys = OFF")
        yield db


def test_a_journal_as_it_was_written_has_nothing_wrong_with_it(path: Path) -> None:
    assert found(path) == []


def test_an_entry_is_never_changed_or_removed_by_mistake(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in ("UPDATE entries SET run = 'x' WHERE seq = 3", "DELETE FROM entries WHERE seq = 10"):
            with pytest.raises(sqlite3.IntegrityError, match="an entry is never"):
                db.execute(statement)


@pytest.mark.parametrize(
    "column", ["at", "event", "by_whom", "key", "attempt", "customer", "run", "body", "sealed", "previous", "hash"]
)
@pytest.mark.parametrize("seq", [1, 5, LAST])
def test_a_changed_cell_of_an_entry_is_seen(path: Path, column: str, seq: int) -> None:
    other = {"event": "call", "attempt": 7, "body": '{"a":1}', "sealed": '{"a":"b"}', "at": "2030"}.get(column, "other")
    with tampering(path) as db:
        db.execute(f"UPDATE entries SET {column} = ? WHERE seq = ?", (other, seq))
    assert re.search(rf"entry {seq}\b|first entry", found(path)[0])


@pytest.mark.parametrize(
    "text", ['{"day": "2026-03-31"}', '{"day":"2026-03-3\\u0031"}', '{"day":"x","day":"2026-03-31"}']
)
def test_another_spelling_of_the_same_body_is_seen(path: Path, text: str) -> None:
    with tampering(path) as db:
        db.execute("UPDATE entries SET body = ? WHERE seq = 4", (text,))
    assert found(path)[0].startswith("journal-tampered: entry 4 is wrong")


@pytest.mark.parametrize("seq", range(1, LAST + 1))
def test_a_removed_entry_is_seen(path: Path, seq: int) -> None:
    with tampering(path) as db:
        db.execute("DELETE FROM entries WHERE seq = ?", (seq,))
    said = found(path)
    assert any(re.search(rf"entry {seq}\b|first entry", text) for text in said)


@pytest.mark.parametrize("seq", range(2, LAST + 1))
def test_a_removed_entry_is_seen_though_those_behind_it_moved_up(path: Path, seq: int) -> None:
    with tampering(path) as db:
        db.execute("DELETE FROM entries WHERE seq = ?", (seq,))
        for later in range(seq + 1, LAST + 1):
            db.execute("UPDATE entries SET seq = seq - 1 WHERE seq = ?", (later,))
    assert any(f"entry {seq} " in text for text in found(path))


@pytest.mark.parametrize("cut", range(1, LAST))
def test_an_end_that_was_cut_off_is_seen_by_the_checkpoint(path: Path, cut: int) -> None:
    with tampering(path) as db:
        db.execute("DELETE FROM personal WHERE seq > ?", (LAST - cut,))
        db.execute("DELETE FROM standing WHERE seq > ?", (LAST - cut,))
        db.execute("DELETE FROM entries WHERE seq > ?", (LAST - cut,))
    expected = f"journal-truncated: entry {LAST - cut + 1} is missing: the journal was signed up to {LAST}"
    assert expected in found(path)


@pytest.mark.parametrize("seq", range(1, LAST))
def test_two_entries_that_changed_places_are_seen(path: Path, seq: int) -> None:
    with tampering(path) as db:
        for old, new in ((seq, 99), (seq + 1, seq), (99, seq + 1)):
            db.execute("UPDATE entries SET seq = ? WHERE seq = ?", (new, old))
    assert re.search(rf"entry {seq}\b|first entry", found(path)[0])


def test_an_entry_that_is_there_twice_is_seen(path: Path) -> None:
    with tampering(path) as db:
        for index in ("one_intent_an_attempt", "one_point_of_no_return_an_attempt"):
            db.execute(f"DROP INDEX {index}")
        columns = "at, event, by_whom, key, attempt, customer, run, body, sealed"
        db.execute(f"INSERT INTO entries SELECT 11, {columns}, hash, 'forged' FROM entries WHERE seq = 10")
    assert any("entry 11 is wrong" in text for text in found(path))


def rewritten(db: sqlite3.Connection) -> None:
    """The whole chain hashed anew, as a program of ours would."""
    previous = GENESIS
    names = ("seq", "at", "event", "by", "key", "attempt", "customer", "run", "body", "sealed")
    rows = db.execute(
        "SELECT seq, at, event, by_whom, key, attempt, customer, run, body, sealed FROM entries ORDER BY seq"
    ).fetchall()
    for row in rows:
        record = dict(zip(names, row, strict=True)) | {"previous": previous}
        record |= {name: json.loads(record[name]) for name in ("body", "sealed")}
        text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        hash_ = hashlib.sha256(text.encode()).hexdigest()
        db.execute("UPDATE entries SET previous = ?, hash = ? WHERE seq = ?", (previous, hash_, row[0]))
        previous = hash_


def test_hashing_the_chain_anew_changes_nothing_where_nothing_was_changed(path: Path) -> None:
    with tampering(path) as db:
        rewritten(db)
    assert found(path) == []


@pytest.mark.parametrize("seq", range(2, LAST + 1))
def test_a_chain_made_anew_without_the_key_is_seen(path: Path, seq: int) -> None:
    with tampering(path) as db:
        db.execute("UPDATE entries SET by_whom = 'somebody else' WHERE seq = ?", (seq,))
        rewritten(db)
    assert f"journal-tampered: entry {LAST} is wrong: it is not the one that was signed" in found(path)


def test_a_checkpoint_signed_with_another_key_is_seen(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    checkpoints.make_key(other)
    with contextlib.closing(SqliteStore(path)) as store:
        forged = checkpoints.sign(other, store)
    assert found(path, forged) == [f"checkpoint-tampered: the checkpoint of entry {LAST} is not signed by this journal"]


def test_an_older_journal_put_back_with_all_its_files_shows_against_a_checkpoint_kept_elsewhere(
    path: Path,
) -> None:
    old = {file: file.read_bytes() for file in path.parent.iterdir()}
    with contextlib.closing(SqliteStore(path)) as store:
        store.append(Draft(Event.CALL, OPERATOR))
        elsewhere = checkpoints.sign(path.parent, store)
    for file in path.parent.iterdir():
        file.unlink()
    for file, content in old.items():
        file.write_bytes(content)
    assert found(path) == []
    assert found(path, elsewhere) == ["journal-truncated: entry 11 is missing: the journal was signed up to 11"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            "UPDATE standing SET event = 'failed' WHERE key = 'k1'",
            "journal-tampered: where action `k1` stands is not what entry 7 says",
            id="so that it is sent again",
        ),
        pytest.param(
            "DELETE FROM standing WHERE key = 'k1'",
            "journal-tampered: where action `k1` stands is not what entry 7 says",
            id="so that nothing is known of it",
        ),
        pytest.param(
            "UPDATE personal SET value = '\"else@sample.test\"' WHERE seq = 5",
            "journal-tampered: `to` of entry 5 is not what was sealed",
            id="another personal value",
        ),
        pytest.param(
            "UPDATE personal SET value = value || ' ' WHERE seq = 5",
            "journal-tampered: `to` of entry 5 is not what was sealed",
            id="another spelling of a personal value",
        ),
        pytest.param(
            "DELETE FROM personal WHERE seq = 5",
            "personal-missing: `to` of entry 5 is gone, and no entry says that it was erased",
            id="a personal value gone",
        ),
        pytest.param(
            "INSERT INTO personal VALUES (4, 'to', 'salt', '1')",
            "journal-tampered: `to` of entry 4 is not what was sealed",
            id="a personal value that nobody gave",
        ),
    ],
)
def test_what_lies_beside_the_chain_is_looked_at_too(path: Path, change: str, said: str) -> None:
    with tampering(path) as db:
        db.execute(change)
    assert found(path) == [said]


def test_a_journal_without_checkpoints_is_not_called_whole(path: Path) -> None:
    (path.parent / checkpoints.FILE).unlink()
    assert [text.partition(":")[0] for text in found(path)] == ["checkpoint-missing"]


def test_an_erased_journal_verifies_and_its_values_are_gone_from_the_file(path: Path) -> None:
    with contextlib.closing(SqliteStore(path)) as store:
        entry = erase(store, "C1", by=OPERATOR, because="the customer asked")
        assert entry.body == {"because": "the customer asked", "entries": [5]}
        assert [kept.seq for kept in store.kept()] == [2, 8]
        assert b"C1@sample.test" not in path.read_bytes()
    assert found(path) == []
    assert b"C0@sample.test" in path.read_bytes()


def test_an_erased_value_that_is_back_is_seen(path: Path) -> None:
    with contextlib.closing(SqliteStore(path)) as store:
        [before] = [kept for kept in store.kept() if kept.seq == 5]
        erase(store, "C1", by=OPERATOR, because="the customer asked")
    with tampering(path) as db:
        db.execute("INSERT INTO personal VALUES (?, ?, ?, ?)", (before.seq, before.name, before.salt, before.value))
    assert found(path) == ["not-erased: `to` of entry 5 was erased and is there"]


@pytest.mark.parametrize(
    "stride", [pytest.param(197, id="here and there"), pytest.param(1, id="everywhere", marks=pytest.mark.nightly)]
)
def test_a_flipped_bit_of_the_file_is_seen_or_changed_no_row(path: Path, stride: int) -> None:
    content = bytearray(path.read_bytes())
    rows = everything(path)
    silent = []
    for at in range(0, len(content), stride):
        content[at] ^= 1 << (at % 8)
        path.write_bytes(content)
        if not found(path) and everything(path) != rows:
            silent.append(at)
        content[at] ^= 1 << (at % 8)
    assert silent == []


def everything(path: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return [
            row
            for table in ("about", "entries", "personal", "standing")
            for row in db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        ]


def test_a_second_hand_over_that_nothing_kept_back_is_found_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two planted faults: the program takes every step for allowed, and the database has no rules of its own.
    monkeypatch.setattr("duly.journal.chain.may_follow", lambda *_: None)
    with tampering(path) as db:
        db.execute("DROP INDEX one_point_of_no_return_an_attempt")
    with contextlib.closing(SqliteStore(path)) as store:
        store.append(Draft(Event.POINT_OF_NO_RETURN, OPERATOR, key="k1", customer="C1"))
    assert found(path)[0].startswith(
        "journal-tampered: entry 11 is wrong: `point_of_no_return` may not follow `accepted`"
    )
