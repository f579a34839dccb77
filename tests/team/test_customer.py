"""A customer's record: who they are, how they are reached, what is open, and all that was said and done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.book.book import Book
from duly.figures.timeline import Deed, Imported, Told, timeline_of
from duly.journal.entry import Draft, Event
from duly.journal.erase import erase, rename
from duly.journal.store import Store
from duly.plan.plan import Kind
from duly.reports import customer as report
from duly.source import Refused
from duly.team.customer import Contact, Open, open_items, preferred_channel, record_of
from duly_cli.main import main
from tests.book.books import HEAD, write
from tests.book.facts.building import day, make_book
from tests.record.journals import HOLD, MESSAGE, REQUEST, TO, accepted, begin, intend, journal_in, leave, step

DAY = date(2026, 3, 31)
EVIL = "paid\x1b[2J\u202egnihton"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Store]:
    store = journal_in(tmp_path)
    yield store
    store.close()


def said(journal: Store, event: Event, body: dict[str, object], customer: str = "C001", **personal: object) -> None:
    journal.append(Draft(event, "collector-north", customer=customer, body=body, personal=personal))


def text(book: Book, journal: Store | None = None, customer: str = "C001", as_of: date = DAY) -> str:
    return "\n".join(report.as_text(record_of(book, customer, as_of, journal), "the journal" if journal else ""))


LOGS = make_book(
    customers=[{"customer": "C001"}, {"customer": "C002"}],
    invoices=[{"invoice": "I1", "customer": "C001", "due_date": day("2026-01-01")}],
    contacts_made=[
        {"customer": "C001", "day": day("2026-03-02"), "channel": "call", "note": "will look into it"},
        {"customer": "C002", "day": day("2026-03-02"), "channel": "call", "note": "somebody else"},
        {"customer": "C001", "day": day("2026-03-31"), "channel": "email", "direction": "in"},
        {"customer": "C001", "day": day("2026-04-01"), "channel": "visit", "note": "tomorrow"},
    ],
    executed_stages=[{"customer": "C001", "stage": "reminder", "day": day("2026-03-01"), "outcome": "unknown"}],
    promises=[
        {
            "promise": "P1",
            "customer": "C001",
            "invoice": "I1",
            "amount": 12_345,
            "made_on": day("2026-03-03"),
            "due_on": day("2026-03-20"),
            "cancelled_on": day("2026-03-10"),
        }
    ],
    disputes=[
        {
            "invoice": "I1",
            "amount": 500,
            "opened_on": day("2026-03-04"),
            "resolved_on": day("2026-04-04"),
            "reason": "price",
        }
    ],
    requests=[
        {
            "customer": "C001",
            "rule": "find_out",
            "asked_on": day("2026-03-05"),
            "due_on": day("2026-03-09"),
            "answered_on": day("2026-03-06"),
        }
    ],
    holds=[{"customer": "C001", "placed_on": day("2026-03-07"), "released_on": day("2026-03-08")}],
)


# The timeline.


def test_what_the_book_brings_stands_in_order_and_ends_with_the_day() -> None:
    found = timeline_of(LOGS, "C001", None, DAY)
    assert [(one.day.isoformat(), one.what) for one in found if isinstance(one, Imported)] == [
        ("2026-03-01", "stage"),
        ("2026-03-02", "contact"),
        ("2026-03-03", "promise"),
        ("2026-03-04", "dispute"),
        ("2026-03-05", "request"),
        ("2026-03-06", "answer"),
        ("2026-03-07", "hold"),
        ("2026-03-08", "release"),
        ("2026-03-10", "promise_cancelled"),
        ("2026-03-31", "contact"),
    ]


def test_every_kind_is_told_in_words() -> None:
    out = text(LOGS)
    for words in (
        "stage reminder was carried out, and nobody knows whether it arrived",
        "the customer was reached by call: will look into it",
        "the customer promised 123.45 USD for I1 by 2026-03-20 (P1)",
        "a promise was withdrawn: P1",
        "the customer contests I1, 5.00 USD: price",
        "sales was asked: find_out, to answer by 2026-03-09",
        "sales answered find_out",
        "hold placed: credit",
        "hold released: credit",
        "the customer replied by email",
    ):
        assert words in out
    assert "somebody else" not in out
    assert "from the book alone: no journal was read" in out


def test_an_action_is_one_entry_with_where_it_stands(journal: Store) -> None:
    begin(journal)
    accepted(journal, MESSAGE)
    step(journal, Event.BOUNCED, MESSAGE, why="no such mailbox", day="2026-03-31")
    intend(journal, REQUEST)
    leave(journal, REQUEST)
    accepted(journal, replace(HOLD, customer="C002"))
    found = timeline_of(LOGS, "C001", journal, DAY)
    deeds = [(one.last.event, one.intent.key) for one in found if isinstance(one, Deed)]
    assert deeds == [(Event.BOUNCED, MESSAGE.id), (Event.POINT_OF_NO_RETURN, REQUEST.id)]


def test_book_and_journal_are_one_line_of_time(journal: Store) -> None:
    said(journal, Event.CALL, {"day": "2026-03-03", "channel": "call", "direction": "out"}, note="line was busy")
    said(
        journal,
        Event.PROMISE,
        {"promise": "P2", "amount": 1, "currency": "USD", "made_on": "2026-03-01", "due_on": "2026-03-30"},
    )
    said(journal, Event.CALL, {"day": "2026-04-01", "channel": "call", "direction": "out"}, note="after the day")
    found = timeline_of(LOGS, "C001", journal, DAY)
    assert [one.day for one in found] == sorted(one.day for one in found)
    told = [(one.day.isoformat(), one.entry.event) for one in found if isinstance(one, Told)]
    assert told == [("2026-03-01", Event.PROMISE), ("2026-03-03", Event.CALL)]
    third = [type(one) for one in found if one.day == date(2026, 3, 3)]
    assert third == [Imported, Told], "of one day, the book's before the journal's"


def test_what_the_journal_adds_to_the_book_is_told_once(journal: Store) -> None:
    said(journal, Event.CALL, {"day": "2026-03-03", "channel": "call", "direction": "out"}, note="line was busy")
    book = make_book(customers=[{"customer": "C001"}])
    first, second = (record_of(book, "C001", DAY, journal).timeline for _ in range(2))
    assert len(first) == len(second) == 1


def test_what_was_done_under_a_former_id_is_told_as_well(journal: Store) -> None:
    said(journal, Event.CALL, {"day": "2026-03-03", "channel": "call", "direction": "out"}, "OLD", note="as OLD")
    rename(journal, "OLD", "C001", by="credit", because="merged")
    assert "as OLD" in text(make_book(customers=[{"customer": "C001"}]), journal, as_of=date.max)


def test_all_that_sales_and_credit_did_together_is_in_it(journal: Store) -> None:
    """Notices, statements, introductions, advice and proposals, beside the answers with their guidance."""
    begin(journal)
    kinds = [
        (Kind.NOTICE, "hold", "email"),
        (Kind.STATEMENT, "monthly", "letter"),
        (Kind.INTRODUCTION, "new", ""),
        (Kind.ADVICE, "before_order", ""),
        (Kind.LIMIT_PROPOSAL, "raise_good_payer", ""),
    ]
    for kind, rule, channel in kinds:
        action = replace(
            MESSAGE, id=f"{kind.value:x<24}", kind=kind, stage=rule, channel=channel, tone="none", amount=0
        )
        accepted(journal, action)
    answered: dict[str, object] = {"rule": "before_hold", "reason": "cash_trouble", "day": "2026-03-31"}
    said(journal, Event.ANSWER, answered, guidance="approach through the CFO")
    shown = text(make_book(customers=[{"customer": "C001"}]), journal, as_of=date.max)
    for line in (
        "notice: email, hold: accepted",
        "statement: letter, monthly: accepted",
        "introduction, new: accepted",
        "advice note, before_order: accepted",
        "limit proposal, raise_good_payer: accepted",
        "sales answered before_hold: cash trouble on 2026-03-31; guidance: approach through the CFO",
    ):
        assert line in shown


def test_who_approved_what_as_what_and_why_is_in_it(journal: Store) -> None:
    statement = {
        "content": {"kind": "hold", "stage": "credit"},
        "roles": ["credit_manager"],
        "because": "agreed by phone",
    }
    body = {"statement": statement, "signature": "c2ln", "key_id": "k"}
    for event in (Event.APPROVED, Event.REJECTED):
        journal.append(Draft(event, "manager", HOLD.id, "C001", body=body))
    shown = text(make_book(customers=[{"customer": "C001"}]), journal, as_of=date.max)
    assert "approved as credit manager: hold, credit (agreed by phone), by manager" in shown
    assert "rejected as credit manager: hold, credit (agreed by phone), by manager" in shown


# What is personal, and what is hostile.


def test_what_was_erased_is_shown_as_erased_and_nowhere_else(journal: Store) -> None:
    begin(journal)
    accepted(journal, MESSAGE)
    said(journal, Event.CALL, {"day": "2026-03-31", "channel": "call", "direction": "out"}, note="a private matter")
    book = make_book(customers=[{"customer": "C001"}])
    before = text(book, journal, as_of=date.max)
    assert TO in before
    assert "a private matter" in before
    assert "(erased)" not in before
    erase(journal, "C001", by="credit", because="asked to")
    record = record_of(book, "C001", date.max, journal)
    after = "\n".join(report.as_text(record, "the journal"))
    assert "message: email, reminder (friendly), 1,234.50 EUR: accepted; subject: (erased); to: (erased)" in after
    assert "the customer was reached by call on 2026-03-31; note: (erased)" in after
    for everything in (after, report.as_json(record)):
        assert TO not in everything
        assert "a private matter" not in everything
        assert "Amber Anvil" not in everything
    assert {"recipient", "subject", "to"} in [
        set(one["erased"]) for one in json.loads(report.as_json(record))["timeline"] if "erased" in one
    ]


def test_nothing_that_came_from_data_acts_on_the_terminal(journal: Store) -> None:
    said(journal, Event.CALL, {"day": "2026-03-03", "channel": "call", "direction": "out"}, note=EVIL)
    fields = ("name", "address", "tags", "region", "phone", "relationship", "country", "language", "time_zone")
    book = make_book(
        customers=[{"customer": "C001", "salesperson": "s", "parent": EVIL, **dict.fromkeys(fields, EVIL)}],
        people=[{"person": "s", "role": "salesperson", "name": EVIL}],
        contacts=[{"customer": "C001", "role": "pays", "name": EVIL, "email": EVIL, "phone": EVIL, "language": EVIL}],
        contacts_made=[{"customer": "C001", "day": day("2026-03-02"), "note": EVIL}],
        holds=[{"customer": "C001", "hold": EVIL, "placed_on": day("2026-03-02")}],
    )
    out = text(book, journal)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert out.count("\\x1b[2J\\u202e") >= len(fields) + 7


# Who they are and how they are reached.


@pytest.mark.parametrize(
    ("contacts", "email", "address", "no_email", "channel"),
    [
        pytest.param((), "a@b.example", "Street", False, "email", id="own-address"),
        pytest.param((Contact("pays", email="p@b.example"),), "", "Street", False, "email", id="who-pays"),
        pytest.param(
            (Contact("decides", email="d@b.example"),),
            "",
            "Street",
            False,
            "letter",
            id="who-decides-is-not-written-to",
        ),
        pytest.param((), "a@b.example", "Street", True, "letter", id="refuses-e-mail"),
        pytest.param((), "a@b.example", "", True, "", id="refuses-e-mail-and-has-no-address"),
        pytest.param((), "", "", False, "", id="nothing-known"),
    ],
)
def test_the_preferred_channel_is_that_by_which_messages_go(
    contacts: tuple[Contact, ...],
    email: str,
    address: str,
    no_email: bool,  # noqa: FBT001
    channel: str,
) -> None:
    assert preferred_channel(contacts, email, address, no_email=no_email) == channel


def test_do_not_contact_stands_first_and_leaves_no_channel() -> None:
    book = make_book(customers=[{"customer": "C001", "email": "a@b.example", "do_not_contact": True}])
    lines = text(book).splitlines()
    assert " ".join(lines[1].split()) == "do not contact YES: nobody may write to it or call it"
    assert lines[2].split() == ["reached", "by", "nothing"]
    assert report.as_record(record_of(book, "C001", DAY))["preferred_channel"] is None


def test_contacts_stand_by_role_and_people_with_whoever_stands_in() -> None:
    book = make_book(
        customers=[{"customer": "C001", "salesperson": "s", "collector": "c"}],
        contacts=[{"customer": "C001", "role": role, "name": role.upper()} for role in ("other", "decides", "pays")],
        people=[
            {"person": "s", "role": "salesperson"},
            {"person": "c", "role": "collector", "away_from": DAY, "covered_by": "d"},
            {"person": "d", "role": "collector"},
        ],
    )
    record = record_of(book, "C001", DAY)
    assert [one.role for one in record.contacts] == ["pays", "decides", "other"]
    assert [(one.person.id, one.away, one.stand_in) for one in record.colleagues] == [
        ("s", False, ""),
        ("c", True, "d"),
    ]
    assert "away; d stands in" in text(book)


def test_a_customer_that_is_not_in_the_book_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        record_of(make_book(), "C001", DAY)
    assert refused.value.exit_code == 4


# What is open.


def test_open_items_are_those_of_the_ledger_on_the_day() -> None:
    book = make_book(
        invoices=[
            {"invoice": "I1", "amount": 10_000, "due_date": day("2026-01-01")},
            {"invoice": "I2", "amount": 5_000, "due_date": day("2026-03-31")},
            {"invoice": "I3", "amount": 7_000, "due_date": day("2026-02-01"), "written_off_on": day("2026-03-01")},
            {"invoice": "I4", "amount": 9_000, "due_date": day("2026-02-01"), "creditor": "other"},
            {"invoice": "I5", "customer": "C2", "due_date": day("2026-02-01")},
        ],
        payments=[
            {"invoice": "I1", "amount": 4_000, "day": day("2026-03-31")},
            {"invoice": "I1", "amount": 1_000, "day": day("2026-04-01")},
            {"amount": 250, "day": day("2026-03-01")},
            {"amount": 900, "day": day("2026-03-01"), "bounced_on": day("2026-03-05")},
        ],
        credits=[{"amount": 50, "day": day("2026-03-01")}],
        disputes=[{"invoice": "I1", "amount": 2_000, "opened_on": day("2026-02-01")}],
    )
    assert open_items(book, "C1", DAY) == (
        Open("main", "USD", 2, 11_000, 6_000, 2_000, day("2026-01-01"), 300),
        Open("other", "USD", 1, 9_000, 9_000, 0, day("2026-02-01"), 0),
    )


def test_instalments_are_items_of_their_own() -> None:
    book = make_book(
        invoices=[{"invoice": "I/1", "amount": 10_000, "due_date": day("2026-01-01")}],
        instalments=[
            {"invoice": "I/1", "number": 1, "due_date": day("2026-03-01"), "amount": 4_000},
            {"invoice": "I/1", "number": 2, "due_date": day("2026-05-01"), "amount": 6_000},
        ],
    )
    assert open_items(book, "C1", DAY) == (Open("main", "USD", 2, 10_000, 4_000, 0, day("2026-03-01")),)


def test_a_foreign_currency_needs_no_rate_and_two_need_one() -> None:
    euros = {"invoice": "I1", "amount": 100, "currency": "EUR", "due_date": day("2026-01-01")}
    dollars = {"invoice": "I2", "amount": 100, "due_date": day("2026-01-01")}
    assert [one.currency for one in open_items(make_book(invoices=[euros]), "C1", DAY)] == ["EUR"]
    with pytest.raises(Refused) as refused:
        open_items(make_book(invoices=[euros, dollars]), "C1", DAY)
    assert refused.value.problems[0].rule == "missing-rate"
    rate = {"day": day("2026-01-01"), "from": "USD", "to": "EUR", "rate": 90_000_000}
    found = open_items(make_book(invoices=[euros, dollars], rates=[rate]), "C1", DAY)
    assert [(one.currency, one.open) for one in found] == [("EUR", 100), ("USD", 100)]


def test_a_child_that_is_paid_for_keeps_its_own_items_and_both_say_so() -> None:
    book = make_book(
        customers=[{"customer": "A"}, {"customer": "B", "parent": "A", "parent_pays": True}],
        invoices=[
            {"invoice": "I1", "customer": "A", "amount": 100, "due_date": day("2026-01-01")},
            {"invoice": "I2", "customer": "B", "amount": 200, "due_date": day("2026-01-01")},
        ],
    )
    parent, child = record_of(book, "A", DAY), record_of(book, "B", DAY)
    assert (parent.pays_for, parent.open[0].open) == (("B",), 100)
    assert (child.payer, child.open[0].open) == ("A", 200)


def test_a_dispute_that_the_journal_keeps_is_disputed_here(journal: Store) -> None:
    said(journal, Event.DISPUTE, {"invoice": "I1", "amount": 3_000, "opened_on": "2026-03-30"})
    book = make_book(invoices=[{"invoice": "I1", "customer": "C001", "due_date": day("2026-01-01")}])
    assert record_of(book, "C001", DAY, journal).open[0].disputed == 3_000


# At the command line.


def test_the_command_reads_the_book_and_the_journal_of_the_home(tmp_path: Path, journal: Store) -> None:
    said(journal, Event.CALL, {"day": "2026-03-03", "channel": "call", "direction": "out"}, note="line was busy")
    journal.close()
    book = write(tmp_path / "book", HEAD + "tables: {payments: none}\n")
    arguments = ["customer", "C001", "--book", str(book), "--as-of", "2026-03-31"]
    result = CliRunner().invoke(main, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 0
    assert result.stdout.startswith("Amber Anvil Works (C001), as of 2026-03-31")
    assert "100.00 USD  1 item  oldest due 2026-01-01" in result.stdout
    assert "line was busy" in result.stdout
    assert "from the book and the journal of `try`" in result.stdout
    alone = CliRunner().invoke(main, [*arguments, "--home", str(book), "--format", "json"])
    assert json.loads(alone.stdout)["timeline"] == []
    unknown = CliRunner().invoke(main, [*arguments[:1], "C009", *arguments[2:], "--home", str(tmp_path)])
    assert unknown.exit_code == 4
    assert "the book has no customer `C009`" in unknown.stderr
