"""`duly explain`: say why one customer is treated as it is."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, POLICY, environment_option, today
from duly_cli.where import history_in

if TYPE_CHECKING:
    from duly.home import Environment
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.argument("customer")
@click.option("--as-of", type=DAY, help="Decide as if on this day; today where left out.")
@environment_option
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    policy: Policy, book: Path, customer: str, as_of: date | None, environment: Environment, format_: str
) -> None:
    """Say why CUSTOMER is treated as it is, layer by layer, and what it would take for the rest to happen."""
    from duly_cli.reading import read_beside

    day = as_of or today()
    read, _ = read_beside(book, policy, day, "duly.plan.explanation", customer=customer)

    from duly.book.history import add_history
    from duly.home import home_of
    from duly.plan.explanation import explain_customer
    from duly.reports import explanation as report

    add_history(read, history_in(home_of(Path(policy.files[0])), environment))
    name, explanations = explain_customer(policy, read, customer, day)
    if format_ == "json":
        records = [report.as_record(policy, explanation, name) for explanation in explanations]
        click.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(report.as_text(policy, explanation, name) for explanation in explanations), nl=False)
