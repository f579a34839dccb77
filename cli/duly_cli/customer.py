"""`duly customer`: what is known of one customer, and all that was said and done."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, environment_option, home_option, today
from duly_cli.where import format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home


@click.command()
@click.argument("customer", metavar="ID")
@click.option("--book", type=BOOK, required=True, help="The book that has the customer.")
@click.option("--as-of", type=DAY, help="What was known on this day; today where left out.")
@format_option
@environment_option
@home_option
def command(customer: str, book: Path, as_of: date | None, format_: str, home: Home, environment: Environment) -> None:
    """Show the record of the customer ID: contacts, people, open items, and all that was said and done.

    The timeline is the book's contact logs and the journal of the environment; where
    there is no journal, the book speaks alone and that is said.
    """
    from duly.book.read import read_book
    from duly.journal.create import has_journal
    from duly.reports import customer as report
    from duly.reports.problems import as_text
    from duly.team.customer import record_of

    read = read_book(book, customer=customer)
    there = has_journal(home, environment)
    with opened(home, environment, read_only=True) if there else nullcontext() as journal:
        record = record_of(read, customer, as_of or today(), journal)
    if found := (*read.warnings, *record.problems):
        click.echo(as_text(found), err=True)
    if format_ == "json":
        click.echo(report.as_json(record))
    else:
        for line in report.as_text(record, f"the journal of `{environment.value}`" if there else ""):
            click.echo(line)
