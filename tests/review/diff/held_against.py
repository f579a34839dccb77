"""Regions held against accounts by the thousand, which the columnar engine and the meaning decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from duly.book.connection import Connection
from duly.language.policy import Policy
from duly.review.diff.aspects import Aspects
from duly.review.diff.regions import Regions
from duly.rules import columnar, meaning
from duly.rules.decision import Decision
from tests.review.diff.pairs import facts_of

DIFFERENT, ALIKE = 3, 1
"""Accounts looked at of each pair of decisions that differ, and that do not."""


def decided(connection: Connection, old: Policy, new: Policy) -> Iterator[tuple[Decision, Decision, list[str]]]:
    """Each pair of decisions that the accounts are given, and whom."""
    given: defaultdict[tuple[Decision, Decision], list[str]] = defaultdict(list)
    columnar.decide(connection, old, into="before")
    columnar.decide(connection, new, into="after")
    after = dict(columnar.decisions_from(connection, "after"))
    for key, decision in columnar.decisions_from(connection, "before"):
        given[decision, after[key]].append(key[1])
    yield from ((one, other, customers) for (one, other), customers in given.items())


def contradictions(connection: Connection, old: Policy, new: Policy, found: Regions) -> Iterator[str]:
    """Everything in which the accounts of the table contradict the regions."""
    aspects = Aspects(old, new)
    looked: dict[str, tuple[Decision, Decision]] = {}
    for one, other, customers in decided(connection, old, new):
        differs = aspects.differences(one, other)
        if differs and found.is_complete and not found.found:
            yield f"called equal, but {customers[0]} is treated differently: {differs}"
        looked |= dict.fromkeys(customers[: DIFFERENT if differs else ALIKE], (one, other))
    for customer, facts in facts_of(connection, [old, new], list(looked)):
        one, other = looked[customer]
        assert (meaning.decide(old, facts), meaning.decide(new, facts)) == (one, other)
        differs = aspects.differences(one, other)
        inside = found.of(old, new, facts, one)
        if len({region.aspect for region in inside}) != len(inside):
            yield f"{customer} is in two regions of the same thing"
        for region in inside:
            if differs.get(region.aspect) != region.pair:
                yield f"{customer} is in a region of {region.pair} and gets {differs.get(region.aspect)}"
        lost = set(differs) - {region.aspect for region in inside} - set(found.unfinished)
        if lost:
            yield f"{customer} is treated differently and is in no region of {lost}"
    for region in found.found:
        one, other = (meaning.decide(policy, region.witness.all_facts) for policy in (old, new))
        if aspects.pair(region.aspect, one, other) != region.pair:
            yield f"a witness is not treated as its region says: {region.pair}"
