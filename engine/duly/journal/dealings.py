"""What the journal says of a customer's dealings with us: changes to its account, and whom it was told that it has.

A change is a hold, a release or a new credit limit that was carried out; one of which
nobody knows is none, and a hold that was taken back says when. What a message names is
known from the intent: the salesperson, the collector and the terms of payment as the
book had them. Only what reached the customer counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

CHANGING = frozenset({"hold", "release", "limit_proposal"})
"""The kinds of deed that change an account."""

NAMING = frozenset({"message", "notice", "statement", "introduction"})
"""The kinds of deed that name our people to the customer."""

COLLECTOR, SALESPERSON, TERMS = ASPECTS = ("collector", "salesperson", "payment_terms")
"""What of a customer's dealings is told in passing by whatever reaches it."""

NAMES = "names"
"""Where an intent says what its message names."""

UNDOES = "undoes"
"""Where an intent says which deed it takes back; it is the end of that one and no deed of its own."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """A deed that was carried out for certain; `customer` is the customer's id of today."""

    seq: int
    key: str
    customer: str
    day: date
    undone_on: date | None
    action: Mapping[str, object]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """A change to an account, by the key of the deed that made it; `rule` is the policy's word."""

    key: str
    kind: str
    customer: str
    creditor: str
    rule: str
    day: date
    undone_on: date | None = None
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Named:
    """What a customer was told, from a day on until it was told otherwise; `key` and `creditor` are of the first."""

    what: str
    since: date
    key: str
    creditor: str


@dataclass(frozen=True, slots=True)
class Introduced:
    """A meeting at which a customer meets its pair; `starts` is an ISO moment, and those who come have it taken."""

    customer: str
    salesperson: str
    collector: str
    starts: str
    attending: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dealings:
    """The changes in the order of the journal, what each customer was told by aspect, and the introductions.

    Of what a customer was told only the last two are kept: what it was told last, and what before.
    """

    changes: tuple[Change, ...] = ()
    named: Mapping[str, Mapping[str, tuple[Named, ...]]] = field(default_factory=lambda: MappingProxyType({}))
    introduced: tuple[Introduced, ...] = ()

    @cached_property
    def by_last_told(self) -> Mapping[tuple[str, ...], frozenset[str]]:
        """The customers that were told the same last, by what they were told of each of `ASPECTS`."""
        found: dict[tuple[str, ...], set[str]] = {}
        for customer, told in self.named.items():
            last = tuple(told[aspect][-1].what if aspect in told else "" for aspect in ASPECTS)
            found.setdefault(last, set()).add(customer)
        return {last: frozenset(customers) for last, customers in found.items()}

    @cached_property
    def told_twice(self) -> frozenset[str]:
        """The customers that were told one thing and later another."""
        return frozenset(
            customer for customer, told in self.named.items() if any(len(those) > 1 for those in told.values())
        )

    @cached_property
    def by_pair(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The customers that were introduced, by salesperson and collector."""
        found: dict[tuple[str, str], set[str]] = {}
        for one in self.introduced:
            found.setdefault((one.salesperson, one.collector), set()).add(one.customer)
        return {pair: frozenset(customers) for pair, customers in found.items()}

    @cached_property
    def met(self) -> frozenset[str]:
        """The customers that were introduced to any pair."""
        return frozenset(one.customer for one in self.introduced)


NO_DEALINGS = Dealings()


def dealings_of(deeds: Iterable[CarriedOut]) -> Dealings:
    """The dealings that deeds come to."""
    changes: list[Change] = []
    introduced: list[Introduced] = []
    named: dict[str, dict[str, tuple[Named, ...]]] = {}
    for deed in sorted(deeds, key=lambda deed: deed.seq):
        kind = str(deed.action.get("kind"))
        if UNDOES in deed.body:
            continue
        if kind in CHANGING:
            changes.append(_change(deed, kind))
        if kind not in NAMING or deed.undone_on:
            continue
        if kind == "introduction":
            introduced.append(_introduced(deed))
        for aspect, what in _names(deed).items():
            of = named.setdefault(deed.customer, {})
            of[aspect] = _told(of.get(aspect, ()), what, deed)
    return Dealings(tuple(changes), named, tuple(introduced))


def _change(deed: CarriedOut, kind: str) -> Change:
    return Change(
        key=deed.key,
        kind=kind,
        customer=deed.customer,
        creditor=str(deed.action.get("creditor") or ""),
        rule=str(deed.action.get("stage") or ""),
        day=deed.day,
        undone_on=deed.undone_on,
        details=MappingProxyType(_texts(deed.action.get("details"))),
    )


def _introduced(deed: CarriedOut) -> Introduced:
    details = _texts(deed.action.get("details"))
    attending = tuple(details[name] for name in ("attends_for_sales", "attends_for_credit") if details.get(name))
    seller, collector = details.get(SALESPERSON, ""), details.get(COLLECTOR, "")
    return Introduced(deed.customer, seller, collector, details.get("starts", ""), attending)


def _names(deed: CarriedOut) -> Mapping[str, str]:
    """What the deed's message names; an entry from before this was written says the collector at least."""
    names = _texts(deed.body.get(NAMES))
    if not names and deed.action.get("for_role") == COLLECTOR and deed.action.get("person"):
        names = {COLLECTOR: str(deed.action["person"])}
    return {aspect: names[aspect] for aspect in ASPECTS if names.get(aspect)}


def _told(before: tuple[Named, ...], what: str, deed: CarriedOut) -> tuple[Named, ...]:
    if before and before[-1].what == what:
        return before
    return (*before[-1:], Named(what, deed.day, deed.key, str(deed.action.get("creditor") or "")))


def _texts(found: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, Mapping) else {}
