"""What the journal knows, as rows of the book's own tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from duly.book.book import Book, Presence
from duly.book.facts import build_facts, facts_from
from duly.book.history import FIRST_ROW, add_history
from duly.journal.history import History, Row
from duly.language.load import load_policy
from tests.book.facts.building import make_book
from tests.language.policies import STANDARD

AS_OF = date(2026, 3, 31)
STAGE: Row = {"customer": "C1", "creditor": "main", "item": "", "stage": "courtesy", "day": date(2026, 3, 20)}


def book(**given: Presence) -> Book:
    made = make_book(
        customers=[{"customer": "C1"}],
        invoices=[{"customer": "C1", "amount": 100_000, "due_date": date(2026, 3, 1)}],
    )
    return replace(made, given=MappingProxyType({**made.given, **given}))


def history(**rows: Row) -> History:
    return History(head="j:1:0", rows={table: (row,) for table, row in rows.items()})


def count(book_: Book, table: str) -> int:
    (found,) = book_.connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(found)


def test_a_stage_in_the_journal_is_a_stage_of_the_account() -> None:
    policy, _ = load_policy(STANDARD)
    made = book(creditors=Presence.NONE)
    assert add_history(made, history(executed_stages=STAGE)) == 0
    build_facts(made, policy, AS_OF)
    (account,) = facts_from(made.connection, policy)
    assert (account.facts["times__courtesy"], account.facts["days_since_stage"]) == (1, 11)


def test_rows_of_the_journal_come_after_those_of_the_files() -> None:
    made = book(creditors=Presence.NONE)
    add_history(made, history(executed_stages=STAGE))
    assert made.connection.execute("SELECT row FROM executed_stages").fetchall() == [(FIRST_ROW,)]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param("executed_stages", {**STAGE, "customer": "C2"}, id="a-customer-who-is-gone"),
        pytest.param("disputes", {"invoice": "I9", "opened_on": AS_OF}, id="an-invoice-that-is-gone"),
    ],
)
def test_what_is_about_nobody_in_the_book_is_left_out_and_counted(table: str, row: Row) -> None:
    made = book(creditors=Presence.NONE)
    assert add_history(made, history(**{table: row})) == 1
    assert count(made, table) == 0


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        pytest.param(Presence.GIVEN, 0, id="the-ledger-has-its-own"),
        pytest.param(Presence.NONE, 1, id="the-ledger-has-none"),
    ],
)
def test_holds_are_the_ledgers_where_it_brings_them(given: Presence, rows: int) -> None:
    made = book(creditors=Presence.NONE, holds=given)
    add_history(made, history(holds={"customer": "C1", "creditor": "main", "hold": "credit", "placed_on": AS_OF}))
    assert count(made, "holds") == rows


def test_a_book_without_creditors_of_its_own_takes_the_journals_word_for_them() -> None:
    made = book(creditors=Presence.NONE)
    assert add_history(made, history(executed_stages={**STAGE, "creditor": "another"})) == 0


REQUEST: Row = {"customer": "C1", "creditor": "main", "rule": "before_hold", "asked_on": date(2026, 3, 20)}


@pytest.mark.parametrize(
    ("asked_on", "open_", "answered"),
    [
        pytest.param(date(2026, 3, 20), frozenset(), frozenset({"before_hold"}), id="the-same-request"),
        pytest.param(date(2026, 3, 21), frozenset({"before_hold"}), frozenset({"before_hold"}), id="another-one"),
    ],
)
def test_a_request_that_the_ledger_brought_is_answered_by_what_the_journal_knows(
    asked_on: date, open_: frozenset[str], answered: frozenset[str]
) -> None:
    policy, _ = load_policy(STANDARD)
    brought = {**REQUEST, "asked_on": asked_on, "due_on": date(2026, 4, 5), "answered_on": None}
    made = make_book(
        customers=[{"customer": "C1"}],
        invoices=[{"customer": "C1", "amount": 100_000, "due_date": date(2026, 3, 1)}],
        creditors=[{"creditor": "main"}],
        requests=[brought],
    )
    said = {**REQUEST, "due_on": REQUEST["asked_on"], "answered_on": date(2026, 3, 25), "told_on": None}
    add_history(made, history(requests=said))
    build_facts(made, policy, AS_OF)
    (account,) = facts_from(made.connection, policy)
    assert (account.facts["requests_open"], account.facts["requests_answered"]) == (open_, answered)
    assert count(made, "requests") == (1 if asked_on == REQUEST["asked_on"] else 2)
