"""The blocks of a message as HTML that mail programs show alike.

Mail programs know little of style sheets, so every style stands at its element, the
width is that of a letter, and tables are tables. Nothing is fetched: no picture, no
font, no script, no link to anywhere. Every text is escaped in one place.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from duly.messages.document import Block, Card, Cards, Inline, Items, Paragraph, Table

_FONT = "font-family:-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;line-height:1.55;color:#1f2933"
_PARAGRAPH = '<p style="margin:0 0 16px">'
_LIST = '<ul style="margin:0 0 16px;padding-left:22px">'
_TABLE = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" '
    'style="border-collapse:collapse;margin:4px 0 20px;font-size:14px;line-height:1.4">'
)
_HEAD = "padding:6px 10px 6px 0;border-bottom:2px solid #52606d;color:#52606d;font-weight:600;vertical-align:bottom"
_CELL = "padding:7px 10px 7px 0;border-bottom:1px solid #e4e7eb;vertical-align:top"
_TOTAL = "padding:8px 10px 8px 0;font-weight:700;vertical-align:top"
_CARDS = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" '
    'style="border-collapse:collapse;margin:0 0 20px;font-size:14px;line-height:1.5"><tr>'
)
_CARD = '<td valign="top" style="padding:12px 16px;background:#f5f7fa;border-left:3px solid #9aa5b1">'
_GAP = '<td width="12" style="width:12px;font-size:0">&#160;</td>'


_SPECIAL = re.compile("[&<>\"']")


def escaped(text: str) -> str:
    """The text with everything that HTML would read as its own."""
    return html.escape(text, quote=True) if _SPECIAL.search(text) else text


def to_html(blocks: Sequence[Block], subject: str, language: str, sender: str) -> str:
    """A whole page: the sender's name above, the blocks below it."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escaped(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escaped(subject)}</title></head>\n"
        '<body style="margin:0;padding:0;background:#ffffff">'
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr>'
        '<td align="left" style="padding:24px 20px"><table role="presentation" cellpadding="0" cellspacing="0" '
        f'border="0" width="100%" style="max-width:640px"><tr><td style="{_FONT}">\n'
        '<div style="margin:0 0 20px;padding:0 0 10px;border-bottom:1px solid #cbd2d9;font-weight:600;'
        f'color:#3e4c59">{escaped(sender)}</div>\n'
        f"{''.join(_element(block) for block in blocks)}"
        "</td></tr></table></td></tr></table></body></html>\n"
    )


def _element(block: Block) -> str:
    match block:
        case Paragraph(lines):
            return f"{_PARAGRAPH}{'<br>'.join(map(_runs, lines))}</p>\n"
        case Items(items):
            return f"{_LIST}{''.join(f'<li>{_runs(item)}</li>' for item in items)}</ul>\n"
        case Table():
            return f"{_TABLE}{''.join(_rows(block))}</table>\n"
        case Cards():
            return _cards(block)


def _runs(runs: Inline) -> str:
    return "".join(f"<strong>{escaped(run.text)}</strong>" if run.bold else escaped(run.text) for run in runs)


def _rows(table: Table) -> Iterator[str]:
    yield _row("th", _HEAD, table.heads, table.right)
    for row in table.rows:
        yield _row("td", _CELL, row, table.right)
    for row in table.totals:
        yield _row("td", _TOTAL, row, table.right)


def _row(tag: str, style: str, cells: Sequence[str], right: Sequence[bool]) -> str:
    inner = "".join(
        f'<{tag} align="{"right" if numbers else "left"}" style="{style}">{escaped(cell)}</{tag}>'
        for cell, numbers in zip(cells, right, strict=True)
    )
    return f"<tr>{inner}</tr>\n"


@lru_cache(maxsize=1024)
def _cards(block: Cards) -> str:
    """Cards are the same in very many messages: the bank and the people seldom change."""
    return f"{_CARDS}{_GAP.join(map(_card, block.cards))}</tr></table>\n"


def _card(card: Card) -> str:
    lines = "".join(
        f"<br>{escaped(label)}: {escaped(value)}" if label else f"<br>{escaped(value)}" for label, value in card.lines
    )
    return f"{_CARD}<strong>{escaped(card.title)}</strong>{lines}</td>"
