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

POLICY = ("policies/standard.yaml", "policies/standard.cases.yaml")
"""A policy to start from, and what it is expected to do."""

SCHEMAS = tuple(f"schemas/{name}.schema.json" for name in ("policy", "overlay", "cases", "approvers", "channels"))
"""What an editor completes and checks by: policies, files that extend another, their cases, approvers, channels."""

CHANNELS = """\
# yaml-language-server: $schema=schemas/channels.schema.json
# How things leave. Without an entry they are written as files under outbox/, which harms nobody.
# Real channels are used only by `--env live`. Secrets never stand here: {env: NAME} or {file: PATH}.
duly_channels: 1
"""

APPROVERS = """\
# yaml-language-server: $schema=../schemas/approvers.schema.json
# Who may approve, by public key: `duly key make NAME` prints a line for this file. It is under review like a policy.
approvers: {}
"""

IGNORED = """\
# What a journal knows and an outbox holds is personal, and secret keys are nobody else's.
/book/
/journal/
/outbox/
*.key
*.pem
"""

PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - id: duly-check
        name: the policies are in order
        entry: duly check policies
        language: system
        files: ^(policies|templates)/
        pass_filenames: false
      - id: duly-fmt
        name: the policies are laid out alike
        entry: duly fmt --check policies
        language: system
        files: ^policies/
        pass_filenames: false
      - id: duly-test
        name: the policies do what their cases expect
        entry: duly test policies
        language: system
        files: ^policies/
        pass_filenames: false
"""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write a policy folder to start from into DIR: a policy, the wording, a book's mapping, and an empty journal.

    The journal is that of the environment `try`, in which nothing ever leaves but as
    files. Its key signs what each run came to.
    """
    from duly.assets import asset
    from duly.home import Environment, Home
    from duly.journal.create import create

    files = {
        **{name: asset(name).read_text(encoding="utf-8") for name in (*POLICY, *SCHEMAS)},
        **_templates(asset("templates")),
        "policies/approvers.yaml": APPROVERS,
        "channels.yaml": CHANNELS,
        "book.yaml": BOOK,
        ".gitignore": IGNORED,
        ".pre-commit-config.yaml": PRE_COMMIT,
    }
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise click.UsageError(f"`{folder / there[0]}` is there already: name a new folder")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        if not name.startswith("templates/"):
            click.echo(f"wrote {path}")
    wording = sum(name.startswith("templates/") for name in files)
    click.echo(f"wrote {folder / 'templates'}, {wording} files")
    create(Home(folder), Environment.TRY).close()
    click.echo(f"wrote {folder / 'journal' / 'try'}")
    click.echo(f"next: duly check {folder / 'policies'}")


def _templates(folder: Path) -> dict[str, str]:
    """The wording that comes with the program, by name."""
    return {
        f"templates/{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in {".j2", ".yaml", ".md"}
    }
