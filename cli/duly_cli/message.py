"""`duly message`: the exact messages that one customer would get."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, POLICY, environment_option, today
from duly_cli.where import history_in

if TYPE_CHECKING:
    from duly.home import Environment
    from duly.language.policy import Policy

CANNOT_BE_WRITTEN = 4

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.argument("customer")
@click.option("--as-of", type=DAY, help="As if on this day; today where left out.")
@click.option("--html", type=_FILE, help="Write the e-mail's page here.")
@click.option("--pdf", type=_FILE, help="Write the letter here.")
@click.option("--language", default="", help="Look at it in another language.")
@click.option("--tone", default="", help="Look at it in another tone.")
@environment_option
def command(
    policy: Policy,
    book: Path,
    customer: str,
    as_of: date | None,
    html: Path | None,
    pdf: Path | None,
    language: str,
    tone: str,
    environment: Environment,
) -> None:
    """Show the exact messages that CUSTOMER would get, and the briefs about it. Nothing is sent.

    Exits with 4 where one cannot be written.
    """
    from duly.book.read import read_book
    from duly.execution.preview import messages_for
    from duly.home import home_of
    from duly.messages.matter import Rendered
    from duly.messages.templates import load_templates
    from duly.messages.where import templates_of
    from duly.plan.make import Background
    from duly.reports import message as report
    from duly.reports.files import write_bytes_atomically

    home = home_of(Path(policy.files[0]))
    templates = load_templates(templates_of(home))
    background = Background(history_in(home, environment), environment.value, templates.digest)
    read = read_book(book, customer=customer)
    previews = messages_for(
        policy, templates, read, customer, as_of or today(), language=language, tone=tone, background=background
    )
    click.echo(report.as_text(previews), nl=False)
    written = [p.message for p in previews.messages if p.action.channel and isinstance(p.message, Rendered)]
    for path, forms in (
        (html, [message.html.encode() for message in written if message.html]),
        (pdf, [message.pdf for message in written if message.pdf]),
    ):
        if path is not None and not forms:
            click.echo(f"{path} was not written: the customer gets no such message", err=True)
        elif path is not None:
            write_bytes_atomically(path, forms[0])
            click.echo(f"wrote {path}")
    if any(not isinstance(preview.message, Rendered) for preview in previews.messages):
        sys.exit(CANNOT_BE_WRITTEN)
