"""`duly demo`: write a sample book."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from duly_cli.params import DAY, today


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--customers",
    type=click.IntRange(1, 5_000_000),
    default=200,
    show_default=True,
    help="How many customers; about ten invoices each.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="The same seed writes the same book."
)
@click.option("--format", "format_", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--as-of", type=DAY, help="The day the book is of; today where left out.")
def command(folder: Path, customers: int, seed: int, format_: str, as_of: date | None) -> None:
    """Write a sample book of invented customers into DIR, the same for the same seed."""
    from duly.book.sample import Format, write_sample

    day = as_of or today()
    try:
        rows = write_sample(folder, customers=customers, seed=seed, format_=Format(format_), as_of=day)
    except FileExistsError:
        raise click.UsageError(f"`{folder}` has something in it: name a new folder") from None
    click.echo(f"wrote a sample book of {rows['customers']:,} customers and {rows['invoices']:,} invoices to {folder}")
    beside = folder.parent / "policies" / "standard.yaml"
    policy = beside if beside.exists() else Path("policies/standard.yaml")
    click.echo(f"next: duly plan {policy} {folder} --as-of {day}")
