"""`duly check`: what is wrong with policies, and with the wording of what they send."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly.home import APPROVERS
from duly.journal.approvers import Approvers, nobody_to_approve, read_all_approvers
from duly.language.load import CANNOT_BE_LOADED, expired_exceptions, load_all, policies_in
from duly.language.policy import Policy
from duly.language.reward import reward_problems
from duly.messages.check import check_all
from duly.reports.checked import as_json, as_junit, as_text, page_lines
from duly.review.check.catalogue import CATALOGUE, findings
from duly.review.check.looking import Looking
from duly.source import Problem, Severity, has_errors, in_order
from duly.team.contradictions import contradictions, missing_people
from duly.team.duties import duty_problems
from duly_cli.params import BOOK, DAY, FINDINGS, today

if TYPE_CHECKING:
    from duly.book.book import Book


def _explain(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Show the page of a problem and leave; there is nothing to check then."""
    if name is None or ctx.resilient_parsing:
        return
    from duly.language.suggest import closest
    from duly.review.check.page import page, pages

    found = page(name)
    if found is None:
        meant = closest(name, [one.name for one in pages()])
        help_ = f"; did you mean `{meant}`?" if meant else "; the name stands in brackets behind a problem"
        raise click.BadParameter(f"`{name}` is not the name of a problem{help_}", ctx, param)
    click.echo("\n".join(page_lines(found)))
    ctx.exit()


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--as-of", type=DAY, help="The day by which exceptions have expired; today where left out.")
@click.option(
    "--book", type=BOOK, help="Also say what this book lacks: facts that are read, people whose roles are asked."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="For people, for programs, or for a CI: marks in a pull request, code scanning, test reports.",
)
@click.option(
    "--explain",
    metavar="NAME",
    expose_value=False,
    is_eager=True,
    callback=_explain,
    help="Say what a problem of this name is, why it matters, and what to write instead; check nothing.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where nothing keeps from loading and a warning is left.")
@click.option("--fix", is_flag=True, help="Put right what is proved to decide nothing otherwise, and show it.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    as_of: date | None,
    book: Path | None,
    form: str,
    exit_code: bool,
    fix: bool,
) -> None:
    """Say what is wrong with policies, and with the wording of what they send.

    PATH is a policy or a folder of policies; `policies` where left out. The
    approvers.yaml and the templates beside policies are checked with them, and whether
    what they say about sales and credit working together is whole. Exits with 3 where
    one cannot be loaded.
    """
    named = paths or (Path("policies"),)
    day, read = as_of or today(), _read(book)
    loaded, registers, shown = _found(named, day, read)
    if fix and _fixed(named, shown, day, err=form != "text"):
        loaded, registers, shown = _found(named, day, read)
    warned = exit_code and any(problem.severity is Severity.WARNING for problem in shown)
    code = CANNOT_BE_LOADED if has_errors(shown) else FINDINGS if warned else 0
    match form:
        case "json":
            click.echo(json.dumps(as_json(loaded, shown, registers), indent=2))
        case "github":
            from duly.reports.github import as_github

            click.echo(as_github(shown), nl=bool(shown))
        case "sarif":
            from duly.reports.sarif import as_sarif
            from duly.review.check.page import page

            click.echo(json.dumps(as_sarif(shown, page, code), ensure_ascii=False, indent=2))
        case "junit":
            click.echo(as_junit(loaded, shown, [check.name for check in CATALOGUE]), nl=False)
        case _:
            click.echo(as_text(loaded, shown, registers))
    ctx.exit(code)


def _found(
    named: tuple[Path, ...], day: date, book: Book | None
) -> tuple[tuple[Policy, ...], tuple[Approvers, ...], tuple[Problem, ...]]:
    """The policies and lists of approvers of these paths, and all that is wrong with them."""
    loaded, problems = load_all(path for path in named if path.name != APPROVERS)
    registers, wrong = read_all_approvers(named)
    found = [*problems, *wrong, *nobody_to_approve(loaded, registers), *check_all(loaded)]
    found += (problem for policy in loaded for problem in _alone(policy, day, book))
    return loaded, registers, in_order(found)


def _fixed(named: tuple[Path, ...], problems: tuple[Problem, ...], day: date, *, err: bool) -> bool:
    """Fix what can be fixed, show it as a diff, and say whether anything was."""
    from duly.language.rewrite import write_back
    from duly.review.fix import fixed

    files = [file for path in named for file in (policies_in(path) if path.is_dir() else [path])]
    # What will have ended by a day to come has not ended yet.
    result = fixed(files, problems, min(day, today()))
    for file in result.files:
        click.echo("\n".join((*file.diff(), "")), err=err)
        write_back(file)
    if result.problems:
        rules = ", ".join(dict.fromkeys(problem.rule for problem in result.problems))
        click.echo(f"fixed: {len(result.problems)} ({rules})\n", err=err)
    return bool(result.files)


def _read(book: Path | None) -> Book | None:
    if book is None:
        return None
    from duly.book.read import read_book

    return read_book(book)


def _alone(policy: Policy, day: date, book: Book | None) -> tuple[Problem, ...]:
    """What is wrong with one policy by itself, and with what it asks of a book."""
    return (
        *expired_exceptions(policy, day),
        *duty_problems(policy),
        *contradictions(policy),
        *reward_problems(policy),
        *findings(Looking(policy, day, book)),
        *(_of_people(policy, book) if book else ()),
    )


def _of_people(policy: Policy, book: Book) -> tuple[Problem, ...]:
    from duly.team.people import team_of

    return missing_people(policy, team_of(book))
