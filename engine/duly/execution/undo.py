"""Undoing what can be undone: a hold is released, a task or a request to a colleague is called back.

An undo is a deed of its own, with its own key, recorded and handed over like any
other; only when it is accepted is the first one called undone. What reached a
customer cannot be undone: the next message says otherwise, and a person writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from duly.execution.gate import Gate, handed_over
from duly.execution.hand_over import said
from duly.execution.ports import Accepted, Channel, Deed, Failed, Outcome, Recipient, Unknown, Unsendable
from duly.execution.reconcile import recover
from duly.execution.steps import Steps, intent_body, last_of, personal_of, sent_body
from duly.execution.world import route
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal
from duly.plan.plan import Action, Kind
from duly.plan.saved import action_of
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5

CALLED_BACK = "cancel_"
"""What stands before a task, or a hold, that is called back."""

REVERSED: Mapping[Kind, Kind] = {
    Kind.HOLD: Kind.RELEASE,
    Kind.TASK: Kind.TASK,
    Kind.SALES_REQUEST: Kind.SALES_REQUEST,
}
"""What can be undone, and the kind of deed that undoes it."""

INSTEAD: Mapping[Kind, str] = {
    Kind.MESSAGE: "a message cannot be called back: write to the customer",
    Kind.RELEASE: "place the hold again in the ledger, or let the policy place it",
    Kind.REFERRAL: "tell the agency",
    Kind.WRITE_OFF_PROPOSAL: "decline the proposal in the ledger",
    Kind.LIMIT_PROPOSAL: "propose and sign the former limit",
    Kind.CHARGE_PROPOSAL: "decline the proposal in the ledger",
    Kind.INTRODUCTION: "call the meeting off by hand",
    Kind.ADVICE: "tell the salesperson",
    Kind.NOTICE: "a message cannot be called back: write to the customer",
    Kind.STATEMENT: "a message cannot be called back: write to the customer",
    Kind.LIST: "tell those who got it",
}
"""What to do where it cannot be undone."""


DONE = frozenset({Event.ACCEPTED, Event.CONFIRMED})
"""Where an action stands that was carried out."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Who undoes which action, why, and the day it counts for."""

    key: str
    by: str
    because: str
    day: date


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of an undo: the deed that undoes, the channel's word, and the entry where it is undone."""

    action: Action
    outcome: Outcome
    entry: Entry | None


def undo(
    order: Undo,
    journal: Journal,
    channels: Mapping[str, Channel],
) -> Undone:
    """Undo an action. Raises `Refused` (5) where it cannot be, `RunIsActive` while a run holds the journal."""
    if not order.by.strip() or not order.because.strip():
        raise _refused("no-reason", "who undoes it, and why, must be said", "name both: --by NAME --because TEXT")
    with journal.run_lock():
        steps = Steps(journal, "", order.by)
        recover(steps)
        done = _done(journal, order.key)
        # It counts for the day on which it is undone, not for that of the plan.
        reverse = replace(reverse_of(done), not_before=order.day.isoformat())
        steps.know({order.key, reverse.id})
        channel = channels.get(route(reverse))
        if channel is None:
            raise _refused("no-channel", f"nothing says how `{route(reverse)}` leaves", "add it to channels.yaml")
        outcome = _handed_over(order, steps, done, reverse, channel)
        entry = _note(order, steps, done, reverse, outcome)
    return Undone(reverse, outcome, entry)


def reverse_of(done: Action) -> Action:
    """The deed that undoes another; raises `Refused` (5) where nothing does."""
    if done.kind not in REVERSED:
        said_of = done.kind.value.replace("_", " ")
        raise _refused("cannot-be-undone", f"a {said_of} cannot be undone", INSTEAD[done.kind])
    return replace(
        done,
        id=hashlib.sha256(f"undo\x1f{done.id}".encode()).hexdigest()[: len(done.id)],
        kind=REVERSED[done.kind],
        task=f"{CALLED_BACK}{done.task or done.kind.value}",
        approval=(),
    )


def _done(journal: Journal, key: str) -> Action:
    standing = journal.standing([key]).get(key)
    if standing is None or standing.event not in DONE:
        stands = standing.event.value.replace("_", " ") if standing else "not done"
        raise _refused("not-done", f"action `{key}` is {stands}: there is nothing to undo", "see `duly why`")
    intent = last_of(Event.INTENT, journal.entries(key=key))
    record = intent.body.get("action") if intent else None
    if not isinstance(record, dict):
        raise _refused("not-done", f"the journal does not say what action `{key}` was", "see `duly verify`")
    return action_of(record)


def _handed_over(order: Undo, steps: Steps, done: Action, reverse: Action, channel: Channel) -> Outcome:
    """The channel's word on the reversing deed; what it said before where it was handed over before."""
    stands = steps.stands(reverse.id)
    if stands in DONE:
        return Accepted("it was handed over before")
    if stands is Event.UNKNOWN:
        message = f"nobody knows whether `{reverse.id}` arrived, which undoes it"
        raise _refused("outcome-unknown", message, "settle it first: duly resolve")
    deed = Deed(reverse, _recipient(steps.journal, done))
    try:
        parcel = channel.pack(deed)
    except Unsendable as wrong:
        raise _refused(wrong.rule, str(wrong), "") from wrong
    about = {
        "plan": "",
        "policy": "",
        "as_of": order.day.isoformat(),
        "channel": channel.name,
        "confirms_by_hand": channel.confirms_by_hand,
        "content": parcel.digest,
        "reference": parcel.reference,
        "undoes": done.id,
        # It is not the stage that is carried out.
        "stage_has_message": True,
    }
    personal = personal_of(deed.recipient, parcel)
    steps.write(steps.draft(Event.INTENT, reverse, intent_body(reverse, about), personal))
    sent = steps.draft(Event.POINT_OF_NO_RETURN, reverse, sent_body(parcel, order.day))

    def passing() -> None:
        steps.write(sent)

    return handed_over(channel, parcel, Gate(passing))


def _note(order: Undo, steps: Steps, done: Action, reverse: Action, outcome: Outcome) -> Entry | None:
    """Record what came of it, and with an acceptance that the first deed is undone, together."""
    day = order.day.isoformat()
    undone = steps.draft(Event.UNDONE, done, {"because": order.because, "by_action": reverse.id, "day": day})
    match outcome:
        case Accepted(reply):
            drafts = [steps.draft(Event.ACCEPTED, reverse, {"reply": reply, "day": day}), undone]
            if steps.stands(reverse.id) in DONE:
                del drafts[0]
            return steps.write(*drafts)[-1]
        case Unknown(why):
            steps.write(
                steps.draft(Event.UNKNOWN, reverse, {"reason": "no_answer", "explanation": why, "day": day}),
            )
        case _:
            event = Event.FAILED if isinstance(outcome, Failed) else Event.DEFERRED
            steps.write(steps.draft(event, reverse, {"reason": "refused", "explanation": said(outcome)}))
    return None


def _recipient(journal: Journal, done: Action) -> Recipient:
    """Whom the first deed reached; only by id where that was erased."""
    intent = last_of(Event.INTENT, journal.entries(key=done.id))
    kept = journal.personal(intent).get("recipient") if intent else None
    if not isinstance(kept, dict):
        return Recipient(done.customer, done.person)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Recipient(**fields)


def _refused(rule: str, message: str, help_: str) -> Refused:
    return Refused([Problem(rule, NOWHERE, message, help_)], REFUSED)
