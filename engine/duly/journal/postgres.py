"""A journal in PostgreSQL, for a team: the same guarantees as in a file.

Every append locks the one row of `about` before it reads, so that writers stand in
line, and is answered once the server has it on its disk. A server that may answer
before is refused. A connection that is lost while a transaction commits leaves its
outcome unknown: it is looked up, behind whatever the lost connection still holds, and
never repeated. The lock of a run is one of the session; it needs a connection to
the server itself, not to a pool that shares sessions.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import psycopg

from duly.journal import postgres_schema as schema
from duly.journal.chain import Linked, Tail, link
from duly.journal.entry import Draft, Entry, Head, Kept, written
from duly.journal.failures import JournalFailed, RunIsActive, StepTaken
from duly.journal.private_files import MISSING_HELP
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
from duly.journal.run_lock import active
from duly.journal.sqlite import utc_now
from duly.journal.states import Standing

PAGE = 1_000

CONNECT_SECONDS = 10
WAIT_SECONDS = 30
"""How long an append waits for another's, and for what a lost connection still holds."""

RETRY_SECONDS = 0.2

SETTINGS: Mapping[str, Collection[str]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
    "client_encoding": ("UTF8",),
    "server_encoding": ("UTF8",),
}
"""What the server must say of itself: an answered commit is on its disk."""

_HELD = """
    SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND classid = %s::bigint::oid AND objid = %s::bigint::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Whether somebody holds the advisory lock of this number, taken in two halves."""

_ENTRIES = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entries"
_STANDING = f"SELECT {', '.join(STANDING_COLUMNS)} FROM standing"
_INSERT_ENTRY = f"INSERT INTO entries VALUES ({', '.join(['%s'] * len(ENTRY_COLUMNS))})"
_UPSERT_STANDING = (
    f"INSERT INTO standing VALUES ({', '.join(['%s'] * len(STANDING_COLUMNS))}) "
    f"ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in STANDING_COLUMNS[1:])}"
)
_DEAD_LINE: Mapping[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": WAIT_SECONDS * 1_000,
}
"""A line on which nothing is heard any more is given up, instead of waited on for hours."""

_BACKEND = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_NOTHING_MORE = "nothing more is sent; see to the server, then `duly verify`"


class PostgresStore:
    """A journal in a database. `duly.journal.create` makes one and opens one; nothing else does."""

    def __init__(
        self, url: str, environment: str, *, read_only: bool = False, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._url = url
        self._schema = schema.schema_of(environment)
        self._clock = clock
        self._read_only = read_only
        self._broken = False
        self._locked = False
        self._backend: tuple[Any, ...] = ()
        self._one_at_a_time = threading.RLock()
        self._db = self._connected()
        try:
            self.id, self.environment = self._adopted()
        except BaseException:
            self._db.close()
            raise

    def head(self) -> Head:
        """The last entry."""
        with self._reading():
            tail = self._tail()
        return Head(self.id, tail.seq, tail.hash)

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write the drafts in one transaction, durably; raises `StepTaken` or `JournalFailed`."""
        return self._written(drafts, ()) if drafts else ()

    def erase(self, draft: Draft, seqs: Collection[int]) -> Entry:
        """Remove the personal values of these entries and write the draft that says so, in one transaction."""
        [entry] = self._written((draft,), sorted(seqs))
        return entry

    def entries(self, *, after: int = 0, key: str = "", customer: str = "", run: str = "") -> Iterator[Entry]:
        """Entries in order, from behind a number on, of a key, a customer or a run where given."""
        for row in self._rows(after, {"key": key, "customer": customer, "run": run}):
            yield entry_of(row)

    def spelled(self, *, after: int = 0) -> Iterator[tuple[Entry, str]]:
        """Every entry with its record as the database spells it."""
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
        query = "SELECT seq, name, salt, value FROM personal WHERE seq > %s AND seq <= %s ORDER BY seq, name"
        while after < last:
            with self._reading():
                rows = self._db.execute(query, (after, min(after + PAGE, last))).fetchall()
            yield from (Kept(*row) for row in rows)
            after += PAGE

    def faults(self) -> tuple[str, ...]:
        """Rows without their entry, where somebody has switched the database's own rules off."""
        query = "SELECT {0}.seq FROM {0} LEFT JOIN entries USING (seq) WHERE entries.seq IS NULL ORDER BY 1"
        with self._reading():
            return tuple(
                f"`{table}` has a row of entry {row[0]}, which is not there"
                for table in ("personal", "standing")
                for row in self._db.execute(query.format(table)).fetchall()
            )

    def run_lock(self) -> AbstractContextManager[None]:
        """Hold the journal for a run; raises `RunIsActive` at once where another has it."""
        return self._run_locked()

    def active_run(self) -> str:
        """The sentence for the run that holds the journal, empty where none does."""
        with self._reading():
            # The server shows a lock's number as two halves of 32 bits.
            halves = self._lock_number().to_bytes(8, signed=True)
            numbers = (int.from_bytes(halves[:4]), int.from_bytes(halves[4:]))
            return self._holder() if self._db.execute(_HELD, numbers).fetchone() else ""

    def close(self) -> None:
        """Let go of the connection."""
        with self._one_at_a_time:
            self._db.close()

    def _written(self, drafts: tuple[Draft, ...], erased: Sequence[int]) -> tuple[Entry, ...]:
        with self._one_at_a_time:
            if self._read_only or self._broken:
                what = "was opened for reading" if self._read_only else "could not be written before"
                raise JournalFailed("journal-not-written", f"the journal {what}", _NOTHING_MORE)
            try:
                linked = self._prepared(drafts, erased)
            except psycopg.errors.IntegrityError as wrong:
                self._roll_back()
                raise StepTaken(
                    "step-taken", f"the journal refuses the entry: {_first_line(wrong)}", "see `duly log --key`"
                ) from wrong
            except psycopg.errors.LockNotAvailable as wrong:
                self._roll_back()
                message = f"another process holds the journal, and did so for {WAIT_SECONDS} seconds"
                raise JournalFailed("journal-busy", message, "see what else writes to the journal") from wrong
            except psycopg.Error as wrong:
                self._broken = True
                self._roll_back()
                raise _not_written(wrong) from wrong
            except BaseException:
                self._roll_back()
                raise
            self._commit(linked)
            return linked.entries

    def _prepared(self, drafts: tuple[Draft, ...], erased: Sequence[int]) -> Linked:
        self._db.execute("BEGIN")
        self._db.execute("SELECT 1 FROM about FOR UPDATE")
        stands = self._stands({draft.key for draft in drafts if draft.key})
        linked = link(self._tail(), stands, drafts, written(self._clock()))
        with self._db.cursor() as cursor:
            _insert(cursor, linked)
            if erased:
                cursor.execute("DELETE FROM personal WHERE seq = ANY(%s)", (list(erased),))
        return linked

    def _commit(self, linked: Linked) -> None:
        try:
            self._db.execute("COMMIT")
        except psycopg.Error as wrong:
            if not self._is_there(linked.entries[-1]):
                self._broken = True
                raise _not_written(wrong) from wrong

    def _is_there(self, entry: Entry) -> bool:
        """Say whether the entry was committed after all, once nothing of the lost connection can still commit it."""
        backend, had_lock = self._backend, self._locked
        self._db.close()
        deadline = time.monotonic() + WAIT_SECONDS
        found = None
        while found is None:
            try:
                found = self._looked_up_behind(backend, entry)
            except (psycopg.Error, JournalFailed) as wrong:
                if time.monotonic() > deadline:
                    self._broken = True
                    message = f"nobody knows whether entry {entry.seq} was written: {_first_line(wrong)}"
                    raise JournalFailed("journal-unknown", message, _NOTHING_MORE) from wrong
                time.sleep(RETRY_SECONDS)
        if had_lock and not self._locked_again(deadline):
            # Another run began meanwhile: what was written stands, and nothing more is.
            self._broken = True
        return found

    def _looked_up_behind(self, backend: tuple[Any, ...], entry: Entry) -> bool:
        self._db = self._connected()
        self._db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start = %s", backend
        )
        # The lost transaction held this row: whoever gets it sees what became of that.
        self._db.execute("BEGIN")
        self._db.execute("SELECT 1 FROM about FOR UPDATE")
        row = self._db.execute("SELECT hash FROM entries WHERE seq = %s", (entry.seq,)).fetchone()
        self._db.execute("COMMIT")
        return row is not None and row[0] == entry.hash

    def _locked_again(self, deadline: float) -> bool:
        """Take the run's lock once more; the session that held it may need a moment to end."""
        while not self._try_lock():
            if time.monotonic() > deadline:
                return False
            time.sleep(RETRY_SECONDS)
        return True

    def _roll_back(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._db.execute("ROLLBACK")

    @contextlib.contextmanager
    def _run_locked(self) -> Iterator[None]:
        with self._reading():
            if self._locked or not self._try_lock():
                raise RunIsActive(self._holder())
            holder = active(f"process {os.getpid()} on {socket.gethostname()}", written(self._clock()))
            self._db.execute("UPDATE about SET holder = %s", (holder,))
        self._locked = True
        try:
            yield
        finally:
            self._locked = False
            with self._one_at_a_time, contextlib.suppress(psycopg.Error):
                self._db.execute("UPDATE about SET holder = ''")
                self._db.execute("SELECT pg_advisory_unlock(%s)", (self._lock_number(),))

    def _try_lock(self) -> bool:
        [taken] = self._db.execute("SELECT pg_try_advisory_lock(%s)", (self._lock_number(),)).fetchone() or [False]
        return bool(taken)

    def _lock_number(self) -> int:
        return int.from_bytes(hashlib.sha256(f"duly run {self.id}".encode()).digest()[:8], signed=True)

    def _holder(self) -> str:
        [said] = self._db.execute("SELECT holder FROM about").fetchone() or [""]
        return str(said) or "another run is active"

    def _rows(self, after: int, among: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        wanted = {name: value for name, value in among.items() if value}
        where = " AND ".join(("seq > %(after)s", *(f"{name} = %({name})s AND {name} <> ''" for name in wanted)))
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
            except psycopg.Error as wrong:
                raise _unreachable(wrong) from wrong

    def _tail(self) -> Tail:
        row = self._db.execute("SELECT seq, hash, at FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Tail(*row) if row else Tail()

    def _stands(self, keys: Collection[str] | None) -> dict[str, Standing]:
        where = "" if keys is None else "WHERE key = ANY(%s)"
        rows = self._db.execute(f"{_STANDING} {where} ORDER BY key", None if keys is None else (sorted(keys),))
        return {row[0]: standing_from(row) for row in rows.fetchall()}

    def _connected(self) -> psycopg.Connection[Any]:
        db = connected(self._url)
        try:
            db.execute(f"SET search_path TO {self._schema}")
            if self._read_only:
                db.execute("SET default_transaction_read_only TO on")
            self._backend = db.execute(_BACKEND).fetchone() or ()
        except psycopg.Error as wrong:
            db.close()
            raise _unreachable(wrong) from wrong
        return db

    def _adopted(self) -> tuple[str, str]:
        try:
            row = self._db.execute("SELECT journal, environment, version FROM about").fetchone()
            first = self._db.execute(f"{_ENTRIES} WHERE seq = 1").fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as wrong:
            raise JournalFailed(
                "journal-missing", f"the database has no journal in `{self._schema}`", MISSING_HELP
            ) from wrong
        except psycopg.Error as wrong:
            raise _unreachable(wrong) from wrong
        journal, environment, version = row or ("", "", 0)
        if version != schema.VERSION:
            raise JournalFailed("journal-version", f"the journal has version {version}", "use the duly that wrote it")
        body = entry_of(first).body if first else {}
        if (body.get("journal"), body.get("environment")) != (journal, environment):
            raise JournalFailed("journal-tampered", "the journal is not the one that its first entry names", VERIFY)
        return journal, environment


def connected(url: str) -> psycopg.Connection[Any]:
    """A connection to a server that keeps what it answers; raises `JournalFailed` where there is none."""
    try:
        db: psycopg.Connection[Any] = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="duly", **_DEAD_LINE
        )
    except psycopg.Error as wrong:
        raise _unreachable(wrong) from wrong
    try:
        db.execute("SET synchronous_commit TO on")
        db.execute(f"SET lock_timeout TO '{WAIT_SECONDS}s'")
        # A transaction whose client is gone without a word lets go of its locks by itself.
        db.execute(f"SET idle_in_transaction_session_timeout TO '{WAIT_SECONDS // 2}s'")
        for name, good in SETTINGS.items():
            [value] = db.execute(f"SHOW {name}").fetchone() or [""]
            _must_be(name, str(value), good)
    except psycopg.Error as wrong:
        db.close()
        raise _unreachable(wrong) from wrong
    except BaseException:
        db.close()
        raise
    return db


def _must_be(name: str, value: str, good: Collection[str]) -> None:
    if value not in good:
        raise JournalFailed(
            "journal-setting",
            f"the server says `{name} = {value}`, so what it answers may not be kept",
            f"have it say `{next(iter(good))}`",
        )


def made(url: str, first: Draft, now: datetime) -> None:
    """Make a new journal in the database whose first entry is the draft; fails where there is one."""
    linked = link(Tail(), {}, (first,), written(now))
    body = first.body
    with contextlib.closing(connected(url)) as db:
        try:
            with db.transaction(), db.cursor() as cursor:
                cursor.execute(schema.create(schema.schema_of(str(body["environment"]))))
                cursor.execute(
                    "INSERT INTO about (one, version, journal, environment) VALUES (1, %s, %s, %s)",
                    (schema.VERSION, body["journal"], body["environment"]),
                )
                _insert(cursor, linked)
        except psycopg.errors.DuplicateSchema as wrong:
            raise JournalFailed(
                "journal-exists", "the database has a journal of this environment", "it is kept; nothing was changed"
            ) from wrong
        except psycopg.Error as wrong:
            raise _not_written(wrong) from wrong


def _insert(cursor: psycopg.Cursor[Any], linked: Linked) -> None:
    cursor.executemany(_INSERT_ENTRY, [row_of(entry) for entry in linked.entries])
    if linked.kept:
        cursor.executemany(
            "INSERT INTO personal VALUES (%s, %s, %s, %s)", [(k.seq, k.name, k.salt, k.value) for k in linked.kept]
        )
    if linked.standing:
        cursor.executemany(_UPSERT_STANDING, [standing_row(standing) for standing in linked.standing.values()])


def _first_line(wrong: Exception) -> str:
    return next(iter(str(wrong).splitlines()), type(wrong).__name__)


def _not_written(wrong: Exception) -> JournalFailed:
    return JournalFailed(
        "journal-not-written", f"the journal could not be written: {_first_line(wrong)}", _NOTHING_MORE
    )


def _unreachable(wrong: Exception) -> JournalFailed:
    return JournalFailed(
        "journal-unreachable", f"the journal's database does not answer: {_first_line(wrong)}", _NOTHING_MORE
    )
