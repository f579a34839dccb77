"""`duly charges`: show what could be charged for lateness, and book nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.known import journal_options
from duly_cli.params import BOOK, DAY, POLICY, today

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, help="Work it out as of this day; today where left out.")
@click.option("--customer", help="Look at the account of this customer alone.")
@click.option("--with-settled", is_flag=True, help="Add items that were paid late and are open no more.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@journal_options
def command(
    policy: Policy,
    book: Path,
    as_of: date | None,
    customer: str | None,
    with_settled: bool,
    format_: str,
    home: Home | None,
    environment: Environment,
) -> None:
    """Show what POLICY would charge for lateness in BOOK on a day, with the arithmetic, and what is kept back and why.

    Late interest and fixed sums by law or contract, and charges of stages. Nothing is booked and nobody is told.
    """
    from duly_cli.figuring import read_to_figure

    day = as_of or today()
    read = read_to_figure(book, policy, day, customer, home, environment)

    from duly.figures.charges import charges_of
    from duly.reports import charges as report

    charges = charges_of(read, policy, day, customer, with_settled=with_settled)
    match format_:
        case "json":
            click.echo(json.dumps(report.as_record(policy, charges), ensure_ascii=False, indent=2))
        case "csv":
            click.echo("\n".join(report.as_csv(charges)))
        case _:
            click.echo(report.as_text(policy, charges), nl=False)
