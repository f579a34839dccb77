"""What colleagues are asked to do, one line each, and each day's lists of it for people to work from.

A line is JSON with everything in it. From the lines of a day come one CSV file
and one workbook with a sheet for each person, the most points first. A list is
made whole from its lines every time, so that it can be thrown away.

A customer may be called `=1+1`. In the CSV file such a cell has an apostrophe in
front; in the workbook every text is a text, marked so that it stays one when it is
edited. Amounts are numbers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from duly.execution.channels.files import write_whole
from duly.execution.channels.parcels import checked_key
from duly.execution.ports import Deed, Unsendable
from duly.money import SCALES, format_decimal
from duly.shown import defused

LISTS = ("worklist.csv", "worklist.xlsx")
"""The files that are made from the lines of a day."""

MOST_TEXT = 32_000
"""A cell of a workbook holds at most 32,767 characters."""

MOST_SHEETS = 200
"""So many people have a sheet of their own; the first sheet has everybody's lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that a person is asked to do. `amount` is a decimal of `currency`; days are ISO days."""

    day: str
    person: str
    points: int
    kind: str
    task: str
    customer: str
    customer_name: str
    creditor: str
    stage: str
    amount: str
    currency: str
    invoices: str
    answer_by: str
    ask: str
    because: str
    brief: str
    role: str
    action: str


COLUMNS = tuple(field.name for field in fields(Line))
"""What the columns are called, in their order."""


def line_of(deed: Deed) -> Line:
    """The line of a deed; raises `Unsendable`."""
    action, matter = deed.action, deed.matter
    line = Line(
        day=day_of(deed),
        person=action.person or action.for_role,
        points=deed.points,
        kind=action.kind.value,
        task=action.task,
        customer=action.customer,
        customer_name=matter.customer.name if matter else "",
        creditor=action.creditor,
        stage=action.stage,
        amount=format_decimal(action.amount, action.currency),
        currency=action.currency,
        invoices=", ".join(action.invoices),
        answer_by=matter.answer_by.isoformat() if matter and matter.answer_by else "",
        ask=(matter.ask if matter else "") or action.detail("ask"),
        because="; ".join(reason.said or reason.rule for reason in action.because),
        brief=deed.message.text if deed.message else "",
        role=action.for_role,
        action=checked_key(action),
    )
    for name in COLUMNS:
        if len(str(getattr(line, name))) > MOST_TEXT:
            raise Unsendable("too-long", f"`{name}` has more than {MOST_TEXT:,} characters")
    return line


def line_parcel(deed: Deed) -> tuple[tuple[str, ...], bytes]:
    """Whom a line is for, and its bytes."""
    line = line_of(deed)
    return (line.person,), as_json(line)


def as_json(line: Line) -> bytes:
    """A line as bytes, the same each time."""
    record = {name: getattr(line, name) for name in COLUMNS}
    return (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")


def from_json(content: bytes) -> Line:
    """The line in these bytes; raises `ValueError`."""
    record = json.loads(content)
    if not isinstance(record, dict) or set(record) != set(COLUMNS):
        raise ValueError("not a line of a worklist")
    return Line(**record)


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Lines person by person, each person's most points first, then the largest amounts."""
    return sorted(
        lines, key=lambda line: (line.person, -line.points, -Decimal(line.amount), line.customer, line.action)
    )


def as_csv(lines: Iterable[Line]) -> bytes:
    """The list as a CSV file that a spreadsheet opens without running anything in it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in in_order(lines):
        writer.writerow([_csv_cell(name, getattr(line, name)) for name in COLUMNS])
    # With a byte order mark, spreadsheets take the file for UTF-8.
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Iterable[Line]) -> bytes:
    """The list as a workbook: everybody's lines first, then a sheet for each person."""
    ordered = in_order(lines)
    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(made, options)
    # The day stands for the moment of writing, so that the same lines give the same bytes.
    first_day = min((date.fromisoformat(line.day) for line in ordered), default=date(2000, 1, 1))
    book.set_properties({"created": datetime.combine(first_day, time())})
    formats = {
        "head": book.add_format({"bold": True}),
        "text": book.add_format({"text_wrap": False}),
        "quoted": book.add_format({"quote_prefix": True}),
        **{str(scale): book.add_format({"num_format": f"#,##0.{'0' * scale}".rstrip(".")}) for scale in (0, 2, 3)},
    }
    people = sorted({line.person for line in ordered})
    _sheet(book, "everybody", ordered, formats)
    for number, person in enumerate(people[:MOST_SHEETS], 1):
        _sheet(book, _sheet_name(number, person), [line for line in ordered if line.person == person], formats)
    book.close()
    return made.getvalue()


def make_lists(folder: Path) -> None:
    """Make the lists of every day that has a line as new as its lists, or newer; raises `OSError`."""
    for day in sorted(path for path in folder.iterdir() if path.is_dir()):
        lines = list(day.glob("*.json"))
        lists = [day / name for name in LISTS]
        newest = max((path.stat().st_mtime_ns for path in lines), default=None)
        made = min(path.stat().st_mtime_ns if path.exists() else 0 for path in lists)
        if newest is not None and newest >= made:
            _make_lists(day, lines)


def day_of(deed: Deed) -> str:
    """The day that a deed is for, as an ISO day; raises `Unsendable`."""
    try:
        return datetime.fromisoformat(deed.action.not_before).date().isoformat()
    except ValueError:
        raise Unsendable("no-moment", "the action has no day") from None


def _make_lists(folder: Path, files: Iterable[Path]) -> None:
    lines = []
    for path in files:
        # What is no line of ours was put there by someone else.
        with suppress(ValueError):
            lines.append(from_json(path.read_bytes()))
    for name, content in zip(LISTS, (as_csv(lines), as_xlsx(lines)), strict=True):
        write_whole(folder, name, content)


def _csv_cell(name: str, value: object) -> str:
    text = str(value)
    return text if name in {"points", "amount", "day", "answer_by"} else defused(text)


def _sheet(
    book: xlsxwriter.Workbook,
    name: str,
    lines: Sequence[Line],
    formats: dict[str, xlsxwriter.workbook.Format],
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 18)
    for column, title in enumerate(COLUMNS):
        sheet.write_string(0, column, title, formats["head"])
    for row, line in enumerate(lines, 1):
        for column, title in enumerate(COLUMNS):
            value = str(getattr(line, title))
            if title in {"points", "amount"}:
                # A spreadsheet's number is a float, which holds any amount exactly enough to be shown.
                scale = SCALES[line.currency] if title == "amount" else 0
                sheet.write_number(row, column, float(value), formats[str(scale)])
            else:
                sheet.write_string(row, column, value, formats["text" if defused(value) == value else "quoted"])
    sheet.autofilter(0, 0, max(1, len(lines)), len(COLUMNS) - 1)


def _sheet_name(number: int, person: str) -> str:
    """A sheet's name: at most 31 characters, some of them not allowed, and no two the same but for case."""
    kept = "".join(c if c.isalnum() or c in " -_." else " " for c in person).strip("' ")
    return f"{number} {kept}"[:31].rstrip()
