"""Files of a book, from bytes to text in columns, or a refusal.

Nothing is inferred. A CSV file passes a gate over its bytes (UTF-8, no hidden
characters, whole lines to the end) and is then read as text by DuckDB's strict
reader, whose row count must be the gate's. Whatever is not plain goes through a
slow pass in Python that names every bad row and cell; bad cells are emptied and
reported, never repaired. A Parquet file says its own columns and types, and is
read lazily.

What it refuses: files outside the book's folder, anything that is not a regular
local file, archives and spreadsheets, other encodings, files cut short, headers
with repeated or hidden names, rows of another length. No name that data chose
ever stands in SQL: file names are bound, columns are `c0`, `c1`, ….
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from duly.book.columns import HIDDEN
from duly.book.connection import Connection
from duly.book.faults import Fault, explain_hidden, shown
from duly.source import Problem, Refused, Span

DATA = 4
"""The exit code of a refusal here."""

MOST_SHOWN = 100
"""At most this many rows of one file are listed."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that held a hidden character or was not UTF-8; it was emptied. `column` counts from 0."""

    row: int
    column: int
    value: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as text in columns: a relation with columns `c0`, `c1`, … and `row`, the header being row 1.

    `relation` is SQL with the parameters `parameters`. `types` are the columns'
    SQL types, VARCHAR throughout for CSV.
    """

    shown: str
    headers: tuple[str, ...]
    types: tuple[str, ...]
    relation: str
    parameters: dict[str, str]
    digest: str
    bad_cells: tuple[BadCell, ...] = ()
    path: Path | None = None
    stamp: tuple[int, int] = (0, 0)
    """Size and time of change when it was first looked at."""


_OTHER_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"%PDF", "a PDF"),
)
_OTHER_ENCODINGS = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_file(connection: Connection, path: Path, name: str, table: str, delimiter: str) -> RawFile:
    """The file as text in columns; `name` is how messages call it, `table` an SQL name for its rows.

    Raises `Refused` with what is wrong with the file as a whole.
    """
    stamp = _stamp(path)
    with path.open("rb") as file:
        start = file.read(8)
    for magic, what in _OTHER_FORMATS:
        if start.startswith(magic):
            raise _refused("not-a-table", name, 1, f"the file is {what}", "bring a CSV or Parquet file")
    read = _read_parquet if start.startswith(b"PAR1") else _read_csv
    return replace(read(connection, path, name, table, delimiter), path=path, stamp=stamp)


def refuse_changed(files: Iterable[RawFile]) -> None:
    """Refuse files that changed since they were first looked at: what was checked is not what was read."""
    changed = {raw.shown for raw in files if raw.path and _stamp(raw.path) != raw.stamp}
    if changed:
        help_ = "wait until the export has ended, and run again"
        message = "the file changed while it was read"
        raise Refused([Problem("changed-while-read", Span(name, 1, 1), message, help_) for name in changed], DATA)


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change; a file that is gone has neither."""
    try:
        seen = path.stat()
    except OSError:
        return (0, 0)
    return (seen.st_size, seen.st_mtime_ns)


def _refused(rule: str, name: str, row: int, message: str, help_: str, column: int = 1) -> Refused:
    return Refused([Problem(rule, Span(name, row, column), message, help_)], DATA)


# Parquet.


def _read_parquet(connection: Connection, path: Path, name: str, table: str, _delimiter: str) -> RawFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    parameter = f"file_{table}"
    call = f"read_parquet(${parameter}, file_row_number=true, hive_partitioning=false, union_by_name=false)"
    try:
        columns = connection.execute(f"DESCRIBE SELECT * FROM {call}", {parameter: str(path)}).fetchall()
        rows = connection.execute(f"SELECT count(*) FROM {call}", {parameter: str(path)}).fetchone()
    except duckdb.Error:
        help_ = "export it again; a file that was cut short looks like this"
        raise _refused("not-a-table", name, 1, "the file is not readable as Parquet", help_) from None
    headers = tuple(str(column[0]) for column in columns[:-1])
    _check_headers(headers, name)
    if not rows or not rows[0]:
        raise _no_rows(name, table)
    names = ", ".join(f"c{index}" for index in range(len(headers)))
    relation = f"(SELECT {names}, n + 2 AS row FROM {call} AS f({names}, n))"
    types = tuple(str(column[1]) for column in columns[:-1])
    return RawFile(name, headers, types, relation, {parameter: str(path)}, digest)


# CSV.


def _read_csv(connection: Connection, path: Path, name: str, table: str, delimiter: str) -> RawFile:
    gate = _pass_gate(path, name, delimiter)
    headers = _headers(gate.first_line, name, delimiter)
    bad_cells: tuple[BadCell, ...] = ()
    if gate.rows == 0:
        raise _no_rows(name, table)
    if not (gate.plain and _load(connection, path, table, len(headers), delimiter, gate.newline, gate.rows)):
        with _rewritten(path, name, len(headers), delimiter) as (clean, rows, bad_cells):
            if not _load(connection, clean, table, len(headers), ",", "\n", rows):
                raise _refused(
                    "not-a-table",
                    name,
                    1,
                    "the file cannot be read as CSV",
                    'export it again, with `"` around texts that hold the delimiter',
                )
    names = ", ".join(f"c{index}" for index in range(len(headers)))
    relation = f"(SELECT {names}, rowid + 2 AS row FROM {table})"
    return RawFile(name, headers, ("VARCHAR",) * len(headers), relation, {}, gate.digest, bad_cells)


def _no_rows(name: str, table: str) -> Refused:
    help_ = f"declare the table empty on purpose, `{table.removeprefix('raw_')}: none`, or export it again"
    return _refused("empty-file", name, 1, "the file has a header and no rows", help_)


def _load(connection: Connection, path: Path, table: str, width: int, delimiter: str, newline: str, rows: int) -> bool:
    """Load the text of a plain file into the table; False where DuckDB sees other rows than the gate did."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(width))
    line_end = "\\r\\n" if newline == "\r\n" else "\\n"
    strictly = "auto_detect=false, strict_mode=true, null_padding=false, compression='none', hive_partitioning=false"
    layout = f"header=false, skip=1, delim=$delimiter, quote='\"', escape='\"', new_line='{line_end}'"
    call = f"read_csv($path, columns={{{columns}}}, {layout}, {strictly})"
    try:
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {call}", {"path": str(path), "delimiter": delimiter}
        )
    except duckdb.Error:
        return False
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return found == (rows,)


@dataclass(frozen=True, slots=True)
class _Gate:
    """What the bytes of a CSV file say: `plain` where each line is one row and every character is honest."""

    digest: str
    first_line: bytes
    rows: int
    newline: str
    plain: bool


_CHUNK = 1 << 22


def _pass_gate(path: Path, name: str, delimiter: str) -> _Gate:
    digest = hashlib.sha256()
    first_line = b""
    lines = returns = ends = 0
    plain = True
    for chunk in _line_chunks(path, name):
        digest.update(chunk)
        if not lines:
            first_line = chunk[: chunk.index(b"\n") + 1]
            for mark, encoding in _OTHER_ENCODINGS:
                if first_line.startswith(mark):
                    raise _refused("not-utf-8", name, 1, f"the file is {encoding}", "save it as UTF-8")
        lines += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        ends += chunk.count(b"\r\n")
        plain = plain and _is_plain(chunk, delimiter.encode())
    return _Gate(
        digest.hexdigest(),
        first_line,
        lines - 1,
        "\r\n" if returns else "\n",
        plain and returns == ends and ends in {0, lines},
    )


def _line_chunks(path: Path, name: str) -> Iterator[bytes]:
    """The file in chunks of whole lines; a file without an end to its last line is refused."""
    lines = 0
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            whole, newline, tail = block.rpartition(b"\n")
            if newline:
                chunk = rest + whole + newline
                rest = tail
                lines += chunk.count(b"\n")
                yield chunk
            else:
                rest += block
    if rest:
        for mark, encoding in _OTHER_ENCODINGS:
            if not lines and rest.startswith(mark):
                raise _refused("not-utf-8", name, 1, f"the file is {encoding}", "save it as UTF-8")
        help_ = "the last line has no end, so the file may have been cut inside a number; export it again"
        raise _refused("truncated", name, lines + 1, "the file ends in the middle of a line", help_)
    if not lines:
        help_ = "declare the table empty on purpose with `none`, or export it again"
        raise _refused("empty-file", name, 1, "the file is empty", help_)


_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\n\r\t") + b"\x7f"
_HIDDEN_IN_LINES = re.compile(HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f"))


def _is_plain(chunk: bytes, delimiter: bytes) -> bool:
    """Say whether the lines hold no hidden character, no blank line and only quotes around whole cells."""
    if len(chunk.translate(None, _CONTROLS)) != len(chunk) or (delimiter != b"\t" and b"\t" in chunk):
        return False
    if b"\n\n" in chunk or b"\n\r\n" in chunk or chunk.startswith((b"\n", b"\r\n")):
        return False
    if not chunk.isascii():
        try:
            text = chunk.decode("utf-8-sig")
        except UnicodeDecodeError:
            return False
        if _HIDDEN_IN_LINES.search(text):
            return False
    return b'"' not in chunk or _quotes_are_plain(chunk.removeprefix(_BYTE_ORDER_MARK), delimiter)


def _quotes_are_plain(chunk: bytes, delimiter: bytes) -> bool:
    """Say whether quotes open at the start of a cell, close at its end, and no cell runs over a line."""
    pieces = chunk.split(b'"')
    if len(pieces) % 2 == 0 or b"\n" in b"".join(pieces[1::2]):
        return False
    before, after = delimiter + b"\n", delimiter + b"\r\n"
    outside = pieces[2:-1:2]
    if (pieces[0] and pieces[0][-1] not in before) or pieces[-1][:1] not in {bytes((byte,)) for byte in after}:
        return False
    # An empty piece outside quotes is the middle of a doubled quote, which stays inside its cell.
    return all(not piece or (piece[0] in after and piece[-1] in before) for piece in outside)


def _headers(line: bytes, name: str, delimiter: str) -> tuple[str, ...]:
    try:
        text = line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _refused("not-utf-8", name, 1, "the header is not UTF-8", "save the file as UTF-8") from None
    try:
        (headers,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise _refused(
            "bad-header",
            name,
            1,
            "the header cannot be read as CSV",
            "write the columns' names, the delimiter between them",
        ) from None
    _check_headers(tuple(headers), name)
    return tuple(headers)


def _check_headers(headers: tuple[str, ...], name: str) -> None:
    problems = []
    for index, header in enumerate(headers):
        place = Span(name, 1, index + 1)
        if header in headers[:index]:
            first = headers.index(header) + 1
            problems.append(
                Problem(
                    "duplicate-column",
                    place,
                    f"two columns are called `{shown(header)}`, the first is column {first}",
                    "rename one of them; which is meant cannot be told",
                )
            )
        elif not header.strip():
            problems.append(Problem("bad-header", place, f"column {index + 1} has no name", "name it, or take it out"))
        elif HIDDEN.search(header):
            problems.append(
                Problem(
                    "bad-header", place, f"the name `{shown(header)}` holds a hidden character", "rename the column"
                )
            )
    if problems:
        raise Refused(problems, DATA)


@contextmanager
def _rewritten(path: Path, name: str, width: int, delimiter: str) -> Iterator[tuple[Path, int, tuple[BadCell, ...]]]:
    """A plain copy of a file that is not, gone afterwards, with its rows counted and the bad cells emptied in it."""
    handle, copy = tempfile.mkstemp(suffix=".csv")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            rows, bad_cells = _rewrite(
                path, name, width, delimiter, csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
            )
        yield Path(copy), rows, bad_cells
    finally:
        Path(copy).unlink()


def _rewrite(
    path: Path, name: str, width: int, delimiter: str, write: Callable[[list[str]], object]
) -> tuple[int, tuple[BadCell, ...]]:
    bad_cells: list[BadCell] = []
    ragged: list[Problem] = []
    row = 0
    headers: list[str] = []
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for row, cells in enumerate(reader, 1):
                if row == 1:
                    headers = cells
                if len(cells) != width:
                    ragged.append(_ragged(name, row, len(cells), width))
                    continue
                for index, cell in enumerate(cells):
                    if not cell.isprintable() and (hidden := HIDDEN.search(cell)):
                        bad_cells.append(
                            BadCell(row, index, cell, explain_hidden(hidden[0], f"`{shown(headers[index])}`"))
                        )
                        cells[index] = ""
                write(cells)
        except csv.Error:
            help_ = 'write `"` around texts that hold the delimiter or quotes, and double the quotes inside'
            raise _refused("bad-row", name, row + 1, "the quotes of this row cannot be made out", help_) from None
    if ragged:
        more = len(ragged) - MOST_SHOWN
        rest = (
            [Problem("ragged-row", Span(name, row + 1, 1), f"and {more:,} more rows of another length")]
            if more > 0
            else []
        )
        raise Refused([*ragged[:MOST_SHOWN], *rest], DATA)
    return row - 1, tuple(bad_cells)


def _ragged(name: str, row: int, cells: int, width: int) -> Problem:
    if cells == 0:
        return Problem("ragged-row", Span(name, row, 1), "the row is blank", "take it out")
    help_ = 'write `"` around texts that hold the delimiter; a file that was cut looks like this as well'
    return Problem("ragged-row", Span(name, row, 1), f"the row has {cells} cells, the header {width}", help_)
