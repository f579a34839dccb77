"""Who speaks, and which journal is spoken to: what the commands about a journal share."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from duly.home import Environment, Home
    from duly.journal.history import History
    from duly.journal.store import Store

_C = TypeVar("_C", bound=Callable[..., Any])


def by_option(command: _C) -> _C:
    """`--by`: who says so; the argument is `by`."""
    return click.option(
        "--by", envvar="DULY_BY", default=getpass.getuser, show_default="your login name", help="Who says so."
    )(command)


def format_option(command: _C) -> _C:
    """`--format`: for people or for programs; the argument is `format_`."""
    choice = click.Choice(["text", "json"])
    return click.option("--format", "format_", type=choice, default="text", show_default=True)(command)


def history_in(home: Home, environment: Environment) -> History:
    """What the environment's journal knows; nothing where there never was one."""
    from duly.journal.create import has_journal
    from duly.journal.history import NO_HISTORY, history_of

    if not has_journal(home, environment):
        return NO_HISTORY
    with opened(home, environment, read_only=True) as journal:
        return history_of(journal)


@contextmanager
def opened(home: Home, environment: Environment, *, read_only: bool = False) -> Iterator[Store]:
    """The environment's journal, closed again at the end; one that is not there is never made here."""
    from duly.journal.create import open_journal

    journal = open_journal(home, environment, read_only=read_only)
    try:
        yield journal
    finally:
        journal.close()
