"""What people tell becomes entries that the next plan reads, or is refused whole with everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from duly.book.read import read_book
from duly.book.tables import TABLES
from duly.execution.known import Known, entries_about, known_of
from duly.execution.recorded import (
    Answer,
    Contact,
    Dispute,
    DisputeResolved,
    Promise,
    PromiseCancelled,
    Reason,
    What,
    drafts_of,
)
from duly.journal.entry import Draft, Entry, Event
from duly.journal.erase import erase, rename
from duly.journal.history import history_of
from duly.journal.store import Store
from duly.language.vocabulary import ANSWER_REASONS
from duly.source import Refused
from tests.book import books
from tests.record.journals import DAY, MESSAGE, REQUEST, accepted, unknown

TODAY = DAY + timedelta(days=10)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

PROMISE = Promise("100.00", YESTERDAY, TODAY + timedelta(days=5))
ANSWER = Answer("broken_promise", YESTERDAY, Reason.FORGOT)


@pytest.fixture
def asked(journal: Store) -> Store:
    """A journal in which C001 got a reminder about I1 and I2, in EUR, and sales was asked why it broke its promise."""
    accepted(journal, MESSAGE)
    accepted(journal, REQUEST)
    return journal


def tell(journal: Store, what: What, customer: str = "C001", *, again: bool = False) -> tuple[Entry, ...]:
    return journal.append(*drafted(journal, what, customer, again=again))


def drafted(journal: Store, what: What, customer: str = "C001", *, again: bool = False) -> tuple[Draft, ...]:
    known = known_of(customer, entries_about(journal, customer))
    return drafts_of(what, known, "collector-north", TODAY, again=again)


def wrong(journal: Store, what: What, customer: str = "C001", *, again: bool = False) -> set[str]:
    with pytest.raises(Refused) as refused:
        drafted(journal, what, customer, again=again)
    assert refused.value.exit_code == 5
    assert all(problem.help for problem in refused.value.problems)
    return {problem.rule for problem in refused.value.problems}


def rows(journal: Store, table: str) -> list[Mapping[str, object]]:
    """The rows that the next plan reads; the messages that were sent aside."""
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in history_of(journal).rows[table]
        if not (table == "contacts_made" and row["channel"] == "email" and row["direction"] == "out")
    ]


@pytest.mark.parametrize(
    ("what", "table", "row"),
    [
        pytest.param(
            Contact(YESTERDAY, "call", "out", "will look into it"),
            "contacts_made",
            {"customer": "C001", "day": YESTERDAY, "channel": "call", "direction": "out"},
            id="a-call-that-reached-them",
        ),
        pytest.param(
            Contact(TODAY, "email", "in"),
            "contacts_made",
            {"customer": "C001", "day": TODAY, "channel": "email", "direction": "in"},
            id="a-reply",
        ),
        pytest.param(
            replace(PROMISE, invoice="I1"),
            "promises",
            {
                "promise": "P-",
                "customer": "C001",
                "creditor": "HOME",
                "invoice": "I1",
                "amount": 10000,
                "currency": "EUR",
                "made_on": YESTERDAY,
                "due_on": TODAY + timedelta(days=5),
            },
            id="a-promise",
        ),
        pytest.param(
            Dispute("I2", TODAY, "12.34", "wrong quantity"),
            "disputes",
            {"invoice": "I2", "amount": 1234, "opened_on": TODAY},
            id="a-dispute-about-a-part",
        ),
        pytest.param(Dispute("I2", TODAY), "disputes", {"invoice": "I2", "opened_on": TODAY}, id="a-dispute-about-all"),
    ],
)
def test_what_was_told_is_a_row_of_the_book_s_own_table_at_the_next_plan(
    asked: Store, what: What, table: str, row: Mapping[str, object]
) -> None:
    tell(asked, what)
    [found] = rows(asked, table)
    assert found.keys() == row.keys()
    assert all(value == row[name] or str(value).startswith("P-") for name, value in found.items())


@pytest.mark.parametrize(
    ("what", "table"),
    [
        pytest.param(Contact(TODAY, "call", "out", "x"), "contacts_made", id="contact"),
        pytest.param(replace(PROMISE, invoice="I1", note="x"), "promises", id="promise"),
        pytest.param(Dispute("I1", TODAY, "1.00", "x"), "disputes", id="dispute"),
    ],
)
def test_a_body_has_columns_of_the_table_it_feeds_and_nothing_else(asked: Store, what: What, table: str) -> None:
    [draft] = drafted(asked, what)
    assert set(draft.body) <= {column.name for column in TABLES[table].columns}


@pytest.mark.parametrize(
    ("what", "name"),
    [
        pytest.param(Contact(TODAY, "call", "out", "spoke to the owner"), "note", id="note-of-a-call"),
        pytest.param(replace(PROMISE, note="spoke to the owner"), "note", id="note-of-a-promise"),
        pytest.param(Dispute("I1", TODAY, reason="spoke to the owner"), "reason", id="reason-of-a-dispute"),
        pytest.param(replace(ANSWER, guidance="spoke to the owner"), "guidance", id="guidance"),
    ],
)
def test_free_text_is_sealed_beside_the_chain(asked: Store, what: What, name: str) -> None:
    entry = tell(asked, what)[-1]
    assert "spoke to the owner" not in str(entry.record())
    assert asked.personal(entry) == {name: "spoke to the owner"}


def test_an_answer_closes_the_request_it_answers(asked: Store) -> None:
    assert "answered_on" not in rows(asked, "requests")[0]
    [entry] = tell(asked, replace(ANSWER, financial_difficulty=True))
    assert rows(asked, "requests")[0]["answered_on"] == YESTERDAY
    assert (entry.key, entry.body["reason"], entry.body["financial_difficulty"]) == (REQUEST.id, "forgot", True)


@pytest.mark.parametrize(
    ("said", "row"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"financial_difficulty": True}, {"financial_difficulty": True}, id="in-difficulty"),
        pytest.param({"financial_difficulty": False}, {"financial_difficulty": False}, id="difficulty-is-over"),
        pytest.param({"relationship": "fragile"}, {"relationship": "fragile"}, id="a-judgement"),
    ],
)
def test_what_an_answer_says_is_a_row_at_the_next_plan(
    asked: Store, said: Mapping[str, object], row: Mapping[str, object]
) -> None:
    tell(asked, replace(ANSWER, **said))  # type: ignore[arg-type]
    about = {"customer": "C001", "creditor": "HOME", "rule": "broken_promise", "day": YESTERDAY, "reason": "forgot"}
    assert rows(asked, "answers") == [{**about, **row}]


def test_the_last_word_on_difficulty_is_what_counts(asked: Store) -> None:
    tell(asked, replace(ANSWER, financial_difficulty=True))
    tell(asked, replace(ANSWER, day=TODAY, financial_difficulty=False), again=True)
    assert [row["financial_difficulty"] for row in rows(asked, "answers")] == [True, False]


def test_an_answer_may_open_the_dispute_that_it_tells_of(asked: Store) -> None:
    dispute, answer = tell(asked, replace(ANSWER, reason=Reason.DISPUTE, disputes="I2"))
    assert (dispute.event, answer.event) == (Event.DISPUTE, Event.ANSWER)
    assert rows(asked, "disputes") == [{"invoice": "I2", "opened_on": YESTERDAY}]


def test_a_reason_is_one_of_the_words_that_facts_know() -> None:
    assert tuple(reason.value for reason in Reason) == ANSWER_REASONS


def test_an_answer_with_a_promise_is_one_deed_of_two_entries(asked: Store) -> None:
    promise, answer = tell(asked, replace(ANSWER, promise=PROMISE))
    assert (promise.event, answer.event) == (Event.PROMISE, Event.ANSWER)
    assert answer.body["promise"] == promise.body["promise"] == rows(asked, "promises")[0]["promise"]


def test_a_promise_that_is_withdrawn_is_cancelled_on_that_day(asked: Store) -> None:
    [entry] = tell(asked, PROMISE)
    tell(asked, PromiseCancelled(str(entry.body["promise"]), TODAY))
    assert rows(asked, "promises")[0]["cancelled_on"] == TODAY


def test_a_dispute_that_is_settled_is_resolved_on_that_day_and_may_be_raised_anew(asked: Store) -> None:
    tell(asked, Dispute("I1", DAY))
    tell(asked, DisputeResolved("I1", YESTERDAY))
    tell(asked, Dispute("I1", TODAY))
    assert [row.get("resolved_on") for row in rows(asked, "disputes")] == [YESTERDAY, None]


@pytest.mark.parametrize(
    ("what", "rules"),
    [
        pytest.param(Contact(TOMORROW, "call", "out"), {"future-day"}, id="a-call-tomorrow"),
        pytest.param(Contact(date(1099, 1, 1), "call", "out"), {"bad-date"}, id="a-call-of-the-crusades"),
        pytest.param(Contact(TODAY, "call", "out", "x" * 301), {"too-long"}, id="a-note-too-long"),
        pytest.param(
            Contact(TODAY, "call", "out", "a\x1b[2Jb"), {"control-character"}, id="a-note-that-clears-screens"
        ),
        pytest.param(Contact(TODAY, "call", "out", "a\u202eb"), {"bidi-character"}, id="a-note-that-turns-text-round"),
        pytest.param(replace(PROMISE, made_on=TOMORROW), {"future-day"}, id="promised-tomorrow"),
        pytest.param(
            replace(PROMISE, due_on=PROMISE.made_on - timedelta(days=1)), {"days-out-of-order"}, id="due-before-made"
        ),
        pytest.param(replace(PROMISE, amount="1,000"), {"bad-amount"}, id="amount-with-separator"),
        pytest.param(replace(PROMISE, amount="1.005"), {"bad-amount"}, id="amount-with-a-decimal-too-many"),
        pytest.param(replace(PROMISE, amount="0.00"), {"bad-amount"}, id="amount-of-nothing"),
        pytest.param(replace(PROMISE, amount="-5"), {"negative-amount"}, id="amount-below-zero"),
        pytest.param(replace(PROMISE, amount="100.0", currency="JPY"), {"bad-amount"}, id="decimals-of-a-yen"),
        pytest.param(replace(PROMISE, currency="EURO"), {"bad-currency"}, id="no-currency"),
        pytest.param(replace(PROMISE, invoice="I9"), {"unknown-invoice"}, id="an-invoice-of-nobody"),
        pytest.param(replace(PROMISE, invoice="I 9"), {"bad-id"}, id="no-id"),
        pytest.param(replace(PROMISE, creditor="OTHER"), {"unknown-creditor"}, id="another-creditor"),
        pytest.param(Dispute("I9", TODAY), {"unknown-invoice"}, id="a-dispute-about-nothing"),
        pytest.param(Dispute("I1", TODAY, "0"), {"bad-amount"}, id="a-dispute-of-nothing"),
        pytest.param(DisputeResolved("I1", TODAY), {"unknown-dispute"}, id="no-dispute-to-settle"),
        pytest.param(PromiseCancelled("P-1", TODAY), {"unknown-promise"}, id="no-promise-to-withdraw"),
        pytest.param(replace(ANSWER, rule="nothing"), {"nothing-asked"}, id="an-answer-to-no-question"),
        pytest.param(replace(ANSWER, day=DAY - timedelta(days=1)), {"days-out-of-order"}, id="answered-before-asked"),
        pytest.param(replace(ANSWER, disputes="I1"), {"not-a-dispute"}, id="a-dispute-of-who-forgot"),
        pytest.param(
            replace(ANSWER, reason=Reason.DISPUTE, disputes="I9"), {"unknown-invoice"}, id="a-dispute-about-no-invoice"
        ),
        pytest.param(replace(ANSWER, relationship="tense"), {"bad-choice"}, id="no-judgement-of-ours"),
        pytest.param(
            replace(ANSWER, disputes="I9", relationship="tense", day=TOMORROW),
            {"not-a-dispute", "unknown-invoice", "bad-choice", "future-day"},
            id="everything-about-an-answer-at-once",
        ),
        pytest.param(
            replace(PROMISE, amount="x", made_on=TOMORROW, due_on=TODAY, invoice="I9", currency="EUR"),
            {"bad-amount", "future-day", "days-out-of-order", "unknown-invoice"},
            id="everything-at-once",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_all_that_is_wrong(asked: Store, what: What, rules: set[str]) -> None:
    assert wrong(asked, what) == rules


@pytest.mark.parametrize(
    ("what", "boundary"),
    [
        pytest.param(Contact(TODAY, "call", "out"), Contact(TOMORROW, "call", "out"), id="today-and-tomorrow"),
        pytest.param(
            replace(PROMISE, due_on=PROMISE.made_on),
            replace(PROMISE, due_on=PROMISE.made_on - timedelta(days=1)),
            id="due-on-the-day-it-was-made-and-the-day-before",
        ),
        pytest.param(replace(PROMISE, amount="0.01"), replace(PROMISE, amount="0.00"), id="a-cent-and-none"),
        pytest.param(
            replace(ANSWER, day=DAY),
            replace(ANSWER, day=DAY - timedelta(days=1)),
            id="the-day-of-asking-and-the-day-before",
        ),
        pytest.param(
            Contact(TODAY, "call", "out", "x" * 300),
            Contact(TODAY, "call", "out", "x" * 301),
            id="300-characters-and-301",
        ),
    ],
)
def test_the_last_that_may_be_told_and_the_first_that_may_not(asked: Store, what: What, boundary: What) -> None:
    assert drafted(asked, what)
    assert wrong(asked, boundary)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(Contact(TODAY, "call", "out"), id="call"),
        pytest.param(Contact(TODAY, "email", "in"), id="reply"),
        pytest.param(PROMISE, id="promise"),
        pytest.param(Dispute("I1", TODAY), id="dispute"),
        pytest.param(ANSWER, id="answer"),
        pytest.param(replace(ANSWER, promise=PROMISE), id="answer-with-promise"),
    ],
)
def test_the_same_told_twice_is_refused_unless_it_happened_again(asked: Store, what: What) -> None:
    first = tell(asked, what)
    assert wrong(asked, what) == {"recorded-before"}
    second = tell(asked, what, again=True)
    assert [e.event for e in first] == [e.event for e in second]
    promises = [str(row["promise"]) for row in rows(asked, "promises")]
    assert len(promises) == len(set(promises))


def test_a_second_call_on_another_day_is_not_the_same(asked: Store) -> None:
    tell(asked, Contact(YESTERDAY, "call", "out"))
    tell(asked, Contact(TODAY, "call", "out"))
    assert len(rows(asked, "contacts_made")) == 2


def test_withdrawing_a_promise_twice_is_refused(asked: Store) -> None:
    [entry] = tell(asked, PROMISE)
    cancelled = PromiseCancelled(str(entry.body["promise"]), TODAY)
    tell(asked, cancelled)
    assert wrong(asked, cancelled) == {"recorded-before"}


def test_a_customer_of_whom_nobody_has_heard_is_refused(asked: Store) -> None:
    assert wrong(asked, Contact(TODAY, "call", "out"), "C999") == {"unknown-customer"}


def test_a_request_that_may_not_have_arrived_can_be_answered(journal: Store) -> None:
    unknown(journal, REQUEST)
    tell(journal, ANSWER)


def test_the_currency_is_asked_for_where_the_customer_owes_in_two(asked: Store) -> None:
    dollars = replace(MESSAGE, id="d" * 64, invoices=("I3",), currency="USD")
    accepted(asked, dollars)
    assert wrong(asked, PROMISE) == {"no-currency"}
    assert drafted(asked, replace(PROMISE, currency="USD"))[0].body["currency"] == "USD"
    assert drafted(asked, replace(PROMISE, invoice="I3"))[0].body["currency"] == "USD"


def test_the_creditor_is_asked_for_where_the_customer_owes_to_two(asked: Store) -> None:
    accepted(asked, replace(MESSAGE, id="e" * 64, invoices=("I3",), creditor="NORTH"))
    assert wrong(asked, PROMISE) == {"no-creditor"}
    assert drafted(asked, replace(PROMISE, creditor="NORTH"))[0].body["creditor"] == "NORTH"
    assert drafted(asked, replace(PROMISE, invoice="I3"))[0].body["creditor"] == "NORTH"


def test_a_renamed_customer_is_told_by_its_new_id_and_still_known_by_the_old_one_s_deeds(asked: Store) -> None:
    rename(asked, "C001", "C100", by="credit", because="merged")
    assert wrong(asked, Contact(TODAY, "call", "out")) == {"renamed-customer"}
    [entry] = tell(asked, ANSWER, "C100")
    assert (entry.customer, entry.key) == ("C100", REQUEST.id)
    assert rows(asked, "requests")[0]["answered_on"] == YESTERDAY


def test_an_id_that_was_given_anew_is_its_new_customer_s(asked: Store) -> None:
    rename(asked, "C001", "C100", by="credit", because="merged")
    accepted(asked, replace(MESSAGE, id="a" * 64, invoices=("I7",)))
    assert tell(asked, Dispute("I7", TODAY), "C001")
    assert wrong(asked, Dispute("I1", TODAY), "C001") == {"unknown-invoice"}
    assert wrong(asked, Dispute("I7", TODAY), "C100") == {"unknown-invoice"}


def test_a_book_knows_customers_and_invoices_that_the_journal_does_not(journal: Store, tmp_path: Path) -> None:
    book = read_book(books.write(tmp_path / "book"), customer="C002")
    known = known_of("C002", journal.entries(customer="C002"), book)
    [draft] = drafts_of(replace(PROMISE, invoice="I2"), known, "collector", TODAY)
    assert (draft.body["currency"], draft.body["amount"]) == ("EUR", 10000)
    assert draft.body["creditor"]
    with pytest.raises(Refused):
        drafts_of(replace(PROMISE, invoice="I1"), known, "collector", TODAY)


@pytest.mark.parametrize("by", [pytest.param("", id="nobody"), pytest.param("a\x00b", id="a-name-with-a-control")])
def test_nobody_says_nothing(by: str) -> None:
    known = Known("C001", in_book=True)
    with pytest.raises(Refused):
        drafts_of(Contact(TODAY, "call", "out"), known, by, TODAY)


# What sales said comes back in the next brief, until it is erased.


def test_guidance_is_read_back_under_the_customers_new_id_until_it_is_erased(asked: Store) -> None:
    tell(asked, replace(ANSWER, guidance="approach through the CFO", financial_difficulty=True))
    rename(asked, "C001", "C900", by="credit", because="merged in the ledger")
    said = {
        "customer": "C900",
        "creditor": "HOME",
        "rule": "broken_promise",
        "day": YESTERDAY,
        "reason": "forgot",
        "hard": True,
        "guidance": "approach through the CFO",
    }
    assert history_of(asked).said_by_sales == (said,)
    erase(asked, "C900", by="credit", because="asked for it")
    assert history_of(asked).said_by_sales == ({**said, "guidance": None},)
