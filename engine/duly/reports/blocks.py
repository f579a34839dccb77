r"""A report as blocks, for the terminal, as Markdown and as a page: one text, three ways to show it.

What stands in a block may come from a policy or a book that somebody else wrote, so each
way of showing escapes it: nothing in a name becomes a link, a tag or a command. A word in
backticks is shown as code where it is plain; anything else is shown as it was written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from duly.messages.tables import columns
from duly.reports.terminal import printable


@dataclass(frozen=True, slots=True)
class Title:
    """A heading; `level` counts from 1, the largest."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or two; loud ones are set off."""

    text: str
    is_loud: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list: each entry with the lines below it."""

    entries: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in columns, those in `right` aligned right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


Block = Title | Text | Items | Table


def items(entries: Iterable[str | tuple[str, Iterable[str]]]) -> Items:
    """A list of entries, some with lines below them."""
    return Items(tuple((e, ()) if isinstance(e, str) else (e[0], tuple(e[1])) for e in entries))


# For the terminal.


def as_text(blocks: Iterable[Block]) -> str:
    """The report for the terminal."""
    return "\n".join(_text_lines(blocks)) + "\n"


def _text_lines(blocks: Iterable[Block]) -> Iterator[str]:
    first = True
    for block in blocks:
        match block:
            case Title(text):
                if not first:
                    yield ""
                yield printable(text)
            case Text(text, is_loud):
                yield f"{'! ' if is_loud else '  '}{printable(text)}"
            case Items(entries):
                for entry, below in entries:
                    yield f"  {printable(entry)}"
                    yield from (f"      {printable(line)}" for line in below)
            case Table(header, rows, right):
                yield ""
                shown = ([printable(cell) for cell in row] for row in rows)
                yield from (f"  {line}" for line in columns(shown, header=header, right=right))
        first = False


# As Markdown.


def as_markdown(blocks: Iterable[Block]) -> str:
    """The report as Markdown, as GitHub shows it."""
    return "\n".join(_markdown_lines(blocks)) + "\n"


def _markdown_lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Title(text, level):
                yield f"{'#' * level} {markdown(text)}"
            case Text(text, is_loud):
                yield f"**{markdown(text)}**" if is_loud else markdown(text)
            case Items(entries):
                for entry, below in entries:
                    yield f"- {markdown(entry)}"
                    yield from (f"  - {markdown(line)}" for line in below)
            case Table(header, rows, right):
                yield f"| {' | '.join(map(markdown, header))} |"
                yield f"|{'|'.join(' ---: ' if n in right else ' --- ' for n in range(len(header)))}|"
                yield from (f"| {' | '.join(map(markdown, row))} |" for row in rows)
        yield ""


_CODE = re.compile(r"`([\w.:/+% -]+)`")
_STARTS = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_MARKS = re.compile(r"://|www\.|(?<!\w)_|_(?!\w)|[\\`*{}\[\]<>#|~&@$]", re.IGNORECASE)
_APART = "<!-- -->"
"""Stands between two marks that would be a link or somebody's name together; it is not shown."""


def markdown(text: str) -> str:
    """The text with everything that Markdown would act on escaped; plain words in backticks are code."""
    pieces = _CODE.split(printable(text))
    told = "".join(f"`{piece}`" if n % 2 else _MARKS.sub(_escaped, piece) for n, piece in enumerate(pieces))
    return _STARTS.sub(rf"\1{_APART}\2{_APART}", told)


def _escaped(match: re.Match[str]) -> str:
    mark = match.group()
    if len(mark) > 1:
        return f"{mark[0]}{_APART}{mark[1:]}"
    return f"&#{ord(mark)};{_APART if mark in '@#' else ''}"


# As a page.


def as_html(title: str, blocks: Iterable[Block]) -> str:
    """The report as one page that needs no other file."""
    body = "\n".join(_html_lines(blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_html(title, code=False)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem;border-bottom:1px solid #d5d5d5}h3{font-size:1.05rem}
code{background:#f1f1f1;padding:0 .2em;border-radius:3px}
ul{padding-left:1.3rem}ul ul{color:#4a4a4a;list-style:none;padding-left:.6rem}
.loud{border-left:4px solid #b3261e;padding:.4rem .8rem;background:#fdf1f0}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #e3e3e3}
.right{text-align:right;font-variant-numeric:tabular-nums}
"""


def _html_lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Title(text, level):
                yield f"<h{level}>{_html(text)}</h{level}>"
            case Text(text, is_loud):
                yield f'<p class="{"loud" if is_loud else "said"}">{_html(text)}</p>'
            case Items(entries):
                yield "<ul>"
                for entry, below in entries:
                    under = "".join(f"<li>{_html(line)}</li>" for line in below)
                    yield f"<li>{_html(entry)}{f'<ul>{under}</ul>' if under else ''}</li>"
                yield "</ul>"
            case Table(header, rows, right):
                yield "<table>"
                yield f"<tr>{''.join(_cell('th', n in right, cell) for n, cell in enumerate(header))}</tr>"
                for row in rows:
                    yield f"<tr>{''.join(_cell('td', n in right, cell) for n, cell in enumerate(row))}</tr>"
                yield "</table>"


def _cell(tag: str, right: bool, text: str) -> str:  # noqa: FBT001  (one column of a table)
    return f'<{tag} class="{"right" if right else "left"}">{_html(text)}</{tag}>'


def _html(text: str, *, code: bool = True) -> str:
    escaped = html.escape(printable(text), quote=True)
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escaped) if code else escaped
