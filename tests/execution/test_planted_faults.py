"""A fault planted in the executor is found by the simulation, so that what it never finds is not there.

Each row takes one guard away, or turns it, for as long as the test runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from duly.execution import contacts_left, gate, hand_over, run, steps
from duly.execution.ports import Channel, Outcome, Parcel
from duly.execution.report import Came, Result
from duly.journal.entry import Draft, Event
from duly.journal.states import NEXT
from duly.journal.store import Journal, JournalFailed
from duly.plan.plan import Action
from tests.execution import model
from tests.execution.simulator import simulate
from tests.execution.troubles import Broken

ENOUGH = 12_000

RARE = (7_354, 4_780)
"""Seeds that have found what few seeds find; they are looked at first, and every other one after them."""

Plant = Callable[[pytest.MonkeyPatch], None]


def no_second_look(patch: pytest.MonkeyPatch) -> None:
    def looked(self: hand_over.HandOver, action: Action, deed: object) -> hand_over.Seen:
        found = self._look(action)
        return found if isinstance(found, hand_over.Seen) else hand_over.Seen(deed, self.order.as_of)  # type: ignore[arg-type]

    patch.setattr(hand_over.HandOver, "_second_look", looked)


def only_a_second_look_that_was_made_before(patch: pytest.MonkeyPatch) -> None:
    first: dict[str, hand_over.Seen] = {}
    look = hand_over.HandOver._look

    def once(self: hand_over.HandOver, action: Action) -> Any:  # noqa: ANN401 -- what it replaces
        found = look(self, action)
        if isinstance(found, hand_over.Seen):
            first[action.id] = found
        return found

    patch.setattr(hand_over.HandOver, "_look", once)
    patch.setattr(hand_over.HandOver, "_second_look", lambda self, action, deed: first[action.id])  # noqa: ARG005


def no_recovery(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run, "recover", lambda _: ())
    where = run._Run._where

    def forgets(self: run._Run, action: Action) -> Result | None:
        found = where(self, action)
        is_open = self.steps.stands(action.id) is Event.POINT_OF_NO_RETURN
        return Result(action, Came.ALREADY_DONE) if is_open else found

    patch.setattr(run._Run, "_where", forgets)


def unknown_is_handed_over_again(patch: pytest.MonkeyPatch) -> None:
    where = run._Run._where

    def again(self: run._Run, action: Action) -> Result | None:
        return None if self.steps.stands(action.id) is Event.UNKNOWN else where(self, action)

    patch.setattr(run._Run, "_where", again)
    patch.setattr("duly.journal.chain.NEXT", {**NEXT, Event.UNKNOWN: frozenset(Event)})
    patch.setattr(model, "is_its_own", lambda *_: None)


def every_channel_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run._Run, "_may_ask_again", lambda self, action, stands: stands.came is Came.UNKNOWN)  # noqa: ARG005


def other_content_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    standing = model.ModelJournal.standing

    class Anything(str):
        __slots__ = ()

        def __ne__(self, other: object) -> bool:
            return False

        __hash__ = str.__hash__

    def same(self: model.ModelJournal, keys: Any = None) -> Any:  # noqa: ANN401 -- what it replaces
        return {key: replace(found, content=Anything(found.content)) for key, found in standing(self, keys).items()}

    patch.setattr(model.ModelJournal, "standing", same)


def no_cap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hand_over.HandOver, "_free_again", lambda *_: None)


def no_inbox(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hand_over, "counted_as", lambda action, recipient: (action.customer,))  # noqa: ARG005


def unknown_is_no_contact(patch: pytest.MonkeyPatch) -> None:
    def fewer(journal: Journal, since: date) -> dict[str, set[date]]:
        open_now = {key for key, found in journal.standing().items() if found.event is Event.UNKNOWN}

        class Others:
            def entries(self) -> Iterator[object]:
                return (entry for entry in journal.entries() if entry.key not in open_now)

            personal = staticmethod(journal.personal)

        return contacts_left.contacts_in(Others(), since)  # type: ignore[arg-type]

    patch.setattr("tests.execution.simulator.contacts_in", fewer)


def no_attempts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps.Steps, "_numbered", lambda self, drafts: drafts)  # noqa: ARG005
    patch.setattr(model, "is_its_own", lambda *_: None)


def goes_on_after_the_journal_failed(patch: pytest.MonkeyPatch) -> None:
    def writes(self: steps.Steps, *drafts: Draft) -> Iterable[object]:
        try:
            return self.journal.append(*drafts)
        except JournalFailed:
            return ()

    patch.setattr(steps.Steps, "write", writes)


def a_refusal_of_the_gate_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def deaf(channel: Channel, parcel: Parcel, door: gate.Gate) -> Outcome:
        def passing() -> None:
            try:
                door()
            except (hand_over.Withdrawn, hand_over.Stopped):
                return

        return channel.hand_over(parcel, passing)

    patch.setattr(hand_over, "handed_over", deaf)


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(plant, id=plant.__name__.replace("_", "-"))
        for plant in (
            no_second_look,
            only_a_second_look_that_was_made_before,
            no_recovery,
            unknown_is_handed_over_again,
            every_channel_is_asked_again,
            other_content_is_asked_again,
            no_cap,
            no_inbox,
            unknown_is_no_contact,
            no_attempts,
            goes_on_after_the_journal_failed,
            a_refusal_of_the_gate_is_forgotten,
        )
    ],
)
def test_a_guard_that_is_taken_away_is_missed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    for seed in (*RARE, *range(ENOUGH)):
        try:
            simulate(seed)
        except (Broken, KeyError) as found:
            print(f"\n{plant.__name__}: seed {seed}, {found}")
            return
    pytest.fail("nothing was missed")
