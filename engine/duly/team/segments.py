"""Which segment each customer of a book is in on a day, as the rules decide it."""

from __future__ import annotations

from datetime import date

from duly.book.available import missing_for
from duly.book.book import Book
from duly.book.facts import build_facts, facts_from
from duly.language.policy import Policy
from duly.rules.meaning import segment_layer
from duly.source import Refused
from duly.team.people import DATA

PREFIX = "team_"


def segments_of(book: Book, policy: Policy, as_of: date) -> dict[str, str]:
    """The segment of every customer that has an account on the day.

    A customer with several accounts has the segment that stands first in the policy.
    Raises `Refused` (4) where the policy reads what the book lacks.
    """
    if missing := missing_for(book, policy):
        raise Refused(missing, DATA)
    build_facts(book, policy, as_of, prefix=PREFIX)
    order = [segment.id for segment in policy.segments]
    found: dict[str, str] = {}
    for account in facts_from(book.connection, policy, prefix=PREFIX):
        segment = segment_layer(policy, account.facts)[0]
        found[account.customer] = min(segment, found.get(account.customer, segment), key=order.index)
    return found
