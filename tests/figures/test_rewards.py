"""A reward is made of the scorecard's rows, counts what came in time, and pays a commission as money comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings

from duly.book.book import Book
from duly.figures.formulas import SHARE_ON_TIME
from duly.figures.reward_lines import Line, Period, Role, Sort, period, quarter
from duly.figures.rewards import Rewards, Statement, rewards, rounded
from duly.figures.scorecard import CASH, Of, scorecard
from duly.language.policy import Commission, Late, Policy, Reward, TeamBonus, Together
from duly.source import Refused
from tests.book.facts.books import Tables, policies
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import a_policy
from tests.figures.ledgers import AS_OF, BOOKS, PHASES
from tests.figures.test_scorecard import books_of_payments

Q1 = quarter(2026, 1)
WHO = {"customer": "C1", "salesperson": "S1", "collector": "K1"}
TERMS: dict[str, object] = {
    "on_time_at_least_pct": 50,
    "salesperson_pct": Fraction(1),
    "collector_pct": Fraction(1, 2),
}


def paying(**terms: object) -> Policy:
    return a_policy(late=Late(grace_days=3), together=Together(reward=Reward(**{**TERMS, **terms})))  # type: ignore[arg-type]


def of(made: Rewards, person: str) -> Statement:
    (statement,) = (one for one in made.statements if one.person == person)
    return statement


def told(made: Rewards) -> tuple[Line, ...]:
    """The lines without what a guard has added to them."""
    added = {line for finding in made.findings for line in finding.adds}
    return tuple(line for line in made.lines if line not in added)


def with_people(tables: Tables) -> Tables:
    people = [{"salesperson": "S1", "collector": "K1"}, {"salesperson": "S2", "collector": "K1"}, {}]
    tables["customers"] = [{**row, **people[n % 3]} for n, row in enumerate(tables["customers"])]
    return tables


# Ties.

PAYING = Together(
    reward=Reward(on_time_at_least_pct=1, salesperson_pct=Fraction(1), commission=Commission(pct=Fraction(100)))
)


def rewarding(policy: Policy) -> Policy:
    return replace(policy, together=PAYING)


def made_of(tables: Tables, policy: Policy, days: Period = Q1) -> Rewards:
    return rewards(make_book(**tables), rewarding(policy), days)


@settings(max_examples=BOOKS, phases=PHASES)
@given(tables=books_of_payments(), policy=policies())
def test_the_cash_of_each_pair_is_the_scorecards_bucket_by_bucket(tables: Tables, policy: Policy) -> None:
    tables = with_people(tables)
    made = made_of(tables, policy)
    cash: Counter[tuple[object, ...]] = Counter()
    due: Counter[tuple[object, ...]] = Counter()
    for line in told(made):
        who = (line.creditor, line.currency, line.salesperson, line.collector)
        if line.sort is Sort.CASH:
            cash[(*who, line.bucket)] += line.amount
        if line.sort is Sort.DUE:
            due[(*who, "due")] += line.amount
            due[(*who, "on_time")] += line.amount * line.counts
    card_cash: Counter[tuple[object, ...]] = Counter()
    card_due: Counter[tuple[object, ...]] = Counter()
    for card in scorecard(make_book(**tables), policy, AS_OF, Of.PAIR).cards:
        who = (card.creditor, card.currency, str(card.salesperson), str(card.collector))
        card_cash.update({(*who, word): amount for word, amount in zip(CASH, card.cash, strict=True)})
        terms = next({t.name: t.value for t in f.terms} for f in card.figures if f.formula is SHARE_ON_TIME)
        card_due.update({(*who, "due"): terms["due"], (*who, "on_time"): terms["on_time"]})
    assert +cash == +card_cash
    assert +due == +card_due


QUARTERS = (*(quarter(2025, n) for n in (1, 2, 3, 4)), Q1)


@settings(max_examples=BOOKS // 2, phases=PHASES)  # Six ledgers are laid out for each book.
@given(tables=books_of_payments(), policy=policies())
def test_what_the_quarters_count_as_paid_adds_up_to_what_stands_as_paid(tables: Tables, policy: Policy) -> None:
    """Returned money is taken back and prepaid money is counted with its invoice, so nothing counts twice or never."""
    paid: Counter[str] = Counter()
    in_time: Counter[tuple[str, str]] = Counter()
    for days in QUARTERS:
        for line in told(made_of(tables, policy, days)):
            if line.sort is Sort.PAID:
                paid[line.invoice] += line.amount
            if line.sort in {Sort.CASH, Sort.EARLIER} and line.counts:
                in_time[line.invoice, line.currency] += line.amount
    amounts = {str(row["invoice"]): int(str(row["amount"])) for row in tables["invoices"]}
    assert all(0 <= amount <= amounts[invoice] for invoice, amount in paid.items())
    assert all(amount >= 0 for amount in in_time.values())


PAYMENTS: Mapping[str, Sequence[Row]] = {
    "paid": [{"day": "2026-02-03"}],
    "before-the-quarter": [{"day": "2025-12-30"}],
    "returned-in-the-quarter": [{"day": "2025-12-30", "bounced_on": "2026-01-10"}],
    "two": [{"day": "2025-12-30", "amount": 4_000}, {"day": "2026-01-30", "amount": 6_000}],
    "too-much": [{"day": "2025-12-30", "amount": 12_000}],
    "unpaid": [],
}
CREDITED = (0, 2_500, 10_000)
SOLD = {case: f"S{number}" for number, case in enumerate(product(PAYMENTS, CREDITED))}
"""Who sold the one invoice of each customer: what was paid and credited of one says nothing of another."""


@cache
def commissions(held_back: int) -> Mapping[str, int]:
    """What each salesperson gets over both quarters: all the customers are in one book."""
    book: dict[str, list[Row]] = {"customers": [], "invoices": [], "payments": [], "credits": []}
    for (payments, credited), seller in SOLD.items():
        its = {"customer": f"C-{seller}", "invoice": f"I-{seller}"}
        book["customers"].append({"customer": its["customer"], "salesperson": seller, "collector": "K1"})
        book["invoices"].append({**its, "invoice_date": "2025-12-01", "due_date": "2026-02-01"})
        book["payments"] += [{**its, **row} for row in PAYMENTS[payments]]
        book["credits"] += [{**its, "day": "2026-03-01", "amount": credited}] if credited else []
    policy = paying(commission=Commission(pct=Fraction(10), held_back_until_paid_pct=Fraction(held_back)))
    total: Counter[str] = Counter()
    for days in (quarter(2025, 4), Q1):
        for one in rewards(make_book(**book), policy, days).statements:
            if one.role is Role.SALESPERSON:
                total[one.person] += one.commission
    return total


@pytest.mark.parametrize("payments", PAYMENTS)
@pytest.mark.parametrize("held_back", [0, 40, 100])
@pytest.mark.parametrize("credited", CREDITED)
def test_over_the_quarters_a_commission_is_a_per_cent_of_what_was_paid_and_of_what_is_still_owed(
    payments: str, held_back: int, credited: int
) -> None:
    rows = PAYMENTS[payments]
    standing = min(10_000, sum(int(str(row.get("amount", 10_000))) for row in rows if "bounced_on" not in row))
    credit = min(credited, 10_000 - standing)
    owed = 10_000 - standing - credit
    total = commissions(held_back)[SOLD[payments, credited]]
    assert total == (standing * 100 + owed * (100 - held_back)) * 10 / 10_000


# The sum.

INVOICES = [
    {"invoice_date": "2026-01-02", "due_date": "2026-02-01"},
    {"invoice_date": "2026-01-02", "due_date": "2026-03-01"},
]


def book_of(payments: Sequence[Row], **tables: Sequence[Row]) -> Book:
    return make_book(**{"customers": [WHO], "invoices": INVOICES, "payments": payments, **tables})


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        pytest.param("2026-02-04", True, id="last-day-of-grace"),
        pytest.param("2026-02-05", False, id="a-day-later"),
    ],
)
def test_cash_counts_up_to_the_last_day_of_grace(day: str, counts: bool) -> None:  # noqa: FBT001
    made = rewards(book_of([{"invoice": "I1", "day": day}]), paying(on_time_at_least_pct=0), Q1)
    assert of(made, "S1").cash_in_time == (10_000 if counts else 0)
    assert of(made, "S1").for_cash == (100 if counts else 0)
    assert of(made, "K1").for_cash == (50 if counts else 0)


@pytest.mark.parametrize(("goal", "reward"), [(50, 100), (51, 0)], ids=["reached", "missed-by-one"])
def test_below_the_goal_nothing_is_paid_for_cash(goal: int, reward: int) -> None:
    made = rewards(book_of([{"invoice": "I1", "day": "2026-02-01"}]), paying(on_time_at_least_pct=goal), Q1)
    assert of(made, "S1").share == 50
    assert of(made, "S1").reward == reward


def test_where_nothing_fell_due_there_is_no_share_and_no_goal_is_reached() -> None:
    book = make_book(
        customers=[WHO],
        invoices=[{"invoice_date": "2026-03-01", "due_date": "2026-05-01"}],
        payments=[{"invoice": "I1", "day": "2026-03-02"}],
    )
    statement = of(rewards(book, paying(), Q1), "S1")
    assert (statement.share, statement.cash_in_time, statement.reward) == (None, 10_000, 0)


@pytest.mark.parametrize(
    ("terms", "reward"),
    [
        pytest.param({"at_least": 100}, 100, id="floor-met"),
        pytest.param({"at_least": 101}, 101, id="lifted-to-the-floor"),
        pytest.param({"at_least": 101, "on_time_at_least_pct": 51}, 0, id="no-floor-below-the-goal"),
        pytest.param({"at_most": 100}, 100, id="up-to-the-cap"),
        pytest.param({"at_most": 99}, 99, id="cut-to-the-cap"),
        pytest.param({"at_least": 99, "at_most": 99}, 99, id="both"),
    ],
)
def test_floor_and_cap_bound_what_one_person_gets(terms: Mapping[str, object], reward: int) -> None:
    made = rewards(book_of([{"invoice": "I1", "day": "2026-02-01"}]), paying(**terms), Q1)
    assert of(made, "S1").reward == reward


@pytest.mark.parametrize(
    ("goal", "buddies", "expected"),
    [
        pytest.param(50, [("S1", "K1")], 700, id="reached"),
        pytest.param(51, [("S1", "K1")], 0, id="missed"),
        pytest.param(50, [("S1", "K2")], 0, id="not-buddies"),
    ],
)
def test_each_of_two_buddies_gets_the_team_bonus(goal: int, buddies: list[tuple[str, str]], expected: int) -> None:
    policy = paying(team_bonus=TeamBonus(amount=700, at_least_pct=goal))
    made = rewards(book_of([{"invoice": "I1", "day": "2026-02-01"}]), policy, Q1, buddies)
    assert (of(made, "S1").bonus, of(made, "K1").bonus) == (expected, expected)


def test_the_commission_held_back_is_released_by_the_payment_however_late() -> None:
    policy = paying(commission=Commission(pct=Fraction(5), held_back_until_paid_pct=Fraction(60)))
    early = of(rewards(book_of([]), policy, Q1), "S1")
    late = of(rewards(book_of([{"invoice": "I1", "day": "2026-06-30"}]), policy, quarter(2026, 2)), "S1")
    assert (early.commission, late.commission, late.for_cash) == (400, 300, 0)


def test_what_is_written_off_unpaid_takes_back_what_was_paid_at_issue() -> None:
    policy = paying(commission=Commission(pct=Fraction(5), held_back_until_paid_pct=Fraction(60)))
    gone = [{**row, "written_off_on": "2026-05-01"} for row in INVOICES]
    made = rewards(book_of([], invoices=gone), policy, quarter(2026, 2))
    assert (of(made, "S1").commission, of(made, "S1").reward) == (-400, -400)


def test_other_currencies_are_converted_once_at_the_rate_of_the_last_day() -> None:
    book = make_book(
        customers=[WHO],
        invoices=[{**INVOICES[0], "currency": "EUR", "amount": 333}],
        payments=[{"invoice": "I1", "day": "2026-02-01", "currency": "EUR", "amount": 333}],
        rates=[{"day": "2026-03-31", "from": "EUR", "to": "USD", "rate": 110_500_000}],
    )
    statement = of(rewards(book, paying(salesperson_pct=Fraction(50)), Q1), "S1")
    # 3.33 × 1.105 = 3.67965; half of 3.68 is 1.84.
    assert (statement.cash_in_time, statement.for_cash) == (368, 184)
    assert any(step.working == "3.33 × 1.105, the rate of 2026-03-31" for step in statement.steps)


def test_a_rate_that_is_missing_is_refused_by_its_day_and_pair() -> None:
    book = make_book(customers=[WHO], invoices=[{**INVOICES[0], "currency": "EUR"}])
    with pytest.raises(Refused, match="no rate from `EUR` to `USD` on 2026-03-31"):
        rewards(book, paying(), Q1)


def test_creditors_share_no_reward() -> None:
    book = make_book(
        customers=[WHO],
        invoices=[INVOICES[0], {**INVOICES[0], "creditor": "other"}],
        payments=[{"invoice": "I1", "day": "2026-02-01"}],
    )
    made = rewards(book, paying(), Q1)
    assert [(one.person, one.creditor, one.reward) for one in made.statements] == [
        ("K1", "main", 50), ("K1", "other", 0), ("S1", "main", 100), ("S1", "other", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0.5", 1), ("0.4999", 0), ("-0.5", -1), ("-0.4999", 0), ("1.5", 2), ("-1.5", -2), ("2", 2),
    ],
)  # fmt: skip
def test_half_a_unit_is_rounded_away_from_zero(amount: str, expected: int) -> None:
    assert rounded(Fraction(amount)) == expected


# What is refused.


def test_a_policy_without_a_reward_is_refused() -> None:
    with pytest.raises(Refused, match="promises no reward") as refused:
        rewards(book_of([]), a_policy(), Q1)
    assert refused.value.exit_code == 3


def test_a_finding_that_is_not_there_cannot_have_been_looked_at() -> None:
    with pytest.raises(Refused, match="no finding `re-aged:I9`"):
        rewards(book_of([]), paying(), Q1, looked_at=["re-aged:I9"])


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        pytest.param("2026-01-01", "2026-03-31", None, id="a-quarter"),
        pytest.param("2026-02-10", "2026-02-10", None, id="a-day"),
        pytest.param("2026-03-31", "2026-04-01", "not-one-quarter", id="two-quarters"),
        pytest.param("2025-01-01", "2026-01-01", "not-one-quarter", id="the-same-quarter-of-two-years"),
        pytest.param("2026-02-10", "2026-02-09", "not-one-quarter", id="backwards"),
    ],
)
def test_a_period_is_of_one_quarter(first: str, last: str, rule: str | None) -> None:
    days = (date.fromisoformat(first), date.fromisoformat(last))
    if rule is None:
        assert (period(*days).first, period(*days).last) == days
        return
    with pytest.raises(Refused) as refused:
        period(*days)
    assert [problem.rule for problem in refused.value.problems] == [rule]


@pytest.mark.parametrize(
    ("days", "name"),
    [(Q1, "2026-Q1"), (Period(date(2026, 1, 1), date(2026, 3, 30)), "2026-01-01 to 2026-03-30")],
)
def test_a_period_that_is_no_whole_quarter_says_its_days(days: Period, name: str) -> None:
    assert str(days) == name


@pytest.mark.parametrize(("newest", "warned"), [("2026-03-30", True), ("2026-03-31", False)])
def test_a_book_that_ends_before_the_period_is_warned_of(newest: str, warned: bool) -> None:  # noqa: FBT001
    book = replace(book_of([]), newest=date.fromisoformat(newest))
    assert [w.rule for w in rewards(book, paying(), Q1).warnings] == ["period-not-over"] * warned


def amounts(lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines)


def test_the_statement_holds_every_line_that_it_is_made_of() -> None:
    made = rewards(book_of([{"invoice": "I1", "day": "2026-02-01"}]), paying(), Q1)
    lines = made.lines_of(of(made, "S1"))
    assert amounts(line for line in lines if line.sort is Sort.CASH and line.counts) == of(made, "S1").cash_in_time
    assert {line.sort for line in lines} == {Sort.CASH, Sort.DUE}
