"""What could be charged: on which items, from when, on how much, and what is kept back and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from duly.book.book import Presence
from duly.figures.charges import Charge, Charges, Kind, charges_of, totals
from duly.language.conditions import Is
from duly.language.policy import (
    AccountPause,
    Basis,
    ChooseLadder,
    Exception_,
    InvoicePause,
    Ladder,
    Late,
    Policy,
    Stage,
    Stops,
    UnappliedCredit,
    Unit,
)
from duly.language.policy import Charges as ChargesPart
from duly.source import Refused, Span
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import a_policy, stage

AS_OF = date(2024, 3, 31)
TENTH = ChargesPart(late_interest="contract", contract_pct="36.5")
"""A tenth of a per cent a day."""
DUE: Row = {"invoice": "I1", "due_date": "2024-03-01", "invoice_date": "2024-02-01", "amount": 1_000_00}
"""Thirty days past due."""


def policy_of(*stages: Stage, **parts: object) -> Policy:
    """A small policy in USD without grace, whose accounts climb its one ladder."""
    return a_policy(*stages, choose_ladder=ChooseLadder(otherwise="standard"), **parts)  # type: ignore[arg-type]


def charged(policy: Policy, as_of: date = AS_OF, *, with_settled: bool = False, **tables: list[Row]) -> Charges:
    return charges_of(make_book(**tables), policy, as_of, with_settled=with_settled)


def by_interest(policy: Policy | None = None, **parts: object) -> Policy:
    return replace(policy or policy_of(stage("reminder", 400)), charges=TENTH, **parts)  # type: ignore[arg-type]


def said(charges: tuple[Charge, ...]) -> list[tuple[str, str, int, str, str]]:
    return [(c.invoice, c.kind.value, c.amount, c.currency, c.reason) for c in charges]


INTEREST: Mapping[str, tuple[Row, dict[str, Any], int]] = MappingProxyType(
    {
        "thirty-days": (DUE, {}, 30_00),
        "issued-after-it-was-due": ({**DUE, "invoice_date": "2024-03-11"}, {}, 20_00),
        "without-a-day-of-issue": ({**DUE, "invoice_date": None}, {}, 30_00),
        "due-yesterday": ({**DUE, "due_date": "2024-03-30"}, {}, 1_00),
        "a-part-payment": (DUE, {"payments": [{"invoice": "I1", "day": "2024-03-22", "amount": 400_00}]}, 26_00),
        "a-credit-note": (DUE, {"credits": [{"invoice": "I1", "day": "2024-03-22", "amount": 400_00}]}, 26_00),
        "a-payment-before-it-was-due": (
            DUE, {"payments": [{"invoice": "I1", "day": "2024-02-20", "amount": 400_00}]}, 18_00,
        ),
        "a-payment-that-bounced": (
            DUE,
            {"payments": [{"invoice": "I1", "day": "2024-03-02", "amount": 400_00, "bounced_on": "2024-03-20"}]},
            30_00,
        ),
        "a-payment-that-is-still-to-come": (
            DUE, {"payments": [{"invoice": "I1", "day": "2024-04-01", "amount": 1_000_00}]}, 30_00,
        ),
        "known-by-balance-alone": ({**DUE, "open": 600_00}, {}, 18_00),
        "a-dispute-that-was-settled": (
            DUE, {"disputes": [{"invoice": "I1", "opened_on": "2024-03-05", "resolved_on": "2024-03-20"}]}, 30_00,
        ),
    }
)  # fmt: skip


@pytest.mark.parametrize("name", INTEREST)
def test_interest_runs_on_what_was_open_each_day_after_the_due_date(name: str) -> None:
    invoice, tables, amount = INTEREST[name]
    charges = charged(by_interest(), invoices=[invoice], **tables)
    assert said(charges.proposed) == [("I1", "late_interest", amount, "USD", "")]
    assert charges.kept_back == ()
    assert charges.untold == (("I1",) if name == "known-by-balance-alone" else ())


NONE: Mapping[str, tuple[Row, dict[str, Any]]] = MappingProxyType(
    {
        "due-today": ({**DUE, "due_date": "2024-03-31"}, {}),
        "paid": (DUE, {"payments": [{"invoice": "I1", "day": "2024-03-20", "amount": 1_000_00}]}),
        "written-off": ({**DUE, "written_off_on": "2024-03-20"}, {}),
        "not-issued-yet": ({**DUE, "invoice_date": "2024-04-01"}, {}),
    }
)


@pytest.mark.parametrize("name", NONE)
def test_what_is_not_late_and_open_is_not_charged(name: str) -> None:
    invoice, tables = NONE[name]
    assert charged(by_interest(), invoices=[invoice], **tables).proposed == ()


@pytest.mark.parametrize(("grace", "amount"), [(29, 30_00), (30, None)])
def test_grace_decides_whether_and_never_how_much(grace: int, amount: int | None) -> None:
    charges = charged(by_interest(late=Late(grace_days=grace)), invoices=[DUE])
    assert [c.amount for c in charges.proposed] == ([amount] if amount else [])


def test_interest_counts_from_the_due_date_whatever_the_policy_counts_lateness_from() -> None:
    charges = charged(by_interest(late=Late(basis=Basis.INVOICE_DATE)), invoices=[DUE, {**DUE, "invoice": "I2",
                      "due_date": "2024-04-10"}])  # fmt: skip
    assert said(charges.proposed) == [("I1", "late_interest", 30_00, "USD", "")]


@pytest.mark.parametrize(
    ("paid_on", "amount"),
    [
        pytest.param("2024-03-01", None, id="on-time"),
        pytest.param("2024-03-02", None, id="before-a-day-bore-interest"),
        pytest.param("2024-03-03", 1_00, id="after-one-day"),
        pytest.param("2024-03-11", 9_00, id="after-nine"),
    ],
)
def test_what_was_paid_late_is_charged_only_where_asked_for(paid_on: str, amount: int | None) -> None:
    paid: list[Row] = [{"invoice": "I1", "day": paid_on, "amount": 1_000_00}]
    assert charged(by_interest(), invoices=[DUE], payments=paid).proposed == ()
    charges = charged(by_interest(), invoices=[DUE], payments=paid, with_settled=True)
    assert [c.amount for c in charges.proposed] == ([amount] if amount else [])


def test_an_instalment_bears_interest_of_its_own_from_its_own_day() -> None:
    parts: list[Row] = [
        {"invoice": "I1", "number": 1, "due_date": "2024-03-01", "amount": 400_00},
        {"invoice": "I1", "number": 2, "due_date": "2024-03-21", "amount": 600_00},
    ]
    paid: list[Row] = [{"invoice": "I1", "day": "2024-03-11", "amount": 100_00}]
    charges = charged(by_interest(), invoices=[DUE], instalments=parts, payments=paid)
    assert said(charges.proposed) == [
        ("I1/1", "late_interest", 9 * 40 + 21 * 30, "USD", ""),
        ("I1/2", "late_interest", 10 * 60, "USD", ""),
    ]


def test_money_that_names_no_invoice_lowers_the_oldest_from_its_day_where_the_policy_offsets_it() -> None:
    invoices: list[Row] = [DUE, {**DUE, "invoice": "I2", "due_date": "2024-03-11"}]
    free: list[Row] = [{"invoice": None, "day": "2024-03-21", "amount": 1_200_00}]
    offset = charged(
        by_interest(late=Late(unapplied_credit=UnappliedCredit.OFFSET_OLDEST)), invoices=invoices, payments=free
    )
    assert said(offset.proposed) == [("I2", "late_interest", 9 * 100 + 11 * 80, "USD", "")]
    ignored = charged(by_interest(), invoices=invoices, payments=free)
    assert [c.amount for c in ignored.proposed] == [30_00, 20_00]


# What is kept back.

PART: list[Row] = [{"invoice": "I1", "opened_on": "2024-03-20", "amount": 400_00}]
WHOLE: list[Row] = [{"invoice": "I1", "opened_on": "2024-03-20"}]


def test_a_disputed_part_is_kept_back_and_the_rest_is_proposed() -> None:
    charges = charged(by_interest(), invoices=[DUE], disputes=PART)
    assert said(charges.proposed) == [("I1", "late_interest", 18_00, "USD", "")]
    assert said(charges.kept_back) == [("I1", "late_interest", 12_00, "USD", "disputed")]


def test_a_part_payment_lowers_the_undisputed_part_first() -> None:
    paid: list[Row] = [{"invoice": "I1", "day": "2024-03-22", "amount": 700_00}]
    charges = charged(by_interest(), invoices=[DUE], disputes=PART, payments=paid)
    assert [c.amount for c in charges.proposed] == [20 * 70]
    assert [c.amount for c in charges.kept_back] == [20 * 30 + 10 * 30]


def test_what_is_wholly_disputed_bears_nothing_yet() -> None:
    policy = replace(by_interest(), charges=ChargesPart(late_interest="eu_late_payment"))
    charges = charged(policy, invoices=[{**DUE, "currency": "EUR"}], disputes=WHOLE, rates=EUR)
    assert charges.proposed == ()
    assert [(c.kind, c.reason) for c in charges.kept_back] == [
        (Kind.INTEREST, "disputed"),
        (Kind.FIXED_SUM, "disputed"),
    ]


EUR: list[Row] = [
    {"day": date(2020, 1, 1), "from": "EUR", "to": "USD", "rate": 110_000_000},
    {"day": date(2020, 1, 1), "from": "USD", "to": "GBP", "rate": 80_000_000},
]
INSOLVENT = AccountPause(id="insolvent", when=Is("insolvent", (True,)), stops=frozenset({Stops.STAGES, Stops.CHARGES}))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        pytest.param({"account_pauses": (INSOLVENT,)}, "paused by insolvent", id="a-pause-that-stops-charges"),
        pytest.param(
            {"account_pauses": (replace(INSOLVENT, stops=frozenset({Stops.STAGES})),)}, "", id="one-that-does-not"
        ),
        pytest.param(
            {"exceptions": (Exception_(account="C1", until=AS_OF, agreed_with="sales", pause=True),)},
            "paused by an exception",
            id="an-exception-in-force",
        ),
        pytest.param(
            {"exceptions": (Exception_(account="C1", until=date(2024, 3, 30), agreed_with="sales", pause=True),)},
            "",
            id="an-exception-that-has-run-out",
        ),
        pytest.param(
            {"invoice_pauses": (InvoicePause(id="promised", when=Is("promise", ("open",))),)},
            "taken out by promised",
            id="an-invoice-pause",
        ),
    ],
)
def test_a_pause_keeps_the_charge_back_with_its_amount(parts: dict[str, Any], reason: str) -> None:
    charges = charged(
        by_interest(**parts),
        invoices=[DUE],
        customers=[{"customer": "C1", "insolvent": True}],
        promises=[{"invoice": "I1", "made_on": "2024-03-20", "due_on": "2024-04-10", "amount": 1_000_00}],
    )
    assert said((*charges.proposed, *charges.kept_back)) == [("I1", "late_interest", 30_00, "USD", reason)]
    assert bool(charges.kept_back) == bool(reason)


# Laws.


def by_law(id_: str, **parts: object) -> Policy:
    placed = ChargesPart(late_interest=id_, span=Span("policy.yaml", 7, 11, 15))
    return replace(policy_of(stage("reminder", 4000)), charges=placed, **parts)  # type: ignore[arg-type]


def test_the_figure_from_outside_comes_with_the_sum_of_german_law() -> None:
    invoice: Row = {"due_date": "2022-12-31", "amount": 10_000_00, "currency": "EUR", "invoice": "I1"}
    charges = charged(by_law("de_bgb_288"), date(2023, 6, 30), invoices=[invoice], rates=EUR)
    assert said(charges.proposed) == [
        ("I1", "late_interest", 526_64, "EUR", ""),
        ("I1", "fixed_sum", 40_00, "EUR", ""),
    ]
    assert totals(charges.proposed) == {"EUR": 566_64}


@pytest.mark.parametrize(
    ("row", "tables", "amount"),
    [
        pytest.param({"amount": 999_99, "currency": "GBP"}, {}, 40_00, id="small"),
        pytest.param({"amount": 1_000_00, "currency": "GBP"}, {}, 70_00, id="middle"),
        pytest.param({"amount": 10_000_00, "currency": "GBP"}, {}, 100_00, id="large"),
        pytest.param({"amount": 12_500_00, "currency": "USD"}, {}, 100_00, id="exactly-large-in-another-currency"),
        pytest.param({"amount": 12_499_99, "currency": "USD"}, {}, 70_00, id="just-below-in-another-currency"),
        pytest.param(
            {"amount": 10_000_00, "currency": "GBP"},
            {"payments": [{"invoice": "I1", "day": "2024-02-28", "amount": 1, "currency": "GBP"}]},
            70_00,
            id="paid-in-part-before-it-was-late",
        ),
        pytest.param(
            {"amount": 10_000_00, "currency": "GBP"},
            {"payments": [{"invoice": "I1", "day": "2024-03-10", "amount": 9_500_00, "currency": "GBP"}]},
            100_00,
            id="paid-in-part-after-that",
        ),
        pytest.param(
            {"amount": 10_000_00, "currency": "GBP"},
            {"disputes": [{"invoice": "I1", "opened_on": "2024-03-20", "amount": 9_500_00}]},
            40_00,
            id="for-what-is-not-disputed",
        ),
    ],
)
def test_the_uk_sum_goes_by_what_was_owed_when_interest_began(row: Row, tables: dict[str, Any], amount: int) -> None:
    gbp: Row = {"day": date(2020, 1, 1), "from": "GBP", "to": "USD", "rate": 125_000_000}
    charges = charged(by_law("uk_late_payment"), invoices=[{**DUE, **row}], rates=[*EUR, gbp], **tables)
    assert [c.amount for c in charges.proposed if c.kind is Kind.FIXED_SUM] == [amount]
    assert {c.currency for c in charges.proposed if c.kind is Kind.FIXED_SUM} == {"GBP"}


def test_a_sum_that_goes_by_size_needs_an_exchange_rate_and_says_which() -> None:
    with pytest.raises(Refused) as refused:
        charged(by_law("uk_late_payment"), invoices=[DUE])
    assert refused.value.exit_code == 4
    assert [p.message for p in refused.value.problems] == ["there is no rate from `USD` to `GBP` on 2024-03-02"]


def test_each_late_instalment_has_a_sum_of_its_own() -> None:
    parts: list[Row] = [
        {"invoice": "I1", "number": n, "due_date": day, "amount": 500_00}
        for n, day in ((1, "2024-02-01"), (2, "2024-03-01"), (3, "2024-04-01"))
    ]
    charges = charged(by_law("eu_late_payment"), invoices=[DUE], instalments=parts)
    assert [c.invoice for c in charges.proposed if c.kind is Kind.FIXED_SUM] == ["I1/1", "I1/2"]


def test_a_day_past_the_table_refuses_the_whole_at_the_policys_line() -> None:
    invoices: list[Row] = [{"due_date": "2026-01-10"}, {"due_date": "2026-02-10"}]
    policy = by_law("eu_late_payment")
    assert len(charged(policy, date(2026, 6, 30), invoices=invoices).proposed) == 4
    with pytest.raises(Refused) as refused:
        charged(policy, date(2026, 7, 1), invoices=invoices)
    (problem,) = refused.value.problems
    assert (refused.value.exit_code, problem.rule, problem.span.line) == (4, "rates-end", 7)
    assert problem.message == (
        "the rates of `eu_late_payment` are known until 2026-06-30, and that of 2026-07-01 is needed for "
        "invoice `I1` and 1 more"
    )


def test_a_rate_that_is_fixed_at_the_start_needs_none_later() -> None:
    gbp: Row = {"day": date(2020, 1, 1), "from": "GBP", "to": "USD", "rate": 125_000_000}
    invoice: Row = {"due_date": "2026-12-30", "currency": "GBP"}
    charges = charged(by_law("uk_late_payment"), date(2028, 1, 1), invoices=[invoice], rates=[gbp])
    assert [(c.kind, bool(c.stretches)) for c in charges.proposed] == [(Kind.INTEREST, True), (Kind.FIXED_SUM, False)]


def test_an_item_older_than_the_table_is_kept_back_and_the_others_are_charged() -> None:
    invoices: list[Row] = [{"due_date": "2013-06-29", "invoice": "OLD"}, DUE]
    charges = charged(by_law("eu_late_payment"), invoices=invoices)
    assert [(c.invoice, c.kind) for c in charges.proposed] == [("I1", Kind.INTEREST), ("I1", Kind.FIXED_SUM)]
    assert said(charges.kept_back) == [
        ("OLD", "late_interest", 0, "USD", "rates are known from 2013-07-01 only, and it needs that of 2013-06-30")
    ]


# The charges of stages.

FIXED = replace(stage("reminder", 10), charge=MappingProxyType({"fixed": 25_00}))
PER_CENT = replace(stage("demand", 20), charge=MappingProxyType({"pct": "1.5", "of": "original"}))


def test_a_stage_charges_each_item_that_was_late_when_it_was_carried_out_once_and_on_the_amount_as_issued() -> None:
    policy = policy_of(FIXED, PER_CENT)
    done: list[Row] = [
        {"stage": "reminder", "day": "2024-03-11"},
        {"stage": "reminder", "day": "2024-03-20"},
        {"stage": "demand", "day": "2024-03-25"},
    ]
    younger: Row = {**DUE, "invoice": "I2", "due_date": "2024-03-15", "amount": 333_33}
    paid: list[Row] = [{"invoice": "I1", "day": "2024-03-12", "amount": 900_00}]
    charges = charged(policy, invoices=[DUE, younger], executed_stages=done, payments=paid)
    assert [(c.invoice, c.stage, c.day, c.amount) for c in charges.proposed] == [
        ("I1", "reminder", date(2024, 3, 11), 25_00),
        ("I2", "reminder", date(2024, 3, 20), 25_00),
        ("I1", "demand", date(2024, 3, 25), 15_00),
        ("I2", "demand", date(2024, 3, 25), 5_00),
    ]


def test_a_stage_that_is_due_today_is_charged_as_due() -> None:
    charges = charged(policy_of(FIXED), invoices=[DUE])
    assert [(c.stage, c.day, c.basis) for c in charges.proposed] == [
        ("reminder", AS_OF, "stage reminder, due today: fixed")
    ]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"outcome": "unknown", "day": "2024-03-11"}, id="nobody-knows-whether-it-arrived"),
        pytest.param({"day": "2024-04-01"}, id="still-to-come"),
    ],
)
def test_a_stage_that_was_not_carried_out_charges_nothing(row: Row) -> None:
    policy = policy_of(replace(FIXED, after=stage("x", 400).after))
    assert charged(policy, invoices=[DUE], executed_stages=[row]).proposed == ()


def test_a_stage_about_one_invoice_charges_that_one() -> None:
    policy = replace(
        policy_of(),
        ladders=(Ladder(id="standard", unit=Unit.INVOICE, stages=(replace(FIXED, after=stage("x", 400).after),)),),
    )
    done: list[Row] = [{"stage": "reminder", "day": "2024-03-11", "item": "I2"}]
    charges = charged(policy, invoices=[DUE, {**DUE, "invoice": "I2"}], executed_stages=done)
    assert [c.invoice for c in charges.proposed] == ["I2"]


def test_a_stages_charge_on_what_is_wholly_disputed_now_is_kept_back() -> None:
    done: list[Row] = [{"stage": "reminder", "day": "2024-03-11"}]
    charges = charged(policy_of(FIXED), invoices=[DUE], executed_stages=done, disputes=WHOLE)
    assert said(charges.kept_back) == [("I1", "stage", 25_00, "USD", "disputed")]


def test_charges_never_bear_interest() -> None:
    policy = by_interest(policy_of(FIXED, PER_CENT))
    done: list[Row] = [{"stage": "reminder", "day": "2024-03-11"}, {"stage": "demand", "day": "2024-03-21"}]
    charges = charged(policy, invoices=[DUE], executed_stages=done)
    assert [c.amount for c in charges.proposed if c.kind is Kind.INTEREST] == [30_00]


# What a book must bring.


def test_a_book_that_is_silent_about_disputes_is_refused_at_the_policys_line() -> None:
    book = make_book(invoices=[DUE])
    silent = replace(book, given={**book.given, "disputes": Presence.ABSENT})
    with pytest.raises(Refused) as refused:
        charges_of(silent, by_law("eu_late_payment"), AS_OF)
    assert [(p.rule, p.span.line) for p in refused.value.problems] == [("not-in-book", 7)]


def test_a_policy_without_charges_asks_a_book_for_nothing() -> None:
    book = make_book(invoices=[DUE])
    silent = replace(book, given={**book.given, "disputes": Presence.ABSENT})
    assert charges_of(silent, policy_of(), AS_OF) == Charges(AS_OF, None)


def test_creditors_and_customers_stay_apart() -> None:
    invoices: list[Row] = [
        DUE,
        {**DUE, "invoice": "I2", "creditor": "other"},
        {**DUE, "invoice": "I3", "customer": "C2"},
    ]
    charges = charged(by_interest(), invoices=invoices)
    assert [(c.creditor, c.customer, c.amount) for c in charges.proposed] == [
        ("main", "C1", 30_00),
        ("main", "C2", 30_00),
        ("other", "C1", 30_00),
    ]
    alone = charges_of(make_book(invoices=invoices), by_interest(), AS_OF, "C2")
    assert [c.invoice for c in alone.proposed] == ["I3"]
