"""`duly test mutate`: which small mistakes in a policy its cases would not notice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from duly_cli.params import FINDINGS, POLICY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duly.language.policy import Policy
    from duly.review.cases.case import Case


@click.command()
@click.argument("policy", type=POLICY)
@click.option(
    "--threshold",
    metavar="PCT",
    type=click.IntRange(0, 100),
    default=95,
    show_default=True,
    help="Exit with 1 where less of what can be noticed is.",
)
@click.option(
    "--filter", "only", metavar="TEXT", default="", help="Make only the mistakes that have this in their name."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, policy: Policy, threshold: int, only: str, form: str) -> None:
    """Change POLICY by one small mistake at a time, and say which its cases do not notice.

    A threshold one more or less, a condition turned round or without a part, a tone one
    step off, a rule left out. Each mistake that no case notices is shown with a customer
    who would be treated otherwise, or proved to change nothing. Exits with 1 below the
    threshold, and where a case fails under the policy itself.
    """
    from duly.reports import mutants as report
    from duly.review.cases.load import cases_beside
    from duly.review.mutate.killed import score

    cases = cases_beside(policy)
    refuse_failing(ctx, policy, cases)
    found = score(policy, cases, only=only)
    if not found.outcomes:
        raise click.BadParameter(f"no mistake has `{only}` in its name", ctx, param_hint="--filter")
    if form == "json":
        click.echo(json.dumps(report.as_json(policy, found), ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text(policy, found, threshold=threshold), nl=False)
    if not found.reaches(threshold):
        ctx.exit(FINDINGS)


def refuse_failing(ctx: click.Context, policy: Policy, cases: Sequence[Case]) -> None:
    """End where a case fails under the policy as it is: then nothing can be said of mistakes in it."""
    from duly.review.mutate.killed import failing

    if failed := failing(policy, cases):
        what = f"case `{failed[0]}`" if len(failed) == 1 else f"{len(failed)} cases, `{failed[0]}` first,"
        fails = "fails" if len(failed) == 1 else "fail"
        click.echo(f"error: {what} {fails} under the policy as it is [case-fails]", err=True)
        click.echo("  = run `duly test` and put it right first", err=True)
        ctx.exit(FINDINGS)
