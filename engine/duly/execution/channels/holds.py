"""Credit holds and releases as compare-and-set: changed only where they stand as the plan took them to stand.

A hold is placed where none is in force and released where exactly one is. What
stood before goes into the reply, hence into the journal. Where it stands
otherwise, someone else has changed it, and it is left as it is. One account's
hold changes at most once a day, so that two policies, or a payment and its
bounce, cannot make it flap; only a person may take back on the same day what was
placed in error.

The holds are a CSV file or a table of an SQLite database with the book's columns.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Protocol

from duly.book.mapping import DEFAULT_CREDITOR
from duly.execution.channels.files import stage
from duly.execution.channels.mail import moment_of
from duly.execution.channels.parcels import checked_key, digest_of
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown, Unsendable
from duly.plan.plan import Kind

A_DAY = 86_400

UNDO = "cancel_hold"
"""The task of a release with which a person takes a hold back."""

MOST_FILE = 100_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the book's `holds`: an ISO day for when it was placed, and one for when it was released, if it was."""

    customer: str
    creditor: str
    hold: str
    placed_on: str
    released_on: str = ""

    def __str__(self) -> str:
        released = f", released {self.released_on}" if self.released_on else ""
        return f"placed {self.placed_on}{released}"


COLUMNS = tuple(field.name for field in fields(Held))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with one account's hold on a day; `undoes` is a person's taking back of what was placed."""

    customer: str
    creditor: str
    hold: str
    place: bool
    day: str
    undoes: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A row to put in the place of another, or a new row where there is none; `before` is what stood, in words."""

    old: Held | None
    new: Held
    before: str


def change_for(rows: Sequence[Held], wish: Wish) -> Change | Accepted | Deferred | Failed:
    """The change that a wish comes to, or why none is made."""
    own = [row for row in rows if (row.customer, row.creditor, row.hold) == (wish.customer, wish.creditor, wish.hold)]
    in_force = [row for row in own if not row.released_on]
    before = "; ".join(map(str, own[-2:])) or "never placed"
    wanted = Held(wish.customer, wish.creditor, wish.hold, wish.day)
    if wish.place and in_force == [wanted]:
        return Accepted(f"placed {wish.day} already")
    if not wish.place and not in_force and any(row.released_on == wish.day for row in own):
        return Accepted(f"released {wish.day} already")
    if any(max(row.placed_on, row.released_on) > wish.day for row in own):
        return Failed(f"changed by someone else: {before}, which is later than {wish.day}")
    placed_in_error = wish.undoes and in_force == [wanted] and not any(row.released_on == wish.day for row in own)
    if any(wish.day in {row.placed_on, row.released_on} for row in own) and not placed_in_error:
        return Deferred(f"changed once on {wish.day}: {before}", A_DAY)
    if wish.place:
        if in_force:
            return Failed(f"changed by someone else: {before}")
        return Change(None, wanted, before)
    if len(in_force) != 1:
        return Failed(f"changed by someone else: {before}")
    return Change(in_force[0], replace(in_force[0], released_on=wish.day), before)


class HoldStore(Protocol):
    """Where the holds are kept. `Unreadable` is raised for what it cannot make out, `OSError` for what fails."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep others of us out."""

    def rows(self) -> Sequence[Held]:
        """All holds."""

    def put(self, change: Change, no_return: Callable[[], None]) -> None:
        """Make the change durable if all stands as it was read, calling `no_return` at the last moment before."""


class Unreadable(Exception):
    """The holds cannot be read, or have changed since they were read."""


class HoldsChannel:
    """The place where credit holds are kept.

    `file` is the file that it writes, None where there is none: it may be one of the book's.
    """

    def __init__(self, name: str, store: HoldStore, *, shown: str) -> None:
        self._name = name
        self._store = store
        self._shown = shown
        self.file: Path | None = store.path if isinstance(store, HoldFile) else None

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """A hold stops a customer's orders."""
        return True

    @property
    def is_idempotent(self) -> bool:
        """A hold that stands as wished is left as it is."""
        return True

    @property
    def confirms_by_hand(self) -> bool:
        """What is written is in force."""
        return False

    @property
    def per_minute(self) -> int:
        """No limit."""
        return 0

    def pack(self, deed: Deed) -> Parcel:
        """The change that is wished for; raises `Unsendable`."""
        action = deed.action
        if action.kind not in {Kind.HOLD, Kind.RELEASE}:
            raise Unsendable("not-a-hold", f"a {action.kind.value} is not a hold")
        wish = Wish(
            action.customer,
            action.creditor,
            action.stage,
            place=action.kind is Kind.HOLD,
            day=moment_of(deed).date().isoformat(),
            undoes=action.task == UNDO,
        )
        content = json.dumps(asdict(wish), sort_keys=True, ensure_ascii=True).encode()
        return Parcel(checked_key(action), self.name, (self._shown,), content, digest_of(content), content.decode())

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Change the hold, if it stands as it should."""
        wish = Wish(**json.loads(parcel.content))
        past = _Past(no_return)
        try:
            with self._store.locked():
                change = change_for(self._store.rows(), wish)
                match change:
                    case Accepted():
                        past()
                        return change
                    case Deferred() | Failed():
                        return change
                    case Change():
                        self._store.put(change, past)
                        return Accepted(f"{change.new}; before: {change.before}")
        except Unreadable as unreadable:
            return Failed(str(unreadable), all=True)
        except (OSError, sqlite3.Error) as error:
            if past.failed:
                raise
            if past.called:
                return Unknown(f"cannot write `{self._shown}`: {error}")
            return Deferred(f"cannot write `{self._shown}`: {error}", all=True)

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """Whether the hold stands as wished on the day."""
        del digest
        try:
            wish = Wish(**json.loads(reference))
            with self._store.locked():
                found = change_for(self._store.rows(), wish)
        except (ValueError, TypeError, OSError, sqlite3.Error, Unreadable):
            return None
        return found if isinstance(found, Accepted) else None

    def close(self) -> None:
        """Nothing is kept open."""


class _Past:
    """The point of no return, and whether it was reached or could not be recorded."""

    def __init__(self, no_return: Callable[[], None]) -> None:
        self._no_return = no_return
        self.called = False
        self.failed = False

    def __call__(self) -> None:
        self.failed = True
        self._no_return()
        self.failed = False
        self.called = True


class HoldFile:
    """The holds as a CSV file with the columns of the book, and perhaps others, which stay as they are.

    As in the book, the creditor may be left out where there is one: `creditor` is its id.
    """

    def __init__(self, path: Path, creditor: str = DEFAULT_CREDITOR) -> None:
        self._path = path
        self._creditor = creditor
        self._read = b""

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a lock beside the file, which is replaced and so cannot carry one itself."""
        handle = os.open(
            self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def rows(self) -> Sequence[Held]:
        """All holds of the file."""
        self._read = self._path.read_bytes()
        return [held for _, held in self._parsed(self._read)[1]]

    def put(self, change: Change, no_return: Callable[[], None]) -> None:
        """Write the file anew with the change and put it in the old one's place."""
        header, parsed = self._parsed(self._read)
        records = [record for record, _ in parsed]
        new = dict(zip(COLUMNS, astuple(change.new), strict=True))
        if change.old is None:
            if "creditor" not in header and change.new.creditor != self._creditor:
                raise Unreadable(f"`{self._path.name}` has no column `creditor`")
            records.append([new.get(column, "") for column in header])
        else:
            at = next(i for i, (_, held) in enumerate(parsed) if held == change.old)
            records[at][header.index("released_on")] = change.new.released_on
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n" if b"\r\n" in self._read else "\n").writerows([header, *records])
        mark = b"\xef\xbb\xbf" if self._read.startswith(b"\xef\xbb\xbf") else b""
        mode = self._path.stat().st_mode & 0o777
        with stage(self._path.parent, self._path.name, mark + text.getvalue().encode()) as staged:
            staged.part.chmod(mode)
            if self._path.read_bytes() != self._read:
                raise Unreadable(f"`{self._path.name}` was changed by someone else meanwhile")
            no_return()
            staged.show()

    def _parsed(self, content: bytes) -> tuple[list[str], list[tuple[list[str], Held]]]:
        if len(content) > MOST_FILE:
            raise Unreadable(f"`{self._path.name}` is too large")
        try:
            text = content.decode("utf-8-sig")
            header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            raise Unreadable(f"`{self._path.name}` cannot be read: {error}") from None
        if missing := set(COLUMNS) - set(header) - {"creditor"}:
            raise Unreadable(f"`{self._path.name}` has no column `{min(missing)}`")
        if len(set(header)) < len(header) or any(len(record) != len(header) for record in records):
            raise Unreadable(f"`{self._path.name}` has rows or columns that do not fit its header")
        rows = []
        for record in records:
            cells = {"creditor": ""} | dict(zip(header, record, strict=True))
            cells["creditor"] = cells["creditor"] or self._creditor
            rows.append((record, _held([cells[column] for column in COLUMNS], self._path.name)))
        return header, rows


class HoldTable:
    """The holds as a table of an SQLite database with the columns of the book."""

    def __init__(self, path: Path, table: str) -> None:
        self._path = path
        self._table = '"' + table.replace('"', '""') + '"'
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One transaction that keeps all other writers out."""
        uri = f"file:{str(self._path).replace('?', '%3f').replace('#', '%23')}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            self._connection = connection
            try:
                yield
            finally:
                self._connection = None
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")

    def rows(self) -> Sequence[Held]:
        """All holds of the table."""
        found = self._open().execute(f"SELECT {', '.join(COLUMNS)} FROM {self._table} ORDER BY placed_on, rowid")
        return [_held([cell or "" for cell in row], "the table") for row in found]

    def put(self, change: Change, no_return: Callable[[], None]) -> None:
        """Insert or update one row, and commit."""
        connection = self._open()
        new = [cell or None for cell in astuple(change.new)]
        if change.old is None:
            connection.execute(f"INSERT INTO {self._table} ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?)", new)
        else:
            done = connection.execute(
                f"UPDATE {self._table} SET released_on = ? WHERE customer = ? AND creditor = ? AND hold = ?"
                " AND placed_on = ? AND COALESCE(released_on, '') = ''",
                [new[-1], *astuple(change.old)[:-1]],
            )
            if done.rowcount != 1:
                raise Unreadable("the table has the same hold twice")
        no_return()
        connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unreadable("the table is not open")
        return self._connection


def _held(cells: Sequence[object], where: str) -> Held:
    customer, creditor, hold, placed_on, released_on = map(str, cells)
    for day in (placed_on, released_on):
        try:
            good = not day or date.fromisoformat(day).isoformat() == day
        except ValueError:
            good = False
        if not good or not placed_on:
            raise Unreadable(f"`{where}` has a hold of `{customer}` without an ISO day")
    return Held(customer, creditor, hold, placed_on, released_on)
