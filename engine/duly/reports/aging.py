"""The aged trial balance, the past-due list and the new customers, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date

from duly.figures.aging import Aged, NewCustomer, PastDue, TrialBalance
from duly.figures.ledger import BUCKETS
from duly.messages.aging import balance_pages, new_customer_pages, past_due_pages

__all__ = [
    "balance_json",
    "balance_pages",
    "new_customer_json",
    "new_customer_pages",
    "past_due_json",
    "past_due_pages",
]


def balance_json(balance: TrialBalance) -> Iterator[str]:
    """The aged trial balance as JSON, money in minor units."""
    yield _json(
        {
            "as_of": balance.as_of.isoformat(),
            "by": balance.by.value,
            "lines": [_record(line) for line in balance.lines],
            "totals": [_record(total) for total in balance.totals],
        }
    )


def past_due_json(items: Iterable[PastDue], as_of: date) -> Iterator[str]:
    """The late items as JSON, money in minor units."""
    records = [
        {
            "salesperson": item.salesperson,
            "collector": item.collector,
            "creditor": item.creditor,
            "customer": item.customer,
            "name": item.name,
            "invoice": item.invoice,
            "due_date": item.due_date.isoformat(),
            "days_past_due": item.days_past_due,
            "currency": item.currency,
            "open": item.open,
            "disputed": item.disputed,
            "promised": item.promised,
        }
        for item in items
    ]
    yield _json({"as_of": as_of.isoformat(), "items": records})


def new_customer_json(customers: Iterable[NewCustomer], as_of: date) -> Iterator[str]:
    """The new customers as JSON."""
    records = [
        {
            "customer": c.customer,
            "name": c.name,
            "since": c.since.isoformat(),
            "salesperson": c.salesperson,
            "collector": c.collector,
        }
        for c in customers
    ]
    yield _json({"as_of": as_of.isoformat(), "customers": records})


def _record(line: Aged) -> dict[str, object]:
    return {
        "creditor": line.creditor,
        "currency": line.currency,
        "group": line.group,
        "name": line.name,
        "buckets": dict(zip(BUCKETS, line.buckets, strict=True)),
        "total": line.total,
        "unapplied": line.unapplied,
        "balance": line.balance,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
