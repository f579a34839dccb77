"""What the journal says of changes to accounts, and of whom a customer was told that it has."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from duly.journal.dealings import Change, Dealings, Named
from duly.journal.entry import Draft, Event
from tests.journal.journals import OPERATOR
from tests.journal.test_history import action, deed, history, later

E = Event
PAIR = {"collector": "a", "salesperson": "s"}


def told(*parts: Any) -> Dealings:  # noqa: ANN401
    return history(*parts).dealings


def named(collector: str, episode: str, *steps: Event, **more: Any) -> list[Draft]:  # noqa: ANN401
    return deed(*(steps or (E.ACCEPTED,)), intent={"names": {"collector": collector}}, episode=episode, **more)


def whom(dealings: Dealings, customer: str = "C1") -> list[str]:
    return [one.what for one in dealings.named.get(customer, {}).get("collector", ())]


@pytest.mark.parametrize("kind", ["hold", "release", "limit_proposal"])
@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ([E.ACCEPTED], True),
        ([E.UNKNOWN, E.ACCEPTED], True),
        ([E.UNKNOWN], False),
        ([E.FAILED], False),
        ([E.DEFERRED], False),
        ([], False),
    ],
)
def test_a_change_is_one_once_it_is_carried_out_for_certain(kind: str, steps: list[Event], *, there: bool) -> None:
    details = {"limit_after": "500"}
    changes = told(deed(*steps, kind=kind, stage="credit", details=details, amount=500, currency="USD")).changes
    key = str(action(kind=kind, stage="credit")["id"])
    expected = Change(key, kind, "C1", "X", "credit", date(2026, 3, 2), details=details)
    assert changes == ((expected,) if there else ())


def test_a_hold_that_was_taken_back_says_when_and_what_took_it_back_is_no_release() -> None:
    undone = later(E.UNDONE, "2026-03-05", kind="hold", stage="credit")
    undoing = deed(E.ACCEPTED, kind="release", stage="credit", task="cancel_hold", intent={"undoes": "x"})
    (change,) = told(deed(E.ACCEPTED, kind="hold", stage="credit"), undoing, undone).changes
    assert (change.kind, change.undone_on) == ("hold", date(2026, 3, 5))


def test_a_letter_that_nobody_has_posted_names_nobody() -> None:
    written = deed(E.ACCEPTED, channel="letter", intent={"confirms_by_hand": True, "names": PAIR})
    assert told(written).named == {}
    posted = told(written, later(E.CONFIRMED, "2026-03-04", channel="letter"))
    assert posted.named["C1"]["collector"] == (
        Named("a", date(2026, 3, 4), posted.named["C1"]["collector"][0].key, "X"),
    )


@pytest.mark.parametrize(
    ("sequence", "known"),
    [
        pytest.param("a", ["a"], id="one"),
        pytest.param("aa", ["a"], id="the-same-twice"),
        pytest.param("ab", ["a", "b"], id="another"),
        pytest.param("aba", ["b", "a"], id="and-back"),
        pytest.param("abc", ["b", "c"], id="the-last-two"),
    ],
)
def test_what_a_customer_was_told_last_and_before_is_kept(sequence: str, known: list[str]) -> None:
    assert whom(told(*(named(who, f"I{n}") for n, who in enumerate(sequence)))) == known


def test_the_first_deed_that_named_somebody_stays_the_one_that_did() -> None:
    first, second = named("a", "I1"), named("a", "I2")
    assert told(first, second).named["C1"]["collector"][0].key == first[0].key


@pytest.mark.parametrize("steps", [(E.UNKNOWN,), (E.FAILED,), (E.ACCEPTED, E.BOUNCED)])
def test_what_did_not_arrive_for_certain_told_nobody(steps: tuple[Event, ...]) -> None:
    assert whom(told(named("a", "I1"), named("b", "I2", *steps))) == ["a"]


@pytest.mark.parametrize("kind", ["hold", "task", "sales_request", "advice", "list"])
def test_what_does_not_reach_the_customer_names_nobody(kind: str) -> None:
    assert whom(told(named("a", "I1", kind=kind))) == []


def test_a_message_from_before_names_were_written_names_its_collector() -> None:
    assert whom(told(deed(E.ACCEPTED, for_role="collector", person="a"))) == ["a"]


def test_a_renamed_customer_was_told_under_its_old_name() -> None:
    renamed = Draft(E.RENAMED, OPERATOR, "", "C1", "", {"from": "C1", "to": "C2"})
    dealings = told(named("a", "I1"), deed(E.ACCEPTED, kind="hold", stage="credit"), renamed)
    assert (whom(dealings, "C2"), whom(dealings), dealings.changes[0].customer) == (["a"], [], "C2")


def test_customers_are_found_by_what_they_were_told_last_and_by_their_pair() -> None:
    details = {"salesperson": "s", "collector": "a", "starts": "2026-03-03T09:00+00:00", "attends_for_sales": "s"}
    meeting = deed(E.ACCEPTED, kind="introduction", details=details, intent={"names": PAIR})
    dealings = told(meeting)
    assert dealings.by_last_told == {("a", "s", ""): {"C1"}}
    assert dealings.by_pair == {("s", "a"): {"C1"}}
    assert (dealings.met, dealings.told_twice) == (frozenset({"C1"}), frozenset())
    assert dealings.introduced[0].attending == ("s",)


def test_a_line_for_a_colleague_is_no_stage_and_no_task_of_a_pause() -> None:
    rows = history(deed(E.ACCEPTED, kind="task", stage="hold_placed", intent={"of": "together"})).rows
    assert (rows["executed_stages"], rows["tasks_given"]) == ((), ())
