"""How often a customer may be contacted, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.contacts_left import DAY, Cap, contacts_in, counted_as, day_of, has_room, next_free, start_of
from duly.execution.ports import Recipient
from duly.journal.entry import Draft, Event
from duly.plan.plan import Kind
from tests.execution.model import AS_OF, ModelJournal, made_action

CAPS = st.builds(Cap, at_most=st.integers(1, 4), in_days=st.integers(1, 9))
DAYS = st.frozensets(st.integers(-20, 5).map(lambda n: AS_OF + n * DAY), max_size=12)


def windows(days: set[date], cap: Cap) -> bool:
    """The cap in its own words: no window of so many days holds more contact days."""
    ordered = sorted(days)
    return all(
        ordered[n + cap.at_most] - ordered[n] >= timedelta(days=cap.in_days) for n in range(len(ordered) - cap.at_most)
    )


@given(days=DAYS, cap=CAPS)
def test_there_is_room_exactly_where_no_window_would_hold_too_many(days: frozenset[date], cap: Cap) -> None:
    if windows(set(days), cap):
        assert has_room(days, AS_OF, cap) == windows({*days, AS_OF}, cap)


@given(days=DAYS, cap=CAPS)
def test_the_next_free_day_has_room_and_none_before_it_has(days: frozenset[date], cap: Cap) -> None:
    free = next_free(days, AS_OF, cap)
    assert free > AS_OF
    assert has_room(days, free, cap)
    assert not any(has_room(days, AS_OF + n * DAY, cap) for n in range(1, (free - AS_OF).days))


@given(cap=CAPS, asked=st.lists(st.integers(0, 30), max_size=30))
def test_whoever_asks_in_whatever_order_the_cap_is_kept(cap: Cap, asked: list[int]) -> None:
    days: set[date] = set()
    for number in asked:
        day = AS_OF + number * DAY
        if has_room(days, day, cap):
            days.add(day)
    assert windows(days, cap)
    assert all(one < other for one, other in pairwise(sorted(days)))


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        pytest.param("2026-03-31T22:30", "Europe/Berlin", AS_OF + DAY, id="past-midnight-where-the-customer-is"),
        pytest.param("2026-03-31T21:30", "Europe/Berlin", AS_OF, id="before-midnight-where-the-customer-is"),
        pytest.param("2026-04-01T02:00", "America/New_York", AS_OF, id="still-today-in-the-west"),
        pytest.param("2026-03-31T00:30", "America/New_York", AS_OF, id="never-before-the-plans-day"),
        pytest.param("2027-01-01T00:00", "Europe/Berlin", AS_OF, id="a-clock-far-away-is-not-believed"),
        pytest.param("2026-03-31T12:00", "Nowhere/Land", AS_OF, id="a-zone-that-does-not-exist"),
        pytest.param("2026-03-31T12:00", "", AS_OF, id="no-zone"),
    ],
)
def test_a_hand_over_counts_for_the_customers_own_day(moment: str, zone: str, day: date) -> None:
    assert day_of(datetime.fromisoformat(moment).replace(tzinfo=UTC), zone, AS_OF) == day


def test_a_day_starts_where_the_customer_is() -> None:
    assert start_of(date(2026, 3, 29), "Europe/Berlin").astimezone(UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert start_of(date(2026, 3, 30), "Europe/Berlin").astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        pytest.param({}, ("c1", "one@sample.test"), id="an-e-mail-reaches-an-inbox"),
        pytest.param({"channel": "letter"}, ("c1",), id="a-letter-reaches-no-inbox"),
        pytest.param({"kind": Kind.TASK, "task": "phone_call", "channel": ""}, ("c1",), id="a-call"),
    ],
)
def test_an_inbox_counts_whoever_it_belongs_to(changes: dict[str, object], names: tuple[str, ...]) -> None:
    recipient = Recipient("c1", "Sample Co", " One@Sample.TEST")
    assert counted_as(replace(made_action(), **changes), recipient) == names  # type: ignore[arg-type]


def test_the_journal_knows_contacts_by_customer_and_inbox_and_calls_that_people_recorded() -> None:
    journal = ModelJournal()
    record = {"kind": "message", "channel": "email", "task": ""}
    personal = {"recipient": {"email": "One@sample.test"}}
    for key, outcome in (("a", Event.ACCEPTED), ("b", Event.DEFERRED), ("c", Event.UNKNOWN)):
        day = {"day": f"2026-03-{20 + ord(key) - ord('a')}"}
        journal.append(Draft(Event.INTENT, "x", key, key, body={"action": record}, personal=personal))
        journal.append(Draft(Event.POINT_OF_NO_RETURN, "x", key, key, body=day))
        journal.append(Draft(outcome, "x", key, key, body=day if outcome is not Event.DEFERRED else {}))
    journal.append(Draft(Event.CALL, "x", customer="a", body={"day": "2026-03-25", "direction": "out"}))
    journal.append(Draft(Event.CALL, "x", customer="b", body={"day": "2026-03-25", "direction": "in"}))
    known = contacts_in(journal, date(2026, 3, 1))
    assert known == {
        "a": {date(2026, 3, 20), date(2026, 3, 25)},
        "one@sample.test": {date(2026, 3, 20), date(2026, 3, 22)},
        "c": {date(2026, 3, 22)},
    }
    assert contacts_in(journal, date(2026, 3, 21))["a"] == {date(2026, 3, 25)}
