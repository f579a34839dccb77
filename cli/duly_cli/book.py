"""`duly book`: look into a book."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, POLICY, environment_option
from duly_cli.where import history_in

if TYPE_CHECKING:
    from duly.home import Environment
    from duly.language.policy import Policy


@click.group("book")
def command() -> None:
    """Look into a book."""


@command.command()
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, required=True, help="Show what is known on this day.")
@click.option("--policy", type=POLICY, required=True, help="The policy that says what is late.")
@click.option(
    "--customers", "what", flag_value="customers", default="customers", help="A row a customer's account (the default)."
)
@click.option("--invoices", "what", flag_value="invoices", help="A row an invoice.")
@click.option("--customer", help="Show this customer alone.")
@environment_option
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
def show(
    book: Path,
    as_of: date,
    policy: Policy,
    what: str,
    customer: str | None,
    environment: Environment,
    format_: str,
) -> None:
    """Show the facts of BOOK that the rules will read, under the names of the vocabulary."""
    from duly.book.history import add_history
    from duly.book.read import read_book
    from duly.book.shown import customers_sheet, invoices_sheet
    from duly.home import home_of
    from duly.reports import facts as report
    from duly.reports.problems import as_text

    read = read_book(book, customer=customer)
    add_history(read, history_in(home_of(Path(policy.files[0])), environment))
    sheet_of = customers_sheet if what == "customers" else invoices_sheet
    sheet = sheet_of(read, policy, as_of, customer)
    if warnings := (*read.warnings, *sheet.warnings):
        click.echo(as_text(warnings), err=True)
    lines = {"csv": report.as_csv, "json": report.as_json, "text": report.as_text}[format_](sheet)
    for line in lines:
        click.echo(line)
