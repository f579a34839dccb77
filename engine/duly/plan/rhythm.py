"""What leaves by the calendar: statements to customers, lists to colleagues.

A customer that had open items on the period's first day, and still has, gets one
statement a creditor, whatever currencies it owes in; what its parent pays for stands on
the parent's. A colleague gets each list once a period, on the first day of it on which
there is something in it. A list with nothing in it is not sent, and a note says so;
from a part of a book none is made.

What a book does not bring costs the thing that needs it, with a note, and never the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from urllib.parse import quote

from duly.figures.statement import Statement, statements
from duly.money import format_decimal
from duly.plan.lists import Lists, customers_with_open_items
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.together import Ground, Made, What, action_for
from duly.source import Refused
from duly.team.people import Person
from duly.team.rhythm import Due, due_on

STATEMENT = "customer_statement_naming_salesperson"
TEMPLATE = "statement"

CHANNELS = ("email", "letter")
"""The ways on which a statement leaves; whichever it was, it is the same statement."""

Untouchable = Mapping[str, tuple[str, str]]
"""Why a customer gets no statement, by customer: a permanent word and a sentence."""


def sent_by_the_calendar(ground: Ground) -> Made:
    """The statements and lists that are due on the day."""
    made: list[Made] = []
    unmade: dict[str, list[str]] = {}
    for due in due_on(ground.policy.together, ground.as_of):
        try:
            made.append(_statements(ground, due) if due.item == STATEMENT else _lists(ground, due))
        except Refused as refused:
            for problem in refused.problems[:MOST_SAID]:
                unmade.setdefault(problem.message, []).append(f"`{due.item}`")
    reasons = (f"not sent: {', '.join(dict.fromkeys(items))}, for {message}" for message, items in unmade.items())
    return Made(
        tuple(action for one in made for action in one.actions),
        tuple(thing for one in made for thing in one.withheld),
        tuple(dict.fromkeys((*(note for one in made for note in one.notes), *reasons))),
    )


MOST_SAID = 3
"""So many reasons are told for one thing that cannot be made."""


def because_of(due: Due) -> tuple[Because, ...]:
    """The rule that a thing of the calendar comes from."""
    period = due.period
    said = f"{period.every.value}: the {period.every.name.lower()} of {period.name} began on {period.begins}"
    return (Because(f"together: {period.every.value}", due.rhythm.span, (), said),)


# Statements.


def _statements(ground: Ground, due: Due) -> Made:
    since = due.period.begins
    before = customers_with_open_items(ground.book, ground.policy, since) if since < ground.as_of else None
    untouchable = _untouchable(ground)
    actions: list[Action] = []
    withheld: list[Withheld] = []
    everybody = statements(ground.book, ground.policy, ground.as_of)
    for key, those in groupby(everybody, key=lambda one: (one.creditor, one.customer)):
        parts = tuple(one for one in those if one.items)
        if not parts or (before is not None and key not in before):
            continue
        channel = ground.channel_to(key[1])
        reason = untouchable.get(key[1]) or (None if channel else NO_WAY)
        if reason is not None:
            withheld.append(Withheld(key[1], key[0], "", f"statement {due.item}", *reason, None, because_of(due)))
            continue
        what = _statement(due, parts, channel)
        if not _left_otherwise(ground, what):
            actions.append(action_for(ground, what))
    return Made(tuple(actions), tuple(withheld))


NO_WAY = ("no_way_to_send", "neither an e-mail address nor a postal one is known")


def _statement(due: Due, parts: tuple[Statement, ...], channel: str) -> What:
    one = parts[0]
    owed = tuple((part.currency, part.open) for part in parts)
    return What(
        kind=Kind.STATEMENT,
        rule=due.item,
        period=due.period.name,
        for_role="collector",
        person=one.collector.id if one.collector else "",
        customer=one.customer,
        creditor=one.creditor,
        channel=channel,
        template=TEMPLATE,
        invoices=tuple(item.invoice for part in parts for item in part.items),
        amount=one.open if len(parts) == 1 else 0,
        currency=one.currency if len(parts) == 1 else "",
        amounts=() if len(parts) == 1 else owed,
        details=tuple(_balances(parts)),
        because=because_of(due),
    )


def _balances(parts: tuple[Statement, ...]) -> Iterator[tuple[str, str]]:
    """The figures of a statement, so that money which comes in changes what was planned."""
    for part in parts:
        yield f"open {part.currency}", format_decimal(part.open, part.currency)
        if part.credits:
            yield f"on_account {part.currency}", format_decimal(part.unapplied, part.currency)
        yield f"balance {part.currency}", format_decimal(part.balance, part.currency)


def _untouchable(ground: Ground) -> Untouchable:
    run = ground.book.connection.execute
    found = {
        customer: ("out_of_bounds", "a fact of it is beyond what it can be, so its figures are not sent")
        for (customer,) in run("SELECT DISTINCT customer FROM out_of_bounds").fetchall()
    }
    for customer, insolvent, do_not_contact in run(
        "SELECT customer, COALESCE(insolvent, FALSE), COALESCE(do_not_contact, FALSE) FROM customers "
        "WHERE insolvent OR do_not_contact"
    ).fetchall():
        if insolvent:
            found[customer] = ("insolvent", "it is insolvent: what it owes is for the administrator")
        if do_not_contact:
            found[customer] = ("do_not_contact", "it must not be contacted")
    return found


def _left_otherwise(ground: Ground, what: What) -> bool:
    """Say whether the period's statement left, or may have left, by the other way: an address may change meanwhile."""
    others = (replace(what, channel=channel) for channel in CHANNELS if channel != what.channel)
    standing = (ground.history.standing.get(action_for(ground, other).id) for other in others)
    return any(before is not None and before.blocks for before in standing)


# Lists.


def _lists(ground: Ground, due: Due) -> Made:
    if ground.book.is_part:
        # A list of one customer would stand for the whole list of the period.
        return Made()
    lists = Lists(ground.policy, ground.book, ground.as_of)
    actions: list[Action] = []
    notes: list[str] = []
    due_to = lists.audience(due)
    left = [person for person in due_to if not _is_done(ground, due, lists.team.by_id[person])]
    for id_ in left:
        person = lists.team.by_id[id_]
        listing = lists.listing(due, id_)
        if listing.is_empty:
            continue
        actions.append(action_for(ground, replace(_list(due, person), details=listing.summary)))
    if left and len(left) == len(due_to) and not actions:
        notes.append(f"no `{due.item}` is sent for {due.period.name}: there is nothing in it")
    if actions:
        notes += _nobody_told(lists, due)
    return Made(tuple(actions), (), tuple(notes))


def _nobody_told(lists: Lists, due: Due) -> Iterator[str]:
    for id_ in lists.nobody_gets(due):
        yield f"nobody gets the `{due.item}` of `{id_}`: the book's people have no sales manager"
    for id_ in lists.unknown_sellers(due):
        yield f"`{id_}` sells to customers and is not in `people`; the sales managers get its `{due.item}`"


def _list(due: Due, person: Person) -> What:
    return What(
        kind=Kind.LIST,
        rule=due.item,
        period=due.period.name,
        for_role=person.role,
        item=item_of(person.id),
        person=person.id,
        because=because_of(due),
    )


def item_of(person: str) -> str:
    """A colleague as the item of a list, where a space would join several."""
    return quote(person, safe="".join(c for c in person if not c.isspace() and c != "%"))


def _is_done(ground: Ground, due: Due, person: Person) -> bool:
    standing = ground.history.standing.get(action_for(ground, _list(due, person)).id)
    return standing is not None and standing.blocks
