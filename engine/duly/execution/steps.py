"""The steps of a run as it writes them: one committed entry each, and none after one that failed.

A run knows where its actions stand by what the journal said when it began and by what
it has written since. Somebody else's step in between makes the journal refuse the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.execution.failpoints import failpoint
from duly.execution.ports import Deed, Parcel, Recipient
from duly.journal.dealings import COLLECTOR, NAMES, SALESPERSON, TERMS
from duly.journal.entry import Draft, Entry, Event
from duly.journal.states import Standing
from duly.journal.store import Journal, JournalFailed
from duly.messages.matter import Rendered
from duly.plan.document import action_record
from duly.plan.plan import Action, Kind

NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(slots=True)
class Steps:
    """The journal in the hand of one run."""

    journal: Journal
    run: str
    by: str
    failure: JournalFailed | None = field(default=None, init=False)
    _standing: dict[str, Standing] = field(default_factory=dict, init=False)
    _since: dict[str, Event] = field(default_factory=dict, init=False)
    _attempts: dict[str, int] = field(default_factory=dict, init=False)

    def know(self, keys: Collection[str]) -> None:
        """Read where the actions stand."""
        self._standing = dict(self.journal.standing(keys))
        self._since = {}
        self._attempts = dict.fromkeys(keys, 0) | {key: found.attempt for key, found in self._standing.items()}

    def stands(self, key: str) -> Event | None:
        """The last event of an action; None where nothing has happened to it."""
        standing = self._standing.get(key)
        return self._since.get(key, standing.event if standing else None)

    def before(self, key: str) -> Standing | None:
        """Where an action stood when the run began; None where nothing had happened to it, or something has since."""
        return None if key in self._since else self._standing.get(key)

    def draft(
        self, event: Event, action: Action, body: Mapping[str, object], personal: Mapping[str, object] = NOTHING
    ) -> Draft:
        """An entry about an action."""
        return Draft(event, self.by, action.id, action.customer, self.run, body, personal)

    def write(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Commit the entries together; raises `JournalFailed`, and nothing is written from then on."""
        if self.failure:
            raise self.failure
        place = drafts[-1].event.value
        try:
            failpoint(f"before-{place}")
            entries = self.journal.append(*self._numbered(drafts))
            failpoint(f"after-{place}")
        except OSError as wrong:
            self.failure = JournalFailed("journal-not-written", f"the journal could not be written: {wrong.strerror}")
            raise self.failure from wrong
        except JournalFailed as wrong:
            self.failure = wrong
            raise
        self._since.update((draft.key, draft.event) for draft in drafts if draft.key)
        self._attempts.update((entry.key, entry.attempt) for entry in entries if entry.key)
        return entries

    def _numbered(self, drafts: Iterable[Draft]) -> Iterator[Draft]:
        """The drafts with the attempt that each belongs to, so that no step is taken of somebody else's."""
        begun: set[str] = set()
        for draft in drafts:
            if draft.key not in self._attempts:
                yield draft
                continue
            if draft.event is Event.INTENT:
                begun.add(draft.key)
            attempt = self._attempts[draft.key] + (draft.key in begun)
            yield Draft(
                draft.event, draft.by, draft.key, draft.customer, draft.run, draft.body, draft.personal, attempt
            )


def intent_body(action: Action, about: Mapping[str, object]) -> dict[str, object]:
    """What an intent says: the whole action but where it goes, which is personal, and what else is known of it."""
    return {"action": {**action_record(action), "to": ""}, **about}


def personal_of(recipient: Recipient, parcel: Parcel) -> dict[str, object]:
    """What an intent holds that can be erased: whom it reaches, and where."""
    kept: dict[str, object] = {
        "customer": recipient.customer,
        "name": recipient.name,
        "email": recipient.email,
        "address": list(recipient.address),
        "language": recipient.language,
        "country": recipient.country,
        "time_zone": recipient.time_zone,
    }
    return {"recipient": kept, "to": list(parcel.to)}


def wording_of(message: Rendered | None) -> dict[str, object]:
    """What an intent says of the words of a message: which template, in which language, who signed it, its digest."""
    if message is None:
        return {}
    wording = {"file": message.file, "language": message.language, "signed_by": message.signed_by}
    return {"message": {**wording, "digest": message.digest}}


def names_of(deed: Deed) -> dict[str, object]:
    """What an intent says of whom and what a message names to the customer, so that a change of it can be told.

    An introduction names the pair, whoever stands in for one of it at the meeting.
    """
    action, matter = deed.action, deed.matter
    if action.kind is Kind.INTRODUCTION:
        return {NAMES: {aspect: action.detail(aspect) for aspect in (COLLECTOR, SALESPERSON)}}
    if matter is None or not action.kind.to_customer:
        return {}
    named = {
        COLLECTOR: matter.collector.id if matter.collector else "",
        SALESPERSON: matter.salesperson.id if matter.salesperson else "",
        TERMS: str(matter.terms) if matter.terms is not None else "",
    }
    return {NAMES: {aspect: what for aspect, what in named.items() if what}}


def sent_body(parcel: Parcel, day: date) -> dict[str, object]:
    """What a point of no return says: what left, how it can be found again, and the day it counts for."""
    return {
        "content": parcel.digest,
        "reference": parcel.reference,
        "channel": parcel.channel,
        "day": day.isoformat(),
    }


def last_of(event: Event, entries: Iterable[Entry]) -> Entry | None:
    """The last entry of an event; None where there is none."""
    last = None
    for entry in entries:
        if entry.event is event:
            last = entry
    return last
