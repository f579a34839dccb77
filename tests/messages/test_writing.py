"""How money, days and numbers are written is what Babel says, with exact digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency, get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from duly.messages.writing import writing
from duly.money import LARGEST_AMOUNT, SCALES

PLACES = [
    *(("en", country) for country in ("US", "GB", "IE", "CA", "AU", "IN", "JP", "")),
    *(("de", country) for country in ("DE", "AT", "CH", "US", "")),
    *(("fr", country) for country in ("FR", "BE", "CH", "CA", "")),
    ("es", "ES"),
    ("ja", "JP"),
]
ALIKE = sorted(currency for currency, scale in SCALES.items() if get_currency_precision(currency) == scale)


@given(
    place=st.sampled_from(PLACES),
    currency=st.sampled_from(ALIKE),
    minor=st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT),
)
def test_an_amount_is_written_as_babel_writes_it(place: tuple[str, str], currency: str, minor: int) -> None:
    manner = writing(*place)
    exact = Decimal(minor).scaleb(-SCALES[currency])
    assert manner.money(minor, currency) == format_currency(exact, currency, locale=manner.locale)


@pytest.mark.parametrize(
    ("place", "money", "day", "short"),
    [
        pytest.param(("en", "US"), "€1,234.50", "March 3, 2026", "Mar 3, 2026", id="american"),
        pytest.param(("en", "GB"), "€1,234.50", "3 March 2026", "3 Mar 2026", id="british"),
        pytest.param(("en", "JP"), "€1,234.50", "3 March 2026", "3 Mar 2026", id="english-elsewhere-is-not-american"),
        pytest.param(("de", "DE"), "1.234,50\u00a0€", "3. März 2026", "03.03.2026", id="german"),
        pytest.param(("de", "AT"), "€\u00a01.234,50", "3. März 2026", "03.03.2026", id="austrian"),
        pytest.param(("fr", "BE"), "1\u202f234,50\u00a0€", "3 mars 2026", "3 mars 2026", id="belgian"),
    ],
)
def test_money_and_days_are_written_as_in_the_country(place: tuple[str, str], money: str, day: str, short: str) -> None:
    manner = writing(*place)
    assert manner.money(123_450, "EUR") == money
    assert manner.day(date(2026, 3, 3)) == day
    assert manner.short_day(date(2026, 3, 3)) == short


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        pytest.param("en", 0, "0 days", id="english-none"),
        pytest.param("en", 1, "1 day", id="english-one"),
        pytest.param("en", 2, "2 days", id="english-two"),
        pytest.param("fr", 0, "0 day", id="french-none-is-singular"),
        pytest.param("fr", 2, "2 days", id="french-two"),
        pytest.param("de", 1_234, "1.234 days", id="german-thousands"),
    ],
)
def test_a_number_takes_the_word_that_fits_it(language: str, number: int, expected: str) -> None:
    assert writing(language, "").plural(number, "day", "days") == expected
