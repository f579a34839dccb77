"""What a plan does and withholds, on small books with the standard policy or a change of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from duly.language.load import load_policy
from duly.plan.make import make_plan
from duly.plan.plan import Action, Kind, Plan
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD

AS_OF = date(2026, 3, 31)
"""A Tuesday."""

REACHABLE: Row = {
    "customer": "C1",
    "name": "Amber Anvil Works",
    "email": "accounts@c1.example",
    "address": "Oak Avenue 1; Southport",
    "country": "US",
    "language": "en",
    "time_zone": "America/New_York",
    "since": date(2020, 1, 1),
    "annual_sales": 0,
    "relationship": "normal",
    "insolvent": False,
    "do_not_contact": False,
    "no_email": False,
    "salesperson": "sales-north",
    "collector": "collector-north",
}


def owed(days_past_due: int, amount: int = 100_000, **more: object) -> Row:
    due = date.fromordinal(AS_OF.toordinal() - days_past_due)
    return {"amount": amount, "invoice_date": due, "due_date": due, **more}


def ago(days: int) -> date:
    return date.fromordinal(AS_OF.toordinal() - days)


def planned(
    policy: Path = STANDARD,
    as_of: date = AS_OF,
    customer: Row | None = None,
    *,
    looks_ahead: bool = False,
    **tables: Sequence[Row],
) -> Plan:
    """The plan of a small book; the next possible days take as long as the rest, and few ask for them."""
    return plan_of(tables, policy, as_of, customer, looks_ahead=looks_ahead)


def plan_of(
    tables: Mapping[str, Sequence[Row]],
    policy: Path = STANDARD,
    as_of: date = AS_OF,
    customer: Row | None = None,
    *,
    looks_ahead: bool = False,
) -> Plan:
    loaded, _ = load_policy(policy)
    book = make_book(customers=[{**REACHABLE, **(customer or {})}], **tables)
    return make_plan(loaded, book, as_of, author="a-reviewer", engine="meaning", looks_ahead=looks_ahead)


def changed(folder: Path, text: str) -> Path:
    """The standard policy with something laid over it."""
    (folder / "standard.yaml").write_text(STANDARD.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "changed.yaml"
    path.write_text(f"duly: 1\npolicy: changed\nextends: standard.yaml\n{text}", encoding="utf-8")
    return path


def deeds(plan: Plan) -> list[tuple[str, str, str]]:
    """Kind, rule and detail of every action."""
    return [(action.kind.value, action.stage, action.channel or action.task) for action in plan.actions]


def only(plan: Plan, kind: Kind) -> Action:
    (action,) = [action for action in plan.actions if action.kind is kind]
    return action


@pytest.mark.parametrize(
    ("customer", "channel"),
    [
        pytest.param({}, "email", id="by-e-mail"),
        pytest.param({"email": None}, "letter", id="by-letter-where-there-is-no-e-mail"),
        pytest.param({"no_email": True}, "letter", id="by-letter-where-e-mail-is-refused"),
    ],
)
def test_a_message_goes_by_the_channel_that_reaches_the_customer(customer: Row, channel: str) -> None:
    assert deeds(planned(customer=customer, invoices=[owed(4)])) == [("message", "courtesy", channel)]


def test_a_customer_whom_nothing_reaches_is_withheld_and_said() -> None:
    plan = planned(customer={"email": None, "address": None}, invoices=[owed(4)])
    assert plan.actions == ()
    assert [(thing.what, thing.reason) for thing in plan.withheld] == [("message courtesy", "no_way_to_reach")]


def test_an_action_says_over_what_for_whom_and_why() -> None:
    plan = planned(invoices=[owed(5, 40_000), owed(20, 60_000), owed(-3, 9_000)])
    message = only(plan, Kind.MESSAGE)
    assert message.invoices == ("I2", "I1")
    assert (message.amount, message.currency, message.amounts) == (100_000, "USD", ())
    assert (message.for_role, message.person, message.tone) == ("collector", "collector-north", "courteous")
    assert message.not_before == "2026-03-31T09:00-04:00"
    assert message.episode == "I2"
    after = next(because for because in message.because if because.rule == "stage courtesy: after")
    assert after.values == (("clock__due_date__days", 20),)
    line = STANDARD.read_text(encoding="utf-8").splitlines()[after.span.line - 1]
    assert "days: 4" in line


def test_invoices_in_two_currencies_are_added_up_each_by_itself() -> None:
    plan = planned(
        invoices=[owed(5, 40_000), owed(6, 10_000, currency="EUR")],
        rates=[{"day": date(2026, 1, 1), "from": "EUR", "to": "USD", "rate": 200_000_000}],
    )
    message = only(plan, Kind.MESSAGE)
    assert (message.amount, message.currency) == (60_000, "USD")
    assert message.amounts == (("EUR", 10_000), ("USD", 40_000))


@pytest.mark.parametrize(
    ("as_of", "moment"),
    [
        pytest.param(date(2026, 4, 3), "2026-04-03T09:00-04:00", id="a-friday"),
        pytest.param(date(2026, 4, 4), "2026-04-06T09:00-04:00", id="a-saturday-leaves-on-monday"),
        pytest.param(date(2026, 5, 25), "2026-05-26T09:00-04:00", id="a-holiday-leaves-the-day-after"),
    ],
)
def test_contact_hours_say_when_a_message_may_leave(as_of: date, moment: str) -> None:
    due = date.fromordinal(as_of.toordinal() - 4)
    plan = planned(as_of=as_of, invoices=[{"amount": 100_000, "invoice_date": due, "due_date": due}])
    assert only(plan, Kind.MESSAGE).not_before == moment


def test_the_key_of_a_deed_does_not_change_with_the_day_but_with_the_episode() -> None:
    today = only(planned(invoices=[owed(5)]), Kind.MESSAGE)
    tomorrow = only(planned(as_of=date(2026, 4, 1), invoices=[owed(5)]), Kind.MESSAGE)
    other = only(planned(invoices=[owed(5, invoice="I9")]), Kind.MESSAGE)
    assert today.id == tomorrow.id
    assert today.id != other.id


def test_a_repeat_is_another_deed_than_the_first_time(tmp_path: Path) -> None:
    policy = changed(tmp_path, "ladder: {stages: {second_reminder: {after: {days: 60}}}}\n")
    courtesy = {"stage": "courtesy", "day": ago(40)}
    first = only(planned(policy, invoices=[owed(45)], executed_stages=[courtesy]), Kind.MESSAGE)
    repeated = [courtesy, {"stage": "reminder", "day": ago(30)}]
    second = only(planned(policy, invoices=[owed(45)], executed_stages=repeated), Kind.MESSAGE)
    assert [(m.stage, m.occurrence) for m in (first, second)] == [("reminder", 1), ("reminder", 2)]
    assert first.id != second.id


def test_a_hold_is_kept_back_until_sales_was_asked_and_its_time_is_over() -> None:
    invoices = [owed(55, 600_000)]
    asked = {"rule": "before_hold", "asked_on": ago(10), "due_on": ago(3)}
    before = planned(invoices=invoices)
    assert [(thing.what, thing.reason) for thing in before.withheld] == [("hold credit", "hold_waits")]
    assert ("sales_request", "before_hold", "break_hold_news") in deeds(before)
    expired = planned(invoices=invoices, requests=[asked])
    assert only(expired, Kind.HOLD).approval == ("credit_manager",)
    waiting = planned(invoices=invoices, requests=[{**asked, "due_on": AS_OF}])
    assert [thing.explanation for thing in waiting.withheld] == [
        "sales was asked and the answer is not due yet (before_hold)"
    ]


def test_a_referral_waits_for_both_signatures_and_stands_sales_down() -> None:
    stages = [
        {"stage": stage, "day": ago(days)}
        for stage, days in (
            ("courtesy", 76),
            ("reminder", 60),
            ("second_reminder", 50),
            ("demand", 35),
            ("final_notice", 20),
        )
    ]
    plan = planned(invoices=[owed(80)], executed_stages=stages)
    assert only(plan, Kind.REFERRAL).approval == ("credit_manager", "sales_manager")


def test_a_tone_that_was_lowered_says_by_which_line() -> None:
    plan = planned(
        customer={"relationship": "fragile"},
        invoices=[owed(31)],
        executed_stages=[{"stage": "courtesy", "day": ago(27)}, {"stage": "reminder", "day": ago(16)}],
    )
    message = only(plan, Kind.MESSAGE)
    assert (message.stage, message.tone) == ("second_reminder", "friendly")
    assert "tone limit fragile_relationship: at most friendly" in [because.rule for because in message.because]


@pytest.mark.parametrize(
    ("tables", "reason", "next_day"),
    [
        pytest.param(
            {"executed_stages": [{"stage": "courtesy", "day": ago(1)}]}, "not_yet", "2026-04-10", id="its-day"
        ),
        pytest.param(
            {"executed_stages": [{"stage": "courtesy", "day": ago(1)}], "invoices": [owed(15)]},
            "gap",
            "2026-04-06",
            id="the-gap",
        ),
        pytest.param(
            {"contacts_made": [{"day": ago(1), "channel": "call"}, {"day": ago(2), "channel": "call"}]},
            "cap",
            "2026-04-05",
            id="the-contact-cap",
        ),
        pytest.param(
            {"promises": [{"made_on": ago(1), "due_on": date(2026, 4, 9)}]}, "paused", "2026-04-10", id="a-promise"
        ),
        pytest.param(
            {"disputes": [{"invoice": "I1", "opened_on": ago(1)}]},
            "nothing_to_chase",
            None,
            id="a-dispute-has-no-end-of-its-own",
        ),
        pytest.param({"invoices": [owed(5, 4_999)]}, "too_small", None, id="too-small"),
    ],
)
def test_what_is_withheld_says_why_and_the_next_day_that_could_bring_it(
    tables: Mapping[str, Sequence[Row]], reason: str, next_day: str | None
) -> None:
    plan = plan_of({"invoices": [owed(5)], **tables}, looks_ahead=True)
    (thing,) = plan.withheld
    assert (thing.reason, thing.next_possible) == (reason, date.fromisoformat(next_day) if next_day else None)


def test_an_insolvent_customer_gets_a_claim_filed_once() -> None:
    first = planned(customer={"insolvent": True}, invoices=[owed(20)])
    assert deeds(first) == [("task", "insolvent", "file_claim")]
    again = planned(
        customer={"insolvent": True}, invoices=[owed(20)], tasks_given=[{"pause": "insolvent", "day": ago(5)}]
    )
    assert again.actions == ()


def test_invoices_decided_one_by_one_share_a_message(tmp_path: Path) -> None:
    policy = changed(tmp_path, "ladder: {unit: invoice}\n")
    plan = planned(policy, invoices=[owed(5, 40_000), owed(6, 60_000), owed(6, 1_000, creditor="other")])
    messages = [action for action in plan.actions if action.kind is Kind.MESSAGE]
    assert [(m.creditor, m.invoices, m.amount) for m in messages] == [("main", ("I1", "I2"), 100_000)]
    assert [(thing.creditor, thing.item, thing.reason) for thing in plan.withheld] == [("other", "I3", "too_small")]


def test_creditors_never_share_a_message() -> None:
    plan = planned(invoices=[owed(5), owed(6, creditor="other")])
    assert [(m.creditor, m.invoices) for m in plan.actions] == [("main", ("I1",)), ("other", ("I2",))]
