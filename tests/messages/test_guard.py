"""Every message holds its own customer's ids, amounts and totals, all of them, and nobody else's.

Each test of a refusal plants the fault that the guard is there for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from duly.messages.compose import Composed, Composer, key_of
from duly.messages.guard import Owners, check_matter, check_message
from duly.messages.matter import Line, Matter, Rendered, Said
from duly.messages.sandbox import Unrenderable
from duly.messages.templates import load_templates
from tests.messages.matters import BRIEF, CUSTOMER, LETTER, LINES, MATTER, TEMPLATES, named

OWNERS = Owners.of(
    {
        "INV-2001": "C-1001",
        "INV-2002": "C-1001",
        "INV-9": "C-9",
        "2026": "C-9",
        "7": "C-9",
        "A/17": "C-9",
        "B-1#": "C-9",
    },
    {"C-1001": "C-1001", "C-9": "C-9", "C-9-WEST": "C-9", "Leeds": "C-8"},
)
TEMPLATES_READ = load_templates(TEMPLATES)


@cache
def composed(matter: Matter) -> Composed:
    return Composer(TEMPLATES_READ).compose(matter)


def refusal(matter: Matter, message: Rendered, pdf_text: str, owners: Owners = OWNERS) -> str:
    """The rule by which the guard refuses, empty where it lets pass."""
    try:
        check_matter(matter, owners)
        check_message(matter, message, pdf_text, owners, TEMPLATES_READ.wording_of(key_of(matter)))
    except Unrenderable as refused:
        return refused.rule
    return ""


def guarded(matter: Matter, fault: Callable[[Rendered], Rendered] = lambda message: message) -> str:
    done = composed(matter)
    return refusal(matter, fault(done.message), done.pdf_text)


@pytest.mark.parametrize("matter", [MATTER, BRIEF, LETTER], ids=["email", "brief", "letter"])
def test_an_honest_message_passes_in_every_form(matter: Matter) -> None:
    assert guarded(matter) == ""


@pytest.mark.parametrize("form", ["text", "html"])
@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        pytest.param("INV-2001", "INV-9", "not-all-said", id="invoice-swapped"),
        pytest.param("INV-2002", "", "not-all-said", id="invoice-left-out"),
        pytest.param("£300.00", "£30.00", "not-all-said", id="amount-changed"),
        pytest.param("£1,534.50", "£1,534.05", "another-amount", id="total-changed"),
        pytest.param("Please quote: ", "Please quote: INV-9 ", "another-customers", id="another-invoice"),
        pytest.param("Please quote: ", "Please quote: (C-9-WEST). ", "another-customers", id="another-customer"),
        pytest.param("Please quote: ", "Please quote: no. A/17, ", "another-customers", id="id-with-a-slash"),
        pytest.param("Please quote: ", "Please quote: B-1#, ", "another-customers", id="id-with-a-sign-at-its-end"),
        pytest.param("Please quote: ", "Please quote: ref:INV-9 ", "another-customers", id="id-inside-a-word"),
        pytest.param("Please quote: ", "Please quote: £99.00 ", "another-amount", id="another-amount"),
        pytest.param("Please quote: ", "Please quote: -£300.00 ", "another-amount", id="another-sign"),
        pytest.param("Please quote: ", "Please quote: US$99 ", "another-amount", id="another-currency"),
    ],
)
def test_a_planted_fault_in_one_form_is_refused(form: str, old: str, new: str, rule: str) -> None:
    def fault(message: Rendered) -> Rendered:
        said = getattr(message, form)
        assert old in said
        return replace(message, **{form: said.replace(old, new)})

    refused = guarded(MATTER, fault)
    # The subject names the total as well, so a total that changed in the text alone is one too many there.
    assert refused == rule or (rule, refused, form) == ("another-amount", "not-all-said", "html")


def test_a_subject_is_guarded_like_the_text() -> None:
    assert guarded(MATTER, lambda m: replace(m, subject="INV-9 is open")) == "another-customers"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        pytest.param("INV-2001", "INV-9", "not-all-said", id="invoice-swapped"),
        pytest.param("Reference", "INV-9", "another-customers", id="another-invoice"),
        pytest.param("£1,234.50", "£1,234.05", "not-all-said", id="amount-changed"),
        pytest.param("Reference", "£99.00", "another-amount", id="another-amount"),
    ],
)
def test_a_planted_fault_in_a_letter_is_refused(old: str, new: str, rule: str) -> None:
    done = composed(LETTER)
    assert old in done.pdf_text
    assert refusal(LETTER, done.message, done.pdf_text.replace(old, new)) == rule


@pytest.mark.parametrize(
    ("matter", "rule"),
    [
        pytest.param(
            replace(MATTER, lines=(*LINES, replace(LINES[0], invoice="INV-9"))), "another-customers", id="anothers-line"
        ),
        pytest.param(
            replace(MATTER, lines=(replace(LINES[0], invoice="INV-X"), LINES[1])),
            "another-customers",
            id="nobodys",
        ),
        pytest.param(replace(MATTER, lines=LINES[:1]), "wrong-total", id="line-lost"),
        pytest.param(replace(MATTER, lines=(*LINES, LINES[0])), "wrong-total", id="line-twice"),
        pytest.param(replace(MATTER, totals=(("GBP", 1_534_51),)), "wrong-total", id="a-penny-too-much"),
        pytest.param(replace(MATTER, totals=(("EUR", 1_534_50),)), "wrong-total", id="another-currency"),
        pytest.param(replace(MATTER, customer=replace(CUSTOMER, id="C-9")), "another-customers", id="another-customer"),
    ],
)
def test_a_matter_that_mixes_customers_or_sums_is_refused(matter: Matter, rule: str) -> None:
    with pytest.raises(Unrenderable) as refused:
        check_matter(matter, OWNERS)
    assert refused.value.rule == rule


def test_a_customer_who_pays_for_another_is_written_to_about_both() -> None:
    owners = Owners.of({"INV-2001": "C-1001", "INV-2002": "C-1001"}, {"C-1001": "C-1001", "CHILD": "C-1001"})
    told = replace(BRIEF, history=(Said(date(2026, 3, 1), "asked about CHILD and INV-2002"),))
    assert refusal(told, composed(told).message, "", owners) == ""


def test_numbers_of_days_and_places_are_no_leak_where_they_look_like_an_id() -> None:
    # `2026`, `7` and `Leeds` are ids of others in this book, and stand in the letter's days and address.
    assert "2026" in composed(LETTER).pdf_text
    assert "Leeds" in composed(LETTER).pdf_text
    assert guarded(LETTER) == ""


def test_a_note_about_another_customers_invoice_keeps_a_brief_back() -> None:
    assert guarded(replace(BRIEF, history=(Said(date(2026, 3, 1), "mixed up with INV-9"),))) == "another-customers"


def test_an_amount_in_a_note_is_the_customers_own_story() -> None:
    assert guarded(replace(BRIEF, history=(Said(date(2026, 3, 1), "promised £500.00 for 7 March"),))) == ""


@pytest.mark.parametrize("name", ["£99.00 Ltd", "INV-9 Ltd", "A<B & C-9 Ltd"])
def test_a_customers_own_name_is_never_somebody_elses(name: str) -> None:
    for base in (LETTER, BRIEF):
        assert guarded(named(name, base)) == ""


@pytest.mark.parametrize(
    ("language", "country", "currency"),
    [("en", "US", "USD"), ("en", "GB", "JPY"), ("en", "IN", "INR"), ("en", "", "KWD")],
)
def test_amounts_are_found_however_the_country_writes_them(language: str, country: str, currency: str) -> None:
    lines = (
        Line("INV-2001", date(2026, 1, 15), 61, 123_456_789, currency),
        Line("INV-2002", date(2026, 1, 1), 75, 5, currency),
    )
    matter = replace(
        MATTER,
        language=language,
        customer=replace(CUSTOMER, country=country),
        lines=lines,
        totals=((currency, 123_456_794),),
    )
    assert guarded(matter) == ""
    assert guarded(replace(matter, channel="letter", template="final_notice", tone="final", next_stage="")) == ""


@pytest.mark.parametrize("matter", [MATTER, BRIEF, LETTER], ids=["email", "brief", "letter"])
def test_a_book_whose_ids_are_plain_numbers_is_served(matter: Matter) -> None:
    # Every number from 0 to 9,999 is somebody else's invoice, and every one in the message is a day, a count or a sum.
    numbers = {f"{n}": "C-9" for n in range(10_000)} | {f"{n:02d}": "C-9" for n in range(100)}
    owners = Owners.of({**numbers, "INV-2001": "C-1001", "INV-2002": "C-1001"}, {"C-1001": "C-1001"})
    done = composed(matter)
    assert refusal(matter, done.message, done.pdf_text, owners) == ""
    planted = replace(done.message, text=done.message.text + "\nsee 4711\n")
    assert refusal(matter, planted, done.pdf_text, owners) == "another-customers"
