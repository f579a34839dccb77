"""Statements of account, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from duly.figures.ledger import BUCKETS, Person
from duly.figures.statement import Credit, Item, Statement
from duly.messages.pages import Cell, Money, Page
from duly.money import format_minor

COLUMNS = ("what", "reference", "for", "date", "due date", "days past due", "original", "amount")
ABOUT = ("customer", "creditor", "currency", "salesperson", "collector")


def pages(statements: Sequence[Statement]) -> tuple[Page, ...]:
    """A page a statement; money that no invoice was given comes as negative amounts."""
    return tuple(map(_page, statements))


def nothing(customer: str | None, as_of: object) -> tuple[Page, ...]:
    """The page that says that there is no statement."""
    whose = f" of {customer}" if customer else ""
    return (
        Page(f"Statement of account{whose} as of {as_of}: nothing is open", _about("", "", "", "", ""), COLUMNS, ()),
    )


def as_json(statements: Iterable[Statement]) -> Iterator[str]:
    """The statements as a JSON list, money in minor units."""
    yield json.dumps([_record(statement) for statement in statements], ensure_ascii=False, indent=2)


def _page(statement: Statement) -> Page:
    currency = statement.currency
    aged = [
        f"{bucket.replace('_', ' ')} {format_minor(amount, currency)}"
        for bucket, amount in zip(BUCKETS, statement.buckets, strict=True)
        if amount
    ]
    return Page(
        title=f"Statement of account as of {statement.as_of}: {statement.name} ({statement.customer}), "
        f"owed to {statement.creditor_name}, in {currency}",
        about=_about(
            statement.customer,
            statement.creditor,
            currency,
            statement.salesperson.id if statement.salesperson else "",
            statement.collector.id if statement.collector else "",
        ),
        columns=COLUMNS,
        rows=(
            *(_item(statement, item) for item in statement.items),
            *(_credit(credit, currency) for credit in statement.credits),
        ),
        totals=(
            ("open", *[""] * 6, Money(statement.open, currency)),
            ("unapplied", *[""] * 6, Money(-statement.unapplied, currency)),
            ("balance", *[""] * 6, Money(statement.balance, currency)),
        ),
        notes=(
            "",
            *([f"By age: {', '.join(aged)}"] if aged else []),
            f"Sales: {_reach(statement.salesperson)}",
            f"Accounts: {_reach(statement.collector)}",
        ),
    )


def _about(*values: str) -> tuple[tuple[str, str], ...]:
    return tuple(zip(ABOUT, values, strict=True))


def _item(statement: Statement, item: Item) -> tuple[Cell, ...]:
    for_ = "" if item.made_out_to == statement.customer else item.made_out_to
    late = item.days_past_due if item.bucket != "not_due" else None
    original = Money(item.original, statement.currency)
    amount = Money(item.open, statement.currency)
    return ("invoice", item.invoice, for_, item.invoice_date, item.due_date, late, original, amount)


def _credit(credit: Credit, currency: str) -> tuple[Cell, ...]:
    return (credit.kind.value, credit.reference, "", credit.day, None, None, None, Money(-credit.amount, currency))


def _reach(person: Person | None) -> str:
    if person is None:
        return "nobody is named"
    reached = ", ".join(way for way in (person.email, person.phone) if way)
    return f"{person.name}{f', {reached}' if reached else ''}"


def _person(person: Person | None) -> dict[str, str] | None:
    if person is None:
        return None
    return {"id": person.id, "name": person.name, "email": person.email, "phone": person.phone}


def _record(statement: Statement) -> dict[str, object]:
    return {
        "as_of": statement.as_of.isoformat(),
        "creditor": statement.creditor,
        "customer": statement.customer,
        "name": statement.name,
        "address": list(statement.address),
        "currency": statement.currency,
        "salesperson": _person(statement.salesperson),
        "collector": _person(statement.collector),
        "items": [
            {
                "invoice": item.invoice,
                "for": item.made_out_to,
                "invoice_date": item.invoice_date and item.invoice_date.isoformat(),
                "due_date": item.due_date.isoformat(),
                "days_past_due": item.days_past_due,
                "bucket": item.bucket,
                "original": item.original,
                "open": item.open,
            }
            for item in statement.items
        ],
        "credits": [
            {
                "day": credit.day and credit.day.isoformat(),
                "kind": credit.kind.value,
                "reference": credit.reference,
                "amount": credit.amount,
            }
            for credit in statement.credits
        ],
        "buckets": dict(zip(BUCKETS, statement.buckets, strict=True)),
        "open": statement.open,
        "unapplied": statement.unapplied,
        "balance": statement.balance,
    }
