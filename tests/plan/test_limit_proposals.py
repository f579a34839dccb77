"""Which limits a plan proposes, about which limit each proposal is, and when it is not made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest

from duly.figures.limits import limits_of
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.states import Standing
from duly.language.conditions import Compare, Op
from duly.language.policy import Policy, Unit
from duly.plan import limits as plan_limits
from duly.plan.make import Background, make_plan
from duly.plan.plan import Action, Kind, Plan, Withheld
from tests.book.facts.building import Row, make_book
from tests.figures.test_limits import AS_OF, BOTH, LINE, OWED, policy_of, rule

MAIN: Row = {"creditor": "main", "name": "Amber Paper Works"}
RAISE = rule("raise_good_payer", raise_pct=20)


def plan_of(
    policy: Policy,
    as_of: date = AS_OF,
    history: History | None = None,
    lines: list[Row] | None = None,
    **tables: list[Row],
) -> Plan:
    given = {"invoices": [OWED], "credit_lines": [LINE] if lines is None else lines, "creditors": [MAIN], **tables}
    background = Background(history=history or History())
    return make_plan(policy, make_book(**given), as_of, engine="meaning", looks_ahead=False, background=background)


def proposals(plan: Plan) -> list[Action]:
    return [action for action in plan.actions if action.kind is Kind.LIMIT_PROPOSAL]


def kept_back(plan: Plan) -> list[Withheld]:
    return [thing for thing in plan.withheld if thing.what.startswith("limit proposal")]


def only(plan: Plan) -> Action:
    (action,) = proposals(plan)
    return action


def done(action: Action, day: date, event: Event = Event.ACCEPTED) -> History:
    """The journal of a team that carried the proposal out on the day."""
    standing = Standing(action.id, event, 1, f"{day}T09:00:00.000Z", 1, "run", action.customer, "", "")
    row = {"customer": "C1", "creditor": "main", "from": day, "limit": action.amount, "currency": action.currency}
    rows = {"credit_lines": (row,)} if event is Event.ACCEPTED else {}
    return History(standing=MappingProxyType({action.id: standing}), rows=MappingProxyType(rows))


def test_a_proposal_says_what_the_limit_is_what_it_would_be_why_and_who_must_sign() -> None:
    action = only(plan_of(policy_of(RAISE)))
    assert (action.amount, action.currency, action.approval, action.for_role) == (
        1_200_00,
        "USD",
        BOTH,
        "credit_manager",
    )
    assert dict(action.details) == {
        "limit_before": "100000",
        "limit_after": "120000",
        "currency": "USD",
        "since": "2025-01-01",
        "direction": "raise",
        "ask": "raise the credit limit to 1,200.00 USD; it is 1,000.00 USD since 2025-01-01",
    }
    assert [because.rule for because in action.because] == [
        "credit limit raise_good_payer",
        "1,000.00 USD -> 1,200.00 USD: 20 % more is 1,200.00 USD",
        "owes 900.00 USD, 90 % of the limit; at most 900.00 USD in twelve months, on 2026-03-01",
    ]
    assert " " not in action.item + action.episode


def test_a_customer_without_a_limit_gets_one_from_its_own_data() -> None:
    large = rule("first_large", set_to=5_000_00, when=Compare("annual_sales", Op.AT_LEAST, 100_000_00))
    small = rule("first_small", set_to=500_00, when=Compare("annual_sales", Op.BELOW, 100_000_00))
    sold = {"customer": "C1", "annual_sales": 100_000_00}
    policy = policy_of(large, small)
    assert only(plan_of(policy, lines=[], customers=[sold])).amount == 5_000_00
    assert only(plan_of(policy, lines=[], customers=[{**sold, "annual_sales": 99_999_99}])).amount == 500_00
    assert only(plan_of(policy, lines=[], customers=[sold])).detail("limit_before") == ""


@pytest.mark.parametrize("unit", Unit)
def test_a_limit_is_the_whole_accounts_whatever_a_message_is_about(unit: Unit) -> None:
    policy = policy_of(rule("cut", lower_pct=10, when=Compare("open_count", Op.AT_LEAST, 2)))
    policy = replace(policy, ladders=tuple(replace(ladder, unit=unit) for ladder in policy.ladders))
    plan = plan_of(policy, invoices=[OWED, {**OWED, "invoice": "I2"}])
    assert [(action.item, action.amount) for action in proposals(plan)] == [("", 900_00)]


def test_the_plan_proposes_what_the_figures_do() -> None:
    rules = (RAISE, rule("cut", lower_pct=25), rule("late", lower_pct=50, when=Compare("days_past_due", Op.OVER, 0)))
    policy = policy_of(*rules)
    rows: list[Row] = [
        {**OWED, "customer": f"C{n}", "invoice": f"I{n}", "due_date": f"2026-03-{27 + n}"} for n in (1, 2, 3, 4)
    ]
    lines: list[Row] = [{**LINE, "customer": f"C{n}"} for n in (1, 2, 4)]
    plan = plan_of(policy, invoices=rows, lines=lines)
    figures = limits_of(make_book(invoices=rows, credit_lines=lines), policy, AS_OF)
    assert [(a.customer, a.stage, a.amount) for a in proposals(plan)] == [
        (p.customer, p.rule.id, p.then) for p in figures.proposals
    ]
    assert [(w.customer, w.explanation) for w in kept_back(plan)] == [
        (p.customer, p.held_back) for p in figures.held_back
    ]


def test_where_no_rule_holds_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("nothing is worked out")

    monkeypatch.setattr(plan_limits, "proposals_for", never)
    assert proposals(plan_of(policy_of(rule(raise_pct=20, when=Compare("credit_used_pct", Op.OVER, 90))))) == []


def test_what_was_proposed_and_waits_for_its_signatures_is_not_worked_out_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = only(plan_of(policy_of(RAISE)))
    waits = replace(done(first, AS_OF), rows=MappingProxyType({}))

    def never(*_: object) -> None:
        raise AssertionError("nothing is worked out")

    monkeypatch.setattr(plan_limits, "proposals_for", never)
    assert proposals(plan_of(policy_of(RAISE), AS_OF, waits)) == []
    with pytest.raises(AssertionError, match="nothing is worked out"):
        plan_of(policy_of(RAISE), AS_OF)


@pytest.mark.parametrize("signed_by", [(), ("credit_manager",), ("credit_manager", "credit_manager")])
def test_what_fewer_than_two_roles_would_sign_is_not_proposed_and_that_is_said(signed_by: tuple[str, ...]) -> None:
    plan = plan_of(policy_of(rule("alone", raise_pct=20, signed_by=signed_by)))
    assert proposals(plan) == []
    (note,) = (note for note in plan.notes if "credit limit" in note)
    assert (
        "`alone` holds for 1 account and proposes nothing: fewer than two roles would sign it (policy.yaml:9)" in note
    )


# Once.


def test_the_same_proposal_has_one_key_until_the_limit_is_another_one() -> None:
    policy = policy_of(RAISE)
    today, tomorrow = only(plan_of(policy)), only(plan_of(policy, AS_OF + timedelta(days=1)))
    assert today.id == tomorrow.id
    others: list[Row] = [
        {**LINE, "limit": 1_000_01},
        {**LINE, "from": "2025-01-02"},
        {**LINE, "currency": "EUR"},
    ]
    rates: list[Row] = [
        {"day": "2020-01-01", "from": "USD", "to": "EUR", "rate": 100_000_000},
        {"day": "2020-01-01", "from": "EUR", "to": "USD", "rate": 100_000_000},
    ]
    keys = {only(plan_of(policy, lines=[line], rates=rates)).id for line in others}
    assert len(keys | {today.id}) == 4


def test_an_executed_limit_is_known_to_the_next_plan_before_the_ledger_knows_it() -> None:
    policy = policy_of(
        rule("cut", lower_pct=25), rule("raise", raise_pct=20, when=Compare("credit_used_pct", Op.OVER, 100))
    )
    first = only(plan_of(policy))
    assert first.amount == 750_00
    later = plan_of(policy, AS_OF + timedelta(days=1), done(first, AS_OF))
    assert proposals(later) == []
    assert [(w.reason, w.next_possible) for w in kept_back(later)] == [
        ("limit_changed_lately", AS_OF + timedelta(days=plan_limits.RESTS_DAYS))
    ]


def test_the_books_own_row_of_the_day_stands_for_the_journals() -> None:
    policy = policy_of(RAISE)
    first = only(plan_of(policy))
    lines: list[Row] = [LINE, {**LINE, "from": AS_OF, "limit": 1_100_00}]
    later = only(plan_of(policy_of(rule("other", raise_pct=10)), AS_OF + timedelta(days=1), done(first, AS_OF), lines))
    assert later.detail("limit_before") == "110000"


@pytest.mark.parametrize(
    ("days", "again"),
    [
        pytest.param(plan_limits.RESTS_DAYS - 1, False, id="last-day-of-rest"),
        pytest.param(plan_limits.RESTS_DAYS, True, id="first-day-after-it"),
    ],
)
def test_a_rule_that_has_had_its_way_rests_a_quarter(days: int, again: bool) -> None:  # noqa: FBT001
    policy = policy_of(rule("cut", lower_pct=25))
    first = only(plan_of(policy))
    later = plan_of(policy, AS_OF + timedelta(days=days), done(first, AS_OF))
    assert [action.amount for action in proposals(later)] == ([562_50] if again else [])


def test_another_rule_does_not_wait_for_it() -> None:
    first = only(plan_of(policy_of(rule("cut", lower_pct=25))))
    later = plan_of(policy_of(RAISE), AS_OF + timedelta(days=1), done(first, AS_OF))
    assert only(later).amount == 900_00


def test_a_limit_that_somebody_else_has_changed_since_is_a_proposal_of_its_own() -> None:
    policy = policy_of(rule("cut", lower_pct=25))
    first = only(plan_of(policy))
    lines: list[Row] = [LINE, {**LINE, "from": AS_OF + timedelta(days=2), "limit": 2_000_00}]
    later = plan_of(policy, AS_OF + timedelta(days=3), done(first, AS_OF), lines)
    assert only(later).amount == 1_500_00


def test_a_limit_set_for_later_keeps_a_proposal_back() -> None:
    plan = plan_of(policy_of(RAISE), lines=[LINE, {**LINE, "from": AS_OF + timedelta(days=1), "limit": 5_00}])
    assert proposals(plan) == []
    assert [thing.reason for thing in kept_back(plan)] == ["limit_set_ahead"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [pytest.param(Event.UNKNOWN, "outcome_unknown", id="unknown"), pytest.param(Event.FAILED, "", id="failed")],
)
def test_what_nobody_knows_the_outcome_of_waits_and_what_was_refused_is_proposed_again(
    event: Event, reason: str
) -> None:
    policy = policy_of(RAISE)
    again = plan_of(policy, history=done(only(plan_of(policy)), AS_OF, event))
    assert [thing.reason for thing in kept_back(again)] == ([reason] if reason else [])
    assert len(proposals(again)) == (0 if reason else 1)


@pytest.mark.parametrize(
    ("days", "rests"), [pytest.param(89, True, id="a-quarter"), pytest.param(90, False, id="and-no-longer")]
)
def test_what_was_rejected_rests(days: int, rests: bool) -> None:  # noqa: FBT001
    policy = policy_of(RAISE)
    history = History(rejected=MappingProxyType({only(plan_of(policy)).id: AS_OF.isoformat()}))
    later = plan_of(policy, AS_OF + timedelta(days=days), history)
    assert (len(proposals(later)), len(kept_back(later))) == ((0, 1) if rests else (1, 0))
