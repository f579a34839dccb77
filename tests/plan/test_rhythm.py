"""What leaves by the calendar: one statement a customer and creditor, one list a colleague, once a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from duly.book.book import Book, Presence
from duly.book.facts import build_facts
from duly.figures.aging import past_due
from duly.figures.ledger import lay_out
from duly.figures.statement import statements
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.states import Standing
from duly.language.load import load_policy
from duly.language.policy import Ladder, Policy, Rhythm, Together, Unit
from duly.messages.lists import Listing
from duly.messages.pages import Money
from duly.plan import lists as lists_module
from duly.plan.lists import PAST_DUE, TRIAL_BALANCE, Lists
from duly.plan.plan import Action, Kind
from duly.plan.rhythm import STATEMENT, sent_by_the_calendar
from duly.plan.together import Ground, Made, done_together
from duly.rules.columnar import decide
from duly.team.rhythm import Due, due_on
from tests.book.facts.building import Row, make_book
from tests.language.policies import STANDARD

MONDAY = date(2026, 3, 30)
FIRST = date(2026, 4, 1)
"""A Wednesday, on which the month's items are due as well."""

POLICY, _ = load_policy(STANDARD)

PEOPLE: Sequence[Row] = (
    {"person": "ann", "name": "Ann Seller", "role": "salesperson", "manager": "sal", "email": "ann@orchard.example"},
    {"person": "ben", "name": "Ben Seller", "role": "salesperson", "manager": "sal", "email": "ben@orchard.example"},
    {"person": "cas", "name": "Cas Seller", "role": "salesperson", "manager": "sam", "email": "cas@orchard.example"},
    {"person": "col", "name": "Col Collector", "role": "collector", "manager": "cre"},
    {"person": "sal", "name": "Sal Manager", "role": "sales_manager"},
    {"person": "sam", "name": "Sam Manager", "role": "sales_manager"},
    {"person": "cre", "name": "Cre Manager", "role": "credit_manager"},
)


def customer(id_: str, salesperson: str, **more: object) -> Row:
    return {
        "customer": id_,
        "name": f"{id_} Works",
        "email": f"pay@{id_.lower()}.example",
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
        "salesperson": salesperson,
        "collector": "col",
        **more,
    }


def owed(of: str, days: int, amount: int = 100_000, **more: object) -> Row:
    due = date.fromordinal(MONDAY.toordinal() - days)
    return {"customer": of, "amount": amount, "invoice_date": date(2025, 6, 1), "due_date": due, **more}


CUSTOMERS: Sequence[Row] = (customer("A1", "ann"), customer("B1", "ben"), customer("C1", "cas"))
INVOICES: Sequence[Row] = (owed("A1", 20), owed("A1", -5, 30_000), owed("B1", 30, 200_000), owed("C1", 40, 50_000))


def book_of(**tables: Sequence[Row]) -> Book:
    creditors: Sequence[Row] = ({"creditor": "main", "name": "Orchard Tools", "pay_to": "Sample Bank; account 1"},)
    given = {"people": PEOPLE, "creditors": creditors, "customers": CUSTOMERS, "invoices": INVOICES, **tables}
    return make_book(**given)


def plan_on(day: date, book: Book, policy: Policy = POLICY, history: History | None = None) -> Made:
    """What the calendar brings to a plan of the day, without what was done before."""
    build_facts(book, policy, day)
    decide(book.connection, policy)
    return done_together(Ground(policy, book, day, "try", history or History()), [sent_by_the_calendar])


def of_kind(plan: Made, kind: Kind, rule: str = "") -> list[Action]:
    return [action for action in plan.actions if action.kind is kind and rule in {"", action.stage}]


def to_whom(plan: Made, rule: str) -> list[str]:
    return sorted(action.person for action in of_kind(plan, Kind.LIST, rule))


def listings(book: Book, day: date, item: str, policy: Policy = POLICY) -> Mapping[str, Listing]:
    """What everybody gets, from a book that a plan is made of for it."""
    plan_on(day, book, policy)
    due = due_of(item, day, policy)
    lists = Lists(policy, book, day)
    made = {person: lists.listing(due, person) for person in lists.audience(due)}
    return {person: listing for person, listing in made.items() if not listing.is_empty}


def due_of(item: str, day: date, policy: Policy = POLICY) -> Due:
    return next(due for due in due_on(policy.together, day) if due.item == item)


def cells(listing: Listing, section: str, column: str) -> list[object]:
    pages = [page for part in listing.sections if part.name == section for page in part.pages]
    return [row[page.columns.index(column)] for page in pages for row in page.rows]


def standing(actions: Iterable[Action], event: Event = Event.ACCEPTED) -> History:
    made = {a.id: Standing(a.id, event, 1, "2026-03-30T12:00:00Z", n, "run", "") for n, a in enumerate(actions, 1)}
    return History(head="x", standing=MappingProxyType(made))


# Who gets a list, and what stands in it.


def test_a_past_due_list_goes_to_each_salesperson_with_late_customers_and_to_the_manager_above() -> None:
    assert to_whom(plan_on(MONDAY, book_of()), PAST_DUE) == ["ann", "ben", "cas", "sal", "sam"]


def test_no_row_of_another_salespersons_customer_is_in_a_salespersons_list() -> None:
    made = listings(book_of(), MONDAY, PAST_DUE)
    assert {who: sorted(set(map(str, cells(one, "past_due", "customer")))) for who, one in made.items()} == {
        "ann": ["A1"],
        "ben": ["B1"],
        "cas": ["C1"],
        "sal": ["A1", "B1"],
        "sam": ["C1"],
    }


def test_were_everybody_shown_everything_that_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the test above is there for."""
    everybody = frozenset({"ann", "ben", "cas"})
    monkeypatch.setattr(lists_module.Lists, "_sees", lambda *_: everybody)
    with pytest.raises(AssertionError):
        test_no_row_of_another_salespersons_customer_is_in_a_salespersons_list()


def test_the_salespeoples_lists_together_are_the_whole() -> None:
    made = listings(book_of(), MONDAY, PAST_DUE)
    late = past_due(book_of(), POLICY, MONDAY)
    own = [cell for who in ("ann", "ben", "cas") for cell in cells(made[who], "past_due", "open")]
    above = [cell for who in ("sal", "sam") for cell in cells(made[who], "past_due", "open")]
    everything = sum(item.open for item in late)
    assert everything == 350_000
    for shown in (own, above):
        assert sum(cell.amount for cell in shown if isinstance(cell, Money)) == everything


def test_customers_of_nobody_and_of_somebody_unknown_are_in_the_managers_lists() -> None:
    others = (customer("N1", None), customer("X1", "xavier"))  # type: ignore[arg-type]
    rows = (owed("N1", 10), owed("X1", 11), owed("A1", 12))
    book = book_of(customers=(*CUSTOMERS, *others), invoices=rows)
    plan = plan_on(MONDAY, book)
    made = listings(book, MONDAY, PAST_DUE)
    assert set(cells(made["ann"], "past_due", "customer")) == {"A1"}
    assert {"N1", "X1"} <= set(cells(made["sal"], "past_due", "customer")) & set(
        cells(made["sam"], "past_due", "customer")
    )
    assert any("`xavier` sells to customers and is not in `people`" in note for note in plan.notes)


def test_with_no_manager_it_is_said_that_nobody_gets_them() -> None:
    people = tuple(person for person in PEOPLE if person["role"] == "salesperson")
    book = book_of(people=people, customers=(*CUSTOMERS, customer("X1", "xavier")), invoices=(owed("X1", 9), *INVOICES))
    assert any("nobody gets" in note and "`xavier`" in note for note in plan_on(MONDAY, book).notes)


def test_who_is_away_gets_the_list_and_so_does_the_stand_in() -> None:
    away = {"away_from": date(2026, 3, 1), "away_until": date(2026, 4, 30), "covered_by": "cas"}
    people = tuple({**person, **away} if person["person"] == "ann" else person for person in PEOPLE)
    made = listings(book_of(people=people), MONDAY, PAST_DUE)
    assert set(cells(made["ann"], "past_due", "customer")) == {"A1"}
    assert set(cells(made["cas"], "past_due", "customer")) == {"A1", "C1"}
    assert "Ann Seller" in made["cas"].notes[0]
    assert set(cells(made["ben"], "past_due", "customer")) == {"B1"}


def test_a_past_due_list_says_what_is_asked_and_until_when() -> None:
    requests = (
        {"customer": "A1", "rule": "broken_promise", "asked_on": date(2026, 3, 20), "due_on": date(2026, 3, 24)},
        {"customer": "A1", "rule": "before_hold", "asked_on": date(2026, 3, 27), "due_on": date(2026, 4, 3)},
        {"customer": "B1", "rule": "before_hold", "asked_on": date(2026, 3, 27), "due_on": date(2026, 4, 3)},
        {
            "customer": "A1",
            "rule": "before_hold",
            "asked_on": date(2026, 1, 1),
            "due_on": date(2026, 1, 8),
            "answered_on": date(2026, 1, 5),
        },
    )
    ann = listings(book_of(requests=requests), MONDAY, PAST_DUE)["ann"]
    assert cells(ann, "asked_of_sales", "rule") == ["broken_promise", "before_hold"]
    assert cells(ann, "asked_of_sales", "what is asked") == ["find out why", "break hold news"]
    assert cells(ann, "asked_of_sales", "answer by") == [date(2026, 3, 24), date(2026, 4, 3)]
    assert cells(ann, "asked_of_sales", "overdue") == ["yes", ""]


def test_whoever_was_referred_gets_no_statement_beside_the_agencys_letters() -> None:
    made = plan_on(FIRST, book_of(executed_stages=(REFERRED,)))
    assert "A1" not in {action.customer for action in of_kind(made, Kind.STATEMENT)}
    assert [thing.reason for thing in made.withheld if thing.customer == "A1"] == ["referred"]


ASKED: Row = {"customer": "A1", "rule": "before_hold", "asked_on": date(2026, 3, 27), "due_on": date(2026, 4, 3)}
REFERRED: Row = {"customer": "A1", "stage": "referral", "day": date(2026, 3, 27)}


@pytest.mark.parametrize(
    ("tables", "asked"),
    [
        pytest.param({"requests": (ASKED,)}, 1, id="late-and-asked"),
        pytest.param({"requests": (ASKED, dict(ASKED))}, 1, id="in-the-ledger-and-in-the-journal"),
        pytest.param({"requests": (ASKED, {**ASKED, "answered_on": MONDAY})}, 0, id="answered-in-one-of-them"),
        pytest.param({"requests": ({**ASKED, "asked_on": date(2025, 12, 1)},)}, 0, id="of-an-episode-that-is-over"),
        pytest.param({"requests": (ASKED,), "executed_stages": (REFERRED,)}, 0, id="referred-so-sales-stands-down"),
        pytest.param({"requests": (ASKED,), "invoices": INVOICES[1:]}, 0, id="paid-meanwhile"),
    ],
)
def test_a_past_due_list_asks_for_no_answer_that_nobody_needs_any_more(
    tables: Mapping[str, Sequence[Row]], asked: int
) -> None:
    made = listings(book_of(**tables), MONDAY, PAST_DUE)
    assert len(cells(made["ann"], "asked_of_sales", "rule") if "ann" in made else ()) == asked
    assert len(cells(made["sal"], "asked_of_sales", "rule")) == asked


@pytest.mark.parametrize(
    ("day", "told"),
    [
        pytest.param(date(2026, 3, 22), False, id="the-day-before-the-week"),
        pytest.param(date(2026, 3, 23), True, id="the-week-s-first-day"),
        pytest.param(date(2026, 3, 29), True, id="its-last-day"),
        pytest.param(date(2026, 3, 30), False, id="the-day-of-the-list-is-for-the-next"),
    ],
)
def test_whoever_is_informed_is_told_what_was_done_for_its_customers_since_the_last_list(day: date, told: bool) -> None:  # noqa: FBT001
    holds = ({"customer": "A1", "placed_on": day}, {"customer": "B1", "placed_on": day})
    ann = listings(book_of(holds=holds), MONDAY, PAST_DUE)["ann"]
    assert cells(ann, "done", "what was done") == (["credit hold placed"] if told else [])
    assert set(cells(ann, "done", "customer")) <= {"A1"}


def test_whoever_is_not_informed_is_not_told() -> None:
    duties = tuple(replace(duty, informed=()) if duty.id == "holds" else duty for duty in POLICY.responsible)
    book = book_of(holds=({"customer": "A1", "placed_on": date(2026, 3, 24)},))
    ann = listings(book, MONDAY, PAST_DUE, replace(POLICY, responsible=duties))["ann"]
    assert cells(ann, "done", "what was done") == []


def test_the_trial_balance_goes_to_both_sorts_of_managers_and_ties_to_the_ledger() -> None:
    book = book_of()
    made = listings(book, MONDAY, TRIAL_BALANCE)
    assert sorted(made) == ["cre", "sal", "sam"]
    lay_out(book, POLICY, [MONDAY])
    (ledger,) = book.connection.execute("SELECT sum(open) FROM figures_open").fetchone() or (0,)
    assert ledger == 380_000
    for section in ("by_customer", "by_segment", "by_salesperson", "by_collector"):
        shown = cells(made["cre"], section, "total")
        assert sum(cell.amount for cell in shown if isinstance(cell, Money)) == ledger


def test_new_customers_are_told_to_who_sells_and_who_collects_each_its_own_and_to_the_managers() -> None:
    new = tuple(
        customer(id_, seller, since=since)
        for id_, seller, since in (
            ("A9", "ann", date(2026, 3, 23)),
            ("B9", "ben", date(2026, 3, 29)),
            ("C9", "cas", date(2026, 3, 22)),
            ("D9", "cas", date(2026, 3, 30)),
        )
    )
    made = listings(book_of(customers=(*CUSTOMERS, *new)), MONDAY, "new_customers")
    assert {who: cells(one, "new_customers", "customer") for who, one in made.items()} == {
        "ann": ["A9"],
        "ben": ["B9"],
        "col": ["A9", "B9"],
        "cre": ["A9", "B9"],
        "sal": ["A9", "B9"],
        "sam": ["A9", "B9"],
    }


def test_a_scorecard_is_of_the_month_that_ended_and_shows_each_its_own_part() -> None:
    made = listings(book_of(), FIRST, "shared_scorecard")
    assert sorted(made) == ["ann", "ben", "cas", "col", "cre", "sal", "sam"]
    sent = of_kind(plan_on(FIRST, book_of()), Kind.LIST, "shared_scorecard")
    assert {action.detail("quarter") for action in sent} == {"2026-Q1"}
    assert set(cells(made["ann"], "salesperson", "salesperson")) == {"ann"}
    assert set(cells(made["ann"], "pair", "salesperson")) == {"ann"}
    assert cells(made["ann"], "collector", "collector") == []
    assert cells(made["ann"], "everybody", "of") == []
    assert set(cells(made["sal"], "salesperson", "salesperson")) == {"ann", "ben", "cas"}


def test_a_list_with_nothing_in_it_is_not_sent_and_a_note_says_so() -> None:
    plan = plan_on(MONDAY, book_of(invoices=(owed("A1", -5),)))
    assert to_whom(plan, PAST_DUE) == []
    assert "no `new_customers` is sent for 2026-03-30: there is nothing in it" in plan.notes


def test_a_book_without_people_sends_no_list_and_says_why() -> None:
    book = replace(book_of(), given={**book_of().given, "people": Presence.ABSENT})
    plan = plan_on(MONDAY, book)
    assert not of_kind(plan, Kind.LIST)
    assert [note for note in plan.notes if "`past_due_list_by_salesperson`" in note and "who works here" in note]


def test_a_plan_says_of_a_list_what_stands_in_it() -> None:
    asked = {"customer": "A1", "rule": "broken_promise", "asked_on": date(2026, 3, 20), "due_on": date(2026, 3, 24)}
    book = book_of(requests=(asked,), holds=({"customer": "A1", "placed_on": date(2026, 3, 24)},))
    said = {action.person: dict(action.details) for action in of_kind(plan_on(MONDAY, book), Kind.LIST, PAST_DUE)}
    assert said["ann"] == {"late_items": "1", "past_due main USD": "1000.00", "asked": "1", "told": "1"}
    assert said["sal"] == {"late_items": "2", "past_due main USD": "3000.00", "asked": "1"}


@pytest.mark.parametrize(
    ("tables", "has_one"),
    [
        pytest.param({}, False, id="customers-without-anything"),
        pytest.param({"invoices": (owed("N1", 3),)}, True, id="an-invoice"),
        pytest.param(
            {"invoices": ({"customer": "N1", "invoice_date": FIRST, "due_date": FIRST},)}, False, id="too-new"
        ),
        pytest.param(
            {"payments": ({"customer": "N1", "invoice": None, "day": MONDAY, "amount": 5},)}, True, id="money"
        ),
        pytest.param(
            {"payments": ({"customer": "N1", "invoice": None, "day": date(2025, 1, 1), "amount": 5},)},
            False,
            id="money-of-an-earlier-quarter",
        ),
    ],
)
def test_a_scorecard_goes_to_whoever_has_a_card(tables: Mapping[str, Sequence[Row]], has_one: bool) -> None:  # noqa: FBT001
    people = (*PEOPLE, {"person": "new", "role": "salesperson", "manager": "sal"})
    given = {"people": people, "customers": (*CUSTOMERS, customer("N1", "new")), **tables}
    given["invoices"] = (*INVOICES, *tables.get("invoices", ()))
    planned = to_whom(plan_on(FIRST, book_of(**given)), "shared_scorecard")
    assert ("new" in planned) is has_one
    assert planned == sorted(listings(book_of(**given), FIRST, "shared_scorecard"))


# Once a period.


def test_what_left_is_not_planned_again_in_its_period_and_is_in_the_next() -> None:
    first = of_kind(plan_on(MONDAY, book_of()), Kind.LIST)
    done = standing(first)
    assert of_kind(plan_on(date(2026, 4, 5), book_of(), no_month(), done), Kind.LIST) == []
    again = of_kind(plan_on(date(2026, 4, 6), book_of(), no_month(), done), Kind.LIST)
    assert {(a.stage, a.person) for a in again} == {(a.stage, a.person) for a in first}
    assert {a.id for a in again}.isdisjoint({a.id for a in first})


def test_what_nobody_knows_is_withheld() -> None:
    first = of_kind(plan_on(MONDAY, book_of()), Kind.LIST, PAST_DUE)
    plan = plan_on(MONDAY, book_of(), history=standing(first[:1], Event.UNKNOWN))
    assert first[0].person not in to_whom(plan, PAST_DUE)


def test_a_missed_monday_is_caught_up_with_under_the_same_key() -> None:
    monday = of_kind(plan_on(MONDAY, book_of()), Kind.LIST, PAST_DUE)
    thursday = of_kind(plan_on(date(2026, 4, 2), book_of()), Kind.LIST, PAST_DUE)
    assert [a.id for a in monday] == [a.id for a in thursday]


def no_month() -> Policy:
    return replace(POLICY, together=replace(POLICY.together, monthly=None))


# Statements.


def statement_actions(day: date = FIRST, **tables: Sequence[Row]) -> list[Action]:
    return of_kind(plan_on(day, book_of(**tables)), Kind.STATEMENT)


def test_a_statement_goes_to_every_customer_with_open_items_once_a_creditor() -> None:
    rows = (*INVOICES, owed("A1", 3, creditor="other"))
    creditors = ({"creditor": "main"}, {"creditor": "other"})
    made = statement_actions(invoices=rows, creditors=creditors)
    assert [(a.customer, a.creditor, a.amount, a.channel) for a in made] == [
        ("A1", "main", 130_000, "email"),
        ("A1", "other", 100_000, "email"),
        ("B1", "main", 200_000, "email"),
        ("C1", "main", 50_000, "email"),
    ]
    assert {(a.stage, a.episode, a.template) for a in made} == {(STATEMENT, "2026-04", "statement")}


def test_two_currencies_stand_in_one_statement_and_are_never_added() -> None:
    rates = ({"day": date(2025, 1, 1), "from": "EUR", "to": "USD", "rate": 110_000_000},)
    (made,) = statement_actions(invoices=(owed("A1", 20), owed("A1", 3, 50_000, currency="EUR")), rates=rates)
    assert (made.amount, made.amounts) == (0, (("EUR", 50_000), ("USD", 100_000)))
    assert made.details == (
        ("open EUR", "500.00"),
        ("balance EUR", "500.00"),
        ("open USD", "1000.00"),
        ("balance USD", "1000.00"),
    )


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param({"do_not_contact": True}, "do_not_contact", id="do-not-contact"),
        pytest.param({"insolvent": True}, "insolvent", id="insolvent"),
        pytest.param({"email": None, "address": None}, "no_way_to_send", id="no-address"),
    ],
)
def test_whoever_must_not_or_cannot_be_written_to_gets_none_and_that_is_said_once(record: Row, reason: str) -> None:
    plan = plan_on(FIRST, book_of(customers=(customer("A1", "ann", **record), *CUSTOMERS[1:])))
    assert [a.customer for a in of_kind(plan, Kind.STATEMENT)] == ["B1", "C1"]
    said = [thing for thing in plan.withheld if thing.what == f"statement {STATEMENT}"]
    assert [(thing.customer, thing.reason) for thing in said] == [("A1", reason)]


def test_whoever_refuses_e_mail_gets_a_letter() -> None:
    customers = (customer("A1", "ann", no_email=True), *CUSTOMERS[1:])
    assert [a.channel for a in statement_actions(customers=customers)] == ["letter", "email", "email"]


def test_one_that_left_by_letter_is_not_sent_again_by_e_mail() -> None:
    by_letter = book_of(customers=(customer("A1", "ann", no_email=True), *CUSTOMERS[1:]))
    done = standing(of_kind(plan_on(FIRST, by_letter), Kind.STATEMENT))
    assert not of_kind(plan_on(date(2026, 4, 3), book_of(), history=done), Kind.STATEMENT)


@pytest.mark.parametrize(
    ("day", "made"),
    [
        pytest.param(date(2026, 3, 31), 0, id="the-day-before"),
        pytest.param(date(2026, 4, 1), 3, id="the-first"),
        pytest.param(date(2026, 4, 7), 3, id="the-last-day"),
        pytest.param(date(2026, 4, 8), 0, id="let-go"),
    ],
)
def test_a_statement_is_due_for_seven_days(day: date, made: int) -> None:
    assert len(statement_actions(day)) == made


def test_a_customer_whose_first_open_item_came_after_the_first_gets_none_that_month() -> None:
    later = {"customer": "B1", "invoice_date": date(2026, 4, 2), "due_date": date(2026, 5, 2)}
    assert [a.customer for a in statement_actions(date(2026, 4, 3), invoices=(owed("A1", 5), later))] == ["A1"]


def test_money_that_comes_in_makes_it_another_action_under_the_same_key() -> None:
    (before, *_), (after, *_) = (
        statement_actions(payments=payments)
        for payments in ((), ({"customer": "A1", "invoice": "I1", "amount": 40_000, "day": MONDAY},))
    )
    assert (before.id, before.customer) == (after.id, after.customer)
    assert (before.amount, after.amount) == (130_000, 90_000)
    assert before.details != after.details


def test_unapplied_money_is_beside_what_is_open_and_a_balance_alone_brings_no_statement() -> None:
    payments = (
        {"customer": "A1", "invoice": None, "amount": 10_000, "day": MONDAY},
        {"customer": "Z1", "invoice": None, "amount": 10_000, "day": MONDAY},
    )
    made = statement_actions(payments=payments, customers=(*CUSTOMERS, customer("Z1", "ann")))
    assert [a.customer for a in made] == ["A1", "B1", "C1"]
    assert made[0].details == (("open USD", "1300.00"), ("on_account USD", "100.00"), ("balance USD", "1200.00"))


def test_what_a_parent_pays_for_is_on_the_parents() -> None:
    child = customer("K1", "ben", parent="A1", parent_pays=True)
    made = statement_actions(customers=(*CUSTOMERS, child), invoices=(owed("A1", 5), owed("K1", 6, 7_000)))
    assert [(a.customer, a.amount, len(a.invoices)) for a in made] == [("A1", 107_000, 2)]


def test_each_statement_is_the_customers_open_items() -> None:
    book = book_of()
    made = of_kind(plan_on(FIRST, book), Kind.STATEMENT)
    whole = {(one.customer, one.creditor): one for one in statements(book, POLICY, FIRST)}
    assert {(a.customer, a.creditor): a.amount for a in made} == {key: one.open for key, one in whole.items()}
    assert all(a.invoices == tuple(i.invoice for i in whole[a.customer, a.creditor].items) for a in made)


@pytest.mark.parametrize("unit", Unit)
def test_the_rhythm_is_the_same_for_every_unit_of_the_ladder(unit: Unit) -> None:
    ladders: tuple[Ladder, ...] = tuple(replace(ladder, unit=unit) for ladder in POLICY.ladders)
    policy = replace(POLICY, ladders=ladders)
    alone = {"customer": "C1", "invoice": None, "amount": 7_000, "day": MONDAY, "creditor": "other"}
    book = book_of(creditors=({"creditor": "main"}, {"creditor": "other"}), payments=(alone,))
    plan = plan_on(FIRST, book, policy)
    assert {action.details for action in of_kind(plan, Kind.LIST, TRIAL_BALANCE)} == {
        (
            *(("open main USD", "3800.00"), ("balance main USD", "3800.00")),
            *(("open other USD", "0.00"), ("balance other USD", "-70.00")),
        )
    }
    assert to_whom(plan, PAST_DUE) == ["ann", "ben", "cas", "sal", "sam"]
    assert [a.amount for a in of_kind(plan, Kind.STATEMENT)] == [130_000, 200_000, 50_000]


def test_a_policy_without_a_rhythm_sends_nothing() -> None:
    plan = plan_on(FIRST, book_of(), replace(POLICY, together=Together(weekly=Rhythm(day=0, send=()))))
    assert not of_kind(plan, Kind.LIST)
    assert not of_kind(plan, Kind.STATEMENT)
