"""`duly duties`: who answers for what, in plain words."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, POLICY, today

if TYPE_CHECKING:
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.option("--book", type=BOOK, help="Say it of the people in this book, with the customers that each serves.")
@click.option("--person", default="", help="Of this person alone, by id; needs --book.")
@click.option("--as-of", type=DAY, help="Who is away, and which segment customers are in, on this day; else today.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context, policy: Policy, book: Path | None, person: str, as_of: date | None, format_: str
) -> None:
    """Say who answers for what by POLICY: each role's obligations, or each person's.

    Exits with 3 where nobody answers for a duty that the policy hands out, and with 4
    where the people in the book leave one with nobody or with two.
    """
    from duly.book.read import read_book
    from duly.language.load import CANNOT_BE_LOADED
    from duly.reports import duties as report
    from duly.reports.problems import as_text
    from duly.source import Refused, has_errors
    from duly.team.duties import duties_of, duty_problems, persons_duties
    from duly.team.people import DATA, team_of
    from duly.team.segments import segments_of

    if person and book is None:
        raise click.UsageError("--person needs --book: a policy alone knows roles and no people")
    if has_errors(wrong := duty_problems(policy)):
        raise Refused(wrong, CANNOT_BE_LOADED)
    if book is None:
        duties = duties_of(policy)
    else:
        day = as_of or today()
        read = read_book(book)
        team = team_of(read)
        if person:
            team.person(person)
        segments = segments_of(read, policy, day) if any(duty.by_segment for duty in policy.responsible) else {}
        duties = persons_duties(policy, team, day, segments)
        if read.warnings:
            click.echo(as_text(read.warnings), err=True)
    if duties.problems:
        click.echo(as_text(duties.problems), err=True)
    if format_ == "json":
        click.echo(json.dumps(report.as_record(duties, person), ensure_ascii=False, indent=2))
    else:
        for line in (report.as_csv if format_ == "csv" else report.as_text)(duties, person):
            click.echo(line)
    ctx.exit(DATA if has_errors(duties.problems) else 0)
