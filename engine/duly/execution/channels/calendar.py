"""Meetings as invitations that a calendar understands (iCalendar, RFC 5545 and 5546).

Collector and salesperson are invited to the first half hour of the next business
morning, in the time zone of whom the request is for; to an introduction at the time
that the plan found free for both, with the talking sheet as description and attachment.
The UID comes from the action's key, so that the same meeting sent again is the same meeting.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Event, vBinary, vCalAddress, vText

from duly.dates import add_business_days
from duly.execution.channels.addresses import checked_address
from duly.execution.channels.mail import Part, body_text, header_text, moment_of
from duly.execution.channels.parcels import checked_key
from duly.execution.ports import Deed, Unsendable
from duly.messages.matter import Colleague, Matter, Rendered
from duly.plan.plan import Action, Kind

MEETINGS = frozenset({"joint_meeting"})
"""What sales is asked that is a meeting."""

MORNING = time(9)
LENGTH = timedelta(minutes=30)


def is_meeting(action: Action) -> bool:
    """Say whether an action asks people to meet."""
    return action.kind is Kind.INTRODUCTION or (action.kind is Kind.SALES_REQUEST and action.task in MEETINGS)


def invitation(deed: Deed) -> tuple[tuple[str, ...], bytes]:
    """Who is invited, and the invitation; raises `Unsendable`."""
    matter = deed.matter
    if matter is None:
        raise Unsendable("no-message", "there is nothing to invite to")
    people = _people(matter)
    start = _starts(deed, matter)
    event = Event()
    event.add("uid", f"{checked_key(deed.action)}@duly")
    event.add("sequence", 0)
    event.add("dtstamp", moment_of(deed).astimezone(UTC))
    event.add("dtstart", start)
    event.add("dtend", start + LENGTH)
    event.add("summary", header_text(deed.message.subject if deed.message else matter.customer.name))
    if deed.message is not None:
        event.add("description", body_text(deed.message.text))
    if deed.message is not None and deed.action.kind is Kind.INTRODUCTION:
        event.add("attach", _sheet(deed.message))
    event.add("organizer", _person(people[0]), encode=False)
    for person in people:
        attendee = _person(person)
        attendee.params["role"] = vText("REQ-PARTICIPANT")
        attendee.params["partstat"] = vText("NEEDS-ACTION")
        attendee.params["rsvp"] = vText("TRUE")
        event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//duly//collections//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    # A calendar program need not know the zone's rules: they travel with the invitation.
    calendar.add_missing_timezones(first_date=date(start.year, 1, 1), last_date=date(start.year + 1, 1, 1))
    return tuple(person.email for person in people), calendar.to_ical()


def invitation_part(deed: Deed) -> Part:
    """The invitation as a part of an e-mail; raises `Unsendable`."""
    _, content = invitation(deed)
    return Part("calendar", content.decode(), (("method", "REQUEST"),))


def meeting_time(as_of: date, zone: str, country: str) -> datetime:
    """The morning of the next business day after the day, in the time zone."""
    day = add_business_days(as_of, 1, country)
    try:
        known = ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise Unsendable("no-time-zone", f"there is no time zone `{zone}`") from None
    return datetime.combine(day, MORNING, known)


def _starts(deed: Deed, matter: Matter) -> datetime:
    """When the plan says, in the zone that it says; else the next business morning."""
    planned, zone = deed.action.detail("starts"), deed.action.detail("time_zone")
    if not planned:
        return meeting_time(matter.as_of, deed.recipient.time_zone, deed.recipient.country)
    try:
        return datetime.fromisoformat(planned).astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        raise Unsendable("no-time", f"there is no time `{planned}` in `{zone}`") from None


def _sheet(message: Rendered) -> vBinary:
    """The talking sheet as a page, to be printed or kept."""
    attached = vBinary(message.html.encode())
    attached.params["fmttype"] = vText("text/html")
    attached.params["filename"] = vText("talking-sheet.html")
    return attached


def _people(matter: Matter) -> tuple[Colleague, ...]:
    """Collector and salesperson, the organizer first; the same person once."""
    named = [person for person in (matter.collector, matter.salesperson) if person is not None and person.email]
    people = {checked_address(person.email).lower(): person for person in named}
    if not people:
        raise Unsendable("no-address", "neither the collector nor the salesperson has an e-mail address")
    return tuple(people.values())


def _person(person: Colleague) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}")
    address.params["cn"] = vText(header_text(person.name or person.id).replace('"', "'"))
    return address
