"""Requests to sales that nobody answered in time: when sales was asked, and who is told.

The policy names a role; the person is whoever holds it for the customer, or whoever
stands in on the day. Where the book has no such person, or several, the role is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book, Presence
from duly.book.payers import payers_of
from duly.language.policy import Policy
from duly.plan.plan import Action, Kind
from duly.rules.columnar import Key
from duly.rules.decision import Decision
from duly.team.duties import holders_of
from duly.team.people import team_of

ANSWER_OVERDUE = "answer_overdue"
"""The task of whoever is told."""

About = tuple[str, str, str]
"""Creditor, customer and sales rule."""

Holder = Callable[[str, str], str]
"""The person who holds a role for a customer, both by id; empty where there is not exactly one."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A request without an answer: when sales was asked and until when it had time, and the person who is told."""

    asked_on: date
    due_on: date
    person: str = ""


def overdue_of(
    book: Book, policy: Policy, as_of: date, kinds: Mapping[Decision, Iterable[Key]]
) -> Mapping[About, Overdue]:
    """Every request of which somebody is told today; reads nothing where nobody is."""
    telling = {
        (creditor, customer, rule)
        for decision, keys in kinds.items()
        for rule in decision.tells
        for creditor, customer, _ in keys
    }
    if not telling:
        return {}
    roles = {rule.id: rule.unanswered_tell for rule in policy.sales}
    payers = payers_of(book)
    rows = book.connection.execute(
        "SELECT creditor, customer, rule, asked_on, due_on FROM requests "
        "WHERE asked_on < $day AND due_on < $day AND list_contains($rules, rule) ORDER BY asked_on, due_on",
        {"day": as_of, "rules": sorted({rule for *_, rule in telling})},
    ).fetchall()
    person = _people(book, as_of)
    found: dict[About, Overdue] = {}
    for creditor, named, rule, asked_on, due_on in rows:
        customer = payers.get(named, named)
        if (creditor, customer, rule) in telling:
            found[creditor, customer, rule] = Overdue(asked_on, due_on, person(customer, roles[rule]))
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


def _people(book: Book, as_of: date) -> Holder:
    if book.given["people"] is Presence.ABSENT:
        return lambda _customer, _role: ""
    team = team_of(book)
    known = {customer.id for customer in team.customers}

    def holder(customer: str, role: str) -> str:
        holders = holders_of(team, role, team.customer(customer)) if customer in known else ()
        if len(holders) != 1:
            return ""
        there = team.stand_in(team.by_id[holders[0]], as_of)
        return there.id if there else ""

    return holder
