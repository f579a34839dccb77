"""A policy case as values: a customer or a short ledger, and what the policy is expected to do.

A case stands in `<policy>.cases.yaml` beside its policy, and every value of it
knows its place. What the book would bring is given, never what the policy decides.
What is done must be expected and what is expected must be done: actions that an
expectation does not name fail the case, unless it says `actions: any`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType

from duly.book.raw import RawRows
from duly.language.conditions import Value
from duly.source import NOWHERE, Span


class What(Enum):
    """What sort of deed an expected action is; messages by their channel."""

    EMAIL = "email"
    LETTER = "letter"
    TASK = "task"
    REQUEST = "request"
    TELL = "tell"
    """Somebody is told that sales has not answered, by the sales rule."""
    HOLD = "hold"
    RELEASE = "release"
    REFERRAL = "referral"
    WRITE_OFF = "write_off"
    LIMIT = "limit"
    """A credit limit rule asks for another limit."""


@dataclass(frozen=True, slots=True)
class Said:
    """One word of the decision that is expected, such as `tone` with `firm`."""

    what: str
    value: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An action that is expected: a template, task, rule, hold or deed, and for whom where that is said.

    `approval` are the roles that must sign, `to` the limit that is asked for in
    minor units; None where nothing is said of them.
    """

    what: What
    name: str
    for_role: str = ""
    approval: frozenset[str] | None = None
    to: int | None = None
    span: Span = field(default=NOWHERE, compare=False)


SET_ASIDE = "first_contact_is_harshest"
"""Why everything is withheld from a customer of a ledger whom a plan would set aside."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is expected to be withheld: a stage, hold or message by its id, and the reason's word.

    `until` is the next day on which it could happen, where that is said.
    """

    what: str
    reason: str
    until: date | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Decider:
    """A rule that is expected to have decided, by its id or, where several bear it, by kind and id."""

    rule: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Promise:
    """A guarantee of the policy that is expected to be kept, by its id."""

    guarantee: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one day; of a customer, `on` is None.

    `actions` are all that happen, None where any may; `withheld` is all that is
    withheld and `by` every rule behind an action, None where that is left open.
    `keeps` are guarantees that what is decided must not break.
    """

    on: date | None = None
    said: tuple[Said, ...] = ()
    actions: tuple[Wanted, ...] | None = ()
    withheld: tuple[Kept, ...] | None = None
    by: tuple[Decider, ...] | None = None
    keeps: tuple[Promise, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer by its facts: those that are given, by the names of fact columns, money in minor units.

    What is left out follows from them or is zero, no, none or unknown (`review.cases.customer`).
    """

    given: Mapping[str, Value]
    places: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({}), compare=False)


class Happens(Enum):
    """What a day of a ledger brings about its deeds, beside the rows of the book."""

    NOTHING_RUNS = "nothing_runs"
    """No cycle is run on the day, so that nothing is carried out."""
    NOT_CARRIED_OUT = "not_carried_out"
    """What is proposed is refused or fails, and is proposed again."""
    NOBODY_KNOWS = "nobody_knows"
    """The stage was handed over, and nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Sales answers under a rule, by which its open request of then is answered."""

    day: date
    rule: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A short ledger and the days to look at: rows as a book has them, each known from its own day on.

    A single day is only looked at. In a run of days cycles are run from the first
    day to the last, on business days or on every day, and carry out what they
    propose. On days of which nothing is expected nothing may be done, unless `free`.
    `about` names creditor, customer and item of the account that is meant, each
    empty where that is no question.
    """

    rows: RawRows
    first: date
    last: date
    is_run: bool = False
    every_day: bool = False
    free: bool = False
    answers: tuple[Answer, ...] = ()
    about: tuple[str, str, str] = ("", "", "")
    happens: Mapping[date, frozenset[Happens]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Case:
    """One case: of whom, on which days, and what is expected."""

    id: str
    subject: Customer | Ledger
    expected: tuple[Expected, ...]
    because: str = ""
    span: Span = field(default=NOWHERE, compare=False)
