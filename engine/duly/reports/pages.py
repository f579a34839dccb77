"""Pages of figures as text, CSV and a workbook.

A page is a table under a title, about what its `about` says; its last lines may be
totals. Money is written as decimals, exact numbers with one decimal, rounded half
away from zero here and nowhere before. Cells that a spreadsheet would run are made
harmless, and text for a screen is made printable.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from fractions import Fraction
from typing import assert_never

import xlsxwriter

from duly.money import SCALES, format_decimal
from duly.reports.tables import columns as in_columns
from duly.reports.terminal import defused, printable

MOST_SHEETS = 200
"""A workbook has at most this many sheets; pages beyond it follow on its last one."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency."""

    amount: int
    currency: str


Cell = str | int | date | Money | Fraction | None
"""None is a value that there is none of."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows under columns; `about` are the columns whose value is the same for the whole page, `totals` come last."""

    title: str
    about: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = field(default=())


def as_text(pages: Iterable[Page]) -> Iterator[str]:
    """The pages for the terminal, lines without their ends."""
    for number, page in enumerate(pages):
        if number:
            yield ""
        yield printable(page.title)
        if page.rows or page.totals:
            yield ""
            lines = [*page.rows, *page.totals]
            numbers = {at for at in range(len(page.columns)) if any(_is_number(line[at]) for line in lines)}
            shown = [[printable(_word(cell, separator=",")) for cell in line] for line in lines]
            made = list(in_columns(shown, header=page.columns, right=numbers))
            rule = made[1]
            yield from made[: 2 + len(page.rows)]
            if page.totals:
                yield rule
                yield from made[2 + len(page.rows) :]
        yield from map(printable, page.notes)


def as_csv(pages: Iterable[Page]) -> Iterator[str]:
    """The rows of all pages as CSV lines under one header, without totals: a program adds up by itself."""
    header: tuple[str, ...] = ()
    for page in pages:
        if not header:
            header = (*(name for name, _ in page.about), *page.columns)
            yield _line(header)
        elif header != (*(name for name, _ in page.about), *page.columns):
            raise ValueError("the pages of one CSV file have the same columns")
        about = [defused(value) for _, value in page.about]
        for row in page.rows:
            yield _line([*about, *(defused(cell) if isinstance(cell, str) else _word(cell) for cell in row)])


def as_xlsx(pages: Sequence[Page], day: date) -> bytes:
    """The pages as a workbook, a sheet a page; the day stands for the moment of writing, so that bytes repeat."""
    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(made, options)
    book.set_properties({"created": datetime.combine(day, time())})
    formats = {
        "bold": book.add_format({"bold": True}),
        "quoted": book.add_format({"quote_prefix": True}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        "tenth": book.add_format({"num_format": "#,##0.0"}),
        **{str(scale): book.add_format({"num_format": f"#,##0.{'0' * scale}".rstrip(".")}) for scale in (0, 2, 3)},
    }
    groups = [[page] for page in pages[: MOST_SHEETS - 1]]
    if rest := list(pages[MOST_SHEETS - 1 :]):
        groups.append(rest)
    for number, group in enumerate(groups or [[Page("nothing", (), (), ())]], 1):
        _sheet(book, f"{number} {_sheet_name(group[0])}"[:31].rstrip(), group, formats)
    book.close()
    return made.getvalue()


def tenths(value: Fraction) -> str:
    """The number with one decimal, rounded half away from zero."""
    whole, rest = divmod(abs(value) * 10, 1)
    rounded = whole + (2 * rest >= 1)
    return f"{'-' if value < 0 and rounded else ''}{rounded // 10:,}.{rounded % 10}"


def _sheet(
    book: xlsxwriter.Workbook, name: str, pages: Sequence[Page], formats: dict[str, xlsxwriter.workbook.Format]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 20, 18)
    row = 0
    for page in pages:
        _write(sheet, row, 0, page.title, formats, bold=True)
        row += 2
        for column, title in enumerate(page.columns):
            sheet.write_string(row, column, title, formats["bold"])
        for line in (*page.rows, *page.totals):
            row += 1
            for column, cell in enumerate(line):
                _write(sheet, row, column, cell, formats)
        for note in page.notes:
            row += 1
            _write(sheet, row, 0, note, formats)
        row += 2


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    column: int,
    cell: Cell,
    formats: dict[str, xlsxwriter.workbook.Format],
    *,
    bold: bool = False,
) -> None:
    match cell:
        case None:
            pass
        case str():
            quoted = formats["quoted"] if defused(cell) != cell else formats["bold"] if bold else None
            sheet.write_string(row, column, cell, quoted)
        case Money(amount, currency):
            # A spreadsheet's number is a float, which holds any amount exactly enough to be shown.
            sheet.write_number(row, column, float(format_decimal(amount, currency)), formats[str(SCALES[currency])])
        case Fraction():
            sheet.write_number(row, column, float(cell), formats["tenth"])
        case int():
            sheet.write_number(row, column, cell, formats["0"])
        case date():
            sheet.write_datetime(row, column, datetime.combine(cell, time()), formats["day"])
        case _:
            assert_never(cell)


def _sheet_name(page: Page) -> str:
    """What the page is about, as a sheet may be called."""
    about = " ".join(value for _, value in page.about) or page.title
    return "".join(c if c.isalnum() or c in " -_." else " " for c in about).strip("' ")


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | Money | Fraction)


def _word(cell: Cell, separator: str = "") -> str:
    match cell:
        case None:
            return ""
        case str():
            return cell
        case Money(amount, currency):
            return format_decimal(amount, currency, separator=separator)
        case Fraction():
            return tenths(cell) if separator else tenths(cell).replace(",", "")
        case int():
            return str(cell)
        case date():
            return cell.isoformat()
        case _:
            assert_never(cell)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
