"""What a statement of account says: the figures of a customer with one creditor, as a matter.

Lines, money on account and ages stand by currency, in the order of the currencies, and
nothing of two currencies is added. Who sells and who collects is what the statement says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from duly.book.book import Book
from duly.figures.ledger import Person
from duly.figures.statement import Statement, statements
from duly.language.policy import Policy
from duly.messages.matter import Ages, Colleague, Line, Matter, OnAccount
from duly.messages.variables import STATEMENT
from duly.plan.plan import Action, Kind


def statements_for(
    policy: Policy, book: Book, actions: Sequence[Action], as_of: date
) -> Mapping[tuple[str, str], tuple[Statement, ...]]:
    """The statements, a currency each, by creditor and customer; of everybody where one of the actions is one."""
    customers = {action.customer for action in actions if action.kind is Kind.STATEMENT}
    if not customers:
        return {}
    alone = next(iter(customers)) if len(customers) == 1 else None
    made = statements(book, policy, as_of, alone)
    return {key: tuple(those) for key, those in groupby(made, key=lambda one: (one.creditor, one.customer))}


def statement_matter(matter: Matter, parts: Iterable[Statement]) -> Matter:
    """The matter with what the statements say, and with the PDF of it, however it leaves."""
    those = tuple(parts)
    if not those:
        return matter
    first = those[0]
    return replace(
        matter,
        channel=STATEMENT,
        lines=tuple(_line(part, n) for part in those for n in range(len(part.items))),
        totals=tuple((part.currency, part.open) for part in those if part.items),
        on_account=tuple(
            OnAccount(credit.reference, credit.day, credit.amount, part.currency)
            for part in those
            for credit in part.credits
        ),
        balances=tuple((part.currency, part.balance) for part in those),
        ages=tuple(Ages(part.currency, part.buckets) for part in those if part.items),
        collector=_colleague(first.collector),
        salesperson=_colleague(first.salesperson),
        on_paper=True,
    )


def _line(part: Statement, number: int) -> Line:
    item = part.items[number]
    return Line(
        invoice=item.invoice,
        due_date=item.due_date,
        days_past_due=max(0, item.days_past_due or 0) if item.bucket != "not_due" else 0,
        open=item.open,
        currency=part.currency,
        invoice_date=item.invoice_date,
        amount=item.original,
        made_out_to="" if item.made_out_to == part.customer else item.made_out_to,
    )


def _colleague(person: Person | None) -> Colleague | None:
    return None if person is None else Colleague(person.id, person.name, person.email, person.phone)
