"""What the journal says about planned actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.states import Standing
from duly.plan.plan import Action, Withheld
from duly.plan.standing import (
    first_contact_is_harshest,
    harsh_customers,
    harsh_to_misnamed,
    not_done_before,
    not_to_be_posted,
)
from tests.plan.test_actions import AS_OF, owed, planned

(MESSAGE,) = planned(invoices=[owed(5)]).actions
TONES = ("courteous", "friendly", "firm", "stern", "final")


def after(event: Event, action: Action = MESSAGE) -> tuple[int, tuple[str, ...]]:
    """How many actions are left, and the reasons of those that are not, once this has happened."""
    standing = Standing(action.id, event, 1, "2026-03-30T08:00:00.000Z", 7, "r1", action.customer)
    left, withheld = not_done_before([action], History(standing={action.id: standing}), AS_OF, 7)
    return len(left), tuple(thing.reason for thing in withheld)


@pytest.mark.parametrize("event", [Event.INTENT, Event.SKIPPED, Event.DEFERRED, Event.FAILED])
def test_what_was_never_handed_over_is_planned_again(event: Event) -> None:
    assert after(event) == (1, ())


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event.POINT_OF_NO_RETURN, "outcome_unknown"),
        (Event.UNKNOWN, "outcome_unknown"),
        (Event.ACCEPTED, "already_done"),
        (Event.CONFIRMED, "already_done"),
        (Event.BOUNCED, "bounced"),
        (Event.UNDONE, "undone"),
    ],
)
def test_what_was_handed_over_is_withheld_with_where_it_stands(event: Event, reason: str) -> None:
    assert after(event) == (0, (reason,))


def test_a_letter_that_was_written_waits_to_be_posted() -> None:
    assert after(Event.ACCEPTED, replace(MESSAGE, channel="letter")) == (0, ("waits_to_be_posted",))


@pytest.mark.parametrize(
    ("days", "gap", "left"),
    [
        pytest.param(0, 0, 0, id="on-the-same-day-without-a-gap"),
        pytest.param(1, 0, 1, id="the-day-after-without-a-gap"),
        pytest.param(6, 7, 0, id="the-last-day-of-the-gap"),
        pytest.param(7, 7, 1, id="the-first-day-after-the-gap"),
    ],
)
def test_a_rejected_action_rests_for_the_minimum_gap(days: int, gap: int, left: int) -> None:
    rejected = (AS_OF - timedelta(days=days)).isoformat()
    still, withheld = not_done_before([MESSAGE], History(rejected={MESSAGE.id: rejected}), AS_OF, gap)
    assert len(still) == left
    assert [thing.reason for thing in withheld] == ["rejected"] * (1 - left)


@pytest.mark.parametrize(
    ("tone", "contacted", "found"),
    [
        pytest.param("final", frozenset(), {"C1"}, id="never-contacted"),
        pytest.param("final", frozenset({"C1"}), set(), id="contacted-before"),
        pytest.param("stern", frozenset(), set(), id="not-the-harshest"),
    ],
)
def test_nobodys_first_contact_is_the_harshest(tone: str, contacted: frozenset[str], found: set[str]) -> None:
    assert first_contact_is_harshest([replace(MESSAGE, tone=tone)], TONES, contacted) == found


def test_the_two_harshest_tones_count_as_harsh_and_a_customer_counts_once() -> None:
    tones = [replace(MESSAGE, tone=tone) for tone in ("firm", "stern", "final")]
    assert harsh_customers(tones, TONES) == 1
    assert harsh_customers(tones[:1], TONES) == 0


@pytest.mark.parametrize(
    ("tone", "misnamed", "left"),
    [
        pytest.param("final", {"C1": "Other Ltd"}, 0, id="harsh-and-misnamed"),
        pytest.param("firm", {"C1": "Other Ltd"}, 1, id="mild-and-misnamed"),
        pytest.param("final", {"C2": "Other Ltd"}, 1, id="somebody-elses-name"),
    ],
)
def test_nothing_harsh_goes_to_a_customer_whose_invoice_has_another_name(
    tone: str, misnamed: dict[str, str], left: int
) -> None:
    still, withheld = harsh_to_misnamed([replace(MESSAGE, tone=tone)], TONES, misnamed)
    assert len(still) == left
    assert [thing.reason for thing in withheld] == ["name_mismatch"] * (1 - left)


LETTER = replace(MESSAGE, channel="letter")
ABOUT = (MESSAGE.customer, MESSAGE.creditor, MESSAGE.item, MESSAGE.stage)


def withheld_for(reason: str) -> list[Withheld]:
    return [Withheld(MESSAGE.customer, MESSAGE.creditor, MESSAGE.item, "stage demand", reason, "", None)]


@pytest.mark.parametrize(
    ("actions", "withheld", "called_off"),
    [
        pytest.param([LETTER], [], 0, id="still-due"),
        pytest.param([], [], 1, id="paid"),
        pytest.param([], withheld_for("paused"), 1, id="paused"),
        pytest.param([], withheld_for("nothing_to_chase"), 1, id="disputed"),
        pytest.param([], withheld_for("cap"), 0, id="waits-for-a-free-day"),
    ],
)
def test_a_letter_that_was_written_and_is_not_due_any_more_is_called_off(
    actions: list[Action], withheld: list[Withheld], called_off: int
) -> None:
    history = History(unposted={ABOUT: frozenset({LETTER.id})})
    said = not_to_be_posted(history, actions, withheld)
    assert len(said) == called_off
    assert all(LETTER.id in sentence for sentence in said)
