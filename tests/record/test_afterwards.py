"""Letters are posted by a person, and messages come back: each is one more entry, and only where it can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from duly.execution.afterwards import Return, bounced, letters_to_post, posted
from duly.execution.carried import find
from duly.journal.entry import Draft, Event
from duly.journal.history import history_of
from duly.journal.store import Store
from duly.source import Refused
from tests.record.journals import DAY, LETTER, MESSAGE, accepted, intend, letter, step, unknown

TODAY = DAY + timedelta(days=3)


def confirm(journal: Store, day: date = TODAY, key: str = LETTER.id) -> None:
    journal.append(*posted([find(journal, key)], day, "mail-room", TODAY))


def came_back(journal: Store, return_: Return | None = None, key: str = MESSAGE.id) -> tuple[Draft, ...]:
    return bounced(find(journal, key), return_ or Return(TODAY, "5.1.1", "no such user"), "mail-room", TODAY)


def test_a_letter_counts_from_the_day_on_which_it_was_posted(journal: Store) -> None:
    letter(journal)
    assert history_of(journal).rows["executed_stages"] == ()
    confirm(journal, TODAY)
    [stage] = history_of(journal).rows["executed_stages"]
    assert (stage["stage"], stage["day"]) == ("demand", TODAY)


def test_the_letters_of_a_run_are_those_that_still_wait(journal: Store) -> None:
    letter(journal)
    accepted(journal, MESSAGE)
    assert [one.key for one in letters_to_post(journal, "run-1")] == [LETTER.id]
    assert list(letters_to_post(journal, "run-2")) == []
    confirm(journal)
    assert list(letters_to_post(journal, "run-1")) == []


def posted_before(journal: Store) -> None:
    letter(journal)
    confirm(journal)


def put_off(journal: Store) -> None:
    intend(journal, LETTER, confirms_by_hand=True)
    step(journal, Event.DEFERRED, LETTER)


@pytest.mark.parametrize(
    ("before", "key", "day", "rule"),
    [
        pytest.param(lambda j: accepted(j, MESSAGE), MESSAGE.id, TODAY, "not-posted-by-hand", id="an-e-mail"),
        pytest.param(put_off, LETTER.id, TODAY, "not-to-be-posted", id="not-written-yet"),
        pytest.param(
            lambda j: unknown(j, LETTER, confirms_by_hand=True), LETTER.id, TODAY, "not-to-be-posted", id="unknown"
        ),
        pytest.param(posted_before, LETTER.id, TODAY, "not-to-be-posted", id="posted-already"),
        pytest.param(letter, LETTER.id, TODAY + timedelta(days=1), "future-day", id="tomorrow"),
        pytest.param(letter, LETTER.id, DAY - timedelta(days=1), "days-out-of-order", id="before-it-was-written"),
    ],
)
def test_what_cannot_be_posted_is_refused(
    journal: Store, before: Callable[[Store], object], key: str, day: date, rule: str
) -> None:
    before(journal)
    with pytest.raises(Refused) as refused:
        confirm(journal, day, key)
    assert [problem.rule for problem in refused.value.problems] == [rule]


@pytest.mark.parametrize("day", [pytest.param(DAY, id="the-day-it-was-written"), pytest.param(TODAY, id="today")])
def test_a_letter_may_be_posted_from_the_day_it_was_written_until_today(journal: Store, day: date) -> None:
    letter(journal)
    confirm(journal, day)


@pytest.mark.parametrize(
    ("before", "events"),
    [
        pytest.param(lambda j: accepted(j, MESSAGE), [Event.BOUNCED], id="accepted"),
        pytest.param(lambda j: unknown(j, MESSAGE), [Event.ACCEPTED, Event.BOUNCED], id="unknown-so-it-had-been-taken"),
        pytest.param(lambda j: (accepted(j, MESSAGE), j.append(*came_back(j))), [], id="known-already"),
    ],
)
def test_a_message_that_came_back_does_not_count(
    journal: Store, before: Callable[[Store], object], events: list[Event]
) -> None:
    before(journal)
    drafts = came_back(journal)
    assert [draft.event for draft in drafts] == events
    journal.append(*drafts)
    assert history_of(journal).rows["executed_stages"] == ()
    assert find(journal, MESSAGE.id).event is Event.BOUNCED


def test_what_the_other_side_said_is_sealed(journal: Store) -> None:
    accepted(journal, MESSAGE)
    [entry] = journal.append(*came_back(journal, Return(TODAY, "5.1.1", "<a@b.example>: no such user", "notice.eml")))
    assert "b.example" not in str(entry.record())
    assert entry.body == {"day": TODAY.isoformat(), "status": "5.1.1", "source": "notice.eml"}


def only_meant(journal: Store) -> None:
    intend(journal, MESSAGE)


def skipped(journal: Store) -> None:
    intend(journal, MESSAGE)
    step(journal, Event.SKIPPED, MESSAGE, reason="paid")


@pytest.mark.parametrize(
    ("before", "return_", "rule"),
    [
        pytest.param(only_meant, Return(TODAY), "not-sent", id="never-left"),
        pytest.param(skipped, Return(TODAY), "not-sent", id="skipped"),
        pytest.param(
            lambda j: accepted(j, MESSAGE), Return(DAY - timedelta(days=1)), "days-out-of-order", id="before-it-left"
        ),
        pytest.param(lambda j: accepted(j, MESSAGE), Return(TODAY + timedelta(days=1)), "future-day", id="tomorrow"),
        pytest.param(
            lambda j: accepted(j, MESSAGE), Return(TODAY, "5\x1b"), "control-character", id="a-status-that-is-none"
        ),
    ],
)
def test_what_cannot_have_come_back_is_refused(
    journal: Store, before: Callable[[Store], object], return_: Return, rule: str
) -> None:
    before(journal)
    with pytest.raises(Refused) as refused:
        came_back(journal, return_)
    assert [problem.rule for problem in refused.value.problems] == [rule]
