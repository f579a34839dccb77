"""The three engines decide alike: whatever policy, whatever account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.connection import connect
from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.rules import columnar, durable, meaning
from duly.rules.columnar import Key
from duly.rules.decision import Decision
from tests.conftest import NIGHTLY
from tests.rules.strategies import accounts, customer, load, policies

POLICIES, ACCOUNTS = (2_500, 1_000) if NIGHTLY else (40, 500)


def keyed(made: Sequence[Facts]) -> list[tuple[Key, Facts]]:
    return [((str(facts["creditor"]), customer(at), ""), facts) for at, facts in enumerate(made)]


def by_columns(policy: Policy, made: Sequence[Facts]) -> Mapping[Key, Decision]:
    all_, _ = all_and_acting(policy, made)
    return all_


def all_and_acting(policy: Policy, made: Sequence[Facts]) -> tuple[Mapping[Key, Decision], Mapping[Key, Decision]]:
    """Every decision, and those alone that give something or withhold it, read from one table."""
    with connect(threads=1) as connection:
        load(connection, policy, made)
        columnar.decide(connection, policy)
        both = [columnar.accounts_by_decision(connection, acting_only=acting_only) for acting_only in (False, True)]
        all_, acting = ({key: decision for decision, keys in kinds.items() for key in keys} for kinds in both)
        return all_, acting


def test_every_engine_decides_as_the_meaning_does(capsys: pytest.CaptureFixture[str]) -> None:
    decided = 0

    @settings(max_examples=POLICIES)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def agree(policy: Policy, seed: int) -> None:
        nonlocal decided
        made = accounts(policy, ACCOUNTS, seed)
        meant = {key: meaning.decide(policy, facts) for key, facts in keyed(made)}
        acting = {key: d for key, d in meant.items() if d.gives_deeds or d.limits}
        assert all_and_acting(policy, made) == (meant, acting)
        assert dict(durable.decide_all(policy, keyed(made))) == meant
        decided += len(made)

    agree()
    with capsys.disabled():
        print(f"\n{decided:,} accounts decided alike by three engines")
