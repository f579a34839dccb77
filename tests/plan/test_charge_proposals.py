"""Which charges a plan proposes, when, and that none is proposed twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from duly.book.book import Presence
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.states import Standing
from duly.language.conditions import Is
from duly.language.policy import AccountPause, InvoicePause, Policy, Stops, Unit
from duly.language.policy import Charges as ChargesPart
from duly.plan import charges as plan_charges
from duly.plan.make import Background, make_plan
from duly.plan.plan import Action, Kind, Plan, Withheld
from duly.source import Span
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import stage
from tests.figures.test_charges import AS_OF, DUE, FIXED, TENTH, by_law, policy_of

REFERRAL = replace(stage("referral", 400), send=(), action="refer_to_agency")
PAID: Row = {"invoice": "I1", "day": "2024-03-21", "amount": 1_000_00}
REFERRED: Row = {"stage": "referral", "day": "2024-03-30", "outcome": "accepted", "episode": "I1", "item": ""}


def by_contract(*stages: Any, **parts: object) -> Policy:  # noqa: ANN401
    return replace(policy_of(*(stages or (stage("reminder", 400), REFERRAL)), **parts), charges=TENTH)


def plan_of(policy: Policy, as_of: date = AS_OF, done: tuple[Action, ...] = (), **tables: list[Row]) -> Plan:
    stands = {
        action.id: Standing(action.id, Event.ACCEPTED, 1, f"{as_of}T09:00:00.000Z", 1, "run", "C1", "", "")
        for action in done
    }
    background = Background(history=History(standing=MappingProxyType(stands)))
    return make_plan(
        policy,
        make_book(**{"invoices": [DUE], **tables}),
        as_of,
        engine="meaning",
        looks_ahead=False,
        background=background,
    )


def charges(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.kind is Kind.CHARGE_PROPOSAL]


def said(plan: Plan) -> list[tuple[str, str, int]]:
    return [(action.stage, action.task, action.amount) for action in charges(plan)]


def kept_back(plan: Plan) -> list[Withheld]:
    return [thing for thing in plan.withheld if thing.what.startswith("charge proposal")]


INTEREST = [("late_interest", "late_interest", 19_00)]
"""Of nineteen days, at a tenth of a per cent a day."""


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param({}, [], id="still-open"),
        pytest.param({"payments": [PAID]}, INTEREST, id="paid-late"),
        pytest.param({"payments": [{**PAID, "day": "2024-03-01"}]}, [], id="paid-in-time"),
        pytest.param({"payments": [{**PAID, "amount": 400_00}]}, [], id="paid-in-part"),
        pytest.param({"payments": [{**PAID, "bounced_on": "2024-03-25"}]}, [], id="paid-and-bounced"),
        pytest.param({"invoices": [{**DUE, "settled_on": "2024-03-21"}]}, INTEREST, id="settled-by-the-books-word"),
        pytest.param({"invoices": [{**DUE, "written_off_on": "2024-03-21"}]}, [], id="written-off"),
        pytest.param({"executed_stages": [REFERRED]}, [("late_interest", "late_interest", 30_00)], id="referred"),
        pytest.param(
            {"executed_stages": [{**REFERRED, "day": "2024-02-01", "episode": "I0"}]},
            [],
            id="referred-in-an-earlier-episode",
        ),
        pytest.param(
            {"executed_stages": [REFERRED], "invoices": [DUE, {**DUE, "invoice": "I2", "due_date": "2024-04-30"}]},
            [("late_interest", "late_interest", 30_00)],
            id="referred-with-something-not-due",
        ),
    ],
)
def test_interest_is_proposed_once_its_span_is_known_or_the_account_is_referred(
    tables: dict[str, Any], expected: list[tuple[str, str, int]]
) -> None:
    assert said(plan_of(by_contract(), **tables)) == expected


@pytest.mark.parametrize(
    ("days", "proposed"), [pytest.param(30, True, id="a-month-ago"), pytest.param(31, False, id="longer-ago")]
)
def test_what_was_settled_longer_than_a_month_ago_is_over(days: int, proposed: bool) -> None:  # noqa: FBT001
    plan = plan_of(by_contract(), date(2024, 3, 21) + timedelta(days=days), payments=[PAID])
    assert bool(charges(plan)) == proposed


@pytest.mark.parametrize("unit", Unit)
def test_a_proposal_has_its_arithmetic_and_needs_nobodys_signature(unit: Unit) -> None:
    policy = by_contract()
    policy = replace(policy, ladders=tuple(replace(ladder, unit=unit) for ladder in policy.ladders))
    (action,) = charges(plan_of(policy, payments=[PAID]))
    assert (action.for_role, action.approval, action.item, action.invoices) == ("credit_manager", (), "I1", ("I1",))
    assert action.detail("arithmetic") == "2024-03-02 to 2024-03-20: 1,000.00 USD x 36.5 % x 19/365"
    assert action.detail("settled_on") == "2024-03-21"


def test_the_figure_from_outside_is_proposed_with_the_sum_of_german_law() -> None:
    invoice = {**DUE, "amount": 10_000_00, "currency": "EUR", "invoice_date": "2023-06-01", "due_date": "2023-06-30"}
    rates: list[Row] = [{"day": "2020-01-01", "from": "EUR", "to": "USD", "rate": 100_000_000}]
    policy = by_law("de_bgb_288", late=policy_of().late)
    plan = plan_of(policy, date(2024, 1, 15), invoices=[invoice], rates=rates, payments=[
        {**PAID, "day": "2023-12-29", "amount": 10_000_00, "currency": "EUR"}
    ])  # fmt: skip
    found = {(action.task, action.amount, action.currency): action for action in charges(plan)}
    days = (date(2023, 12, 29) - date(2023, 7, 1)).days
    assert set(found) == {("late_interest", round(10_000_00 * 0.1212 * days / 365), "EUR"), ("fixed_sum", 40_00, "EUR")}


def test_a_fixed_sum_without_an_exchange_rate_is_said_and_interest_is_proposed_all_the_same() -> None:
    plan = plan_of(by_law("uk_late_payment", late=policy_of().late), payments=[PAID])
    assert [action.task for action in charges(plan)] == ["late_interest"]
    assert any("there is no rate from `USD` to `GBP` on 2024-03-02" in note for note in plan.notes)


@pytest.mark.parametrize("tables", [{"payments": [PAID]}, {"executed_stages": [REFERRED]}], ids=["paid", "referred"])
def test_what_was_proposed_is_never_proposed_again(tables: dict[str, Any]) -> None:
    policy = by_contract()
    first = plan_of(policy, **tables)
    tomorrow = AS_OF + timedelta(days=1)
    assert [a.id for a in charges(plan_of(policy, tomorrow, **tables))] == [a.id for a in charges(first)]
    assert charges(plan_of(policy, tomorrow, tuple(charges(first)), **tables)) == []


def test_what_was_proposed_at_the_referral_is_not_proposed_again_when_it_is_paid() -> None:
    policy = by_contract()
    first = plan_of(policy, executed_stages=[REFERRED])
    paid: list[Row] = [{**PAID, "day": "2024-04-05"}]
    later = plan_of(policy, date(2024, 4, 10), tuple(charges(first)), executed_stages=[REFERRED], payments=paid)
    assert charges(later) == []


def test_with_the_day_in_its_key_a_charge_would_be_proposed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the tests above are there for."""
    policy = by_contract()
    first = charges(plan_of(policy, payments=[PAID]))
    monkeypatch.setattr(plan_charges, "ONCE", "another-day")
    assert charges(plan_of(policy, AS_OF + timedelta(days=1), tuple(first), payments=[PAID]))


def test_a_referred_customer_with_many_late_items_does_not_stop_the_plan() -> None:
    rows: list[Row] = [{**DUE, "invoice": f"I{n}"} for n in range(1, 42)]
    plan = plan_of(by_contract(), invoices=rows, executed_stages=[REFERRED])
    assert len(charges(plan)) == len(rows)
    assert "too-many-for-one-customer" not in {stop.rule for stop in plan.stops}


# Stages.


@pytest.mark.parametrize(
    ("as_of", "tables", "expected"),
    [
        pytest.param(date(2024, 3, 10), {}, 0, id="not-due"),
        pytest.param(date(2024, 3, 11), {}, 1, id="due-today"),
        pytest.param(date(2024, 3, 15), {"executed_stages": [{"stage": "reminder", "day": "2024-03-11"}]}, 1,
                     id="carried-out-some-days-ago"),
        pytest.param(date(2024, 4, 15), {"executed_stages": [{"stage": "reminder", "day": "2024-03-11"}]}, 0,
                     id="carried-out-longer-ago"),
        pytest.param(date(2024, 3, 15), {"executed_stages": [{"stage": "reminder", "day": "2024-03-11",
                     "outcome": "unknown"}]}, 0, id="of-which-nobody-knows"),
    ],
)  # fmt: skip
def test_a_stages_charge_is_proposed_with_the_stage(as_of: date, tables: dict[str, Any], expected: int) -> None:
    plan = plan_of(policy_of(FIXED), as_of, **tables)
    assert said(plan) == [("reminder", "stage", 25_00)] * expected


def test_a_stages_charge_comes_once_an_item_also_where_the_stage_is_repeated() -> None:
    policy = policy_of(FIXED)
    first = plan_of(policy, date(2024, 3, 11))
    again: list[Row] = [{"stage": "reminder", "day": day} for day in ("2024-03-11", "2024-03-18")]
    assert charges(plan_of(policy, date(2024, 3, 19), tuple(charges(first)), executed_stages=again)) == []


# What keeps a charge back.


PAUSE = AccountPause(id="insolvent", when=Is("insolvent", (True,)), stops=frozenset({Stops.STAGES, Stops.CHARGES}))


def test_nothing_is_proposed_while_a_pause_stops_charges_and_that_is_withheld() -> None:
    policy = by_contract(account_pauses=(PAUSE,))
    plan = plan_of(policy, customers=[{"customer": "C1", "insolvent": True}], executed_stages=[REFERRED])
    assert charges(plan) == []
    assert [(thing.reason, thing.explanation) for thing in kept_back(plan)] == [
        ("charge_kept_back", "paused by insolvent")
    ]


def test_a_disputed_part_is_withheld_and_the_rest_is_proposed() -> None:
    disputed = InvoicePause(id="disputed", when=Is("dispute", ("open",)), disputed_part_only=True)
    policy = by_contract(invoice_pauses=(disputed,))
    disputes: list[Row] = [{"invoice": "I1", "opened_on": "2024-03-05", "amount": 400_00}]
    plan = plan_of(policy, executed_stages=[REFERRED], disputes=disputes)
    assert said(plan) == [("late_interest", "late_interest", 18_00)]
    assert [thing.reason for thing in kept_back(plan)] == ["disputed"]


def test_past_the_end_of_the_rates_nothing_is_guessed_and_the_policys_line_is_named() -> None:
    policy = by_law("de_bgb_288")
    due = {**DUE, "currency": "EUR", "invoice_date": "2039-01-01", "due_date": "2039-02-01"}
    rates: list[Row] = [{"day": "2020-01-01", "from": "EUR", "to": "USD", "rate": 100_000_000}]
    paid = {**PAID, "day": "2039-03-20", "currency": "EUR"}
    plan = plan_of(policy, date(2039, 3, 31), invoices=[due], payments=[paid], rates=rates)
    assert [action.task for action in charges(plan) if action.task != "fixed_sum"] == []
    assert any("[rates-end]" in note and "`de_bgb_288`" in note for note in plan.notes)


def test_a_policy_without_charges_proposes_none_and_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("nothing is looked at")

    monkeypatch.setattr(plan_charges, "_wanted", never)
    policy = replace(by_contract(), charges=ChargesPart())
    assert charges(plan_of(policy, payments=[PAID])) == []


def test_a_book_that_is_silent_about_disputes_gets_no_charge_and_is_told_so() -> None:
    policy = replace(by_contract(), places=MappingProxyType({"/charges/late_interest": Span("policy.yaml", 7, 3)}))
    book = make_book(invoices=[DUE], payments=[PAID])
    book = replace(book, given={**book.given, "disputes": Presence.ABSENT})
    plan = make_plan(policy, book, AS_OF, engine="meaning", looks_ahead=False)
    assert charges(plan) == []
    assert any(note.startswith("no charge is proposed: policy.yaml:7: ") for note in plan.notes)
