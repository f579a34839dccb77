"""`duly check`: what is wrong with policies, and which of their parts are acted on yet."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from duly.home import APPROVERS
from duly.journal.approvers import nobody_to_approve, read_all_approvers
from duly.language.acted_on import parts_of
from duly.language.load import CANNOT_BE_LOADED, expired_exceptions, load_all
from duly.language.reward import reward_problems
from duly.messages.check import check_all
from duly.reports.checked import as_json, as_text
from duly.source import has_errors, in_order
from duly.team.contradictions import contradictions, missing_people
from duly.team.duties import duty_problems
from duly_cli.params import BOOK, DAY, today


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--as-of", type=DAY, help="The day by which exceptions have expired; today where left out.")
@click.option("--book", type=BOOK, help="Also say which roles nobody in this book has although they are asked.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or for programs."
)
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], as_of: date | None, book: Path | None, form: str) -> None:
    """Say what is wrong with policies, and with the wording of what they send.

    PATH is a policy or a folder of policies; `policies` where left out. The
    approvers.yaml and the templates beside policies are checked with them, and whether
    what they say about sales and credit working together is whole. Exits with 3 where
    one cannot be loaded.
    """
    named = paths or (Path("policies"),)
    loaded, problems = load_all(path for path in named if path.name != APPROVERS)
    registers, wrong = read_all_approvers(named)
    owners = (problem for policy in loaded for problem in (*duty_problems(policy), *contradictions(policy)))
    rewards = (problem for policy in loaded for problem in reward_problems(policy))
    problems = (*problems, *wrong, *nobody_to_approve(loaded, registers), *check_all(loaded), *owners, *rewards)
    if book is not None:
        from duly.book.read import read_book
        from duly.team.people import team_of

        team = team_of(read_book(book))
        problems = (*problems, *(problem for policy in loaded for problem in missing_people(policy, team)))
    day = as_of or today()
    shown = in_order([*problems, *(warning for policy in loaded for warning in expired_exceptions(policy, day))])
    checked = [(policy, parts_of(policy)) for policy in loaded]
    click.echo(
        json.dumps(as_json(checked, shown, registers), indent=2)
        if form == "json"
        else as_text(checked, shown, registers)
    )
    ctx.exit(CANNOT_BE_LOADED if has_errors(problems) else 0)
