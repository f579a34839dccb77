"""`duly diff`: what changed between two policies or two plans, what it means, and whom it touches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, FINDINGS, loaded, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duly.language.policy import Policy
    from duly.reports.blocks import Block
    from duly.review.diff.compare import Compared
    from duly.review.diff.touched import Touches

FORMATS = ("text", "markdown", "json", "html", "github")


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
@click.option("--all", "all_", is_flag=True, help="Tell every region and list every account treated differently.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="markdown is for $GITHUB_STEP_SUMMARY, github annotates the lines of a pull request, html is one page.",
)
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
    change means is proved for every account that can exist, region by region, each shown
    on one account. Two saved plans (.json) are compared deed by deed.
    """
    if new is not None and _is_plan(old) and _is_plan(new):
        differs = _plans(Path(old), Path(new), all_=all_, format_=format_)
    else:
        differs = _policies(old, new, book, as_of, all_=all_, format_=format_)
    if exit_code and differs:
        ctx.exit(FINDINGS)


def _policies(old: str, new: str | None, book: Path | None, as_of: date | None, *, all_: bool, format_: str) -> bool:
    from duly.review.diff.compare import compare
    from duly.review.diff.versions import placed, sides

    with TemporaryDirectory(prefix="duly-diff-") as scratch:
        before, after = sides(old, new, Path(scratch))
        gone = [name for name in before.files if name not in after.files]
        added = [name for name in after.files if name not in before.files]
        found = []
        for name in (name for name in before.files if name in after.files):
            one, other = loaded(before.files[name]), loaded(after.files[name])
            if one != other and (compared := compare(name, one, other, _touched(one, other, book, as_of))):
                found.append(replace(compared, changes=placed(compared.changes, before, after)))
    _show(found, added, gone, all_=all_, format_=format_)
    return bool(found or gone or added)


def _show(found: Sequence[Compared], added: list[str], gone: list[str], *, all_: bool, format_: str) -> None:
    from duly.reports import diff as report

    if format_ == "json":
        records = [report.as_json(compared) for compared in found]
        click.echo(json.dumps({"added": added, "removed": gone, "changed": records}, ensure_ascii=False, indent=2))
        return
    if format_ == "github":
        from duly.reports.annotations import of_file, of_policy

        lines = [line for compared in found for line in of_policy(compared)]
        lines += [of_file(name, "is taken away") for name in gone] + [of_file(name, "is new") for name in added]
        click.echo("".join(f"{line}\n" for line in lines), nl=False)
        return
    _echo(report.page(found, added, gone, all_=all_), format_)


def _plans(old: Path, new: Path, *, all_: bool, format_: str) -> bool:
    from duly.plan.saved import read_plan
    from duly.reports import plans as report
    from duly.review.diff.plans import compare_plans

    if format_ == "github":
        raise click.UsageError("two plans have no lines to annotate: use --format markdown")
    found = compare_plans(read_plan(old).plan, read_plan(new).plan)
    if format_ == "json":
        click.echo(json.dumps(report.as_json(found), ensure_ascii=False, indent=2))
    else:
        _echo(report.told(found, all_=all_), format_)
    return not found.is_equal


def _is_plan(named: str) -> bool:
    return named.endswith(".json") and Path(named).is_file()


def _echo(told: Iterable[Block], format_: str) -> None:
    from duly.reports import blocks

    match format_:
        case "markdown":
            text = blocks.as_markdown(told)
        case "html":
            text = blocks.as_html("What changed", told)
        case _:
            text = blocks.as_text(told)
    click.echo(text, nl=False)
