"""Meetings: who is invited, to when, and that the same meeting is the same."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from duly.execution.channels.calendar import invitation, is_meeting, meeting_time
from duly.execution.channels.routes import Route, route_of
from duly.execution.ports import Deed, Unsendable
from duly.messages.matter import Colleague
from duly.plan.plan import Kind
from tests.channels.deeds import ACTION, KEY, MATTER, MEETING, MESSAGE


def event_of(content: bytes) -> Event:
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def test_collector_and_salesperson_are_invited_to_the_next_morning() -> None:
    to, content = invitation(MEETING)
    event = event_of(content)
    assert to == ("north@amber.example", "sales@amber.example")
    assert str(Calendar.from_ical(content)["METHOD"]) == "REQUEST"
    assert str(event["UID"]) == f"{KEY}@duly"
    assert str(event["ORGANIZER"]) == "mailto:north@amber.example"
    assert [str(attendee) for attendee in event.attendees] == [
        "mailto:north@amber.example", "mailto:sales@amber.example",
    ]  # fmt: skip
    assert event.start == datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
    assert event.end == datetime(2026, 4, 1, 13, 30, tzinfo=UTC)
    assert "VTIMEZONE" in content.decode()


def test_the_same_meeting_is_the_same_bytes() -> None:
    assert invitation(MEETING) == invitation(MEETING)


@pytest.mark.parametrize(
    ("as_of", "zone", "country", "start"),
    [
        pytest.param(date(2026, 3, 26), "Europe/Berlin", "DE", "2026-03-27T09:00+01:00", id="thursday"),
        pytest.param(
            date(2026, 3, 27), "Europe/Berlin", "DE", "2026-03-30T09:00+02:00", id="friday-before-summer-time"
        ),
        pytest.param(date(2026, 4, 2), "Europe/Berlin", "DE", "2026-04-07T09:00+02:00", id="before-easter"),
        pytest.param(date(2026, 4, 2), "", "", "2026-04-03T09:00+00:00", id="nothing-known"),
    ],
)
def test_a_meeting_is_on_a_business_morning_where_the_colleague_is(
    as_of: date, zone: str, country: str, start: str
) -> None:
    assert meeting_time(as_of, zone, country) == datetime.fromisoformat(start)
    assert meeting_time(as_of, zone, country).tzinfo == ZoneInfo(zone or "UTC")


@pytest.mark.parametrize("zone", ["Atlantis/Centre", "../etc/passwd", "\0"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(Unsendable) as refused:
        meeting_time(date(2026, 3, 31), zone, "")
    assert refused.value.rule == "no-time-zone"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param("North\r\nATTENDEE:mailto:evil@x.example", "control-character", id="line"),
        pytest.param("=?utf-8?q?x?=", "encoded-word", id="encoded-word"),
    ],
)
def test_a_name_that_would_be_a_line_of_its_own_is_refused(name: str, rule: str) -> None:
    deed = replace(MEETING, matter=replace(MATTER, collector=Colleague("c", name, "c@amber.example")))
    with pytest.raises(Unsendable) as refused:
        invitation(deed)
    assert refused.value.rule == rule


@pytest.mark.parametrize("name", ['The "Quoted"; One, Two: Three', "株式会社", "a" * 200, "A\\nB"])
def test_an_odd_name_stays_in_its_place(name: str) -> None:
    deed = replace(
        MEETING,
        matter=replace(MATTER, collector=Colleague("c", name, "c@amber.example")),
        message=replace(MESSAGE, subject=name, text=f"{name}\nBEGIN:VEVENT\nATTENDEE:mailto:evil@x.example\n"),
    )
    event = event_of(invitation(deed)[1])
    assert [str(attendee) for attendee in event.attendees] == ["mailto:c@amber.example", "mailto:sales@amber.example"]
    assert str(event["SUMMARY"]) == name


def test_one_person_is_invited_once_and_nobody_is_nobody() -> None:
    alone = replace(MEETING, matter=replace(MATTER, salesperson=MATTER.collector))
    assert invitation(alone)[0] == ("north@amber.example",)
    with pytest.raises(Unsendable):
        invitation(replace(MEETING, matter=replace(MATTER, salesperson=None, collector=None)))


def introduction(starts: str = "2026-04-02T09:30+02:00", zone: str = "Europe/Berlin") -> Deed:
    action = replace(MEETING.action, kind=Kind.INTRODUCTION, details=(("starts", starts), ("time_zone", zone)))
    return replace(MEETING, action=action)


def test_an_introduction_is_when_the_plan_found_both_free_and_brings_the_sheet() -> None:
    to, content = invitation(introduction())
    event = event_of(content)
    assert to == ("north@amber.example", "sales@amber.example")
    assert event.start == datetime(2026, 4, 2, 7, 30, tzinfo=UTC)
    assert isinstance(event.start, datetime)
    assert (event.start.tzinfo, event.end - event.start) == (ZoneInfo("Europe/Berlin"), timedelta(minutes=30))
    assert str(event["DESCRIPTION"]) == MESSAGE.text
    attached = event["ATTACH"]
    assert (attached.params["FMTTYPE"], b64decode(attached.to_ical())) == ("text/html", MESSAGE.html.encode())
    assert "ATTACH" not in event_of(invitation(MEETING)[1])


@pytest.mark.parametrize(("starts", "zone"), [("soon", "Europe/Berlin"), ("2026-04-02T09:30+02:00", "Atlantis/Centre")])
def test_an_introduction_at_no_time_is_refused(starts: str, zone: str) -> None:
    with pytest.raises(Unsendable) as refused:
        invitation(introduction(starts, zone))
    assert refused.value.rule == "no-time"


@pytest.mark.parametrize(
    ("kind", "channel", "task", "route"),
    [
        (Kind.MESSAGE, "email", "", Route.EMAIL), (Kind.MESSAGE, "letter", "", Route.LETTER),
        (Kind.TASK, "", "phone_call", Route.TASK), (Kind.SALES_REQUEST, "", "find_out_why", Route.SALES_REQUEST),
        (Kind.SALES_REQUEST, "", "joint_meeting", Route.MEETING), (Kind.HOLD, "", "", Route.HOLD),
        (Kind.RELEASE, "", "", Route.RELEASE), (Kind.REFERRAL, "", "refer_to_agency", Route.REFERRAL),
        (Kind.WRITE_OFF_PROPOSAL, "", "propose_write_off", Route.WRITE_OFF_PROPOSAL),
        (Kind.INTRODUCTION, "", "", Route.MEETING), (Kind.NOTICE, "letter", "", Route.LETTER),
        (Kind.NOTICE, "email", "", Route.EMAIL),
    ],
)  # fmt: skip
def test_every_action_has_a_way_out(kind: Kind, channel: str, task: str, route: Route) -> None:
    action = replace(ACTION, kind=kind, channel=channel, task=task)
    assert route_of(action) is route
    assert is_meeting(action) == (route is Route.MEETING)
