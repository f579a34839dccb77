"""How much is open, and how much of it is chased."""

from __future__ import annotations

from datetime import date

import pytest

from duly.book.facts import build_facts, facts_from
from duly.language.conditions import ALWAYS, Compare, Is, Op
from duly.language.policy import InvoicePause, Ladder, Late, UnappliedCredit, Unit
from duly.source import Refused
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import Found, Scene, a_policy, by_name, seen, seen_at_once, stage

DAY = date(2026, 3, 31)

DUE = {"due_date": "2026-01-10"}
LATER = {"due_date": "2026-02-10"}
NOT_DUE = {"due_date": "2026-05-10"}
OFFSET = a_policy(late=Late(unapplied_credit=UnappliedCredit.OFFSET_OLDEST))
MINIMUM = a_policy(late=Late(ignore_invoice_below=1000))
DISPUTED = InvoicePause(id="disputed", when=Is("dispute", ("open",)), disputed_part_only=True)
WHOLE = InvoicePause(id="disputed", when=Is("dispute", ("open",)))
PART_OUT = a_policy(invoice_pauses=(DISPUTED,))
ALL_OUT = a_policy(invoice_pauses=(WHOLE,))

CASES = [
    pytest.param(
        a_policy(),
        {"invoices": [DUE]},
        {"past_due": 10_000, "late_count": 1, "largest_late": 10_000},
        id="nothing-paid",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "payments": [{"invoice": "I1", "amount": 4_000, "day": DAY}]},
        {"past_due": 6_000, "open_amount": 6_000, "unapplied_credit": 0},
        id="part-paid-today",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "payments": [{"invoice": "I1", "amount": 4_000, "day": "2026-04-01"}]},
        {"past_due": 10_000},
        id="paid-tomorrow",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "payments": [{"invoice": "I1", "day": "2026-03-01", "bounced_on": "2026-04-01"}]},
        {"past_due": 0, "open_count": 0, "late": False},
        id="will-bounce-tomorrow",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "payments": [{"invoice": "I1", "day": "2026-03-01", "bounced_on": DAY}]},
        {"past_due": 10_000, "days_past_due": 80},
        id="bounced-today",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "credits": [{"invoice": "I1", "amount": 2_500, "day": "2026-03-01"}]},
        {"past_due": 7_500},
        id="credit-note",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE, LATER], "payments": [{"invoice": "I1", "amount": 10_050, "day": "2026-03-01"}]},
        {"past_due": 10_000, "unapplied_credit": 50},
        id="paid-too-much",
    ),
    pytest.param(
        OFFSET,
        {"invoices": [DUE, LATER], "payments": [{"invoice": "I1", "amount": 10_050, "day": "2026-03-01"}]},
        {"past_due": 9_950, "unapplied_credit": 0},
        id="what-was-too-much-pays-the-next",
    ),
    pytest.param(
        OFFSET,
        {"invoices": [LATER, DUE], "payments": [{"amount": 10_001, "day": "2026-03-01"}]},
        {"past_due": 9_999, "late_count": 1, "days_past_due": 49, "unapplied_credit": 0},
        id="unapplied-money-pays-the-oldest",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "payments": [{"amount": 10_001, "day": "2026-03-01"}]},
        {"past_due": 10_000, "unapplied_credit": 10_001},
        id="unapplied-money-left-alone",
    ),
    pytest.param(
        OFFSET,
        {"invoices": [DUE], "payments": [{"amount": 10_001, "day": "2026-03-01"}]},
        {"past_due": 0, "open_count": 0, "unapplied_credit": 1},
        id="unapplied-money-is-left",
    ),
    pytest.param(
        a_policy(), {"invoices": [{**DUE, "settled_on": DAY}]}, {"past_due": 0, "open_count": 0}, id="settled-today"
    ),
    pytest.param(
        a_policy(), {"invoices": [{**DUE, "settled_on": "2026-04-01"}]}, {"past_due": 10_000}, id="settled-tomorrow"
    ),
    pytest.param(
        a_policy(),
        {"invoices": [{**DUE, "written_off_on": DAY}]},
        {"past_due": 0, "open_count": 0},
        id="written-off-today",
    ),
    pytest.param(a_policy(), {"invoices": [{**DUE, "amount": 900, "open": 300}]}, {"past_due": 300}, id="open-balance"),
    pytest.param(
        MINIMUM,
        {"invoices": [{**DUE, "amount": 1_000}]},
        {"past_due": 1_000, "late_count": 1},
        id="as-much-as-the-minimum",
    ),
    pytest.param(
        MINIMUM,
        {"invoices": [{**DUE, "amount": 999}]},
        {"past_due": 0, "late_count": 0, "late_count_with_disputed": 0, "open_amount": 999, "open_count": 1},
        id="less-than-the-minimum",
    ),
    pytest.param(
        PART_OUT,
        {"invoices": [DUE], "disputes": [{"invoice": "I1", "amount": 3_000, "opened_on": DAY}]},
        {
            "past_due": 7_000,
            "past_due_with_disputed": 10_000,
            "disputed_amount": 3_000,
            "dispute": "open",
            "late": True,
        },
        id="disputed-part",
    ),
    pytest.param(
        PART_OUT,
        {"invoices": [DUE], "disputes": [{"invoice": "I1", "opened_on": DAY}]},
        {
            "past_due": 0,
            "past_due_with_disputed": 10_000,
            "late": False,
            "late_count": 0,
            "late_count_with_disputed": 1,
        },
        id="disputed-wholly",
    ),
    pytest.param(
        ALL_OUT,
        {"invoices": [DUE], "disputes": [{"invoice": "I1", "amount": 3_000, "opened_on": DAY}]},
        {"past_due": 0, "disputed_amount": 3_000, "late": False},
        id="disputed-part-takes-the-whole-out",
    ),
    pytest.param(
        PART_OUT,
        {"invoices": [DUE], "disputes": [{"invoice": "I1", "opened_on": "2026-03-01", "resolved_on": DAY}]},
        {"past_due": 10_000, "disputed_amount": 0, "dispute": "none"},
        id="dispute-resolved-today",
    ),
    pytest.param(
        PART_OUT,
        {
            "invoices": [DUE],
            "disputes": [{"invoice": "I1", "amount": 3_000, "opened_on": DAY}],
            "payments": [{"invoice": "I1", "amount": 8_000, "day": DAY}],
        },
        {"past_due": 0, "disputed_amount": 2_000},
        id="no-more-is-disputed-than-is-open",
    ),
    pytest.param(
        a_policy(),
        {
            "invoices": [{**NOT_DUE, "amount": 300}],
            "instalments": [
                {"invoice": "I1", "number": 2, "due_date": "2026-03-10", "amount": 100},
                {"invoice": "I1", "number": 1, "due_date": "2026-02-10", "amount": 100},
                {"invoice": "I1", "number": 3, "due_date": "2026-04-10", "amount": 100},
            ],
            "payments": [{"invoice": "I1", "amount": 130, "day": "2026-03-01"}],
        },
        {"past_due": 70, "not_due": 100, "days_past_due": 21, "open_count": 2},
        id="instalments-oldest-first",
    ),
    pytest.param(
        a_policy(),
        {
            "invoices": [{**DUE, "customer": "C2"}, DUE],
            "customers": [{"customer": "C1"}, {"customer": "C2", "parent": "C1", "parent_pays": True}],
        },
        {"past_due": 20_000, "late_count": 2},
        id="the-parent-pays",
    ),
    pytest.param(
        a_policy(),
        {
            "invoices": [{**DUE, "customer": "C2"}, DUE],
            "customers": [{"customer": "C1"}, {"customer": "C2", "parent": "C1", "parent_pays": False}],
        },
        {"past_due": 10_000},
        id="the-child-pays-for-itself",
    ),
    pytest.param(
        a_policy(),
        {
            "invoices": [DUE],
            "credit_lines": [
                {"from": "2026-01-01", "limit": 5},
                {"from": DAY, "limit": 9_999},
                {"from": "2026-04-01", "limit": 1},
            ],
        },
        {"credit_limit": 9_999, "credit_used_pct": 100},
        id="credit-limit-of-the-day",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "credit_lines": [{"from": "2026-01-01", "limit": 10_001}]},
        {"credit_used_pct": 99},
        id="credit-used-rounded-down",
    ),
    pytest.param(
        a_policy(),
        {"invoices": [DUE], "credit_lines": [{"from": "2026-01-01", "limit": 0}]},
        {"credit_limit": 0, "credit_used_pct": None},
        id="no-share-of-nothing",
    ),
    pytest.param(a_policy(), {"invoices": [DUE]}, {"credit_limit": None, "credit_used_pct": None}, id="no-limit"),
]


NAMED = by_name(CASES)


@pytest.fixture(scope="module")
def found() -> Found:
    return seen_at_once({name: Scene(policy, tables, (DAY,)) for name, (policy, tables, _) in NAMED.items()})


@pytest.mark.parametrize("name", NAMED)
def test_what_is_open_and_chased(name: str, found: Found) -> None:
    *_, expected = NAMED[name]
    facts = found[name][DAY].facts
    assert {fact: facts[fact] for fact in expected} == expected


def rate(number: int, from_: str = "EUR", on: str = "2026-01-01") -> Row:
    return {"day": on, "from": from_, "to": "USD", "rate": number}


EUR = {**DUE, "currency": "EUR"}

CURRENCIES = [
    pytest.param(150_000_000, 1, 2, id="half-a-cent-goes-up"),
    pytest.param(149_999_999, 1, 1, id="less-than-half-a-cent-goes-down"),
    pytest.param(1, 10_000_000, 0, id="nearly-nothing"),
]


@pytest.mark.parametrize(("good", "amount", "expected"), CURRENCIES)
def test_amounts_are_converted_with_half_a_unit_rounded_up(good: int, amount: int, expected: int) -> None:
    book = make_book(invoices=[{**EUR, "amount": amount}], rates=[rate(good)])
    facts = seen(book, a_policy(when=Compare("past_due__own", Op.OVER, 0)), [DAY])[DAY].facts
    assert (facts["past_due"], facts["past_due__own"], facts["currency"]) == (expected, amount, "EUR")


def test_a_rate_is_good_from_its_day_until_the_next() -> None:
    book = make_book(
        invoices=[{**EUR, "amount": 100}],
        rates=[rate(100_000_000), rate(110_000_000, on="2026-03-31"), rate(200_000_000, on="2026-04-01")],
    )
    days = {date(2026, 3, 30): 100, DAY: 110, date(2026, 4, 1): 200}
    assert {day: facts.facts["past_due"] for day, facts in seen(book, a_policy(), days).items()} == days


def test_amounts_in_several_currencies_are_the_policys_own() -> None:
    book = make_book(invoices=[{**EUR, "amount": 100}, {**DUE, "amount": 5}], rates=[rate(200_000_000)])
    facts = seen(book, a_policy(when=Compare("past_due__own", Op.OVER, 0)), [DAY])[DAY].facts
    assert (facts["currency"], facts["past_due"], facts["past_due__own"]) == ("USD", 205, 205)


def test_yen_have_no_decimals() -> None:
    book = make_book(invoices=[{**DUE, "currency": "JPY", "amount": 1_000}], rates=[rate(650_000, "JPY")])
    assert seen(book, a_policy(), [DAY])[DAY].facts["past_due"] == 650


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param([], id="none"),
        pytest.param([rate(100_000_000, on="2026-04-01")], id="too-late"),
        pytest.param([{**rate(100_000_000), "from": "USD", "to": "EUR"}], id="the-other-way-round"),
    ],
)
def test_a_missing_rate_is_refused_with_day_and_pair(rates: list[Row]) -> None:
    book = make_book(invoices=[EUR], rates=rates)
    with pytest.raises(Refused) as refused:
        build_facts(book, a_policy(), DAY)
    assert refused.value.exit_code == 4
    assert [p.message for p in refused.value.problems] == ["there is no rate from `EUR` to `USD` on 2026-03-31"]


def test_a_currency_in_which_nothing_is_open_needs_no_rate() -> None:
    book = make_book(invoices=[{**EUR, "settled_on": "2026-02-01"}, DUE])
    assert seen(book, a_policy(), [DAY])[DAY].facts["past_due"] == 10_000


def test_currencies_are_accounts_of_their_own_where_the_ladder_says_so() -> None:
    ladder = Ladder(id="standard", stages=(stage("reminder"),), unit=Unit.ACCOUNT_CURRENCY)
    book = make_book(invoices=[{**EUR, "amount": 100}, {**DUE, "amount": 5}], rates=[rate(200_000_000)])
    policy = a_policy(ladders=(ladder,))
    by_currency = {
        item: seen(book, policy, [DAY], ("main", "C1", item))[DAY].facts["past_due"] for item in ("EUR", "USD")
    }
    assert by_currency == {"EUR": 200, "USD": 5}


def test_an_account_beyond_the_bounds_is_set_aside_with_the_reason() -> None:
    book = make_book(
        invoices=[
            {**DUE, "customer": "C1"},
            {**DUE, "customer": "C2", "amount": 2**53},
            {**DUE, "customer": "C2", "amount": 1},
            {"customer": "C3", "due_date": "1900-01-01"},
        ]
    )
    build_facts(book, a_policy(), DAY)
    assert [facts.customer for facts in facts_from(book.connection, a_policy())] == ["C1"]
    aside = book.connection.execute(
        "SELECT DISTINCT customer, fact FROM out_of_bounds ORDER BY customer, fact"
    ).fetchall()
    assert ("C2", "past_due") in aside
    assert ("C3", "days_past_due") in aside
    assert {customer for customer, _ in aside} == {"C2", "C3"}


def test_a_pause_that_always_holds_leaves_nothing_to_chase() -> None:
    policy = a_policy(invoice_pauses=(InvoicePause(id="all", when=ALWAYS),))
    facts = seen(make_book(invoices=[DUE]), policy, [DAY])[DAY]
    assert (facts.facts["late"], facts.facts["late_count_with_disputed"], facts.episode) == (False, 1, "I1")
