"""One value that a person typed, read by the rules of the book's column that it feeds.

What a ledger may not hold, nobody may tell the journal either: the rules are those
of `book.columns`, the words those of `book.faults`.
"""

from __future__ import annotations

import re
from datetime import date

from duly.book.columns import FIRST_DAY, HIDDEN, ID_PATTERN, LAST_DAY, MOST_TEXT, Written
from duly.book.faults import explain
from duly.book.tables import TABLES, Kind
from duly.money import SCALES, parse_minor
from duly.source import NOWHERE, Problem


def cell(table: str, column: str, text: str, currency: str = "") -> str | int | Problem:
    """The value as an entry has it: minor units for money, ISO text for a day; or what is wrong with the text.

    `currency` is one of `SCALES` where money is read.
    """
    about = TABLES[table].column(column)
    value = _value(about.kind, text, about.choices, currency)
    if value is not None:
        return value
    fault = explain(about, text, Written(), currency)
    return Problem(fault.rule, NOWHERE, fault.message, fault.help)


def _value(kind: Kind, text: str, choices: tuple[str, ...], currency: str) -> str | int | None:
    match kind:
        case Kind.ID:
            return text if re.fullmatch(ID_PATTERN, text) else None
        case Kind.TEXT:
            honest = len(text) <= MOST_TEXT and "=?" not in text and not HIDDEN.search(text)
            return text if honest else None
        case Kind.MONEY:
            amount = parse_minor(text, currency)
            return amount if isinstance(amount, int) and amount >= 0 and not text.startswith("-") else None
        case Kind.DATE:
            return text if _is_day(text) else None
        case Kind.CURRENCY:
            return text if text in SCALES else None
        case Kind.CHOICE:
            return text if text in choices else None
        case _:
            raise AssertionError(f"nobody types a {kind.value}")


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return FIRST_DAY <= text <= LAST_DAY
