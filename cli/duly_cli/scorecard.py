"""`duly scorecard`: sales booked beside cash collected, quarter by quarter."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.figures import form_options, give, tell
from duly_cli.known import add_journal, journal_options
from duly_cli.params import BOOK, DAY, POLICY

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.language.policy import Policy


@click.command("scorecard")
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, required=True, help="Show the quarter that holds this day, up to and with it.")
@click.option(
    "--by",
    type=click.Choice(["salesperson", "collector", "pair", "everybody"]),
    default="pair",
    show_default=True,
    help="Whose cards.",
)
@click.option("--show-arithmetic", is_flag=True, help="Show the numbers of every figure, and the formulas.")
@journal_options
@form_options
def command(
    policy: Policy,
    book: Path,
    as_of: date,
    by: str,
    show_arithmetic: bool,
    format_: str,
    out: Path | None,
    home: Home | None,
    environment: Environment,
) -> None:
    """Show sales booked beside cash collected, and how well, from BOOK as POLICY counts days.

    Cash is told apart by the age of what it paid on the day it came. A card is about
    whoever has the customer today. Promises and disputes are those of the book and of the
    environment's journal.
    """
    from duly.book.read import read_book
    from duly.figures.scorecard import Of, scorecard
    from duly.reports import scorecard as report

    read = read_book(book)
    tell(read.warnings)
    told = add_journal(read, policy, home, environment)
    made = scorecard(read, policy, as_of, Of(by), journal=environment.value if told else "")
    tell(made.warnings)
    pages = report.wide_pages(made) if format_ == "csv" else report.pages(made, arithmetic=show_arithmetic)
    give(format_, out, as_of, pages, lambda: report.as_json(made))
