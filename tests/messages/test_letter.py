"""A letter says in print exactly what its sheet says, in fonts of its own, or is refused by name."""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader

from duly.messages.compose import Composed, Composer
from duly.messages.letter import text_of
from duly.messages.matter import Matter
from duly.messages.sandbox import Unrenderable
from duly.messages.templates import load_templates
from tests.messages.matters import CREDITOR, CUSTOMER, LETTER, LINES, TEMPLATES, named

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
"""A font with Tifinagh, which those of letters lack."""

COMPOSER = Composer(load_templates(TEMPLATES))


@cache
def letter(matter: Matter = LETTER) -> Composed:
    return COMPOSER.compose(matter)


def reader(matter: Matter = LETTER) -> PdfReader:
    return PdfReader(io.BytesIO(letter(matter).message.pdf))


def many(count: int) -> Matter:
    lines = tuple(replace(LINES[0], invoice=f"INV-{n:05d}") for n in range(count))
    return replace(LETTER, lines=lines, totals=(("GBP", count * LINES[0].open),))


def test_a_letter_is_the_same_to_the_byte() -> None:
    again = Composer(load_templates(TEMPLATES)).compose(LETTER)
    assert again == letter()
    assert again.message.digest == letter().message.digest


def test_what_is_in_the_text_is_in_the_letter() -> None:
    squeezed = "".join(text_of(letter().message.pdf).split())
    words = [word for word in letter().message.text.split() if set(word) - set("-")]
    assert [word for word in words if word not in squeezed] == []


@pytest.mark.parametrize(
    ("country", "size"), [("GB", (595, 842)), ("DE", (595, 842)), ("US", (612, 792)), ("", (595, 842))]
)
def test_the_paper_is_that_of_the_creditors_country(country: str, size: tuple[int, int]) -> None:
    box = reader(replace(LETTER, creditor=replace(CREDITOR, country=country))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_a_long_table_goes_on_under_its_heads_and_pages_are_counted() -> None:
    pages = [page.extract_text() for page in reader(many(60)).pages]
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert ("Days late" in page) == ("INV-0" in page)


def test_a_letter_that_is_a_book_is_refused() -> None:
    with pytest.raises(Unrenderable) as refused:
        letter(many(1_000))
    assert refused.value.rule == "message-too-long"


@pytest.mark.parametrize(
    "name",
    [
        "Smith & Sons",
        "A<B Ltd",
        "-ism Consulting",
        "#set Ltd",
        "$x$ *bold* _it_ `code` @ref",
        "Łódź Żółć Ğüş Ñandú",
        "Ελληνικά",
        "Москва",
    ],
)
def test_an_honest_name_is_set_as_it_is_written(name: str) -> None:
    assert "".join(name.split()) in "".join(letter(named(name, LETTER)).pdf_text.split())


@pytest.mark.parametrize(
    ("name", "missing"),
    [("株式会社 Sample", ("株", "式", "会", "社")), ("Sample 😀", ("😀",)), ("ไทย", ("ไ", "ท", "ย"))],
)
def test_a_character_that_no_font_has_is_named(name: str, missing: tuple[str, ...]) -> None:
    with pytest.raises(Unrenderable) as refused:
        letter(named(name, LETTER))
    assert refused.value.rule == "no-font"
    assert all(f"`{character}`" in str(refused.value) for character in missing)
    assert "templates/fonts" in str(refused.value)


@pytest.mark.skipif(not DEJAVU.is_file(), reason="the font with a script of its own is not on this machine")
def test_a_font_beside_the_templates_sets_what_the_others_lack(tmp_path: Path) -> None:
    matter = named("\u2d63\u2d53 Sample", LETTER)
    with pytest.raises(Unrenderable):
        letter(matter)
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "templates/fonts").mkdir()
    shutil.copy(DEJAVU, tmp_path / "templates/fonts/DejaVuSans.ttf")
    assert "\u2d63\u2d53" in Composer(load_templates(tmp_path / "templates")).compose(matter).pdf_text


@pytest.mark.parametrize("font", ["Libertinus"])
def test_only_the_fonts_that_travel_are_used(font: str) -> None:
    resources = reader().pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = {str(value.get_object()["/BaseFont"]) for value in resources.values()}
    assert names
    assert all(font in name for name in names)


@pytest.mark.parametrize("key", ["/EmbeddedFiles", "/JavaScript", "/OpenAction", "/AA", "/URI", "/Launch", "/GoToR"])
def test_a_letter_holds_nothing_that_acts_or_is_attached(key: str) -> None:
    objects = [str(reader().get_object(n)) for n in range(1, len(reader().xref[0]) + 1)]
    assert not any(key in written for written in objects)


def test_a_customer_without_a_name_is_written_to_by_id() -> None:
    assert letter(replace(LETTER, customer=replace(CUSTOMER, name=""))).message.text.split("\n")[2] == "C-1001"


def test_a_sheet_that_drops_a_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The planted fault: what is set lacks a row that the sheet has.
    from duly.messages import letter as module

    honest = module._inputs
    monkeypatch.setattr(module, "_inputs", lambda sheet: honest(replace(sheet, blocks=sheet.blocks[:-1])))
    with pytest.raises(Unrenderable) as refused:
        Composer(load_templates(TEMPLATES)).compose(LETTER)
    assert refused.value.rule == "pdf-differs"


@pytest.mark.parametrize("package", ["typst", "pypdf"])
def test_without_the_extra_a_letter_says_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Unrenderable, match=package) as refused:
        Composer(load_templates(TEMPLATES)).compose(LETTER)
    assert refused.value.rule == "no-letters"
    assert "duly[letters]" in str(refused.value)
