"""Requests to sales that still wait for an answer: what is asked of whom, and by when.

Those alone that there is still a reason to answer: something of the account is late, sales
was asked in the episode that it is in, and no rule of the policy tells sales to stand
down. A request that both the ledger and the journal speak of is one, and answered where
either says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.book.payers import payers_of
from duly.language.conditions import Any, holds, leaves
from duly.language.policy import ASK_NOTHING, Policy
from duly.language.reads import fact_columns
from duly.rules.agreement import facts_of
from duly.rules.columnar import accounts_by_decision
from duly.rules.trace import decided

_ASKED = "asked_decisions"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to sales that nobody has answered."""

    salesperson: str
    customer: str
    name: str
    rule: str
    asks: str
    asked_on: date
    answer_by: date


def asked_of_sales(book: Book, policy: Policy, as_of: date) -> tuple[Asked, ...]:
    """The requests that wait, by salesperson and day; the book's facts and decisions are those of the day."""
    rows = book.connection.execute(
        "SELECT COALESCE(c.salesperson, ''), r.customer, r.creditor, COALESCE(c.name, r.customer), r.rule, "
        "r.asked_on, max(r.due_on) AS due_on "
        "FROM requests AS r LEFT JOIN customers AS c ON c.customer = r.customer WHERE r.asked_on <= $day "
        "GROUP BY ALL HAVING count(*) FILTER (WHERE r.answered_on <= $day) = 0 "
        "ORDER BY 1, due_on, r.customer, r.rule",
        {"day": as_of},
    ).fetchall()
    if not rows:
        return ()
    payers = payers_of(book)
    began = _episodes(book, policy, sorted({payers.get(row[1], row[1]) for row in rows}))
    asks = {rule.id: rule.ask for rule in policy.sales}
    return tuple(
        Asked(seller, customer, name, rule, asks.get(rule, rule), asked_on, due_on)
        for seller, customer, creditor, name, rule, asked_on, due_on in rows
        if asked_on >= began.get((creditor, payers.get(customer, customer)), date.max)
    )


def _episodes(book: Book, policy: Policy, customers: list[str]) -> dict[tuple[str, str], date]:
    """Since when each account is late of which sales may be asked; of several items, since the first."""
    run = book.connection.execute
    run(
        f"CREATE OR REPLACE TABLE {_ASKED} AS SELECT d.* FROM decisions AS d "
        "WHERE d.customer IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [customers],
    )
    decisions = {
        key: decision
        for decision, keys in accounts_by_decision(book.connection, decisions=_ASKED).items()
        for key in keys
    }
    run(f"DROP TABLE {_ASKED}")
    stand_down = Any(tuple(rule.when for rule in policy.sales if rule.ask == ASK_NOTHING))
    began: dict[tuple[str, str], date] = {}
    read = {"late"} | {leaf.fact for leaf in leaves(stand_down)}
    columns = [column for column in fact_columns(policy) if column.name in read or column.fact in read]
    for key, facts in facts_of(book.connection, policy, sorted(decisions), columns).items():
        since = facts["episode_start"]
        if facts["late"] is True and since and not holds(stand_down, {**facts, **decided(decisions[key])}):
            first = date.fromisoformat(str(since))
            began[key[:2]] = min(first, began.get(key[:2], first))
    return began
