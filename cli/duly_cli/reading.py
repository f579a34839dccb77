"""Reading a book while what comes after it is made ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duly.book.book import Book
    from duly.language.policy import Policy


def read_beside(
    book: Path,
    policy: Policy,
    day: date,
    needed: str,
    *,
    quarantine: Path | None = None,
    customer: str | None = None,
    wording: Path | None = None,
) -> tuple[Book, str]:
    """The book as `read_book` gives it; meanwhile the policy's calendar and the module `needed` are loaded.

    With it the digest of the wording in a folder, where one is named.
    """
    from duly.book.read import read_book

    with ThreadPoolExecutor(max_workers=1) as beside:
        # Reading is the database's work and leaves Python idle.
        ready = beside.submit(_make_ready, policy, day, needed, wording)
        read = read_book(book, quarantine=quarantine, customer=customer)
        digest = ready.result()
    return read, digest


def _make_ready(policy: Policy, day: date, needed: str, wording: Path | None) -> str:
    from duly.dates import is_contact_day

    is_contact_day(day, policy.calendar.contact, policy.calendar.country)
    import_module(needed)
    if wording is None:
        return ""
    from duly.messages.templates import load_templates

    return load_templates(wording).digest
