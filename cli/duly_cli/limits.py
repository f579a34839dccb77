"""`duly limits`: show which credit limits should change, and change nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, POLICY, HomeFolder, environment_option, today

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, help="Work it out as of this day; today where left out.")
@click.option("--customer", help="Look at the account of this customer alone.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@click.option(
    "--home",
    type=HomeFolder(),
    envvar="DULY_HOME",
    show_default="the folder above the policy's `policies/`",
    help="The folder with journal/.",
)
@environment_option
def command(
    policy: Policy,
    book: Path,
    as_of: date | None,
    customer: str | None,
    format_: str,
    home: Home | None,
    environment: Environment,
) -> None:
    """Show which credit limits POLICY would change in BOOK on a day, why, and who must sign.

    Limits that do not fit are shown beside them, whether or not a rule says so. Nothing is changed.
    """
    from duly_cli.figuring import read_to_figure

    day = as_of or today()
    read = read_to_figure(book, policy, day, customer, home, environment)

    from duly.figures.limits import limits_of
    from duly.reports import limits as report
    from duly.reports.problems import as_text

    limits = limits_of(read, policy, day, customer)
    if limits.warnings:
        click.echo(as_text(limits.warnings), err=True)
    match format_:
        case "json":
            click.echo(json.dumps(report.as_record(policy, limits), ensure_ascii=False, indent=2))
        case "csv":
            click.echo("\n".join(report.as_csv(limits)))
        case _:
            click.echo(report.as_text(policy, limits), nl=False)
