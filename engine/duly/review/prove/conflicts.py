"""Rules that undo each other: a hold that is placed although its own release applies already.

Such a hold is placed one day and released the next, and then again. Both are decided in
full: once for the account as it is, and once for the account on the same day with the hold
in force. (Sales rules that stand down beat those that ask, and of credit limit rules that
hold together the lowest limit is proposed: these are no conflicts but what the policy means.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import z3

from duly.language.conditions import Value, leaves
from duly.language.policy import Hold
from duly.review.prove.finding import Finding, Sort, shown_on
from duly.review.prove.intervals import Domains, box_of, domains, overlap
from duly.review.prove.subject import Subject
from duly.review.prove.symbolic import decide
from duly.rules import meaning


def conflicts(subject: Subject) -> Iterator[Finding]:
    """Every hold that is placed and released at once, each shown on an account; raises `Unsettled`."""
    holds = subject.policy.holds
    every = domains([subject.policy]) if holds else {}
    for hold in holds:
        if _are_apart(hold, every) or _never_together(subject, hold) or not subject.is_possible(*_flaps(subject, hold)):
            continue
        alone = Subject(subject.policy, measure=subject.measure)
        alone.search.suppose(*_flaps(alone, hold))
        facts = alone.search.facts(alone.search.plainest())
        found = shown_on(subject.policy, alone, facts, _with(hold, facts))
        again = meaning.decide(subject.policy, {**facts, **_with(hold, facts)})
        if hold.id not in found.decision.place or hold.id not in again.release:
            raise AssertionError(f"the hold `{hold.id}` is not placed and released by the meaning of the policy")
        message = f"`{hold.id}` is placed on an account to which its release applies already"
        yield Finding(Sort.PLACED_AND_RELEASED, hold.release_span, message, found)


def _are_apart(hold: Hold, every: Domains) -> bool:
    """Say whether no account at all has what places the hold and what releases it, seen fact by fact."""
    place, release = box_of(hold.place, every), box_of(hold.release, every)
    return place is not None and release is not None and overlap(place, release) is None


def _never_together(subject: Subject, hold: Hold) -> bool:
    """Say whether no account can have both, however its facts are related; not of a release that asks for holds."""
    if any(leaf.fact in {"holds", "placed_today", "released_today"} for leaf in leaves(hold.release)):
        return False
    return not subject.is_possible(subject.holds(hold.place), subject.holds(hold.release))


def _flaps(subject: Subject, hold: Hold) -> Iterator[z3.BoolRef]:
    """That the hold is placed, and would be released on the same day were it in force."""
    facts = dict(subject.search.account.facts)
    inside = {**facts["holds"].members, hold.id: subject.ask.true}
    facts["holds"] = replace(facts["holds"], members=inside)
    yield subject.includes("placed_today", hold.id)
    yield decide(subject.policy, subject.ask, facts)["released_today"].members[hold.id]


def _with(hold: Hold, facts: Mapping[str, Value]) -> dict[str, Value]:
    held = facts["holds"]
    assert isinstance(held, frozenset)
    return {"holds": held | {hold.id}}
