"""What commands take: a policy, a book, a day.

Each type turns what was typed into a real value, or says what to type instead,
so a command begins with values and has one way to fail. Nothing heavy is
imported before a value is asked for.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from duly.language.policy import Policy

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class PolicyFile(click.ParamType["Policy", str]):
    """A policy file, loaded; its warnings go to the error stream, its errors refuse with exit code 3."""

    name = "policy"

    def convert(self, value: str | Policy, param: click.Parameter | None, ctx: click.Context | None) -> Policy:  # noqa: ARG002
        """The policy in the file of this name."""
        from duly.language.load import load_policy
        from duly.reports.problems import as_text

        if not isinstance(value, str):
            return value
        policy, warnings = load_policy(Path(value))
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


POLICY = PolicyFile()
BOOK = click.Path(path_type=Path)
"""A folder or a `book.yaml`; reading it is the command's, which knows how much of it is wanted."""
DAY = Day()


def today() -> date:
    """The day by the operator's clock, where no day was named."""
    return datetime.now(UTC).astimezone().date()
