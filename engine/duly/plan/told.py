"""What is told to a customer outside its ladder: by the way that reaches it, once, and not to everybody.

A customer that must not be contacted or is insolvent is told nothing, and the plan
says so. What left by one way does not leave by the other because the book has
another address by now; only what bounced or was refused is tried the other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from duly.journal.entry import Event
from duly.plan.plan import Action, Withheld
from duly.plan.reach import NOWHERE_KNOWN
from duly.plan.together import Ground, Made, What, action_for

CHANNELS = ("email", "letter")
"""The ways to a customer, the first choice first."""

NOT_ARRIVED = frozenset({Event.BOUNCED, Event.FAILED})
"""What did not arrive for certain."""


@dataclass(frozen=True, slots=True)
class Told:
    """A customer as what is told to it needs it; `keeps_out` says why it is told nothing."""

    keeps_out: str
    collector: str
    salesperson: str


def told_of(ground: Ground, customers: Iterable[str]) -> dict[str, Told]:
    """Those of the customers that the book has."""
    rows = ground.book.connection.execute(
        "SELECT c.customer, CASE WHEN c.do_not_contact THEN 'do_not_contact' WHEN c.insolvent THEN 'insolvent' "
        "ELSE '' END, COALESCE(c.collector, ''), COALESCE(c.salesperson, '') FROM customers AS c "
        "JOIN (SELECT DISTINCT unnest(CAST(? AS VARCHAR[])) AS customer) AS w ON w.customer = c.customer",
        [sorted(set(customers))],
    ).fetchall()
    return {customer: Told(*rest) for customer, *rest in rows}


def to_customers(ground: Ground, whats: Sequence[What]) -> Made:
    """The actions that tell customers something, and what is withheld from whom; the way of each is chosen here."""
    known = told_of(ground, (what.customer for what in whats))
    actions: list[Action] = []
    withheld: list[Withheld] = []
    for what in whats:
        customer = known.get(what.customer)
        if customer is None or left_for_good(ground, what):
            continue
        channel = _channel(ground, what)
        if customer.keeps_out:
            said = f"the book says so of the customer: {customer.keeps_out.replace('_', ' ')}"
            withheld.append(_withheld(what, customer.keeps_out, said))
        elif not channel:
            withheld.append(_withheld(what, "no_way_to_reach", "neither e-mail nor address reaches the customer"))
        else:
            actions.append(action_for(ground, replace(what, channel=channel, person=customer.collector)))
    return Made(tuple(actions), tuple(withheld))


def left_for_good(ground: Ground, what: What) -> bool:
    """Say whether it left before by either way, and did not come back."""
    events = _events(ground, what)
    return any(event in LEFT for event in events.values())


LEFT = frozenset({Event.ACCEPTED, Event.CONFIRMED, Event.UNDONE})
"""Where a message stands that left, whatever a person made of it later."""


def _events(ground: Ground, what: What) -> dict[str, Event]:
    """Where it stands by each way by which it was tried."""
    keys = {channel: action_for(ground, replace(what, channel=channel)).id for channel in CHANNELS}
    stands = ground.history.standing
    return {channel: stands[key].event for channel, key in keys.items() if key in stands}


def _channel(ground: Ground, what: What) -> str:
    """The way by which it is to leave; empty where none is left."""
    events = _events(ground, what)
    for channel, event in events.items():
        # Nobody knows yet: it stays that way, and is withheld as everything is of which nobody knows.
        if event in {Event.UNKNOWN, Event.POINT_OF_NO_RETURN}:
            return channel
    reach = ground.reach.get(what.customer, NOWHERE_KNOWN)
    ways = [channel for channel in CHANNELS if reach.to(channel)]
    untried = [channel for channel in ways if events.get(channel) not in NOT_ARRIVED]
    # What was refused may be tried again where there is no other way; what bounced may not.
    again = [channel for channel in ways if events.get(channel) is Event.FAILED]
    return next(iter((*untried, *again)), "")


def _withheld(what: What, reason: str, said: str) -> Withheld:
    named = f"{what.kind.value.replace('_', ' ')} {what.rule}"
    return Withheld(what.customer, what.creditor, what.item, named, reason, said, None, what.because)
