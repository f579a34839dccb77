"""`duly test generate`: cases that would notice what the others miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from duly_cli.params import POLICY
from duly_cli.test_mutate import refuse_failing

if TYPE_CHECKING:
    from duly.language.policy import Policy


@click.command()
@click.argument("policy", type=POLICY)
@click.option("--filter", "only", metavar="TEXT", default="", help="Only for mistakes that have this in their name.")
@click.option("--write", is_flag=True, help="Append them to the file of cases beside the policy.")
@click.pass_context
def command(ctx: click.Context, policy: Policy, only: str, write: bool) -> None:
    """Propose cases for POLICY: customers at the boundaries that no case stands at yet.

    For every small mistake that no case notices, the plainest customer who would be
    treated otherwise, with what the policy does today. Whether it ought to is for you to
    say. The proposals go to the screen, to be pasted, or with --write to the end of
    the file of cases, whose comments stay.
    """
    from duly.reports import mutants as report
    from duly.reports.plan import count
    from duly.review.cases.append import append_cases
    from duly.review.cases.load import cases_beside
    from duly.review.cases.writing import HEAD
    from duly.review.mutate.generate import generate
    from duly.review.mutate.mutants import mutants

    cases = cases_beside(policy)
    refuse_failing(ctx, policy, cases)
    if only and not any(only in mutant.id for mutant in mutants(policy)):
        raise click.BadParameter(f"no mistake has `{only}` in its name", ctx, param_hint="--filter")
    proposals = generate(policy, cases, only=only)
    text = report.REVIEW + report.proposed_text(proposals)
    if not proposals.cases:
        click.echo("No customer by its facts can show anything that the cases do not notice.", err=True)
    elif write:
        file = append_cases(policy, text)
        click.echo(f"wrote {count(len(proposals.cases), 'case')} to {file}: read each before you keep it")
    else:
        click.echo(("" if cases else HEAD) + text, nl=False)
    click.echo(report.left_text(proposals), nl=False, err=True)
