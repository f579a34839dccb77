"""What was known on a day: no row of later, and nothing of what happened to a row later."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.again import AccountFacts, Key, facts_of
from duly.book.book import Book
from duly.book.facts import build_facts, facts_from
from duly.book.known import EVENTS, as_known_on, rows_known_on
from duly.book.raw import RawRows, raw_rows
from duly.book.tables import TABLES, Kind
from duly.language.policy import Policy
from tests.book.facts.books import Tables, day, families, policies, together
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import ACCOUNT, a_policy, facts_differ
from tests.conftest import NIGHTLY

AS_OF = date(2026, 3, 31)
LATER = date(2026, 4, 1)

PLANNED = {"invoices.due_date", "instalments.due_date", "promises.due_on", "requests.due_on", "customers.since"} | {
    *(f"people.{day}" for day in ("away_from", "away_until")),
    *("customers.renews_on", "orders.day"),
}
"""Days that say nothing of when they were known."""


def test_every_day_of_a_book_is_an_event_or_was_planned() -> None:
    days = {
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if column.kind is Kind.DATE
    }
    events = {f"{name}.{column}" for name, event in EVENTS.items() for column in (event.day, *event.later)}
    assert days == events | PLANNED


ROWS = [
    pytest.param("invoices", {"due_date": LATER}, "invoice_date", id="invoice"),
    pytest.param("payments", {}, "day", id="payment"),
    pytest.param("credits", {}, "day", id="credit"),
    pytest.param("disputes", {"invoice": "I1"}, "opened_on", id="dispute"),
    pytest.param("promises", {"due_on": LATER}, "made_on", id="promise"),
    pytest.param("contacts_made", {}, "day", id="contact"),
    pytest.param("sales", {}, "day", id="sale"),
    pytest.param("credit_lines", {"limit": 1}, "from", id="credit-line"),
    pytest.param("holds", {}, "placed_on", id="hold"),
    pytest.param("rates", {"from": "EUR", "to": "USD", "rate": 1}, "day", id="rate"),
    pytest.param("executed_stages", {}, "day", id="executed-stage"),
    pytest.param("requests", {"due_on": LATER}, "asked_on", id="request"),
    pytest.param("tasks_given", {}, "day", id="task"),
]


@pytest.mark.parametrize(("table", "row", "column"), ROWS)
def test_a_row_is_there_from_its_own_day_on(table: str, row: dict[str, object], column: str) -> None:
    book = make_book(**{table: [{**row, column: AS_OF}, {**row, column: LATER}]})
    assert known(book, table, column) == [AS_OF]


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [
        pytest.param("invoices", "settled_on", {"due_date": AS_OF}, id="settled"),
        pytest.param("invoices", "written_off_on", {"due_date": AS_OF}, id="written-off"),
        pytest.param("payments", "bounced_on", {"day": AS_OF}, id="bounced"),
        pytest.param("disputes", "resolved_on", {"invoice": "I1", "opened_on": AS_OF}, id="resolved"),
        pytest.param("promises", "cancelled_on", {"made_on": AS_OF, "due_on": LATER}, id="cancelled"),
        pytest.param("holds", "released_on", {"placed_on": AS_OF}, id="released"),
        pytest.param("requests", "answered_on", {"asked_on": AS_OF, "due_on": LATER}, id="answered"),
    ],
)
def test_what_happens_to_a_row_is_known_from_its_day_on(table: str, column: str, row: dict[str, object]) -> None:
    book = make_book(**{table: [{**row, column: AS_OF}, {**row, column: LATER}]})
    assert known(book, table, column) == [AS_OF, None]


@pytest.mark.parametrize(
    ("settled_on", "open_"),
    [pytest.param(AS_OF, 70, id="settled-by-then"), pytest.param(LATER, None, id="settled-later")],
)
def test_an_open_balance_of_later_is_not_known(settled_on: date, open_: int | None) -> None:
    book = make_book(invoices=[{"due_date": AS_OF, "settled_on": settled_on, "open": 70}])
    assert known(book, "invoices", "open") == [open_]


def test_planned_days_stay() -> None:
    book = make_book(
        invoices=[{"invoice_date": AS_OF, "due_date": LATER}], promises=[{"made_on": AS_OF, "due_on": LATER}]
    )
    assert known(book, "invoices", "due_date") == known(book, "promises", "due_on") == [LATER]


def test_the_book_is_itself_again_afterwards() -> None:
    book = make_book(payments=[{"day": LATER}])
    with pytest.raises(ZeroDivisionError), as_known_on(book, AS_OF):
        1 / 0  # noqa: B018  (anything may go wrong inside)
    assert book.connection.execute("SELECT day FROM payments").fetchall() == [(LATER,)]


def test_only_the_chosen_and_those_they_pay_for_are_there() -> None:
    children = [
        {"customer": who, "parent": parent, "parent_pays": True} for who, parent in (("C2", "C1"), ("C3", "C2"))
    ]
    others: list[Row] = [{"customer": "C1"}, {"customer": "C4", "parent": "C1", "parent_pays": False}]
    invoices = [{"customer": f"C{n}", "due_date": AS_OF} for n in range(1, 5)]
    disputes = [{"invoice": f"I{n}", "opened_on": AS_OF} for n in range(1, 5)]
    payments = [{"customer": f"C{m}", "invoice": f"I{n}", "day": AS_OF} for n, m in ((1, 4), (4, 1))]
    payments.append({"customer": "C2", "day": AS_OF})
    book = make_book(customers=[*children, *others], invoices=invoices, disputes=disputes, payments=payments)
    book.connection.execute("CREATE TABLE chosen AS SELECT 'C1' AS customer")
    with as_known_on(book, AS_OF, "chosen"):
        assert column_of(book, "customers", "customer") == ["C2", "C3", "C1"]
        assert column_of(book, "invoices", "customer") == ["C1", "C2", "C3"]
        assert column_of(book, "disputes", "invoice") == ["I1", "I2", "I3"]
        assert column_of(book, "payments", "payment") == ["P1", "P3"]


def known(book: Book, table: str, column: str) -> list[object]:
    with as_known_on(book, AS_OF):
        return column_of(book, table, column)


def column_of(book: Book, table: str, column: str) -> list[object]:
    rows = book.connection.execute(f'SELECT "{column}" FROM {table} ORDER BY "row"').fetchall()
    return [value for (value,) in rows]


PAID = {"invoice": "I1", "day": date(2026, 3, 20), "amount": 20_000}
SETTLED = {"settled_on": date(2026, 3, 24), "amount": 15_000}
PROMISED = {"invoice": None, "made_on": date(2026, 3, 10), "due_on": date(2026, 3, 25), "amount": 20_000}


@pytest.mark.parametrize(
    ("invoice", "payment", "broken"),
    [
        pytest.param({"invoice_date": AS_OF}, PAID, 0, id="paid-in-time"),
        pytest.param({"invoice_date": LATER}, PAID, 1, id="nobody-knows-the-invoice-that-was-paid"),
        pytest.param({"invoice_date": LATER, "open": 0, "amount": 20_000}, None, 1, id="nor-its-balance"),
        pytest.param(SETTLED, {**PAID, "amount": 10_000}, 1, id="settled-for-too-little"),
        pytest.param(
            SETTLED, {**PAID, "amount": 10_000, "bounced_on": LATER}, 1, id="counted-once-if-it-bounces-later"
        ),
    ],
)
def test_a_promise_is_kept_by_what_was_known_of_payments(
    invoice: dict[str, object], payment: dict[str, object] | None, broken: int
) -> None:
    late = {"invoice": "I0", "due_date": date(2026, 3, 1)}
    paid = {"due_date": date(2026, 4, 30), **invoice, "invoice": "I1"}
    book = make_book(invoices=[late, paid], payments=[payment] if payment else [], promises=[PROMISED])
    policy = a_policy()
    facts = by_sql(book, policy, AS_OF)[ACCOUNT].facts
    assert facts["broken_promises"] == broken
    with as_known_on(book, AS_OF):
        assert by_sql(book, policy, AS_OF)[ACCOUNT].facts == facts


# The laws.

EXAMPLES = 300 if NIGHTLY else 8
FAMILIES = 12


@settings(max_examples=EXAMPLES)
@given(
    books=st.lists(families(), min_size=FAMILIES, max_size=FAMILIES),
    policy=policies(),
    as_of=st.sampled_from((0, 0, -1, -7, -30, 1)).map(day),
)
def test_the_facts_of_a_day_are_those_of_the_book_as_it_was_known(
    books: list[Tables], policy: Policy, as_of: date
) -> None:
    tables = together(books)
    book = make_book(**tables)
    rows = raw_rows(book, [str(row["customer"]) for row in tables["customers"]])
    with as_known_on(book, as_of):
        assert differences(by_sql(book, policy, as_of), again(rows_known_on(rows, as_of), policy, as_of)) == {}
        shown = by_sql(book, policy, as_of)
    assert differences(by_sql(book, policy, as_of), shown) == {}


@settings(max_examples=EXAMPLES)
@given(
    books=st.lists(families(), min_size=FAMILIES, max_size=FAMILIES),
    policy=policies(),
    as_of=st.sampled_from((0, -1, -7)).map(day),
    later=st.sampled_from((1, 5, 30)),
)
def test_both_derivations_look_ahead_alike(books: list[Tables], policy: Policy, as_of: date, later: int) -> None:
    tables = together(books)
    book = make_book(**tables)
    rows = raw_rows(book, [str(row["customer"]) for row in tables["customers"]])
    then = date.fromordinal(as_of.toordinal() + later)
    with as_known_on(book, as_of):
        assert differences(by_sql(book, policy, then), again(rows_known_on(rows, as_of), policy, then)) == {}


def by_sql(book: Book, policy: Policy, as_of: date) -> dict[Key, AccountFacts]:
    build_facts(book, policy, as_of)
    return {(f.creditor, f.customer, f.item): f for f in facts_from(book.connection, policy, invoices=True)}


def again(rows: RawRows, policy: Policy, as_of: date) -> dict[Key, AccountFacts]:
    return facts_of(rows, policy, as_of)


def differences(some: dict[Key, AccountFacts], others: dict[Key, AccountFacts]) -> dict[Key, object]:
    found: dict[Key, object] = dict.fromkeys(some.keys() ^ others.keys(), "only one")
    return found | {key: says for key in some.keys() & others.keys() if (says := facts_differ(some[key], others[key]))}
