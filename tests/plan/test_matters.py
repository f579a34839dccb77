"""What messages and briefs can say: their own customer, their own invoices, the day by which, what follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from duly.language.load import load_policy
from duly.messages.matter import Matter
from duly.plan.make import make_plan
from duly.plan.matters import lines_of, matters_of
from duly.plan.plan import Action, Kind
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD
from tests.plan.test_actions import AS_OF, REACHABLE, ago, owed

PEOPLE: Sequence[Row] = [
    {"person": "collector-north", "name": "Collector, North", "role": "collector", "phone": "+1 555 0113"},
    {"person": "sales-north", "name": "Salesperson, North", "role": "salesperson", "email": "sales@orchard.example"},
]
CREDITOR: Row = {"creditor": "main", "name": "Orchard Tools", "pay_to": "Sample Bank; account 000 111 222"}


def made(customer: Row | None = None, **tables: Sequence[Row]) -> tuple[list[tuple[Action, Matter]], dict[str, str]]:
    """The actions of a small book with their matters, and those for which there is none."""
    policy, _ = load_policy(STANDARD)
    given = {"people": PEOPLE, "creditors": [CREDITOR], **tables}
    book = make_book(customers=[{**REACHABLE, **(customer or {})}], **given)
    plan = make_plan(policy, book, AS_OF, engine="meaning", looks_ahead=False)
    matters, missing = matters_of(policy, book, plan.actions, AS_OF)
    return [(action, matters[action.id]) for action in plan.actions if action.id in matters], missing


def message(customer: Row | None = None, **tables: Sequence[Row]) -> Matter:
    matters, missing = made(customer, **tables)
    assert not missing
    (found,) = (matter for action, matter in matters if action.kind is Kind.MESSAGE)
    return found


def done(*stages: tuple[str, int]) -> Sequence[Row]:
    return [{"stage": stage, "day": ago(days)} for stage, days in stages]


def test_a_message_names_both_sides_the_invoices_and_how_to_pay() -> None:
    found = message(invoices=[owed(5)])
    assert (found.customer.name, found.customer.address) == ("Amber Anvil Works", ("Oak Avenue 1", "Southport"))
    assert found.creditor.pay_to == ("Sample Bank", "account 000 111 222")
    assert found.collector is not None
    assert found.salesperson is not None
    assert (found.collector.phone, found.salesperson.email) == ("+1 555 0113", "sales@orchard.example")
    assert [(line.invoice, line.open, line.days_past_due) for line in found.lines] == [("I1", 100_000, 5)]
    assert found.totals == (("USD", 100_000),)


def test_two_currencies_have_two_totals() -> None:
    rates = [{"day": ago(30), "from": "EUR", "to": "USD", "rate": 110_000_000}]
    found = message(invoices=[owed(6), owed(5, 50_000, currency="EUR")], rates=rates)
    assert found.totals == (("USD", 100_000), ("EUR", 50_000))


@pytest.mark.parametrize(
    ("days", "stages", "pay_by", "following"),
    [
        pytest.param(5, (), 9, "reminder", id="until-the-day-before-the-next-stage"),
        pytest.param(14, (), 7, "reminder", id="a-week-at-least"),
        pytest.param(61, (("courtesy", 50), ("demand", 8)), 13, "referral", id="counted-from-this-message"),
    ],
)
def test_the_day_to_pay_by_is_the_last_before_the_next_stage(
    days: int, stages: tuple[tuple[str, int], ...], pay_by: int, following: str
) -> None:
    found = message(invoices=[owed(days)], executed_stages=done(*stages))
    assert (found.pay_by - AS_OF, found.next_stage) == (timedelta(days=pay_by), following)


def test_a_stage_that_the_amount_rules_out_is_not_announced() -> None:
    found = message(invoices=[owed(31, 20_000)], executed_stages=done(("courtesy", 25), ("reminder", 15)))
    assert (found.stage, found.next_stage) == ("second_reminder", "small_balance")


@pytest.mark.parametrize(
    ("record", "language"),
    [
        pytest.param({"language": "fr"}, "fr", id="its-own"),
        pytest.param({"language": None, "country": "DE"}, "de", id="its-countrys"),
    ],
)
def test_a_message_is_in_the_customers_language(record: Row, language: str) -> None:
    assert message(record, invoices=[owed(5)]).language == language


def test_a_message_in_no_known_language_is_not_written() -> None:
    matters, missing = made({"language": None, "country": "JP"}, invoices=[owed(5)])
    assert not [action for action, _ in matters if action.kind is Kind.MESSAGE]
    assert [said for said in missing.values() if "language" in said]


def test_a_contact_who_pays_is_addressed() -> None:
    contacts = [{"customer": "C1", "role": "pays", "name": "Accounts payable", "email": "pays@c1.example"}]
    found = message(invoices=[owed(5)], contacts=contacts)
    assert (found.contact_name, found.customer.email) == ("Accounts payable", "pays@c1.example")


def test_a_brief_says_what_is_asked_by_when_and_what_was_said_before() -> None:
    matters, _ = made(
        invoices=[owed(41, 600_000)],
        executed_stages=done(("courtesy", 30)),
        contacts_made=[{"day": ago(3), "channel": "call", "direction": "in", "note": "waits for an approval"}],
        promises=[{"amount": 100, "made_on": ago(20), "due_on": ago(10)}],
    )
    briefs = {action.stage: matter for action, matter in matters if action.kind is Kind.SALES_REQUEST}
    found = briefs["before_hold"]
    assert (found.channel, found.template, found.ask) == ("brief", "break_hold_news", "break_hold_news")
    # Five business days after a Tuesday.
    assert found.answer_by == date(2026, 4, 7)
    assert [said.what for said in found.history] == [
        "courtesy sent",
        "$1.00 promised by Mar 21, 2026: not kept",
        "the customer called: waits for an approval",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", ()), ("One", ("One",)), ("One; Two", ("One", "Two")), (" One ;; Two; ", ("One", "Two"))],
)
def test_lines_are_separated_by_semicolons(text: str, lines: tuple[str, ...]) -> None:
    assert lines_of(text) == lines
