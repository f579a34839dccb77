"""Amounts in minor units, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.money import LARGEST_AMOUNT, SCALES, format_decimal, format_minor, parse_minor


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        pytest.param("10.00", "USD", 1000, id="two-decimals"),
        pytest.param("10", "USD", 1000, id="none-written"),
        pytest.param("10.5", "USD", 1050, id="one-written"),
        pytest.param("-0.01", "EUR", -1, id="negative"),
        pytest.param("500", "JPY", 500, id="currency-without-decimals"),
        pytest.param("0.005", "BHD", 5, id="currency-with-three"),
        pytest.param("007", "USD", 700, id="leading-zeros"),
        pytest.param("90071992547409.92", "USD", LARGEST_AMOUNT, id="largest"),
        pytest.param("-90071992547409.92", "USD", -LARGEST_AMOUNT, id="smallest"),
    ],
)
def test_a_decimal_is_its_amount_in_minor_units(text: str, currency: str, amount: int) -> None:
    assert parse_minor(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        pytest.param("10.001", "USD", "USD has at most 2 decimals", id="a-third-decimal"),
        pytest.param("10.0", "JPY", "JPY has no decimals", id="a-first-decimal"),
        pytest.param("90071992547409.93", "USD", "the amount is out of range", id="one-too-large"),
        pytest.param("9" * 5000, "USD", "the amount is out of range", id="five-thousand-digits"),
        pytest.param("1,000.00", "USD", "write it without separators and with a decimal point", id="comma"),
        pytest.param("1.000,00", "EUR", "write it without separators and with a decimal point", id="point-and-comma"),
        pytest.param("10,5", "EUR", "write it without separators and with a decimal point", id="decimal-comma"),
        pytest.param("1e3", "USD", "write it out, without an exponent", id="exponent"),
        pytest.param("inf", "USD", "not a decimal amount", id="infinity"),
        pytest.param("+5", "USD", "not a decimal amount", id="plus"),
        pytest.param(".5", "USD", "not a decimal amount", id="no-digit-before-the-point"),
        pytest.param("5.", "USD", "not a decimal amount", id="no-digit-after-the-point"),
        pytest.param(" 5", "USD", "not a decimal amount", id="blank"),
        pytest.param("٣", "USD", "not a decimal amount", id="digits-of-another-script"),
        pytest.param("", "USD", "not a decimal amount", id="nothing"),
    ],
)
def test_what_is_no_amount_says_why(text: str, currency: str, reason: str) -> None:
    assert parse_minor(text, currency) == reason


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        pytest.param(123450, "USD", "1,234.50 USD", id="thousands"),
        pytest.param(-5, "USD", "-0.05 USD", id="negative-below-one"),
        pytest.param(1234567, "JPY", "1,234,567 JPY", id="no-decimals"),
        pytest.param(1, "KWD", "0.001 KWD", id="three-decimals"),
        pytest.param(0, "EUR", "0.00 EUR", id="zero"),
    ],
)
def test_an_amount_is_written_as_people_read_it(amount: int, currency: str, text: str) -> None:
    assert format_minor(amount, currency) == text


@given(st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT), st.sampled_from(sorted(SCALES)))
def test_reading_what_was_written_gives_the_amount_back(amount: int, currency: str) -> None:
    assert parse_minor(format_decimal(amount, currency), currency) == amount
