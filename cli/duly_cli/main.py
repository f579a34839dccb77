"""The program `duly`: which verbs there are, and how every one of them ends.

A verb's module is imported when it is run and not before, so that `duly --help`
costs little more than an empty interpreter. Commands raise; this module alone
turns what they raise into words and an exit code, so that nothing ever ends in
a traceback on the screen. A mistake of our own goes into a report file.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import select
import sys
from collections.abc import Mapping
from typing import NamedTuple

import click

from duly import __version__
from duly.source import Refused

BUG = 70
INTERRUPTED = 130
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
    "schema": Verb("duly_cli.schema", "Print the JSON Schema of a policy, for editors."),
    "facts": Verb("duly_cli.facts", "Explain the facts that a policy may read."),
    "book": Verb("duly_cli.book", "Look into a book."),
    "plan": Verb("duly_cli.plan", "Show what would be done, and do nothing."),
    "explain": Verb("duly_cli.explain", "Say why one customer is treated as it is."),
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
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as bug:  # noqa: BLE001  (the outermost edge: what arrives here is a bug of ours)
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
    pulled in. duly checks it, and shows what it would do to today's book and why.
    """
