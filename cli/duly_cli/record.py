"""`duly record`: tell the journal what people know and no program sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, environment_option, home_option, today
from duly_cli.post import bounce, posted
from duly_cli.where import by_option, format_option, opened

if TYPE_CHECKING:
    from duly.execution.recorded import What

Told = Callable[..., None]

CHANNELS = click.Choice(["call", "visit", "email", "letter"])
REASONS = click.Choice(["cash_trouble", "dispute", "paperwork", "forgot", "process", "unwilling", "other"])
RELATIONSHIPS = click.Choice(["fragile", "normal", "strong"])


@click.group("record")
def command() -> None:
    """Tell the journal what people know: calls, replies, promises, disputes, answers, what was posted, what came back.

    The next plan reads it. Free text is personal: it lies beside the journal's chain, and can be erased.
    """


def told(function: Told) -> Told:
    """Add the options that every record has."""
    again = click.option("--again", is_flag=True, help="Record it although the same was recorded before.")
    book = click.option("--book", type=BOOK, help="Also know the customers and invoices of this book.")
    return home_option(environment_option(format_option(by_option(again(book(function))))))


def day_option(name: str, about: str) -> Callable[[Told], Told]:
    """Add an option for a day that is today where left out."""
    return click.option(name, type=DAY, default=today, show_default="today", help=about)


@command.command("call")
@click.argument("customer")
@day_option("--day", "The day of the contact.")
@click.option("--channel", type=CHANNELS, default="call", show_default=True, help="How the customer was reached.")
@click.option("--note", default="", help="What was said.")
@told
def call(customer: str, day: date, channel: str, note: str, **journal: object) -> None:
    """Record that CUSTOMER was reached; it counts as a contact of that day."""
    from duly.execution.recorded import Contact

    _record(customer, Contact(day, channel, "out", note), **journal)


@command.command("reply")
@click.argument("customer")
@day_option("--day", "The day of the reply.")
@click.option("--channel", type=CHANNELS, default="email", show_default=True, help="How the reply came.")
@click.option("--note", default="", help="What was said.")
@told
def reply(customer: str, day: date, channel: str, note: str, **journal: object) -> None:
    """Record that CUSTOMER replied."""
    from duly.execution.recorded import Contact

    _record(customer, Contact(day, channel, "in", note), **journal)


@command.command("promise")
@click.argument("customer")
@click.argument("amount")
@click.option("--due", type=DAY, required=True, help="The day by which the money was promised.")
@day_option("--made", "The day on which it was promised.")
@click.option("--currency", default="", help="The amount's currency; the invoice's, or the only one, where left out.")
@click.option("--invoice", default="", help="The invoice it is about; all late ones where left out.")
@click.option("--creditor", default="", help="To whom; needed where there are several.")
@click.option("--note", default="", help="What was said.")
@told
def promise(
    customer: str,
    amount: str,
    due: date,
    made: date,
    currency: str,
    invoice: str,
    creditor: str,
    note: str,
    **journal: object,
) -> None:
    """Record that CUSTOMER promised to pay AMOUNT by a day."""
    from duly.execution.recorded import Promise

    _record(customer, Promise(amount, made, due, currency, invoice, creditor, note), **journal)


@command.command("promise-cancelled")
@click.argument("customer")
@click.argument("promise_id", metavar="PROMISE")
@day_option("--day", "The day on which it was withdrawn.")
@told
def promise_cancelled(customer: str, promise_id: str, day: date, **journal: object) -> None:
    """Record that CUSTOMER withdrew PROMISE, which the journal keeps."""
    from duly.execution.recorded import PromiseCancelled

    _record(customer, PromiseCancelled(promise_id, day), **journal)


@command.command("dispute")
@click.argument("customer")
@click.argument("invoice")
@day_option("--day", "The day on which it was raised.")
@click.option("--amount", default="", help="The disputed part; the whole open amount where left out.")
@click.option("--reason", default="", help="What it is about.")
@told
def dispute(customer: str, invoice: str, day: date, amount: str, reason: str, **journal: object) -> None:
    """Record that CUSTOMER contests INVOICE."""
    from duly.execution.recorded import Dispute

    _record(customer, Dispute(invoice, day, amount, reason), **journal)


@command.command("dispute-resolved")
@click.argument("customer")
@click.argument("invoice")
@day_option("--day", "The day on which it was settled.")
@told
def dispute_resolved(customer: str, invoice: str, day: date, **journal: object) -> None:
    """Record that the dispute of CUSTOMER about INVOICE, which the journal keeps, is settled."""
    from duly.execution.recorded import DisputeResolved

    _record(customer, DisputeResolved(invoice, day), **journal)


@command.command("answer")
@click.argument("customer")
@click.argument("rule")
@click.option("--reason", type=REASONS, required=True, help="Why the customer does not pay.")
@day_option("--day", "The day of the answer.")
@click.option("--promise", "amount", default="", help="An amount that the customer promised; needs --due.")
@click.option("--due", type=DAY, help="The day by which it was promised.")
@click.option("--currency", default="", help="The amount's currency; the only one where left out.")
@click.option("--creditor", default="", help="For whom sales was asked; needed where there are several.")
@click.option("--guidance", default="", help="How to approach the customer.")
@click.option(
    "--financial-difficulty/--no-financial-difficulty",
    default=None,
    help="The customer is in financial difficulty, or is no longer; says nothing of it where left out.",
)
@click.option("--relationship", type=RELATIONSHIPS, help="How sales judges the relationship.")
@click.option("--disputes", default="", metavar="INVOICE", help="An invoice that the customer contests.")
@told
def answer(
    customer: str,
    rule: str,
    reason: str,
    day: date,
    amount: str,
    due: date | None,
    currency: str,
    creditor: str,
    guidance: str,
    financial_difficulty: bool | None,
    relationship: str | None,
    disputes: str,
    **journal: object,
) -> None:
    """Record what sales answers about CUSTOMER to what RULE of the policy asked."""
    from duly.execution.recorded import Answer, Promise, Reason

    if bool(amount) != (due is not None):
        raise click.UsageError("a promise needs an amount and a day: give both `--promise` and `--due`")
    promised = Promise(amount, day, due, currency, creditor=creditor) if due is not None else None
    said = Answer(
        rule, day, Reason(reason), creditor, guidance, financial_difficulty, promised, relationship or "", disputes
    )
    _record(customer, said, **journal)


def _record(customer: str, what: What, **journal: object) -> None:
    from duly.book.read import read_book
    from duly.execution.known import entries_about, known_of
    from duly.execution.recorded import drafts_of
    from duly.home import Environment, Home
    from duly.reports import recorded as report

    home, environment, book = journal["home"], journal["environment"], journal["book"]
    assert isinstance(home, Home)
    assert isinstance(environment, Environment)
    read = read_book(book, customer=customer) if isinstance(book, Path) else None
    with opened(home, environment) as store:
        known = known_of(customer, entries_about(store, customer), read)
        drafts = drafts_of(what, known, str(journal["by"]), today(), again=bool(journal["again"]))
        entries = store.append(*drafts)
        show = report.as_json if journal["format_"] == "json" else report.as_text
        click.echo(show(entries, store.personal), nl=False)


command.add_command(posted)
command.add_command(bounce)
