"""A statement is of one customer, one creditor and one currency, and its sums are the customer's items."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from duly.book.book import Presence
from duly.figures.aging import trial_balance
from duly.figures.statement import OnAccount, statements
from duly.language.policy import Policy
from duly.source import Refused
from tests.book.facts.books import Tables, policies, together
from tests.book.facts.building import make_book
from tests.figures.ledgers import AS_OF, BOOKS, FAMILIES, PHASES, POLICY

DUE = {"due_date": "2026-03-01", "invoice_date": "2026-02-01"}


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies())
def test_a_statement_is_the_customers_line_of_the_trial_balance(books: list[Tables], policy: Policy) -> None:
    book = make_book(**together(books))
    lines = {
        (line.creditor, line.group, line.currency): (line.buckets, line.unapplied, line.balance)
        for line in trial_balance(book, policy, AS_OF).lines
    }
    made = {
        (s.creditor, s.customer, s.currency): (s.buckets, s.unapplied, s.balance)
        for s in statements(book, policy, AS_OF)
    }
    assert made == lines


def test_two_currencies_are_two_statements() -> None:
    book = make_book(invoices=[DUE, {**DUE, "currency": "EUR"}])
    assert [(s.currency, s.open, len(s.items)) for s in statements(book, POLICY, AS_OF)] == [
        ("EUR", 10_000, 1),
        ("USD", 10_000, 1),
    ]


def test_two_creditors_are_two_statements() -> None:
    book = make_book(invoices=[DUE, {**DUE, "creditor": "other"}])
    assert [s.creditor for s in statements(book, POLICY, AS_OF)] == ["main", "other"]


def test_money_without_an_invoice_is_told_one_by_one() -> None:
    book = make_book(
        invoices=[DUE],
        payments=[
            {"payment": "P1", "amount": 100, "day": "2026-03-02"},
            {"payment": "P2", "amount": 10_030, "day": "2026-03-03", "invoice": "I1"},
            {"payment": "P3", "amount": 7, "day": "2026-03-03", "bounced_on": "2026-03-05"},
        ],
        credits=[{"credit": "K1", "amount": 5, "day": "2026-03-01"}],
    )
    (statement,) = statements(book, POLICY, AS_OF)
    assert [(credit.kind, credit.reference, credit.amount) for credit in statement.credits] == [
        (OnAccount.CREDIT_NOTE, "K1", 5),
        (OnAccount.PAYMENT, "P1", 100),
        (OnAccount.OVERPAID, "I1", 30),
    ]
    assert (statement.open, statement.balance) == (0, -135)


def test_a_statement_names_who_sells_and_who_collects() -> None:
    book = make_book(
        customers=[{"customer": "C1", "name": "Amber Anvil Works", "salesperson": "S1", "collector": "K1"}],
        people=[{"person": "S1", "name": "Salesperson 1", "email": "s1@x.example", "role": "salesperson"}],
        invoices=[DUE],
    )
    (statement,) = statements(book, POLICY, AS_OF)
    assert statement.salesperson is not None
    assert statement.collector is not None
    assert (statement.salesperson.name, statement.salesperson.email) == ("Salesperson 1", "s1@x.example")
    assert statement.collector.name == "K1"


def test_what_a_child_owes_is_on_the_statement_of_the_parent_that_pays() -> None:
    book = make_book(
        customers=[{"customer": "C1"}, {"customer": "C2", "parent": "C1", "parent_pays": True}],
        invoices=[{**DUE, "customer": "C2"}],
    )
    (statement,) = statements(book, POLICY, AS_OF, "C2")
    assert (statement.customer, statement.items[0].made_out_to) == ("C1", "C2")


def test_a_statement_is_about_nobody_else() -> None:
    book = make_book(invoices=[DUE, {**DUE, "customer": "C2"}])
    assert {s.customer for s in statements(book, POLICY, AS_OF, "C2")} == {"C2"}


@pytest.mark.parametrize("table", ["payments", "credits"])
def test_a_book_that_lacks_a_table_is_refused_by_its_name(table: str) -> None:
    book = make_book(invoices=[DUE])
    with pytest.raises(Refused, match=f"a statement needs `{table}`"):
        statements(replace(book, given={**book.given, table: Presence.ABSENT}), POLICY, AS_OF)
