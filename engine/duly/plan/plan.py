"""A plan as values: what would be done, what is withheld, and why.

A plan is bound by digest to what it was made from, has a fixed order, and is the
same to the byte whenever it is made again from the same policy, book and day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType

from duly.language.conditions import Value
from duly.source import Problem, Span

FORMAT_VERSION = 3
"""Raised when a saved plan can no longer be read by an older reader."""


class Kind(Enum):
    """What sort of deed an action is."""

    MESSAGE = "message"
    TASK = "task"
    SALES_REQUEST = "sales_request"
    HOLD = "hold"
    RELEASE = "release"
    REFERRAL = "referral"
    WRITE_OFF_PROPOSAL = "write_off_proposal"
    LIMIT_PROPOSAL = "limit_proposal"
    CHARGE_PROPOSAL = "charge_proposal"
    INTRODUCTION = "introduction"
    ADVICE = "advice"
    NOTICE = "notice"
    STATEMENT = "statement"
    LIST = "list"

    @property
    def to_customer(self) -> bool:
        """Say whether the customer reads it, so that contact hours apply; only a message counts as a contact."""
        return self in {Kind.MESSAGE, Kind.NOTICE, Kind.STATEMENT}


@dataclass(frozen=True, slots=True)
class Because:
    """A rule that decided: its name, where it is written, and the values it read."""

    rule: str
    span: Span
    values: tuple[tuple[str, Value], ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that would be done.

    `id` is the action key: it has no day, run or file in it, so the same deed
    planned again has the same id. `amount` is in minor units of `currency`;
    where the invoices are in several currencies it is converted to the policy's
    and `amounts` has each. `not_before` is a moment in the customer's time zone
    for what reaches the customer, else the day. `to` is where a message goes, as
    the book has it: an e-mail address, or the lines of a postal one.

    What recurs by the calendar has its period in `episode`. A list is about nobody in
    particular: its `customer` is empty, and `item` is the colleague who gets it.
    `details` says what else the kind needs, by name: the limit of today and the one
    proposed, what changed, which list.
    """

    id: str
    customer: str
    creditor: str
    item: str
    kind: Kind
    stage: str
    tone: str
    channel: str
    template: str
    task: str
    for_role: str
    person: str
    not_before: str
    invoices: tuple[str, ...]
    amount: int
    currency: str
    amounts: tuple[tuple[str, int], ...]
    episode: str
    occurrence: int
    approval: tuple[str, ...]
    because: tuple[Because, ...]
    to: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def detail(self, name: str) -> str:
        """The detail of this name; empty where there is none."""
        return dict(self.details).get(name, "")


@dataclass(frozen=True, slots=True)
class Withheld:
    """One thing that is not done today, the reason, and the next day on which it could be.

    `next_possible` was found by deciding those days again with nothing else
    changed; None where no day up to `plan.ahead.HORIZON_DAYS` brings it.
    """

    customer: str
    creditor: str
    item: str
    what: str
    reason: str
    explanation: str
    next_possible: date | None
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class Digests:
    """What the plan was made from, by SHA-256; versions of what decided it."""

    policy: str
    book: str
    journal: str
    templates: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many accounts were looked at, and what the second opinion saw of them.

    `with_open_items` and `harsh` are what the next cycles are compared with: customers
    that owe something, and customers who get one of the two harshest tones; not those of a
    plan that is only for one customer (`is_part`).
    """

    accounts: int
    late: int
    with_open_items: int
    harsh: int
    first_engine: str
    second_engine: str
    looked_again: int
    facts_derived_again: int
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done on a day and everything that is withheld.

    `stops` says what would keep `apply` from carrying the plan out; `set_aside`
    names customers left out for bad rows or facts out of bounds. `policy_file` and
    `book` are the paths as they were named, `environment` the journal's.
    """

    policy: str
    title: str
    as_of: date
    author: str
    environment: str
    policy_file: str
    book: str
    currency: str
    digests: Digests
    counts: Counts
    actions: tuple[Action, ...]
    withheld: tuple[Withheld, ...]
    stops: tuple[Problem, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
