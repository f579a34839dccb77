"""What commands that work out figures share: a book with what the journal knows, for a policy in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from duly.book.book import Book
    from duly.home import Environment, Home
    from duly.language.policy import Policy


def read_to_figure(
    book: Path, policy: Policy, day: date, customer: str | None, home: Home | None, environment: Environment
) -> Book:
    """The book, or one customer's part of it, with what the environment's journal knows; warnings are shown."""
    from duly.book.history import add_history
    from duly.book.read import read_book
    from duly.home import home_of
    from duly.journal.create import has_journal, open_journal
    from duly.journal.history import history_of
    from duly.plan.make import check_in_force
    from duly.reports.problems import as_text

    check_in_force(policy, day, as_if_in_force=False)
    read = read_book(book, customer=customer)
    if read.warnings:
        click.echo(as_text(read.warnings), err=True)
    where = home or home_of(Path(policy.files[0]))
    if has_journal(where, environment):
        journal = open_journal(where, environment, read_only=True)
        try:
            add_history(read, history_of(journal))
        finally:
            journal.close()
    return read
