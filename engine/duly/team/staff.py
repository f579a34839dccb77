"""Who of us gets what is asked of a role about a customer on a day.

A salesperson or a collector is the customer's own; a manager is the one above them
with that role, or the only one who has it. Whoever is away is covered by the person that
the book names; where nobody covers, the manager steps in. Where that leaves nobody,
it is for the role alone, and `Staff.absent` names who is away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from duly.book.book import Book
from duly.team.duties import holders_of
from duly.team.people import Person, Served, Team, our_people

OWN = frozenset({"salesperson", "collector"})
"""Roles that a customer's own record fills with a person."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Our people on a day."""

    team: Team
    day: date
    _known: dict[tuple[str, str, str], str] = field(default_factory=dict, compare=False, repr=False)

    def person_for(self, role: str, salesperson: str = "", collector: str = "") -> str:
        """Who does the role's work for a customer that these two serve; empty where nobody in particular does."""
        asked = (role, salesperson, collector)
        if asked not in self._known:
            self._known[asked] = self._found(*asked)
        return self._known[asked]

    def stands_in(self, id_: str) -> str:
        """Who does the person's work: itself, who covers, or the manager; empty where nobody does."""
        passed: set[str] = set()
        while (person := self.team.by_id.get(id_)) and id_ not in passed:
            if there := self.team.stand_in(person, self.day):
                return there.id
            passed.add(id_)
            id_ = person.manager
        return ""

    def absent(self, role: str, salesperson: str = "", collector: str = "") -> Person | None:
        """Whose work nobody does although the book says whose it is."""
        own = self._own(role, salesperson, collector)
        person = self.team.by_id.get(own)
        return person if person is not None and not self.stands_in(own) else None

    def _found(self, role: str, salesperson: str, collector: str) -> str:
        own = self._own(role, salesperson, collector)
        return self.stands_in(own) if own in self.team.by_id else own

    def _own(self, role: str, salesperson: str, collector: str) -> str:
        if role in OWN:
            return salesperson if role == "salesperson" else collector
        holders = holders_of(self.team, role, Served("", salesperson, collector))
        return holders[0] if len(holders) == 1 else ""


NOBODY = Staff(Team(()), date.min)
"""The staff of a book that does not speak of people: everybody is there."""


def staff_of(book: Book, day: date) -> Staff:
    """The people of a book on a day."""
    return Staff(our_people(book), day)
