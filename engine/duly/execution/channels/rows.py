"""Rows of a table of the book as compare-and-set: changed only where they stand as the plan took them to stand.

What stood before goes into the reply, hence into the journal. Where it stands
otherwise, someone else has changed it, and it is left as it is.

The rows are a CSV file or a table of an SQLite database with the book's columns. What
they are and which change is made of a wish is the business of each channel
(`holds`, `limits`).
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from duly.execution.channels.files import stage
from duly.execution.channels.parcels import checked_key, digest_of
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown

A_DAY = 86_400

MOST_FILE = 100_000_000

R = TypeVar("R")


class Unreadable(Exception):
    """The rows cannot be read, or have changed since they were read."""


@dataclass(frozen=True, slots=True)
class Columns(Generic[R]):
    """What a row is in a file: its columns in their order, and the way there and back.

    `usual` has what a column stands for where the file leaves it out or a row leaves it
    empty, as in the book. `made` raises `Unreadable`, naming the file or table that it is given.
    """

    names: tuple[str, ...]
    order_by: str
    made: Callable[[Sequence[str], str], R]
    cells: Callable[[R], Sequence[str]]
    usual: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def by_name(self, row: R) -> dict[str, str]:
        """The row as it is written."""
        return dict(zip(self.names, self.cells(row), strict=True))


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """A row to put in the place of another, or a new row where there is none; `before` is what stood, in words."""

    old: R | None
    new: R
    before: str


class RowStore(Protocol[R]):
    """Where the rows are kept. `Unreadable` is raised for what it cannot make out, `OSError` for what fails."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep others of us out."""

    def rows(self) -> Sequence[R]:
        """All rows."""

    def put(self, change: Change[R], no_return: Callable[[], None]) -> None:
        """Make the change durable if all stands as it was read, calling `no_return` at the last moment before."""


class RowsChannel(ABC, Generic[R]):
    """The place where the rows of one table of the book are kept.

    `file` is the file that it writes, None where there is none: it may be one of the book's.
    """

    def __init__(self, name: str, store: RowStore[R], *, shown: str) -> None:
        self._name = name
        self._store = store
        self._shown = shown
        self.file: Path | None = store.path if isinstance(store, RowFile) else None

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """What stands in the book decides what a customer gets."""
        return True

    @property
    def is_idempotent(self) -> bool:
        """What stands as wished is left as it is."""
        return True

    @property
    def confirms_by_hand(self) -> bool:
        """What is written is in force."""
        return False

    @property
    def per_minute(self) -> int:
        """No limit."""
        return 0

    @abstractmethod
    def wish_of(self, deed: Deed) -> Mapping[str, object]:
        """What is wished for, as plain JSON; raises `Unsendable`."""

    @abstractmethod
    def change_for(self, rows: Sequence[R], wish: Mapping[str, object]) -> Change[R] | Accepted | Deferred | Failed:
        """The change that a wish comes to, or why none is made; `TypeError` or `ValueError` for what is no wish."""

    def pack(self, deed: Deed) -> Parcel:
        """The change that is wished for; raises `Unsendable`."""
        content = json.dumps(self.wish_of(deed), sort_keys=True, ensure_ascii=True).encode()
        key = checked_key(deed.action)
        return Parcel(key, self.name, (self._shown,), content, digest_of(content), content.decode())

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Make the change, if all stands as it should."""
        wish = json.loads(parcel.content)
        past = _Past(no_return)
        try:
            with self._store.locked():
                change = self.change_for(self._store.rows(), wish)
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
        """Whether it stands as wished on the day."""
        del digest
        try:
            wish = json.loads(reference)
            with self._store.locked():
                found = self.change_for(self._store.rows(), wish)
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


class RowFile(Generic[R]):
    """The rows as a CSV file with the columns of the book, and perhaps others, which stay as they are."""

    def __init__(self, path: Path, columns: Columns[R]) -> None:
        self._path = path
        self._columns = columns
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

    def rows(self) -> Sequence[R]:
        """All rows of the file."""
        self._read = self._path.read_bytes()
        return [row for _, row in self._parsed(self._read)[1]]

    def put(self, change: Change[R], no_return: Callable[[], None]) -> None:
        """Write the file anew with the change and put it in the old one's place."""
        header, parsed = self._parsed(self._read)
        records = [record for record, _ in parsed]
        new = self._columns.by_name(change.new)
        if change.old is None:
            for column, usual in self._columns.usual.items():
                if column not in header and new[column] != usual:
                    raise Unreadable(f"`{self._path.name}` has no column `{column}`")
            records.append([new.get(column, "") for column in header])
        else:
            at = next(i for i, (_, row) in enumerate(parsed) if row == change.old)
            before = self._columns.by_name(change.old)
            for column in (name for name in new if new[name] != before[name]):
                records[at][header.index(column)] = new[column]
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

    def _parsed(self, content: bytes) -> tuple[list[str], list[tuple[list[str], R]]]:
        if len(content) > MOST_FILE:
            raise Unreadable(f"`{self._path.name}` is too large")
        try:
            text = content.decode("utf-8-sig")
            header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            raise Unreadable(f"`{self._path.name}` cannot be read: {error}") from None
        if missing := set(self._columns.names) - set(header) - set(self._columns.usual):
            raise Unreadable(f"`{self._path.name}` has no column `{min(missing)}`")
        if len(set(header)) < len(header) or any(len(record) != len(header) for record in records):
            raise Unreadable(f"`{self._path.name}` has rows or columns that do not fit its header")
        rows = []
        for record in records:
            cells = dict(zip(header, record, strict=True))
            cells |= {name: cells.get(name) or usual for name, usual in self._columns.usual.items()}
            rows.append((record, self._columns.made([cells[name] for name in self._columns.names], self._path.name)))
        return header, rows


class RowTable(Generic[R]):
    """The rows as a table of an SQLite database with the columns of the book."""

    def __init__(self, path: Path, table: str, columns: Columns[R]) -> None:
        self._path = path
        self._table = _quoted(table)
        self._columns = columns
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

    def rows(self) -> Sequence[R]:
        """All rows of the table."""
        names = ", ".join(map(_quoted, self._columns.names))
        found = self._open().execute(
            f"SELECT {names} FROM {self._table} ORDER BY {_quoted(self._columns.order_by)}, rowid"
        )
        return [self._columns.made(["" if cell is None else str(cell) for cell in row], "the table") for row in found]

    def put(self, change: Change[R], no_return: Callable[[], None]) -> None:
        """Insert or update one row, and commit."""
        connection = self._open()
        new = self._columns.by_name(change.new)
        if change.old is None:
            names, places = ", ".join(map(_quoted, new)), ", ".join("?" * len(new))
            row = [cell or None for cell in new.values()]
            connection.execute(f"INSERT INTO {self._table} ({names}) VALUES ({places})", row)
        else:
            old = self._columns.by_name(change.old)
            changed = [name for name in new if new[name] != old[name]]
            done = connection.execute(
                f"UPDATE {self._table} SET {', '.join(f'{_quoted(name)} = ?' for name in changed)}"
                f" WHERE {' AND '.join(f'''COALESCE({_quoted(name)}, '') = ?''' for name in old)}",
                [*(new[name] or None for name in changed), *old.values()],
            )
            if done.rowcount != 1:
                raise Unreadable("the table has the same row twice")
        no_return()
        connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unreadable("the table is not open")
        return self._connection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
