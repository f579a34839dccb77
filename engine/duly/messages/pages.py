"""Pages of figures as text, CSV, a workbook, HTML and PDF.

A page is a table under a title, about what its `about` says; its last lines may be
totals. Money is written as decimals, exact numbers with one decimal, rounded half
away from zero here and nowhere before. Cells that a spreadsheet would run are made
harmless, text for a screen is made printable, and what HTML would read as its own is
escaped. The HTML stands alone: it fetches nothing and prints as it looks.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from fractions import Fraction
from functools import cache
from importlib.resources import as_file, files
from typing import assert_never

import xlsxwriter

from duly.messages.letter import FONTS
from duly.messages.page import escaped
from duly.messages.sandbox import Unrenderable
from duly.messages.tables import columns as in_columns
from duly.money import SCALES, format_decimal
from duly.shown import defused, printable

MOST_SHEETS = 200
"""A workbook has at most this many sheets; pages beyond it follow on its last one."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency."""

    amount: int
    currency: str


MOST_ON_PAPER = 20_000
"""So many lines at most are set on paper; a workbook holds more."""


AT_HAND = re.compile("[ -~¡-¬®-ſ–—‘’‚“”„†•…‰›‹€→]*")
"""Characters that the font of pages has in every weight; none of them joins another to one sign."""


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
            numbers = _numbers(page)
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


def as_html(pages: Sequence[Page], title: str = "") -> str:
    """The pages as one HTML file, a table a page; printed, a heading stands above every sheet of a table."""
    named = title or (pages[0].title if pages else "nothing")
    head = f"<h1>{escaped(printable(title))}</h1>\n" if title else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escaped(printable(named))}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
        f"{head}{''.join(_section(page) for page in pages)}</body></html>\n"
    )


def as_pdf(pages: Sequence[Page], title: str = "") -> bytes:
    """The pages on paper, the same bytes each time.

    Raises `Unrenderable` where there are too many lines, a character has no font, or the
    PDF cannot be made at all.
    """
    if sum(len(page.rows) + len(page.totals) for page in pages) > MOST_ON_PAPER:
        raise Unrenderable("too-long", f"more than {MOST_ON_PAPER:,} lines are not for paper: take the workbook")
    return _press().print(pages, title)


def tenths(value: Fraction) -> str:
    """The number with one decimal, rounded half away from zero."""
    whole, rest = divmod(abs(value) * 10, 1)
    rounded = whole + (2 * rest >= 1)
    return f"{'-' if value < 0 and rounded else ''}{rounded // 10:,}.{rounded % 10}"


_STYLE = (
    "body{font:14px/1.45 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#1f2933;margin:24px}"
    "h1{font-size:20px;margin:0 0 18px}h2{font-size:15px;margin:26px 0 8px;break-after:avoid}"
    "table{border-collapse:collapse;font-size:12.5px}"
    "th{color:#52606d;font-weight:600;vertical-align:bottom;border-bottom:2px solid #52606d}"
    "th,td{padding:4px 14px 4px 0;text-align:left}"
    "td{border-bottom:1px solid #e4e7eb;vertical-align:top}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.d{white-space:nowrap}"
    "tfoot{display:table-row-group}tfoot td{font-weight:700;border-bottom:0}"
    "tfoot tr:first-child td{border-top:2px solid #52606d}"
    "p{margin:8px 0;color:#3e4c59;max-width:60em}"
    "@media print{body{margin:0;font-size:9pt}table{font-size:7.5pt}th,td{padding:2pt 7pt 2pt 0}"
    "thead{display:table-header-group}tr{break-inside:avoid}@page{size:landscape;margin:14mm}}"
)


def _section(page: Page) -> str:
    made = [f"<h2>{escaped(printable(page.title))}</h2>\n"] if page.title else []
    if page.rows or page.totals:
        numbers = _numbers(page)
        heads = "".join(
            f"<th{' class=n' if at in numbers else ''}>{escaped(printable(name))}</th>"
            for at, name in enumerate(page.columns)
        )
        made.append(f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n")
        made += (_html_row(row) for row in page.rows)
        made.append("</tbody>\n")
        if page.totals:
            made += ["<tfoot>\n", *(_html_row(row) for row in page.totals), "</tfoot>\n"]
        made.append("</table>\n")
    made += (f"<p>{escaped(printable(note))}</p>\n" for note in page.notes if note)
    return "".join(made)


def _html_row(row: Sequence[Cell]) -> str:
    cells = "".join(
        f"<td{' class=n' if _is_number(cell) else ' class=d' if isinstance(cell, date) else ''}>"
        f"{escaped(printable(_word(cell, separator=',')))}</td>"
        for cell in row
    )
    return f"<tr>{cells}</tr>\n"


class _Press:
    """Sets pages with one stock of fonts."""

    def __init__(self) -> None:
        try:
            import pypdf  # noqa: F401  (asked for here, before the first page)
            import typst
        except ImportError as missing:
            message = f"pages on paper need `{missing.name}`: install `duly[letters]`"
            raise Unrenderable("no-letters", message) from None
        with as_file(files("duly.messages") / "pages.typ") as sheet:
            self._compiler = typst.Compiler(str(sheet), root=str(sheet.parent), ignore_system_fonts=True)
        self._error = typst.TypstError

    def print(self, pages: Sequence[Page], title: str) -> bytes:
        """The PDF; where a character could be missing from it, what it says is read back."""
        inputs = _inputs(pages, title)
        try:
            # Tags for screen readers would make it ten times as large; the HTML of a page has them by itself.
            pdf = self._compiler.compile(sys_inputs=inputs, format="pdf", timestamp=0, pdf_tags=False)
        except self._error as error:
            raise Unrenderable("not-set", f"the pages cannot be set: {str(error).splitlines()[0]}") from None
        assert isinstance(pdf, bytes)
        # Reading it back takes several times as long as setting it, and would find nothing in the common case.
        if not AT_HAND.fullmatch(inputs["pages"]) and "\x00" in _read_back(pdf):
            raise Unrenderable("no-font", "a character of it is in no font at hand; the other forms have it")
        return pdf

    def picture(self, pages: Sequence[Page], title: str = "") -> list[bytes]:
        """The sheets as PNG, for people who judge the layout."""
        made = self._compiler.compile(sys_inputs=_inputs(pages, title), format="png", ppi=90.0, timestamp=0)
        assert made is not None
        return made if isinstance(made, list) else [made]


@cache
def _press() -> _Press:
    return _Press()


def _read_back(pdf: bytes) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def _inputs(pages: Sequence[Page], title: str) -> dict[str, str]:
    data = {
        "fonts": list(FONTS),
        "title": printable(title),
        "pages": [
            {
                "title": printable(page.title),
                "columns": list(map(printable, page.columns)) if page.rows or page.totals else [],
                "right": [at in numbers for at in range(len(page.columns))],
                "rows": [[printable(_word(cell, separator=",")) for cell in row] for row in page.rows],
                "totals": [[printable(_word(cell, separator=",")) for cell in row] for row in page.totals],
                "notes": [printable(note) for note in page.notes if note],
            }
            for page in pages
            for numbers in (_numbers(page),)
        ],
    }
    return {"pages": json.dumps(data, ensure_ascii=False)}


def _numbers(page: Page) -> frozenset[int]:
    """The columns that hold numbers."""
    lines = (*page.rows, *page.totals)
    return frozenset(at for at in range(len(page.columns)) if any(_is_number(line[at]) for line in lines))


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
