"""How a customer's country writes money, days and numbers in a language.

The manner is Babel's for the language in the country (`de_AT`, `fr_BE`, `en_GB`), or
the language's own where there is none for the country. Amounts stay whole minor units
up to the last character: no float, and as many decimals as the currency has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol, get_minus_sign_symbol

from duly.money import SCALES

INTERNATIONAL = {"en": "en_001"}
"""English outside the countries that Babel knows is not American."""

_SIGN = "¤"


@dataclass(frozen=True, slots=True)
class _Money:
    """What stands around the digits of a currency, for an amount and for a negative one."""

    scale: int
    prefix: tuple[str, str]
    suffix: tuple[str, str]
    group: str
    point: str
    groups: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Writing:
    """The manner of one language in one country."""

    locale: Locale

    def money(self, minor: int, currency: str) -> str:
        """The amount with its currency, such as `1.234,50 €`."""
        manner = _money(self.locale, currency)
        whole, rest = divmod(abs(minor), 10**manner.scale)
        digits = _grouped(whole, manner.groups, manner.group)
        if manner.scale:
            digits += f"{manner.point}{rest:0{manner.scale}d}"
        negative = minor < 0
        return f"{manner.prefix[negative]}{digits}{manner.suffix[negative]}"

    def day(self, day: date) -> str:
        """The day in words, such as `3. März 2026`."""
        return _day(day, "long", self.locale)

    def short_day(self, day: date) -> str:
        """The day as a table has room for it, such as `03.03.2026`; never in a form that can be misread."""
        return _day(day, "medium", self.locale)

    def number(self, number: int) -> str:
        """The whole number with its separators."""
        manner = _money(self.locale, "XXX")
        sign = get_minus_sign_symbol(self.locale) if number < 0 else ""
        return sign + _grouped(abs(number), manner.groups, manner.group)

    def plural(self, number: int, one: str, other: str) -> str:
        """The number and the word that fits it."""
        return f"{self.number(number)} {one if self.locale.plural_form(number) == 'one' else other}"


@cache
def writing(language: str, country: str) -> Writing:
    """The manner of a language in a country; raises `UnknownLocaleError` for a language that is none."""
    try:
        found = Locale.parse(f"{language}_{country}", resolve_likely_subtags=False) if country else None
    except UnknownLocaleError:
        found = None
    return Writing(found or Locale.parse(INTERNATIONAL.get(language, language)))


@lru_cache(maxsize=4096)
def _money(locale: Locale, currency: str) -> _Money:
    pattern = locale.currency_formats["standard"]
    symbol = get_currency_symbol(currency, locale)
    minus = get_minus_sign_symbol(locale)

    def around(affixes: Sequence[str]) -> tuple[str, str]:
        plain, negative = (affix.replace("-", minus).replace(_SIGN, symbol) for affix in affixes)
        return plain, negative

    return _Money(
        scale=SCALES.get(currency, 0),
        prefix=around(pattern.prefix),
        suffix=around(pattern.suffix),
        group=get_group_symbol(locale),
        point=get_decimal_symbol(locale),
        groups=pattern.grouping,
    )


@lru_cache(maxsize=65_536)
def _day(day: date, form: str, locale: Locale) -> str:
    return format_date(day, form, locale)


def _grouped(whole: int, groups: tuple[int, int], separator: str) -> str:
    """The digits in groups from the right; the first group may have another size than the rest, as in India."""
    if groups == (3, 3):
        return f"{whole:,}".replace(",", separator)
    digits = str(whole)
    first, rest = groups
    head, pieces = digits[:-first], [digits[-first:]]
    while head:
        pieces.append(head[-rest:])
        head = head[:-rest]
    return separator.join(reversed(pieces))
