"""`duly log`: what happened, one sentence an entry."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from duly_cli.params import DAY, environment_option, home_option
from duly_cli.where import format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home


@click.command()
@click.option("--customer", default="", help="Of this customer, under former ids as well.")
@click.option("--stage", default="", help="Of actions of this stage, sales rule, hold or pause.")
@click.option("--key", default="", help="Of the action whose id begins so.")
@click.option("--run", default="", help="Of this run.")
@click.option("--since", type=DAY, help="From this day on, in UTC.")
@click.option("--personal", is_flag=True, help="Show the personal values that are kept.")
@format_option
@environment_option
@home_option
def command(
    customer: str,
    stage: str,
    key: str,
    run: str,
    since: date | None,
    personal: bool,
    format_: str,
    home: Home,
    environment: Environment,
) -> None:
    """Say what happened, oldest first."""
    from duly.journal.looked_up import Wanted, looked_up
    from duly.reports import journal as report

    with opened(home, environment, read_only=True) as journal:
        found = looked_up(journal, Wanted(customer, stage, key, run, since))
        told = ((entry, journal.personal(entry) if personal else None) for entry in found)
        for line in (report.as_json if format_ == "json" else report.as_text)(told):
            click.echo(line)
