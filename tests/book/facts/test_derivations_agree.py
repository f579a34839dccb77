"""Facts derived in SQL and facts derived in plain Python are the same facts."""

from __future__ import annotations

from datetime import date

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.book.again import facts_of
from duly.book.facts import build_facts, facts_from
from duly.book.raw import raw_rows
from duly.language.policy import Policy
from tests.book.facts.books import Tables, day, families, policies, together
from tests.book.facts.building import make_book
from tests.book.facts.seen import facts_differ
from tests.conftest import NIGHTLY

POLICIES = 2_000 if NIGHTLY else 20
FAMILIES = 16
"""Families in a book: one policy is compared on so many at once."""

# What differs is told account by account; to make a whole book smaller takes minutes, so that is left to the night.
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)


@settings(max_examples=POLICIES, phases=PHASES)
@given(
    books=st.lists(families(), min_size=FAMILIES, max_size=FAMILIES),
    policy=policies(),
    as_of=st.sampled_from((0, 0, 0, -1, -7, 1, 5, 30)).map(day),
    as_if_many=st.booleans(),
)
def test_both_derivations_give_the_same_facts(
    books: list[Tables], policy: Policy, as_of: date, *, as_if_many: bool
) -> None:
    tables = together(books)
    book = make_book(**tables)
    if as_if_many:
        book.connection.execute("RESET disabled_optimizers")
    build_facts(book, policy, as_of)
    by_sql = {(f.creditor, f.customer, f.item): f for f in facts_from(book.connection, policy, invoices=True)}
    again = facts_of(raw_rows(book, [str(row["customer"]) for row in tables["customers"]]), policy, as_of)
    assert by_sql.keys() == again.keys()
    assert {key: found for key in again if (found := facts_differ(by_sql[key], again[key]))} == {}
