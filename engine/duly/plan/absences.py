"""What the reader of a plan should know of who is away: work that is for a role alone because nobody stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from duly.book.book import Book
from duly.plan.plan import Action
from duly.team.people import Person
from duly.team.staff import staff_of


def nobody_stands_in(book: Book, as_of: date, actions: Iterable[Action]) -> tuple[str, ...]:
    """A sentence for each colleague who is away and covered by nobody, with how much is planned for the role alone."""
    left = [action for action in actions if action.customer and not action.person and not action.kind.to_customer]
    staff = staff_of(book, as_of)
    if not left or not staff.team.people:
        return ()
    serving = {
        customer: (salesperson or "", collector or "")
        for customer, salesperson, collector in book.connection.execute(
            "SELECT c.customer, c.salesperson, c.collector FROM customers AS c "
            "JOIN (SELECT DISTINCT unnest(?) AS customer) AS w ON w.customer = c.customer",
            [sorted({action.customer for action in left})],
        ).fetchall()
    }
    counted: Counter[Person] = Counter()
    for action in left:
        if absent := staff.absent(action.for_role, *serving.get(action.customer, ("", ""))):
            counted[absent] += 1
    return tuple(_said(person, count) for person, count in sorted(counted.items(), key=lambda of: of[0].id))


def _said(person: Person, count: int) -> str:
    until = f" until {person.away_until}" if person.away_until else ""
    things = "1 action is" if count == 1 else f"{count:,} actions are"
    return f"`{person.id}` is away{until} and nobody stands in: {things} for the {person.role.replace('_', ' ')} alone"
