"""Each known way to game a reward is caught in one small ledger, and its honest look-alikes pass.

A planted fault, a guard that is switched off, lets the gamed reward through: the last
tests show that what is caught here is caught by the guard alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from duly.book.book import Presence
from duly.figures import reward_guards as guards
from duly.figures import rewards as module
from duly.figures.reward_guards import Finding, Guard
from duly.figures.reward_lines import quarter
from duly.figures.rewards import Rewards, Statement, rewards
from duly.language.policy import Commission, Late, Reward, Together
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import a_policy

Q1 = quarter(2026, 1)
TERMS = Reward(
    on_time_at_least_pct=90,
    salesperson_pct=Fraction(1),
    collector_pct=Fraction(1, 2),
    commission=Commission(pct=Fraction(2), held_back_until_paid_pct=Fraction(50)),
)
POLICY = a_policy(late=Late(grace_days=3), together=Together(reward=TERMS))
WHO = {"customer": "C1", "salesperson": "S1", "collector": "K1"}

Tables = Mapping[str, Sequence[Row]]
Books = Mapping[str, Tables]
"""Small ledgers by what happened in them."""


def rewarded(tables: Tables, looked_at: Sequence[str] = ()) -> Rewards:
    people = [{**WHO, "customer": f"C{n}"} for n in range(1, 7)]
    return rewards(make_book(**{"customers": people, **tables}), POLICY, Q1, looked_at=looked_at)


_REWARDED: dict[int, tuple[Tables, Rewards]] = {}


def rewarded_once(tables: Tables) -> Rewards:
    """What comes of one of the ledgers below; several tests ask the same of it."""
    if id(tables) not in _REWARDED:
        _REWARDED[id(tables)] = tables, rewarded(tables)
    return _REWARDED[id(tables)][1]


def found(tables: Tables, guard: Guard) -> tuple[Finding, ...]:
    """The findings of a guard; no other guard may have found anything in so small a ledger."""
    made = rewarded_once(tables).findings
    assert {finding.guard for finding in made} <= {guard}
    return made


def of(made: Rewards, person: str) -> Statement:
    (statement,) = (one for one in made.statements if one.person == person)
    return statement


def invoice(id_: str, issued: str, due: str, **more: object) -> Row:
    return {"invoice": id_, "invoice_date": issued, "due_date": due, **more}


def paid(id_: str, day: str, **more: object) -> Row:
    return {"invoice": id_, "day": day, **more}


# Thirty days are usual for the customer: three invoices of last year, all paid in time.
THIRTY = (
    invoice("A1", "2025-07-01", "2025-07-31"),
    invoice("A2", "2025-08-01", "2025-08-31"),
    invoice("A3", "2025-09-01", "2025-10-01"),
)
PAID = (paid("A1", "2025-07-31"), paid("A2", "2025-08-31"), paid("A3", "2025-10-01"))

RE_AGED: Books = {
    "moved-later-after-issue": {
        "invoices": [*THIRTY, invoice("A4", "2025-12-20", "2026-02-18")],
        "payments": [*PAID, paid("A4", "2026-02-18")],
    },
    "moved-out-of-the-quarter": {
        "invoices": [*THIRTY, invoice("A4", "2026-01-10", "2026-04-20"), invoice("A5", "2026-01-05", "2026-02-04")],
        "payments": [*PAID, paid("A5", "2026-02-04")],
    },
    "instalments-after-it-was-late": {
        "invoices": [invoice("A4", "2025-12-01", "2025-12-31")],
        "instalments": [
            {"invoice": "A4", "number": 1, "due_date": "2026-02-15", "amount": 5_000},
            {"invoice": "A4", "number": 2, "due_date": "2026-03-15", "amount": 5_000},
        ],
        "payments": [paid("A4", "2026-02-15", amount=5_000), paid("A4", "2026-03-15", amount=5_000)],
    },
}
NOT_RE_AGED: Books = {
    "terms-agreed-from-the-start": {
        "invoices": [
            *(invoice(f"A{n}", f"2025-{6 + n:02}-01", f"2025-{8 + n:02}-01") for n in range(1, 4)),
            invoice("A4", "2025-12-20", "2026-02-18"),
        ],
        "payments": [paid("A4", "2026-02-18"), *(paid(f"A{n}", f"2025-{8 + n:02}-01") for n in range(1, 4))],
    },
    "the-end-of-a-long-month": {
        "invoices": [*THIRTY, invoice("A4", "2026-01-01", "2026-02-10")],
        "payments": [*PAID, paid("A4", "2026-02-10")],
    },
    "paid-in-time-by-the-usual-terms-as-well": {
        "invoices": [*THIRTY, invoice("A4", "2025-12-20", "2026-02-18")],
        "payments": [*PAID, paid("A4", "2026-01-19")],
    },
    "late-by-the-new-day-as-well": {
        "invoices": [*THIRTY, invoice("A4", "2025-12-20", "2026-02-18")],
        "payments": [*PAID, paid("A4", "2026-03-30")],
    },
    "a-customer-without-usual-terms": {
        "invoices": [
            invoice("A1", "2025-07-01", "2025-07-15"), invoice("A2", "2025-08-01", "2025-10-01"),
            invoice("A3", "2025-09-01", "2025-10-15"), invoice("A4", "2025-12-20", "2026-02-18"),
        ],
        "payments": [
            paid("A1", "2025-07-15"), paid("A2", "2025-10-01"), paid("A3", "2025-10-15"), paid("A4", "2026-02-18"),
        ],
    },
    "a-new-customer": {
        "invoices": [invoice("A4", "2025-12-20", "2026-02-18")],
        "payments": [paid("A4", "2026-02-18")],
    },
    "instalments-agreed-from-the-start": {
        "invoices": [invoice("A4", "2025-12-01", "2026-01-15")],
        "instalments": [
            {"invoice": "A4", "number": 1, "due_date": "2026-01-15", "amount": 5_000},
            {"invoice": "A4", "number": 2, "due_date": "2026-02-15", "amount": 5_000},
        ],
        "payments": [paid("A4", "2026-01-15", amount=5_000), paid("A4", "2026-02-15", amount=5_000)],
    },
}  # fmt: skip

LATE = invoice("B1", "2025-11-01", "2025-12-01")
CREDIT = {"invoice": "B1", "day": "2026-01-10", "amount": 10_000}
ANEW = invoice("B2", "2026-01-12", "2026-02-11")
REBILLED: Books = {
    "credited-whole-and-billed-anew": {
        "invoices": [LATE, ANEW], "credits": [CREDIT], "payments": [paid("B2", "2026-02-11")],
    },
    "with-a-small-fee": {
        "invoices": [LATE, {**ANEW, "amount": 10_500}], "credits": [CREDIT],
        "payments": [paid("B2", "2026-02-11", amount=10_500)],
    },
    "billed-a-day-before-the-credit-note": {
        "invoices": [LATE, {**ANEW, "invoice_date": "2026-01-09"}], "credits": [CREDIT],
        "payments": [paid("B2", "2026-02-11")],
    },
}  # fmt: skip
NOT_REBILLED: Books = {
    "returned-goods": {"invoices": [LATE], "credits": [CREDIT], "payments": []},
    "a-part-returned": {
        "invoices": [LATE, ANEW], "credits": [{**CREDIT, "amount": 9_000}],
        "payments": [paid("B2", "2026-02-11"), paid("B1", "2026-01-12", amount=1_000)],
    },
    "something-else-bought": {
        "invoices": [LATE, {**ANEW, "amount": 10_600}], "credits": [CREDIT],
        "payments": [paid("B2", "2026-02-11", amount=10_600)],
    },
    "a-slip-put-right-before-it-was-late": {
        "invoices": [{**LATE, "due_date": "2026-01-15"}, ANEW], "credits": [CREDIT],
        "payments": [paid("B2", "2026-02-11")],
    },
    "bought-again-a-season-later": {
        "invoices": [LATE, {**ANEW, "invoice_date": "2026-02-10", "due_date": "2026-03-12"}], "credits": [CREDIT],
        "payments": [paid("B2", "2026-03-12")],
    },
    "another-customer": {
        "invoices": [LATE, {**ANEW, "customer": "C2"}], "credits": [CREDIT],
        "payments": [{**paid("B2", "2026-02-11"), "customer": "C2"}],
    },
}  # fmt: skip

EASY = [
    invoice("E1", "2026-02-01", "2026-03-03", customer="C2"),
    invoice("E2", "2026-02-01", "2026-03-03", customer="C3"),
]
EASY_PAID = [{**paid("E1", "2026-03-03"), "customer": "C2"}, {**paid("E2", "2026-03-03"), "customer": "C3"}]
LARGE = invoice("L1", "2025-11-01", "2025-12-01", customer="C4", amount=500_000)
SMALL = invoice("L2", "2025-11-01", "2025-12-01", customer="C5", amount=20_000)


def call(customer: str, day: str, **more: object) -> Row:
    return {"customer": customer, "day": day, "channel": "call", **more}


EASY_DAY = {"C2": "2026-02-20", "C3": "2026-02-21"}
TWICE = [call(who, day) for who, first in EASY_DAY.items() for day in (first, "2026-02-25")]
CHASED: Tables = {"invoices": [*EASY, LARGE, SMALL], "payments": EASY_PAID, "contacts_made": TWICE}
EASY_CALLS: Books = {
    "the-large-late-one-untouched": CHASED,
    "half-of-the-calls": {**CHASED, "contacts_made": [*TWICE[:2], call("C5", "2026-03-01"), call("C5", "2026-03-02")]},
    "reminders-sent-by-themselves-are-no-touch": {
        **CHASED, "contacts_made": [*TWICE, call("C4", "2026-03-01", channel="email")],
    },
}  # fmt: skip
NOT_EASY_CALLS: Books = {
    "the-large-one-is-contested": {**CHASED, "disputes": [{"invoice": "L1", "opened_on": "2026-01-05"}],
                                   "invoices": [*EASY, LARGE]},
    "the-large-one-was-called-as-well": {**CHASED, "contacts_made": [*TWICE, call("C4", "2026-03-01")]},
    "the-large-one-has-answered": {**CHASED, "contacts_made": [*TWICE, call("C4", "2026-03-01", direction="in")]},
    "the-large-one-has-promised": {
        **CHASED, "promises": [{"customer": "C4", "made_on": "2026-03-01", "due_on": "2026-04-10", "amount": 500_000}],
    },
    "sales-was-asked": {
        **CHASED, "requests": [{"customer": "C4", "asked_on": "2026-03-01", "due_on": "2026-03-05"}],
    },
    "nobody-may-contact-the-large-one": {
        **CHASED, "invoices": [*EASY, LARGE],
        "customers": [{**WHO, "customer": f"C{n}", "do_not_contact": n == 4} for n in range(1, 7)],
    },
    "most-calls-are-to-late-customers": {
        **CHASED, "contacts_made": [*TWICE[:2], *(call("C5", f"2026-03-0{n}") for n in range(1, 4))],
    },
    "three-calls-say-nothing": {**CHASED, "contacts_made": TWICE[:3]},
    "nothing-is-old": {**CHASED, "invoices": [*EASY, {**LARGE, "due_date": "2026-03-02"}]},
}  # fmt: skip

OLD = invoice("D1", "2025-09-01", "2025-10-01")
ORDER = invoice("D2", "2026-02-01", "2026-03-03")
ORDERED: Tables = {"payments": [paid("D2", "2026-03-03")]}
LINE = {"from": "2025-01-01", "limit": 15_000}
HELD = {"placed_on": "2026-01-15"}
BAD_PAYERS: Books = {
    "long-past-due": {**ORDERED, "invoices": [OLD, ORDER]},
    "on-hold": {**ORDERED, "invoices": [ORDER], "holds": [HELD]},
    "over-the-limit-with-something-late": {
        **ORDERED, "invoices": [{**OLD, "due_date": "2026-01-10"}, ORDER], "credit_lines": [LINE],
    },
    "paid-after-all": {**ORDERED, "invoices": [ORDER], "holds": [{**HELD, "released_on": "2026-02-02"}]},
}  # fmt: skip
NOT_BAD_PAYERS: Books = {
    "a-prepaid-order": {"invoices": [OLD, ORDER], "payments": [paid("D2", "2026-01-31")]},
    "the-old-invoice-is-contested": {
        **ORDERED, "invoices": [OLD, ORDER], "disputes": [{"invoice": "D1", "opened_on": "2025-10-05"}],
    },
    "sixty-days-and-no-more": {**ORDERED, "invoices": [{**OLD, "due_date": "2025-12-03"}, ORDER]},
    "the-old-invoice-was-paid-by-then": {
        "invoices": [OLD, ORDER], "payments": [*ORDERED["payments"], paid("D1", "2026-01-31")],
    },
    "placed-on-the-day-of-the-order": {**ORDERED, "invoices": [ORDER], "holds": [{"placed_on": "2026-02-01"}]},
    "released-before-the-order": {**ORDERED, "invoices": [ORDER], "holds": [{**HELD, "released_on": "2026-01-31"}]},
    "over-a-tight-limit-with-nothing-late": {
        **ORDERED, "invoices": [{**OLD, "due_date": "2026-03-01"}, ORDER], "credit_lines": [LINE],
    },
    "within-the-limit": {
        **ORDERED, "invoices": [{**OLD, "due_date": "2026-01-10"}, ORDER], "credit_lines": [{**LINE, "limit": 20_000}],
    },
}  # fmt: skip

OLDER = invoice("F1", "2025-12-01", "2025-12-31")
YOUNG = invoice("F2", "2026-01-15", "2026-02-14")
SHUFFLED: Books = {
    "a-round-sum-to-the-young-one": {
        "invoices": [OLDER, YOUNG], "payments": [paid("F2", "2026-02-10", amount=8_000)],
    },
}  # fmt: skip
NOT_SHUFFLED: Books = {
    "the-customer-paid-that-invoice-to-the-cent": {"invoices": [OLDER, YOUNG], "payments": [paid("F2", "2026-02-10")]},
    "the-older-one-is-contested": {
        "invoices": [OLDER, YOUNG], "payments": [paid("F2", "2026-02-10", amount=8_000)],
        "disputes": [{"invoice": "F1", "opened_on": "2026-01-10"}],
    },
    "the-older-one-was-paid-with-it": {
        "invoices": [OLDER, YOUNG],
        "payments": [paid("F2", "2026-02-10", amount=8_000), paid("F1", "2026-02-24")],
    },
    "the-older-one-is-another-currency": {
        "invoices": [{**OLDER, "currency": "EUR"}, YOUNG], "payments": [paid("F2", "2026-02-10", amount=8_000)],
        "rates": [{"day": "2025-01-01", "from": "EUR", "to": "USD", "rate": 110_000_000}],
    },
}  # fmt: skip

GAMED: dict[Guard, Books] = {
    Guard.RE_AGED: RE_AGED,
    Guard.REBILLED: REBILLED,
    Guard.EASY_CALLS: EASY_CALLS,
    Guard.BAD_PAYER: BAD_PAYERS,
    Guard.SHUFFLED: SHUFFLED,
}
HONEST: dict[Guard, Books] = {
    Guard.RE_AGED: NOT_RE_AGED,
    Guard.REBILLED: NOT_REBILLED,
    Guard.EASY_CALLS: NOT_EASY_CALLS,
    Guard.BAD_PAYER: NOT_BAD_PAYERS,
    Guard.SHUFFLED: NOT_SHUFFLED,
}


def cases(by_guard: Mapping[Guard, Books]) -> list[object]:
    return [
        pytest.param(guard, tables, id=f"{guard.name.lower()}-{name}")
        for guard, books in by_guard.items()
        for name, tables in books.items()
    ]


@pytest.mark.parametrize(("guard", "tables"), cases(GAMED))
def test_a_gamed_ledger_is_caught_with_the_rows_that_show_it(guard: Guard, tables: Tables) -> None:
    (finding,) = found(tables, guard)
    assert finding.rows
    named = {str(row["invoice"]) for row in tables["invoices"]} | {
        str(row.get("customer")) for row in tables["invoices"]
    }
    assert any(name in row for row in finding.rows for name in named)


@pytest.mark.parametrize(("guard", "tables"), cases(HONEST))
def test_an_honest_look_alike_passes(guard: Guard, tables: Tables) -> None:
    assert found(tables, guard) == ()


@pytest.mark.parametrize(("guard", "tables"), cases(GAMED))
def test_what_is_in_question_is_kept_back_until_somebody_has_looked(guard: Guard, tables: Tables) -> None:
    (finding,) = found(tables, guard)
    kept = rewarded_once(tables)
    counted = rewarded(tables, [finding.id])
    for person, role in (("S1", "salesperson"), ("K1", "collector")):
        before, after = of(kept, person), of(counted, person)
        assert after.kept_back == 0
        assert before.reward + before.kept_back >= before.reward
        concerned = role in {one.value for one in finding.roles}
        if concerned and finding.keeps_back:
            assert before.cash_in_time < after.cash_in_time or before.commission < after.commission
        if not concerned:
            assert before.reward == after.reward


def test_an_invoice_moved_out_of_the_quarter_stays_in_the_share() -> None:
    tables = RE_AGED["moved-out-of-the-quarter"]
    assert of(rewarded(tables), "K1").share == 50
    assert of(rewarded(tables, ["re-aged:A4"]), "K1").share == 100


def test_an_invoice_that_was_credited_and_rebilled_stays_in_the_share() -> None:
    tables: Tables = {
        **REBILLED["credited-whole-and-billed-anew"],
        "invoices": [{**LATE, "due_date": "2026-01-02"}, ANEW],
    }
    assert of(rewarded(tables), "K1").share == 0
    assert of(rewarded(tables, ["rebilled:B1:B2"]), "K1").share == 100


def test_chasing_keeps_back_the_collectors_part_and_bad_payers_the_salespersons() -> None:
    chased, sold = rewarded(CHASED), rewarded(BAD_PAYERS["on-hold"])
    assert (of(chased, "K1").cash_in_time, of(chased, "S1").cash_in_time) == (0, 20_000)
    assert (of(sold, "K1").cash_in_time, of(sold, "S1").cash_in_time) == (10_000, 0)
    assert of(sold, "S1").commission == 0


@pytest.mark.parametrize(("guard", "tables"), [(guard, next(iter(books.values()))) for guard, books in GAMED.items()])
def test_without_its_guard_the_gamed_reward_goes_through(
    guard: Guard, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = found(tables, guard)
    counted = rewarded(tables, [finding.id])
    monkeypatch.setattr(module, "findings_of", lambda *_: ())
    assert rewarded(tables).statements == counted.statements


@pytest.mark.parametrize("table", ["credits", "contacts_made", "holds", "credit_lines", "disputes"])
def test_a_guard_that_is_blind_says_so(table: str) -> None:
    book = make_book(customers=[WHO], invoices=[YOUNG])
    blind = replace(book, given={**book.given, table: Presence.ABSENT})
    (warning,) = rewards(blind, POLICY, Q1).warnings
    assert (warning.rule, f"no `{table}`" in warning.message) == ("reward-not-guarded", True)
    assert rewards(book, POLICY, Q1).warnings == ()


def test_the_page_about_rewards_names_every_guard_with_its_margins() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rewards.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    margins = {
        Guard.RE_AGED: (guards.USUAL_NEEDS, guards.TERMS_SLACK_DAYS),
        Guard.REBILLED: (guards.WHOLE_PCT, guards.REBILLED_BEFORE_DAYS, guards.REBILLED_AFTER_DAYS, guards.NEAR_PCT),
        Guard.EASY_CALLS: (guards.CALLS_NEED, guards.OLD_DAYS),
        Guard.BAD_PAYER: (guards.LONG_PAST_DUE_DAYS, guards.OVER_LIMIT_PCT),
        Guard.SHUFFLED: (guards.SHUFFLED_OPEN_DAYS,),
    }
    assert {guard.name.lower().replace("_", "-") for guard in Guard} == set(rows)
    for guard, numbers in margins.items():
        row = rows[guard.name.lower().replace("_", "-")]
        assert all(f" {number} " in row for number in numbers)
    assert (guards.AGREEING_PCT, guards.EASY_PCT, guards.LEFT_ALONE_PCT) == (75, 50, 50)
