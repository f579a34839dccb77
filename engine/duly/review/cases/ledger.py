"""Reading the ledger of a case: the rows of a book in short form, and what happens on its days.

Ids, the customer and the creditor may be left out: there is one of each. The rows
become a book like any other, of which the facts are derived.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from duly.book.tables import TABLES, Column, Kind, Table
from duly.language.ambiguous import short
from duly.language.gate import List, Map, Node, Scalar
from duly.language.suggest import did_you_mean
from duly.language.vocabulary import Names as NamedBy
from duly.language.written import Part, whole
from duly.review.cases.books import REACHED, Rows
from duly.review.cases.case import Answer, Happens, Ledger
from duly.review.cases.reading import Reader

CUSTOMER = "C-1"
CREDITOR = "main"

LONGEST_RUN = 800
"""A run has at most so many days."""

NUMBERED: Mapping[str, tuple[str, str]] = {
    "invoices": ("invoice", "I-"),
    "payments": ("payment", "P-"),
    "credits": ("credit", "K-"),
    "promises": ("promise", "R-"),
    "orders": ("order", "O-"),
}
"""The id of a row that gives none: its column, and what the row's number is put behind."""

NAMED: Mapping[tuple[str, str], NamedBy] = {
    ("executed_stages", "stage"): NamedBy.STAGES,
    ("requests", "rule"): NamedBy.SALES,
    ("answers", "rule"): NamedBy.SALES,
    ("holds", "hold"): NamedBy.HOLDS,
    ("tasks_given", "pause"): NamedBy.PAUSES,
}
"""Columns that hold the policy's words."""

THING = {
    NamedBy.STAGES: "a stage",
    NamedBy.SALES: "a sales rule",
    NamedBy.HOLDS: "a hold",
    NamedBy.PAUSES: "an account pause",
}

RATE_SCALE = 10**8
RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,8})?", re.ASCII)


def read_ledger(reader: Reader, part: Part) -> Ledger | None:
    """The ledger of a case with its days; None where the days are not told."""
    days = _days(reader, part)
    customer = _only_customer(part.part("ledger"))
    rows: Rows = defaultdict(list)
    for name in TABLES:
        for place, item in enumerate(_items(part, name)):
            rows[name].append(_row(reader, TABLES[name], place, item, customer))
    happens = _happens(reader, part, rows, customer)
    _refuse_twins(reader, part, rows)
    _refuse_strangers(reader, part, rows)
    if days is None or reader.read.problems:
        return None
    return Ledger(
        rows=reader.books.rows_of(rows),
        first=days[0],
        last=days[1],
        is_run=part.has("from"),
        every_day=part.text("cycles") == "every_day",
        free=part.has("other_days"),
        answers=tuple(_answers(rows)),
        happens=happens,
        about=_about(part),
    )


def _answers(rows: Rows) -> Iterator[Answer]:
    """The answers that say which rule asked, in the order of their days."""
    for row in rows["answers"]:
        day, rule = row.get("day"), row.get("rule")
        if isinstance(day, date) and isinstance(rule, str):
            yield Answer(day, rule)


def _items(part: Part, table: str) -> Iterator[Map]:
    """The rows of a table of the case's ledger, as they are written."""
    node = part.part("ledger").get(table)
    yield from (item for item in (node.items if isinstance(node, List) else ()) if isinstance(item, Map))


def _only_customer(ledger: Part) -> str:
    """The customer of whom rows are that name none: the first that is listed."""
    node = ledger.get("customers")
    first = node.items[0] if isinstance(node, List) and node.items else None
    id_ = first.get("customer") if isinstance(first, Map) else None
    return id_.text if isinstance(id_, Scalar) else CUSTOMER


def _about(part: Part) -> tuple[str, str, str]:
    """Which account the case is about, by creditor, customer and item; empty where there is only one."""
    about = part.part("about")
    return about.text("creditor"), about.text("customer"), about.text("item")


def _days(reader: Reader, part: Part) -> tuple[date, date] | None:
    keys = {key for key in ("day", "from", "until") if part.has(key)}
    if keys == {"day"}:
        for key in ("cycles", "happens", "other_days"):
            if part.has(key):
                message = f"`{key}` is of a run of days; a single day is only looked at"
                reader.report("not-a-run", part.span_of(key), message, "write `from` and `until` instead of `day`")
        day = reader.read.day(part.get("day"))
        return (day, day) if day else None
    if keys != {"from", "until"}:
        message = "a ledger is looked at on a `day`, or in a run of days `from` and `until`"
        reader.report("which-day", part.span, message, "write one or the other")
        return None
    first, last = reader.read.day(part.get("from")), reader.read.day(part.get("until"))
    if first is None or last is None:
        return None
    if last < first:
        message = "the last day lies before the first"
        reader.report("ends-before-it-begins", part.span_of("until"), message, "exchange the two days")
        return None
    if (last - first).days >= LONGEST_RUN:
        message = f"the run has {(last - first).days + 1} days, at most {LONGEST_RUN} are looked at"
        reader.report("run-too-long", part.span_of("until"), message, "let it end sooner")
        return None
    return first, last


# Rows.


def _row(reader: Reader, table: Table, place: int, item: Map, customer: str) -> dict[str, object]:
    currency = _currency(reader, item.get("currency"))
    row: dict[str, object] = {}
    for column in table.columns:
        node = item.get(column.name)
        if isinstance(node, Scalar):
            row[column.name] = _cell(reader, table, column, node, currency)
    return _filled_in(table, place, row, currency, customer)


def _filled_in(table: Table, place: int, row: dict[str, object], currency: str, customer: str) -> dict[str, object]:
    names = {column.name for column in table.columns}
    if table.name != "instalments" and "customer" in names:
        row.setdefault("customer", customer)
    if "creditor" in names and table.name != "creditors":
        row.setdefault("creditor", CREDITOR)
    if "currency" in names:
        row.setdefault("currency", currency)
    if table.name in NUMBERED:
        column, mark = NUMBERED[table.name]
        row.setdefault(column, f"{mark}{place + 1}")
    if table.name == "invoices" and row.get("amount") is None:
        row["amount"] = row.get("open", 0)
    if table.name == "customers":
        row |= {name: None if row.get(name) == "none" else row.get(name, usual) for name, usual in REACHED.items()}
    return row


def _currency(reader: Reader, node: Node | None) -> str:
    return reader.read.currency_of(node) if isinstance(node, Scalar) else reader.policy.currency


def _cell(reader: Reader, table: Table, column: Column, node: Scalar, currency: str) -> object:
    read = reader.read
    if named_by := NAMED.get((table.name, column.name)):
        return reader.one_of(node, read.names[named_by], THING[named_by])
    match column.kind:
        case Kind.MONEY:
            return read.money(node, currency)
        case Kind.DATE:
            return read.day(node)
        case Kind.WHOLE:
            return whole(node)
        case Kind.YES_NO:
            return node.text == "true"
        case Kind.COUNTRY:
            return read.country(node)
        case Kind.LANGUAGE:
            return read.language(node)
        case Kind.CURRENCY:
            return read.currency_of(node)
        case Kind.RATE:
            return _rate(reader, node)
        case _:
            return node.text


def _rate(reader: Reader, node: Scalar) -> int:
    if not RATE.fullmatch(node.text) or not (rate := Decimal(node.text)):
        reader.report("bad-rate", node.span, f"`{short(node.text)}` is not a rate", "write it like `1.0825`")
        return RATE_SCALE
    return int(rate * RATE_SCALE)


def _refuse_twins(reader: Reader, part: Part, rows: Rows) -> None:
    """Report rows that have the id of another row of their table."""
    for name in TABLES:
        keys = [column.name for column in TABLES[name].columns if column.key]
        found: set[tuple[object, ...]] = set()
        for item, row in zip(_items(part, name), rows[name], strict=False):
            key = tuple(row.get(column) for column in keys)
            if keys and key in found:
                message = f"`{short(' '.join(map(str, key)))}` stands in `{name}` twice"
                reader.report("row-twice", item.span, message, "give each row an id of its own, or leave the ids out")
            found.add(key)


def _refuse_strangers(reader: Reader, part: Part, rows: Rows) -> None:
    """Report rows that name an invoice, or a customer where customers are listed, that is not in the ledger."""
    known = {
        "invoices.invoice": {str(row["invoice"]) for row in rows["invoices"]},
        "customers.customer": {str(row["customer"]) for row in rows["customers"]} or {CUSTOMER},
    }
    for name in TABLES:
        for item in _items(part, name):
            for column in TABLES[name].columns:
                cell = item.get(column.name)
                ids = known.get(column.references)
                if isinstance(cell, Scalar) and ids is not None and cell.text not in ids:
                    thing = column.references.partition(".")[2]
                    message = f"the ledger has no {thing} `{short(cell.text)}`"
                    reader.report(
                        f"unknown-{thing}", cell.span, message, did_you_mean(cell.text, sorted(ids)) or "give it a row"
                    )


# What happens on the days of a run.


def _happens(reader: Reader, part: Part, rows: Rows, customer: str) -> Mapping[date, frozenset[Happens]]:
    """What each day does to the deeds of its cycle; what it brings besides is added to the rows."""
    happens: dict[date, frozenset[Happens]] = {}
    for entry in part.part("happens").node.entries:
        day = reader.read.day(entry.key)
        inner = part.part("happens").part(entry.key.text)
        if day is None:
            continue
        for table, row in _told(reader, inner, day, rows):
            filled_in = _filled_in(TABLES[table], len(rows[table]), row, reader.policy.currency, customer)
            rows[table].append(filled_in)
        happens[day] = frozenset(what for what in Happens if inner.has(what.value))
    return MappingProxyType(happens)


def _told(reader: Reader, inner: Part, day: date, rows: Rows) -> Iterator[tuple[str, dict[str, object]]]:
    read = reader.read

    def given(part: Part, *names: str) -> dict[str, object]:
        currency = _currency(reader, part.get("currency"))
        cells: dict[str, object] = {"currency": currency} if part.has("currency") else {}
        for name in names:
            node = part.get(name)
            if isinstance(node, Scalar):
                cells[name] = read.money(node, currency) if name == "amount" else node.text
        if part.has("invoice") and cells["invoice"] not in (known := [str(r["invoice"]) for r in rows["invoices"]]):
            message = f"the ledger has no invoice `{cells['invoice']}`"
            reader.report(
                "unknown-invoice",
                part.span_of("invoice"),
                message,
                did_you_mean(part.text("invoice"), known) or "give it a row",
            )
        return cells

    if inner.has("paid"):
        yield "payments", {**given(inner.part("paid"), "amount", "invoice"), "day": day}
    if inner.has("promised"):
        promised = inner.part("promised")
        by = {"made_on": day, "due_on": read.day(promised.get("due_on"))}
        yield "promises", {**given(promised, "amount", "invoice"), **by}
    if inner.has("disputed"):
        yield "disputes", {**given(inner.part("disputed"), "amount", "invoice"), "opened_on": day}
    if inner.has("answered"):
        answered = inner.part("answered")
        rule = read.named(NamedBy.SALES, answered.get("rule"))
        row = {**given(answered, "reason", "relationship"), "rule": rule, "day": day}
        if answered.has("financial_difficulty"):
            row["financial_difficulty"] = answered.text("financial_difficulty") == "true"
        yield "answers", row
    for word, direction in (("contacted", "out"), ("replied", "in")):
        if inner.has(word):
            yield "contacts_made", {"day": day, "channel": inner.text(word), "direction": direction}
