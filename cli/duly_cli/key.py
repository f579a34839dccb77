"""`duly key`: a person's own key to sign approvals with."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly.language.schema import ROLES

if TYPE_CHECKING:
    from duly.journal.keys import PublicKey

PASSPHRASE = "DULY_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable, not what is in it)


def usual_place(person: str) -> Path:
    """Where a person's key lies unless it is said otherwise: outside every project, so that nothing commits it."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "duly" / f"{person}.pem"


def passphrase() -> str:
    """The passphrase, from the environment or asked for."""
    given = os.environ.get(PASSPHRASE)
    return given if given is not None else str(click.prompt("Passphrase", hide_input=True, err=True))


@click.group()
def command() -> None:
    """Make and show the key that a person signs approvals with."""


@command.command()
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write it here; ~/.config/duly/NAME.pem where left out.",
)
@click.option(
    "--passphrase", "with_passphrase", is_flag=True, help=f"Lock it with a passphrase, asked for or from {PASSPHRASE}."
)
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="A role, for the line; repeatable.")
def make(name: str, out: Path | None, with_passphrase: bool, roles: tuple[str, ...]) -> None:
    """Make NAME's own key, for NAME alone, and print the line for approvers.yaml."""
    from duly.journal.approvers import PERSON
    from duly.journal.keys import make_key, write_key

    if not re.fullmatch(PERSON, name):
        raise click.BadParameter(f"`{name}` cannot be a name: letters, digits and `. _ -`", param_hint="NAME")
    locked = os.environ.get(PASSPHRASE, "")
    if with_passphrase and not locked:
        locked = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    path = out or usual_place(name)
    key = make_key()
    write_key(path, key, locked)
    click.echo(f"wrote {path}: keep it to yourself", err=True)
    click.echo(_line(name, key.public, roles))


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="NAME", help="Whose key it is, for the line.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="A role, for the line; repeatable.")
def show(file: Path, name: str, roles: tuple[str, ...]) -> None:
    """Print the line for approvers.yaml of the key in FILE; the key itself is never shown."""
    from duly.journal.keys import read_key

    click.echo(_line(name, read_key(file, passphrase).public, roles))


def _line(name: str, key: PublicKey, roles: tuple[str, ...]) -> str:
    return f'  {name}: {{roles: [{", ".join(roles)}], key: "{key.text}"}}'
