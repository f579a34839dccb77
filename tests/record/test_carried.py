"""An action is found by its key, by the start of it, or by the reference under which it left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from duly.execution.carried import Carried, find, find_all
from duly.journal.entry import Event
from duly.journal.store import Store
from duly.source import Refused
from tests.record.journals import LETTER, MESSAGE, accepted, intend, letter, step

OTHER = replace(MESSAGE, id=MESSAGE.id[:10] + "0" * 54)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MESSAGE.id, id="key"),
        pytest.param(MESSAGE.id[:6], id="six-characters"),
        pytest.param(f"<{MESSAGE.id}@credit.example>", id="message-id"),
        pytest.param(f"{MESSAGE.id}@credit.example", id="message-id-without-brackets"),
        pytest.param(f"  {MESSAGE.id[:12]} ", id="pasted-with-blanks"),
        pytest.param(f"{MESSAGE.id}.eml", id="file-name"),
    ],
)
def test_an_action_is_found(journal: Store, text: str) -> None:
    accepted(journal, MESSAGE, reference=f"{MESSAGE.id}.eml")
    letter(journal)
    found = find(journal, text).action
    assert (found.id, found.stage, found.invoices) == (MESSAGE.id, MESSAGE.stage, MESSAGE.invoices)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param(MESSAGE.id[:5], "unknown-action", id="five-characters"),
        pytest.param("f" * 64, "unknown-action", id="another-key"),
        pytest.param("", "unknown-action", id="nothing"),
        pytest.param("<>", "unknown-action", id="empty-message-id"),
        pytest.param(f"<{'f' * 64}@credit.example>", "unknown-action", id="another-message-id"),
        pytest.param(MESSAGE.id[:8], "several-actions", id="start-of-two"),
        pytest.param("%", "unknown-action", id="a-pattern"),
    ],
)
def test_what_names_no_action_or_several_is_refused(journal: Store, text: str, rule: str) -> None:
    accepted(journal, MESSAGE)
    accepted(journal, OTHER)
    with pytest.raises(Refused) as refused:
        find(journal, text)
    assert [problem.rule for problem in refused.value.problems] == [rule]
    assert refused.value.exit_code == 5


def test_every_name_that_is_none_is_told_at_once(journal: Store) -> None:
    accepted(journal, MESSAGE)
    with pytest.raises(Refused) as refused:
        find_all(journal, ["nothing-1", MESSAGE.id, "nothing-2"])
    assert len(refused.value.problems) == 2


def test_an_action_named_twice_is_meant_once(journal: Store) -> None:
    accepted(journal, MESSAGE)
    assert [one.key for one in find_all(journal, [MESSAGE.id, MESSAGE.id[:9]])] == [MESSAGE.id]


@pytest.mark.parametrize(
    ("further", "stands", "reference"),
    [
        pytest.param(lambda _: None, Event.DEFERRED, "first", id="before-the-second-attempt"),
        pytest.param(
            lambda j: intend(j, LETTER, reference="second"), Event.INTENT, "second", id="at-the-second-attempt"
        ),
    ],
)
def test_what_is_told_of_an_action_is_its_last_attempt(
    journal: Store, further: Callable[[Store], object], stands: Event, reference: str
) -> None:
    intend(journal, LETTER, reference="first")
    step(journal, Event.DEFERRED, LETTER, not_before="2026-04-01T08:00:00.000Z")
    further(journal)
    carried: Carried = find(journal, LETTER.id)
    assert (carried.event, carried.text("reference")) == (stands, reference)
