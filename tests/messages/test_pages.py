"""Pages of figures in every form: the same cells, nothing that a reader's program would run."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from duly.messages import pages as module
from duly.messages.lists import Listing, Section, cut, listed
from duly.messages.pages import Money, Page, as_html, as_pdf, as_text
from duly.messages.sandbox import Unrenderable

DAY = date(2026, 3, 30)
PAGE = Page(
    "Past due as of 2026-03-30: ann",
    (("salesperson", "ann"),),
    ("customer", "name", "due", "open", "share"),
    (
        ("C1", "Amber & Sons <b>", date(2026, 3, 1), Money(123_450, "USD"), Fraction(25, 2)),
        ("C2", "=1+1", date(2026, 3, 2), Money(50, "USD"), None),
    ),
    (("total", "", None, Money(123_500, "USD"), None),),
    ("A note with \x1b[2J in it.",),
)


class Reader(HTMLParser):
    """What a browser would make of a page: its tags, their attributes and the cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and self.tags[-1][0] in {"td", "th"}:
            self.cells[-1] += data.rstrip("\n")


def test_html_shows_every_cell_and_is_escaped() -> None:
    read = Reader(as_html([PAGE]))
    assert read.cells[:10] == [*PAGE.columns, "C1", "Amber & Sons <b>", "2026-03-01", "1,234.50", "12.5"]
    assert "1,235.00" in read.cells
    assert not [tag for tag, _ in read.tags if tag == "b"]


def test_html_fetches_nothing_and_runs_nothing() -> None:
    page = as_html([replace(PAGE, title='<script src="https://evil.example/x.js">')], '"><img src=x onerror=alert(1)>')
    read = Reader(page)
    assert {tag for tag, _ in read.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2"),
        *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "p"),
    }
    assert {name for _, attributes in read.tags for name in attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
    }
    assert "url(" not in page
    assert "\x1b" not in page


def test_a_pdf_says_what_the_page_says_and_has_the_same_bytes_each_time() -> None:
    pdf = as_pdf([PAGE], "Past-due list for Ann Seller")
    said = "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    for words in ("Past-due list for Ann Seller", PAGE.title, "Amber & Sons <b>", "1,234.50", "1,235.00", "2026-03-01"):
        assert "".join(words.split()) in said
    assert as_pdf([PAGE], "Past-due list for Ann Seller") == pdf


def test_what_no_font_has_refuses_the_pdf() -> None:
    with pytest.raises(Unrenderable) as refused:
        as_pdf([replace(PAGE, title="株式会社")])
    assert refused.value.rule == "no-font"


def test_the_characters_at_hand_are_in_the_font_wherever_a_page_sets_words(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [character for character in map(chr, range(0x110000)) if module.AT_HAND.fullmatch(character)]
    assert not [character for character in known if unicodedata.combining(character) or not character.isprintable()]
    words = " ".join(known)
    everywhere = Page(words, (), (words,), ((words,),), ((words,),), (words,))
    monkeypatch.setattr(module, "AT_HAND", re.compile("nothing is taken for granted"))
    said = PdfReader(io.BytesIO(as_pdf([everywhere], words)))
    assert set(known) <= set("".join(page.extract_text() for page in said.pages))


def test_more_lines_than_paper_is_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ON_PAPER", 3)
    assert as_pdf([PAGE])
    with pytest.raises(Unrenderable):
        as_pdf([replace(PAGE, rows=(*PAGE.rows, PAGE.rows[0]))])


# A list.


def test_a_list_is_there_in_every_form_and_a_section_without_rows_in_none() -> None:
    listing = Listing("A list", (Section("late", (PAGE,)), Section("asked", (replace(PAGE, rows=()),))))
    message, files = listed(listing, "past_due", DAY)
    assert [file.name for file in files] == [
        f"past_due-2026-03-30{end}" for end in (".txt", ".html", ".pdf", ".xlsx", "-late.csv")
    ]
    assert (message.subject, message.text, message.html) == (
        "A list",
        files[0].content.decode(),
        files[1].content.decode(),
    )
    assert files[-1].content.decode("utf-8-sig").splitlines() == [
        "salesperson,customer,name,due,open,share",
        "ann,C1,Amber & Sons <b>,2026-03-01,1234.50,12.5",
        "ann,C2,'=1+1,2026-03-02,0.50,",
    ]


def test_a_list_that_cannot_be_printed_comes_without_a_pdf_and_says_so() -> None:
    message, files = listed(Listing("株式会社", (Section("late", (PAGE,)),)), "past_due", DAY)
    assert not [file for file in files if file.name.endswith(".pdf")]
    assert "There is no PDF of this list" in message.text


@pytest.mark.parametrize(
    ("most", "left", "said"),
    [
        pytest.param(2, 2, "", id="all-fit"),
        pytest.param(1, 1, "… and 1 more line, in the workbook and in the CSV file.", id="one-too-many"),
        pytest.param(0, 0, "… and 2 more lines, in the workbook and in the CSV file.", id="none-fits"),
    ],
)
def test_what_is_cut_is_counted_and_totals_stay_whole(most: int, left: int, said: str) -> None:
    (page,) = cut([PAGE], most)
    assert (len(page.rows), page.totals) == (left, PAGE.totals)
    assert (said in page.notes) == bool(said)
    assert "1,235.00" in "\n".join(as_text([page]))
