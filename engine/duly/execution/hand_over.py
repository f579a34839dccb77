"""One attempt at one action, from the intent to what came of it.

    check → INTENT → the channel speaks → check again → POINT_OF_NO_RETURN → it leaves → outcome

The first check saves the trouble of packing what is not due any more. The one that
counts is made by the channel's own call at the last moment at which nothing has left,
on the book as it is then; only after it is the point of no return committed, and only
after that does anything leave. Whatever raises before it leaves nothing behind but an
intent, which the next run takes up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from duly.execution.contacts_left import counted_as, day_of, has_room, next_free, reaches, start_of
from duly.execution.gate import ChannelBroken, Gate, handed_over
from duly.execution.ports import (
    Accepted,
    Channel,
    Deed,
    Deferred,
    Failed,
    NotDue,
    Outcome,
    Parcel,
    Recipient,
    Unknown,
    Unsendable,
)
from duly.execution.report import Came, Result
from duly.execution.steps import Steps, intent_body, names_of, personal_of, sent_body, wording_of
from duly.execution.world import RunOrder, World
from duly.journal.entry import Draft, Event, written
from duly.plan.plan import Action


class Stopped(Exception):
    """The run is to stop, and nothing of this action has left."""


class Withdrawn(Exception):
    """The second look, just before, says that the action is not to be done."""

    def __init__(self, reason: NotDue) -> None:
        super().__init__(reason.reason)
        self.why = reason


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the book found still due, and the day on which it would count as a contact."""

    deed: Deed
    day: date


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt; `outcome` is the channel's word where it was asked."""

    result: Result
    outcome: Outcome | None = None


@dataclass(slots=True)
class HandOver:
    """How one run hands its actions over."""

    order: RunOrder
    world: World
    steps: Steps
    unrecorded: str = field(default="", init=False)
    """What the peer said last, while the journal does not have it yet."""
    _sent: dict[str, date] = field(default_factory=dict, init=False)
    """The day that each action passed its point of no return for; its outcome counts for the same."""
    _contacted: dict[str, dict[str, date]] = field(default_factory=dict, init=False)
    """The days of this run's own contacts, by customer or inbox and by action."""

    def attempt(self, action: Action, tries: int) -> Attempt:
        """Carry an action through its steps once; raises `Stopped`, `JournalFailed`, and `Refused` from the check."""
        channel = self.world.channels[self.world.route(action)]
        found = self._look(action)
        if isinstance(found, NotDue):
            return self._kept_back(action, found, self._intent(action, channel))
        try:
            parcel = channel.pack(found.deed)
        except Unsendable as wrong:
            body = {"reason": wrong.rule, "explanation": str(wrong)}
            self.steps.write(self._intent(action, channel), self.steps.draft(Event.FAILED, action, body))
            return Attempt(Result(action, Came.FAILED, wrong.rule, str(wrong)))
        self.steps.write(self._intent(action, channel, (found.deed, parcel)))
        try:
            outcome = handed_over(channel, parcel, Gate(lambda: self._pass(action, found.deed, parcel)))
        except Withdrawn as withdrawn:
            return self._kept_back(action, withdrawn.why)
        except ChannelBroken as broken:
            self._own_up(action, found, parcel, broken)
            raise
        return self._came_of(action, found.deed, outcome, tries)

    def ask_again(self, action: Action) -> Attempt:
        """Hand an UNKNOWN over again to a peer that takes a key only once, if it is the same content and still due.

        The point of no return is recorded already. Only an acceptance is news: a
        refusal now says nothing about what was taken then.
        """
        channel = self.world.channels[self.world.route(action)]
        before = self.world.journal.standing([action.id])[action.id]
        found = self._look(action)
        if isinstance(found, NotDue):
            return Attempt(Result(action, Came.UNKNOWN, "not_asked_again", found.explanation))
        try:
            parcel = channel.pack(found.deed)
        except Unsendable as wrong:
            return Attempt(Result(action, Came.UNKNOWN, wrong.rule, str(wrong)))
        if parcel.digest != before.content:
            why = "what would be handed over is not what was handed over"
            return Attempt(Result(action, Came.UNKNOWN, "other_content", why))

        def passing() -> None:
            self._count(action, found.deed, self._second_look(action, found.deed).day)

        try:
            outcome = handed_over(channel, parcel, Gate(passing))
        except Withdrawn as withdrawn:
            return Attempt(Result(action, Came.UNKNOWN, "not_asked_again", withdrawn.why.explanation))
        if not isinstance(outcome, Accepted):
            return Attempt(Result(action, Came.UNKNOWN, "not_known", said(outcome)), outcome)
        body = {
            "reply": outcome.reply,
            "day": self._sent[action.id].isoformat(),
            "decided_by": "peer",
            "because": "it takes the same key only once, and has it now",
        }
        self._record(action, Event.ACCEPTED, body, outcome)
        return Attempt(Result(action, Came.ACCEPTED, explanation=outcome.reply), outcome)

    def _look(self, action: Action) -> Seen | NotDue:
        """The fresh check and the contact cap, at this moment."""
        now = self.world.clock.now()
        opens = _moment(action.not_before)
        if opens is not None and now < opens:
            return NotDue("not_yet", f"it may not leave before {action.not_before}", opens)
        found = self.world.check(action, now)
        if isinstance(found, NotDue):
            return found
        recipient = found.deed.recipient
        today = day_of(now, recipient.time_zone, self.order.as_of)
        free = self._free_again(action, recipient, today)
        if free is not None:
            cap = self.order.cap
            said = f"contacted on as many days as allowed: {cap.at_most} in {cap.in_days}" if cap else ""
            return NotDue("contact_cap", said, start_of(free, recipient.time_zone))
        return Seen(found.deed, today)

    def _free_again(self, action: Action, recipient: Recipient, today: date) -> date | None:
        """The next day with room under the contact cap; None where there is room today."""
        cap = self.order.cap
        if cap is None or not reaches(action):
            return None
        known = (frozenset(self._days(name)) for name in counted_as(action, recipient))
        return max((next_free(days, today, cap) for days in known if not has_room(days, today, cap)), default=None)

    def _days(self, name: str) -> Iterable[date]:
        yield from self.world.contacts(name)
        yield from self._contacted.get(name, {}).values()

    def _second_look(self, action: Action, deed: Deed) -> Seen:
        if self.world.stop():
            raise Stopped
        found = self._look(action)
        if isinstance(found, NotDue):
            raise Withdrawn(found)
        if not says_the_same(found.deed, deed):
            raise Withdrawn(NotDue("changed_meanwhile", "what the book says of it changed while it was handed over"))
        return found

    def _pass(self, action: Action, deed: Deed, parcel: Parcel) -> None:
        """The point of no return: the last look, then the record; what raises here keeps everything back."""
        day = self._second_look(action, deed).day
        self.steps.write(self.steps.draft(Event.POINT_OF_NO_RETURN, action, sent_body(parcel, day)))
        self._count(action, deed, day)

    def _count(self, action: Action, deed: Deed, day: date) -> None:
        """From here on the customer may have it: it counts for the day, whatever comes of it."""
        self._sent[action.id] = day
        if reaches(action):
            for name in counted_as(action, deed.recipient):
                self._contacted.setdefault(name, {})[action.id] = day

    def _intent(self, action: Action, channel: Channel, packed: tuple[Deed, Parcel] | None = None) -> Draft:
        about: dict[str, object] = {
            "plan": self.order.plan,
            "policy": self.order.policy,
            "as_of": self.order.as_of.isoformat(),
            "channel": channel.name,
            "confirms_by_hand": channel.confirms_by_hand,
            **self.order.about.get(action.id, {}),
        }
        if packed is None:
            return self.steps.draft(Event.INTENT, action, intent_body(action, about))
        deed, parcel = packed
        body = intent_body(
            action,
            {
                **about,
                **wording_of(deed.message),
                **names_of(deed),
                "content": parcel.digest,
                "reference": parcel.reference,
            },
        )
        subject = {"subject": deed.message.subject} if deed.message else {}
        return self.steps.draft(Event.INTENT, action, body, personal_of(deed.recipient, parcel) | subject)

    def _kept_back(self, action: Action, why: NotDue, intent: Draft | None = None) -> Attempt:
        """Record why an action is not handed over: for good, or until a moment."""
        until = written(why.not_before) if why.not_before else ""
        event, came = (Event.DEFERRED, Came.DEFERRED) if until else (Event.SKIPPED, Came.SKIPPED)
        body = {"reason": why.reason, "explanation": why.explanation}
        draft = self.steps.draft(event, action, {**body, "not_before": until} if until else body)
        self.steps.write(*((intent, draft) if intent else (draft,)))
        return Attempt(Result(action, came, why.reason, why.explanation, until))

    def _forget(self, action: Action, deed: Deed) -> None:
        """What the peer refused was no contact."""
        for name in counted_as(action, deed.recipient):
            self._contacted.get(name, {}).pop(action.id, None)

    def _came_of(self, action: Action, deed: Deed, outcome: Outcome, tries: int) -> Attempt:
        """Record the channel's word. What the whole channel refused is not the action's fault and is only deferred."""
        match outcome:
            case Accepted(reply):
                day = self._sent[action.id].isoformat()
                self._record(action, Event.ACCEPTED, {"reply": reply, "day": day}, outcome)
                return Attempt(Result(action, Came.ACCEPTED, explanation=reply), outcome)
            case Unknown(why):
                day = self._sent[action.id].isoformat()
                self._record(action, Event.UNKNOWN, {"reason": "no_answer", "explanation": why, "day": day}, outcome)
                return Attempt(Result(action, Came.UNKNOWN, "no_answer", why), outcome)
            case Failed(reply, all=False):
                self._forget(action, deed)
                self._record(action, Event.FAILED, {"reason": "refused", "explanation": reply}, outcome)
                return Attempt(Result(action, Came.FAILED, "refused", reply), outcome)
            case Deferred(reply) | Failed(reply):
                self._forget(action, deed)
                asked = float(outcome.seconds) if isinstance(outcome, Deferred) else 0.0
                rest = self.order.retries.after(tries, asked) or max(asked, self.order.retries.longest)
                until = written(self.world.clock.now() + timedelta(seconds=rest))
                reason = "channel_refused" if isinstance(outcome, Failed) else "put_off_by_peer"
                body = {"reason": reason, "explanation": reply, "not_before": until}
                self._record(action, Event.DEFERRED, body, outcome)
                return Attempt(Result(action, Came.DEFERRED, reason, reply, until), outcome)

    def _record(self, action: Action, event: Event, body: Mapping[str, object], outcome: Outcome) -> None:
        """Commit the outcome; until that is done only this process knows it."""
        self.unrecorded = said(outcome)
        self.steps.write(self.steps.draft(event, action, body))
        self.unrecorded = ""

    def _own_up(self, action: Action, seen: Seen, parcel: Parcel, broken: ChannelBroken) -> None:
        """Record what a broken channel may have done, so that it is not done again."""
        if self.steps.stands(action.id) is Event.POINT_OF_NO_RETURN:
            return
        body = {"reason": "channel_broken", "explanation": str(broken), "day": seen.day.isoformat()}
        self.steps.write(
            self.steps.draft(Event.POINT_OF_NO_RETURN, action, sent_body(parcel, seen.day)),
            self.steps.draft(Event.UNKNOWN, action, body),
        )


def says_the_same(one: Deed, other: Deed) -> bool:
    """Say whether two deeds would tell the same people the same.

    Where the matter is known it is compared, and not the forms made from it; of a list, the forms are all there is.
    """
    if (one.action, one.recipient, one.matter) != (other.action, other.recipient, other.matter):
        return False
    if one.files != other.files:
        return False
    return one.matter is not None or _digest(one) == _digest(other)


def said(outcome: Outcome) -> str:
    """An outcome in the peer's words."""
    match outcome:
        case Accepted(reply):
            return f"accepted: {reply}"
        case Deferred(reply):
            return f"deferred: {reply}"
        case Failed(reply):
            return f"refused: {reply}"
        case Unknown(why):
            return f"not known: {why}"


def _digest(deed: Deed) -> str:
    return deed.message.digest if deed.message else ""


def _moment(text: str) -> datetime | None:
    """The moment of an action's `not_before`; a day alone is none."""
    return datetime.fromisoformat(text) if "T" in text else None
