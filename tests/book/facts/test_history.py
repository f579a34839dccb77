"""What has happened with an account: promises, contacts, requests, holds, and what its customer's record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from duly.language.conditions import Includes
from duly.language.policy import Calendar, ContactHours, Exception_, Policy, SalesRule, Stage, Task
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import Found, Scene, a_policy, by_name, seen, seen_at_once, stage

DAY = date(2026, 3, 31)
"""A Tuesday."""
LATE = {"due_date": "2026-01-10"}
SETTLED = {"due_date": "2025-06-10", "settled_on": "2025-06-20"}
PROMISE = {"made_on": "2026-03-01", "due_on": "2026-03-30", "amount": 5_000}
BROKEN = {"promise": "none", "promises_open": 0, "broken_promises": 1, "kept_promises_12_months": 0}
KEPT = {"promise": "none", "promises_open": 0, "broken_promises": 0, "kept_promises_12_months": 1}
OPEN = {"promise": "open", "promises_open": 1, "broken_promises": 0, "kept_promises_12_months": 0}
NONE = {"promise": "none", "promises_open": 0, "broken_promises": 0, "kept_promises_12_months": 0}

PROMISES = [
    pytest.param(PROMISE, {}, BROKEN, id="the-day-has-passed"),
    pytest.param({**PROMISE, "due_on": DAY}, {}, OPEN, id="the-day-is-today"),
    pytest.param({**PROMISE, "made_on": "2026-04-01", "due_on": "2026-04-02"}, {}, NONE, id="not-made-yet"),
    pytest.param(PROMISE, {"payments": [{"day": "2026-03-30", "amount": 5_000}]}, KEPT, id="paid-on-the-last-day"),
    pytest.param(PROMISE, {"payments": [{"day": DAY, "amount": 5_000}]}, BROKEN, id="paid-a-day-late"),
    pytest.param(PROMISE, {"payments": [{"day": "2026-03-01", "amount": 5_000}]}, KEPT, id="paid-on-the-first-day"),
    pytest.param(PROMISE, {"payments": [{"day": "2026-02-28", "amount": 5_000}]}, BROKEN, id="paid-before-it-was-made"),
    pytest.param(PROMISE, {"payments": [{"day": "2026-03-10", "amount": 4_999}]}, BROKEN, id="a-cent-too-little"),
    pytest.param(
        PROMISE,
        {"payments": [{"day": "2026-03-10", "amount": 2_000}, {"day": "2026-03-20", "amount": 3_000}]},
        KEPT,
        id="paid-in-two-sums",
    ),
    pytest.param(
        PROMISE,
        {"payments": [{"day": "2026-03-10", "amount": 5_000, "bounced_on": DAY}]},
        BROKEN,
        id="the-payment-bounced",
    ),
    pytest.param(
        PROMISE, {"credits": [{"day": "2026-03-10", "amount": 5_000}]}, BROKEN, id="a-credit-note-keeps-nothing"
    ),
    pytest.param({**PROMISE, "cancelled_on": "2026-03-30"}, {}, NONE, id="withdrawn-in-time"),
    pytest.param({**PROMISE, "cancelled_on": DAY}, {}, BROKEN, id="withdrawn-too-late"),
    pytest.param(
        {**PROMISE, "invoice": "I1"},
        {"payments": [{"day": "2026-03-10", "amount": 5_000}]},
        BROKEN,
        id="other-money-than-the-invoices",
    ),
    pytest.param(
        {**PROMISE, "invoice": "I1"},
        {"payments": [{"day": "2026-03-10", "amount": 5_000, "invoice": "I1"}]},
        KEPT,
        id="the-invoices-money",
    ),
]


def late(tables: Mapping[str, Sequence[Row]]) -> Scene:
    """A late account with these rows beside it."""
    return Scene(a_policy(), {"invoices": [LATE], **tables}, (DAY,))


PROMISED = by_name(PROMISES)


@pytest.fixture(scope="module")
def after_promises() -> Found:
    return seen_at_once({name: late({"promises": [row], **tables}) for name, (row, tables, _) in PROMISED.items()})


@pytest.mark.parametrize("name", PROMISED)
def test_a_promise_is_open_until_its_day_then_kept_or_broken(name: str, after_promises: Found) -> None:
    *_, expected = PROMISED[name]
    facts = after_promises[name][DAY].facts
    assert {fact: facts[fact] for fact in expected} == expected


def test_an_open_balance_says_that_a_promise_was_kept_but_not_when() -> None:
    promises = [{**PROMISE, "invoice": "I1"}, {**PROMISE, "invoice": "I2"}]
    book = make_book(
        invoices=[{**LATE, "amount": 9_000, "open": 4_000}, {**LATE, "amount": 9_000, "open": 4_001}], promises=promises
    )
    facts = seen(book, a_policy(), [DAY])[DAY].facts
    assert (facts["kept_promises_12_months"], facts["broken_promises"]) == (1, 1)


def test_a_broken_promise_counts_in_this_episode_and_in_twelve_months() -> None:
    due = ("2025-03-31", "2025-04-01", "2026-01-09", "2026-01-10")
    promises = [{"made_on": "2025-01-01", "due_on": day, "amount": 5_000} for day in due]
    facts = seen(make_book(invoices=[LATE], promises=promises), a_policy(), [DAY])[DAY].facts
    assert (facts["broken_promises"], facts["broken_promises_12_months"]) == (1, 3)


def out(day: str) -> Row:
    return {"day": day}


CONTACTS = [
    pytest.param([], {"days_since_contact": None, "contacts_in_window": 0, "contacted_today": False}, id="never"),
    pytest.param(
        [out("2026-03-31")], {"days_since_contact": 0, "contacts_in_window": 0, "contacted_today": True}, id="today"
    ),
    pytest.param(
        [out("2026-03-30")],
        {"days_since_contact": 1, "contacts_in_window": 1, "contacted_today": False},
        id="yesterday",
    ),
    pytest.param([out("2026-03-25")], {"days_since_contact": 6, "contacts_in_window": 1}, id="first-day-of-the-window"),
    pytest.param([out("2026-03-24")], {"days_since_contact": 7, "contacts_in_window": 0}, id="before-the-window"),
    pytest.param([out("2026-03-30"), out("2026-03-30")], {"contacts_in_window": 1}, id="twice-a-day-is-one-day"),
    pytest.param([out("2026-04-01")], {"days_since_contact": None, "contacts_in_window": 0}, id="tomorrow"),
    pytest.param(
        [{"day": "2026-03-30", "direction": "in"}],
        {"days_since_contact": None, "days_since_reply": 1, "contacts_in_window": 0},
        id="a-reply",
    ),
]


CONTACTED = by_name(CONTACTS)


@pytest.fixture(scope="module")
def after_contacts() -> Found:
    return seen_at_once({name: late({"contacts_made": rows}) for name, (rows, _) in CONTACTED.items()})


@pytest.mark.parametrize("name", CONTACTED)
def test_contacts_are_counted_by_days(name: str, after_contacts: Found) -> None:
    _, expected = CONTACTED[name]
    facts = after_contacts[name][DAY].facts
    assert {fact: facts[fact] for fact in expected} == expected


@pytest.mark.parametrize(
    ("id_", "creditor", "counts"),
    [
        pytest.param("reminder", "main", True, id="a-message"),
        pytest.param("reminder", "other", True, id="of-another-creditor"),
        pytest.param("retired", "main", True, id="of-a-stage-that-is-no-more"),
        pytest.param("filing", "main", False, id="a-task-that-reaches-nobody"),
    ],
)
def test_an_executed_stage_that_reaches_the_customer_is_a_contact(id_: str, creditor: str, counts: bool) -> None:  # noqa: FBT001
    filing = Stage(id="filing", tasks=(Task(role="collector", task="file"),))
    executed = [{"stage": id_, "creditor": creditor, "day": "2026-03-30"}]
    book = make_book(invoices=[LATE], executed_stages=executed)
    facts = seen(book, a_policy(stage("reminder"), filing), [DAY])[DAY].facts
    assert (facts["contacts_in_window"], facts["days_since_contact"]) == ((1, 1) if counts else (0, None))


REQUESTS = [
    pytest.param(
        {"asked_on": "2026-03-30", "due_on": DAY}, ({"find_out"}, {"find_out"}, set()), id="last-day-for-the-answer"
    ),
    pytest.param(
        {"asked_on": "2026-03-25", "due_on": "2026-03-30"}, ({"find_out"}, set(), set()), id="past-its-deadline"
    ),
    pytest.param({"asked_on": DAY, "due_on": "2026-04-02"}, (set(), set(), set()), id="asked-today"),
    pytest.param(
        {"asked_on": "2026-03-25", "due_on": "2026-04-02", "answered_on": DAY},
        ({"find_out"}, set(), {"find_out"}),
        id="answered-today",
    ),
    pytest.param(
        {"asked_on": "2026-03-25", "due_on": "2026-04-02", "answered_on": "2026-04-01"},
        ({"find_out"}, {"find_out"}, set()),
        id="answered-tomorrow",
    ),
    pytest.param({"asked_on": "2026-01-10", "due_on": "2026-04-02"}, (set(), set(), set()), id="before-the-episode"),
    pytest.param(
        {"asked_on": "2026-01-11", "due_on": "2026-04-02"}, ({"find_out"}, {"find_out"}, set()), id="on-its-first-day"
    ),
]


ASKED = by_name(REQUESTS)


@pytest.fixture(scope="module")
def after_requests() -> Found:
    return seen_at_once({name: late({"requests": [row]}) for name, (row, _) in ASKED.items()})


@pytest.mark.parametrize("name", ASKED)
def test_a_request_is_open_until_it_is_answered_or_past_its_deadline(name: str, after_requests: Found) -> None:
    _, expected = ASKED[name]
    facts = after_requests[name][DAY].facts
    assert tuple(facts[fact] for fact in ("sales_asked", "requests_open", "requests_answered")) == expected


def test_a_request_to_an_account_that_is_not_late_belongs_to_its_quiet_days() -> None:
    asked = [
        {"asked_on": day, "due_on": "2026-05-01", "rule": rule}
        for day, rule in (("2025-06-19", "old"), ("2025-06-20", "new"))
    ]
    policy = a_policy(sales=tuple(SalesRule(id=id_, ask="find_out_why") for id_ in ("old", "new")))
    facts = seen(make_book(invoices=[SETTLED], requests=asked), policy, [DAY])[DAY].facts
    assert facts["sales_asked"] == frozenset({"new"})


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        pytest.param({"placed_on": DAY}, {"credit"}, id="placed-today"),
        pytest.param({"placed_on": "2026-04-01"}, set(), id="placed-tomorrow"),
        pytest.param({"placed_on": "2026-03-01", "released_on": DAY}, set(), id="released-today"),
        pytest.param({"placed_on": "2026-03-01", "released_on": "2026-04-01"}, {"credit"}, id="released-tomorrow"),
        pytest.param({"placed_on": "2026-03-01", "hold": "unheard_of"}, set(), id="not-in-the-policy"),
    ],
)
def test_a_hold_is_in_force_until_it_is_released(hold: Row, expected: set[str]) -> None:
    facts = seen(make_book(invoices=[SETTLED], holds=[hold]), a_policy(), [DAY])[DAY].facts
    assert facts["holds"] == frozenset(expected)


RECORDS = [
    pytest.param(
        {},
        {"relationship": "normal", "insolvent": False, "has_email": False, "has_address": False, "country": None},
        id="nothing-known",
    ),
    pytest.param({"email": "a@b.example"}, {"has_email": True}, id="e-mail"),
    pytest.param({"email": "a@b.example", "no_email": True}, {"has_email": False}, id="refuses-e-mail"),
    pytest.param({"since": "2025-10-31"}, {"months_as_customer": 5}, id="months-to-the-day"),
    pytest.param({"since": "2025-11-01"}, {"months_as_customer": 4}, id="a-day-short-of-a-month"),
    pytest.param({"since": "2026-04-01"}, {"months_as_customer": 0}, id="not-yet-a-customer"),
    pytest.param({}, {"months_as_customer": 2}, id="since-the-first-invoice"),
    pytest.param({"annual_sales": 700}, {"annual_sales": 700}, id="its-own-sales-figure"),
    pytest.param({}, {"annual_sales": 30}, id="sales-of-twelve-months"),
    pytest.param({"tags": "old vip"}, {"tags": {"vip"}}, id="a-mark-that-is-asked-for"),
    pytest.param({"tags": "vipers"}, {"tags": set()}, id="a-longer-mark"),
]


RECORDED = by_name(RECORDS)
SOLD = ("2025-03-31", "2025-04-01", "2026-03-30", "2026-03-31", "2026-04-01")


@pytest.fixture(scope="module")
def recorded() -> Found:
    policy = a_policy(when=Includes("tags", "vip"))
    invoices = [{**LATE, "invoice_date": "2026-01-10"}]
    sales = [{"day": day, "amount": 10} for day in SOLD]
    return seen_at_once(
        {
            name: Scene(
                policy, {"invoices": invoices, "sales": sales, "customers": [{"customer": "C1", **record}]}, (DAY,)
            )
            for name, (record, _) in RECORDED.items()
        }
    )


@pytest.mark.parametrize("name", RECORDED)
def test_the_customers_record_is_read(name: str, recorded: Found) -> None:
    _, expected = RECORDED[name]
    facts = recorded[name][DAY].facts
    assert {fact: facts[fact] for fact in expected} == expected


@pytest.mark.parametrize(
    ("country", "day", "is_open"),
    [
        pytest.param(None, "2026-07-02", True, id="a-working-day"),
        pytest.param(None, "2026-07-03", False, id="a-holiday-of-the-policys-country"),
        pytest.param("DE", "2026-07-03", True, id="no-holiday-of-the-customers"),
        pytest.param(None, "2026-07-04", False, id="a-saturday"),
    ],
)
def test_contact_days_are_those_of_the_customers_country(country: str | None, day: str, is_open: bool) -> None:  # noqa: FBT001
    calendar = Calendar(country="US", contact=ContactHours(days=frozenset(range(5)), holidays_closed=True))
    book = make_book(invoices=[LATE], customers=[{"customer": "C1", "country": country}])
    on = date.fromisoformat(day)
    assert seen(book, a_policy(calendar=calendar), [on])[on].facts["contact_day"] is is_open


@pytest.mark.parametrize(
    ("until", "tone"),
    [pytest.param("2026-03-31", "friendly", id="last-day"), pytest.param("2026-03-30", "none", id="day-after")],
)
def test_an_exception_is_in_force_until_its_last_day(until: str, tone: str) -> None:
    exception = Exception_(account="C1", until=date.fromisoformat(until), agreed_with="sales", tone_at_most="friendly")
    policy: Policy = a_policy(exceptions=(exception,))
    assert seen(make_book(invoices=[LATE]), policy, [DAY])[DAY].facts["exception__tone"] == tone


AVERAGES = [
    pytest.param([("2025-06-10", "2025-06-20"), ("2025-06-10", "2025-06-15")], 7, id="rounded-down"),
    pytest.param([("2025-06-10", "2025-06-05"), ("2025-06-10", "2025-06-14")], 2, id="early-counts-as-nothing"),
    pytest.param([("2025-03-20", "2025-03-31"), ("2025-06-10", "2025-06-14")], 4, id="a-year-ago-to-the-day-is-out"),
    pytest.param([("2025-03-20", "2025-04-01"), ("2025-06-10", "2025-06-14")], 8, id="a-day-less-than-a-year-is-in"),
    pytest.param([], None, id="nothing-settled"),
]


@pytest.mark.parametrize(("settled", "expected"), AVERAGES)
def test_average_days_late_is_over_what_was_settled_in_twelve_months(
    settled: list[tuple[str, str]], expected: int | None
) -> None:
    invoices: list[Row] = [{"due_date": due, "settled_on": on} for due, on in settled]
    facts = seen(make_book(invoices=[LATE, *invoices]), a_policy(), [DAY])[DAY].facts
    assert facts["average_days_late"] == expected
