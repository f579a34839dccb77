"""Credit's advice to sales before a renewal or an order: when it is due, once for each, and what it recommends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from duly.book.book import Presence
from duly.figures.paying import Paying
from duly.figures.position import Position
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.states import Standing
from duly.language.load import load_policy
from duly.language.policy import Unit
from duly.messages.guard import Owners
from duly.messages.matter import Matter, Rendered
from duly.messages.render import render
from duly.plan.advice import Advice, Exposure, recommended
from duly.plan.make import Background, make_plan
from duly.plan.matters import matters_of
from duly.plan.plan import Action, Kind, Plan
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD, problems_of
from tests.messages.shipped import shipped
from tests.plan.test_actions import AS_OF, REACHABLE, ago, changed, owed
from tests.plan.test_briefs import AWAY, BEA, PEOPLE
from tests.plan.test_matters import CREDITOR


def ahead(days: int) -> date:
    return AS_OF + timedelta(days=days)


def order(days: int = 5, amount: int = 50_000, **more: object) -> Row:
    row = {"order": "O-1", "customer": "C1", "creditor": "main", "day": ahead(days), "amount": amount}
    return {**row, "currency": "USD", **more}


def planned(
    policy: Path = STANDARD,
    history: History | None = None,
    customer: Row | None = None,
    lacking: Sequence[str] = (),
    **tables: Sequence[Row],
) -> tuple[Plan, Mapping[str, Matter]]:
    """The plan of a small book, and the matter of each advice by the role that it is for."""
    loaded, _ = load_policy(policy)
    given: Mapping[str, Any] = {"people": PEOPLE, "creditors": [CREDITOR], "invoices": [owed(-20)], **tables}
    customers = [{**REACHABLE, **(customer or {})}, *given.get("more_customers", ())]
    book = make_book(customers=customers, **{name: rows for name, rows in given.items() if name != "more_customers"})
    if lacking:
        columns = {**book.columns, "customers": book.columns["customers"] - {"renews_on"}}
        book = replace(book, given={**book.given, "orders": Presence.ABSENT}, columns=columns)
    plan = make_plan(
        loaded, book, AS_OF, engine="meaning", looks_ahead=False, background=Background(history or History())
    )
    advice = advices(plan)
    matters, missing = matters_of(loaded, book, advice, AS_OF)
    assert not missing
    return plan, {action.for_role: matters[action.id] for action in advice}


def advices(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.kind is Kind.ADVICE]


def written(matter: Matter) -> str:
    owners = Owners.of({"I1": "C1", "X9": "C9"}, {"C1": "C1", "C2": "C1", "C9": "C9"})
    (answer,) = render(shipped(), [matter], owners, workers=1)
    assert isinstance(answer, Rendered), answer
    return " ".join(answer.text.split())


# When.


@pytest.mark.parametrize(
    ("days", "due"),
    [
        pytest.param(11, False, id="too-early"),
        pytest.param(10, True, id="so-many-days-before"),
        pytest.param(0, True, id="on-the-day"),
        pytest.param(-3, True, id="booked-and-not-invoiced"),
    ],
)
def test_an_order_is_advised_about_in_time(days: int, *, due: bool) -> None:
    plan, _ = planned(orders=[order(days)])
    assert [(a.stage, a.for_role, a.person, a.task) for a in advices(plan)] == [
        ("before_order", "salesperson", "sales-north", ""),
        ("before_order", "collector", "collector-north", "copy"),
    ] * due


@pytest.mark.parametrize(
    ("days", "due"),
    [(31, False), (30, True), (0, True), (-1, False)],
    ids=["too-early", "so-many-days-before", "on-the-day", "over"],
)
def test_a_renewal_is_advised_about_in_time(days: int, *, due: bool) -> None:
    plan, _ = planned(customer={"renews_on": ahead(days)})
    assert [(a.stage, a.episode) for a in advices(plan)] == [("before_renewal", ahead(days).isoformat())] * (2 * due)


def test_one_that_was_advised_about_is_not_advised_about_again_and_the_next_one_is() -> None:
    plan, _ = planned(orders=[order()])
    standing = {
        action.id: Standing(action.id, Event.ACCEPTED, 1, "2026-03-30T08:00:00.000Z", 9, "r", "C1")
        for action in advices(plan)
    }
    again, _ = planned(orders=[order(), order(order="O-2")], history=History(standing=standing))
    assert [action.episode for action in advices(again)] == ["O-2", "O-2"]
    unknown = {key: replace(one, event=Event.UNKNOWN) for key, one in standing.items()}
    held, _ = planned(orders=[order()], history=History(standing=unknown))
    assert advices(held) == []
    assert [thing.reason for thing in held.withheld if "advice" in thing.what] == ["outcome_unknown"] * 2


def test_two_creditors_are_two_renewals_and_never_one_sum() -> None:
    plan, _ = planned(
        customer={"renews_on": ahead(5)},
        creditors=[CREDITOR, {**CREDITOR, "creditor": "other"}],
        invoices=[owed(40, 10_000), owed(40, 20_000, creditor="other")],
    )
    assert sorted((a.creditor, a.for_role) for a in advices(plan)) == [
        ("main", "collector"),
        ("main", "salesperson"),
        ("other", "collector"),
        ("other", "salesperson"),
    ]


def test_a_policy_that_does_not_ask_gets_none(tmp_path: Path) -> None:
    plan, _ = planned(changed(tmp_path, "together: {advise_before: {remove: true}}\n"), orders=[order()])
    assert advices(plan) == []


def test_a_book_that_lacks_what_it_takes_is_said_and_nothing_is_done() -> None:
    plan, _ = planned(orders=[], lacking=["orders", "renews_on"])
    assert advices(plan) == []
    assert [note for note in plan.notes if "advice" in note] == [
        "no advice before renewals: the book has no column `renews_on` in `customers`",
        "no advice before orders: the book has no table `orders`",
    ]


def test_whom_nobody_sells_to_is_said() -> None:
    plan, _ = planned(customer={"salesperson": None}, orders=[order()])
    assert advices(plan) == []
    assert "no advice before a renewal or an order of `C1`: nobody sells to them" in plan.notes


@pytest.mark.parametrize("unit", list(Unit))
def test_it_is_the_same_whatever_the_unit_of_the_ladder(tmp_path: Path, unit: Unit) -> None:
    policy = changed(tmp_path, f"ladder: {{unit: {unit.value}}}\n")
    plan, matters = planned(policy, orders=[order()], invoices=[owed(41, 60_000), owed(12, 40_000)])
    (first, _) = advices(plan)
    assert first.detail("recommended") == "pay_first"
    assert "Ask for payment of $1,000.00 first" in written(matters["salesperson"])


# What.

WELL = Position(paying=Paying(settled=9, in_time=9, days_late=0))
FITS = Exposure("USD", 100, 50, 100)


@pytest.mark.parametrize(
    ("position", "exposure", "advice"),
    [
        pytest.param(WELL, FITS, [Advice.NOTHING_AGAINST], id="at-the-limit-it-fits"),
        pytest.param(WELL, None, [Advice.NOTHING_AGAINST], id="no-limit"),
        pytest.param(WELL, replace(FITS, then=101), [Advice.FIT_LIMIT], id="above-the-limit"),
        pytest.param(replace(WELL, late=(("USD", 1),)), FITS, [Advice.PAY_FIRST], id="late"),
        pytest.param(replace(WELL, contested=("I1",)), FITS, [Advice.SETTLE_DISPUTE], id="contested"),
        pytest.param(replace(WELL, holds=(("credit", AS_OF),)), FITS, [Advice.NO_RELEASE], id="on-hold"),
        pytest.param(Position(paying=Paying(broken=1)), FITS, [Advice.DEPOSIT], id="broke-a-promise"),
        pytest.param(Position(paying=Paying(broken=1, kept=2)), FITS, [Advice.NOTHING_AGAINST], id="kept-more"),
        pytest.param(Position(paying=Paying(days_late=30)), FITS, [Advice.NOTHING_AGAINST], id="not-yet-slow"),
        pytest.param(Position(paying=Paying(days_late=31)), FITS, [Advice.SHORTER_TERMS], id="slow"),
        pytest.param(
            Position(paying=Paying(days_late=31, broken=2), late=(("USD", 1),), holds=(("credit", AS_OF),)),
            replace(FITS, then=101),
            [Advice.NO_RELEASE, Advice.PAY_FIRST, Advice.DEPOSIT, Advice.FIT_LIMIT, Advice.SHORTER_TERMS],
            id="all-of-it-most-pressing-first",
        ),
    ],
)
def test_each_recommendation_has_its_fact(position: Position, exposure: Exposure | None, advice: list[Advice]) -> None:
    assert list(recommended(position, exposure)) == advice


def test_the_whole_advice_as_it_is_read() -> None:
    plan, matters = planned(
        orders=[order(amount=500_000)],
        invoices=[owed(41, 60_000), owed(-20, 40_000, invoice_date=ago(10)), owed(100, 10_000, invoice="P")],
        payments=[{"invoice": "P", "day": ago(60), "amount": 10_000}],
        promises=[{"amount": 20_000, "made_on": ago(2), "due_on": ahead(3)}],
        disputes=[{"invoice": "I2", "opened_on": ago(4)}],
        holds=[{"placed_on": ago(9)}],
        credit_lines=[{"from": ago(400), "limit": 550_000}],
    )
    text = written(matters["salesperson"])
    assert text == written(matters["collector"])
    assert [a.detail("recommended") for a in advices(plan)] == [
        "no_release pay_first settle_dispute fit_limit shorter_terms"
    ] * 2
    assert text == (
        "Hello Salesperson, North, "
        "Amber Anvil Works (C1) has an order for April 5, 2026: O-1 of $5,000.00. "
        "This is what credit knows and advises before you agree. "
        "What credit advises "
        "- Agree to nothing before the hold is released: credit hold since Mar 22, 2026. "
        "- Ask for payment of $600.00 first: it is past due, the oldest by 41 days. "
        "- Settle what is contested first: open about I2. "
        "- Have $500.00 paid first, or agree to less: that much would be above the credit limit. "
        "- Offer shorter terms than before, once credit agrees: it paid 40 days late on average. "
        "Where the account stands "
        "- Past due: $600.00, the oldest 41 days. "
        "- Owed: $1,000.00 of a limit of $5,500.00. With the order it would be $6,000.00, "
        "which is $500.00 above the limit. "
        "- Promised and not yet due: $200.00 by Apr 3, 2026. "
        "- Contested: I2. "
        "- On hold since Mar 22, 2026 (credit). "
        "How they usually pay. The one invoice settled in the last twelve months was not paid in time; "
        "on average 40 days late. "
        "What not to promise "
        "- No longer terms, no higher limit and no release of orders that credit has not agreed to. "
        "- If they ask for one of these, say that you will both come back with an answer. "
        "It is advice: you decide what to say, and who speaks to them. "
        "Collector, North has a copy."
    )


def test_an_order_in_another_currency_counts_at_the_days_rate_or_is_said_not_to_fit_any() -> None:
    lines = [{"from": ago(400), "limit": 200_000}]
    open_ = [owed(-20, invoice_date=ago(10))]
    rates = [{"day": ago(30), "from": "EUR", "to": "USD", "rate": 200_000_000}]
    _, known = planned(orders=[order(currency="EUR")], invoices=open_, credit_lines=lines, rates=rates)
    assert "With the order it would be $2,000.00, which fits." in written(known["salesperson"])
    _, unknown = planned(orders=[order(currency="EUR")], invoices=open_, credit_lines=lines)
    assert "a rate of exchange is missing" in written(unknown["salesperson"])


def test_a_child_whose_parent_pays_is_judged_by_the_parents_account() -> None:
    child = {"customer": "C2", "name": "Amber Child", "parent": "C1", "parent_pays": True, "salesperson": "sales-south"}
    plan, matters = planned(orders=[order(customer="C2")], invoices=[owed(41, 60_000)], more_customers=[child])
    (advice,) = advices(plan)
    assert (advice.customer, advice.person, advice.episode) == ("C1", "sales-south", "O-1/C2")
    text = written(matters["salesperson"])
    assert "It is about Amber Child (C2), for which Amber Anvil Works pays." in text
    assert "Ask for payment of $600.00 first" in text


def test_who_stands_in_gets_it() -> None:
    people = [{**PEOPLE[0], **AWAY, "covered_by": "sales-south"}, BEA, *PEOPLE[2:]]
    plan, matters = planned(people=people, orders=[order()])
    assert [action.person for action in advices(plan)] == ["sales-south", "collector-north"]
    assert "This is for Salesperson, North, who is away until April 5, 2026; you stand in." in written(
        matters["collector"]
    )


# Bad input.


@pytest.mark.parametrize(
    "written_so",
    [
        pytest.param("{}", id="nothing"),
        pytest.param("{renewal_days: -1}", id="negative"),
        pytest.param("{order_days: soon}", id="a-word"),
        pytest.param("{contract_days: 3}", id="unknown"),
    ],
)
def test_what_is_wrong_in_the_policy_has_a_place(tmp_path: Path, written_so: str) -> None:
    text = STANDARD.read_text(encoding="utf-8").replace("{renewal_days: 30, order_days: 10}", written_so)
    (problem,) = problems_of(tmp_path, text)
    assert problem.span.line == 1 + text[: text.index("advise_before")].count("\n")
