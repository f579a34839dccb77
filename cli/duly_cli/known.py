"""What a journal knows, added to a book for commands that look back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from duly_cli.params import HomeFolder, environment_option

if TYPE_CHECKING:
    from duly.book.book import Book
    from duly.home import Environment, Home
    from duly.language.policy import Policy

_C = TypeVar("_C", bound=Callable[..., Any])


def journal_options(command: _C) -> _C:
    """`--home`, usually where the policy is, and `--env`; the arguments are `home` and `environment`."""
    return click.option(
        "--home",
        type=HomeFolder(),
        envvar="DULY_HOME",
        show_default="the folder above the policy's `policies/`",
        help="The folder with journal/.",
    )(environment_option(command))


def add_journal(book: Book, policy: Policy, home: Home | None, environment: Environment) -> bool:
    """Add what the environment's journal knows to the book, and say whether there is a journal."""
    from duly.book.history import add_history
    from duly.home import home_of
    from duly.journal.create import has_journal
    from duly_cli.where import history_in

    where = home or home_of(Path(policy.files[0]))
    if not has_journal(where, environment):
        return False
    add_history(book, history_in(where, environment))
    return True
