"""Credit limits: what rules propose and what caps leave of it, who must sign, and limits that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.book.book import Presence
from duly.figures.limits import Direction, Finding, Limits, Sort, asked_for, is_change, limits_of
from duly.language.conditions import ALWAYS, All, Compare, Includes, Known, Not, Op
from duly.language.policy import ChooseLadder, CreditLimitRule, Ladder, Late, Policy, UnappliedCredit, Unit
from duly.source import Refused, Span
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import a_policy, stage

AS_OF = date(2026, 3, 31)
BOTH = ("credit_manager", "sales_manager")
LINE: Row = {"from": "2025-01-01", "limit": 1_000_00}
OWED: Row = {"invoice": "I1", "invoice_date": "2026-03-01", "due_date": "2026-04-01", "amount": 900_00}


def rule(id_: str = "some", *, signed_by: tuple[str, ...] = BOTH, **asks: object) -> CreditLimitRule:
    return CreditLimitRule(id=id_, approval=signed_by, span=Span("policy.yaml", 9, 3), **asks)  # type: ignore[arg-type]


def policy_of(*rules: CreditLimitRule, **parts: object) -> Policy:
    choice = ChooseLadder(otherwise="standard")
    return a_policy(stage("reminder", 400), credit_limits=rules, choose_ladder=choice, **parts)  # type: ignore[arg-type]


def limits(policy: Policy, as_of: date = AS_OF, **tables: list[Row]) -> Limits:
    return limits_of(make_book(**tables), policy, as_of)


def proposed(*rules: CreditLimitRule, lines: list[Row] | None = None) -> list[tuple[str, str, int | None, int]]:
    found = limits(policy_of(*rules), invoices=[OWED], credit_lines=[LINE] if lines is None else lines)
    return [(p.rule.id, p.direction.value, p.now, p.then) for p in found.proposals]


# Rules.


@pytest.mark.parametrize(
    ("asks", "limit", "then"),
    [
        pytest.param({"raise_pct": 20}, 1_000_00, 1_200_00, id="raised"),
        pytest.param({"raise_pct": 20}, 1_03, 1_23, id="per-cents-are-rounded-down"),
        pytest.param({"raise_pct": 20, "up_to": 1_150_00}, 1_000_00, 1_150_00, id="up-to-the-cap"),
        pytest.param({"raise_pct": 20, "up_to": 1_000_00}, 1_000_00, None, id="at-the-cap-already"),
        pytest.param({"raise_pct": 20, "up_to": 999_99}, 1_000_00, None, id="a-cap-below-never-lowers"),
        pytest.param({"raise_pct": 20}, 0, None, id="nothing-raised-is-nothing"),
        pytest.param({"raise_pct": 20, "down_to": 2_000_00}, 1_000_00, 2_000_00, id="raised-to-the-least"),
        pytest.param({"lower_pct": 25}, 1_000_00, 750_00, id="lowered"),
        pytest.param({"lower_pct": 25, "down_to": 800_00}, 1_000_00, 800_00, id="down-to-the-floor"),
        pytest.param({"lower_pct": 25, "down_to": 1_000_00}, 1_000_00, None, id="at-the-floor-already"),
        pytest.param({"lower_pct": 25, "down_to": 1_000_01}, 1_000_00, None, id="a-floor-above-never-raises"),
        pytest.param({"lower_pct": 100}, 1_000_00, 0, id="lowered-to-nothing"),
        pytest.param({"set_to": 500_00}, 1_000_00, 500_00, id="set"),
        pytest.param({"set_to": 500_00}, 500_00, None, id="set-already"),
        pytest.param({"set_to": 500_00}, None, 500_00, id="set-where-there-is-none"),
        pytest.param({"raise_pct": 20}, None, None, id="nothing-to-raise"),
        pytest.param({"lower_pct": 20}, None, None, id="nothing-to-lower"),
    ],
)
def test_a_rule_asks_for_a_limit_within_its_caps(asks: dict[str, Any], limit: int | None, then: int | None) -> None:
    lines: list[Row] = [] if limit is None else [{**LINE, "limit": limit}]
    found = limits(policy_of(rule(**asks)), invoices=[OWED], credit_lines=lines)
    assert [p.then for p in found.proposals] == ([] if then is None else [then])
    assert [bool(p.held_back) for p in found.held_back] == ([True] if then is None else [])


def test_a_rule_whose_condition_does_not_hold_asks_for_nothing() -> None:
    used = Compare("credit_used_pct", Op.AT_LEAST, 90)
    more = Compare("credit_used_pct", Op.OVER, 90)
    assert proposed(rule(when=used, raise_pct=10)) == [("some", "raise", 1_000_00, 1_100_00)]
    assert proposed(rule(when=more, raise_pct=10)) == []


def test_new_customers_are_known_by_having_no_limit() -> None:
    new = rule(when=Not(Known("credit_limit")), set_to=300_00)
    assert proposed(new, lines=[]) == [("some", "set", None, 300_00)]
    assert proposed(new) == []


@pytest.mark.parametrize("turned", [False, True])
def test_where_several_rules_hold_the_lowest_limit_is_proposed_in_whatever_order_they_stand(*, turned: bool) -> None:
    rules = (rule("much", raise_pct=50), rule("little", raise_pct=10), rule("cut", lower_pct=20), rule("set", set_to=1))
    ordered = tuple(reversed(rules)) if turned else rules
    found = limits(policy_of(*ordered), invoices=[OWED], credit_lines=[LINE])
    assert [(p.rule.id, p.then, p.outweighed) for p in found.proposals] == [("set", 1, ("cut", "little", "much"))]


def test_a_rule_that_changes_nothing_stands_back_for_one_that_does() -> None:
    assert proposed(rule("full", raise_pct=50, up_to=1_000_00), rule("other", raise_pct=10)) == [
        ("other", "raise", 1_000_00, 1_100_00)
    ]


def test_a_proposal_says_what_it_read_and_who_must_sign() -> None:
    used = Compare("credit_used_pct", Op.AT_LEAST, 85)
    (proposal,) = limits(policy_of(rule(when=used, raise_pct=10)), invoices=[OWED], credit_lines=[LINE]).proposals
    assert proposal.reasons == (("credit_used_pct", 90),)
    assert proposal.rule.approval == BOTH
    assert (proposal.usage.exposure, proposal.usage.used_pct) == (900_00, 90)
    assert proposal.arithmetic == "10 % more is 1,100.00 USD"


def test_rules_read_marks_holds_and_what_was_decided_today() -> None:
    key = rule(when=All((Includes("tags", "key"), Not(Includes("holds", "credit")))), raise_pct=10)
    tables: dict[str, Any] = {"invoices": [OWED], "credit_lines": [LINE]}
    found = limits(policy_of(key), customers=[{"customer": "C1", "tags": "old key"}], **tables)
    assert len(found.proposals) == 1
    held: list[Row] = [{"placed_on": "2026-03-01"}]
    assert limits(policy_of(key), customers=[{"customer": "C1", "tags": "key"}], holds=held, **tables).proposals == ()
    assert limits(policy_of(key), customers=[{"customer": "C1", "tags": "keys"}], **tables).proposals == ()


def test_a_limit_is_the_whole_accounts_whatever_the_ladder_decides_at_once() -> None:
    by_invoice = (Ladder(id="standard", unit=Unit.INVOICE, stages=(stage("reminder"),)),)
    policy = policy_of(rule(when=Compare("open_count", Op.AT_LEAST, 2), raise_pct=10), ladders=by_invoice)
    found = limits(policy, invoices=[OWED, {**OWED, "invoice": "I2"}], credit_lines=[LINE])
    assert [p.then for p in found.proposals] == [1_100_00]


def test_the_limit_in_force_on_the_day_counts() -> None:
    lines: list[Row] = [LINE, {"from": "2026-03-31", "limit": 2_000_00}, {"from": "2026-04-01", "limit": 5_000_00}]
    assert proposed(rule(raise_pct=10), lines=lines) == [("some", "raise", 2_000_00, 2_200_00)]


def test_a_cap_is_converted_to_the_currency_of_the_limit_and_a_missing_rate_is_named() -> None:
    policy = policy_of(rule(raise_pct=50, up_to=1_100_00))
    tables: dict[str, Any] = {
        "invoices": [{**OWED, "currency": "EUR"}],
        "credit_lines": [{**LINE, "currency": "EUR"}],
    }
    euro: Row = {"day": date(2020, 1, 1), "from": "EUR", "to": "USD", "rate": 110_000_000}
    back: Row = {"day": date(2020, 1, 1), "from": "USD", "to": "EUR", "rate": 120_000_000}
    (proposal,) = limits(policy, rates=[euro, back], **tables).proposals
    assert (proposal.currency, proposal.then) == ("EUR", 1_320_00)
    with pytest.raises(Refused) as refused:
        limits(policy, rates=[euro], **tables)
    assert [p.rule for p in refused.value.problems] == ["missing-rate"]


@pytest.mark.parametrize(
    ("signed_by", "warned"),
    [((), True), (("credit_manager",), True), (("credit_manager", "credit_manager"), True), (BOTH, False)],
)
def test_a_rule_that_fewer_than_two_roles_sign_is_warned_of_at_its_line(
    signed_by: tuple[str, ...], *, warned: bool
) -> None:
    found = limits(policy_of(rule(raise_pct=10, signed_by=signed_by)), invoices=[OWED], credit_lines=[LINE])
    assert [(w.rule, w.span.line) for w in found.warnings] == ([("one-signature", 9)] if warned else [])


def test_a_rule_that_reads_what_the_book_lacks_is_refused_at_its_line() -> None:
    book = make_book(invoices=[OWED])
    silent = replace(book, given={**book.given, "credit_lines": Presence.ABSENT})
    policy = policy_of(rule(when=Compare("credit_used_pct", Op.OVER, 90), raise_pct=10))
    with pytest.raises(Refused) as refused:
        limits_of(silent, policy, AS_OF)
    assert [(p.rule, p.span.line) for p in refused.value.problems] == [("not-in-book", 9)]


@given(
    limit=st.integers(0, 10**9),
    pct=st.integers(1, 100),
    cap=st.one_of(st.none(), st.integers(0, 10**9)),
    floor=st.one_of(st.none(), st.integers(0, 10**9)),
    raised=st.booleans(),
)
def test_a_raise_never_lowers_and_a_cut_never_raises(
    limit: int, pct: int, cap: int | None, floor: int | None, *, raised: bool
) -> None:
    direction = Direction.RAISE if raised else Direction.LOWER
    change: dict[str, Any] = {"raise_pct": pct} if raised else {"lower_pct": pct}
    asked, then = asked_for(rule(**change, up_to=cap, down_to=floor), limit, lambda amount: amount)
    assert asked >= limit if raised else asked <= limit
    assert floor is None or then >= floor
    assert cap is None or then <= max(cap, floor or 0)
    if is_change(direction, limit, then):
        assert (then > limit) is raised


# What does not fit.

MONTHS = [f"2025-{month:02d}" for month in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]


def each_month(amount: int, *, late: int = 0, from_: int = 0) -> list[Row]:
    """An invoice on the first of each month, paid on the first of the next and so many days; the last is open."""
    invoices: list[Row] = []
    for n, month in enumerate(MONTHS[from_:]):
        due = date.fromisoformat(f"{month}-28")
        paid = date.fromordinal(due.toordinal() + 5 + late)
        settled = None if paid > AS_OF else paid
        row: Row = {"invoice": f"M{n}", "invoice_date": f"{month}-01", "due_date": paid if not late else due}
        invoices.append({**row, "amount": amount, "settled_on": settled})
    return invoices


def found_on(limit: int, invoices: list[Row], **tables: list[Row]) -> list[tuple[Sort, str]]:
    tables.setdefault("credit_lines", [{**LINE, "limit": limit}])
    found = limits(policy_of(), AS_OF, invoices=invoices, **tables)
    return [(finding.sort, finding.figures) for finding in found.findings]


WELL: list[Row] = each_month(900_00)
FITS: list[tuple[Sort, str]] = []

FOUND: Mapping[str, tuple[int, list[Row], Sort | None]] = MappingProxyType(
    {
        "near-the-limit-and-paying-well": (1_058_00, WELL, Sort.TOO_TIGHT),
        "not-quite-near": (1_059_00, WELL, None),
        "just-what-history-supports": (2_700_00, WELL, None),
        "a-cent-above-that": (2_700_01, WELL, Sort.ABOVE_HISTORY),
        "ten-per-cent-used": (18_000_00, WELL, Sort.NEVER_USED),
        "a-little-more-used": (17_999_99, WELL, Sort.ABOVE_HISTORY),
        "paying-thirty-days-late-keeps-headroom": (2_700_00, each_month(900_00, late=25), None),
        "paying-later-than-that-gets-none": (2_700_00, each_month(900_00, late=26), Sort.ABOVE_HISTORY),
        "never-bought": (1_000_00, [], Sort.NEVER_USED),
        "known-by-balance-alone": (100_000_00, [{**OWED, "open": 900_00}], None),
        "without-a-day-of-issue": (100_000_00, [{**OWED, "invoice_date": None}], None),
    }
)


@pytest.mark.parametrize("name", FOUND)
def test_limits_that_do_not_fit_are_found(name: str) -> None:
    limit, invoices, sort = FOUND[name]
    assert [found for found, _ in found_on(limit, invoices)] == ([sort] if sort else [])


PAYING_WELL = "paid 0 days late on average, no promise broken, nothing over 30 days past due"


def test_a_finding_shows_the_figures_that_it_comes_from() -> None:
    assert found_on(1_058_00, WELL) == [
        (
            Sort.TOO_TIGHT,
            f"used to 85 % or more at each of 12 month ends; {PAYING_WELL}",
        )
    ]
    assert found_on(2_700_01, WELL) == [
        (
            Sort.ABOVE_HISTORY,
            "the most owed in twelve months was 1,800.00 USD, on 2025-05-01; 150 % of it is 2,700.00 USD",
        )
    ]


SMALL: Row = {"invoice": "S", "invoice_date": "2026-02-01", "amount": 1}
BROKEN: list[Row] = [{"made_on": "2026-01-01", "due_on": "2026-01-02", "amount": 9_999_99}]


@pytest.mark.parametrize(
    ("more", "is_found"),
    [
        pytest.param({}, True, id="paying-well"),
        pytest.param({"promises": BROKEN}, False, id="a-promise-broken"),
        pytest.param({"invoices": [*WELL, {**SMALL, "due_date": "2026-02-28"}]}, False, id="something-long-overdue"),
        pytest.param({"invoices": [*WELL, {**SMALL, "due_date": "2026-03-01"}]}, True, id="not-quite-so-long-overdue"),
        pytest.param({"invoices": each_month(900_00, late=1)}, False, id="paying-late"),
    ],
)  # fmt: skip
def test_a_limit_is_too_tight_only_for_who_pays_well(more: dict[str, Any], *, is_found: bool) -> None:
    tables: dict[str, Any] = {"invoices": WELL, **more}
    invoices = tables.pop("invoices")
    assert (Sort.TOO_TIGHT in [sort for sort, _ in found_on(1_058_00, invoices, **tables)]) is is_found


@pytest.mark.parametrize(
    ("from_", "sort"), [("2025-10-31", Sort.NEVER_USED), ("2025-11-01", None)], ids=["six-month-ends", "five"]
)
def test_a_limit_is_judged_after_six_month_ends(from_: str, sort: Sort | None) -> None:
    assert [s for s, _ in found_on(0, [], credit_lines=[{"from": from_, "limit": 1_000_00}])] == (
        [sort] if sort else []
    )


def test_use_counts_against_the_limit_that_was_in_force() -> None:
    lines: list[Row] = [{"from": "2025-01-01", "limit": 1_058_00}, {"from": "2026-03-31", "limit": 2_000_00}]
    (usage,) = [f.usage for f in limits(policy_of(), invoices=WELL, credit_lines=[LINE]).findings]
    assert [month.limit for month in usage.month_ends] == [1_000_00] * 12
    found = limits(policy_of(rule(raise_pct=1)), invoices=WELL, credit_lines=lines).proposals[0].usage
    assert [month.used_pct for month in found.month_ends] == [85] * 11 + [45]


def test_the_peak_lies_between_month_ends_where_it_did() -> None:
    short: Row = {"invoice": "S", "invoice_date": "2026-02-05", "due_date": "2026-02-20", "amount": 5_000_00,
                  "settled_on": "2026-02-10"}  # fmt: skip
    usage = limits(policy_of(rule(raise_pct=1)), invoices=[short], credit_lines=[LINE]).proposals[0].usage
    assert (usage.peak, usage.peak_day, usage.exposure) == (5_000_00, date(2026, 2, 5), 0)


def test_money_that_names_no_invoice_lowers_the_exposure_where_the_policy_offsets_it() -> None:
    free: list[Row] = [{"invoice": None, "day": "2026-03-10", "amount": 300_00}]
    tables: dict[str, Any] = {"invoices": [OWED], "credit_lines": [LINE], "payments": free}
    offset = Late(unapplied_credit=UnappliedCredit.OFFSET_OLDEST)
    for late, owed in ((offset, 600_00), (Late(), 900_00)):
        (proposal,) = limits(policy_of(rule(raise_pct=1), late=late), **tables).proposals
        assert proposal.usage.exposure == owed
        assert proposal.usage.used_pct == owed // 10_00


def test_a_finding_names_the_rule_that_would_change_it() -> None:
    near = rule("near", when=Compare("credit_used_pct", Op.AT_LEAST, 85), raise_pct=20)

    def named(policy: Policy) -> list[Finding]:
        return list(limits(policy, invoices=WELL, credit_lines=[{**LINE, "limit": 1_058_00}]).findings)

    assert [f.proposed for f in named(policy_of(near))] == ["near"]
    assert [f.proposed for f in named(policy_of())] == [""]


def test_what_could_not_be_said_is_counted() -> None:
    tables: dict[str, Any] = {
        "invoices": [{**OWED, "open": 1}, {"customer": "C2", "due_date": "2026-04-01"}],
        "credit_lines": [LINE],
    }
    found = limits(policy_of(rule(when=ALWAYS, raise_pct=1)), **tables)
    assert (found.untold, found.no_limit) == ((("main", "C1"),), 1)
    assert [p.held_back for p in found.held_back] == ["there is no limit to change"]
