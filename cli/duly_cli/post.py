"""`duly record posted` and `duly record bounce`: what became of actions after they left."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import DAY, environment_option, home_option, today
from duly_cli.where import by_option, format_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.journal.entry import Draft
    from duly.journal.store import Journal


@click.command()
@click.argument("actions", nargs=-1)
@click.option("--all-of", "run", default="", help="All letters of this run that still wait.")
@click.option("--day", type=DAY, default=today, show_default="today", help="The day on which they were posted.")
@by_option
@format_option
@environment_option
@home_option
def posted(
    actions: tuple[str, ...], run: str, day: date, by: str, format_: str, home: Home, environment: Environment
) -> None:
    """Confirm that letters were posted: ACTION by its id or the start of it, or all those of a run."""
    from duly.execution.afterwards import letters_to_post
    from duly.execution.afterwards import posted as drafts_of
    from duly.execution.carried import find_all
    from duly.reports import recorded as report

    if bool(actions) == bool(run):
        raise click.UsageError("name the letters, or their run with `--all-of`")
    with opened(home, environment) as journal:
        letters = find_all(journal, actions) if actions else tuple(letters_to_post(journal, run))
        entries = journal.append(*drafts_of(letters, day, by, today()))
        if not entries and format_ == "text":
            click.echo(
                f"no letter of the run waits to be posted; `duly status --env {environment.value}` lists those that do"
            )
            return
        show = report.as_json if format_ == "json" else report.as_text
        click.echo(show(entries, journal.personal), nl=False)


@click.command()
@click.argument("messages", nargs=-1)
@click.option(
    "--from",
    "notices",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="A notice, a mailbox or a folder of them.",
)
@click.option("--day", type=DAY, default=today, show_default="today", help="The day on which it came back.")
@click.option("--status", default="", help="The status code of the notice, such as 5.1.1.")
@click.option("--note", default="", help="What the notice says.")
@by_option
@format_option
@environment_option
@home_option
def bounce(
    messages: tuple[str, ...],
    notices: tuple[Path, ...],
    day: date,
    status: str,
    note: str,
    by: str,
    format_: str,
    home: Home,
    environment: Environment,
) -> None:
    """Record that a message came back: MESSAGE by its action's id or its Message-ID, or what notices say."""
    from duly.reports import recorded as report

    if bool(messages) == bool(notices):
        raise click.UsageError("name the messages, or the notices with `--from`")
    if notices and (status or note):
        raise click.UsageError("a notice says itself what happened: leave `--status` and `--note` out")
    with opened(home, environment) as journal:
        drafts = _read(journal, notices, day, by) if notices else _told(journal, messages, day, status, note, by)
        entries = journal.append(*drafts)
        if not entries and format_ == "text":
            click.echo("nothing was recorded")
            return
        show = report.as_json if format_ == "json" else report.as_text
        click.echo(show(entries, journal.personal), nl=False)


def _told(journal: Journal, messages: tuple[str, ...], day: date, status: str, note: str, by: str) -> tuple[Draft, ...]:
    from duly.execution.afterwards import Return, all_bounced
    from duly.execution.carried import find_all

    returned = Return(day, status, note)
    return all_bounced([(one, returned) for one in find_all(journal, messages)], by, today())


def _read(journal: Journal, notices: tuple[Path, ...], day: date, by: str) -> tuple[Draft, ...]:
    from duly.execution.channels.bounces import read_bounces
    from duly.execution.notices import noticed
    from duly.reports.terminal import printable

    try:
        read = [one for path in notices for one in read_bounces(path)]
    except OSError as error:
        raise click.FileError(str(error.filename), error.strerror) from None
    found = noticed(journal, read, day, by, today())
    for notice in found.not_counted:
        click.echo(printable(f"{notice.found_in}: {notice.why}"), err=True)
    return found.drafts
