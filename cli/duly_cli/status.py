"""`duly status`: what runs, what waits and for what, what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from duly_cli.params import environment_option, home_option
from duly_cli.where import format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home


@click.command()
@click.option("--all", "all_", is_flag=True, help="List every action.")
@format_option
@environment_option
@home_option
def command(all_: bool, format_: str, home: Home, environment: Environment) -> None:
    """Say what is going on: the run that is active, what waits, what nobody knows, the last entry and checkpoint."""
    from duly.execution.situation import situation
    from duly.journal.checkpoints import checkpoints
    from duly.reports import status as report

    with opened(home, environment, read_only=True) as journal:
        now = situation(journal, journal.active_run())
    kept = checkpoints(home.journal(environment))
    last = str(kept[-1]) if kept else ""
    click.echo(report.as_json(now, last) if format_ == "json" else report.as_text(now, last, all_=all_), nl=False)
