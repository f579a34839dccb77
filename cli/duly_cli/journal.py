"""`duly journal`: make the journal, sign it, take it away, put it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import environment_option, home_option
from duly_cli.where import by_option, opened

if TYPE_CHECKING:
    from duly.home import Environment, Home

NEW_FILE = click.Path(path_type=Path, dir_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
BECAUSE = click.option("--because", required=True, help="Why; kept in the journal.")


@click.group("journal")
def command() -> None:
    """Make the journal, sign it, take it away, put it back."""


@command.command()
@click.option(
    "--postgres",
    "url",
    default="",
    envvar="DULY_JOURNAL_URL",
    help="Keep it in this PostgreSQL database, by URL; passwords are better in ~/.pgpass. In a file where left out.",
)
@by_option
@environment_option
@home_option
def create(url: str, by: str, home: Home, environment: Environment) -> None:
    """Make the environment's journal and its key; once, and only where there was none."""
    from duly.journal import checkpoints
    from duly.journal.create import create as make

    store = make(home, environment, url=url, by=by)
    store.close()
    folder = home.journal(environment)
    click.echo(f"made journal {store.id} ({environment.value}) in {folder}")
    click.echo(f"keep {folder / checkpoints.PUBLIC} and what runs print as checkpoints where the journal is not,")
    click.echo(f"and {folder / checkpoints.KEY} where nobody else reads it")
    click.echo(f"checkpoint: {checkpoints.checkpoints(folder)[-1]}")


@command.command()
@environment_option
@home_option
def checkpoint(home: Home, environment: Environment) -> None:
    """Sign the journal as it is now, and print the line to keep elsewhere."""
    from duly.journal import checkpoints

    with opened(home, environment) as journal:
        click.echo(checkpoints.sign(home.journal(environment), journal))


@command.command()
@click.argument("file", type=NEW_FILE)
@click.option("--without-personal", is_flag=True, help="Leave personal values out; the chain is checked without them.")
@environment_option
@home_option
def export(file: Path, without_personal: bool, home: Home, environment: Environment) -> None:
    """Write the journal to FILE as JSON Lines that anybody can check, signed up to its last line."""
    from duly.journal import checkpoints, verify_export
    from duly.journal.export import export_lines
    from duly.reports.files import write_atomically
    from duly.reports.journal import counted

    folder = home.journal(environment)
    with opened(home, environment) as journal:
        signed = checkpoints.sign(folder, journal)
        lines = export_lines(journal, checkpoints.checkpoints(folder), personal=not without_personal)
        write_atomically(file, lines)
    click.echo(f"wrote {counted(signed.seq)} to {file}")
    click.echo(f"checkpoint: {signed}")
    click.echo(
        f"whoever has it checks it with `python {Path(verify_export.__file__).name} {file}`, a file of duly's that"
    )
    click.echo(f"needs nothing else of it: {verify_export.__file__}")


@command.command()
@click.argument("file", type=NEW_FILE)
@environment_option
@home_option
def backup(file: Path, home: Home, environment: Environment) -> None:
    """Copy the journal to the new FILE, also while a run writes. Keep its keys and checkpoints too."""
    from duly.journal.backup import backup as copy

    with opened(home, environment, read_only=True) as journal:
        head = copy(journal, file)
    click.echo(f"copied journal {head.journal} up to entry {head.seq} to {file}")


@command.command()
@click.argument("file", type=FILE)
@environment_option
@home_option
def restore(file: Path, home: Home, environment: Environment) -> None:
    """Put the copy in FILE in the journal's place, unless anything happened since that it does not know."""
    from duly.journal.backup import restore as put_back

    head = put_back(home, environment, file)
    click.echo(f"journal {head.journal} is back, up to entry {head.seq}; what was there lies beside it")


@command.command()
@click.option("--customer", required=True, help="Whose personal values, under former ids as well.")
@BECAUSE
@by_option
@environment_option
@home_option
def erase(customer: str, because: str, by: str, home: Home, environment: Environment) -> None:
    """Remove what is personal about a customer: addresses, texts, notes. What happened stays, and still verifies."""
    from duly.journal.erase import erase as remove
    from duly.reports.journal import counted

    with opened(home, environment) as journal:
        entry = remove(journal, customer, by=by, because=because)
    erased = entry.body["entries"]
    assert isinstance(erased, list)
    click.echo(f"erased what was personal in {counted(len(erased))} about {customer}: entry {entry.seq}")
    click.echo("copies and exports made before still have it")


@command.command()
@click.option("--from", "old", required=True, help="The id that the journal knows.")
@click.option("--to", "new", required=True, help="The id of today; of another customer, where two became one.")
@BECAUSE
@by_option
@environment_option
@home_option
def rename(old: str, new: str, because: str, by: str, home: Home, environment: Environment) -> None:
    """Say that a customer has another id now, so that what was done counts there."""
    from duly.journal.erase import rename as say

    with opened(home, environment) as journal:
        entry = say(journal, old, new, by=by, because=because)
    click.echo(f"{old} is {new} from entry {entry.seq} on")
