"""The program `duly`: which verbs there are, and how every one of them ends.

A verb's module is imported when it is run and not before, so that `duly --help`
costs little more than an empty interpreter. Commands raise; this module alone
turns what they raise into words and an exit code, so that nothing ever ends in
a traceback on the screen. A mistake of our own goes into a report file.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import select
import sys
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

import click

from duly import __version__
from duly.journal.failures import JournalFailed, RunIsActive
from duly.source import Refused

LOCKED = 6
JOURNAL = 8
BUG = 70
INTERRUPTED = 130
INTERRUPTED_QUERY = "Query interrupted"
"""All that DuckDB leaves of an interrupt that arrives during one of its queries: a `RuntimeError` with these words."""

READER_GONE = 141
"""What a shell says of a program whose reader closed the pipe: no answer, neither yes nor no."""


class Verb(NamedTuple):
    """Where a command lives, and what it does in one line."""

    module: str
    help: str


COMMANDS: Mapping[str, Verb] = {
    "init": Verb("duly_cli.init", "Write a policy folder to start from."),
    "demo": Verb("duly_cli.demo", "Write a sample book of invented customers."),
    "check": Verb("duly_cli.check", "Say what is wrong with policies."),
    "fmt": Verb("duly_cli.fmt", "Lay policy files out alike; they say the same afterwards."),
    "prove": Verb("duly_cli.prove", "Prove what a policy promises, or show who breaks it."),
    "test": Verb("duly_cli.test", "Run a policy's cases, and say what they have not seen."),
    "diff": Verb("duly_cli.diff", "Say what changed between two policies, and what it means."),
    "history": Verb("duly_cli.history", "List a policy's versions: who signed for each, and what it meant."),
    "git": Verb("duly_cli.git", "Have git show policies in words, and sign for a version."),
    "schema": Verb("duly_cli.schema", "Print the JSON Schema of a policy, for editors."),
    "facts": Verb("duly_cli.facts", "Explain the facts that a policy may read."),
    "book": Verb("duly_cli.book", "Look into a book."),
    "customer": Verb("duly_cli.customer", "Show what is known of one customer, and all that was said and done."),
    "duties": Verb("duly_cli.duties", "Say who answers for what."),
    "pairs": Verb("duly_cli.pairs", "Show who works with whom, and who has no buddy."),
    "plan": Verb("duly_cli.plan", "Show what would be done, and do nothing."),
    "show": Verb("duly_cli.show", "Say what a saved plan holds, and what waits for whom."),
    "key": Verb("duly_cli.key", "Make the key that a person signs with."),
    "approve": Verb("duly_cli.approve", "Sign for actions of a plan, or against them."),
    "explain": Verb("duly_cli.explain", "Say why one customer is treated as it is."),
    "charges": Verb("duly_cli.charges", "Show what could be charged for lateness, and book nothing."),
    "limits": Verb("duly_cli.limits", "Show which credit limits should change, and change nothing."),
    "message": Verb("duly_cli.message", "Show the exact messages that one customer would get."),
    "aging": Verb("duly_cli.aging", "Show what is owed by age, who is late, who is new."),
    "statement": Verb("duly_cli.statement", "Show a customer's statement of account."),
    "scorecard": Verb("duly_cli.scorecard", "Show sales beside cash, and how well both were collected."),
    "rewards": Verb("duly_cli.rewards", "Show what people get for being paid in time, and what to look at first."),
    "apply": Verb("duly_cli.apply", "Carry out a saved plan, once."),
    "record": Verb("duly_cli.record", "Tell the journal what people know: calls, promises, answers, what was posted."),
    "status": Verb("duly_cli.status", "Say what runs, what waits, and what nobody knows."),
    "resolve": Verb("duly_cli.resolve", "Settle what nobody knows, by evidence or by a person's decision."),
    "undo": Verb("duly_cli.undo", "Undo a hold, a task or a request, as a new entry."),
    "why": Verb("duly_cli.why", "Tell months later why something was done."),
    "log": Verb("duly_cli.log", "Say what happened, entry by entry."),
    "verify": Verb("duly_cli.verify", "Say whether the journal is what was written."),
    "journal": Verb("duly_cli.journal", "Make the journal, sign it, take it away, put it back."),
}
"""The verbs, in the order in which one comes to need them."""


class Program(click.Group):
    """The verbs by name; the one that is run is imported, and ends as the exit codes say."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """The verbs, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        """The command of this name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name].module).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the arguments begin with; for one that is none, the verb that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as unknown:
            raise click.NoSuchCommand(unknown.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        """The list of verbs, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> None:
        """Run the verb, and leave with the exit code of what became of it."""
        # A command makes many values, ends soon and leaves few cycles: looking for them takes a third of a large plan.
        gc.disable()
        ctx.call_on_close(gc.enable)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A name that the terminal's encoding cannot show is escaped, not a reason to stop.
                stream.reconfigure(errors="backslashreplace")
        try:
            self._invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            _end_interrupted(ctx)
        except Exception as bug:  # noqa: BLE001  (the outermost edge: what arrives here is a bug of ours)
            if isinstance(bug, RuntimeError) and str(bug) == INTERRUPTED_QUERY:
                _end_interrupted(ctx)
            if isinstance(bug, BrokenPipeError) and _reader_is_gone():
                ctx.exit(READER_GONE)
            from duly_cli.bug import report

            click.echo(report(bug, sys.argv[1:]), err=True)
            ctx.exit(BUG)

    def _invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except Refused as refused:
            from duly.reports.problems import as_text

            click.echo(as_text(refused.problems).rstrip("\n"), err=True)
            ctx.exit(refused.exit_code)
        except RunIsActive as active:
            click.echo(f"error: {active} [run-is-active]", err=True)
            ctx.exit(LOCKED)
        except JournalFailed as failed:
            click.echo(f"error: {failed} [{failed.rule}]", err=True)
            if failed.help:
                click.echo(f"  = {failed.help}", err=True)
            ctx.exit(JOURNAL)


def _end_interrupted(ctx: click.Context) -> NoReturn:
    click.echo("interrupted", err=True)
    ctx.exit(INTERRUPTED)


def _reader_is_gone() -> bool:
    """Say whether nobody reads our output any more; a broken pipe to a process of our own is a bug."""
    try:
        output = sys.stdout.fileno()
    except io.UnsupportedOperation:
        return False
    poll = select.poll()
    poll.register(output, select.POLLOUT)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    # The interpreter flushes once more on its way out, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    return True


@click.group("duly", cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Collections policy as code.

    A policy says in YAML what is late, how the tone hardens, and when sales is
    pulled in. duly checks it, shows what it would do to today's book and why,
    and carries that out once, with a journal.
    """


def run() -> NoReturn:
    """The program as a process, which ends once all is said.

    A large plan is a million values; to free them one by one on the way out takes a
    twentieth of the time that making them took.
    """
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
