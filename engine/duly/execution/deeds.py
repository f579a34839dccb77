"""Actions as deeds: whom each reaches, what it says, and in which order people take them up.

All messages of a run are written before the first leaves, so that one that cannot
be written is known while nothing has happened yet. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.book.book import Book
from duly.book.payers import payers_of
from duly.execution.ports import Deed, Recipient
from duly.language.conditions import holds
from duly.language.policy import Policy
from duly.messages.guard import Owners
from duly.messages.lists import File, Listing, listed
from duly.messages.matter import Colleague, Matter, Rendered
from duly.messages.render import render
from duly.messages.templates import Templates
from duly.plan.lists import Lists
from duly.plan.matters import accounts_in, facts_decided, matters_of, people_of
from duly.plan.plan import Action, Kind
from duly.plan.reach import NOWHERE_KNOWN, Reach, reach_of
from duly.rules.columnar import Key
from duly.team.rhythm import due_on

SAYS = frozenset({Kind.MESSAGE, Kind.NOTICE, Kind.STATEMENT, Kind.SALES_REQUEST, Kind.INTRODUCTION, Kind.ADVICE})
"""The kinds of action that come with a written message: to the customer, or a brief to a colleague."""


@dataclass(frozen=True, slots=True)
class Written:
    """The deeds of actions, by key, and the actions whose message could not be written, each with why."""

    deeds: Mapping[str, Deed]
    unwritten: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def deeds_of(policy: Policy, templates: Templates, book: Book, actions: Sequence[Action], day: date) -> Written:
    """The deeds of actions that were planned from this book for the day; its facts are still in it."""
    matters, unwritten = matters_of(policy, book, actions, day)
    said = [action for action in actions if action.kind in SAYS and action.id in matters]
    messages: dict[str, Rendered] = {}
    for action, answer in zip(said, render(templates, [matters[a.id] for a in said], owners_of(book)), strict=True):
        if isinstance(answer, Rendered):
            messages[action.id] = answer
        else:
            unwritten[action.id] = answer.reason
    listings = _listings(policy, book, actions, day)
    files: dict[str, tuple[File, ...]] = {}
    for action in (action for action in actions if action.id in listings):
        messages[action.id], files[action.id] = listed(listings[action.id], action.stage, day)
    points = _points(policy, book, actions)
    people = people_of(book)
    zones = reach_of(book, "SELECT customer FROM written_to")
    return Written(
        deeds={
            action.id: Deed(
                action=action,
                recipient=_recipient(action, matters[action.id], zones, people),
                message=messages.get(action.id),
                matter=matters[action.id],
                points=points.get(accounts_in(action)[0], 0),
                files=files.get(action.id, ()),
            )
            for action in actions
            if action.id not in unwritten
        },
        unwritten=unwritten,
    )


def _listings(policy: Policy, book: Book, actions: Sequence[Action], day: date) -> Mapping[str, Listing]:
    """What the lists among the actions hold, by key."""
    wanted = [action for action in actions if action.kind is Kind.LIST]
    if not wanted:
        return {}
    lists = Lists(policy, book, day)
    due = {(one.item, one.period.name): one for one in due_on(policy.together, day)}
    return {action.id: lists.listing(due[action.stage, action.episode], action.person) for action in wanted}


def owners_of(book: Book) -> Owners:
    """Whose every id of the book is; who pays for a customer owns what is its."""
    payers = payers_of(book)
    run = book.connection.execute
    customers = {
        customer: payers.get(customer, customer) for (customer,) in run("SELECT customer FROM customers").fetchall()
    }
    invoices = {
        invoice: customers.get(customer, customer)
        for invoice, customer in run(
            "SELECT invoice, customer FROM invoices UNION SELECT invoice, customer FROM invoice_facts UNION "
            "SELECT n.invoice || '/' || CAST(n.number AS VARCHAR), i.customer "
            "FROM instalments AS n JOIN invoices AS i ON i.invoice = n.invoice"
        ).fetchall()
    }
    return Owners.of(invoices, customers)


def _recipient(
    action: Action, matter: Matter, reach: Mapping[str, Reach], people: Mapping[str, Colleague]
) -> Recipient:
    """The customer, or the colleague who is to do it; time and place are the customer's in any case."""
    where = reach.get(action.customer, NOWHERE_KNOWN)
    if action.kind.to_customer:
        to = matter.customer
        name, email, address = matter.contact_name or to.name, to.email, (to.name, *to.address) if to.address else ()
    else:
        colleague = people.get(action.person)
        name, email, address = (colleague.name, colleague.email, ()) if colleague else (action.for_role, "", ())
    return Recipient(action.customer, name, email, address, matter.language, where.country, where.time_zone)


def _points(policy: Policy, book: Book, actions: Sequence[Action]) -> Mapping[Key, int]:
    """The worklist points of each account, by the policy's conditions."""
    keys = sorted({key for action in actions for key in accounts_in(action)})
    facts = facts_decided(book, policy, keys)
    return {
        key: sum(points.add for points in policy.worklist if holds(points.when, known)) for key, known in facts.items()
    }
