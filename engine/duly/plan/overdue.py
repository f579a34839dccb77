"""Requests to sales that nobody answered in time: when sales was asked, and until when it had time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.book.payers import payers_of
from duly.plan.plan import Action, Kind
from duly.rules.columnar import Key
from duly.rules.decision import Decision

ANSWER_OVERDUE = "answer_overdue"
"""The task of whoever is told."""

About = tuple[str, str, str]
"""Creditor, customer and sales rule."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A request without an answer: when sales was asked and until when it had time."""

    asked_on: date
    due_on: date


def overdue_of(book: Book, as_of: date, kinds: Mapping[Decision, Iterable[Key]]) -> Mapping[About, Overdue]:
    """Every request of which somebody is told today; reads nothing where nobody is."""
    telling = {
        (creditor, customer, rule)
        for decision, keys in kinds.items()
        for rule in decision.tells
        for creditor, customer, _ in keys
    }
    if not telling:
        return {}
    payers = payers_of(book)
    rows = book.connection.execute(
        "SELECT creditor, customer, rule, asked_on, due_on FROM requests "
        "WHERE asked_on < $day AND due_on < $day AND list_contains($rules, rule) ORDER BY asked_on, due_on",
        {"day": as_of, "rules": sorted({rule for *_, rule in telling})},
    ).fetchall()
    found: dict[About, Overdue] = {}
    for creditor, named, rule, asked_on, due_on in rows:
        customer = payers.get(named, named)
        if (creditor, customer, rule) in telling:
            found[creditor, customer, rule] = Overdue(asked_on, due_on)
    return found


def told_once(actions: Iterable[Action]) -> Iterator[Action]:
    """The actions, with one a request where somebody is told of it for several items: sales is asked for an account."""
    told: dict[About, Action] = {}
    for action in actions:
        if action.kind is Kind.TASK and action.task == ANSWER_OVERDUE and action.item:
            about = (action.creditor, action.customer, action.stage)
            told[about] = min(told.get(about, action), action, key=lambda one: one.item)
        else:
            yield action
    yield from told.values()
