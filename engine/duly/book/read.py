"""Reading a book: from a folder or a `book.yaml` to typed tables, or a refusal that lists every bad row.

The order is fixed: what the inputs are (`mapping`), their bytes as text
(`strict`), their headers and types (`staging`), then what must hold between rows
(`checks`). The first kind of problem that is found refuses, so that one wrong
header does not drown in a million bad cells; all problems of a kind are told at
once. Once a book is read its database can open no file and load no extension.

It promises that a table is read whole or not at all, that no value was guessed,
and that with a quarantine every customer without a bad row keeps the very rows
it has without the bad ones.
"""

from __future__ import annotations

import hashlib
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from duly.book.book import Book, Presence, SetAside
from duly.book.checks import create_payers, find_across, find_repeated, name_warnings, repeated_warnings
from duly.book.columns import ID_PATTERN, Written, value_sql
from duly.book.connection import Connection, connect
from duly.book.controls import control_problems
from duly.book.derived import derive_customers
from duly.book.faults import explain, shown
from duly.book.findings import (
    count,
    create_findings,
    find_hidden,
    find_unread,
    name_customers,
    set_aside,
    told,
    told_aside,
)
from duly.book.mapping import Constant, Sources, TableSource, read_sources
from duly.book.one_customer import family_of, only
from duly.book.staging import Staged, create, create_empty, run, stage, text_of
from duly.book.strict import DATA, RawFile, read_file, refuse_changed
from duly.book.tables import TABLES, Column
from duly.money import SCALES
from duly.source import Problem, Refused, Severity, Span, has_errors

ORDER = ("creditors", "people", "rates", "invoices", "customers")
"""Tables that others refer to, in the order in which their headers are looked at; the rest follow."""


def read_book(path: Path, *, quarantine: Path | None = None, customer: str | None = None) -> Book:
    """The book in a folder or behind a `book.yaml`.

    With `quarantine`, customers with bad rows are set aside whole and the rows
    written to that file. With `customer`, only that customer and its family are
    read, and only their rows are vouched for: the bytes of a text file are still
    looked at whole, the rest of a Parquet file is not read at all.

    Raises `Refused` with exit code 4.
    """
    sources = read_sources(path)
    connection = _connect(sources)
    reading = _Reading(connection, sources)
    reading.read_files()
    reading.resolve()
    reading.type_tables(customer)
    aside = reading.look_across(quarantine, partly=customer is not None)
    return reading.book(path, aside, partly=customer is not None)


SMALL = 2_000_000
"""Bytes in all files up to which a book is one of few rows."""


def _connect(sources: Sources) -> Connection:
    config: dict[str, str] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_directory": "",
    }
    connection = connect(**config)
    if sum(_size(path) for path in {source.path for source in sources.tables.values() if source.path}) <= SMALL:
        connection.expect_few_rows()
    # A long statement would draw its bar into what a program reads from us.
    connection.execute("SET enable_progress_bar = false")
    return connection


def _size(path: Path) -> int:
    """The bytes of a file; of one that cannot be read its reader will say so."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Reading:
    """A book while it is read; each step refuses or leaves everything in order for the next."""

    def __init__(self, connection: Connection, sources: Sources) -> None:
        self.connection = connection
        self.sources = sources
        self.place = Span(str(sources.path), 1, 1)
        self.raw: dict[str, RawFile] = {}
        self.staged: dict[str, Staged] = {}
        self.currency = sources.currency
        self.warnings: list[Problem] = []

    # Bytes to text.

    def read_files(self) -> None:
        problems: list[Problem] = []
        reading: dict[tuple[Path | None, str], Future[RawFile]] = {}
        if "invoices" not in self.sources.tables:
            help_ = "put `invoices.csv` or `invoices.parquet` there, or name the file in `book.yaml`"
            raise Refused([Problem("no-invoices", self.place, "the book has no invoices", help_)], DATA)
        with ThreadPoolExecutor() as beside:
            for name, source in self.sources.tables.items():
                key = (source.path, source.delimiter)
                if source.path is not None and key not in reading:
                    reading[key] = beside.submit(self.read_file, name, source.path, source)
        for name, source in self.sources.tables.items():
            if source.path is None:
                if source.rows is not None:
                    self.raw[name] = self.inline(source)
                continue
            try:
                self.raw[name] = reading[source.path, source.delimiter].result()
            except Refused as refusal:
                problems += refusal.problems
        if problems:
            raise Refused(problems, DATA)

    def read_file(self, name: str, path: Path, source: TableSource) -> RawFile:
        return read_file(self.connection.cursor(), path, source.shown, f"raw_{name}", source.delimiter)

    def inline(self, source: TableSource) -> RawFile:
        """The rows written in `book.yaml`, as if they were a file."""
        names = tuple(dict.fromkeys(name for row in source.rows or () for name, _ in row))
        table = f"raw_{source.table}"
        columns = ", ".join(f"c{index} VARCHAR" for index in range(len(names))) or "c0 VARCHAR"
        self.connection.execute(f"CREATE TABLE {table} ({columns})")
        for row in source.rows or ():
            texts = {name: constant.text for name, constant in row}
            marks = ", ".join(f"nullif(${index + 1}, '')" for index in range(len(names)))
            self.connection.execute(f"INSERT INTO {table} SELECT {marks}", [texts.get(name, "") for name in names])
        selected = ", ".join(f"c{index}" for index in range(len(names))) or "c0"
        relation = f"(SELECT {selected}, rowid + 2 AS row FROM {table})"
        return RawFile(source.shown, names, ("VARCHAR",) * len(names), relation, {}, "")

    # Headers.

    def resolve(self) -> None:
        problems: list[Problem] = []
        for name in _in_order(self.sources.tables):
            source = self.sources.tables[name]
            invoices = self.staged.get("invoices")
            raw = self.raw[name] if name in self.raw else self.raw["invoices"]
            self.staged[name], found = stage(source, raw, self.sources, invoices)
            problems += found
        if "customers" not in self.sources.tables:
            source = TableSource("customers", self.place, derived=True, written=self.sources.written)
            self.staged["customers"], found = stage(source, self.raw["invoices"], self.sources, self.staged["invoices"])
            problems += found
        problems += self.what_is_paid()
        problems += self.unreadable_constants()
        self.warnings += [problem for problem in problems if problem.severity is not Severity.ERROR]
        if has_errors(problems):
            raise Refused(problems, DATA)
        self.find_currency()

    def what_is_paid(self) -> Iterator[Problem]:
        """A book says what has been paid in one way, and only one."""
        columns = set(self.staged["invoices"].cells)
        place = self.staged["invoices"].place(1, "open")
        paid = "payments" in self.sources.tables
        if "open" in columns and (paid or "credits" in self.sources.tables):
            what = "payments" if paid else "credits"
            help_ = f"leave `open` out (`ignore: [open]`), or say `{what}: none`; a payment would count twice"
            yield Problem("paid-told-twice", place, f"the book brings open balances and {what}", help_)
        if not paid and "payments" not in self.sources.empty and not columns & {"open", "settled_on"}:
            help_ = "bring `payments`, or `open` or `settled_on` of the invoices, or say `payments: none`"
            yield Problem("paid-not-told", place, "the book does not say what has been paid", help_)

    def unreadable_constants(self) -> Iterator[Problem]:
        self.connection.execute("CREATE OR REPLACE TABLE zone_names AS SELECT unnest($1) AS zone", [_zones()])
        if not re.fullmatch(ID_PATTERN, self.sources.creditor):
            message = f"`{shown(self.sources.creditor)}` in `creditor` is not an id"
            yield Problem("bad-id", self.place, message, "ids are ASCII letters, digits and `. _ - / : #`")
        given = [("customers", name, constant, self.sources.written) for name, constant in self.sources.assume.items()]
        for table, source in self.sources.tables.items():
            given += [(table, name, constant, source.written) for name, constant in source.constants.items()]
        for table, name, constant, written in given:
            column = TABLES[table].column(name)
            yield from self.unreadable(column, constant, written)

    def unreadable(self, column: Column, constant: Constant, written: Written) -> Iterator[Problem]:
        scale = str(SCALES.get(self.sources.currency, 2))
        value = value_sql(column, "t", written, scale, "$yes", "$no")
        parameters = {"text": constant.text, "yes": written.yes, "no": written.no}
        found = run(
            self.connection, f"SELECT {value} IS NULL FROM (SELECT CAST($text AS VARCHAR) AS t)", parameters
        ).fetchone()
        if found and found[0]:
            fault = explain(column, constant.text or None, written, self.sources.currency)
            yield Problem(fault.rule, constant.place, fault.message, fault.help)

    def find_currency(self) -> None:
        """The book's own currency: declared, else the only one of its invoices."""
        if self.currency:
            return
        invoices = self.staged["invoices"]
        own = f"SELECT DISTINCT {text_of(invoices, 'currency')} AS currency"
        sql = f"{own} FROM {invoices.raw.relation} AS raw WHERE {invoices.where} LIMIT 1000"
        found = {text for (text,) in run(self.connection, sql, invoices.parameters).fetchall() if text in SCALES}
        if len(found) != 1:
            said = f"its invoices are in {', '.join(sorted(found)[:5])}" if found else "its invoices have none"
            help_ = "add `currency: USD`, or another, to `book.yaml`; it is also the one of amounts without a currency"
            raise Refused(
                [Problem("no-currency", self.place, f"the book does not say its currency, and {said}", help_)], DATA
            )
        (self.currency,) = found

    # Text to values.

    def type_tables(self, customer: str | None) -> None:
        create_findings(self.connection)
        family = None
        if customer is not None:
            family = family_of(self.connection, self.staged["customers"], customer, self.sources)
        self.type_table("invoices", family)
        self.know_invoices()
        # The others may take from the invoices what they leave out, and nothing from each other.
        with ThreadPoolExecutor() as beside:
            typed = [beside.submit(self.type_table, name, family) for name in TABLES if name != "invoices"]
        for table in typed:
            table.result()
        self.refuse_lost_cells(partly=customer is not None)

    def type_table(self, name: str, family: list[str] | None) -> None:
        connection = self.connection.cursor()
        if name not in self.staged:
            create_empty(connection, TABLES[name])
            return
        if family is not None:
            self.staged[name] = only(connection, self.staged[name], family)
        staged = self.staged[name]
        if staged.is_derived:
            derive_customers(connection, staged, self.sources, self.currency)
            return
        create(connection, staged, self.sources, self.currency, self.staged["invoices"])
        find_hidden(connection, staged)
        find_unread(connection, staged)

    def know_invoices(self) -> None:
        """Make `known_invoices`, in which each invoice stands once even where the book repeats it."""
        find_repeated(self.connection, [TABLES["invoices"]])
        rows = "SELECT invoice, customer, creditor, currency, amount FROM invoices"
        if count(self.connection):
            firsts = (
                f"arg_min({column}, row) AS {column}" for column in ("customer", "creditor", "currency", "amount")
            )
            rows = f"SELECT invoice, {', '.join(firsts)} FROM invoices WHERE invoice IS NOT NULL GROUP BY invoice"
        self.connection.execute(f"CREATE OR REPLACE VIEW known_invoices AS {rows}")

    def refuse_lost_cells(self, *, partly: bool) -> None:
        """Refuse hidden characters in rows that no table takes: what they were is not known."""
        problems = []
        for raw in {id(raw): raw for raw in self.raw.values()}.values():
            if partly or not raw.bad_cells:
                continue
            users = [staged for staged in self.staged.values() if staged.raw is raw and not staged.is_derived]
            taken = {
                row
                for staged in users
                for (row,) in self.connection.execute(
                    "SELECT row FROM findings WHERE tab = $1 AND rule = 'hidden'", [staged.table.name]
                ).fetchall()
            }
            problems += [
                Problem(
                    cell.fault.rule, Span(raw.shown, cell.row, cell.column + 1), cell.fault.message, cell.fault.help
                )
                for cell in raw.bad_cells
                if cell.row not in taken
            ]
        if problems:
            raise Refused(problems, DATA)

    # Between rows.

    def look_across(self, quarantine: Path | None, *, partly: bool) -> tuple[SetAside, ...]:
        # The invoices' own were looked for before anything referred to them.
        typed = (name for name, staged in self.staged.items() if not staged.is_derived and name != "invoices")
        find_repeated(self.connection, [TABLES[name] for name in typed])
        create_payers(self.connection)
        find_across(self.connection, self.staged, self.sources.empty)
        controls = [] if partly else list(control_problems(self.connection, self.staged, self.currency))
        self.warnings += [problem for problem in controls if problem.severity is not Severity.ERROR]
        if has_errors(controls):
            raise Refused(controls, DATA)
        aside: tuple[SetAside, ...] = ()
        if count(self.connection):
            name_customers(self.connection, self.staged)
            if quarantine is None:
                raise Refused(told(self.connection, self.staged, self.place, self.currency), DATA)
            aside = set_aside(self.connection, self.staged, quarantine)
            self.warnings.append(told_aside(aside, quarantine, self.place))
        self.warnings += name_warnings(self.connection, self.staged["customers"].place(1, "name"))
        self.warnings += repeated_warnings(self.connection, self.staged)
        return aside

    # The book.

    def book(self, path: Path, aside: tuple[SetAside, ...], *, partly: bool) -> Book:
        for name in ("findings", "payers", "zone_names"):
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
        self.connection.execute("DROP VIEW known_invoices")
        for raw_table in {f"raw_{name}" for name in self.raw}:
            self.connection.execute(f"DROP TABLE IF EXISTS {raw_table}")
        for name in TABLES:
            self.connection.execute(f"ALTER TABLE {name} DROP COLUMN mask")
        refuse_changed(self.raw.values())
        # One customer's newest record says nothing of how fresh the ledger is.
        newest = None if partly else self.newest()
        if partly:
            self.connection.expect_few_rows()
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")
        return Book(
            path=path,
            currency=self.currency,
            connection=self.connection,
            given=MappingProxyType({name: self.presence(name) for name in TABLES}),
            columns=MappingProxyType({name: self.columns(name) for name in TABLES}),
            digest=self.digest(),
            warnings=tuple(self.warnings),
            set_aside=aside,
            newest=newest,
            is_part=partly,
        )

    def presence(self, name: str) -> Presence:
        if name in self.staged:
            return Presence.DERIVED if self.staged[name].is_derived else Presence.GIVEN
        return Presence.NONE if name in self.sources.empty else Presence.ABSENT

    def columns(self, name: str) -> frozenset[str]:
        if name not in self.staged:
            return frozenset()
        derived = (
            {"since"} if self.staged[name].is_derived and "invoice_date" in self.staged["invoices"].cells else set()
        )
        return frozenset(self.staged[name].cells) | derived

    def newest(self) -> date | None:
        recorded = (("invoices", "invoice_date"), ("payments", "day"), ("credits", "day"), ("contacts_made", "day"))
        days = " UNION ALL ".join(f"SELECT max({column}) AS day FROM {table}" for table, column in recorded)
        found = self.connection.execute(f"SELECT max(day) FROM ({days})").fetchone()
        return found[0] if found else None

    def digest(self) -> str:
        lines = [f"book {self.sources.digest}"]
        lines += [f"{name} {self.raw[name].digest}" for name in TABLES if name in self.raw and self.raw[name].digest]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _in_order(names: Mapping[str, object]) -> list[str]:
    return [name for name in ORDER if name in names] + [name for name in names if name not in ORDER]


@cache
def _zones() -> list[str]:
    zones = sorted(zoneinfo.available_timezones())
    if not zones:
        help_ = "install the operating system's time zones, or the package tzdata"
        raise Refused(
            [Problem("no-tz-database", Span("", 1, 1), "this machine has no time zone database", help_)], DATA
        )
    return zones
