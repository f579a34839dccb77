"""A list for one colleague, made into the files and the words that it leaves as.

Everything is in the workbook and in the CSV files, one for each section. What is for
reading is cut where nobody reads on, and says so: the PDF and the HTML after
`MOST_READ` lines, the text after `MOST_TOLD`. A list that a PDF cannot show whole, for a
character that no font has, comes without one and says that, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from duly.messages.compose import digest_of
from duly.messages.matter import Rendered
from duly.messages.pages import Page, as_csv, as_html, as_pdf, as_text, as_xlsx
from duly.messages.sandbox import Unrenderable

MOST_READ = 1_500
"""Lines in the PDF and in the HTML."""

MOST_TOLD = 150
"""Lines in the text."""

LANGUAGE = "en"
"""Colleagues are written to in one language."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that leaves with a deed; its name is ours, in letters, digits, `.`, `_` and `-` alone."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Section:
    """Pages about one thing; `name` is one word. `table` is the one page for CSV, where the pages differ in columns."""

    name: str
    pages: tuple[Page, ...]
    table: Page | None = None

    @property
    def has_rows(self) -> bool:
        """Say whether there is anything in it."""
        return any(page.rows for page in self.pages)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one colleague gets: a title, sections, and a few sentences for the reader."""

    title: str
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is in it; then there is nothing to send."""
        return not any(section.has_rows for section in self.sections)


def listed(listing: Listing, name: str, day: date) -> tuple[Rendered, tuple[File, ...]]:
    """The words of a list and its files; `name` begins the files' names."""
    pages = tuple(page for section in listing.sections if section.has_rows for page in section.pages)
    about = (Page("", (), (), (), notes=listing.notes),) if listing.notes else ()
    stem, paper = f"{name}-{day}", b""
    left_out: tuple[Page, ...] = ()
    try:
        paper = as_pdf((*about, *cut(pages, MOST_READ)), listing.title)
    except Unrenderable as cannot:
        left_out = (Page("", (), (), (), notes=(f"There is no PDF of this list: {cannot}.",)),)
    html = as_html((*about, *cut(pages, MOST_READ), *left_out), listing.title)
    text = "\n".join((listing.title, "", *as_text((*about, *cut(pages, MOST_TOLD), *left_out)), ""))
    files = [File(f"{stem}.txt", "text/plain", text.encode()), File(f"{stem}.html", "text/html", html.encode())]
    if paper:
        files.append(File(f"{stem}.pdf", "application/pdf", paper))
    files.append(File(f"{stem}.xlsx", XLSX, as_xlsx(pages, day)))
    files += _tables(listing.sections, stem)
    digest = digest_of(listing.title, text, html, paper)
    return Rendered(listing.title, text, html, b"", LANGUAGE, "", "", digest), tuple(files)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _tables(sections: Sequence[Section], stem: str) -> Iterator[File]:
    for section in sections:
        if section.has_rows:
            lines = as_csv((section.table,) if section.table else section.pages)
            # With a byte order mark, spreadsheets take the file for UTF-8.
            content = "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")
            yield File(f"{stem}-{section.name}.csv", "text/csv", content)


def cut(pages: Sequence[Page], most: int) -> tuple[Page, ...]:
    """The pages with so many lines at most; where lines are left out, the page says how many. Totals stay whole."""
    left, made = most, []
    for page in pages:
        out = len(page.rows) - max(left, 0)
        if out > 0:
            rest = f"… and {out:,} more {'line' if out == 1 else 'lines'}, in the workbook and in the CSV file."
            page = replace(page, rows=page.rows[: max(left, 0)], notes=(rest, *page.notes))  # noqa: PLW2901
        left -= len(page.rows)
        made.append(page)
    return tuple(made)
