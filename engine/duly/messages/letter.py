"""A letter as PDF: the blocks on a sheet with letterhead, address window and page numbers.

Typst sets it. Words reach it as JSON data and are never read as markup; it fetches
nothing, knows no packages and no fonts of the system. What the PDF says is read back
and held against what was to be said, so that a character that no font has, a cut
line or a hidden block refuses the letter instead of leaving with a hole in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from unicodedata import bidirectional

from duly.messages.document import Block, Cards, Inline, Items, Paragraph, Table
from duly.messages.sandbox import Unrenderable

FONTS = ("Libertinus Serif",)
"""The family of letters; where it lacks a character the other fonts at hand are asked."""

AMERICAN = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "CR", "PA", "DO", "PR"})
"""Countries that write letters on US Letter."""

MOST_PAGES = 20
"""A letter has at most so many pages."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a letter shows."""

    language: str
    country: str
    sender: str
    sender_address: tuple[str, ...]
    sender_reached: tuple[str, ...]
    to: tuple[str, ...]
    day: str
    reference: tuple[str, str]
    subject: str
    page: tuple[str, str]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter's PDF, and the text that was read back from it."""

    pdf: bytes
    text: str


class Press:
    """Sets letters, one after the other, with one stock of fonts."""

    def __init__(self, fonts: Iterable[Path] = ()) -> None:
        try:
            import pypdf  # noqa: F401  (asked for here, before the first letter)
            import typst
        except ImportError as missing:
            help_ = "install `duly[letters]`"
            raise Unrenderable("no-letters", f"letters need `{missing.name}`: {help_}") from None
        folders = sorted({path.parent for path in fonts})
        with as_file(files("duly.messages") / "letter.typ") as sheet:
            self._compiler = typst.Compiler(
                str(sheet), root=str(sheet.parent), font_paths=list(map(str, folders)), ignore_system_fonts=True
            )
        self._error = typst.TypstError

    def print(self, sheet: Sheet) -> Printed:
        """The letter; raises `Unrenderable` where it would not say what the sheet says."""
        pdf = self._compile(sheet)
        text = text_of(pdf)
        if "\x00" in text or "\ufffd" in text:
            raise Unrenderable("no-font", _without_font(self._missing(sheet)))
        said = _squeezed(text)
        for words in _words(sheet):
            if _squeezed(words) not in said:
                if leftward := [character for character in words if bidirectional(character) in _LEFTWARD]:
                    raise Unrenderable(
                        "right-to-left", f"the letter cannot be vouched for: {_named(leftward)} {_TURNED}"
                    )
                raise Unrenderable("pdf-differs", f"the letter does not show `{words[:60]}` as it should")
        return Printed(pdf, text)

    def picture(self, sheet: Sheet, dots: int = 110) -> list[bytes]:
        """The pages as PNG, for people who judge the layout."""
        pages = self._compiler.compile(sys_inputs=_inputs(sheet), format="png", ppi=float(dots), timestamp=0)
        assert pages is not None
        return pages if isinstance(pages, list) else [pages]

    def _compile(self, sheet: Sheet) -> bytes:
        try:
            pdf = self._compiler.compile(sys_inputs=_inputs(sheet), format="pdf", timestamp=0)
        except self._error as error:
            raise Unrenderable("not-set", f"the letter cannot be set: {str(error).splitlines()[0]}") from None
        assert isinstance(pdf, bytes)
        return pdf

    def _missing(self, sheet: Sheet) -> str:
        """The characters of the sheet that no font at hand has, each once, in their order."""
        characters = dict.fromkeys(character for words in _words(sheet) for character in words)
        return "".join(character for character in characters if not character.isascii() and not self._has(character))

    @cache  # noqa: B019  (a press lives as long as its process)
    def _has(self, character: str) -> bool:
        probe = Sheet("en", "", character, (), (), (), "", ("", ""), "", ("", ""), ())
        return "\x00" not in text_of(self._compile(probe))


def text_of(pdf: bytes) -> str:
    """What a PDF says, page after page; a character without a glyph reads as NUL."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(pdf))
    if len(reader.pages) > MOST_PAGES:
        raise Unrenderable("message-too-long", f"the letter has more than {MOST_PAGES} pages")
    return "\n".join(page.extract_text() for page in reader.pages)


def _without_font(missing: str) -> str:
    return f"no font has {_named(missing) or 'a character of it'}: put one that has it into templates/fonts"


_LEFTWARD = frozenset({"R", "AL"})
_TURNED = "is written from right to left, and what was printed cannot be read back in order"


def _named(characters: Iterable[str]) -> str:
    """The first few characters, each once, with their numbers."""
    return ", ".join(f"`{character}` (U+{ord(character):04X})" for character in islice(dict.fromkeys(characters), 10))


def _inputs(sheet: Sheet) -> dict[str, str]:
    data = {
        "fonts": list(FONTS),
        "paper": "us-letter" if sheet.country in AMERICAN else "a4",
        "language": sheet.language,
        "sender": sheet.sender,
        "sender_address": sheet.sender_address,
        "sender_reached": sheet.sender_reached,
        "to": sheet.to,
        "day": sheet.day,
        "reference": sheet.reference,
        "subject": sheet.subject,
        "page": sheet.page[0],
        "of": sheet.page[1],
        "blocks": [_block(block) for block in sheet.blocks],
    }
    return {"sheet": json.dumps(data, ensure_ascii=False)}


def _block(block: Block) -> dict[str, object]:
    match block:
        case Paragraph(lines):
            return {"kind": "paragraph", "lines": [_runs(line) for line in lines]}
        case Items(items):
            return {"kind": "items", "items": [_runs(item) for item in items]}
        case Table(heads, rows, totals, right):
            return {"kind": "table", "heads": heads, "rows": rows, "totals": totals, "right": right}
        case Cards(cards):
            return {"kind": "cards", "cards": [{"title": card.title, "lines": card.lines} for card in cards]}


def _runs(runs: Inline) -> list[dict[str, object]]:
    return [{"text": run.text, "bold": run.bold} for run in runs]


def _words(sheet: Sheet) -> Iterator[str]:
    """Every text that the sheet must show, in pieces that stand together."""
    yield from (sheet.sender, *sheet.to, sheet.day, *sheet.reference, sheet.subject)
    for block in sheet.blocks:
        match block:
            case Paragraph(lines) | Items(lines):
                for line in lines:
                    yield from (run.text for run in line)
            case Table(heads, rows, totals):
                for row in (heads, *rows, *totals):
                    yield from row
            case Cards(cards):
                for card in cards:
                    yield card.title
                    for label, value in card.lines:
                        yield from (label, value)


def _squeezed(text: str) -> str:
    """The text without spaces and without what has no width: where lines are broken on paper says nothing."""
    return "".join(text.translate(_WIDTHLESS).split())


_WIDTHLESS = dict.fromkeys((0xAD, *range(0x200B, 0x200E), 0x2060, 0xFE0E, 0xFE0F, 0xFEFF))
