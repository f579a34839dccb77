"""`duly approve`: sign for actions of a saved plan, or against them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.key import passphrase, usual_place

if TYPE_CHECKING:
    from duly.plan.plan import Action

MOST_LETTERS = 500


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--as", "person", metavar="PERSON", required=True, help="Who signs, by the name in approvers.yaml.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    envvar="DULY_KEY",
    help="That person's own key; ~/.config/duly/PERSON.pem where left out.",
)
@click.option("--only", metavar="ACTION", multiple=True, help="This action, by its key or how that begins; repeatable.")
@click.option("--all", "all_", is_flag=True, help="Every action that waits for one of the person's roles.")
@click.option("--reject", is_flag=True, help="Say no: the action is not carried out.")
@click.option("--because", default="", help="Why; kept in the journal for good. A rejection needs it.")
@click.option("--days", type=click.IntRange(1, 90), default=14, show_default=True, help="How long it is good, in days.")
@click.option(
    "--env",
    type=click.Choice(["try", "live"]),
    help="Refuse a plan of another environment than this.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DULY_HOME",
    default=Path(),
    show_default="this folder",
    help="The team's folder.",
)
@click.option("--yes", is_flag=True, help="Sign without being asked.")
def command(
    plan_file: Path,
    person: str,
    key_file: Path | None,
    only: tuple[str, ...],
    all_: bool,
    reject: bool,
    because: str,
    days: int,
    env: str | None,
    home: Path,
    yes: bool,
) -> None:
    """Approve actions of the saved PLAN, signed with a person's own key.

    What is approved is good in later plans, too, for the same action up to the
    same amount. Shows what would be signed, and asks.
    """
    from duly.home import Environment, Home
    from duly.journal.approvals import Ruling, rulings_on, sign
    from duly.journal.approvers import read_approvers
    from duly.journal.create import open_journal
    from duly.journal.keys import read_key
    from duly.plan.approvals import approvals_of, chosen, same_environment, signer, unsigned
    from duly.plan.claims import Circumstances, statement_of
    from duly.plan.saved import read_plan
    from duly.reports import approvals as report

    _check_words(only, all_=all_, reject=reject, because=because)
    plan = read_plan(plan_file).plan
    same_environment(plan, env)
    where = Home(home)
    approvers = read_approvers(where.approvers)
    key = read_key(key_file or usual_place(person), passphrase)
    journal = open_journal(where, Environment(plan.environment))
    try:
        ruling = Ruling.REJECT if reject else Ruling.APPROVE
        circumstances = Circumstances(journal.id, plan.environment, plan.author, None, datetime.now(UTC))
        approver = signer(person, key.public, approvers, circumstances, ruling)
        asked = [action for action in plan.actions if action.approval]
        keys = [action.id for action in asked]
        before = approvals_of(rulings_on(journal, keys), approvers, asked, circumstances)
        actions = chosen(plan.actions, before, approver, ruling, only)
        if not actions:
            click.echo(f"Nothing in the plan waits for {person}.")
            return
        valid_for = timedelta(days=days)
        click.echo(report.to_sign(actions, ruling.value, circumstances.now + valid_for))
        if not yes and not click.confirm(_question(actions, reject=reject, person=person)):
            raise unsigned()
        statements = [
            statement_of(action, approver, circumstances, ruling=ruling, because=because, valid_for=valid_for)
            for action in actions
        ]
        journal.append(*(sign(statement, key) for statement in statements))
        after = approvals_of(rulings_on(journal, keys), approvers, asked, circumstances)
    finally:
        journal.close()
    click.echo(report.as_text(asked, after, approvers, circumstances), nl=False)


def _check_words(only: Sequence[str], *, all_: bool, reject: bool, because: str) -> None:
    if bool(only) == all_:
        raise click.UsageError("say which actions: --only ACTION, or --all; `duly show PLAN` lists them")
    if reject and not because.strip():
        raise click.UsageError("a rejection needs a reason: --because TEXT")
    try:
        because.encode()
    except UnicodeEncodeError:
        raise click.UsageError("--because is not text in the encoding of this terminal") from None
    if len(because) > MOST_LETTERS:
        raise click.UsageError(f"--because has at most {MOST_LETTERS} letters")


def _question(actions: Sequence[Action], *, reject: bool, person: str) -> str:
    from duly.reports.plan import count

    return f"{'Reject' if reject else 'Approve'} {count(len(actions), 'action')} as {person}?"
