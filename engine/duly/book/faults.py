"""Why the text of a cell is refused, in words.

`columns` decides what is accepted; this module only explains, so it may guess at
a cause (a spreadsheet, another country's way of writing) without anything being
read by that guess. Text from data is shown short and escaped.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple, assert_never

from duly.book.columns import (
    FIRST_DAY,
    HIDDEN,
    LAST_DAY,
    MOST_ID,
    MOST_TEXT,
    RATE_DECIMALS,
    DateFormat,
    Written,
)
from duly.book.tables import Column, Kind
from duly.language.codes import COUNTRIES, LANGUAGES
from duly.money import LARGEST_AMOUNT, SCALES, parse_minor

MOST_SEEN = 60
"""How much of a text a message shows."""

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Fault(NamedTuple):
    """Why a text is refused: the permanent name, what is wrong, what to do."""

    rule: str
    message: str
    help: str


def shown(text: str) -> str:
    """The text as it may stand in a message: short, and with everything that a screen would act on escaped."""
    cut = text if len(text) <= MOST_SEEN else text[: MOST_SEEN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in cut)


def explain(column: Column, text: str | None, written: Written, currency: str = "") -> Fault:
    """Why the text is no value of the column; `currency` is the row's, where money is read."""
    name = f"`{column.name}`"
    if text is None:
        return _explain_missing(column, name)
    if (hidden := HIDDEN.search(text)) and column.kind is not Kind.EMAIL:
        return explain_hidden(hidden[0], name)
    seen = f"`{shown(text)}` in {name}"
    match column.kind:
        case Kind.ID:
            return _explain_id(text, seen, written)
        case Kind.TEXT:
            return _explain_text(text, name, seen)
        case Kind.MONEY:
            return _explain_money(text, seen, currency, column)
        case Kind.DATE:
            return _explain_date(text, seen, written.dates)
        case Kind.WHOLE:
            return Fault("bad-number", f"{seen} is not a whole number", "write digits alone")
        case Kind.YES_NO:
            help_ = (
                f'write `{written.yes}` or `{written.no}`, or declare the file\'s own words with `yes_no: ["…", "…"]`'
            )
            return Fault("bad-yes-no", f"{seen} is neither `{written.yes}` nor `{written.no}`", help_)
        case Kind.EMAIL:
            return _explain_email(text, seen)
        case Kind.COUNTRY:
            help_ = (
                "write `GB`"
                if text.upper() == "UK"
                else _suggest(text.upper(), COUNTRIES, "two capital letters, as in ISO 3166-1")
            )
            return Fault("bad-country", f"{seen} is not a country", help_)
        case Kind.CURRENCY:
            return Fault(
                "bad-currency",
                f"{seen} is not a currency",
                _suggest(text.upper(), SCALES, "three capital letters, as in ISO 4217"),
            )
        case Kind.LANGUAGE:
            return Fault(
                "bad-language",
                f"{seen} is not a language",
                _suggest(text.lower(), LANGUAGES, "two small letters, as in ISO 639-1"),
            )
        case Kind.TIME_ZONE:
            return Fault("bad-time-zone", f"{seen} is not a time zone", "write its IANA name, such as `Europe/Berlin`")
        case Kind.CHOICE:
            choices = "one of " + ", ".join(f"`{choice}`" for choice in column.choices)
            return Fault("bad-choice", f"{seen} is not one of its words", _suggest(text, column.choices, choices))
        case Kind.RATE:
            return Fault(
                "bad-rate",
                f"{seen} is not a rate",
                f"write a positive decimal with a point and at most {RATE_DECIMALS} decimals",
            )
        case Kind.MARKS:
            return Fault(
                "bad-marks",
                f"{seen} is not a list of marks",
                "write words of letters, digits, `_` and `-`, one space between them",
            )
        case _:
            assert_never(column.kind)


def explain_hidden(character: str, name: str) -> Fault:
    """Why a hidden character is refused, wherever it stands."""
    if "\ud800" <= character <= "\udfff":
        help_ = "save the file as UTF-8; it looks like another encoding, or was cut inside a character"
        return Fault("not-utf-8", f"byte 0x{ord(character) & 0xFF:02X} in {name} is not UTF-8", help_)
    if _BIDI.match(character):
        help_ = "delete it; it makes text read otherwise than it is stored"
        return Fault("bidi-character", f"hidden direction mark U+{ord(character):04X} in {name}", help_)
    return Fault(
        "control-character", f"control character U+{ord(character):04X} in {name}", "delete it where the data come from"
    )


def _suggest(text: str, words: Iterable[str], otherwise: str) -> str:
    close = difflib.get_close_matches(text, sorted(words), 1, 0.6)
    return f"did you mean `{close[0]}`?" if close else f"write {otherwise}"


def _explain_missing(column: Column, name: str) -> Fault:
    if column.kind is Kind.MONEY:
        return Fault(
            "bad-amount", f"{name} is empty, which is not an amount", "write the amount, `0` where there is none"
        )
    if column.kind is Kind.TIME_ZONE:
        help_ = "fill it in, or give the book a default with `assume: {time_zone: …}`"
        return Fault("no-time-zone", "no time zone, so contact hours cannot be kept", help_)
    return Fault("missing-value", f"{name} is empty", f"write {column.meaning}")


def _explain_id(text: str, seen: str, written: Written) -> Fault:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?E\+?[0-9]+", text, re.IGNORECASE):
        help_ = "a spreadsheet shortened it and lost digits; export the column as text"
        return Fault("mangled-id", f"{seen} is what a spreadsheet makes of a long id", help_)
    if written.float_id:
        help_ = "take `written_as: float` out where the column holds ids as text"
        return Fault("bad-id", f"{seen} is not a number of at most 15 digits with `.0` behind", help_)
    if len(text) > MOST_ID:
        return Fault("too-long", f"{seen} has {len(text):,} characters", f"an id has at most {MOST_ID}")
    return Fault("bad-id", f"{seen} is not an id", "ids are ASCII letters, digits and `. _ - / : #`, without spaces")


def _explain_text(text: str, name: str, seen: str) -> Fault:
    if len(text) > MOST_TEXT:
        return Fault("too-long", f"{name} has {len(text):,} characters", f"a text has at most {MOST_TEXT}")
    return Fault("encoded-word", f"{seen} holds `=?`, which mail programs decode", "write the text itself")


def _explain_money(text: str, seen: str, currency: str, column: Column) -> Fault:
    reason = parse_minor(text, currency if currency in SCALES else "USD")
    if isinstance(reason, int):
        if reason <= 0 and not column.negative:
            help_ = "bring money owed to the customer as a row of `credits`, or of `payments`, with a positive amount"
            if column.name == "limit":
                help_ = "a credit limit is 0 or more; leave the row out where there is none"
            return Fault("negative-amount", f"{seen} is below zero", help_)
        return Fault("bad-amount", f"{seen} is not an amount", "write digits with a decimal point")
    if "out of range" in reason:
        return Fault("number-range", f"{seen} is out of range", f"an amount has at most {LARGEST_AMOUNT:,} minor units")
    help_ = reason if reason.startswith("write") else f"{reason}; write digits with a decimal point, such as `1234.50`"
    return Fault("bad-amount", f"{seen} is not an amount", help_)


def _explain_date(text: str, seen: str, dates: DateFormat) -> Fault:
    if re.fullmatch(dates.pattern, text):
        return Fault(
            "bad-date",
            f"{seen} is not in the calendar",
            f"days run from {FIRST_DAY} to {LAST_DAY}; leave the cell empty where there is none",
        )
    if re.fullmatch(r"[0-9]{5}(\.0)?", text):
        help_ = f"this is a spreadsheet's day number; export the column as text, such as `{dates.example}`"
    elif re.match(r"[0-9]+[-/.][0-9]+[-/.][0-9]+[T ]", text):
        help_ = f"leave the time of day out, as in `{dates.example}`"
    else:
        help_ = f"write it as in `{dates.example}`, or declare how the file writes its days with `dates:`"
    return Fault("bad-date", f"{seen} is not a day written {dates.value}", help_)


def _explain_email(text: str, seen: str) -> Fault:
    if mixes_scripts(text.rpartition("@")[2]):
        help_ = "letters of two scripts look alike here; ask the customer, and type the address anew"
        return Fault("address-confusable", f"{seen} mixes letters of different scripts", help_)
    if not text.isascii():
        return Fault(
            "bad-email",
            f"{seen} has characters that an address cannot have",
            "retype it; write a domain of another script in its `xn--` form",
        )
    return Fault(
        "bad-email",
        f"{seen} is not a plain e-mail address",
        "write one address, such as `name@example.com`, without name, brackets, quotes or spaces",
    )


_WRITTEN_TOGETHER = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})


def mixes_scripts(word: str) -> bool:
    """Say whether a word has letters of scripts that nobody writes together, such as Latin and Cyrillic."""
    scripts = {unicodedata.name(c, "?").split(" ")[0].split("-")[0] for c in word if c.isalpha()}
    return len(scripts) > 1 and not scripts <= _WRITTEN_TOGETHER
