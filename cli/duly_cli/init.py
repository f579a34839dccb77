"""`duly init`: write a folder to start from."""

from __future__ import annotations

from pathlib import Path

import click

BOOK = """\
# Which file and column give which table of the book. Every table that is not named here is the file
# of its name in this folder (invoices.csv, payments.parquet, …), with the columns of the vocabulary;
# `duly facts` says which table gives which fact.
duly_book: 1
currency: USD                    # of amounts that do not say theirs

# dates: day/month/year          # year-month-day where left out
# yes_no: ["1", "0"]             # yes and no where left out
# assume: {time_zone: America/New_York, language: en, country: US}    # for customers whose record is silent

tables:
  disputes: none                 # empty on purpose; a policy that reads what is merely missing is refused
#  invoices:
#    file: open_items.csv
#    columns:
#      invoice: {column: doc_id, written_as: float}     # ids such as 1930571429.0
#      customer: cust_number
#      open: total_open_amount
#      invoice_date: posting_date
#      due_date: {column: due, dates: day/month/year}
#    ignore: rest                # columns of the file that nothing reads
#    control: {rows: 9700, total: {open: "123456.78"}}
#  customers:
#    derived: true               # one for each customer of an invoice
#    columns: {name: {column: name_customer, where_it_varies: last}}
#  rates:
#    - {day: 2026-01-01, from: CAD, to: USD, rate: "0.72"}
"""

TEMPLATES = """\
# Templates

One file a message: its stage, tone, language and channel, such as `reminder.friendly.en.email.j2`.
"""

PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: duly-check
        name: the policies are in order
        entry: duly check policies
        language: system
        files: ^policies/
        pass_filenames: false
"""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write a policy folder to start from into DIR: a policy, its schemas, a book's mapping and a pre-commit hook."""
    from duly.assets import asset

    files = {
        "policies/standard.yaml": asset("policies/standard.yaml").read_text(encoding="utf-8"),
        # One for whole policies, one for files that extend another.
        **{
            name: asset(name).read_text(encoding="utf-8")
            for name in ("schemas/policy.schema.json", "schemas/overlay.schema.json")
        },
        "templates/README.md": TEMPLATES,
        "book.yaml": BOOK,
        ".pre-commit-config.yaml": PRE_COMMIT,
    }
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise click.UsageError(f"`{folder / there[0]}` is there already: name a new folder")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"wrote {path}")
    click.echo(f"next: duly check {folder / 'policies'}")
