"""Sheets of facts as text, CSV and JSON.

People and spreadsheets get money as decimals, programs get it in minor units
beside its currency.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date

from duly.book.shown import Cell, Row, Sheet
from duly.messages.tables import columns
from duly.money import format_decimal
from duly.reports.terminal import defused, printable

WIDEST = 24
"""Sheets with more columns than this are shown a row at a time, a line a column."""


def as_text(sheet: Sheet) -> Iterator[str]:
    """The sheet for the terminal: a table, or a block a row where it has too many columns for one."""
    if len(sheet.columns) <= WIDEST:
        cells = ([printable(_word(sheet, row, name)) for name in sheet.columns] for row in sheet.rows)
        numbers = {
            place
            for place, name in enumerate(sheet.columns)
            if any(isinstance(row[name], int) and not isinstance(row[name], bool) for row in sheet.rows)
        }
        yield from columns(cells, header=sheet.columns, right=numbers)
        return
    for number, row in enumerate(sheet.rows):
        if number:
            yield ""
        yield from columns([(name, printable(_word(sheet, row, name) or "-")) for name in sheet.columns])


def as_csv(sheet: Sheet) -> Iterator[str]:
    """The sheet as CSV lines; text that a spreadsheet would run is defused."""
    yield _line(sheet.columns)
    for row in sheet.rows:
        yield _line(
            [
                defused(_word(sheet, row, name)) if isinstance(row[name], str | frozenset) else _word(sheet, row, name)
                for name in sheet.columns
            ]
        )


def as_json(sheet: Sheet) -> Iterator[str]:
    """The sheet as a JSON list, a record a line."""
    yield "["
    last = len(sheet.rows) - 1
    for number, row in enumerate(sheet.rows):
        record = {name: _plain(sheet, row, name) for name in sheet.columns}
        yield json.dumps(record, ensure_ascii=False) + ("," if number < last else "")
    yield "]"


def _word(sheet: Sheet, row: Row, name: str) -> str:
    value = row[name]
    currency = sheet.currency_of(row, name)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() if currency:
            return format_decimal(value, currency)
        case date():
            return value.isoformat()
        case frozenset():
            return " ".join(sorted(value))
        case _:
            return str(value)


def _plain(sheet: Sheet, row: Row, name: str) -> object:
    value: Cell = row[name]
    currency = sheet.currency_of(row, name)
    match value:
        case int() if currency:
            return {"amount": value, "currency": currency}
        case date():
            return value.isoformat()
        case frozenset():
            return sorted(value)
        case _:
            return value


def _line(cells: tuple[str, ...] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
