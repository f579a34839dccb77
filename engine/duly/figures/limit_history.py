"""What was ever proposed about credit limits, what each person answered, and what was changed, from the journal.

A proposal is known from the first run that left it waiting, from the first signature
on it, or from its being carried out, whichever came first. Whether a signature
counts is not said here: it is shown as it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from duly.journal.approvals import Ruling, signed_in
from duly.journal.chain import STEPS
from duly.journal.entry import Entry, Event

LIMIT_PROPOSAL = "limit_proposal"
"""The kind of such an action, as intents and statements write it."""


class Happened(Enum):
    """What happened to a proposal."""

    PROPOSED = "proposed"
    SIGNED = "signed"
    REJECTED = "rejected"
    SET = "set"
    """The limit was changed, or whoever keeps the limits was told to."""
    NOT_SET = "not_set"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, on an ISO day: by whom, in which roles, and what was said."""

    day: str
    what: Happened
    by: str
    roles: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal and what happened to it, the earliest first; amounts in minor units, None where there was no limit."""

    key: str
    customer: str
    creditor: str
    rule: str
    currency: str
    before: int | None
    after: int
    steps: tuple[Step, ...] = ()


OUTCOMES: Mapping[Event, Happened] = {
    Event.ACCEPTED: Happened.SET,
    Event.CONFIRMED: Happened.SET,
    Event.FAILED: Happened.NOT_SET,
    Event.DEFERRED: Happened.NOT_SET,
    Event.SKIPPED: Happened.NOT_SET,
    Event.UNKNOWN: Happened.UNKNOWN,
}
"""What each outcome of the action says of the limit."""


def limit_history(entries: Iterable[Entry], customers: frozenset[str] = frozenset()) -> tuple[Proposed, ...]:
    """Every proposal in the order in which it was first heard of; of these customers alone, where any are named."""
    found: dict[str, Proposed] = {}
    for entry in entries:
        for proposal, step in _heard(entry, found):
            if customers and proposal.customer not in customers:
                continue
            known = found.setdefault(proposal.key, proposal)
            # A proposal that a later run left waiting again is the same one.
            if step.what is not Happened.PROPOSED or not known.steps:
                found[proposal.key] = replace(known, steps=(*known.steps, step))
    return tuple(found.values())


def _heard(entry: Entry, found: Mapping[str, Proposed]) -> Iterator[tuple[Proposed, Step]]:
    day = entry.body.get("day")
    day = day if isinstance(day, str) else entry.at[:10]
    if entry.event is Event.RUN_ENDED:
        left = entry.body.get("limits_proposed")
        for one in left if isinstance(left, list) else ():
            yield _proposed(one["action"], one, one["rule"]), Step(day, Happened.PROPOSED, entry.by)
    elif entry.event in {Event.APPROVED, Event.REJECTED}:
        yield from _signed(entry, day)
    elif entry.event is Event.INTENT:
        action = entry.body.get("action")
        if isinstance(action, dict) and action.get("kind") == LIMIT_PROPOSAL:
            said = {**action, **action.get("details", {})}
            yield _proposed(entry.key, said, action["stage"]), Step(day, Happened.PROPOSED, entry.by)
    elif entry.event in STEPS and entry.event in OUTCOMES and entry.key in found:
        words = next((entry.body[name] for name in ("reply", "explanation") if entry.body.get(name)), "")
        yield found[entry.key], Step(day, OUTCOMES[entry.event], entry.by, said=str(words))


def _signed(entry: Entry, day: str) -> Iterator[tuple[Proposed, Step]]:
    signed = signed_in(entry)
    if signed is None:
        return
    statement = signed.statement
    content = dict(statement.subject.content)
    if content.get("kind") != LIMIT_PROPOSAL or not content.get("limit_after"):
        return
    what = Happened.SIGNED if statement.ruling is Ruling.APPROVE else Happened.REJECTED
    proposal = _proposed(entry.key, content, content.get("stage", ""))
    yield proposal, Step(day, what, statement.by, statement.roles, statement.because)


def _proposed(key: str, said: Mapping[str, str], rule: str) -> Proposed:
    before = said["limit_before"]
    return Proposed(
        key=key,
        customer=said["customer"],
        creditor=said["creditor"],
        rule=rule,
        currency=said["currency"],
        before=int(before) if before else None,
        after=int(said["limit_after"]),
    )
