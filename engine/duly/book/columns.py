"""How the text of a cell becomes a value, by the kind of its column.

What decides is one SQL expression a kind (`value_sql`): it gives the value, or
NULL where the text is none. `explain` puts into words why a text was refused; it
decides nothing, so the two cannot disagree about what is accepted.

No text of a book ever stands in an expression: column references and the words
for yes and no come in as placeholders that the caller binds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from duly.book.tables import Column, Kind
from duly.language.codes import COUNTRIES, LANGUAGES
from duly.money import LARGEST_AMOUNT, SCALES

MOST_TEXT = 300
"""A text has at most this many characters; longer ones break letters and lists."""

MOST_ID = 100
"""An id has at most this many characters."""

RATE_DECIMALS = 8
"""Rates are kept in units of 10 to the minus this."""

FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"
"""Days outside these are slips of the keyboard or placeholders such as 9999-12-31."""

HIDDEN_SQL = r"[\x00-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{fffe}\x{ffff}]"
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
"""Controls, separators and marks that turn the text after them round; no cell may hold one."""


class DateFormat(Enum):
    """In which order a day is written; the separator is part of it."""

    YEAR_MONTH_DAY = "year-month-day"
    DAY_MONTH_YEAR = "day/month/year"
    MONTH_DAY_YEAR = "month/day/year"
    DAY_DOT_MONTH = "day.month.year"
    DIGITS = "yearmonthday"

    @property
    def pattern(self) -> str:
        """The whole text, with its three parts as groups."""
        return _PATTERNS[self][0]

    @property
    def to_year_month_day(self) -> str:
        """The replacement that puts the groups in order."""
        return _PATTERNS[self][1]

    @property
    def example(self) -> str:
        """The last day of January 2026."""
        return self.write("2026", "01", "31")

    def write(self, year: str, month: str, day: str) -> str:
        """The day in this format."""
        return _PATTERNS[self][2].format(year=year, month=month, day=day)


_SLASHES = "([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})"
_PATTERNS = {
    DateFormat.YEAR_MONTH_DAY: ("([0-9]{4})-([0-9]{2})-([0-9]{2})", r"\1-\2-\3", "{year}-{month}-{day}"),
    DateFormat.DAY_MONTH_YEAR: (_SLASHES, r"\3-\2-\1", "{day}/{month}/{year}"),
    DateFormat.MONTH_DAY_YEAR: (_SLASHES, r"\3-\1-\2", "{month}/{day}/{year}"),
    DateFormat.DAY_DOT_MONTH: (r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", r"\3-\2-\1", "{day}.{month}.{year}"),
    DateFormat.DIGITS: ("([0-9]{4})([0-9]{2})([0-9]{2})", r"\1-\2-\3", "{year}{month}{day}"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """How a source writes one column: the order of days, the words for yes and no, ids that went through a float.

    `stored` days and amounts need no reading: the file holds them as days, or as
    decimals with so many `decimals`.
    """

    dates: DateFormat = DateFormat.YEAR_MONTH_DAY
    yes: str = "yes"
    no: str = "no"
    float_id: bool = False
    stored: bool = False
    decimals: int = 0


ID_PATTERN = f"[A-Za-z0-9._/:#-]{{1,{MOST_ID}}}"
_FLOAT_ID = r"[0-9]{1,15}\.0"
"""A float keeps 15 digits; an id of more has lost its last ones already."""

_ATOM = "[A-Za-z0-9_'&+=~-]"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"[A-Za-z0-9_'&+=~]{_ATOM}*(?:\.{_ATOM}+)*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]"
"""An addr-spec of plain ASCII: no comments, quotes, routes, percent hacks, pipes or leading dash."""

_MARKS = "[A-Za-z0-9_-]+( [A-Za-z0-9_-]+)*"
_RATE = rf"[0-9]{{1,9}}(\.[0-9]{{1,{RATE_DECIMALS}}})?"


def value_sql(column: Column, text: str, written: Written, scale: str, yes: str, no: str) -> str:
    """The SQL value of a text, NULL where the text is not one.

    `text`, `scale`, `yes` and `no` are SQL: a VARCHAR, how many decimals the
    row's currency has, and the placeholders of the two words. Time zones are
    looked up in the table `zone_names`.
    """
    match column.kind:
        case Kind.ID if written.float_id:
            return _where(f"regexp_full_match({text}, '{_FLOAT_ID}')", f"left({text}, length({text}) - 2)")
        case Kind.ID:
            return _where(f"regexp_full_match({text}, '{ID_PATTERN}')", text)
        case Kind.TEXT:
            honest = f"length({text}) <= {MOST_TEXT} AND NOT contains({text}, '=?')"
            return _where(f"{honest} AND NOT regexp_matches({text}, '{HIDDEN_SQL}')", text)
        case Kind.MONEY if written.stored:
            return _stored_money_sql(text, scale, written.decimals, negative=column.negative)
        case Kind.MONEY:
            return _money_sql(text, scale, negative=column.negative)
        case Kind.DATE if written.stored:
            return _where(_in_range(text), text)
        case Kind.DATE:
            return _date_sql(text, written.dates)
        case Kind.WHOLE:
            return _where(f"regexp_full_match({text}, '[0-9]{{1,15}}')", f"TRY_CAST({text} AS BIGINT)")
        case Kind.YES_NO:
            return f"CASE {text} WHEN {yes} THEN TRUE WHEN {no} THEN FALSE END"
        case Kind.EMAIL:
            pattern = EMAIL_PATTERN.replace("'", "''")
            short = f"length({text}) <= 254 AND strpos({text}, '@') <= 65"
            return _where(f"{short} AND regexp_full_match({text}, '{pattern}')", text)
        case Kind.COUNTRY:
            return _where(_one_of(text, COUNTRIES), text)
        case Kind.CURRENCY:
            return _where(_one_of(text, SCALES), text)
        case Kind.LANGUAGE:
            return _where(_one_of(text, LANGUAGES), text)
        case Kind.TIME_ZONE:
            return _where(f"{text} IN (SELECT zone FROM zone_names)", text)
        case Kind.CHOICE:
            return _where(_one_of(text, column.choices), text)
        case Kind.RATE:
            return _rate_sql(text)
        case Kind.MARKS:
            return _where(f"length({text}) <= {MOST_TEXT} AND regexp_full_match({text}, '{_MARKS}')", text)
        case _:
            assert_never(column.kind)


SQL_TYPE: dict[Kind, str] = {
    Kind.MONEY: "BIGINT",
    Kind.DATE: "DATE",
    Kind.WHOLE: "BIGINT",
    Kind.YES_NO: "BOOLEAN",
    Kind.RATE: "BIGINT",
}
"""The SQL type of a kind's values; every other kind is VARCHAR."""


def scale_sql(currency: str) -> str:
    """The SQL for how many decimals a currency that was read has; where it could not be read, the most that any has."""
    by_scale: dict[int, list[str]] = {}
    for code, scale in SCALES.items():
        by_scale.setdefault(scale, []).append(code)
    usual = max(by_scale, key=lambda scale: len(by_scale[scale]))
    cases = " ".join(
        f"WHEN {_one_of(currency, codes)} THEN {scale}" for scale, codes in by_scale.items() if scale != usual
    )
    return f"CASE WHEN {currency} IS NULL THEN {max(by_scale)} {cases} ELSE {usual} END"


def _where(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} END"


def _one_of(text: str, words: Iterable[str]) -> str:
    quoted = ", ".join(f"'{word}'" for word in sorted(words))
    return f"{text} IN ({quoted})"


def _decimals(text: str) -> str:
    return f"CASE WHEN contains({text}, '.') THEN length({text}) - strpos({text}, '.') ELSE 0 END"


def _whole(text: str, decimals: str, limit: int) -> str:
    """The text without its point, as if it had been written with that many decimals; HUGEINT has room for it."""
    powers = ", ".join(str(10**power) for power in range(limit + 1))
    return f"TRY_CAST(replace({text}, '.', '') AS HUGEINT) * ([{powers}])[{decimals} - ({_decimals(text)}) + 1]"


def _money_sql(text: str, scale: str, *, negative: bool) -> str:
    most = max(SCALES.values())
    sign = "-?" if negative else ""
    decimal = f"regexp_full_match({text}, '{sign}[0-9]{{1,30}}(\\.[0-9]{{1,{most}}})?')"
    minor = _whole(text, f"({scale})", most)
    fits = f"({_decimals(text)}) <= ({scale}) AND {minor} BETWEEN -{LARGEST_AMOUNT} AND {LARGEST_AMOUNT}"
    return f"CASE WHEN {decimal} THEN CASE WHEN {fits} THEN CAST({minor} AS BIGINT) END END"


def _stored_money_sql(amount: str, scale: str, decimals: int, *, negative: bool) -> str:
    """The minor units of a stored decimal, NULL where the currency has fewer decimals than the amount needs."""
    units = f"CAST({amount} * {10**decimals} AS BIGINT)"
    cases = []
    for wanted in sorted(set(SCALES.values())):
        factor = 10 ** abs(wanted - decimals)
        most = LARGEST_AMOUNT // factor if wanted >= decimals else LARGEST_AMOUNT * factor
        fits = f"{units} BETWEEN {-most if negative else 0} AND {most}"
        minor = f"{units} * {factor}" if wanted >= decimals else f"{units} // {factor}"
        whole = "" if wanted >= decimals else f" AND {units} % {factor} = 0"
        cases.append(f"WHEN {wanted} THEN CASE WHEN {fits}{whole} THEN {minor} END")
    return f"CASE {scale} {' '.join(cases)} END"


def _rate_sql(text: str) -> str:
    units = _whole(text, str(RATE_DECIMALS), RATE_DECIMALS)
    return _where(f"regexp_full_match({text}, '{_RATE}')", _where(f"{units} > 0", f"CAST({units} AS BIGINT)"))


def _date_sql(text: str, dates: DateFormat) -> str:
    ordered = text
    if dates is not DateFormat.YEAR_MONTH_DAY:
        ordered = f"regexp_replace({text}, '^{dates.pattern}$', '{dates.to_year_month_day}')"
    day = f"TRY_CAST({ordered} AS DATE)"
    return _where(f"regexp_full_match({text}, '{dates.pattern}')", _where(_in_range(day), day))


def _in_range(day: str) -> str:
    return f"{day} BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"


NATIVE: dict[Kind, tuple[str, ...]] = {
    Kind.DATE: ("DATE",),
    Kind.WHOLE: ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    Kind.MONEY: ("DECIMAL",),
    Kind.RATE: ("DECIMAL",),
    Kind.YES_NO: ("BOOLEAN",),
}
"""The types, besides text, in which a Parquet file may hold a kind without having lost anything."""


STORED_DECIMAL = re.compile(r"DECIMAL\(([0-9]|1[0-8]),([0-4])\)")
"""Decimals that fit 64 bits, with no more places than any currency has."""


def text_sql(kind: Kind, reference: str, type_: str, yes: str, no: str) -> str | None:
    """The SQL text of a Parquet column, NULL where it is missing; None where the type has lost what the kind needs.

    An empty text is missing, as in a CSV file. Days that are stored as days stay days.
    """
    base = type_.partition("(")[0]
    if base == "VARCHAR":
        return f"nullif({reference}, '')"
    if base not in NATIVE.get(kind, ()):
        return None
    if base == "BOOLEAN":
        return f"CASE WHEN {reference} THEN {yes} WHEN NOT {reference} THEN {no} END"
    if base == "DATE":
        return reference
    if base == "DECIMAL" and not type_.endswith(",0)"):
        return f"rtrim(rtrim(CAST({reference} AS VARCHAR), '0'), '.')"
    return f"CAST({reference} AS VARCHAR)"
