"""`duly apply`: carry out a saved plan, once."""

from __future__ import annotations

import contextlib
import getpass
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import MOMENT, HomeFolder, environment_option

if TYPE_CHECKING:
    from duly.execution.apply import Ready
    from duly.execution.report import Result, RunReport
    from duly.home import Environment, Home

SAID_NO = 5


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--canary", type=click.IntRange(min=1), metavar="N", help="Hand over N actions, then stop.")
@click.option("--resume", is_flag=True, help="Finish a run of this plan that was stopped, or that left something.")
@click.option(
    "--despite",
    type=click.Choice(["harsh-letters-grow", "portfolio-out-of-proportion"]),
    multiple=True,
    help="Go on although this was found; the journal keeps --because.",
)
@click.option("--because", default="", help="Why the run goes on despite something.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--operator",
    envvar="DULY_OPERATOR",
    default=getpass.getuser,
    show_default="your login name",
    help="Who carries the plan out.",
)
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Where the policy lies now.")
@click.option("--book", type=click.Path(path_type=Path), help="Where the book lies now.")
@click.option(
    "--home",
    type=HomeFolder(),
    envvar="DULY_HOME",
    show_default="the folder above the policy's `policies/`",
    help="The folder with journal/, channels.yaml and templates/.",
)
@environment_option
@click.option(
    "--rehearse", type=MOMENT, metavar="MOMENT", help="As if it were this day, or moment in UTC; only in `try`."
)
def command(
    plan: Path,
    canary: int | None,
    resume: bool,
    despite: tuple[str, ...],
    because: str,
    yes: bool,
    operator: str,
    policy_file: Path | None,
    book: Path | None,
    home: Home | None,
    environment: Environment,
    rehearse: datetime | None,
) -> None:
    """Carry out the saved PLAN, exactly as it was shown, and no action of it twice.

    Before each hand-over the book and the journal are looked at again: what was paid,
    disputed or promised meanwhile is skipped. A file STOP beside the journal, or an
    interrupt, stops at the next safe point; --resume finishes.
    """
    from duly.execution.apply import Asked, made_ready
    from duly.home import Environment, home_of
    from duly.journal.approvers import read_approvers
    from duly.journal.create import open_journal
    from duly.language.load import load_policy
    from duly.messages import render
    from duly.messages.templates import load_templates
    from duly.messages.where import templates_of
    from duly.plan.saved import read_plan
    from duly.reports import run as report
    from duly.rules import durable
    from duly_cli.clock import running_clock, standing_clock

    if rehearse is not None and environment is not Environment.TRY:
        raise click.UsageError("a moment can be rehearsed only in the environment `try`")
    if despite and not because.strip():
        raise click.UsageError("say why the run is to go on: --because TEXT")
    saved = read_plan(plan)
    policy, _ = load_policy(policy_file or Path(saved.plan.policy_file))
    where = home or home_of(Path(policy.files[0]))
    interrupted = _Interrupt()
    stop_file = where.stop_file(environment)
    clock = (
        standing_clock(rehearse)
        if rehearse is not None
        else running_clock(lambda: interrupted.seen or stop_file.exists())
    )
    asked = Asked(
        saved=saved,
        policy=policy,
        templates=load_templates(templates_of(where)),
        approvers=read_approvers(where.approvers),
        home=where,
        environment=environment,
        book=book or Path(saved.plan.book),
        operator=operator,
        clock=clock,
        stop=lambda: interrupted.seen or stop_file.exists(),
        signed_by_now=datetime.now(UTC),
        canary=canary,
        resume=resume,
        despite=dict.fromkeys(despite, because),
        day=rehearse.date() if rehearse is not None else None,
    )
    # The plan is made again whenever the book or the journal moves.
    with (
        durable.processes_kept(),
        render.processes_kept(),
        contextlib.closing(open_journal(where, environment)) as journal,
    ):
        ready = made_ready(asked, journal)
        click.echo(report.before(ready.actions, ready.waiting, ready.unwritten, ready.channels, environment), nl=False)
        if not yes and not click.confirm("Carry this out?"):
            click.echo("Nothing was done.")
            sys.exit(SAID_NO)
        with interrupted.caught(), _progress(ready) as on_result:
            done = ready.carry_out(on_result)
        click.echo(report.as_text(done), nl=False)
    _end(done)


def _end(done: RunReport) -> None:
    if done.problem is not None:
        raise done.problem
    if done.exit_code:
        sys.exit(done.exit_code)


class _Interrupt:
    """Whether the operator has asked to stop: the first interrupt ends at a safe point, and says so."""

    def __init__(self) -> None:
        self.seen = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Inside, an interrupt or a request to terminate only sets `seen`."""

        def see(*_: object) -> None:
            if not self.seen:
                click.echo("stopping at the next safe point", err=True)
            self.seen = True

        before = {number: signal.signal(number, see) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _progress(ready: Ready) -> Iterator[Callable[[Result], None]]:
    """A progress bar on the error stream, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("carrying out", total=len(ready.actions))
        yield lambda _: bar.advance(task)
