"""The figures of statements and lists tie to the ledger: on the sample book, and on a real one where it is here."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from duly.book.book import Book
from duly.book.facts import build_facts
from duly.book.read import read_book
from duly.book.sample import write_sample
from duly.figures.ledger import lay_out
from duly.journal.history import NO_HISTORY
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.messages.lists import Listing
from duly.messages.pages import Money
from duly.plan.lists import PAST_DUE, TRIAL_BALANCE, Lists
from duly.plan.plan import Kind
from duly.plan.rhythm import STATEMENT, sent_by_the_calendar
from duly.plan.together import Ground
from duly.rules.columnar import decide
from duly.team.rhythm import due_on
from tests.language.policies import STANDARD

DAY = date(2026, 4, 1)
POLICY, _ = load_policy(STANDARD)

Sums = Counter[tuple[str, str]]
"""Amounts by creditor or customer, and currency."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The sample book, with the facts and decisions of the day in it."""
    folder = tmp_path_factory.mktemp("ties") / "book"
    write_sample(folder, customers=120, as_of=date(2026, 3, 31))
    made = read_book(folder)
    build_facts(made, POLICY, DAY)
    decide(made.connection, POLICY)
    return made


def open_by(book: Book, policy: Policy, who: str) -> Sums:
    lay_out(book, policy, [DAY])
    rows = book.connection.execute(f"SELECT {who}, currency, sum(open) FROM figures_open GROUP BY ALL").fetchall()
    return Counter({(key, currency): int(amount) for key, currency, amount in rows})


def shown(listing: Listing, section: str, column: str) -> Sums:
    sums: Sums = Counter()
    for part in listing.sections:
        for page in part.pages if part.name == section else ():
            about, at = dict(page.about), page.columns.index(column)
            for row in page.rows:
                if isinstance(cell := row[at], Money):
                    sums[about["creditor"], cell.currency] += cell.amount
    return sums


def test_every_statement_is_the_open_items_of_its_customer(book: Book) -> None:
    made = sent_by_the_calendar(Ground(POLICY, book, DAY, "try", NO_HISTORY))
    said: Sums = Counter()
    for action in (action for action in made.actions if action.kind is Kind.STATEMENT):
        for currency, amount in action.amounts or ((action.currency, action.amount),):
            said[action.customer, currency] += amount
    withheld = {thing.customer for thing in made.withheld}
    ledger = open_by(book, POLICY, "customer")
    assert len(said) > 50
    assert said == Counter({key: amount for key, amount in ledger.items() if key[0] not in withheld})


def test_the_trial_balance_is_the_open_items_however_it_is_told_apart(book: Book) -> None:
    lists = Lists(POLICY, book, DAY)
    due = next(due for due in due_on(POLICY.together, DAY) if due.item == TRIAL_BALANCE)
    listing = lists.listing(due, "credit-manager")
    ledger = open_by(book, POLICY, "creditor")
    assert len(ledger) == 2
    for section in ("by_customer", "by_segment", "by_salesperson", "by_collector"):
        assert shown(listing, section, "total") == ledger


def test_all_salespeoples_lists_together_are_what_is_late_and_so_are_the_managers(book: Book) -> None:
    lists = Lists(POLICY, book, DAY)
    due = next(due for due in due_on(POLICY.together, DAY) if due.item == PAST_DUE)
    rows = book.connection.execute(
        "SELECT creditor, currency, sum(open__own) FROM invoice_facts WHERE late AND open__own > 0 GROUP BY ALL"
    ).fetchall()
    late: Sums = Counter({(creditor, currency): int(amount) for creditor, currency, amount in rows})
    everybody = {person: lists.listing(due, person) for person in lists.audience(due)}
    for role in ("salesperson", "sales_manager"):
        those = [person.id for person in lists.team.with_role(role) if person.id in everybody]
        assert sum((shown(everybody[person], "past_due", "open") for person in those), Counter()) == late


def test_what_a_plan_says_of_each_list_is_what_stands_in_it(book: Book) -> None:
    lists = Lists(POLICY, book, DAY)
    compared = 0
    for due in due_on(POLICY.together, DAY):
        for person in lists.audience(due) if due.item != STATEMENT else ():
            listing, said = lists.listing(due, person), dict(lists.summary(due, person))
            assert bool(said) is not listing.is_empty
            section, column, word = SAID.get(due.item, ("", "", ""))
            amounts = shown(listing, section, column) if section else {}
            assert {f"{word} {' '.join(key)}": f"{n // 100}.{n % 100:02}" for key, n in amounts.items()} == {
                name: text for name, text in said.items() if word and name.startswith(f"{word} ")
            }
            rows = {part.name: sum(len(page.rows) for page in part.pages) for part in listing.sections}
            assert said.get("told") == (str(rows["done"]) if rows.get("done") else None)
            assert int(said.get("late_items", 0)) == rows.get("past_due", 0)
            compared += bool(amounts)
    assert compared > 5


SAID = {PAST_DUE: ("past_due", "open", "past_due"), TRIAL_BALANCE: ("by_customer", "total", "open")}
"""Of which section a plan says the sums, of which column, and by which word."""
