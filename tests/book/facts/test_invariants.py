"""What proofs take for granted of every account is true of the facts that are derived from any ledger."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.book.again import facts_of
from duly.book.raw import raw_rows
from duly.language.conditions import holds
from duly.language.invariants import Implies, Invariant, invariants, is_true_of
from duly.language.policy import Policy
from tests.book.facts.books import Tables, day, families, policies, together
from tests.book.facts.building import make_book
from tests.conftest import NIGHTLY

POLICIES = 2_000 if NIGHTLY else 30
FAMILIES = 16


def test_every_invariant_is_true_of_any_account() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=POLICIES, phases=tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate))
    @given(
        books=st.lists(families(), min_size=FAMILIES, max_size=FAMILIES),
        policy=policies(),
        as_of=st.sampled_from((0, 0, 0, -1, -7, 1, 5, 30)).map(day),
    )
    def true(books: list[Tables], policy: Policy, as_of: date) -> None:
        tables = together(books)
        book = make_book(**tables)
        accounts = facts_of(raw_rows(book, [str(row["customer"]) for row in tables["customers"]]), policy, as_of)
        broken: list[tuple[Invariant, object]] = []
        for account in accounts.values():
            for invariant in invariants(policy):
                if isinstance(invariant, Implies):
                    met[sort(invariant)] += holds(invariant.if_, account.facts)
                if not is_true_of(invariant, account.facts):
                    broken.append((invariant, account.key if hasattr(account, "key") else account.customer))
        assert broken == []

    true()
    assert all(met.values()), f"never met: {[name for name, times in met.items() if not times]}"


def sort(invariant: Implies) -> str:
    """What an invariant is about, without the ids of one policy."""
    return type(invariant.if_).__name__ + ":" + str(getattr(invariant.if_, "fact", "")).split("__")[0]
