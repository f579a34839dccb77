"""The proof's reading of a policy is the meaning's: whatever policy, whatever account."""

from __future__ import annotations

import z3
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import Account, Asking, Symbol, Words, account
from duly.rules import meaning
from duly.rules.trace import decided
from tests.conftest import NIGHTLY
from tests.rules.strategies import accounts, policies

# To make a policy smaller takes minutes, so that is left to the night.
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)
POLICIES, ACCOUNTS = (1_000, 60) if NIGHTLY else (25, 20)


def substitution(symbolic: Account, facts: Facts) -> list[tuple[z3.ExprRef, z3.ExprRef]]:
    """Each variable of the account with its value."""
    pairs = []
    context = symbolic.context
    for name, symbol in symbolic.facts.items():
        value = facts[name]
        if isinstance(value, frozenset):
            pairs += [(inside, z3.BoolVal(m in value, context)) for m, inside in symbol.members.items()]
            continue
        if not z3.is_true(symbol.known):
            pairs.append((symbol.known, z3.BoolVal(value is not None, context)))
        match value:
            case None:
                continue
            case bool():
                pairs.append((symbol.value, z3.BoolVal(value, context)))
            case str():
                pairs.append((symbol.value, z3.IntVal(symbolic.words.code(value), context)))
            case _:
                pairs.append((symbol.value, z3.IntVal(value, context)))
    return pairs


def said(symbol: Symbol, pairs: list[tuple[z3.ExprRef, z3.ExprRef]]) -> object:
    """The value that a symbol comes to."""

    def value(expression: z3.ExprRef) -> z3.ExprRef:
        return z3.simplify(z3.substitute(expression, *pairs))

    if symbol.value is None:
        return frozenset(member for member, inside in symbol.members.items() if z3.is_true(value(inside)))
    answer = value(symbol.value)
    return z3.is_true(answer) if z3.is_bool(answer) else answer.as_long()


def test_a_proof_decides_as_the_meaning_does() -> None:
    @settings(max_examples=POLICIES, phases=PHASES)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def agree(policy: Policy, seed: int) -> None:
        context = z3.Context()
        words = Words()
        symbolic = account([policy], context, words)
        outcome = decide(policy, Asking(context, words), symbolic.facts)
        for facts in accounts(policy, ACCOUNTS, seed):
            decision = meaning.decide(policy, facts)
            meant = decided(decision) | {
                "repeat": decision.repeat,
                "stood_down": decision.stood_down,
                "tasks": frozenset(decision.tasks),
                "tells": frozenset(decision.tells),
                "limits": frozenset(decision.limits),
            }
            pairs = substitution(symbolic, facts)
            for name, value in meant.items():
                found = said(outcome[name], pairs)
                assert found == (words.code(value) if isinstance(value, str) else value), name

    agree()
