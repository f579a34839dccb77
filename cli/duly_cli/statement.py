"""`duly statement`: what a customer owes, item by item."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.figures import form_options, give, tell
from duly_cli.params import BOOK, DAY, POLICY

if TYPE_CHECKING:
    from duly.language.policy import Policy


@click.command("statement")
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, required=True, help="Show what is owed on this day.")
@click.option("--customer", help="The statements of this customer alone; of everybody where left out.")
@form_options
def command(policy: Policy, book: Path, as_of: date, customer: str | None, format_: str, out: Path | None) -> None:
    """Show the statements of account of BOOK's customers, as POLICY counts days.

    A statement is of one creditor and one currency and names who sells and who
    collects. What a child owes that its parent pays for is on the parent's. Nothing is sent.
    """
    from duly.book.read import read_book
    from duly.figures.statement import statements
    from duly.reports import statement as report

    read = read_book(book, customer=customer)
    tell(read.warnings)
    made = statements(read, policy, as_of, customer)
    pages = report.pages(made) or report.nothing(customer, as_of)
    give(format_, out, as_of, pages, lambda: report.as_json(made))
