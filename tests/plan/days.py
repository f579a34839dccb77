"""Days of a small team: what sales and credit do together is planned, carried out into a journal, and planned again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from duly.book.book import Book, Presence
from duly.book.facts import build_facts
from duly.book.history import add_history
from duly.journal.entry import Draft, Event
from duly.journal.history import History
from duly.journal.identity import key_of
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.plan.document import action_record
from duly.plan.makers import MAKERS
from duly.plan.plan import Action, Kind
from duly.plan.together import Ground, Made, done_together
from duly.rules.columnar import decide
from tests.book.facts.building import Row, make_book
from tests.journal.journals import OPERATOR
from tests.journal.test_history import history
from tests.language.policies import STANDARD

AS_OF = date(2026, 3, 31)
"""A Tuesday."""

STANDARD_POLICY, _ = load_policy(STANDARD)

ALL = ("hold", "release", "limit_change", "terms_change", "collector_change", "salesperson_change")

PEOPLE: Sequence[Row] = [
    {"person": "credit-a", "name": "Collector A", "role": "collector", "region": "north", "email": "a@own.example"},
    {"person": "credit-b", "name": "Collector B", "role": "collector", "region": "south", "email": "b@own.example"},
    {"person": "sales-a", "name": "Seller A", "role": "salesperson", "region": "north", "email": "s@own.example"},
    {"person": "sales-b", "name": "Seller B", "role": "salesperson", "region": "south", "email": "t@own.example"},
]

CUSTOMER: Row = {
    "customer": "C1",
    "name": "Amber Anvil Works",
    "email": "pay@amber.example",
    "address": "Amber Anvil Works; Oak Avenue 1; Southport",
    "country": "US",
    "language": "en",
    "time_zone": "America/New_York",
    "salesperson": "sales-a",
    "collector": "credit-a",
    "payment_terms": 30,
    "since": date(2020, 1, 1),
    "annual_sales": 0,
}


def standard(*told: str, introduce: tuple[str, ...] = ()) -> Policy:
    """The standard policy without its calendar, that tells of these changes and introduces those of these segments."""
    together = replace(
        STANDARD_POLICY.together, tell_customer_of=told, introduce_collector_to=introduce, weekly=None, monthly=None
    )
    return replace(STANDARD_POLICY, together=together)


@dataclass
class Days:
    """A policy, a book that can be changed, and the journal of what was carried out."""

    policy: Policy
    customers: list[dict[str, Any]] = field(default_factory=lambda: [dict(CUSTOMER)])
    tables: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    journal: list[Draft] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=lambda: [dict(person) for person in PEOPLE])

    def customer(self, **changed: object) -> None:
        """What the book says of the customer from now on."""
        self.customers[0].update(changed)

    def person(self, id_: str, **changed: object) -> None:
        next(person for person in self.people if person["person"] == id_).update(changed)

    def book(self) -> Book:
        """The book of the day; it keeps holds itself where it was given the table, though it be empty."""
        invoices = [
            {"customer": c["customer"], "invoice_date": AS_OF, "due_date": AS_OF + timedelta(30)}
            for c in self.customers
        ]
        tables: dict[str, Sequence[Row]] = {"invoices": invoices, "people": self.people, **self.tables}
        book = make_book(customers=self.customers, **tables)
        keeps_holds = Presence.GIVEN if "holds" in self.tables else Presence.NONE
        return replace(book, given={**book.given, "holds": keeps_holds})

    def history(self) -> History:
        return history(*self.journal)

    def plan(self, day: date = AS_OF) -> Made:
        book, told = self.book(), self.history()
        add_history(book, told)
        build_facts(book, self.policy, day)
        decide(book.connection, self.policy)
        return done_together(Ground(self.policy, book, day, "try", told), MAKERS)

    def carry_out(self, actions: Iterable[Action], day: date = AS_OF, outcome: Event = Event.ACCEPTED) -> None:
        for action in actions:
            record = {**action_record(action), "to": ""}
            self._journal(record, day, outcome, {"names": self._names(action.customer)} if names(action) else {})

    def did(self, kind: str, day: date = AS_OF, outcome: Event = Event.ACCEPTED, **changed: object) -> str:
        """A deed of a ladder or of the limits, by its key."""
        record = {
            "customer": "C1", "creditor": "main", "item": "", "kind": kind, "stage": "credit", "channel": "",
            "task": "", "episode": "I1", "occurrence": 1, **changed,
        }  # fmt: skip
        record["id"] = key_of("try", record)
        said = {"names": self._names(str(record["customer"]))} if kind == "message" else {}
        self._journal(record, day, outcome, said)
        return str(record["id"])

    def undo(self, key: str, day: date) -> None:
        self.journal.append(
            Draft(Event.UNDONE, OPERATOR, key, "C1", "run", {"day": day.isoformat(), "because": "error"})
        )

    def _names(self, customer: str) -> dict[str, str]:
        row = next(row for row in self.customers if row["customer"] == customer)
        return {aspect: str(row[aspect]) for aspect in ("collector", "salesperson", "payment_terms") if row.get(aspect)}

    def _journal(self, record: Mapping[str, object], day: date, outcome: Event, said: Mapping[str, object]) -> None:
        key, customer = str(record["id"]), str(record["customer"])
        body = {"day": day.isoformat(), "decided_by": "evidence"}
        self.journal += [
            Draft(Event.INTENT, OPERATOR, key, customer, "run", {"action": record, "of": "together", **said}),
            Draft(Event.POINT_OF_NO_RETURN, OPERATOR, key, customer, "run", {}),
            Draft(outcome, OPERATOR, key, customer, "run", body),
        ]


def names(action: Action) -> bool:
    return action.kind.to_customer or action.kind is Kind.INTRODUCTION


def notices(made: Made) -> list[str]:
    """What customers are told, by the policy's words."""
    return [action.stage for action in made.actions if action.kind is Kind.NOTICE]


def lines(made: Made) -> list[tuple[str, str]]:
    """What colleagues are told, and who."""
    return [(action.task, action.person) for action in made.actions if action.kind is Kind.TASK]


def after(days: int) -> date:
    return AS_OF + timedelta(days)
