"""What commands take: a policy, a book, a day.

Each type turns what was typed into a real value, or says what to type instead,
so a command begins with values and has one way to fail. Nothing heavy is
imported before a value is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from duly.home import Home
    from duly.language.policy import Policy

FINDINGS = 1
"""The exit code of a command that was asked to find something, and did."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class PolicyFile(click.ParamType["Policy", str]):
    """A policy file, loaded; its warnings go to the error stream, its errors refuse with exit code 3."""

    name = "policy"

    def convert(self, value: str | Policy, param: click.Parameter | None, ctx: click.Context | None) -> Policy:  # noqa: ARG002
        """The policy in the file of this name."""
        return loaded(Path(value)) if isinstance(value, str) else value


def loaded(path: Path) -> Policy:
    """The policy of a file; its warnings go to the error stream, its errors refuse with exit code 3."""
    from duly.language.load import load_policy
    from duly.reports.problems import as_text

    policy, warnings = load_policy(path)
    if warnings:
        click.echo(as_text(warnings), err=True)
    return policy


class Day(click.ParamType[date, str]):
    """A calendar day, written year-month-day and in no other way."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that the text names."""
        if isinstance(value, date):
            return value
        if not _DAY.fullmatch(value):
            self.fail(f"`{value}` is not a day: write it year-month-day, as in 2026-03-31", param, ctx)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is not in the calendar", param, ctx)


class Env(click.Choice[str]):
    """An environment by its word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The environment of this name."""
        from duly.home import Environment

        return value if isinstance(value, Environment) else Environment(super().convert(value, param, ctx))


class HomeFolder(click.ParamType["Home", str]):
    """The folder of a team: its policies, journal and channels."""

    name = "folder"

    def convert(self, value: str | Home, param: click.Parameter | None, ctx: click.Context | None) -> Home:
        """The home in the folder of this name."""
        from duly.home import Home

        if isinstance(value, Home):
            return value
        if not Path(value).is_dir():
            self.fail(f"`{value}` is not a folder", param, ctx)
        return Home(Path(value))


class Moment(click.ParamType[datetime, str]):
    """A day, or a day and a time in UTC."""

    name = "moment"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that the text names; a day alone is its working hours."""
        from duly_cli.clock import USUAL_HOUR

        if isinstance(value, datetime):
            return value
        day, mark, hours = value.partition("T")
        if mark and not _TIME.fullmatch(hours):
            self.fail(f"`{value}` is not a moment: write it as in 2026-03-31T14:00, in UTC", param, ctx)
        at = time.fromisoformat(hours) if mark else time(USUAL_HOUR)
        return datetime.combine(DAY.convert(day, param, ctx), at, UTC)


POLICY = PolicyFile()
BOOK = click.Path(path_type=Path)
"""A folder or a `book.yaml`; reading it is the command's, which knows how much of it is wanted."""
DAY = Day()
MOMENT = Moment()


_C = TypeVar("_C", bound=Callable[..., Any])


def home_option(command: _C) -> _C:
    """`--home`: the team's folder, the current one where it is left out; the argument is `home`."""
    return click.option(
        "--home",
        type=HomeFolder(),
        default=".",
        envvar="DULY_HOME",
        show_default="the current folder",
        help="The folder with policies/, journal/ and channels.yaml.",
    )(command)


def environment_option(command: _C) -> _C:
    """`--env`: whose journal; the argument is `environment`."""
    return click.option(
        "--env",
        "environment",
        type=Env(["try", "live"]),
        default="try",
        envvar="DULY_ENV",
        show_default=True,
        help="Only `live` may use real channels; each has a journal of its own.",
    )(command)


def today() -> date:
    """The day by the operator's clock, where no day was named."""
    return datetime.now(UTC).astimezone().date()
