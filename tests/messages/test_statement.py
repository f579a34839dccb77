"""Statements of account: every item, money on account, ages and both people; no sum of two currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.messages.compose import Composed, Composer, key_of
from duly.messages.guard import Owners, check_matter, check_message
from duly.messages.matter import Ages, Line, Matter, OnAccount
from duly.messages.sandbox import Unrenderable
from duly.messages.templates import load_templates
from tests.messages.matters import LINES, MATTER

TEMPLATES = load_templates(Path(__file__).parents[2] / "templates")
COMPOSER = Composer(TEMPLATES)
OWNERS = Owners.of(
    {"INV-2001": "C-1001", "INV-2002": "C-1001", "INV-9": "C-1001", "INV-3001": "C-3001"},
    {"C-1001": "C-1001", "C-1002": "C-1001", "C-3001": "C-3001"},
)
NOT_DUE = Line("INV-9", date(2026, 4, 1), 0, 500_00, "USD", date(2026, 3, 1), 500_00, "C-1002")
STATEMENT = replace(
    MATTER,
    channel="statement",
    template="statement",
    stage="customer_statement_naming_salesperson",
    tone="none",
    lines=(*LINES, NOT_DUE),
    totals=(("GBP", 1_534_50), ("USD", 500_00)),
    on_account=(OnAccount("PAY-7", date(2026, 3, 3), 100_00, "GBP"),),
    balances=(("GBP", 1_434_50), ("USD", 500_00)),
    ages=(Ages("GBP", (0, 0, 300_00, 1_234_50, 0, 0)), Ages("USD", (500_00, 0, 0, 0, 0, 0))),
    on_paper=True,
)


def composed(matter: Matter = STATEMENT) -> Composed:
    """The message once the guard has looked at it."""
    made = COMPOSER.compose(matter)
    check_matter(matter, OWNERS)
    check_message(matter, made.message, made.pdf_text, OWNERS, TEMPLATES.wording_of(key_of(matter)))
    return made


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_a_statement_says_everything_in_every_form(language: str) -> None:
    made = composed(replace(STATEMENT, language=language))
    for form in (made.message.text, made.message.html, made.pdf_text):
        for said in ("INV-2001", "INV-2002", "INV-9", "C-1002", "PAY-7", "Kay Collector", "Sam Seller", "Example Bank"):
            assert said in form
    assert made.message.pdf.startswith(b"%PDF")


def test_two_currencies_have_totals_and_ages_of_their_own() -> None:
    text = composed().message.text
    assert "£1,534.50 and US$500.00 in all" in text.replace("\n", " ")
    assert "the balance of your account is £1,434.50 and US$500.00" in text.replace("\n", " ")
    assert "2,034.50" not in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("GBP", "USD"))]
    assert rows == [["GBP", "–", "–", "£300.00", "£1,234.50", "–", "–"], ["USD", "US$500.00", "–", "–", "–", "–", "–"]]


def test_without_money_on_account_nothing_is_said_of_it() -> None:
    plain = replace(STATEMENT, on_account=(), balances=(("GBP", 1_534_50), ("USD", 500_00)))
    text = composed(plain).message.text
    assert "On account" not in text
    assert "Balance" not in text
    assert "\n\n\n" not in text


def test_by_e_mail_it_needs_no_postal_address_and_by_letter_it_does() -> None:
    nowhere = replace(STATEMENT, customer=replace(STATEMENT.customer, address=()))
    assert composed(nowhere).message.pdf
    with pytest.raises(Unrenderable):
        COMPOSER.compose(replace(nowhere, channel="letter", template="final_notice", tone="final"))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"balances": (("GBP", 1_534_50), ("USD", 500_00))}, id="balance-without-what-is-on-account"),
        pytest.param({"balances": (("GBP", 1_934_50),)}, id="two-currencies-in-one-balance"),
        pytest.param({"ages": (Ages("GBP", (0, 0, 300_00, 1_234_51, 0, 0)), STATEMENT.ages[1])}, id="a-cent-too-old"),
        pytest.param({"ages": STATEMENT.ages[:1]}, id="a-currency-without-ages"),
        pytest.param({"totals": (("GBP", 2_034_50),)}, id="two-currencies-in-one-total"),
        pytest.param({"lines": (*STATEMENT.lines, replace(NOT_DUE, invoice="INV-3001"))}, id="somebody-elses-invoice"),
    ],
)
def test_a_statement_that_does_not_add_up_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Unrenderable):
        check_matter(replace(STATEMENT, **wrong), OWNERS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stranger", "rule"),
    [
        pytest.param("INV-3001", "another-customers", id="an-invoice"),
        pytest.param("C-3001", "another-customers", id="a-customer"),
        pytest.param("£77.77", "another-amount", id="an-amount"),
    ],
)
def test_what_is_somebody_elses_never_leaves(stranger: str, rule: str) -> None:
    made = COMPOSER.compose(STATEMENT)
    leaked = replace(made.message, text=f"{made.message.text}\n{stranger}\n")
    with pytest.raises(Unrenderable) as refused:
        check_message(STATEMENT, leaked, made.pdf_text, OWNERS, TEMPLATES.wording_of(key_of(STATEMENT)))
    assert refused.value.rule == rule


def test_one_without_the_money_on_account_is_not_sent() -> None:
    made = COMPOSER.compose(STATEMENT)
    short = replace(made.message, text=made.message.text.replace("-£100.00", ""))
    with pytest.raises(Unrenderable) as refused:
        check_message(STATEMENT, short, made.pdf_text, OWNERS, TEMPLATES.wording_of(key_of(STATEMENT)))
    assert refused.value.rule == "not-all-said"
