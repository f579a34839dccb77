"""The cash on the scorecard is the book's payments, told apart by age; its figures come from the same open items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.book import Book, Presence
from duly.book.payers import payers_of
from duly.book.tables import TABLES
from duly.figures.aging import trial_balance
from duly.figures.formulas import DAYS_TO_RESOLVE, PROMISES_KEPT, SHARE_ON_TIME, Formula
from duly.figures.scorecard import CASH, NEEDED, Card, Of, quarter_of, scorecard, scorecards
from duly.language.policy import Late, Policy
from duly.source import Refused
from tests.book.facts.books import Tables, day, families, policies, together
from tests.book.facts.building import Row, fill, make_book
from tests.book.facts.seen import a_policy
from tests.figures.ledgers import AS_OF, BOOKS, PHASES, POLICY, plain_facts


@st.composite
def books_of_payments(draw: st.DrawFn) -> Tables:
    """Books that tell what is open by payments and days of settlement, not by balances."""
    tables = together(draw(st.lists(families(), min_size=4, max_size=4)))
    for invoice in tables["invoices"]:
        invoice.pop("open", None)
    for name, keys in (("payments", "P"), ("promises", "R"), ("credits", "K")):
        for number, row in enumerate(tables[name]):
            row[{"P": "payment", "R": "promise", "K": "credit"}[keys]] = f"{keys}{number}"
    return tables


def cash_of(cards: Iterable[Card]) -> Counter[tuple[str, str]]:
    return +sum((Counter({(c.creditor, c.currency): c.cash_total}) for c in cards), Counter[tuple[str, str]]())


def payments_of(tables: Tables, standing: Iterable[Row]) -> Counter[tuple[str, str]]:
    """Money received by creditor and currency; what pays an invoice is its creditor's."""
    creditor_of = {invoice["invoice"]: str(invoice["creditor"]) for invoice in tables["invoices"]}
    received: Counter[tuple[str, str]] = Counter()
    for payment in standing:
        creditor = creditor_of.get(payment["invoice"], str(payment["creditor"]))
        received[creditor, str(payment["currency"])] += int(str(payment["amount"]))
    return received


def bounced_by(payment: Row, last: date) -> bool:
    returned = payment["bounced_on"]
    return isinstance(returned, date) and returned <= last


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies(), of=st.sampled_from(Of), as_of=st.sampled_from((0, -45)).map(day))
def test_the_cash_is_the_payments(tables: Tables, policy: Policy, of: Of, as_of: date) -> None:
    quarter = quarter_of(as_of)
    came = [p for p in tables["payments"] if quarter.first <= day_of(p) <= as_of and not bounced_by(p, as_of)]
    assert cash_of(scorecard(make_book(**tables), policy, as_of, of).cards) == payments_of(tables, came)


def day_of(payment: Row) -> date:
    came = payment["day"]
    assert isinstance(came, date)
    return came


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies())
def test_cash_less_returned_money_adds_up_over_the_quarters(tables: Tables, policy: Policy) -> None:
    book = make_book(**tables)
    ends = (date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), AS_OF)
    total: Counter[tuple[str, str]] = Counter()
    for end in ends:
        for card in scorecard(book, policy, end, Of.EVERYBODY).cards:
            total[card.creditor, card.currency] += card.cash_total - card.returned
    came = [p for p in tables["payments"] if date(2025, 1, 1) <= day_of(p) <= AS_OF and not bounced_by(p, AS_OF)]
    assert +total == payments_of(tables, came)


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies())
def test_open_items_are_those_of_the_trial_balance(tables: Tables, policy: Policy) -> None:
    book = make_book(**tables)
    shown = {
        (c.creditor, c.currency): c.open for c in scorecard(book, policy, AS_OF, Of.EVERYBODY).cards if any(c.open)
    }
    totals = trial_balance(book, policy, AS_OF).totals
    assert shown == {(total.creditor, total.currency): total.buckets for total in totals if any(total.buckets)}


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies())
def test_promises_stand_as_the_facts_say(tables: Tables, policy: Policy) -> None:
    first = str(quarter_of(AS_OF).first)
    book = make_book(**tables)
    known = plain_facts(book, policy, AS_OF)
    payers = payers_of(book)
    # The facts are of accounts with something on them, and look back a year.
    tables["promises"] = [
        row
        for row in tables["promises"]
        if (row["creditor"], payers.get(str(row["customer"]), row["customer"])) in known and str(row["due_on"]) >= first
    ]
    fill(book.connection, TABLES["promises"], tables["promises"])
    facts = plain_facts(book, policy, AS_OF).values()
    terms = [terms_of(card, PROMISES_KEPT) for card in scorecard(book, policy, AS_OF, Of.EVERYBODY).cards]
    assert (sum(one["kept"] for one in terms), sum(one["broken"] for one in terms)) == tuple(
        sum(int(str(one[name])) for one in facts) for name in ("kept_promises_12_months", "broken_promises_12_months")
    )


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies())
def test_the_pairs_add_up_to_everybody(tables: Tables, policy: Policy) -> None:
    people = [{"salesperson": "S1", "collector": "K1"}, {"salesperson": "S2", "collector": "K1"}, {}]
    tables["customers"] = [{**row, **people[n % 3]} for n, row in enumerate(tables["customers"])]
    book = make_book(**tables)

    told_apart = scorecards(book, policy, AS_OF)

    def summed(of: Of) -> Counter[tuple[str, str, str]]:
        sums: Counter[tuple[str, str, str]] = Counter()
        for card in told_apart[of].cards:
            where = (card.creditor, card.currency)
            sums.update({(*where, word): amount for word, amount in zip(CASH, card.cash, strict=True)})
            sums.update({(*where, "sales"): card.sales_booked, (*where, "sold"): card.credit_sales})
            sums.update({(*where, "returned"): card.returned, (*where, "disputes"): card.disputes_opened})
            for figure in card.figures:
                named = f"{figure.formula.name} {figure.of}"
                sums.update({(*where, f"{named} {t.name}"): t.value for t in figure.terms if t.name in ADDED})
        return +sums

    everybody = summed(Of.EVERYBODY)
    assert all(summed(of) == everybody for of in (Of.PAIR, Of.SALESPERSON, Of.COLLECTOR))


ADDED = {
    "open",
    "not_due",
    "open_before",
    "kept",
    "broken",
    "resolved",
    "days_disputed",
    "on_time",
    "due",
    "now",
    "then",
}


def terms_of(card: Card, formula: Formula) -> Mapping[str, int]:
    return next({term.name: term.value for term in f.terms} for f in card.figures if f.formula is formula)


def card_of(book: Book, policy: Policy = POLICY, as_of: date = AS_OF) -> Card:
    (card,) = scorecard(book, policy, as_of).cards
    return card


def cash(card: Card) -> Mapping[str, int]:
    return {word: amount for word, amount in zip(CASH, card.cash, strict=True) if amount}


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        *((-1, "not_due"), (0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90")),
        *((91, "91-120"), (120, "91-120"), (121, "120+")),
    ],
)
def test_cash_is_as_old_as_its_invoice_was_on_the_day_it_came(days: int, bucket: str) -> None:
    came = date(2026, 3, 10)
    book = make_book(
        invoices=[{"due_date": came - timedelta(days=days)}], payments=[{"invoice": "I1", "day": came, "amount": 4_000}]
    )
    assert cash(card_of(book)) == {bucket: 4_000}


def test_a_payment_of_two_instalments_is_of_two_ages() -> None:
    book = make_book(
        invoices=[{"due_date": "2026-03-01"}],
        instalments=[
            {"invoice": "I1", "number": 1, "due_date": "2026-01-10", "amount": 3_000},
            {"invoice": "I1", "number": 2, "due_date": "2026-03-10", "amount": 7_000},
        ],
        payments=[{"invoice": "I1", "day": "2026-03-01", "amount": 10_500}],
    )
    assert cash(card_of(book)) == {"31-60": 3_000, "not_due": 7_000, "on_account": 500}


def test_a_payment_in_another_currency_counts_in_the_currency_that_came() -> None:
    book = make_book(
        invoices=[{"due_date": "2026-03-01"}],
        payments=[{"invoice": "I1", "day": "2026-03-05", "amount": 5_000, "currency": "EUR"}],
        rates=[{"day": "2026-01-01", "from": "EUR", "to": "USD", "rate": 110_000_000}],
    )
    by_currency = {card.currency: cash(card) for card in scorecard(book, POLICY, AS_OF).cards}
    assert by_currency == {"EUR": {"0-30": 5_000}, "USD": {}}


@pytest.mark.parametrize(
    ("came", "in_quarter"),
    [("2025-12-31", 0), ("2026-01-01", 10_000), ("2026-03-31", 10_000), ("2026-04-01", 0)],
)
def test_a_quarter_holds_its_first_and_its_last_day(came: str, in_quarter: int) -> None:
    book = make_book(invoices=[{"due_date": "2026-01-01"}], payments=[{"invoice": "I1", "day": came}])
    cards = scorecard(book, POLICY, AS_OF).cards
    assert sum(card.cash_total for card in cards) == in_quarter


@pytest.mark.parametrize(
    ("bounced", "expected"),
    [
        pytest.param("2025-12-30", (0, 0), id="bounced-before"),
        pytest.param("2026-02-01", (0, 10_000), id="bounced-in-the-quarter"),
        pytest.param("2026-04-01", (0, 0), id="bounces-tomorrow"),
    ],
)
def test_money_of_an_earlier_quarter_that_bounced_in_this_one_is_returned(
    bounced: str, expected: tuple[int, int]
) -> None:
    payment = {"invoice": "I1", "day": "2025-12-20", "bounced_on": bounced}
    book = make_book(invoices=[{"due_date": "2026-01-01"}], payments=[payment])
    card = card_of(book)
    assert (card.cash_total, card.returned) == expected


GRACE = a_policy(late=Late(grace_days=3))


@pytest.mark.parametrize(
    ("due", "paid", "expected"),
    [
        pytest.param("2026-02-01", {"day": "2026-02-04"}, (10_000, 10_000), id="last-day-of-grace"),
        pytest.param("2026-02-01", {"day": "2026-02-05"}, (0, 10_000), id="a-day-later"),
        pytest.param("2026-02-01", {"day": "2026-02-04", "amount": 9_999}, (0, 10_000), id="a-cent-missing"),
        pytest.param("2026-03-28", {"day": "2026-04-05"}, (0, 10_000), id="last-day-in-time-is-the-quarters-last"),
        pytest.param("2026-03-29", {"day": "2026-04-05"}, (0, 0), id="last-day-in-time-is-the-next-quarters-first"),
        pytest.param(
            "2025-12-29", {"day": "2025-12-29"}, (10_000, 10_000), id="last-day-in-time-is-the-quarters-first"
        ),
        pytest.param("2025-12-28", {"day": "2025-12-29"}, (0, 0), id="last-day-in-time-was-the-quarter-before"),
    ],
)
def test_on_time_is_settled_by_the_last_day_of_grace(due: str, paid: Row, expected: tuple[int, int]) -> None:
    book = make_book(
        invoices=[{"due_date": due, "invoice_date": "2025-12-01"}],
        payments=[{"invoice": "I1", **paid}],
        sales=[{"day": "2026-01-01"}],
    )
    terms = terms_of(card_of(book, GRACE), SHARE_ON_TIME)
    assert (terms["on_time"], terms["due"]) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param({"credits": [{"invoice": "I1", "day": "2026-01-15"}]}, (0, 0), id="credited-whole-is-not-paid"),
        pytest.param({}, (0, 10_000), id="unpaid-is-not-in-time"),
    ],
)
def test_only_a_payment_makes_an_item_paid_on_time(rows: Mapping[str, list[Row]], expected: tuple[int, int]) -> None:
    book = make_book(invoices=[{"due_date": "2026-02-01"}], sales=[{"day": "2026-01-01"}], **rows)
    terms = terms_of(card_of(book, GRACE), SHARE_ON_TIME)
    assert (terms["on_time"], terms["due"]) == expected


def test_disputes_settled_in_the_quarter_say_how_long_they_took() -> None:
    book = make_book(
        invoices=[{"due_date": "2026-02-01"}],
        disputes=[
            {"invoice": "I1", "opened_on": "2025-12-22", "resolved_on": "2026-01-01"},
            {"invoice": "I1", "opened_on": "2026-03-01", "resolved_on": "2026-03-06"},
            {"invoice": "I1", "opened_on": "2026-03-31", "resolved_on": "2026-04-01"},
            {"invoice": "I1", "opened_on": "2025-10-01", "resolved_on": "2025-12-31"},
        ],
    )
    card = card_of(book)
    assert terms_of(card, DAYS_TO_RESOLVE) == {"days_disputed": 15, "resolved": 2}
    assert (card.disputes_opened, card.disputes_open) == (2, 1)


def test_sales_stand_beside_cash_for_the_pair() -> None:
    book = make_book(
        customers=[{"customer": "C1", "salesperson": "S1", "collector": "K1"}],
        invoices=[{"due_date": "2026-02-01", "invoice_date": "2026-01-02"}],
        payments=[{"invoice": "I1", "day": "2026-02-03"}],
        sales=[{"day": "2026-01-01", "amount": 700}, {"day": "2025-12-31", "amount": 9}],
    )
    card = card_of(book)
    assert (card.salesperson, card.collector, card.sales_booked, card.credit_sales, card.cash_total) == (
        *("S1", "K1"),
        *(700, 10_000, 10_000),
    )


@pytest.mark.parametrize(
    ("as_of", "name"),
    [("2026-03-31", "2026-Q1"), ("2026-04-01", "2026-Q2 to 2026-04-01"), ("2024-12-31", "2024-Q4")],
)
def test_a_quarter_that_is_not_over_says_so(as_of: str, name: str) -> None:
    assert str(quarter_of(date.fromisoformat(as_of))) == name


@pytest.mark.parametrize("table", [name for (name,) in NEEDED if "." not in name])
def test_a_book_that_lacks_a_table_is_refused_by_its_name(table: str) -> None:
    book = make_book(invoices=[{"due_date": "2026-02-01"}])
    with pytest.raises(Refused, match=f"the scorecard needs `{table}`") as refused:
        scorecard(replace(book, given={**book.given, table: Presence.ABSENT}), POLICY, AS_OF)
    assert refused.value.exit_code == 4


def test_everything_that_is_lacking_is_told_at_once() -> None:
    book = make_book(invoices=[{"due_date": "2026-02-01"}])
    lacking = replace(book, given=dict.fromkeys(book.given, Presence.ABSENT) | {"invoices": Presence.GIVEN})
    with pytest.raises(Refused) as refused:
        scorecard(lacking, POLICY, AS_OF)
    assert len(refused.value.problems) == len(NEEDED) - 1


def test_open_balances_have_no_history_and_are_refused() -> None:
    book = make_book(invoices=[{"due_date": "2026-02-01", "open": 100}])
    with pytest.raises(Refused, match="1 invoices give in `open`"):
        scorecard(book, POLICY, AS_OF)
