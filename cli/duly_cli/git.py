"""`duly git`: policies in git, shown in words and signed for."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from duly.language.schema import ROLES

PROGRAM = "duly"
NO_FILE = "/dev/null"
"""What git hands over in the place of a file that is not there."""

FOLDER = click.argument("folder", default="policies", type=click.Path(path_type=Path))
EVERYWHERE = click.option(
    "--global", "everywhere", is_flag=True, help="In your own configuration, for all of your clones."
)


@click.group("git")
def command() -> None:
    """Have git show policies in words, and sign for a version."""


@command.command()
@FOLDER
@EVERYWHERE
@click.option("--words-only", is_flag=True, help="Leave `git diff` quick: the words alone, and no proofs.")
def install(folder: Path, everywhere: bool, words_only: bool) -> None:
    """Have git show the policies of FOLDER in words.

    `git log -p` and `git show` then compare what versions say, whatever their layout;
    `git diff` names what changed and what that means, proved. The policies are named in
    .gitattributes, which is yours to commit; the rest is set for this clone alone.
    """
    from duly.review.git_driver import install

    for line in install(folder, _program(), everywhere=everywhere, words_only=words_only):
        click.echo(line)


@command.command()
@FOLDER
@EVERYWHERE
def uninstall(folder: Path, everywhere: bool) -> None:
    """Have git show the policies of FOLDER as text again."""
    from duly.review.git_driver import uninstall

    for line in uninstall(folder, everywhere=everywhere):
        click.echo(line)


@command.command("sign-off")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--as", "person", required=True, help="Who you are in approvers.yaml.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="The role in which you sign.")
@click.option("--key", type=click.Path(path_type=Path), help="Your key; ~/.config/duly/NAME.pem where left out.")
def sign_off(policy: Path, person: str, role: str, key: Path | None) -> None:
    """Sign for POLICY as it lies here, and print the line for a commit message.

    The line is over the bytes of the policy, of what it extends and of approvers.yaml.
    Put it into any commit: git commit --trailer "$(duly git sign-off …)". `duly history`
    says whether it counts.
    """
    from duly.journal.keys import read_key
    from duly.review.history.history import content_in_folder
    from duly.review.history.sign_off import sign
    from duly_cli.key import passphrase, usual_place

    content = content_in_folder(policy)
    click.echo(sign(content, person, role, read_key(key or usual_place(person), passphrase)))


@command.command(hidden=True)
@click.argument("file", type=click.Path(path_type=Path))
def textconv(file: Path) -> None:
    """Print a policy file in words; git asks for this."""
    from duly.reports.policy import file_in_words, first_bytes

    click.echo(file_in_words(first_bytes(file), file.name), nl=False)


@command.command(hidden=True)
@click.argument("said", nargs=-1)
def difference(said: tuple[str, ...]) -> None:
    """Compare two versions of a policy file; git asks for this, as it asks any external diff."""
    from duly.reports.compared import compared_in_git, unmerged

    match said:
        case (path, old, _, _, new, _, _, *renamed):
            name = renamed[0] if renamed else path
            click.echo(
                compared_in_git(name, *(None if side == NO_FILE else Path(side) for side in (old, new))), nl=False
            )
        case (path, *_):
            click.echo(unmerged(path), nl=False)
        case _:
            raise click.UsageError("git asks for this, and says what to compare")


def _program() -> str:
    """How git calls this program: by its place, so that no activated environment is needed."""
    here = Path(sys.argv[0])
    found = str(here.absolute()) if here.name == PROGRAM and here.is_file() else shutil.which(PROGRAM)
    return found or PROGRAM
