"""A book to try things on: made up, of any size, the same for the same seed.

Customers of a fictional tool maker in two currencies: few large and many small,
most paying in time and some not at all, with part payments, credits, disputes,
promises, and what was done about it so far. Nobody in it exists: companies are
two words and a number, people are roles, addresses end in `.example`.

The rows are in `sample.sql`; this module writes them as files that `read_book`
reads without a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import duckdb

AS_OF = date(2026, 3, 31)
"""The day of the sample where none is given: fixed, so that what is printed stays the same."""


class Format(Enum):
    """How the files are written."""

    CSV = "csv"
    PARQUET = "parquet"


TABLES_WRITTEN = (
    "creditors",
    "people",
    "customers",
    "contacts",
    "invoices",
    "instalments",
    "payments",
    "credits",
    "disputes",
    "promises",
    "contacts_made",
    "orders",
    "credit_lines",
    "holds",
    "rates",
    "executed_stages",
    "requests",
    "tasks_given",
)

_BOOK = """\
# A sample book: made up, and the same for the same seed.
# Every table is the file of its name; this says the rest.
duly_book: 1
currency: USD          # of amounts that do not say theirs
creditor: orchard      # the company that is owed
tables:
{empty}"""


def write_sample(
    folder: Path, *, customers: int = 200, seed: int = 1, format_: Format = Format.CSV, as_of: date = AS_OF
) -> Mapping[str, int]:
    """Write the sample book into a new or empty folder, and say how many rows each table has.

    The same arguments write the same bytes. Raises `FileExistsError` where the
    folder has something in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        connection.execute(
            "CREATE TABLE setting AS SELECT $1::BIGINT AS seed, $2::BIGINT AS customers, $3::DATE AS as_of",
            [seed, customers, as_of],
        )
        connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        rows = {table: _write(connection, folder, table, format_) for table in TABLES_WRITTEN}
    empty = ["sales", *(table for table, count in rows.items() if count == 0)]
    book = _BOOK.format(empty="".join(f"  {table}: none\n" for table in empty))
    (folder / "book.yaml").write_text(book, encoding="utf-8", newline="\n")
    return MappingProxyType(rows)


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, table: str, format_: Format) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    if not found or not found[0]:
        return 0
    path = str(folder / f"{table}.{format_.value}")
    if format_ is Format.PARQUET:
        connection.execute(f"COPY {table} TO $1 (FORMAT parquet, COMPRESSION zstd)", [path])
        return int(found[0])
    columns = connection.execute(f"DESCRIBE {table}").fetchall()
    written = ", ".join(
        f'CASE WHEN "{name}" THEN \'yes\' WHEN NOT "{name}" THEN \'no\' END AS "{name}"'
        if type_ == "BOOLEAN"
        else f'"{name}"'
        for name, type_, *_ in columns
    )
    connection.execute(f"COPY (SELECT {written} FROM {table}) TO $1 (FORMAT csv, HEADER true)", [path])
    return int(found[0])
