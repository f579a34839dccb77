"""Hostile and honest names on their way into text, HTML and print: served as they are written, or refused by name.

The names are those of the list. What acts in a mail program, a browser or a PDF
reader never comes out of a name; a name of the list that cannot be read is refused
with the book (`test_hostile_ledger`), and is set nowhere.
"""

from __future__ import annotations

import csv
import html
import io
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from duly.messages.compose import Composed, Composer
from duly.messages.matter import Matter
from duly.messages.sandbox import Unrenderable
from duly.messages.templates import load_templates
from tests.messages.matters import BRIEF, LETTER, MATTER, TEMPLATES, named
from tests.shared.hostile import Case, cases, needs_hostile

pytestmark = needs_hostile

COMPOSER = Composer(load_templates(TEMPLATES))

MOST_NAME = 300
"""Longer names are refused with the book."""


def name_of(case: Case) -> str:
    """The name of the case's last customer."""
    rows = list(csv.reader(io.StringIO(case.path.read_text(encoding="utf-8", errors="surrogateescape"))))
    return next(row for row in reversed(rows) if row)[1]


def served(kind: str) -> list[tuple[str, str]]:
    return [(case.id, name_of(case)) for case in cases(kind) if case.exit == 0]


NAMES = [*served("html"), *served("unicode")]
PARAMETERS = [pytest.param(name, id=id_) for id_, name in NAMES if len(name) <= MOST_NAME]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a message opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def everywhere(name: str, base: Matter) -> Matter:
    """A matter with the name wherever a person or a company is named."""
    matter = named(name, base)
    assert matter.collector is not None
    return replace(
        matter,
        contact_name=name,
        creditor=replace(matter.creditor, name=name, pay_to=(name,)),
        collector=replace(matter.collector, name=name),
    )


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("base", [MATTER, BRIEF], ids=["email", "brief"])
def test_a_name_is_text_in_an_email_and_its_page(name: str, base: Matter) -> None:
    message = COMPOSER.compose(everywhere(name, base)).message
    honest = COMPOSER.compose(everywhere("Honest", base)).message
    assert " ".join(name.split()) in " ".join(message.text.split())
    assert re.findall(r"<[^>]*>", message.html) == re.findall(r"<[^>]*>", honest.html)
    assert name in html.unescape(message.html)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_name_is_set_in_print_or_refused_by_its_characters(name: str) -> None:
    done = set_in_print(name)
    if isinstance(done, Unrenderable):
        assert done.rule in {"no-font", "right-to-left"}
        missing = re.findall(r"U\+([0-9A-F]+)", str(done))
        assert missing
        assert all(chr(int(code, 16)) in name for code in missing)
        return
    squeezed = "".join(done.pdf_text.split())
    assert "".join(name.replace("\u200b", "").split()) in squeezed.replace("\u200b", "")
    reader = PdfReader(io.BytesIO(done.message.pdf))
    assert not reader.attachments
    written = " ".join(str(reader.get_object(number)) for number in range(1, len(reader.xref[0]) + 1))
    assert not re.search(r"/(EmbeddedFile|JavaScript|JS|OpenAction|AA|Launch|URI|GoToR)\b", written)
    assert not Path("PWNED").exists()


def set_in_print(name: str) -> Composed | Unrenderable:
    try:
        return COMPOSER.compose(everywhere(name, LETTER))
    except Unrenderable as refused:
        return refused


@pytest.mark.parametrize("name", ["Smith & Sons", "A<B Ltd", "-ism Consulting", "株式会社"])
def test_honest_odd_names_are_served_by_email(name: str) -> None:
    message = COMPOSER.compose(everywhere(name, MATTER)).message
    assert f"Dear {name}," in message.text
    assert f"Dear {html.escape(name)}," in message.html


@pytest.mark.parametrize("name", ["Smith & Sons", "A<B Ltd", "-ism Consulting"])
def test_honest_odd_names_are_served_in_print(name: str) -> None:
    assert name in COMPOSER.compose(everywhere(name, LETTER)).pdf_text


def test_what_no_font_has_is_refused_by_name_in_print_alone() -> None:
    with pytest.raises(Unrenderable, match="株"):
        COMPOSER.compose(named("株式会社", LETTER))


def test_the_planted_fault_shows() -> None:
    # A page that does not escape has other tags than an honest one: the test above would see it.
    from duly.messages.page import to_html

    page = to_html((), "x", "en", "x")
    assert re.findall(r"<[^>]*>", page.replace(">x<", "><b>x</b><")) != re.findall(r"<[^>]*>", page)
