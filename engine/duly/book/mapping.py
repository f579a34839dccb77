"""Which file, column or word gives which table and column of a book: `book.yaml`, read.

A book is a folder, in which a table is the file of its name (`invoices.csv`,
`payments.parquet`) with columns of the vocabulary's names. A `book.yaml` in it
says what is otherwise: files and columns called differently, days written
another way, words for yes and no, what holds for every row, which tables are
empty on purpose, and control totals. What it does not mention stays as it is.

    duly_book: 1
    currency: USD
    dates: day/month/year
    assume: {time_zone: America/New_York}
    tables:
      invoices:
        file: open_items.csv
        columns: {invoice: {column: doc_id, written_as: float}, customer: cust_number}
        ignore: rest
      disputes: none

The keys are closed: what is not known is refused with the place and a suggestion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from duly.book.columns import DateFormat, Written
from duly.book.files import file_in
from duly.book.strict import DATA
from duly.book.tables import TABLES, Kind
from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.language.suggest import did_you_mean, listed
from duly.money import SCALES
from duly.source import Problem, Refused, Span

VERSION = "1"
"""The version of the language, the value of `duly_book:`."""

DEFAULT_CREDITOR = "main"
"""The creditor company's id where nothing is said."""

REST = "rest"
NONE = "none"
DERIVED = "derived"


DEFAULT_WRITTEN = Written()
"""Days as year-month-day, and the words yes and no."""


class Varies(Enum):
    """What is done about a derived customer whose rows differ in a column."""

    REFUSE = "refuse"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class FromColumn:
    """A column of the file, by its header, and how it is written."""

    header: str
    written: Written
    place: Span
    varies: Varies = Varies.REFUSE


@dataclass(frozen=True, slots=True)
class Constant:
    """One text for every row."""

    text: str
    place: Span


@dataclass(frozen=True, slots=True)
class Condition:
    """Only rows in which the column has one of these texts."""

    header: str
    values: tuple[str, ...]
    place: Span


@dataclass(frozen=True, slots=True)
class Control:
    """What the exporting system says that the file holds."""

    rows: int | None
    totals: tuple[tuple[str, str], ...]
    place: Span


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where one table comes from: a file, rows written in `book.yaml`, or (customers) the invoices."""

    table: str
    place: Span
    path: Path | None = None
    shown: str = ""
    rows: tuple[tuple[tuple[str, Constant], ...], ...] | None = None
    derived: bool = False
    delimiter: str = ","
    written: Written = DEFAULT_WRITTEN
    columns: Mapping[str, FromColumn] = field(default_factory=lambda: MappingProxyType({}))
    constants: Mapping[str, Constant] = field(default_factory=lambda: MappingProxyType({}))
    where: tuple[Condition, ...] = ()
    ignore: frozenset[str] = frozenset()
    ignore_rest: bool = False
    control: Control | None = None
    accept_due_before_invoice: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """A book's inputs: every table that is given, those declared empty, and what holds throughout."""

    path: Path
    currency: str
    creditor: str
    written: Written
    assume: Mapping[str, Constant]
    tables: Mapping[str, TableSource]
    empty: frozenset[str]
    digest: str


def read_sources(path: Path) -> Sources:
    """The inputs of a book, given as a folder or a `book.yaml`. Raises `Refused`."""
    folder, yaml = (path, path / "book.yaml") if path.is_dir() else (path.parent, path)
    if not path.is_dir() and (path.suffix not in {".yaml", ".yml"} or not path.is_file()):
        help_ = "name a folder with `invoices.csv` or `invoices.parquet` in it, or a `book.yaml`"
        raise Refused([Problem("no-such-book", Span(str(path), 1, 1), f"`{path}` is not a book", help_)], DATA)
    data = yaml.read_bytes() if yaml.is_file() else b"duly_book: 1\n"
    tree = read_tree(data, str(yaml))
    reader = _Reader(folder, tree.lines)
    reader.problems += tree.problems
    sources = reader.sources(tree.root, path, hashlib.sha256(data).hexdigest()) if tree.root else None
    if sources is None or reader.problems:
        raise Refused(reader.problems, DATA)
    return sources


_TOP = ("duly_book", "currency", "creditor", "dates", "yes_no", "assume", "tables")
_TABLE = (
    "file",
    "delimiter",
    "dates",
    "yes_no",
    "columns",
    "constants",
    "where",
    "ignore",
    "control",
    "due_before_invoice",
    DERIVED,
)
_COLUMN = ("column", "dates", "written_as", "where_it_varies")
_DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "\t": "\t"}


class _Reader:
    """Reads the tree of a `book.yaml` and collects what is wrong with it."""

    def __init__(self, folder: Path, lines: tuple[str, ...]) -> None:
        self.folder = folder
        self.lines = lines
        self.problems: list[Problem] = []

    def sources(self, root: Map, path: Path, digest: str) -> Sources:
        keys = self.keys(root, _TOP, "a book")
        if "duly_book" not in keys:
            self.report(
                "missing-key", root.span, "the book does not say `duly_book`", f"start it with `duly_book: {VERSION}`"
            )
        elif (version := self.text(keys["duly_book"])) != VERSION:
            self.report(
                "unknown-version",
                keys["duly_book"].span,
                f"`{version}` is not a version of the language",
                f"write `duly_book: {VERSION}`",
            )
        currency = self.choice(keys.get("currency"), SCALES, "bad-currency", "a currency", "")
        creditor = self.text(keys["creditor"]) if "creditor" in keys else DEFAULT_CREDITOR
        written = self.written(keys, Written())
        assume = self.constants(keys.get("assume"), "customers", written)
        tables, empty = self.tables(keys.get("tables"), written)
        return Sources(path, currency, creditor, written, assume, tables, empty, digest)

    # Tables.

    def tables(self, node: Node | None, written: Written) -> tuple[dict[str, TableSource], frozenset[str]]:
        entries = self.keys(node, TABLES, "the tables") if node else {}
        given: dict[str, TableSource] = {}
        empty = set()
        for table in TABLES:
            match entries.get(table):
                case None:
                    if found := self.by_name(table, written):
                        given[table] = found
                case Scalar(text) if text == NONE and table != "invoices":
                    empty.add(table)
                case Scalar(text, span) if text == DERIVED and table == "customers":
                    given[table] = TableSource(table, span, derived=True)
                case Scalar(text, span):
                    words = [NONE] if table != "invoices" else []
                    words += [DERIVED] if table == "customers" else []
                    self.report(
                        "wrong-kind",
                        span,
                        f"`{text}` does not say where `{table}` comes from",
                        f"write `{{file: …}}`{''.join(f' or `{word}`' for word in words)}",
                    )
                case List(items, span):
                    given[table] = TableSource(
                        table, span, shown=span.file, rows=tuple(self.rows(items, table)), written=written
                    )
                case Map() as map_:
                    if found := self.table(map_, table, written):
                        given[table] = found
        return given, frozenset(empty)

    def by_name(self, table: str, written: Written) -> TableSource | None:
        """The file that has the table's name, if the folder has one."""
        names = [f"{table}{suffix}" for suffix in (".csv", ".parquet") if (self.folder / f"{table}{suffix}").exists()]
        here = Span(str(self.folder / (names[0] if names else "")), 1, 1)
        if len(names) > 1:
            self.report(
                "two-files",
                here,
                f"`{names[0]}` and `{names[1]}` are both there",
                "take one out, or name the one to read in `book.yaml`",
            )
        found = file_in(self.folder, names[0], here) if len(names) == 1 else None
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return TableSource(table, here, found, str(self.folder / names[0]), written=written) if found else None

    def table(self, node: Map, table: str, written: Written) -> TableSource | None:
        keys = self.keys(node, _TABLE, f"`{table}`")
        derived = DERIVED in keys and self.flag(keys[DERIVED])
        if derived and table != "customers":
            self.report("wrong-kind", keys[DERIVED].span, f"`{table}` cannot be derived", "name its `file`")
        path = None
        name = ""
        if "file" in keys and not derived:
            name = self.text(keys["file"])
            found = file_in(self.folder, name, keys["file"].span)
            if isinstance(found, Problem):
                self.problems.append(found)
            else:
                path = found
        elif not derived:
            self.report("missing-key", node.span, f"`{table}` does not say which `file` it is in", "add `file:`")
        own = self.written(keys, written)
        return TableSource(
            table,
            node.span,
            path,
            str(self.folder / name),
            derived=derived,
            delimiter=_DELIMITERS[
                self.choice(keys.get("delimiter"), _DELIMITERS, "unknown-delimiter", "a delimiter", ",")
            ],
            written=own,
            columns=self.columns(keys.get("columns"), table, own),
            constants=self.constants(keys.get("constants"), table, own),
            where=self.where(keys.get("where")),
            ignore=frozenset(self.texts(keys.get("ignore"))) - {REST}
            if isinstance(keys.get("ignore"), List)
            else frozenset(),
            ignore_rest=self.ignores_rest(keys.get("ignore")),
            control=self.control(keys.get("control"), table),
            accept_due_before_invoice=self.choice(
                keys.get("due_before_invoice"), ("refuse", "accept"), "unknown-choice", "a choice", "refuse"
            )
            == "accept",
        )

    def columns(self, node: Node | None, table: str, written: Written) -> dict[str, FromColumn]:
        columns: dict[str, FromColumn] = {}
        for name, value in (self.keys(node, self.names(table), f"the columns of `{table}`") if node else {}).items():
            if not isinstance(value, Map):
                columns[name] = FromColumn(self.text(value), written, value.span)
                continue
            keys = self.keys(value, _COLUMN, f"`{name}`")
            if "column" not in keys:
                self.report(
                    "missing-key",
                    value.span,
                    f"`{name}` does not say which `column` of the file it is",
                    "add `column:`",
                )
                continue
            float_id = (
                self.choice(keys.get("written_as"), ("float",), "unknown-choice", "a way of writing ids", "") == "float"
            )
            if float_id and TABLES[table].column(name).kind is not Kind.ID:
                self.report("wrong-kind", keys["written_as"].span, f"`{name}` is not an id", "take `written_as` out")
            own = self.written(keys, written)
            varies = Varies(
                self.choice(
                    keys.get("where_it_varies"), [v.value for v in Varies], "unknown-choice", "a choice", "refuse"
                )
            )
            columns[name] = FromColumn(
                self.text(keys["column"]), Written(own.dates, own.yes, own.no, float_id), keys["column"].span, varies
            )
        return columns

    def constants(self, node: Node | None, table: str, written: Written) -> dict[str, Constant]:
        """Texts by column; `true` and `false` stand for the book's own words for yes and no."""
        constants = {}
        for name, value in (self.keys(node, self.names(table), f"the columns of `{table}`") if node else {}).items():
            text = self.text(value)
            if TABLES[table].column(name).kind is Kind.YES_NO:
                text = {"true": written.yes, "false": written.no, "yes": written.yes, "no": written.no}.get(text, text)
            constants[name] = Constant(text, value.span)
        return constants

    def rows(self, items: tuple[Node, ...], table: str) -> Iterator[tuple[tuple[str, Constant], ...]]:
        for item in items:
            yield tuple(
                (name, Constant(self.text(value), value.span))
                for name, value in self.keys(item, self.names(table), f"a row of `{table}`").items()
            )

    def where(self, node: Node | None) -> tuple[Condition, ...]:
        if node is None or not isinstance(node, Map):
            _ = self.keys(node, (), "`where`") if node else None
            return ()
        return tuple(
            Condition(
                e.key.text,
                tuple(self.texts(e.value)) if isinstance(e.value, List) else (self.text(e.value),),
                e.key.span,
            )
            for e in node.entries
        )

    def ignores_rest(self, node: Node | None) -> bool:
        if isinstance(node, Scalar) and node.text != REST:
            self.report(
                "wrong-kind",
                node.span,
                f"`ignore` wants a list of columns or `{REST}`, not `{node.text}`",
                f"write `[{node.text}]`",
            )
        return isinstance(node, Scalar) and node.text == REST

    def control(self, node: Node | None, table: str) -> Control | None:
        if node is None:
            return None
        keys = self.keys(node, ("rows", "total"), "`control`")
        rows = self.text(keys["rows"]) if "rows" in keys else ""
        if rows and not (rows.isascii() and rows.isdigit()):
            self.report(
                "wrong-kind",
                keys["rows"].span,
                f"`rows` wants a whole number, not `{rows}`",
                "write how many rows the file has, the header left out",
            )
            rows = ""
        money = [column.name for column in TABLES[table].columns if column.kind is Kind.MONEY]
        totals = self.keys(keys["total"], money, "`total`") if "total" in keys else {}
        return Control(
            int(rows) if rows else None, tuple((name, self.text(value)) for name, value in totals.items()), node.span
        )

    # Words and values.

    def written(self, keys: Mapping[str, Node], default: Written) -> Written:
        dates = DateFormat(
            self.choice(
                keys.get("dates"),
                [f.value for f in DateFormat],
                "unknown-choice",
                "a way of writing days",
                default.dates.value,
            )
        )
        yes, no = default.yes, default.no
        if "yes_no" in keys:
            words = self.texts(keys["yes_no"])
            if len(set(words)) == len(words) == len((yes, no)) and all(words):
                yes, no = words
            else:
                self.report(
                    "wrong-kind",
                    keys["yes_no"].span,
                    "`yes_no` wants two words, the one for yes first",
                    'write `["yes", "no"]`',
                )
        return Written(dates, yes, no)

    def names(self, table: str) -> tuple[str, ...]:
        return tuple(column.name for column in TABLES[table].columns)

    def keys(
        self, node: Node, allowed: Mapping[str, object] | tuple[str, ...] | list[str], what: str
    ) -> dict[str, Node]:
        """The entries of a mapping that is closed to other keys."""
        if not isinstance(node, Map):
            self.report("wrong-kind", node.span, f"{what} wants keys with values", "write `key: value`")
            return {}
        for entry in node.entries:
            if entry.key.text not in allowed:
                self.report(
                    "unknown-key",
                    entry.key.span,
                    f"`{entry.key.text}` is not a key of {what}",
                    did_you_mean(entry.key.text, tuple(allowed)),
                )
        return {entry.key.text: entry.value for entry in node.entries if entry.key.text in allowed}

    def text(self, node: Node) -> str:
        if isinstance(node, Scalar):
            return node.text
        self.report("wrong-kind", node.span, "a single word or text is wanted here", "write one value")
        return ""

    def texts(self, node: Node | None) -> list[str]:
        if isinstance(node, List):
            return [self.text(item) for item in node.items]
        if node is not None:
            self.report("wrong-kind", node.span, "a list is wanted here", "write `[…, …]`")
        return []

    def flag(self, node: Node) -> bool:
        return self.choice(node, ("true", "false"), "wrong-kind", "`true` or `false`", "false") == "true"

    def choice(
        self,
        node: Node | None,
        words: Mapping[str, object] | tuple[str, ...] | list[str],
        rule: str,
        what: str,
        default: str,
    ) -> str:
        if node is None:
            return default
        if (text := self.text(node)) in words:
            return text
        if isinstance(node, Scalar):
            help_ = did_you_mean(text, tuple(words)) or listed(tuple(words)[:12])
            self.report(rule, node.span, f"`{text}` is not {what}", help_)
        return default

    def report(self, rule: str, span: Span, message: str, help_: str) -> None:
        line = self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else ""
        self.problems.append(Problem(rule, span, message, help_, line))
