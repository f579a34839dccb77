"""What the journal tells the next plan: when a stage counts, whom sales was asked about, what is on hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from duly.book.tables import TABLES
from duly.journal.chain import Tail, link, standing_of
from duly.journal.entry import Draft, Entry, Event, Head
from duly.journal.history import COLUMNS, DAYS, History, history_of
from duly.journal.identity import PARTS, key_of
from tests.journal.journals import OPERATOR

E = Event
PONR = E.POINT_OF_NO_RETURN


class Told:
    """A journal of drafts in memory: entries as a store would have them."""

    id = "j"
    environment = "try"

    def __init__(self, *drafts: Draft) -> None:
        self.written: tuple[Entry, ...] = ()
        standing: dict[str, Any] = {}
        tail = Tail()
        for number, draft in enumerate((Draft(E.CREATED, OPERATOR), *drafts)):
            linked = link(tail, standing, (draft,), f"2026-03-01T00:00:00.{number:03}Z")
            standing |= linked.standing
            [entry] = linked.entries
            tail = Tail(entry.seq, entry.hash, entry.at)
            self.written += (entry,)

    def head(self) -> Head:
        return Head(self.id, self.written[-1].seq, self.written[-1].hash)

    def entries(self, **_: object) -> Iterator[Entry]:
        return iter(self.written)


def history(*drafts: Draft | Sequence[Draft], without: str = "") -> History:
    flat = [d for part in drafts for d in ([part] if isinstance(part, Draft) else part)]
    return history_of(Told(*flat), without=without)  # type: ignore[arg-type]


def action(**changed: object) -> dict[str, object]:
    record = {
        "customer": "C1",
        "creditor": "X",
        "item": "",
        "kind": "message",
        "stage": "reminder",
        "channel": "email",
        "task": "",
        "episode": "I1",
        "occurrence": 1,
        **changed,
    }
    return {"id": key_of("try", record), **record}


def deed(
    *steps: Event, day: str = "2026-03-02", intent: Mapping[str, object] = MappingProxyType({}), **changed: object
) -> list[Draft]:
    """An action with its steps; the day stands in each that can have one."""
    record = action(**changed)
    key, customer = str(record["id"]), str(record["customer"])
    return [
        Draft(
            step,
            OPERATOR,
            key,
            customer,
            "run-1",
            {"action": record, **intent}
            if step is E.INTENT
            else {}
            if step is PONR
            else {"day": day, "decided_by": "evidence"},
        )
        for step in (E.INTENT, PONR, *steps)
    ]


def later(step: Event, day: str, **changed: object) -> Draft:
    record = action(**changed)
    return Draft(
        step, OPERATOR, str(record["id"]), str(record["customer"]), "run-2", {"day": day, "decided_by": "evidence"}
    )


def stages(told: History) -> list[tuple[object, object, object]]:
    return [(row["stage"], str(row["day"]), row["outcome"]) for row in told.rows["executed_stages"]]


def test_the_columns_are_those_of_the_book() -> None:
    for table, columns in COLUMNS.items():
        of_the_book = TABLES[table].columns
        assert columns == tuple(column.name for column in of_the_book)
        assert {c.name for c in of_the_book if c.kind.value == "date"} == DAYS & set(columns)


def test_a_key_is_the_same_for_ever() -> None:
    # A key that came out differently would have every action done again.
    assert key_of("try", action()) == "dd59d8d1f0ff030046fcad98"
    others = [action(**{part: "other"}) for part in PARTS]
    assert len({key_of("live", action()), *(key_of("try", record) for record in [action(), *others])}) == 2 + len(PARTS)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([E.ACCEPTED], [("reminder", "2026-03-02", "accepted")], id="accepted"),
        pytest.param([E.UNKNOWN], [("reminder", "2026-03-02", "unknown")], id="nobody knows"),
        pytest.param([], [], id="cut off at the point of no return"),
        pytest.param([E.FAILED], [], id="refused"),
        pytest.param([E.DEFERRED], [], id="put off"),
        pytest.param([E.ACCEPTED, E.BOUNCED], [], id="came back"),
        pytest.param([E.UNKNOWN, E.FAILED], [], id="found not to have arrived"),
        pytest.param([E.UNKNOWN, E.ACCEPTED], [("reminder", "2026-03-02", "accepted")], id="found to have arrived"),
    ],
)
def test_a_stage_counts_from_the_day_on_which_its_message_was_accepted(
    steps: list[Event], expected: list[tuple[str, str, str]]
) -> None:
    assert stages(history(deed(*steps))) == expected


def test_what_was_found_out_later_happened_on_the_day_of_which_nobody_knew() -> None:
    told = history(deed(E.UNKNOWN), later(E.ACCEPTED, "2026-03-09"))
    assert stages(told) == [("reminder", "2026-03-02", "accepted")]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([], [], id="written, not posted"),
        pytest.param([E.CONFIRMED], [("reminder", "2026-03-05", "accepted")], id="posted"),
        pytest.param([E.CONFIRMED, E.BOUNCED], [], id="came back"),
    ],
)
def test_a_letter_counts_from_the_day_on_which_a_person_says_that_it_was_posted(
    steps: list[Event], expected: list[tuple[str, str, str]]
) -> None:
    letter = deed(E.ACCEPTED, intent={"confirms_by_hand": True}, channel="letter")
    assert stages(history(letter, *(later(step, "2026-03-05", channel="letter") for step in steps))) == expected


def test_a_stage_of_two_channels_is_one_stage_on_the_day_of_the_first() -> None:
    letter = deed(E.ACCEPTED, intent={"confirms_by_hand": True}, channel="letter")
    told = history(deed(E.ACCEPTED, day="2026-03-04"), letter, later(E.CONFIRMED, "2026-03-06", channel="letter"))
    assert stages(told) == [("reminder", "2026-03-04", "accepted")]
    assert [(row["channel"], str(row["day"])) for row in told.rows["contacts_made"]] == [
        ("email", "2026-03-04"),
        ("letter", "2026-03-06"),
    ]


def test_a_stage_whose_e_mail_came_back_counts_by_its_letter() -> None:
    letter = deed(E.ACCEPTED, intent={"confirms_by_hand": True}, channel="letter")
    told = history(deed(E.ACCEPTED, E.BOUNCED), letter, later(E.CONFIRMED, "2026-03-06", channel="letter"))
    assert stages(told) == [("reminder", "2026-03-06", "accepted")]


@pytest.mark.parametrize(
    ("has_message", "expected"),
    [pytest.param(True, [], id="beside a message"), pytest.param(False, ["call"], id="alone")],
)
@pytest.mark.parametrize("kind", ["task", "referral", "write_off_proposal"])
def test_a_task_is_its_stage_only_where_the_stage_has_no_message(
    kind: str,
    has_message: bool,  # noqa: FBT001  (a column of the table)
    expected: list[str],
) -> None:
    told = history(deed(E.ACCEPTED, intent={"stage_has_message": has_message}, kind=kind, stage="call", channel=""))
    assert [stage for stage, _, _ in stages(told)] == expected


def test_a_repeated_stage_is_there_as_often_as_it_was_carried_out() -> None:
    told = history(deed(E.ACCEPTED), deed(E.ACCEPTED, day="2026-03-20", occurrence=2))
    assert [day for _, day, _ in stages(told)] == ["2026-03-02", "2026-03-20"]


def test_one_message_about_several_invoices_is_the_stage_of_each() -> None:
    told = history(deed(E.ACCEPTED, item="I1 I2"))
    assert [row["item"] for row in told.rows["executed_stages"]] == ["I1", "I2"]


JOINED: Mapping[str, Any] = {"id": "j" * 24, "item": "I1 I2", "episode": "I1 I2/3", "channel": "letter"}


def test_what_one_message_joined_is_found_by_each_of_its_items_by_itself() -> None:
    told = history(deed(E.ACCEPTED, **JOINED))
    parts = [str(action(item=item, episode=e, channel="letter")["id"]) for item, e in (("I1", "I1"), ("I2", "I2/3"))]
    assert [told.standing[key].event for key in parts] == [E.ACCEPTED] * 2
    rows = told.rows["executed_stages"]
    assert [(row["item"], row["episode"]) for row in rows] == [("I1", "I1"), ("I2", "I2/3")]


def test_what_was_joined_is_found_by_its_items_under_the_customers_new_id() -> None:
    told = history(deed(E.ACCEPTED, intent={"confirms_by_hand": True}, **JOINED), RENAMED)
    part = str(action(customer="C9", item="I2", episode="I2/3", channel="letter")["id"])
    assert told.standing[part].blocks
    assert told.unposted["C9", "X", "I2", "reminder"] == {part}


@pytest.mark.parametrize(
    ("steps", "waits"),
    [
        pytest.param((E.ACCEPTED,), True, id="written"),
        pytest.param((E.ACCEPTED, E.CONFIRMED), False, id="posted"),
        pytest.param((E.ACCEPTED, E.BOUNCED), False, id="came-back"),
        pytest.param((E.FAILED,), False, id="failed"),
    ],
)
def test_a_letter_waits_to_be_posted_from_its_writing_until_somebody_says_what_became_of_it(
    steps: tuple[Event, ...], *, waits: bool
) -> None:
    told = history(deed(*steps, intent={"confirms_by_hand": True}, channel="letter"))
    key = str(action(channel="letter")["id"])
    assert told.unposted == ({("C1", "X", "", "reminder"): {key}} if waits else {})


def test_a_row_has_none_where_nothing_is_said_and_a_day_where_there_is_one() -> None:
    [row] = history(deed(E.ACCEPTED)).rows["executed_stages"]
    assert row == {
        "customer": "C1",
        "creditor": "X",
        "item": None,
        "stage": "reminder",
        "day": date(2026, 3, 2),
        "outcome": "accepted",
        "episode": "I1",
    }


def asked(customer: str = "C1", day: str = "2026-03-02", **changed: object) -> list[Draft]:
    given: dict[str, object] = {
        "kind": "sales_request",
        "stage": "silent",
        "channel": "",
        "customer": customer,
        **changed,
    }
    return deed(E.ACCEPTED, day=day, intent={"due_on": "2026-03-09"}, **given)


def answered(day: str, customer: str = "C1", key: str = "", rule: str = "silent") -> Draft:
    return Draft(E.ANSWER, "seller", key, customer, "", {"rule": rule, "day": day, "reason": "will pay"})


@pytest.mark.parametrize(
    ("answer", "on"),
    [
        pytest.param(answered("2026-03-04"), date(2026, 3, 4), id="answered"),
        pytest.param(answered("2026-03-02"), date(2026, 3, 2), id="answered the same day"),
        pytest.param(answered("2026-03-01"), None, id="answered the day before"),
        pytest.param(answered("2026-03-04", customer="C2"), None, id="answered for another customer"),
        pytest.param(answered("2026-03-04", rule="other"), None, id="answered for another rule"),
        pytest.param(answered("2026-03-04", key="other"), None, id="answered for another request"),
    ],
)
def test_a_request_is_answered_by_the_first_answer_for_its_customer_and_rule(answer: Draft, on: date | None) -> None:
    [row] = history(asked(), answer).rows["requests"]
    assert (row["asked_on"], row["due_on"], row["answered_on"]) == (date(2026, 3, 2), date(2026, 3, 9), on)


def test_an_answer_to_a_request_that_the_ledger_brought_is_of_that_request_and_of_no_other() -> None:
    body = {"rule": "silent", "creditor": "X", "day": "2026-03-04", "reason": "forgot", "asked_on": "2026-03-03"}
    rows = history(asked(), Draft(E.ANSWER, "seller", "", "C1", "", body)).rows["requests"]
    assert {(row["asked_on"], row["answered_on"]) for row in rows} == {
        (date(2026, 3, 2), None),
        (date(2026, 3, 3), date(2026, 3, 4)),
    }


def answers(**said: object) -> Draft:
    body = {"rule": "silent", "creditor": "X", "day": "2026-03-04", "reason": "forgot", **said}
    return Draft(E.ANSWER, "seller", "", "C1", "", body)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(answers(), {}, id="neither"),
        pytest.param(answers(financial_difficulty=True), {"financial_difficulty": True}, id="in difficulty"),
        pytest.param(answers(financial_difficulty=False), {}, id="what was not said before it could be taken back"),
        pytest.param(answers(difficulty_is_over=True), {"financial_difficulty": False}, id="difficulty taken back"),
        pytest.param(answers(relationship="fragile"), {"relationship": "fragile"}, id="judged"),
    ],
)
def test_an_answer_is_a_row_with_what_it_says_and_nothing_else(answer: Draft, said: dict[str, object]) -> None:
    [row] = history(asked(), answer).rows["answers"]
    given = {"customer": "C1", "creditor": "X", "rule": "silent", "day": date(2026, 3, 4), "reason": "forgot"}
    assert {name: value for name, value in row.items() if value is not None} == given | said


def test_an_answer_is_about_the_customer_by_its_id_of_today_and_the_creditor_it_was_asked_for() -> None:
    request = asked()
    key = request[0].key
    renamed = Draft(E.RENAMED, "credit", body={"from": "C1", "to": "C9"})
    [row] = history(request, answered("2026-03-04", key=key), renamed).rows["answers"]
    assert (row["customer"], row["creditor"]) == ("C9", "X")


def told(day: str, customer: str = "C1", rule: str = "silent", event: E = E.ACCEPTED) -> list[Draft]:
    return deed(
        event, day=day, intent={"of": "request"}, kind="task", stage=rule, channel="", task="answer_overdue",
        customer=customer,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "on"),
    [
        pytest.param(told("2026-03-10"), date(2026, 3, 10), id="told"),
        pytest.param(told("2026-03-10", customer="C2"), None, id="told of another customer"),
        pytest.param(told("2026-03-10", rule="other"), None, id="told of another rule"),
        pytest.param(told("2026-03-10", event=E.UNKNOWN), None, id="nobody knows"),
    ],
)
def test_who_was_told_that_no_answer_came_is_a_mark_on_the_request_and_no_stage(
    task: list[Draft], on: date | None
) -> None:
    happened = history(asked(), task)
    [row] = happened.rows["requests"]
    assert row["told_on"] == on
    assert happened.rows["executed_stages"] == happened.rows["tasks_given"] == ()


def test_what_the_ledger_asked_is_remembered_as_told_by_the_days_that_the_task_names() -> None:
    details = {"asked_on": "2026-02-20", "due_on": "2026-02-27"}
    task = deed(
        E.ACCEPTED, intent={"of": "request"}, kind="task", stage="silent", channel="", task="answer_overdue",
        details=details,
    )  # fmt: skip
    [row] = history(task).rows["requests"]
    assert (row["rule"], row["asked_on"], row["due_on"]) == ("silent", date(2026, 2, 20), date(2026, 2, 27))
    assert (row["answered_on"], row["told_on"]) == (None, date(2026, 3, 2))


def test_a_request_of_which_nobody_knows_was_not_asked() -> None:
    unknown = deed(E.UNKNOWN, intent={"due_on": "2026-03-09"}, kind="sales_request", stage="silent", channel="")
    assert history(unknown).rows["requests"] == ()


def test_a_task_of_a_pause_is_a_task_given_and_no_stage() -> None:
    told = history(
        deed(E.ACCEPTED, intent={"of": "pause"}, kind="task", stage="insolvent", channel="", task="file claim")
    )
    assert told.rows["tasks_given"] == (
        {"customer": "C1", "creditor": "X", "pause": "insolvent", "day": date(2026, 3, 2)},
    )
    assert told.rows["executed_stages"] == ()


PLACED: dict[str, Any] = {"kind": "hold", "stage": "credit", "channel": ""}
RELEASED: dict[str, Any] = {"kind": "release", "stage": "credit", "channel": ""}


@pytest.mark.parametrize(
    ("happened", "held"),
    [
        pytest.param([deed(E.ACCEPTED, **PLACED)], [("2026-03-02", None)], id="placed"),
        pytest.param([deed(E.UNKNOWN, **PLACED)], [], id="nobody knows"),
        pytest.param(
            [deed(E.ACCEPTED, **PLACED), deed(E.ACCEPTED, day="2026-03-08", **RELEASED)],
            [("2026-03-02", "2026-03-08")],
            id="released",
        ),
        pytest.param(
            [deed(E.ACCEPTED, **PLACED), deed(E.ACCEPTED, day="2026-03-08", **{**RELEASED, "stage": "other"})],
            [("2026-03-02", None)],
            id="another hold released",
        ),
        pytest.param(
            [deed(E.ACCEPTED, **PLACED), later(E.UNDONE, "2026-03-03", **PLACED)],
            [("2026-03-02", "2026-03-03")],
            id="undone",
        ),
        pytest.param(
            [
                deed(E.ACCEPTED, **PLACED),
                deed(E.ACCEPTED, day="2026-03-08", **RELEASED),
                deed(E.ACCEPTED, day="2026-03-20", **{**PLACED, "occurrence": 2}),
            ],
            [("2026-03-02", "2026-03-08"), ("2026-03-20", None)],
            id="placed again",
        ),
        pytest.param([deed(E.ACCEPTED, **RELEASED)], [], id="released what the journal did not place"),
    ],
)
def test_a_hold_is_in_force_from_its_placing_to_its_release(
    happened: list[list[Draft]], held: list[tuple[str, str | None]]
) -> None:
    rows = history(*happened).rows["holds"]
    assert [(str(row["placed_on"]), row["released_on"] and str(row["released_on"])) for row in rows] == held


def entry(event: Event, customer: str = "C1", **body: object) -> Draft:
    return Draft(event, OPERATOR, customer=customer, body=body)


def test_what_people_say_is_rows_of_its_tables() -> None:
    told = history(
        entry(E.PROMISE, promise="P1", amount=5000, currency="EUR", made_on="2026-03-02", due_on="2026-03-12"),
        entry(E.PROMISE, promise="P2", amount=1, currency="EUR", made_on="2026-03-02", due_on="2026-03-12"),
        entry(E.PROMISE_CANCELLED, promise="P2", cancelled_on="2026-03-03"),
        entry(E.DISPUTE, invoice="I1", amount=100, opened_on="2026-03-02", reason="price"),
        entry(E.DISPUTE, invoice="I2", opened_on="2026-03-02"),
        entry(E.DISPUTE_RESOLVED, invoice="I1", resolved_on="2026-03-05"),
        entry(E.CALL, day="2026-03-02", channel="call", direction="out"),
        entry(E.REPLY, day="2026-03-03", channel="email", direction="in"),
    )
    assert [(row["promise"], row["amount"], row["due_on"], row["cancelled_on"]) for row in told.rows["promises"]] == [
        ("P1", 5000, date(2026, 3, 12), None),
        ("P2", 1, date(2026, 3, 12), date(2026, 3, 3)),
    ]
    assert [(row["invoice"], row["amount"], row["resolved_on"]) for row in told.rows["disputes"]] == [
        ("I1", 100, date(2026, 3, 5)),
        ("I2", None, None),
    ]
    assert [(row["customer"], row["day"], row["channel"], row["direction"]) for row in told.rows["contacts_made"]] == [
        ("C1", date(2026, 3, 2), "call", "out"),
        ("C1", date(2026, 3, 3), "email", "in"),
    ]


# Customers who have another id now.

RENAMED = Draft(E.RENAMED, OPERATOR, customer="C9", body={"from": "C1", "to": "C9"})


def test_what_was_done_counts_under_the_customers_new_id() -> None:
    told = history(deed(E.ACCEPTED), asked(), deed(E.ACCEPTED, **PLACED), entry(E.CALL, day="2026-03-02"), RENAMED)
    customers = {row["customer"] for rows in told.rows.values() for row in rows}
    assert customers == {"C9"}


def test_an_id_given_to_somebody_new_is_not_taken_for_the_old_one() -> None:
    told = history(deed(E.ACCEPTED), RENAMED, deed(E.ACCEPTED, episode="I5"))
    assert [row["customer"] for row in told.rows["executed_stages"]] == ["C9", "C1"]


def test_an_action_is_found_under_the_customers_new_id_so_that_it_is_not_repeated() -> None:
    letter = deed(E.ACCEPTED, intent={"confirms_by_hand": True}, channel="letter")
    told = history(letter, RENAMED)
    now = str(action(channel="letter", customer="C9")["id"])
    assert told.standing[now].event is E.ACCEPTED
    assert told.standing[now].blocks


def test_of_two_customers_that_became_one_what_keeps_an_action_from_being_repeated_counts() -> None:
    other = deed(E.FAILED, customer="C9")
    told = history(deed(E.ACCEPTED), other, RENAMED)
    assert told.standing[str(action(customer="C9")["id"])].event is E.ACCEPTED
    told = history(deed(E.FAILED), deed(E.ACCEPTED, customer="C9"), RENAMED)
    assert told.standing[str(action(customer="C9")["id"])].event is E.ACCEPTED


# What the plan asks beside the rows.


def test_where_actions_stand_is_what_the_entries_say() -> None:
    drafts = [*deed(E.UNKNOWN), *deed(E.DEFERRED, E.INTENT, channel="letter"), *asked()]
    stands = history(drafts).standing
    assert {key: replace(one, day="") for key, one in stands.items()} == standing_of(Told(*drafts).entries())
    assert {key: one.day for key, one in stands.items()} == {
        str(action()["id"]): "2026-03-02",
        # An entry that says no day happened on the day it was written.
        str(action(channel="letter")["id"]): "2026-03-01",
        str(asked()[0].key): "2026-03-02",
    }


def test_a_rejected_action_has_its_day_until_it_is_approved() -> None:
    rejected = Draft(E.REJECTED, "boss", "k", "C1", body={"day": "2026-03-02"})
    assert history(rejected).rejected == {"k": "2026-03-02"}
    assert history(rejected, Draft(E.APPROVED, "boss", "k", "C1")).rejected == {}


def test_a_run_that_is_left_out_has_never_been() -> None:
    own = history(deed(E.ACCEPTED), entry(E.CALL, "C2", day="2026-03-02"), without="run-1")
    assert own.rows["executed_stages"] == ()
    assert own.standing == {}
    assert len(own.rows["contacts_made"]) == 1


def test_the_head_is_that_of_the_last_entry_told() -> None:
    journal = Told(*deed(E.ACCEPTED))
    assert history_of(journal).head == str(journal.head())  # type: ignore[arg-type]
