"""The aged trial balance, the past-due list and the new customers as pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from duly.figures.aging import Aged, NewCustomer, PastDue, TrialBalance
from duly.figures.ledger import BUCKETS
from duly.messages.pages import Cell, Money, Page

NOBODY = "(nobody)"
SHOWN = ("not due", *BUCKETS[1:])
COLUMNS = (*SHOWN, "total", "unapplied", "balance")


def balance_pages(balance: TrialBalance) -> tuple[Page, ...]:
    """The aged trial balance, a page a creditor and currency."""
    return tuple(
        Page(
            title=f"Aged trial balance as of {balance.as_of}: owed to {total.creditor}, in {total.currency}",
            about=(("creditor", total.creditor), ("currency", total.currency)),
            columns=(balance.by.value, "name", *COLUMNS),
            rows=tuple(
                (line.group or NOBODY, line.name, *_amounts(line)) for line in balance.lines if _same(line, total)
            ),
            totals=(("total", "", *_amounts(total)),),
        )
        for total in balance.totals
    ) or (
        Page(
            f"Aged trial balance as of {balance.as_of}: nothing is open",
            (("creditor", ""), ("currency", "")),
            (balance.by.value, "name", *COLUMNS),
            (),
        ),
    )


def past_due_pages(items: Sequence[PastDue], as_of: date) -> tuple[Page, ...]:
    """The late items, a page a salesperson, creditor and currency."""
    pages = []
    for (salesperson, creditor, currency), those in groupby(
        items, key=lambda item: (item.salesperson, item.creditor, item.currency)
    ):
        mine = list(those)
        pages.append(
            Page(
                title=f"Past due as of {as_of}: {salesperson or NOBODY}, owed to {creditor}, in {currency}",
                about=(("salesperson", salesperson), ("creditor", creditor), ("currency", currency)),
                columns=PAST_DUE,
                rows=tuple(map(_past_due_row, mine)),
                totals=(("total", "", "", "", None, *_sums(mine, currency), "", ""),),
            )
        )
    return tuple(pages) or (
        Page(
            f"Past due as of {as_of}: nothing is late",
            (("salesperson", ""), ("creditor", ""), ("currency", "")),
            PAST_DUE,
            (),
        ),
    )


PAST_DUE = ("customer", "name", "invoice", "due date", "days", "open", "of it disputed", "promised", "collector")


def new_customer_pages(customers: Iterable[NewCustomer], as_of: date) -> tuple[Page, ...]:
    """Who is new in the week that ends with the day."""
    rows = tuple((c.customer, c.name, c.since, c.salesperson or NOBODY, c.collector or NOBODY) for c in customers)
    title = f"New customers in the week to {as_of}" + ("" if rows else ": none")
    return (Page(title, (), ("customer", "name", "since", "salesperson", "collector"), rows),)


def _amounts(line: Aged) -> tuple[Cell, ...]:
    return tuple(Money(amount, line.currency) for amount in (*line.buckets, line.total, line.unapplied, line.balance))


def _same(line: Aged, total: Aged) -> bool:
    return (line.creditor, line.currency) == (total.creditor, total.currency)


def _past_due_row(item: PastDue) -> tuple[Cell, ...]:
    return (
        item.customer,
        item.name,
        item.invoice,
        item.due_date,
        item.days_past_due,
        Money(item.open, item.currency),
        Money(item.disputed, item.currency),
        "yes" if item.promised else "",
        item.collector or NOBODY,
    )


def _sums(items: Iterable[PastDue], currency: str) -> tuple[Money, Money]:
    those = list(items)
    return Money(sum(i.open for i in those), currency), Money(sum(i.disputed for i in those), currency)
