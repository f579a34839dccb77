"""`duly facts`: the manual of what a policy may read."""

from __future__ import annotations

import click

from duly.language.manual import fact_list, fact_page, no_such_fact
from duly.reports.terminal import printable


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Explain the facts that a policy may read: all of them in a line each, or NAME in full."""
    page = fact_list() if name is None else fact_page(name)
    if page is None:
        raise click.BadParameter(printable(no_such_fact(name or "")), param_hint="NAME")
    click.echo(page)
