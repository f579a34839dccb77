"""`duly verify`: say whether the journal, or an export of it, is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import environment_option, home_option
from duly_cli.where import opened

if TYPE_CHECKING:
    from duly.home import Environment, Home

NOT_AS_WRITTEN = 8

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--export", type=FILE, help="Look at this export instead of the journal.")
@click.option("--checkpoint", type=FILE, help="Checkpoints that were kept elsewhere, one a line.")
@click.option("--key", type=FILE, help="The public key that was kept elsewhere; the one beside the journal otherwise.")
@click.option("--erased", type=click.Choice(["ok"]), help="Accept an export whose personal values are missing.")
@environment_option
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    export: Path | None,
    checkpoint: Path | None,
    key: Path | None,
    erased: str | None,
    home: Home,
    environment: Environment,
) -> None:
    """Look at every entry, personal value and checkpoint, and name the first that is not what was written.

    What was cut off behind the last checkpoint, or made anew with another key, shows
    only against a checkpoint and a key that were kept elsewhere.
    """
    from duly.journal import checkpoints
    from duly.journal.verify import verify
    from duly.journal.verify_export import wrong
    from duly.reports import journal as report
    from duly.reports.problems import as_text

    anchors = checkpoints.read_checkpoints(checkpoint) if checkpoint else ()
    if export is not None:
        public = checkpoints.read_public_key(key) if key else None
        said = wrong(
            export.read_bytes(), public, "".join(f"{a}\n" for a in anchors).encode(), erased_ok=erased is not None
        )
        if said:
            click.echo(f"{export}: {said} [journal-tampered]", err=True)
            ctx.exit(NOT_AS_WRITTEN)
        click.echo(f"{export}: every entry, value and checkpoint is as it was written")
        return
    folder = home.journal(environment)
    with opened(home, environment, read_only=True) as journal:
        kept = checkpoints.checkpoints(folder)
        public = checkpoints.read_public_key(key or folder / checkpoints.PUBLIC)
        problems = verify(journal, (*kept, *anchors), public)
        entries = journal.head().seq
    if problems:
        click.echo(as_text(problems), err=True)
        ctx.exit(NOT_AS_WRITTEN)
    click.echo(report.verified(journal.id, journal.environment, entries, kept))
