"""`duly undo`: undo what can be undone, as a new entry."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from duly_cli.params import DAY, environment_option, home_option, today
from duly_cli.where import by_option, format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home

PARTLY_DONE = 7


@click.command()
@click.argument("action")
@click.option("--because", required=True, help="Why; kept in the journal.")
@click.option("--day", type=DAY, default=today, show_default="today", help="The day from which it is undone.")
@by_option
@format_option
@environment_option
@home_option
def command(action: str, because: str, day: date, by: str, format_: str, home: Home, environment: Environment) -> None:
    """Undo ACTION: release a hold, call back a task or a request to a colleague.

    What reached a customer cannot be undone: the next message says otherwise, and a person writes it.
    """
    from duly.execution.carried import find
    from duly.execution.channels.configured import load_channels
    from duly.execution.hand_over import said
    from duly.execution.undo import Undo, undo
    from duly.reports import recorded as report

    with opened(home, environment) as journal:
        key = find(journal, action).key
        channels = load_channels(home, environment)
        try:
            undone = undo(Undo(key, by, because, day), journal, channels)
        finally:
            for channel in channels.values():
                channel.close()
        if undone.entry is None:
            click.echo(f"not undone: {said(undone.outcome)}", err=True)
            sys.exit(PARTLY_DONE)
        show = report.as_json if format_ == "json" else report.as_text
        click.echo(show([undone.entry], journal.personal), nl=False)
