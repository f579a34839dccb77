"""Whether a customer may be contacted once more today, whoever asks and by whatever channel.

A contact is a day on which something reaches the customer; a second message on the same
day is the same contact. What nobody knows the outcome of counts. Two customers who
read one inbox share the cap of that inbox: its reader is contacted by both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duly.execution.ports import Recipient
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal
from duly.language.policy import CONTACT_TASKS
from duly.plan.plan import Action, Kind
from duly.plan.stops import MOST_DAYS_FROM_TODAY

DAY = timedelta(days=1)

Contacts = Callable[[str], Iterable[date]]
"""The days on which a customer (by id) or an inbox (`inbox_of`) was contacted, in any order."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many contact days in any window of so many days."""

    at_most: int
    in_days: int


def reaches(action: Action) -> bool:
    """Say whether an action reaches the customer: a message, a call or a visit."""
    return action.kind is Kind.MESSAGE or (action.kind is Kind.TASK and action.task in CONTACT_TASKS)


def inbox_of(email: str) -> str:
    """The name under which an inbox is counted; upper and lower case are one inbox."""
    return email.strip().casefold()


def counted_as(action: Action, recipient: Recipient) -> tuple[str, ...]:
    """Under which names a contact counts: the customer, and the inbox that a message by e-mail goes to."""
    inbox = inbox_of(recipient.email) if action.kind is Kind.MESSAGE and action.channel == "email" else ""
    return (action.customer, inbox) if inbox else (action.customer,)


def has_room(days: Iterable[date], today: date, cap: Cap) -> bool:
    """Say whether one more contact today keeps every window of the cap; a day of contact stays one."""
    known = set(days)
    # As few days as that fill no window.
    if today in known or len(known) < cap.at_most:
        return True
    starts = (today - ahead * DAY for ahead in range(cap.in_days))
    return all(sum(0 <= (day - start).days < cap.in_days for day in known) < cap.at_most for start in starts)


def next_free(days: Iterable[date], today: date, cap: Cap) -> date:
    """The first day after today that has room, if nothing is added meanwhile."""
    known = frozenset(days)
    last = max(known | {today}) + cap.in_days * DAY
    day = today + DAY
    while day < last and not has_room(known, day, cap):
        day += DAY
    return day


def zone_of(time_zone: str) -> ZoneInfo | None:
    """The time zone of that name; None where there is none."""
    try:
        return ZoneInfo(time_zone) if time_zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def day_of(now: datetime, time_zone: str, as_of: date) -> date:
    """The day that a hand-over counts for: the customer's own day, and never one before the plan's.

    A run that goes on past midnight, is carried out a few days later, or reaches a
    customer where it is tomorrow already, counts for that day. Where the clock is further
    from the plan's day (a plan rehearsed for another day, a clock that jumped), it is the
    plan's day: everything else that the plan decided was decided for that.
    """
    local = now.astimezone(zone_of(time_zone) or UTC).date()
    return local if as_of < local <= as_of + MOST_DAYS_FROM_TODAY * DAY else as_of


def start_of(day: date, time_zone: str) -> datetime:
    """The first moment of a day where the customer is."""
    return datetime.combine(day, time(), zone_of(time_zone) or UTC)


def contacts_in(journal: Journal, since: date) -> dict[str, set[date]]:
    """The contact days that a journal knows from a day on, by customer and by inbox.

    Calls and visits that people recorded count; replies do not.
    """
    names: dict[str, tuple[str, ...]] = {}
    by_key: dict[str, set[date]] = {}
    days: dict[str, set[date]] = {}
    for entry in journal.entries():
        match entry.event:
            case Event.INTENT:
                names[entry.key] = tuple(_names(journal, entry))
            case Event.DEFERRED | Event.FAILED | Event.SKIPPED:
                by_key.pop(entry.key, None)
            case Event.POINT_OF_NO_RETURN | Event.ACCEPTED | Event.UNKNOWN | Event.CONFIRMED:
                by_key.setdefault(entry.key, set()).update(_days(entry, since))
            case Event.CALL if entry.body.get("direction") != "in":
                days.setdefault(entry.customer, set()).update(_days(entry, since))
            case _:
                pass
    for key, known in by_key.items():
        for name in names.get(key, ()):
            days.setdefault(name, set()).update(known)
    return days


def _names(journal: Journal, entry: Entry) -> Iterator[str]:
    action = entry.body.get("action")
    if not isinstance(action, dict):
        return
    is_message = action.get("kind") == Kind.MESSAGE.value
    if is_message or (action.get("kind") == Kind.TASK.value and action.get("task") in CONTACT_TASKS):
        yield entry.customer
    if is_message and action.get("channel") == "email" and "recipient" in entry.sealed:
        recipient = journal.personal(entry).get("recipient")
        if isinstance(recipient, dict) and recipient.get("email"):
            yield inbox_of(str(recipient["email"]))


def _days(entry: Entry, since: date) -> Iterator[date]:
    day = entry.body.get("day")
    if isinstance(day, str) and day >= since.isoformat():
        yield date.fromisoformat(day)
