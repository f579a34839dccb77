"""Who pays for whom in a book."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from duly.book.book import Book

_SQL = Path(__file__).parent / "sql" / "00_payers.sql"


def payers_of(book: Book) -> Mapping[str, str]:
    """Whoever pays for each customer that does not pay for itself."""
    run = book.connection.execute
    run(_SQL.read_text(encoding="utf-8"))
    found = dict(run("SELECT customer, payer FROM step_payers").fetchall())
    run("DROP TABLE step_payers")
    return found
