"""`duly aging`: what is owed by age, who is late, who is new."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.figures import form_options, give, tell
from duly_cli.params import BOOK, DAY, POLICY

if TYPE_CHECKING:
    from duly.language.policy import Policy


@click.command("aging")
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--as-of", type=DAY, required=True, help="Show what is owed on this day.")
@click.option(
    "--by",
    type=click.Choice(["customer", "segment", "salesperson", "collector"]),
    default="customer",
    show_default=True,
    help="What a line of the trial balance is about.",
)
@click.option(
    "--list",
    "what",
    type=click.Choice(["trial-balance", "past-due", "new-customers"]),
    default="trial-balance",
    show_default=True,
    help="The trial balance; the late items of each salesperson; or who became a customer in the last week.",
)
@form_options
def command(policy: Policy, book: Path, as_of: date, by: str, what: str, format_: str, out: Path | None) -> None:
    """Show the aged trial balance of BOOK, as POLICY counts days.

    Each creditor and currency has totals of its own, which are the ledger's open
    items to the cent. An account is the customer that pays, so what a child buys
    stands with the parent that pays for it.
    """
    from duly.book.read import read_book
    from duly.figures.aging import By, new_customers, past_due, trial_balance
    from duly.reports import aging as report

    read = read_book(book)
    tell(read.warnings)
    match what:
        case "past-due":
            items = past_due(read, policy, as_of)
            give(format_, out, as_of, report.past_due_pages(items, as_of), lambda: report.past_due_json(items, as_of))
        case "new-customers":
            new = new_customers(read, as_of)
            pages = report.new_customer_pages(new, as_of)
            give(format_, out, as_of, pages, lambda: report.new_customer_json(new, as_of))
        case _:
            balance = trial_balance(read, policy, as_of, By(by))
            tell(balance.warnings)
            give(format_, out, as_of, report.balance_pages(balance), lambda: report.balance_json(balance))
