"""`duly show`: what a saved plan holds, and what in it still waits for whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DULY_HOME",
    default=Path(),
    show_default="this folder",
    help="The team's folder.",
)
@click.option("--all", "all_", is_flag=True, help="List every action and everything withheld, with the reasons.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(plan_file: Path, home: Path, all_: bool, format_: str) -> None:
    """Say what the saved PLAN holds, and what in it still waits for whose approval."""
    from duly.home import Environment, Home
    from duly.journal.approvals import rulings_on
    from duly.journal.approvers import read_approvers
    from duly.journal.create import open_journal
    from duly.plan.approvals import approvals_of
    from duly.plan.claims import Circumstances
    from duly.plan.document import to_json
    from duly.plan.saved import read_plan
    from duly.reports import approvals as report
    from duly.reports import plan as plan_report

    plan = read_plan(plan_file).plan
    where = Home(home)
    environment = Environment(plan.environment)
    approvers = read_approvers(where.approvers)
    asked = [action for action in plan.actions if action.approval]
    journal_id, entries = "", []
    # Before there is a journal nobody can have approved anything.
    if where.journal(environment).exists():
        journal = open_journal(where, environment, read_only=True)
        try:
            journal_id, entries = journal.id, list(rulings_on(journal, [action.id for action in asked]))
        finally:
            journal.close()
    circumstances = Circumstances(journal_id, plan.environment, plan.author, None, datetime.now(UTC))
    approvals = approvals_of(entries, approvers, asked, circumstances)
    if format_ == "json":
        records = report.as_records(asked, approvals, approvers, circumstances)
        document = {"plan": json.loads("".join(to_json(plan))), "approvals": records}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    click.echo(plan_report.as_text(plan, all_=all_))
    click.echo(report.as_text(asked, approvals, approvers, circumstances), nl=False)
