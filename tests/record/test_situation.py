"""What is going on is told by one look at the journal: what runs, what waits and for what, what nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from duly.execution.afterwards import posted
from duly.execution.carried import find
from duly.execution.situation import situation
from duly.journal.entry import Draft, Event
from duly.journal.run_lock import holder
from duly.journal.sqlite import SqliteStore
from duly.reports import status as report
from tests.record.journals import DAY, HOLD, LETTER, MESSAGE, RUN, TO, accepted, begin, intend, letter, step, unknown

SORTS = ("unknown", "without_outcome", "deferred", "letters_to_post", "failed", "begun")


def begun(journal: SqliteStore) -> None:
    intend(journal, MESSAGE)


def cut_off(journal: SqliteStore) -> None:
    intend(journal, MESSAGE)
    step(journal, Event.POINT_OF_NO_RETURN, MESSAGE)


def put_off(journal: SqliteStore) -> None:
    intend(journal, MESSAGE)
    step(journal, Event.DEFERRED, MESSAGE, not_before="2026-04-01T08:00:00.000Z")


def refused(journal: SqliteStore) -> None:
    begin(journal)
    intend(journal, MESSAGE)
    step(journal, Event.FAILED, MESSAGE, reply="550 no")


def refused_long_ago(journal: SqliteStore) -> None:
    refused(journal)
    begin(journal, "run-2")


def found_not_to_have_arrived(journal: SqliteStore) -> None:
    begin(journal)
    unknown(journal, MESSAGE)
    step(journal, Event.FAILED, MESSAGE, decided_by="credit", because="the server has no trace of it")


def posted_already(journal: SqliteStore) -> None:
    letter(journal)
    journal.append(*posted([find(journal, LETTER.id)], DAY, "mail-room", DAY))


def settled(journal: SqliteStore) -> None:
    unknown(journal, MESSAGE)
    step(journal, Event.ACCEPTED, MESSAGE, decided_by="credit")


def tried_again(journal: SqliteStore) -> None:
    put_off(journal)
    accepted(journal, MESSAGE)


@pytest.mark.parametrize(
    ("happened", "sort"),
    [
        pytest.param(lambda j: unknown(j, MESSAGE), "unknown", id="nobody-knows"),
        pytest.param(cut_off, "without_outcome", id="cut-off-after-the-point-of-no-return"),
        pytest.param(put_off, "deferred", id="put-off"),
        pytest.param(letter, "letters_to_post", id="a-letter-in-the-outbox"),
        pytest.param(refused, "failed", id="refused-in-the-last-run"),
        pytest.param(begun, "begun", id="cut-off-before-the-point-of-no-return"),
        pytest.param(found_not_to_have_arrived, "", id="settled-as-not-arrived"),
        pytest.param(refused_long_ago, "", id="refused-in-an-earlier-run"),
        pytest.param(posted_already, "", id="a-letter-in-the-post"),
        pytest.param(lambda j: accepted(j, MESSAGE), "", id="an-e-mail-that-was-taken"),
        pytest.param(settled, "", id="settled"),
        pytest.param(tried_again, "", id="put-off-and-done-since"),
    ],
)
def test_what_needs_somebody_is_listed_under_what_it_needs(
    journal: SqliteStore, happened: Callable[[SqliteStore], object], sort: str
) -> None:
    happened(journal)
    found = report.as_record(situation(journal))
    assert {name: len(found[name]) for name in SORTS} == {name: int(name == sort) for name in SORTS}
    assert ("Nothing waits." in report.as_text(situation(journal))) == (not sort)


def test_a_run_that_is_active_is_named_and_what_is_under_way_is_called_so(journal: SqliteStore) -> None:
    cut_off(journal)
    text = report.as_text(situation(journal, "another run is active: process 7"))
    assert "another run is active: process 7" in text
    assert "under way now" in text


def test_the_holder_of_the_lock_is_known_while_it_holds_it_and_no_longer(journal: SqliteStore) -> None:
    lock = journal.path.with_name("run.lock")
    assert holder(lock) == ""
    with journal.run_lock():
        assert holder(lock).startswith("another run is active: process ")
    assert holder(lock) == ""


def test_a_run_that_died_holds_nothing(journal: SqliteStore) -> None:
    lock = journal.path.with_name("run.lock")
    lock.write_text('{"pid": 1, "host": "here", "since": "2026-03-31T08:00:00.000Z"}')
    assert holder(lock) == ""


def test_the_last_run_is_told_with_its_end_and_what_it_left_for_an_approval(journal: SqliteStore) -> None:
    begin(journal)
    assert "not ended" in report.as_text(situation(journal))
    journal.append(Draft(Event.RUN_ENDED, "operator", run=RUN, body={"complete": False, "waiting": [HOLD.id]}))
    now = situation(journal)
    assert now.waiting == (HOLD.id,)
    assert "Left waiting for an approval by the last run: 1 action" in report.as_text(now)
    assert now.last_run is not None
    assert now.last_run.ended is not None


def test_a_journal_in_which_nothing_happened_says_so(journal: SqliteStore) -> None:
    text = report.as_text(situation(journal))
    assert "last run: none yet" in text
    assert "Nothing waits." in text


def test_many_are_counted_and_a_few_are_shown_unless_all_are_asked_for(journal: SqliteStore) -> None:
    for n in range(12):
        letter(journal, replace(LETTER, id=f"{n:064x}"))
    assert "… and 4 more" in report.as_text(situation(journal))
    assert "more" not in report.as_text(situation(journal), all_=True)


def test_nothing_personal_is_shown(journal: SqliteStore) -> None:
    unknown(journal, MESSAGE)
    now = situation(journal)
    assert TO not in report.as_text(now, all_=True)
    assert TO not in json.dumps(report.as_record(now))
