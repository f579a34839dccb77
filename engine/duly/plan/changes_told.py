"""What a notice of an account change says: what changed, since when, and whom the customer can call about it.

A notice has no invoices and asks for nothing. Whom it names comes from the customer's
own record, as there may be no account on the day: everything may have been paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from duly.book.book import Book
from duly.messages.matter import Matter
from duly.messages.variables import LETTER, NOTICE
from duly.plan.plan import Action


@dataclass(frozen=True, slots=True)
class Dealing:
    """Who sells to a customer and collects from it, and its days to pay, as the book has them."""

    salesperson: str = ""
    collector: str = ""
    terms: int | None = None


NO_DEALING = Dealing()
"""Of a customer of whom the book says nothing."""


def dealing_of(book: Book, customers: Sequence[str]) -> Mapping[str, Dealing]:
    """Whom and what each of the customers deals with."""
    rows = book.connection.execute(
        "SELECT c.customer, COALESCE(c.salesperson, ''), COALESCE(c.collector, ''), c.payment_terms "
        "FROM customers AS c JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS customer) AS w ON w.customer = c.customer",
        [list(customers)],
    ).fetchall()
    return {customer: Dealing(*rest) for customer, *rest in rows}


def told_of_a_change(matter: Matter, action: Action) -> Matter:
    """The matter of a notice: the day of the change is the deed's where it says one, else that of the notice."""
    since, after = action.detail("since"), action.detail("limit_after")
    return replace(
        matter,
        channel=NOTICE,
        on_paper=action.channel == LETTER,
        change=action.stage,
        since=date.fromisoformat(since) if since else matter.as_of,
        limit=(action.currency, int(after)) if after else None,
    )
