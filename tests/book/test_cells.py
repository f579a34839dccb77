"""What each kind of column accepts, at its boundaries, and what is said of the rest."""

from __future__ import annotations

import functools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.book.columns import DateFormat, Written, scale_sql, value_sql
from duly.book.connection import Connection, connect
from duly.book.faults import explain, mixes_scripts
from duly.book.tables import TABLES, Column, Kind
from duly.language.codes import COUNTRIES
from duly.money import LARGEST_AMOUNT, SCALES, parse_minor

PLAIN = Written()


@functools.cache
def database() -> Connection:
    connection = connect()
    connection.execute("CREATE TABLE zone_names AS SELECT unnest(['Europe/Berlin', 'UTC']) AS zone")
    return connection


def read(kind: Kind, text: str, written: Written = PLAIN, currency: str = "USD", *, negative: bool = False) -> object:
    column = Column("c", kind, "a test's column", choices=("email", "letter"), negative=negative)
    sql = value_sql(column, "t", written, scale_sql("k"), "$yes", "$no")
    parameters = {"text": text, "currency": currency, "yes": written.yes, "no": written.no}
    used = {name: value for name, value in parameters.items() if name in {"text", "currency"} or f"${name}" in sql}
    values = "SELECT CAST($text AS VARCHAR) AS t, CAST($currency AS VARCHAR) AS k"
    row = database().execute(f"SELECT {sql} FROM ({values})", used).fetchone()
    assert row is not None
    return row[0]


def said(kind: Kind, text: str | None, written: Written = PLAIN, currency: str = "USD") -> str:
    return explain(Column("c", kind, "a test's column", choices=("email", "letter")), text, written, currency).rule


ACCEPTED = [
    pytest.param(Kind.ID, "000042", "000042", id="leading-zeros-stay"),
    pytest.param(Kind.ID, "A.b_c-d/e:f#1", "A.b_c-d/e:f#1", id="every-sign-of-an-id"),
    pytest.param(Kind.ID, "x" * 100, "x" * 100, id="an-id-of-100"),
    pytest.param(Kind.TEXT, "Smith & Sons", "Smith & Sons", id="ampersand"),
    pytest.param(Kind.TEXT, "A<B Ltd", "A<B Ltd", id="less-than"),
    pytest.param(Kind.TEXT, "-ism Consulting", "-ism Consulting", id="leading-dash"),
    pytest.param(Kind.TEXT, "株式会社サンプル", "株式会社サンプル", id="japanese"),
    pytest.param(Kind.TEXT, "x" * 300, "x" * 300, id="a-text-of-300"),
    pytest.param(Kind.MONEY, "0", 0, id="nothing"),
    pytest.param(Kind.MONEY, "97.6", 9760, id="one-decimal"),
    pytest.param(Kind.MONEY, "0012.05", 1205, id="zeros-in-front"),
    pytest.param(Kind.MONEY, f"{LARGEST_AMOUNT // 100}.{LARGEST_AMOUNT % 100}", LARGEST_AMOUNT, id="the-largest"),
    pytest.param(Kind.DATE, "2024-02-29", date(2024, 2, 29), id="leap-day"),
    pytest.param(Kind.DATE, "1900-01-01", date(1900, 1, 1), id="first-day"),
    pytest.param(Kind.DATE, "2199-12-31", date(2199, 12, 31), id="last-day"),
    pytest.param(Kind.WHOLE, "12", 12, id="whole"),
    pytest.param(Kind.YES_NO, "yes", True, id="yes"),
    pytest.param(Kind.YES_NO, "no", False, id="no"),
    pytest.param(
        Kind.EMAIL, "o'neil.ar+late@mail.sample-co.example", "o'neil.ar+late@mail.sample-co.example", id="e-mail"
    ),
    pytest.param(Kind.EMAIL, f"{'a' * 64}@b.example", f"{'a' * 64}@b.example", id="local-part-of-64"),
    pytest.param(Kind.COUNTRY, "GB", "GB", id="country"),
    pytest.param(Kind.CURRENCY, "EUR", "EUR", id="currency"),
    pytest.param(Kind.LANGUAGE, "de", "de", id="language"),
    pytest.param(Kind.TIME_ZONE, "Europe/Berlin", "Europe/Berlin", id="time-zone"),
    pytest.param(Kind.CHOICE, "letter", "letter", id="choice"),
    pytest.param(Kind.RATE, "0.72", 72_000_000, id="rate"),
    pytest.param(Kind.RATE, "0.00000001", 1, id="smallest-rate"),
    pytest.param(Kind.MARKS, "key_account vip", "key_account vip", id="marks"),
]

REFUSED = [
    pytest.param(Kind.ID, "", "bad-id", id="empty-id"),
    pytest.param(Kind.ID, "C 1", "bad-id", id="space-in-id"),
    pytest.param(Kind.ID, "C00é", "bad-id", id="accent-in-id"),
    pytest.param(Kind.ID, "1.23E+10", "mangled-id", id="spreadsheet-id"),
    pytest.param(Kind.ID, "x" * 101, "too-long", id="an-id-of-101"),
    pytest.param(Kind.TEXT, "x" * 301, "too-long", id="a-text-of-301"),
    pytest.param(Kind.TEXT, "=?utf-8?q?x?=", "encoded-word", id="encoded-word"),
    pytest.param(Kind.TEXT, "a\tb", "control-character", id="tab"),
    pytest.param(Kind.TEXT, "a\x9bb", "control-character", id="c1"),
    pytest.param(Kind.TEXT, "a\u2028b", "control-character", id="line-separator"),
    pytest.param(Kind.TEXT, "a\u2066b", "bidi-character", id="isolate"),
    pytest.param(Kind.MONEY, "1.005", "bad-amount", id="a-decimal-too-many"),
    pytest.param(Kind.MONEY, "+5", "bad-amount", id="plus"),
    pytest.param(Kind.MONEY, "1e5", "bad-amount", id="exponent"),
    pytest.param(Kind.MONEY, "inf", "bad-amount", id="infinity"),
    pytest.param(Kind.MONEY, "1,000.00", "bad-amount", id="separator"),
    pytest.param(Kind.MONEY, "(100.00)", "bad-amount", id="parentheses"),
    pytest.param(Kind.MONEY, "100.00-", "bad-amount", id="sign-behind"),
    pytest.param(Kind.MONEY, " 5", "bad-amount", id="space"),
    pytest.param(Kind.MONEY, ".5", "bad-amount", id="no-digit-before-the-point"),
    pytest.param(Kind.MONEY, "5.", "bad-amount", id="no-digit-behind-the-point"),
    pytest.param(Kind.MONEY, "١٢", "bad-amount", id="digits-of-another-script"),
    pytest.param(Kind.MONEY, "-0.01", "negative-amount", id="below-zero"),
    pytest.param(Kind.MONEY, f"{LARGEST_AMOUNT // 100}.{LARGEST_AMOUNT % 100 + 1}", "number-range", id="one-too-large"),
    pytest.param(Kind.DATE, "2023-02-29", "bad-date", id="no-leap-day"),
    pytest.param(Kind.DATE, "1899-12-31", "bad-date", id="before-the-first-day"),
    pytest.param(Kind.DATE, "2200-01-01", "bad-date", id="after-the-last-day"),
    pytest.param(Kind.DATE, "2026-1-2", "bad-date", id="one-digit-month"),
    pytest.param(Kind.DATE, "46054", "bad-date", id="spreadsheet-day"),
    pytest.param(Kind.DATE, "2026-01-02 00:00:00", "bad-date", id="time-of-day"),
    pytest.param(Kind.WHOLE, "-1", "bad-number", id="negative-whole"),
    pytest.param(Kind.WHOLE, "1.0", "bad-number", id="whole-with-point"),
    pytest.param(Kind.YES_NO, "Yes", "bad-yes-no", id="capital-yes"),
    pytest.param(Kind.YES_NO, "1", "bad-yes-no", id="one-for-yes"),
    pytest.param(Kind.EMAIL, "a@b", "bad-email", id="domain-without-point"),
    pytest.param(Kind.EMAIL, "-a@b.example", "bad-email", id="leading-dash-address"),
    pytest.param(Kind.EMAIL, "a..b@c.example", "bad-email", id="two-points"),
    pytest.param(Kind.EMAIL, "a@b.example,c@d.example", "bad-email", id="two-addresses"),
    pytest.param(Kind.EMAIL, "A <a@b.example>", "bad-email", id="name-and-brackets"),
    pytest.param(Kind.EMAIL, "a%b@c.example", "bad-email", id="percent"),
    pytest.param(Kind.EMAIL, "a@b.example\r\nRCPT TO:<c@d.example>", "bad-email", id="command"),
    pytest.param(Kind.EMAIL, "ar@b\u0430d.example", "address-confusable", id="cyrillic-in-latin"),
    pytest.param(Kind.EMAIL, f"{'a' * 65}@b.example", "bad-email", id="local-part-of-65"),
    pytest.param(Kind.COUNTRY, "UK", "bad-country", id="not-the-country's-code"),
    pytest.param(Kind.COUNTRY, "gb", "bad-country", id="small-country"),
    pytest.param(Kind.CURRENCY, "XXX", "bad-currency", id="no-currency"),
    pytest.param(Kind.LANGUAGE, "de-AT", "bad-language", id="language-and-country"),
    pytest.param(Kind.TIME_ZONE, "CET+1", "bad-time-zone", id="no-zone"),
    pytest.param(Kind.CHOICE, "fax", "bad-choice", id="no-choice"),
    pytest.param(Kind.RATE, "0", "bad-rate", id="rate-of-nothing"),
    pytest.param(Kind.RATE, "0.000000001", "bad-rate", id="nine-decimals"),
    pytest.param(Kind.RATE, "-1", "bad-rate", id="negative-rate"),
    pytest.param(Kind.MARKS, "a  b", "bad-marks", id="two-spaces"),
]


@pytest.mark.parametrize(("kind", "text", "value"), ACCEPTED)
def test_an_honest_cell_is_read(kind: Kind, text: str, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(("kind", "text", "rule"), REFUSED)
def test_any_other_cell_is_refused_by_its_name(kind: Kind, text: str, rule: str) -> None:
    assert read(kind, text) is None
    assert said(kind, text) == rule


@pytest.mark.parametrize(
    ("dates", "text", "day"),
    [
        pytest.param(DateFormat.DAY_MONTH_YEAR, "3/1/2012", date(2012, 1, 3), id="day-first"),
        pytest.param(DateFormat.DAY_MONTH_YEAR, "31/12/2012", date(2012, 12, 31), id="day-first-last-of-year"),
        pytest.param(DateFormat.DAY_MONTH_YEAR, "12/31/2012", None, id="day-first-month-of-31"),
        pytest.param(DateFormat.MONTH_DAY_YEAR, "12/31/2012", date(2012, 12, 31), id="month-first"),
        pytest.param(DateFormat.MONTH_DAY_YEAR, "31/12/2012", None, id="month-first-month-of-31"),
        pytest.param(DateFormat.DAY_DOT_MONTH, "03.01.2012", date(2012, 1, 3), id="points"),
        pytest.param(DateFormat.DAY_DOT_MONTH, "03/01/2012", None, id="slashes-for-points"),
        pytest.param(DateFormat.DIGITS, "20120103", date(2012, 1, 3), id="digits"),
        pytest.param(DateFormat.DIGITS, "2012-01-03", None, id="dashes-for-digits"),
        pytest.param(DateFormat.YEAR_MONTH_DAY, "03/01/2012", None, id="slashes-for-dashes"),
        pytest.param(DateFormat.DAY_MONTH_YEAR, "3/1/12", None, id="year-of-two-digits"),
    ],
)
def test_a_day_is_read_in_the_declared_order_and_no_other(dates: DateFormat, text: str, day: date | None) -> None:
    assert read(Kind.DATE, text, Written(dates)) == day
    if day is None:
        assert said(Kind.DATE, text, Written(dates)) == "bad-date"


@pytest.mark.parametrize("dates", DateFormat)
def test_the_example_of_a_format_is_the_last_day_of_january(dates: DateFormat) -> None:
    assert read(Kind.DATE, dates.example, Written(dates)) == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1930571429.0", "1930571429", id="a-float"),
        pytest.param("7.0", "7", id="one-digit"),
        pytest.param("1930571429", None, id="no-float"),
        pytest.param("1930571429.5", None, id="a-fraction"),
        pytest.param("123456789012345.0", "123456789012345", id="fifteen-digits"),
        pytest.param("1234567890123456.0", None, id="sixteen-digits-lost-some"),
    ],
)
def test_an_id_written_as_float_loses_its_point_only_where_declared(text: str, value: str | None) -> None:
    assert read(Kind.ID, text, Written(float_id=True)) == value
    assert read(Kind.ID, text) == text


def test_the_words_for_yes_and_no_are_the_declared_ones() -> None:
    german = Written(yes="ja", no="nein")
    assert read(Kind.YES_NO, "ja", german) is True
    assert read(Kind.YES_NO, "nein", german) is False
    assert read(Kind.YES_NO, "yes", german) is None


@pytest.mark.parametrize(
    ("currency", "text", "value"),
    [
        pytest.param("JPY", "500", 500, id="yen"),
        pytest.param("JPY", "500.0", None, id="yen-with-a-decimal"),
        pytest.param("KWD", "1.234", 1234, id="dinar"),
        pytest.param("KWD", "1.2345", None, id="dinar-with-four-decimals"),
        pytest.param("USD", "1.23", 123, id="dollar"),
        pytest.param("USD", "1.234", None, id="dollar-with-three-decimals"),
    ],
)
def test_an_amount_has_at_most_the_decimals_of_its_currency(currency: str, text: str, value: int | None) -> None:
    assert read(Kind.MONEY, text, currency=currency) == value


AMOUNT_TEXTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{0,4})?", fullmatch=True),
    st.text(alphabet="0123456789.,-+e_ '", max_size=8),
)


@given(text=AMOUNT_TEXTS, currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_money_in_a_book_is_money_in_a_policy(text: str, currency: str) -> None:
    """The SQL that reads a million amounts accepts what `parse_minor` does, and gives the same number."""
    amount = parse_minor(text, currency)
    assert read(Kind.MONEY, text, currency=currency, negative=True) == (amount if isinstance(amount, int) else None)


@given(kind=st.sampled_from(Kind), text=st.text(max_size=12))
def test_whatever_is_refused_is_explained(kind: Kind, text: str) -> None:
    if text and "\x00" not in text and read(kind, text) is None:
        fault = explain(Column("c", kind, "a test's column", choices=("email", "letter")), text, PLAIN, "USD")
        assert fault.message
        assert fault.help
        assert (fault.message + fault.help).isprintable()


def test_every_currency_has_the_scale_of_money() -> None:
    for currency, scale in SCALES.items():
        assert read(Kind.MONEY, "1", currency=currency) == 10**scale


@pytest.mark.parametrize(
    ("word", "mixed"),
    [
        pytest.param("bad", False, id="latin"),
        pytest.param("b\u0430d", True, id="latin-and-cyrillic"),
        pytest.param("\u0431\u0430\u0434", False, id="cyrillic"),
        pytest.param("東京タワーabc", False, id="japanese-and-latin"),
        pytest.param("b\u03b1d", True, id="latin-and-greek"),
    ],
)
def test_letters_of_two_alphabets_in_one_word_are_noticed(word: str, mixed: bool) -> None:  # noqa: FBT001  (a case)
    assert mixes_scripts(word) is mixed


def test_a_country_is_offered_for_the_code_that_people_write() -> None:
    assert "GB" in COUNTRIES
    assert explain(Column("c", Kind.COUNTRY, ""), "UK", PLAIN).help == "write `GB`"


def test_a_limit_below_zero_is_explained_as_a_limit_and_not_as_money_owed() -> None:
    column = next(column for column in TABLES["credit_lines"].columns if column.name == "limit")
    help_ = explain(column, "-5.00", Written(), "USD").help
    assert help_ == "a credit limit is 0 or more; leave the row out where there is none"
