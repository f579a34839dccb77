"""`duly pairs`: who works with whom, and who has no buddy."""

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
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, help="Who is away, and which segment customers are in, on this day; else today.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, policy: Policy, book: Path, as_of: date | None, format_: str) -> None:
    """Show the pairs of salesperson and collector that POLICY makes of BOOK's people.

    People without a buddy and customers without a pair are listed with the reason.
    Exits with 4 where who is whose buddy cannot be told. Segments are decided from
    the book alone, without a journal.
    """
    from duly.book.read import read_book
    from duly.reports import pairs as report
    from duly.reports.problems import as_text
    from duly.source import has_errors
    from duly.team.pairs import By, pairs_of
    from duly.team.people import DATA, team_of
    from duly.team.segments import segments_of

    day = as_of or today()
    read = read_book(book)
    by_segment = policy.together.pair_by == By.SEGMENT.value
    pairs = pairs_of(policy, team_of(read), day, segments_of(read, policy, day) if by_segment else {})
    if found := (*read.warnings, *pairs.problems):
        click.echo(as_text(found), err=True)
    if format_ == "json":
        click.echo(json.dumps(report.as_record(pairs), ensure_ascii=False, indent=2))
    else:
        for line in (report.as_csv if format_ == "csv" else report.as_text)(pairs):
            click.echo(line)
    ctx.exit(DATA if has_errors(pairs.problems) else 0)
