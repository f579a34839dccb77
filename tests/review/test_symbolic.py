"""The proof's reading of a policy is the meaning's: whatever policy, whatever account."""

from __future__ import annotations

from collections.abc import Mapping

import z3
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import Account, Asking, Symbol, Words, account
from duly.rules import meaning
from duly.rules.decision import NONE
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


def joined(symbols: Mapping[str, Symbol]) -> z3.ExprRef:
    """Everything that the symbols say as one term, so that values are put in only once."""
    parts = [part for symbol in symbols.values() for part in parts_of(symbol)]
    return z3.Function("said", *(part.sort() for part in parts), z3.BoolSort(parts[0].ctx))(*parts)


def parts_of(symbol: Symbol) -> list[z3.ExprRef]:
    return list(symbol.members.values()) if symbol.value is None else [symbol.value]


def said(symbols: Mapping[str, Symbol], pairs: list[tuple[z3.ExprRef, z3.ExprRef]]) -> dict[str, object]:
    """The value that each symbol comes to."""
    answers = iter(z3.simplify(z3.substitute(joined(symbols), *pairs)).children())
    return {name: value(symbol, [next(answers) for _ in parts_of(symbol)]) for name, symbol in symbols.items()}


def value(symbol: Symbol, answers: list[z3.ExprRef]) -> object:
    if symbol.value is None:
        return frozenset(member for member, inside in zip(symbol.members, answers, strict=True) if z3.is_true(inside))
    (answer,) = answers
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
                "wait": decision.wait.value if decision.wait else NONE,
                "next_stage": decision.next_stage,
                "hold_waits": frozenset(decision.hold_waits),
            }
            found = said({name: outcome[name] for name in meant}, substitution(symbolic, facts))
            for name, value in meant.items():
                assert found[name] == (words.code(value) if isinstance(value, str) else value), name

    agree()
