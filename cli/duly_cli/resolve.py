"""`duly resolve`: settle what nobody knows, by evidence or by a named person's decision."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import environment_option, home_option
from duly_cli.where import by_option, format_option, opened

if TYPE_CHECKING:
    from duly.execution.evidence import Taken
    from duly.home import Environment, Home
    from duly.journal.entry import Entry
    from duly.journal.store import Store

LEFT = 7
FILE = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("action", required=False)
@click.option("--arrived/--not-arrived", default=None, help="Whether it arrived, by what you found out.")
@click.option("--because", default="", help="Why you think so; kept in the journal.")
@by_option
@click.option("--evidence", is_flag=True, help="Ask the channels what they can find out.")
@click.option("--relay-log", "logs", type=FILE, multiple=True, help="The mail relay's log: what it took, arrived.")
@click.option("--sent", "sent", type=FILE, multiple=True, help="A mailbox or folder of sent mail.")
@format_option
@environment_option
@home_option
def command(
    action: str | None,
    arrived: bool | None,
    because: str,
    by: str,
    evidence: bool,
    logs: tuple[Path, ...],
    sent: tuple[Path, ...],
    format_: str,
    home: Home,
    environment: Environment,
) -> None:
    """List what nobody knows, or settle it: all of it by evidence, or one ACTION by your own decision.

    Exits with 7 while something is left that nobody knows.
    """
    from duly.reports import recorded

    looks = evidence or bool(logs) or bool(sent)
    if (action is None) != (arrived is None) or (action and looks):
        raise click.UsageError("name an action with `--arrived` or `--not-arrived`, or none and look for evidence")
    with opened(home, environment) as journal:
        _own_up(journal, by)
        if action is not None:
            entries = _decided(journal, action, by, because, arrived=bool(arrived))
        else:
            entries = _looked(journal, home, environment, by, evidence=evidence, logs=logs, sent=sent)
        if entries and format_ == "text":
            click.echo(recorded.as_text(entries, journal.personal), nl=False)
        elif action is not None or (looks and format_ == "json"):
            click.echo(recorded.as_json(entries, journal.personal), nl=False)
        if action is None and _left(journal, environment, format_, silent=looks and format_ == "json"):
            sys.exit(LEFT)


def _own_up(journal: Store, by: str) -> None:
    """Call UNKNOWN what a run that is no more left without an outcome; a run that is active sees to its own."""
    from duly.execution.reconcile import recover
    from duly.execution.steps import Steps
    from duly.journal.entry import Event
    from duly.journal.failures import RunIsActive

    if any(standing.event is Event.POINT_OF_NO_RETURN for standing in journal.standing().values()):
        with contextlib.suppress(RunIsActive), journal.run_lock():
            recover(Steps(journal, "", by))


def _decided(journal: Store, action: str, by: str, because: str, *, arrived: bool) -> tuple[Entry, ...]:
    from duly.execution.carried import find
    from duly.execution.reconcile import Decision, settle

    return (settle(journal, find(journal, action).key, Decision(arrived, by, because)),)


def _looked(
    journal: Store,
    home: Home,
    environment: Environment,
    by: str,
    *,
    evidence: bool,
    logs: tuple[Path, ...],
    sent: tuple[Path, ...],
) -> tuple[Entry, ...]:
    from duly.execution.evidence import relay_log, sent_mail, settle_taken
    from duly.execution.reconcile import settle_by_evidence, unknowns

    entries: tuple[Entry, ...] = ()
    if logs or sent:
        references = [known.reference for known in unknowns(journal) if "@" in known.reference]
        taken: dict[str, Taken] = {}
        for path in logs:
            taken |= relay_log(path, references)
        for path in sent:
            taken |= sent_mail(path, references)
        entries = settle_taken(journal, taken, by)
    if evidence:
        from duly.execution.channels.configured import load_channels

        channels = load_channels(home, environment)
        try:
            entries += settle_by_evidence(journal, channels, by, arrivals_only=False)
        finally:
            for channel in channels.values():
                channel.close()
    return entries


def _left(journal: Store, environment: Environment, format_: str, *, silent: bool) -> bool:
    """Show what is still unknown; say whether anything is."""
    from duly.execution.carried import carried
    from duly.execution.reconcile import unknowns
    from duly.reports import unsettled as report

    found = (carried(journal, known.standing.key) for known in unknowns(journal))
    left = tuple(one for one in found if one is not None)
    if not silent:
        shown = (
            report.as_json(left, journal.personal)
            if format_ == "json"
            else report.as_text(left, journal.personal, environment.value)
        )
        click.echo(shown, nl=False)
    return bool(left)
