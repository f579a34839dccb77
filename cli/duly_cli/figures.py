"""What the commands that print figures share: the form, and a file that is there whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from duly.messages.pages import Page
    from duly.source import Problem

_C = TypeVar("_C", bound=Callable[..., Any])

FORMATS = ("text", "csv", "json", "xlsx", "html", "pdf")


def form_options(command: _C) -> _C:
    """`--format` and `--out`; the arguments are `format_` and `out`."""
    command = click.option(
        "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file, whole or not at all."
    )(command)
    return click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)(command)


def give(
    format_: str, out: Path | None, day: date, pages: Sequence[Page], as_json: Callable[[], Iterable[str]]
) -> None:
    """Print the figures in the form asked for, or write them to the file."""
    from duly.messages import pages as report
    from duly.reports.files import write_atomically, write_bytes_atomically

    if format_ in BINARY:
        if out is None:
            raise click.UsageError(f"{BINARY[format_]} is not for a screen: say where to put it with `--out`")
        made = report.as_xlsx(pages, day) if format_ == "xlsx" else _paper(pages)
        with _writing(out):
            write_bytes_atomically(out, made)
        return
    forms: dict[str, Callable[[], Iterable[str]]] = {
        "text": lambda: report.as_text(pages),
        "csv": lambda: report.as_csv(pages),
        "json": as_json,
        "html": lambda: [report.as_html(pages).rstrip("\n")],
    }
    lines = forms[format_]()
    if out is None:
        for line in lines:
            click.echo(line)
        return
    with _writing(out):
        write_atomically(out, (f"{line}\n" for line in lines))


BINARY = {"xlsx": "a workbook", "pdf": "a PDF"}
"""The forms that no terminal shows."""


def _paper(pages: Sequence[Page]) -> bytes:
    """The pages as PDF; what cannot be set is said in one line."""
    from duly.messages.pages import as_pdf
    from duly.messages.sandbox import Unrenderable
    from duly.source import NOWHERE, Problem, Refused

    try:
        return as_pdf(pages)
    except Unrenderable as cannot:
        raise Refused([Problem(cannot.rule, NOWHERE, str(cannot), "take another form with --format")], DATA) from None


DATA = 4


def tell(problems: Sequence[Problem]) -> None:
    """Print warnings to the error stream."""
    from duly.reports.problems import as_text

    if problems:
        click.echo(as_text(problems), err=True)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """A file that cannot be written is said in one line."""
    try:
        yield
    except OSError as failed:
        raise click.FileError(str(out), failed.strerror) from None
