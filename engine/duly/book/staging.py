"""A table of a book from text to typed values, in one projection.

Each column's text comes from a column of the file, a constant or an assumption;
its value is what `columns.value_sql` makes of it. Rows whose text cannot be read
stay, with NULL in the bad cells and a bit for each of them in `mask`, so that
the customer is still known who has to be set aside. Currency and creditor are
filled in: the row's own, else its invoice's, else the book's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from duly.book.columns import SQL_TYPE, STORED_DECIMAL, Written, scale_sql, text_sql, value_sql
from duly.book.connection import Connection
from duly.book.mapping import REST, Condition, Constant, FromColumn, Sources, TableSource, Varies
from duly.book.strict import RawFile
from duly.book.tables import TABLES, Column, Kind, Table
from duly.language.suggest import closest
from duly.source import Problem, Severity, Span

TAKE_FROM_INVOICE = ("instalments", "payments", "credits", "disputes", "promises")
"""Tables that take what they leave out from the invoice they name."""

REQUIRED_OF_CUSTOMERS = "time_zone"
"""Without it contact hours cannot be kept, so no customer is without."""

MOST_NAMED = 10
"""How many unused columns a warning names."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one column's text comes from: `text` is SQL over the raw relation, with its parameters bound by name."""

    text: str
    written: Written
    file_column: int = 0
    """Which column of the file it is, from 1; 0 for a constant."""
    varies: Varies = Varies.REFUSE


@dataclass(frozen=True, slots=True)
class Staged:
    """A table about to be typed: its source, its file as text, and where each column comes from."""

    table: Table
    source: TableSource
    raw: RawFile
    cells: Mapping[str, Cell]
    where: str
    parameters: Mapping[str, str]

    @property
    def is_derived(self) -> bool:
        """Say whether the rows are customers made from invoices."""
        return self.source.derived

    def place(self, row: int, column: str) -> Span:
        """Where a cell stands: in the file by row and column, or in `book.yaml`."""
        if self.source.rows is not None:
            entries = self.source.rows[row - 2] if 0 <= row - 2 < len(self.source.rows) else ()
            return next((constant.place for name, constant in entries if name == column), self.source.place)
        cell = self.cells.get(column)
        index = cell.file_column if cell else 0
        if not index and column in self.raw.headers:
            index = self.raw.headers.index(column) + 1
        return Span(self.raw.shown, row, max(1, index))


def stage(source: TableSource, raw: RawFile, sources: Sources, invoices: Staged | None) -> tuple[Staged, list[Problem]]:
    """Resolve a table's columns against its file; with what is wrong with the header."""
    table = TABLES[source.table]
    problems: list[Problem] = []
    parameters: dict[str, str] = dict(raw.parameters)
    cells: dict[str, Cell] = {}
    for column in table.columns:
        mapped = _from_column(source, raw, column, invoices)
        constant = source.constants.get(column.name)
        assumed = sources.assume.get(column.name) if table.name == "customers" else None
        if mapped and mapped.header not in raw.headers:
            problems.append(_missing_mapped(raw, mapped, column))
            continue
        if mapped:
            cell = _file_cell(table, column, mapped, raw, parameters)
            if isinstance(cell, Problem):
                problems.append(cell)
                continue
            cells[column.name] = cell
        elif constant:
            cells[column.name] = _constant_cell(table, column, constant, source.written, parameters)
        if assumed and not constant:
            given = cells.get(column.name)
            written = given.written if given else sources.written
            text = _reworded(assumed.text, column.kind, sources.written, written)
            assumption = _constant_cell(table, column, Constant(text, assumed.place), written, parameters)
            cells[column.name] = (
                replace(given, text=f"coalesce({given.text}, {assumption.text})") if given else assumption
            )
    problems += _missing_columns(table, raw, cells, source)
    if source.rows is None and not source.derived:
        problems += _unused(source, raw, cells)
    where, bound = _where(source if not source.derived or invoices is None else invoices.source, raw)
    problems += [_missing_where(raw, condition) for condition in source.where if condition.header not in raw.headers]
    return Staged(table, source, raw, cells, where, parameters | bound), problems


def _from_column(source: TableSource, raw: RawFile, column: Column, invoices: Staged | None) -> FromColumn | None:
    if column.name in source.columns:
        return source.columns[column.name]
    if source.derived:
        return _customer_of(invoices) if column.name == "customer" and invoices else None
    if column.name in source.constants or column.name in source.ignore:
        return None
    return FromColumn(column.name, source.written, source.place) if column.name in raw.headers else None


def _customer_of(invoices: Staged) -> FromColumn | None:
    cell = invoices.cells.get("customer")
    return (
        FromColumn(invoices.raw.headers[cell.file_column - 1], cell.written, invoices.source.place)
        if cell and cell.file_column
        else None
    )


def _file_cell(
    table: Table, column: Column, mapped: FromColumn, raw: RawFile, parameters: dict[str, str]
) -> Cell | Problem:
    index = raw.headers.index(mapped.header)
    written = mapped.written
    type_ = raw.types[index]
    if column.kind is Kind.DATE and type_ == "DATE":
        written = Written(stored=True)
    decimals = STORED_DECIMAL.fullmatch(type_) if column.kind is Kind.MONEY and table.name != "customers" else None
    if decimals:
        written = Written(stored=True, decimals=int(decimals[2]))
    yes, no = _bind_words(table, column, written, parameters)
    text = f"c{index}" if decimals else text_sql(column.kind, f"c{index}", type_, yes, no)
    if text is None:
        message = (
            f"`{mapped.header}` is stored as {type_.partition('(')[0]}, which is not honest for {column.kind.value}"
        )
        return Problem("column-type", Span(raw.shown, 1, index + 1), message, _better_type(column.kind))
    return Cell(text, written, index + 1, mapped.varies)


def _better_type(kind: Kind) -> str:
    return {
        Kind.MONEY: "export it as DECIMAL or text; a float does not hold amounts exactly",
        Kind.RATE: "export it as DECIMAL or text",
        Kind.DATE: "export it as DATE or text; a moment in time has a day only in a time zone",
        Kind.ID: "export it as text; a number loses leading zeros",
    }.get(kind, "export it as text")


def _constant_cell(
    table: Table, column: Column, constant: Constant, written: Written, parameters: dict[str, str]
) -> Cell:
    name = f"{table.name}_{column.name}_constant"
    parameters[name] = constant.text
    _bind_words(table, column, written, parameters)
    return Cell(f"CAST(${name} AS VARCHAR)", written)


def _bind_words(table: Table, column: Column, written: Written, parameters: dict[str, str]) -> tuple[str, str]:
    yes, no = f"{table.name}_{column.name}_yes", f"{table.name}_{column.name}_no"
    if column.kind is Kind.YES_NO:
        parameters.setdefault(yes, written.yes)
        parameters.setdefault(no, written.no)
    return f"${yes}", f"${no}"


def _reworded(text: str, kind: Kind, wrote: Written, reads: Written) -> str:
    """The text of an assumption as the file would write it, so that both are read alike."""
    if kind is Kind.YES_NO:
        return {wrote.yes: reads.yes, wrote.no: reads.no}.get(text, text)
    if kind is Kind.DATE and (match := re.fullmatch(wrote.dates.pattern, text)):
        year, month, day = match.expand(wrote.dates.to_year_month_day).split("-")
        return reads.dates.write(year, month, day)
    return text


def _where(source: TableSource, raw: RawFile) -> tuple[str, dict[str, str]]:
    conditions = []
    bound: dict[str, str] = {}
    for number, condition in enumerate(source.where):
        if condition.header not in raw.headers:
            continue
        names = [f"{source.table}_where_{number}_{index}" for index in range(len(condition.values))]
        bound.update(zip(names, condition.values, strict=True))
        text = f"CAST(c{raw.headers.index(condition.header)} AS VARCHAR)"
        conditions.append(f"{text} IN ({', '.join(f'${name}' for name in names)})")
    return " AND ".join(conditions) or "true", bound


def _missing_mapped(raw: RawFile, mapped: FromColumn, column: Column) -> Problem:
    meant = closest(mapped.header, raw.headers)
    help_ = f"did you mean `{meant}`? " if meant else ""
    message = f"the file has no column `{mapped.header}`, which {mapped.place} reads as `{column.name}`"
    return Problem(
        "missing-column", Span(raw.shown, 1, 1), message, help_ + "the header must have every column that is mapped"
    )


def _missing_where(raw: RawFile, condition: Condition) -> Problem:
    message = f"the file has no column `{condition.header}`, by which {condition.place} picks rows"
    return Problem("missing-column", Span(raw.shown, 1, 1), message, "correct the name after `where:`")


def _missing_columns(table: Table, raw: RawFile, cells: Mapping[str, Cell], source: TableSource) -> list[Problem]:
    place = Span(raw.shown, 1, 1) if source.rows is None else source.place
    problems = []
    for column in table.columns:
        if not column.required or column.name in cells or column.name in source.columns:
            continue
        meant = closest(column.name, raw.headers)
        offer = f"map it in `book.yaml`: `columns: {{{column.name}: {meant or '…'}}}`"
        problems.append(
            Problem("missing-column", place, f"`{table.name}` has no column `{column.name}`: {column.meaning}", offer)
        )
    if table.name == "invoices" and not {"amount", "open"} & set(cells):
        problems.append(
            Problem(
                "missing-column",
                place,
                "`invoices` has neither a column `amount` nor `open`",
                "map one of them in `book.yaml`",
            )
        )
    if table.name == "customers" and REQUIRED_OF_CUSTOMERS not in cells:
        help_ = "map the column `time_zone`, or give the book a default: `assume: {time_zone: Europe/Berlin}`"
        problems.append(
            Problem("no-time-zone", place, "no customer has a time zone, so contact hours cannot be kept", help_)
        )
    return problems


def _unused(source: TableSource, raw: RawFile, cells: Mapping[str, Cell]) -> list[Problem]:
    used = {raw.headers[cell.file_column - 1] for cell in cells.values() if cell.file_column} | {
        c.header for c in source.where
    }
    unused = [header for header in raw.headers if header not in used | source.ignore]
    if not unused or source.ignore_rest:
        return []
    named = ", ".join(f"`{header}`" for header in unused[:MOST_NAMED]) + (
        f" and {len(unused) - MOST_NAMED} more" if len(unused) > MOST_NAMED else ""
    )
    help_ = f"map them, or say `ignore: {REST}` for `{source.table}` in `book.yaml`"
    place = Span(raw.shown, 1, raw.headers.index(unused[0]) + 1)
    return [Problem("unused-column", place, f"nothing reads {named}", help_, severity=Severity.WARNING)]


# The projection.


def run(connection: Connection, sql: str, parameters: Mapping[str, object]) -> Connection:
    """Run a statement with those of the parameters that it names."""
    named = set(re.findall(r"\$([a-z][a-z0-9_]*)", sql))
    return connection.execute(sql, {name: value for name, value in parameters.items() if name in named})


def text_of(staged: Staged, column: str) -> str:
    """The SQL text of a column over the raw relation, as it is shown; NULL where nothing gives it."""
    cell = staged.cells.get(column)
    return f"CAST({cell.text} AS VARCHAR)" if cell else "CAST(NULL AS VARCHAR)"


def create(
    connection: Connection,
    staged: Staged,
    sources: Sources,
    currency: str,
    invoices: Staged | None = None,
    into: str = "",
) -> None:
    """Create the typed table, with its columns, `row` and `mask`.

    Where the invoices are given, what a row leaves out is taken from the one it names.
    """
    table = staged.table
    columns = table.columns
    texts = ", ".join(f"{staged.cells[c.name].text if c.name in staged.cells else 'NULL'} AS {_t(c)}" for c in columns)
    values = ", ".join(f"{_value(staged, c)} AS {_v(c)}" for c in columns if c.kind is not Kind.MONEY)
    money = ", ".join(f"{_value(staged, c)} AS {_v(c)}" for c in columns if c.kind is Kind.MONEY)
    has = {c.name for c in columns}
    joined = invoices is not None and _leaves_out(connection, staged, invoices)
    join = "LEFT JOIN known_invoices AS i ON i.invoice = s.v_invoice" if joined else ""
    row_currency = "coalesce(i.currency, $book_currency)" if joined else "$book_currency"
    if "currency" in has:
        row_currency = f"CASE WHEN t_currency IS NOT NULL THEN v_currency ELSE {row_currency} END"
    filled = f", CAST({row_currency} AS VARCHAR) AS row_currency"
    if "creditor" in has and table.name != "creditors":
        filled += f", coalesce(v_creditor, {'i.creditor, ' if joined else ''}$book_creditor) AS row_creditor"
    final = ", ".join(f'{_final(table, c)} AS "{c.name}"' for c in columns)
    run(
        connection,
        f"""
        CREATE OR REPLACE TABLE {into or table.name} AS
        SELECT {final}, row, CAST({_mask(staged, sources)} AS BIGINT) AS mask
        FROM (
            SELECT *{", " + money if money else ""}
            FROM (
                SELECT s.*{filled}, {scale_sql("row_currency")} AS scale
                FROM (
                    SELECT *, {values}
                    FROM (SELECT row, {texts} FROM {staged.raw.relation} AS raw WHERE {staged.where}) AS texts
                ) AS s {join}
            ) AS filled
        ) AS valued
        {"ORDER BY row" if joined else ""}
        """,
        {**staged.parameters, "book_currency": currency, "book_creditor": sources.creditor},
    )


def _leaves_out(connection: Connection, staged: Staged, invoices: Staged) -> bool:
    """Say whether a row leaves out a currency or creditor that its invoice may have."""
    if staged.table.name not in TAKE_FROM_INVOICE:
        return False
    told = [
        name
        for name in ("currency", "creditor")
        if name in invoices.cells and (name == "currency" or name in {c.name for c in staged.table.columns})
    ]
    if any(name not in staged.cells for name in told):
        return True
    missing = " OR ".join(f"{staged.cells[name].text} IS NULL" for name in told) or "false"
    sql = f"SELECT 1 FROM {staged.raw.relation} AS raw WHERE {staged.where} AND ({missing}) LIMIT 1"
    return bool(told) and run(connection, sql, staged.parameters).fetchone() is not None


def narrowed(staged: Staged, ids: Iterable[str]) -> Staged:
    """The same table, of which only the rows of these customers (or invoices) are read."""
    cell = staged.cells.get(staged.table.who)
    if cell is None or not cell.file_column:
        return staged
    suffix = ".0" if cell.written.float_id else ""
    bound = {f"{staged.table.name}_only_{number}": id_ + suffix for number, id_ in enumerate(ids)}
    one_of = f"c{cell.file_column - 1} IN ({', '.join(f'${name}' for name in bound)})" if bound else "false"
    return replace(staged, where=f"{staged.where} AND {one_of}", parameters={**staged.parameters, **bound})


def create_empty(connection: Connection, table: Table) -> None:
    """Create a table without rows."""
    columns = ", ".join(f'"{c.name}" {SQL_TYPE.get(c.kind, "VARCHAR")}' for c in table.columns)
    connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns}, row BIGINT, mask BIGINT)")


def required(staged: Staged, column: Column, sources: Sources) -> str:
    """The SQL for whether a row must have the column."""
    table = staged.table.name
    if column.required or (table == "customers" and column.name == REQUIRED_OF_CUSTOMERS):
        return "true"
    if table == "invoices" and column.name == "amount":
        return "t_open IS NULL"
    if table == "invoices" and column.name == "currency" and not sources.currency:
        return "true"
    return "false"


def _mask(staged: Staged, sources: Sources) -> str:
    bits = [
        f"CASE WHEN CASE WHEN {_t(c)} IS NULL THEN {required(staged, c, sources)} ELSE {_v(c)} IS NULL END"
        f" THEN {1 << index} ELSE 0 END"
        for index, c in enumerate(staged.table.columns)
        if c.name in staged.cells or required(staged, c, sources) != "false"
    ]
    return " + ".join(bits) or "0"


def _value(staged: Staged, column: Column) -> str:
    cell = staged.cells.get(column.name)
    if cell is None:
        return f"CAST(NULL AS {SQL_TYPE.get(column.kind, 'VARCHAR')})"
    name = f"{staged.table.name}_{column.name}"
    return value_sql(column, _t(column), cell.written, "scale", f"${name}_yes", f"${name}_no")


def _final(table: Table, column: Column) -> str:
    if column.name == "currency":
        return "row_currency"
    if column.name == "creditor" and table.name != "creditors":
        return "row_creditor"
    if table.name == "invoices" and column.name == "amount":
        return "CASE WHEN t_amount IS NULL THEN v_open ELSE v_amount END"
    return _v(column)


def _t(column: Column) -> str:
    return f"t_{column.name}"


def _v(column: Column) -> str:
    return f"v_{column.name}"
