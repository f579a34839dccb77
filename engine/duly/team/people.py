"""Our own people and whom they serve, as the book has them, each with the place of its row.

Whoever is away is covered by the person that the book names, and by that one's own
cover in turn; a stand-in has the same role, so that every duty stays where it was
agreed. Nobody is made to stand in who was not named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from duly.book.book import Book, Presence
from duly.book.mapping import TableSource, read_sources
from duly.language.suggest import did_you_mean
from duly.source import NOWHERE, Problem, Refused, Severity, Span

DATA = 4
"""The exit code for a book that cannot be used."""

FIRST_ROW_OF_A_FILE = 2


@dataclass(frozen=True, slots=True)
class Person:
    """One of us. What the book does not say is empty."""

    id: str
    role: str
    name: str = ""
    region: str = ""
    manager: str = ""
    away_from: date | None = None
    away_until: date | None = None
    covered_by: str = ""
    time_zone: str = ""
    span: Span = field(default=NOWHERE, compare=False)

    def is_away(self, day: date) -> bool:
        """Say whether the person is away on the day; both ends of an absence are in it."""
        begun = self.away_from is not None and self.away_from <= day
        return begun and (self.away_until is None or day <= self.away_until)


@dataclass(frozen=True, slots=True)
class Served:
    """A customer, and who sells to it and collects from it; `payer` is the parent that pays for it."""

    id: str
    salesperson: str = ""
    collector: str = ""
    payer: str = ""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Team:
    """Everybody in a book, ours by id and the customers, in the order of their ids."""

    people: tuple[Person, ...]
    customers: tuple[Served, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Person]:
        """Our people by id."""
        return {person.id: person for person in self.people}

    @cached_property
    def _customers(self) -> Mapping[str, Served]:
        return {customer.id: customer for customer in self.customers}

    def has_customer(self, id_: str) -> bool:
        """Say whether the book has the customer."""
        return id_ in self._customers

    def customer(self, id_: str) -> Served:
        """The customer of this id."""
        return self._customers[id_]

    def with_role(self, role: str) -> tuple[Person, ...]:
        """Those who have the role."""
        return tuple(person for person in self.people if person.role == role)

    def person(self, id_: str) -> Person:
        """The person of this id; raises `Refused` (4) where there is none."""
        if id_ not in self.by_id:
            message = f"the book has no person `{id_}`"
            raise Refused([Problem("unknown-person", NOWHERE, message, did_you_mean(id_, tuple(self.by_id)))], DATA)
        return self.by_id[id_]

    def stand_in(self, person: Person, day: date) -> Person | None:
        """Who does the person's work on the day: itself, or whoever covers; None where nobody does."""
        passed = {person.id}
        here = person
        while here.is_away(day):
            cover = self.by_id.get(here.covered_by)
            if cover is None or cover.id in passed or cover.role != person.role:
                return None
            passed.add(cover.id)
            here = cover
        return here

    def stands_in_for(self, person: Person, day: date) -> tuple[Person, ...]:
        """Those whose work the person does on the day because they are away."""
        return tuple(one for one in self.people if one != person and self.stand_in(one, day) == person)

    def problems(self, day: date, of: Collection[str] | None = None) -> tuple[Problem, ...]:
        """What is wrong with who covers these people, or anybody; a warning for whoever is away and not covered."""
        asked = (person for person in self.people if of is None or person.id in of)
        return tuple(problem for person in asked for problem in self._cover(person, day))

    def _cover(self, person: Person, day: date) -> Iterator[Problem]:
        cover = self.by_id.get(person.covered_by)
        if cover is not None and cover.id == person.id:
            yield Problem("covers-itself", person.span, f"`{person.id}` covers for itself", "name somebody else")
        elif cover is not None and cover.role != person.role:
            yield Problem(
                "cover-role",
                person.span,
                f"`{person.id}` is a {person.role} and is covered by `{cover.id}`, a {cover.role}",
                "name somebody with the same role, so that each duty stays where it was agreed",
            )
        elif self.stand_in(person, day) is None:
            until = f" until {person.away_until}" if person.away_until else ""
            yield Problem(
                "nobody-covers",
                person.span,
                f"`{person.id}` is away{until} and nobody who is there stands in",
                "name somebody under `covered_by`",
                severity=Severity.WARNING,
            )


def our_people(book: Book) -> Team:
    """Our own people alone, without places: nobody where the book does not speak of them."""
    return Team(_people(book, None))


def _people(book: Book, source: TableSource | None) -> tuple[Person, ...]:
    rows = book.connection.execute(
        "SELECT row, person, role, name, region, manager, away_from, away_until, covered_by, time_zone FROM people "
        "ORDER BY person"
    ).fetchall()
    return tuple(
        Person(id_, role, name or "", region or "", manager or "", from_, until, cover or "", zone or "", span)
        for row, id_, role, name, region, manager, from_, until, cover, zone in rows
        for span in (_place(source, row, "person"),)
    )


def team_of(book: Book, only: Collection[str] | None = None) -> Team:
    """The people and customers of a book, or of its customers these only.

    Raises `Refused` (4) where the book does not speak of people.
    """
    colleagues = colleagues_of(book)
    source = _sources(book).get("customers")
    run = book.connection.execute
    wanted = "" if only is None else "WHERE customer IN (SELECT unnest(CAST(? AS VARCHAR[]))) "
    customers = run(
        f"SELECT row, customer, salesperson, collector FROM customers {wanted}ORDER BY customer",
        [] if only is None else [sorted(only)],
    ).fetchall()
    parents = dict(run("SELECT customer, parent FROM customers WHERE parent_pays AND parent IS NOT NULL").fetchall())
    return Team(
        colleagues.people,
        tuple(
            Served(id_, seller or "", collector or "", _payer(parents, id_), _place(source, row, "customer"))
            for row, id_, seller, collector in customers
        ),
    )


def colleagues_of(book: Book) -> Team:
    """Our own people in a book, without its customers; raises `Refused` (4) where it does not speak of people."""
    if book.given["people"] is Presence.ABSENT:
        place = Span(str(book.path), 1, 1)
        help_ = "bring the table `people`: who sells, who collects, who decides"
        raise Refused([Problem("no-people", place, "the book does not say who works here", help_)], DATA)
    return Team(_people(book, _sources(book).get("people")))


def _payer(parents: Mapping[str, str], customer: str) -> str:
    """Who pays for a customer in the end; empty where it pays for itself. A book in which that is a ring is refused."""
    here = parents.get(customer, "")
    while here in parents:
        here = parents[here]
    return here


def _sources(book: Book) -> Mapping[str, TableSource]:
    """Where the book's tables stand; nowhere for a book that a program built."""
    return read_sources(book.path).tables if book.path.exists() else {}


def _place(source: TableSource | None, row: int, column: str) -> Span:
    if source is None:
        return NOWHERE
    if source.rows is not None:
        at = row - FIRST_ROW_OF_A_FILE
        entries = source.rows[at] if 0 <= at < len(source.rows) else ()
        return next((constant.place for name, constant in entries if name == column), source.place)
    return Span(source.shown, row, 1) if source.shown else source.place
