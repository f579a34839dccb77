"""Bad rows: found in SQL, told in words, and set aside where that is asked for.

A finding is a cell that cannot be used: its table, row, column and text, and the
name of what is wrong (empty for text that its column's parser refused). All are
counted; the first hundred are told. With a quarantine, every customer with a
finding is set aside whole, and with it whoever pays for it or whom it pays for,
so that everybody else's rows are what they were.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from duly.book.book import SetAside
from duly.book.columns import DateFormat, Written, value_sql
from duly.book.connection import Connection
from duly.book.faults import Fault, explain, shown
from duly.book.staging import Staged, run, text_of
from duly.book.strict import DATA, MOST_SHOWN, BadCell
from duly.book.tables import TABLES, Column, Kind
from duly.money import format_minor
from duly.source import Problem, Refused, Severity, Span

Tables = Mapping[str, Staged]


def create_findings(connection: Connection) -> None:
    """Create the table that every check adds to."""
    texts = ", ".join(f"{name} VARCHAR" for name in ("tab", "col", "rule", "value", "note", "customer"))
    connection.execute(f"CREATE TABLE findings (row BIGINT, {texts})")


def add_findings(
    connection: Connection,
    table: str,
    column: str,
    rule: str,
    value: str,
    note: str,
    rows: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
) -> None:
    """Add a finding for each row that `rows`, a FROM clause whose `c` is the row's, gives; all but names is SQL."""
    add_all(connection, f"SELECT c.row, '{table}', '{column}', {rule}, {value}, {note} {rows}", parameters)


def add_all(connection: Connection, found: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> None:
    """Add the findings that a query gives: row, table, column, rule, value and note."""
    connection.execute(f"INSERT INTO findings (row, tab, col, rule, value, note) {found}", parameters)


def find_hidden(connection: Connection, staged: Staged) -> None:
    """Add the cells that were emptied for a hidden character, in the rows that the table took."""
    name = staged.table.name
    cells = [(cell.row, _column_name(staged, cell), str(number)) for number, cell in enumerate(staged.raw.bad_cells)]
    if cells:
        add = f"INSERT INTO findings (row, tab, col, rule, value, note) SELECT $1, '{name}', $2, 'hidden', $3, ''"
        connection.executemany(add, cells)
        not_taken = f"tab = '{name}' AND rule = 'hidden' AND row NOT IN (SELECT row FROM {name})"
        connection.execute(f"DELETE FROM findings WHERE {not_taken}")


def _column_name(staged: Staged, cell: BadCell) -> str:
    named = (name for name, source in staged.cells.items() if source.file_column == cell.column + 1)
    return next(named, staged.raw.headers[cell.column])


def find_unread(connection: Connection, staged: Staged, into: str = "") -> None:
    """Add the cells whose text their column's parser refused, or that are missing and must not be."""
    table = into or staged.table.name
    found = connection.execute(f"SELECT bit_or(mask) FROM {table}").fetchone()
    bits = found[0] if found and found[0] else 0
    for index, column in enumerate(staged.table.columns):
        if not bits & 1 << index:
            continue
        name = staged.table.name
        currency = "b.currency" if any(c.name == "currency" for c in staged.table.columns) else "''"
        told = f"SELECT 1 FROM findings AS f WHERE f.tab = '{name}' AND f.row = b.row AND f.col = '{column.name}'"
        run(
            connection,
            f"""
            INSERT INTO findings (row, tab, col, rule, value, note)
            SELECT b.row, '{name}', '{column.name}', '', r.text, coalesce({currency}, '')
            FROM {table} AS b
            JOIN (SELECT row, {text_of(staged, column.name)} AS text FROM {staged.raw.relation} AS raw) AS r
                ON r.row = b.row
            WHERE b.mask & {1 << index} <> 0 AND NOT EXISTS ({told})
            """,
            staged.parameters,
        )


def count(connection: Connection) -> int:
    """How many findings there are."""
    found = connection.execute("SELECT count(*) FROM findings").fetchone()
    return int(found[0]) if found else 0


def name_customers(connection: Connection, tables: Tables) -> None:
    """Say for each finding whose row it is, where that can be told."""
    for (name,) in connection.execute("SELECT DISTINCT tab FROM findings").fetchall():
        match tables[name].table.who:
            case "customer":
                own = f"SELECT row, customer FROM {name}"
            case "invoice":
                own = f"SELECT t.row, i.customer FROM {name} AS t JOIN known_invoices AS i ON i.invoice = t.invoice"
            case _:
                continue
        connection.execute(
            f"UPDATE findings SET customer = o.customer FROM ({own}) AS o WHERE tab = '{name}' AND findings.row = o.row"
        )


# In words.

SAID: dict[str, tuple[str, str]] = {
    "duplicate-key": (
        "`{value}` in `{column}` stands in row {note} already",
        "keep one of the rows, or give each its own id",
    ),
    "id-case": (
        "`{value}` in `{column}` differs from `{note}` only in capitals",
        "if both are meant, rename one; ids that look alike get confused",
    ),
    "unknown-reference": ("`{value}` in `{column}` is not in `{note}`", "add it to `{note}`, or correct the id"),
    "other-customer": (
        "invoice `{value}` is customer `{note}`'s",
        "name the customer that owes the invoice, or leave the invoice out",
    ),
    "other-creditor": (
        "invoice `{value}` is owed to `{note}`",
        "name the creditor of the invoice, or leave the creditor out",
    ),
    "other-currency": (
        "the invoice is in {note}, this in {value}",
        "bring the amount that was applied, in the invoice's currency",
    ),
    "instalments-sum": (
        "the instalments add up to {value}, the invoice is over {note}",
        "make the parts add up to the invoice",
    ),
    "due-before-invoice": (
        "`{column}` {value} is before `invoice_date` {note}",
        "correct the day, or say `due_before_invoice: accept` for `invoices` in `book.yaml`",
    ),
    "days-out-of-order": ("`{column}` {value} is before {note}", "correct one of the days"),
    "same-currency": ("a rate from {value} to {value}", "take the row out"),
    "parent-cycle": ("the customer's parents lead back to the customer", "correct `parent`"),
    "no-parent": ("the parent pays, but there is no parent", "fill `parent` in, or take `parent_pays` out"),
    "value-varies": (
        "`{column}` of customer `{note}` is `{value}` here and something else before",
        "say for `customers` in `book.yaml` which row counts: `{column}: {{column: …, where_it_varies: last}}`",
    ),
    "address-confusable": (
        "the domain of `{value}` stands for letters of different scripts",
        "letters of two scripts look alike here; ask the customer, and type the address anew",
    ),
    "set-aside-with": ("paid for by customer `{note}`, or paying for it", "put the rows of `{note}` right"),
}
"""What is wrong and what to do, by the name of a finding, about its column, its text and a note."""


def told(connection: Connection, tables: Tables, book: Span, currency: str) -> list[Problem]:
    """The first findings as problems, in the order of tables and rows, with the count where there are more."""
    offers = _date_offers(connection, tables)
    rows = connection.execute(
        f"SELECT tab, row, col, rule, value, note FROM findings ORDER BY tab, row, col, rule LIMIT {MOST_SHOWN}"
    ).fetchall()
    problems = []
    for tab, row, col, rule, value, note in rows:
        fault = _fault(tables[tab], col, rule, value, note or currency, offers)
        problems.append(Problem(fault.rule, tables[tab].place(row, col), f"{fault.message}", fault.help))
    if (all_ := count(connection)) > len(problems):
        message = f"{all_:,} cells cannot be used; the first {len(problems)} are shown"
        problems.append(
            Problem("many-bad-rows", book, message, "look for one cause: a wrong `dates`, `delimiter` or column")
        )
    return problems


Offers = Mapping[tuple[str, str], str]
"""For a table and column whose days are written otherwise than declared: what to do about it."""


def _date_offers(connection: Connection, tables: Tables) -> Offers:
    """The line to write in `book.yaml`, where a column's own values prove how its days are written."""
    offers = {}
    for tab, col in connection.execute("SELECT DISTINCT tab, col FROM findings WHERE rule = ''").fetchall():
        staged = tables[tab]
        cell = staged.cells.get(col)
        if cell is None or not cell.file_column or staged.table.column(col).kind is not Kind.DATE:
            continue
        fits = [format_ for format_ in DateFormat if _all_days(connection, staged, col, format_)]
        ways = " and as ".join(format_.value for format_ in fits)
        if len(fits) == 1:
            header = shown(staged.raw.headers[cell.file_column - 1])
            line = f"`columns: {{{col}: {{column: {header}, dates: {ways}}}}}`"
            offers[tab, col] = f"every day of the column is written {ways}: say so for `{tab}` in `book.yaml`, {line}"
        elif fits:
            offers[tab, col] = f"the column can be read as {ways}; ask whoever exports it, and declare it with `dates:`"
    return offers


def _all_days(connection: Connection, staged: Staged, col: str, format_: DateFormat) -> bool:
    value = value_sql(staged.table.column(col), "t", Written(format_), "0", "", "")
    texts = f"SELECT {text_of(staged, col)} AS t FROM {staged.raw.relation} AS raw WHERE {staged.where}"
    sql = f"SELECT count(*) FILTER (WHERE t IS NOT NULL AND {value} IS NULL) FROM ({texts})"
    return run(connection, sql, staged.parameters).fetchone() == (0,)


def _fault(staged: Staged, col: str, rule: str, value: str | None, note: str, offers: Offers) -> Fault:
    column = next((c for c in staged.table.columns if c.name == col), Column(col, Kind.TEXT, ""))
    cell = staged.cells.get(col)
    written = cell.written if cell else Written()
    if rule == "hidden":
        return explain(column, staged.raw.bad_cells[int(value or "0")].value, written)
    if rule:
        message, help_ = SAID[rule]
        if rule == "instalments-sum":
            value, note = _amount(value or ""), _amount(note)
        words = {"column": col, "value": shown(value or ""), "note": shown(note)}
        return Fault(rule, message.format_map(words), help_.format_map(words))
    fault = explain(column, value, written, note)
    offer = offers.get((staged.table.name, col), "")
    return Fault(fault.rule, fault.message, offer or fault.help) if column.kind is Kind.DATE else fault


def _amount(text: str) -> str:
    minor, currency = text.split(" ")
    return format_minor(int(minor), currency)


# Setting aside.


def set_aside(connection: Connection, tables: Tables, quarantine: Path) -> tuple[SetAside, ...]:
    """Take every customer with a finding out of all tables, and write the findings to the file.

    Refuses where a finding's customer cannot be told.
    """
    untold = connection.execute(
        "SELECT tab, row, col, rule, value, note FROM findings WHERE customer IS NULL ORDER BY tab, row, col LIMIT $1",
        [MOST_SHOWN],
    ).fetchall()
    if untold:
        problems = []
        for tab, row, col, rule, value, note in untold:
            fault = _fault(tables[tab], col, rule, value, note or "", {})
            help_ = f"{fault.help}; whose row it is cannot be told, so it cannot be set aside"
            problems.append(Problem(fault.rule, tables[tab].place(row, col), fault.message, help_))
        raise Refused(problems, DATA)
    connection.execute("CREATE TEMP TABLE aside AS SELECT DISTINCT customer FROM findings")
    _follow_payers(connection)
    lines = _lines(connection, tables)
    # What hangs on an invoice goes first, while the invoices still say whose it is.
    for name in sorted(tables, key=lambda name: TABLES[name].who != "invoice"):
        match TABLES[name].who:
            case "customer":
                connection.execute(f"DELETE FROM {name} WHERE customer IN (SELECT customer FROM aside)")
            case "invoice":
                own = "SELECT invoice FROM known_invoices WHERE customer IN (SELECT customer FROM aside)"
                connection.execute(f"DELETE FROM {name} WHERE invoice IN ({own})")
            case _:
                pass
    connection.execute("DROP TABLE aside")
    _write(quarantine, lines)
    return lines


def _follow_payers(connection: Connection) -> None:
    """Add whoever pays for a customer set aside, and whomever such a customer pays for, until nobody is left to add.

    Where it could not be read whether the parent pays, it may.
    """
    bit = 1 << [c.name for c in TABLES["customers"].columns].index("parent_pays")
    while True:
        added = connection.execute(
            f"""
            WITH pays AS (
                SELECT customer, parent FROM customers WHERE parent IS NOT NULL AND (parent_pays OR mask & {bit} <> 0)
            ), linked AS (
                SELECT p.parent AS customer, p.customer AS because
                FROM pays AS p WHERE p.customer IN (SELECT customer FROM aside)
                UNION ALL
                SELECT p.customer, p.parent FROM pays AS p WHERE p.parent IN (SELECT customer FROM aside)
            )
            SELECT customer, min(because) FROM linked
            WHERE customer NOT IN (SELECT customer FROM aside) GROUP BY customer ORDER BY customer
            """
        ).fetchall()
        if not added:
            return
        connection.executemany("INSERT INTO aside VALUES ($1)", [(customer,) for customer, _ in added])
        connection.executemany(
            """
            INSERT INTO findings (row, tab, col, rule, value, note, customer)
            SELECT coalesce((SELECT min(row) FROM customers WHERE customer = $1), 1),
                   'customers', 'parent', 'set-aside-with', '', $2, $1
            """,
            added,
        )


def _lines(connection: Connection, tables: Tables) -> tuple[SetAside, ...]:
    found = connection.execute(
        "SELECT tab, row, col, rule, value, note, customer FROM findings ORDER BY tab, row, col, rule"
    ).fetchall()
    lines = []
    for tab, row, col, rule, value, note, customer in found:
        staged = tables[tab]
        text = staged.raw.bad_cells[int(value)].value if rule == "hidden" else value or ""
        lines.append(
            SetAside(staged.raw.shown, row, col, text, _fault(staged, col, rule, value, note or "", {}).rule, customer)
        )
    return tuple(lines)


def _write(path: Path, lines: tuple[SetAside, ...]) -> None:
    """Write what was set aside as JSON lines, whole or not at all, readable by its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
            file.writelines(json.dumps(asdict(line)) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def told_aside(lines: tuple[SetAside, ...], quarantine: Path, place: Span) -> Problem:
    """The warning that says how much was set aside."""
    customers = len({line.customer for line in lines})
    cells = sum(line.problem != "set-aside-with" for line in lines)
    who = "1 customer is" if customers == 1 else f"{customers:,} customers are"
    message = f"{who} set aside for {cells:,} bad {'cell' if cells == 1 else 'cells'}"
    return Problem(
        "set-aside",
        place,
        message,
        f"`{shown(str(quarantine))}` lists them; put the rows right and run again",
        severity=Severity.WARNING,
    )
