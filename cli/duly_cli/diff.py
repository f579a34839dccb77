"""`duly diff`: what changed between two policies, what it means, and whom it touches."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, loaded, today

if TYPE_CHECKING:
    from duly.language.policy import Policy
    from duly.review.diff.touched import Touches

FINDINGS = 1


def _touched(old: Policy, new: Policy, book: Path | None, as_of: date | None) -> Touches | None:
    if book is None:
        return None
    from duly.book.read import read_book
    from duly.review.diff.touched import touches

    return touches(old, new, read_book(book), as_of or today())


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("--book", type=BOOK, help="Show whom of this book the change touches.")
@click.option("--as-of", type=DAY, help="The day to decide the book for; today where left out.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something changed.")
@click.option("--all", "all_", is_flag=True, help="List every account that is treated differently.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    old: str,
    new: str | None,
    book: Path | None,
    as_of: date | None,
    exit_code: bool,
    all_: bool,
    format_: str,
) -> None:
    """Say what changed from the policy OLD to NEW, by id, and what that means.

    OLD and NEW are files, folders, or git revisions such as HEAD~3:policies/standard.yaml;
    OLD alone is a range such as main..HEAD, and compares the folder policies/. What a
    change means is proved for every account that can exist, or shown on one.
    """
    from duly.reports import diff as report
    from duly.review.diff.changes import changes
    from duly.review.diff.meant import meant
    from duly.review.diff.versions import sides

    with TemporaryDirectory(prefix="duly-diff-") as scratch:
        before, after = sides(old, new, Path(scratch))
        gone = [name for name in before.files if name not in after.files]
        added = [name for name in after.files if name not in before.files]
        found = []
        for name in (name for name in before.files if name in after.files):
            one, other = loaded(before.files[name]), loaded(after.files[name])
            if changed := changes(one, other):
                found.append(
                    report.Compared(name, one, other, changed, meant(one, other), _touched(one, other, book, as_of))
                )
    if format_ == "json":
        records = [report.as_json(compared) for compared in found]
        click.echo(json.dumps({"added": added, "removed": gone, "changed": records}, ensure_ascii=False, indent=2))
    else:
        told = [report.as_text(compared, all_=all_) for compared in found]
        told += [f"{name}: taken away\n" for name in gone] + [f"{name}: new\n" for name in added]
        click.echo("\n".join(told) or "Nothing changed.\n", nl=False)
    if exit_code and (found or gone or added):
        ctx.exit(FINDINGS)
