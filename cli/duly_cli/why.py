"""`duly why`: tell months later why something was done, from the journal alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from duly_cli.params import environment_option, home_option
from duly_cli.where import format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home


@click.command()
@click.argument("action")
@format_option
@environment_option
@home_option
def command(action: str, format_: str, home: Home, environment: Environment) -> None:
    """Tell why ACTION was carried out, what it said, and what happened after.

    ACTION is an action's id, six characters or more of its start, or a Message-ID.
    """
    from duly.execution.carried import find
    from duly.execution.told import tell
    from duly.reports import told as report

    with opened(home, environment, read_only=True) as journal:
        told = tell(journal, find(journal, action))
    click.echo(report.as_json(told) if format_ == "json" else report.as_text(told), nl=False)
