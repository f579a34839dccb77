"""`duly history`: the versions of a policy in git."""

from __future__ import annotations

import json
from pathlib import Path

import click

from duly_cli.params import FINDINGS


@click.command()
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--since", default="", help="Only versions since a day (2026-03-31) or after a revision (v1).")
@click.option(
    "--words-only", is_flag=True, help="Leave out what each change means, which is proved and takes its time."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where the newest version is not signed off.")
@click.option("--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, policy: Path, since: str, words_only: bool, exit_code: bool, format_: str) -> None:
    """List the versions of POLICY in git, newest first: who made each, who signed for it, and what it meant.

    Names and trailers are what a commit says of itself. Proved is only what is signed:
    by a line of `duly git sign-off`, or by a commit with the SSH key of somebody who
    was in approvers.yaml before.
    """
    from duly.reports import history as report
    from duly.review.history.history import history

    found = history(policy, since=since, proves=not words_only)
    match format_:
        case "json":
            click.echo(json.dumps(report.as_json(found), ensure_ascii=False, indent=2))
        case "markdown":
            click.echo(report.as_markdown(found), nl=False)
        case _:
            click.echo(report.as_text(found), nl=False)
    if exit_code and not found.is_signed_off:
        ctx.exit(FINDINGS)
