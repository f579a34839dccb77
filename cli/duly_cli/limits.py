"""`duly limits`: show which credit limits should change, and change nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.known import journal_options
from duly_cli.params import BOOK, DAY, POLICY, today

if TYPE_CHECKING:
    from duly.figures.limit_history import Proposed
    from duly.home import Environment, Home
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, help="Work it out as of this day; today where left out.")
@click.option("--customer", help="Look at the account of this customer alone.")
@click.option("--history", is_flag=True, help="Show what was ever proposed, answered and changed instead.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@journal_options
def command(
    policy: Policy,
    book: Path,
    as_of: date | None,
    customer: str | None,
    history: bool,
    format_: str,
    home: Home | None,
    environment: Environment,
) -> None:
    """Show which credit limits POLICY would change in BOOK on a day, why, and who must sign.

    Limits that do not fit are shown beside them, whether or not a rule says so. Nothing is changed. With --history,
    the journal says what was proposed before, who signed or rejected it, and what became of it.
    """
    from duly_cli.figuring import read_to_figure

    if history:
        _show_history(policy, customer, format_, home, environment)
        return
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


def _show_history(
    policy: Policy, customer: str | None, format_: str, home: Home | None, environment: Environment
) -> None:
    from duly.figures.limit_history import limit_history
    from duly.home import home_of
    from duly.journal.create import has_journal
    from duly.journal.erase import earlier_ids
    from duly.reports import limit_history as report
    from duly_cli.where import opened

    if format_ == "csv":
        raise click.UsageError("--history is shown as text or json")
    where = home or home_of(Path(policy.files[0]))
    found: tuple[Proposed, ...] = ()
    if has_journal(where, environment):
        with opened(where, environment, read_only=True) as journal:
            wanted = frozenset(earlier_ids(journal, customer)) if customer else frozenset()
            found = limit_history(journal.entries(), wanted)
    if format_ == "json":
        click.echo(json.dumps(report.as_records(found), ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text(found), nl=False)
