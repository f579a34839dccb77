"""A journal in one SQLite file: what is answered is on the disk.

Every append is one transaction that takes the write lock before it reads, and is
synchronised before it is answered. Settings that this rests on are asked for and
looked at again; a database that does not have them is refused. A write that fails
ends all writing by this store: what became of it is seen by opening the journal again.
At worst an entry that was not answered is found there then, whole, which recovery
treats like any other; half an entry never is.

Reading works while another process writes, and holds nobody up.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duly.journal import sqlite_schema as schema
from duly.journal.chain import Linked, Tail, link, standing_of
from duly.journal.entry import Draft, Entry, Head, Kept, written
from duly.journal.private_files import made_private, regular_file, synced
from duly.journal.rows import (
    ENTRY_COLUMNS,
    STANDING_COLUMNS,
    VERIFY,
    entry_of,
    opened,
    record_text,
    row_of,
    standing_from,
    standing_row,
)
from duly.journal.run_lock import holder, locked
from duly.journal.states import Standing
from duly.journal.store import JournalFailed, StepTaken

PAGE = 1_000
"""Entries read at once, so that no reading holds a snapshot for long."""

BUSY_SECONDS = 10.0
"""How long an append waits for another process's to end."""

PRAGMAS: Mapping[str, int | str] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "fullfsync": 1,
    "checkpoint_fullfsync": 1,
    "mmap_size": 0,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,
    "temp_store": 2,
}
"""What a writing connection rests on: FULL is a sync a commit, the fullfsyncs make one mean it on macOS,
no mapped memory through which a stray write could reach the file, erased values overwritten."""

_ENTRIES = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entries"
_STANDING = f"SELECT {', '.join(STANDING_COLUMNS)} FROM standing"
_INSERT_ENTRY = f"INSERT INTO entries VALUES ({', '.join('?' * len(ENTRY_COLUMNS))})"
_INSERT_STANDING = f"INSERT OR REPLACE INTO standing VALUES ({', '.join('?' * len(STANDING_COLUMNS))})"


def utc_now() -> datetime:
    """The moment by this machine's clock."""
    return datetime.now(UTC)


class SqliteStore:
    """A journal in a file. `duly.journal.create` makes one and opens one; nothing else does."""

    def __init__(self, path: Path, *, read_only: bool = False, clock: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._clock = clock
        self._read_only = read_only
        self._broken = False
        self._one_at_a_time = threading.RLock()
        self._file = regular_file(path)
        self._db = _connected(path, read_only=read_only)
        try:
            self.id, self.environment = self._adopted()
        except BaseException:
            self._db.close()
            raise

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def head(self) -> Head:
        """The last entry."""
        with self._reading():
            tail = self._tail()
        return Head(self.id, tail.seq, tail.hash)

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write the drafts in one transaction, durably; raises `StepTaken` or `JournalFailed`."""
        return self._written(drafts, lambda _: None) if drafts else ()

    def erase(self, draft: Draft, seqs: Collection[int]) -> Entry:
        """Remove the personal values of these entries and write the draft that says so, in one transaction."""

        def remove(_: Linked) -> None:
            self._db.executemany("DELETE FROM personal WHERE seq = ?", ((seq,) for seq in sorted(seqs)))

        [entry] = self._written((draft,), remove)
        with self._one_at_a_time, contextlib.suppress(sqlite3.OperationalError):
            # Until then the values are still in the write-ahead log; a reader may keep it a little longer.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return entry

    def entries(self, *, after: int = 0, key: str = "", customer: str = "", run: str = "") -> Iterator[Entry]:
        """Entries in order, from behind a number on, of a key, a customer or a run where given."""
        for row in self._rows(after, {"key": key, "customer": customer, "run": run}):
            yield entry_of(row)

    def spelled(self, *, after: int = 0) -> Iterator[tuple[Entry, str]]:
        """Every entry with its record as the file spells it."""
        for row in self._rows(after, {}):
            yield entry_of(row), record_text(row)

    def standing(self, keys: Collection[str] | None = None) -> Mapping[str, Standing]:
        """Where each of the actions stands, or all of them; keys that nothing happened to are left out."""
        with self._reading():
            return self._stands(keys)

    def personal(self, entry: Entry) -> Mapping[str, object]:
        """The personal values of an entry that are not erased, by name; raises where one is not what was sealed."""
        if not entry.sealed:
            return {}
        return {kept.name: opened(entry, kept) for kept in self.kept(after=entry.seq - 1, until=entry.seq)}

    def kept(self, *, after: int = 0, until: int | None = None) -> Iterator[Kept]:
        """The personal values that are not erased, with their salts, in order."""
        last = self.head().seq if until is None else until
        while after < last:
            with self._reading():
                rows = self._db.execute(
                    "SELECT seq, name, salt, value FROM personal WHERE seq > ? AND seq <= ? ORDER BY seq, name",
                    (after, min(after + PAGE, last)),
                ).fetchall()
            yield from (Kept(*row) for row in rows)
            after += PAGE

    def faults(self) -> tuple[str, ...]:
        """What the database itself finds wrong with its pages and indexes; empty where all is well."""
        with self._reading():
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check").fetchall()]
            found += [f"`{row[0]}` has a row without its entry" for row in self._db.execute("PRAGMA foreign_key_check")]
        return tuple(text for text in found if text != "ok")

    def copy(self, target: Path) -> Head:
        """Copy the journal as it is now into a new file, also while a run writes; fails where there is one."""
        made_private(target)
        try:
            with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy, self._reading():
                self._db.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()
                [[seq, hash_]] = copy.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchall()
            synced(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return Head(self.id, seq, hash_)

    def run_lock(self) -> AbstractContextManager[None]:
        """Hold the journal for a run; raises `RunIsActive` at once where another has it."""
        return locked(self._path.with_name("run.lock"), self._clock())

    def active_run(self) -> str:
        """The sentence for the run that holds the journal, empty where none does."""
        return holder(self._path.with_name("run.lock"))

    def close(self) -> None:
        """Let go of the file."""
        with self._one_at_a_time:
            self._db.close()

    def _written(self, drafts: tuple[Draft, ...], besides: Callable[[Linked], None]) -> tuple[Entry, ...]:
        with self._one_at_a_time:
            self._still_ours()
            self._begin()
            try:
                linked = link(
                    self._tail(), self._stands({d.key for d in drafts if d.key}), drafts, written(self._clock())
                )
                self._insert(linked)
                besides(linked)
                self._db.execute("COMMIT")
            except sqlite3.IntegrityError as wrong:
                self._roll_back()
                raise StepTaken("step-taken", f"the journal refuses the entry: {wrong}", _ANOTHER) from wrong
            except sqlite3.Error as wrong:
                self._broken = True
                self._roll_back()
                raise JournalFailed(
                    "journal-not-written", f"the journal could not be written: {wrong}", _NOTHING_MORE
                ) from wrong
            except BaseException:
                self._roll_back()
                raise
            return linked.entries

    def _begin(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as wrong:
            if _is_busy(wrong):
                message = f"the journal is locked by another process and stayed so for {BUSY_SECONDS:g} seconds"
                raise JournalFailed("journal-busy", message, "see what else has the journal open") from wrong
            self._broken = True
            raise JournalFailed(
                "journal-not-written", f"the journal could not be written: {wrong}", _NOTHING_MORE
            ) from wrong

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")

    def _insert(self, linked: Linked) -> None:
        self._db.executemany(_INSERT_ENTRY, map(row_of, linked.entries))
        self._db.executemany(
            "INSERT INTO personal VALUES (?, ?, ?, ?)", ((k.seq, k.name, k.salt, k.value) for k in linked.kept)
        )
        self._db.executemany(_INSERT_STANDING, map(standing_row, linked.standing.values()))

    def _still_ours(self) -> None:
        if self._read_only:
            raise JournalFailed("journal-read-only", "the journal was opened for reading", "this is a bug in duly")
        if self._broken:
            raise JournalFailed("journal-not-written", "the journal could not be written before", _NOTHING_MORE)
        if regular_file(self._path) != self._file:
            self._broken = True
            raise JournalFailed(
                "journal-replaced", f"`{self._path}` is not the file that was opened", "put it back, then `duly verify`"
            )

    def _rows(self, after: int, among: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        wanted = {name: value for name, value in among.items() if value}
        where = " AND ".join(("seq > :after", *(f"{name} = :{name} AND {name} <> ''" for name in wanted)))
        query = f"{_ENTRIES} WHERE {where} ORDER BY seq LIMIT {PAGE}"
        while True:
            with self._reading():
                rows = self._db.execute(query, {"after": after, **wanted}).fetchall()
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._one_at_a_time:
            try:
                yield
            except sqlite3.Error as wrong:
                raise damaged(self._path, wrong) from wrong

    def _tail(self) -> Tail:
        row = self._db.execute("SELECT seq, hash, at FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Tail(*row) if row else Tail()

    def _stands(self, keys: Collection[str] | None) -> dict[str, Standing]:
        if keys is None:
            rows = self._db.execute(f"{_STANDING} ORDER BY key")
        else:
            among = "key IN (SELECT value FROM json_each(?))"
            rows = self._db.execute(f"{_STANDING} WHERE {among} ORDER BY key", (json.dumps(sorted(keys)),))
        return {row[0]: standing_from(row) for row in rows}

    def _adopted(self) -> tuple[str, str]:
        try:
            [[application]] = self._db.execute("PRAGMA application_id").fetchall()
            [[version]] = self._db.execute("PRAGMA user_version").fetchall()
            if application != schema.APPLICATION_ID:
                raise JournalFailed("not-a-journal", f"`{self._path}` is not a journal of duly", "name another file")
            if version != schema.VERSION:
                self._migrated(version)
            [[journal, environment]] = self._db.execute("SELECT journal, environment FROM about").fetchall()
            row = self._db.execute(f"{_ENTRIES} WHERE seq = 1").fetchone()
        except (sqlite3.Error, ValueError) as wrong:
            raise damaged(self._path, wrong) from wrong
        first = entry_of(row).body if row else {}
        if (first.get("journal"), first.get("environment")) != (journal, environment):
            raise JournalFailed(
                "journal-tampered", f"`{self._path}` is not the journal that its first entry names", VERIFY
            )
        return journal, environment

    def _migrated(self, version: int) -> None:
        """Bring an older journal up to today, whole or not at all; where actions stand is made from its entries."""
        if version not in schema.MIGRATIONS:
            raise JournalFailed(
                "journal-version",
                f"`{self._path}` has version {version}, and this duly reads up to {schema.VERSION}",
                "a newer duly wrote it: use that one",
            )
        if self._read_only:
            raise JournalFailed("journal-version", f"`{self._path}` has version {version}", "open it for writing once")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for older in range(version, schema.VERSION):
                for statement in statements(schema.MIGRATIONS[older]):
                    self._db.execute(statement)
            stands = standing_of(entry_of(row) for row in self._db.execute(f"{_ENTRIES} ORDER BY seq").fetchall())
            self._db.execute("DELETE FROM standing")
            self._db.executemany(_INSERT_STANDING, map(standing_row, stands.values()))
            self._db.execute(f"PRAGMA user_version = {schema.VERSION}")
            self._db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise


_ANOTHER = "another run was first; see `duly log --key`"
_NOTHING_MORE = "nothing more is sent; see to the disk, then `duly verify`"


def made(path: Path, first: Draft, now: datetime) -> None:
    """Make a new journal file whose first entry is the draft; fails where there is a file."""
    made_private(path)
    [created] = link(Tail(), {}, (first,), written(now)).entries
    with contextlib.closing(_connected(path, read_only=False)) as db:
        db.execute("BEGIN IMMEDIATE")
        for statement in statements(schema.CREATE):
            db.execute(statement)
        db.execute("INSERT INTO about VALUES (1, ?, ?)", (created.body["journal"], created.body["environment"]))
        db.execute(_INSERT_ENTRY, row_of(created))
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {schema.VERSION}")
        db.execute("COMMIT")
    synced(path)


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, so that they stay in the transaction that is open."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text.strip()
            text = ""


def damaged(path: Path, wrong: Exception) -> JournalFailed:
    """What to raise where the file cannot be read as a journal."""
    return JournalFailed("journal-damaged", f"`{path}` cannot be read: {wrong}", VERIFY)


def _is_busy(wrong: sqlite3.Error) -> bool:
    return getattr(wrong, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _connected(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rw"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
        )
    except sqlite3.Error as wrong:
        raise damaged(path, wrong) from wrong
    try:
        _settled(db, {"trusted_schema": 0, "cell_size_check": 1, "query_only": 1} if read_only else PRAGMAS)
    except sqlite3.Error as wrong:
        db.close()
        raise damaged(path, wrong) from wrong
    except BaseException:
        db.close()
        raise
    return db


def _settled(db: sqlite3.Connection, pragmas: Mapping[str, int | str]) -> None:
    for name, value in pragmas.items():
        db.execute(f"PRAGMA {name} = {value}").fetchall()
        answer = db.execute(f"PRAGMA {name}").fetchall()
        # A build without mapped memory answers nothing about it.
        if answer != [(value,)] and not (name == "mmap_size" and not answer):
            raise JournalFailed(
                "journal-setting",
                f"the database does not keep `{name} = {value}`: it says `{answer}`",
                "put the journal on a local disk, and use a SQLite that can",
            )
