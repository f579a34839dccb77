"""The aged trial balance ties to the ledger, and the lists to the facts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.book import Presence
from duly.figures.aging import Aged, By, new_customers, past_due, total_of, trial_balance
from duly.figures.ledger import BUCKETS
from duly.language.conditions import Compare, Is, Op
from duly.language.policy import Policy, Segment
from duly.source import Refused
from tests.book.facts.books import Tables, day, policies, together
from tests.book.facts.building import make_book
from tests.figures.ledgers import AS_OF, BOOKS, FAMILIES, PHASES, POLICY, ledger_of, plain_facts


def only_bucket(line: Aged) -> str:
    ((bucket, _),) = [(name, amount) for name, amount in zip(BUCKETS, line.buckets, strict=True) if amount]
    return bucket


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        *((-400, "not_due"), (-1, "not_due"), (0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90")),
        *((90, "61-90"), (91, "91-120"), (120, "91-120"), (121, "120+"), (40_000, "120+")),
    ],
)
def test_an_item_stands_in_the_bucket_of_its_age(days: int, bucket: str) -> None:
    book = make_book(invoices=[{"due_date": AS_OF - timedelta(days=days)}])
    (line,) = trial_balance(book, POLICY, AS_OF).lines
    assert (only_bucket(line), line.total) == (bucket, 10_000)


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies(), as_of=st.sampled_from((0, 0, -1, -30, 5)).map(day))
def test_the_trial_balance_ties_to_the_ledger_to_the_cent(books: list[Tables], policy: Policy, as_of: date) -> None:
    book = make_book(**together(books))
    opened, unapplied = ledger_of(book, policy, as_of)
    balance = trial_balance(book, policy, as_of)
    shown = Counter(
        {
            ((line.creditor, line.group, line.currency), bucket): amount
            for line in balance.lines
            for bucket, amount in zip(BUCKETS, line.buckets, strict=True)
        }
    )
    assert +shown == +opened
    assert +Counter({(line.creditor, line.group, line.currency): line.unapplied for line in balance.lines}) == unapplied


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies())
def test_the_totals_are_the_same_by_whatever_the_balance_is(books: list[Tables], policy: Policy) -> None:
    book = make_book(**together(books))
    balances = {by: trial_balance(book, policy, AS_OF, by) for by in By}
    assert len({balance.totals for balance in balances.values()}) == 1
    assert {by: trial_balance(book, policy, AS_OF, by, laid_out=True) for by in By} == balances


def test_a_total_never_adds_two_currencies() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-01"}, {"due_date": "2026-01-01", "currency": "EUR"}])
    balance = trial_balance(book, POLICY, AS_OF)
    assert [(total.currency, total.total) for total in balance.totals] == [("EUR", 10_000), ("USD", 10_000)]
    with pytest.raises(ValueError, match="one currency"):
        total_of(balance.lines, "main", "USD")


def test_no_rate_is_needed_to_age_a_foreign_currency() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-01", "currency": "JPY"}])
    assert trial_balance(book, POLICY, AS_OF).totals[0].total == 10_000


def test_each_segment_is_the_accounts_own() -> None:
    large = Segment(id="large", when=Compare("past_due", Op.OVER, 15_000))
    policy = replace(
        POLICY, segments=(large, Segment(id="others", when=Is("customer_ladder", ("x",))), Segment(id="rest"))
    )
    book = make_book(
        invoices=[{"due_date": "2026-01-01", "amount": 20_000}, {"due_date": "2026-01-01", "customer": "C2"}]
    )
    lines = trial_balance(book, policy, AS_OF, By.SEGMENT).lines
    assert [(line.group, line.total) for line in lines] == [("large", 20_000), ("rest", 10_000)]


def test_customers_without_a_salesperson_are_not_left_out() -> None:
    book = make_book(
        customers=[{"customer": "C1", "salesperson": "S1"}, {"customer": "C2"}],
        people=[{"person": "S1", "name": "Salesperson 1", "role": "salesperson"}],
        invoices=[{"due_date": "2026-01-01"}, {"due_date": "2026-01-01", "customer": "C2"}],
    )
    lines = trial_balance(book, POLICY, AS_OF, By.SALESPERSON).lines
    assert [(line.group, line.name) for line in lines] == [("", ""), ("S1", "Salesperson 1")]


def test_a_book_that_does_not_say_what_was_paid_is_refused() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-01"}])
    lacking = replace(
        book,
        given={**book.given, "payments": Presence.ABSENT},
        columns={**book.columns, "invoices": frozenset({"invoice", "customer", "amount", "due_date"})},
    )
    with pytest.raises(Refused, match=r"`payments` or `invoices.open` or `invoices.settled_on`") as refused:
        trial_balance(lacking, POLICY, AS_OF)
    assert refused.value.exit_code == 4


def test_a_book_without_salespeople_is_refused_by_the_column() -> None:
    book = make_book(invoices=[{"due_date": "2026-01-01"}])
    lacking = replace(book, columns={**book.columns, "customers": frozenset({"customer"})})
    with pytest.raises(Refused, match=r"`customers.salesperson`"):
        trial_balance(lacking, POLICY, AS_OF, By.SALESPERSON)


@pytest.mark.parametrize(("days", "listed"), [pytest.param(3, 0, id="in-grace"), pytest.param(4, 1, id="after-grace")])
def test_the_past_due_list_begins_after_grace(days: int, listed: int) -> None:
    book = make_book(invoices=[{"due_date": AS_OF - timedelta(days=days)}])
    assert len(past_due(book, POLICY, AS_OF)) == listed


@settings(max_examples=BOOKS, phases=PHASES)
@given(books=FAMILIES, policy=policies())
def test_the_past_due_list_is_what_the_facts_call_past_due(books: list[Tables], policy: Policy) -> None:
    book = make_book(**together(books))
    listed = Counter((item.creditor, item.customer) for item in past_due(book, policy, AS_OF))
    facts = plain_facts(book, policy, AS_OF)
    assert listed == +Counter({key: int(str(found["late_count_with_disputed"])) for key, found in facts.items()})


@pytest.mark.parametrize(
    ("since", "new"),
    [("2026-03-24", []), ("2026-03-25", ["C1"]), ("2026-03-31", ["C1"]), ("2026-04-01", [])],
)
def test_new_customers_are_those_of_the_last_seven_days(since: str, new: list[str]) -> None:
    record = {"customer": "C1", "since": since, "salesperson": "S1", "collector": "K1"}
    found = new_customers(make_book(customers=[record]), AS_OF)
    assert [(c.customer, c.salesperson, c.collector) for c in found] == [(id_, "S1", "K1") for id_ in new]


def test_without_a_first_day_the_first_invoice_tells_who_is_new() -> None:
    invoices = [{"invoice_date": "2026-03-30", "due_date": "2026-04-30"}]
    assert [c.since for c in new_customers(make_book(invoices=invoices), AS_OF)] == [date(2026, 3, 30)]
