"""`duly plan`: show what would be done, and do nothing."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.known import journal_options
from duly_cli.params import BOOK, DAY, POLICY, today
from duly_cli.where import history_in

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.language.policy import Policy

THERE_ARE_ACTIONS = 10


@click.command()
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, help="Decide as if on this day; today where left out.")
@click.option("--customer", help="Plan for this customer alone.")
@click.option("--out", type=click.Path(path_type=Path), help="Save the plan here, as JSON.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "durable", "columnar", "meaning"]),
    default="auto",
    show_default=True,
    help="Which engine decides; another always looks again.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "jsonl", "csv"]), default="text", show_default=True
)
@click.option("--all", "all_", is_flag=True, help="List every action and everything withheld, with the reasons.")
@click.option(
    "--quarantine",
    type=click.Path(path_type=Path),
    help="Set bad rows and their whole customer aside, and write them here.",
)
@click.option(
    "--author",
    envvar="DULY_AUTHOR",
    default=getpass.getuser,
    show_default="your login name",
    help="Who makes the plan.",
)
@journal_options
@click.option("--as-if-in-force", is_flag=True, help="Plan also outside the days on which the policy is in force.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 where there are actions.")
def command(
    policy: Policy,
    book: Path,
    as_of: date | None,
    customer: str | None,
    out: Path | None,
    engine: str,
    format_: str,
    all_: bool,
    quarantine: Path | None,
    author: str,
    home: Home | None,
    environment: Environment,
    as_if_in_force: bool,
    detailed_exitcode: bool,
) -> None:
    """Show what POLICY would do to BOOK on a day, why, and what is withheld and why.

    Nothing is sent and nothing is recorded.
    """
    from duly.home import home_of
    from duly.messages.where import templates_of
    from duly_cli.reading import read_beside

    day = as_of or today()
    where = home or home_of(Path(policy.files[0]))
    read, wording = read_beside(
        book, policy, day, "duly.plan.make", quarantine=quarantine, customer=customer, wording=templates_of(where)
    )

    from duly.plan.document import to_json
    from duly.plan.make import Background, make_plan
    from duly.reports import plan as report
    from duly.reports.files import write_atomically
    from duly.reports.problems import as_text

    if read.warnings:
        click.echo(as_text(read.warnings), err=True)
    background = Background(history_in(where, environment), environment.value, wording)
    plan = make_plan(
        policy, read, day, author=author, engine=engine, as_if_in_force=as_if_in_force, background=background
    )
    if out is not None:
        write_atomically(out, to_json(plan))
    match format_:
        case "json":
            _print(to_json(plan))
        case "jsonl":
            _print(report.as_json_lines(plan))
        case "csv":
            _print(report.as_csv(plan))
        case _:
            _print([report.as_text(plan, all_=all_)])
    if detailed_exitcode and plan.actions:
        sys.exit(THERE_ARE_ACTIONS)


def _print(pieces: Iterable[str]) -> None:
    for piece in pieces:
        click.echo(piece, nl=False)
