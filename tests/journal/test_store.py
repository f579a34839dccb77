"""What every store promises, whichever keeps the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from duly.journal.chain import standing_of
from duly.journal.entry import Draft, Event
from duly.journal.sqlite import PAGE
from duly.journal.states import NEXT
from duly.journal.store import JournalFailed, RunIsActive, StepTaken, Store
from tests.journal.journals import OPERATOR, events, handed_over, step
from tests.journal.stores import STORES, Made


@pytest.fixture(params=STORES)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    with request.param(tmp_path, request) as made:
        yield made


@pytest.fixture
def store(made: Made) -> Store:
    return made.store


WAYS_TO: dict[Event | None, tuple[Event, ...]] = {
    None: (),
    Event.INTENT: (Event.INTENT,),
    Event.SKIPPED: (Event.INTENT, Event.SKIPPED),
    Event.POINT_OF_NO_RETURN: (Event.INTENT, Event.POINT_OF_NO_RETURN),
    Event.DEFERRED: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.DEFERRED),
    Event.FAILED: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.FAILED),
    Event.UNKNOWN: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.UNKNOWN),
    Event.ACCEPTED: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED),
    Event.CONFIRMED: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED, Event.CONFIRMED),
    Event.BOUNCED: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED, Event.BOUNCED),
    Event.UNDONE: (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED, Event.UNDONE),
}


def test_every_state_has_a_way_to_it() -> None:
    assert WAYS_TO.keys() == NEXT.keys()


def test_an_event_is_taken_where_it_may_follow_and_nowhere_else(store: Store) -> None:
    steps = [event for event in NEXT if event is not None]
    for last, way in WAYS_TO.items():
        for event in steps:
            key = f"{last}-{event}"
            for before in way:
                store.append(step(before, key))
            before_it = store.head()
            if event in NEXT[last]:
                store.append(step(event, key, decided_by="evidence"))
                assert store.standing([key])[key].event is event
            else:
                with pytest.raises(StepTaken, match=event.value):
                    store.append(step(event, key, decided_by="evidence"))
                assert store.head() == before_it
                assert events(store, key) == [e.value for e in way]


def test_what_nobody_knew_is_settled_only_by_somebody_who_decided(store: Store) -> None:
    store.append(step(Event.INTENT), step(Event.POINT_OF_NO_RETURN), step(Event.UNKNOWN))
    with pytest.raises(StepTaken, match="only where somebody decided"):
        store.append(step(Event.ACCEPTED))
    store.append(step(Event.ACCEPTED, decided_by="Amber"))


def test_a_step_is_of_the_attempt_that_it_names_or_refused(store: Store) -> None:
    store.append(step(Event.INTENT), step(Event.POINT_OF_NO_RETURN), step(Event.FAILED), step(Event.INTENT))
    late = Draft(Event.POINT_OF_NO_RETURN, OPERATOR, "k1", attempt=1)
    with pytest.raises(StepTaken, match="belongs to attempt 1, and there is attempt 2"):
        store.append(late)
    store.append(Draft(Event.POINT_OF_NO_RETURN, OPERATOR, "k1", attempt=2))


def test_drafts_are_appended_all_or_none(store: Store) -> None:
    store.append(step(Event.INTENT, "taken"))
    head = store.head()
    with pytest.raises(StepTaken):
        store.append(step(Event.INTENT, "new"), step(Event.ACCEPTED, "taken"))
    assert store.head() == head
    assert store.standing(["new", "taken"]).keys() == {"taken"}


def test_drafts_of_one_append_follow_one_another(store: Store) -> None:
    entries = store.append(*handed_over())
    assert [entry.event for entry in entries] == [Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED]
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert (store.head().seq, store.head().hash) == (entries[-1].seq, entries[-1].hash)


def test_nothing_appended_is_nothing_written(store: Store) -> None:
    head = store.head()
    assert store.append() == ()
    assert store.head() == head


def test_an_attempt_counts_the_intents_of_its_key(store: Store) -> None:
    failed = (step(Event.INTENT), step(Event.POINT_OF_NO_RETURN), step(Event.FAILED))
    entries = store.append(*failed, *failed, step(Event.APPROVED), step(Event.APPROVED, "other"))
    assert [entry.attempt for entry in entries] == [1, 1, 1, 2, 2, 2, 2, 0]


def test_what_is_read_back_is_what_was_answered(store: Store) -> None:
    body = {"text": "Grün & Söhne 株式会社 \u0000 \x1b[2J", "list": [1, True, None, {"deep": []}], "large": 2**70}
    written = store.append(Draft(Event.CALL, "Ünal", customer="C-Ü", run="r", body=body, personal={"note": {"a": [1]}}))
    assert tuple(store.entries(after=1)) == written
    assert written[0].body == body
    assert store.personal(written[0]) == {"note": {"a": [1]}}


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(Draft(Event.CALL, "p", body={"amount": 1.5}), id="a float"),
        pytest.param(Draft(Event.CALL, "p", personal={"amount": [float("nan")]}), id="not a number"),
        pytest.param(Draft(Event.CALL, "p", body={"a": "\ud800"}), id="a lone surrogate"),
        pytest.param(Draft(Event.CALL, "p", body={"a": {1: 2}}), id="a name that is no text"),
        pytest.param(Draft(Event.CALL, "p", body={"clock": "x"}), id="the journal's own word"),
        pytest.param(Draft(Event.CALL, ""), id="nobody says so"),
        pytest.param(Draft(Event.INTENT, "p"), id="a step without a key"),
        pytest.param(Draft(Event.CALL, "p", customer="a\0b"), id="a null character"),
        pytest.param(Draft(Event.CREATED, "p"), id="a second beginning"),
    ],
)
def test_what_could_not_be_read_back_is_refused(store: Store, draft: Draft) -> None:
    head = store.head()
    with pytest.raises(JournalFailed) as refused:
        store.append(draft)
    assert refused.value.rule == "bad-entry"
    assert store.head() == head


@pytest.mark.parametrize(
    ("among", "found"),
    [
        pytest.param({}, [1, 2, 3, 4, 5, 6, 7, 8], id="all"),
        pytest.param({"after": 6}, [7, 8], id="from behind a number on"),
        pytest.param({"key": "k2"}, [5, 6, 7], id="of an action"),
        pytest.param({"customer": "C1"}, [2, 3, 4, 8], id="of a customer"),
        pytest.param({"customer": "C1", "run": "run-1"}, [2, 3, 4], id="of a customer and a run"),
        pytest.param({"customer": "nobody"}, [], id="of nobody"),
    ],
)
def test_entries_are_found_by_number_key_customer_and_run(
    store: Store, among: dict[str, Any], found: list[int]
) -> None:
    store.append(*handed_over("k1", "C1"), *handed_over("k2", "C2"), Draft(Event.CALL, OPERATOR, customer="C1"))
    assert [entry.seq for entry in store.entries(**among)] == found


def test_more_entries_than_one_page_are_all_read_in_order(store: Store) -> None:
    store.append(*(Draft(Event.CALL, OPERATOR, customer="C1") for _ in range(2 * PAGE + 1)))
    assert [entry.seq for entry in store.entries(customer="C1")] == list(range(2, 2 * PAGE + 3))


def test_entries_appended_while_reading_are_read_too_or_not_but_once(store: Store) -> None:
    store.append(*(Draft(Event.CALL, OPERATOR) for _ in range(PAGE)))
    seen = []
    for entry in store.entries():
        seen.append(entry.seq)
        if entry.seq == 5:
            store.append(Draft(Event.CALL, OPERATOR))
    assert seen == sorted(set(seen))


def test_where_actions_stand_is_what_the_entries_say(store: Store) -> None:
    store.append(
        *handed_over("k1"), step(Event.INTENT, "k2"), step(Event.DEFERRED, "k2", not_before="2026-04-01T09:00")
    )
    store.append(
        step(Event.APPROVED, "k2"), step(Event.INTENT, "k3"), step(Event.POINT_OF_NO_RETURN, "k3", content="c")
    )
    assert store.standing() == standing_of(store.entries())
    assert store.standing(["k1", "k3", "no"]).keys() == {"k1", "k3"}
    assert store.standing([]) == {}
    standing = store.standing()
    assert (standing["k1"].content, standing["k3"].content) == ("digest of k1", "c")
    assert (standing["k2"].not_before, standing["k2"].event) == ("2026-04-01T09:00", Event.DEFERRED)


def test_a_moment_never_goes_back_and_what_the_clock_said_is_kept(made: Made) -> None:
    made.clock.at = datetime(2026, 3, 31, 10, tzinfo=UTC)
    [before] = made.store.append(Draft(Event.CALL, OPERATOR))
    made.clock.at = datetime(2026, 3, 31, 9, tzinfo=UTC)
    [after] = made.store.append(Draft(Event.CALL, OPERATOR))
    assert after.at == before.at == "2026-03-31T10:00:01.000Z"
    assert after.body == {"clock": "2026-03-31T09:00:01.000Z"}
    assert "clock" not in before.body


def test_the_run_that_is_active_is_named_to_whoever_asks_and_holds_nobody_up(
    made: Made, another: Callable[[], Store]
) -> None:
    second = another()
    assert second.active_run() == ""
    with made.store.run_lock():
        assert second.active_run().startswith("another run is active: process ")
        assert made.store.active_run() == second.active_run()
    assert second.active_run() == ""
    with second.run_lock():
        pass


def test_a_second_run_is_refused_at_once_and_told_who_is_first(made: Made, another: Callable[[], Store]) -> None:
    second = another()
    with (
        made.store.run_lock(),
        pytest.raises(RunIsActive, match=r"process \d+ on .+, since 2026-03-31T"),
        second.run_lock(),
    ):
        pass
    with second.run_lock():
        pass


@pytest.fixture
def another(made: Made) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(made.again())
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


def test_of_two_who_want_the_same_step_one_gets_it(made: Made, another: Callable[[], Store]) -> None:
    second = another()
    made.store.append(step(Event.INTENT))
    second.append(step(Event.POINT_OF_NO_RETURN))
    with pytest.raises(StepTaken):
        made.store.append(step(Event.POINT_OF_NO_RETURN))
    assert events(made.store, "k1") == ["intent", "point_of_no_return"]


def test_what_one_appends_another_reads(made: Made, another: Callable[[], Store]) -> None:
    reader = another()
    entries = made.store.append(*handed_over())
    assert reader.head() == made.store.head()
    assert tuple(reader.entries(after=1)) == entries


def test_personal_values_lie_beside_the_chain_and_go_when_they_are_erased(store: Store) -> None:
    first, *_ = store.append(*handed_over("k1", "C1"))
    other, *_ = store.append(*handed_over("k2", "C2"))
    assert "C1@sample.test" not in str([text for _, text in store.spelled()])
    erased = store.erase(Draft(Event.ERASED, OPERATOR, customer="C1", body={"entries": [first.seq]}), [first.seq])
    assert store.head().seq == erased.seq
    assert store.personal(first) == {}
    assert store.personal(other) == {"to": "C2@sample.test"}
    assert [kept.seq for kept in store.kept()] == [other.seq]


def test_the_database_finds_nothing_wrong_with_itself(store: Store) -> None:
    store.append(*handed_over())
    assert store.faults() == ()


def test_the_same_salt_is_never_used_twice(store: Store) -> None:
    store.append(*(Draft(Event.CALL, OPERATOR, personal={"a": 1, "b": 1}) for _ in range(20)))
    assert len({kept.salt for kept in store.kept()}) == 40
    assert len({seal for entry in store.entries() for seal in entry.sealed.values()}) == 40


def test_a_closed_journal_says_so(made: Made) -> None:
    made.store.close()
    with pytest.raises(JournalFailed):
        made.store.append(Draft(Event.CALL, OPERATOR))
    with pytest.raises(JournalFailed):
        made.store.head()
