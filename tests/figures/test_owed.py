"""What a plan sums up of the day's facts is what statements and the aged trial balance say item by item."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.facts import build_facts
from duly.figures.aging import trial_balance
from duly.figures.ledger import lay_out
from duly.figures.owed import all_owed, owed_by, owed_on, who_owes
from duly.figures.statement import statements
from duly.language.policy import Policy, Unit
from tests.book.facts.books import Tables, policies, together
from tests.book.facts.building import make_book
from tests.figures.ledgers import AS_OF, BOOKS, FAMILIES, PHASES, POLICY


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies())
def test_the_sums_are_those_of_the_statements_and_of_the_trial_balance(books: list[Tables], policy: Policy) -> None:
    book = make_book(**together(books))
    build_facts(book, policy, AS_OF)
    keys = who_owes(book)
    made = {
        (*key, one.currency): (one.open, one.unapplied, one.balance, one.items)
        for key, parts in owed_by(book, keys)
        for one in parts
    }
    totals = [(t.creditor, t.currency, t.open, t.unapplied, t.balance) for t in all_owed(book)]
    said = {
        (s.creditor, s.customer, s.currency): (s.open, s.unapplied, s.balance, tuple(i.invoice for i in s.items))
        for s in statements(book, policy, AS_OF)
        if s.items
    }
    whole = trial_balance(book, policy, AS_OF)
    assert made == said
    assert keys == sorted({key[:2] for key in said}, key=lambda key: (key[1], key[0]))
    assert totals == [(t.creditor, t.currency, t.total, t.unapplied, t.balance) for t in whole.totals]


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies(), days=st.integers(min_value=1, max_value=40))
def test_who_owed_before_is_who_had_an_open_item_then(books: list[Tables], policy: Policy, days: int) -> None:
    book = make_book(**together(books))
    before = AS_OF - timedelta(days)
    build_facts(book, policy, AS_OF)
    owing = set(who_owes(book))
    found = owed_on(book, policy, before, AS_OF)
    lay_out(book, policy, [before])
    then = set(book.connection.execute("SELECT DISTINCT creditor, customer FROM figures_open").fetchall())
    assert found == owing & then


@pytest.mark.parametrize(
    ("bounced_on", "owed"),
    [pytest.param(0, True, id="before-the-day"), pytest.param(1, False, id="after-it")],
)
def test_a_payment_that_bounced_since_had_paid_the_item_then(bounced_on: int, owed: bool) -> None:  # noqa: FBT001
    day = AS_OF - timedelta(5)
    paid = {"customer": "C1", "invoice": "I1", "amount": 10_000, "day": day, "bounced_on": day + timedelta(bounced_on)}
    book = make_book(
        invoices=[{"customer": "C1", "invoice_date": day - timedelta(9), "due_date": day}], payments=[paid]
    )
    build_facts(book, POLICY, AS_OF)
    assert who_owes(book) == [("main", "C1")]
    assert owed_on(book, POLICY, day, AS_OF) == ({("main", "C1")} if owed else set())


@pytest.mark.parametrize("unit", Unit)
def test_money_of_an_account_that_owes_nothing_is_counted_whatever_is_decided_at_once(unit: Unit) -> None:
    policy = replace(POLICY, ladders=tuple(replace(ladder, unit=unit) for ladder in POLICY.ladders))
    book = make_book(payments=[{"customer": "C1", "invoice": None, "amount": 500, "day": AS_OF}])
    build_facts(book, policy, AS_OF)
    assert [(total.open, total.unapplied) for total in all_owed(book)] == [(0, 500)]
