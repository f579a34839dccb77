"""A policy as a question: one account of which nothing is known, and what the policy decides about it.

To write a large policy down as formulas takes longer than to answer a question about it, so
everything that is asked of a policy is asked of one subject. Nothing that is asked stays
behind: an answer is the same whatever was asked before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import z3

from duly.language.conditions import Condition, Includes, Is
from duly.language.policy import Guarantee, Policy
from duly.review.prove.search import MEASURE, Search
from duly.review.prove.symbolic import decide


class Subject:
    """A policy, a symbolic account, and what is decided about it; `also` are conditions to be asked beside it."""

    def __init__(self, policy: Policy, also: Iterable[Condition] = (), *, measure: int = MEASURE) -> None:
        self.policy = policy
        self.measure = measure
        self.search = Search([policy], also, measure=measure)
        self.ask = self.search.ask
        self.outcome = decide(policy, self.ask, self.search.account.facts)

    @classmethod
    def of(cls, policy: Policy, guarantees: Iterable[Guarantee], *, measure: int = MEASURE) -> Subject:
        """A subject of which these guarantees can be asked."""
        also = (condition for guarantee in guarantees for condition in (guarantee.condition, guarantee.then))
        return cls(policy, tuple(also), measure=measure)

    def is_possible(self, *wanted: z3.BoolRef) -> bool:
        """Say whether an account can exist of which all this is true; raises `Unsettled`."""
        return self.search.is_possible(*wanted)

    @contextmanager
    def by_name(
        self, questions: Iterable[Iterable[z3.BoolRef]], sort: str = "question"
    ) -> Iterator[tuple[z3.BoolRef, ...]]:
        """A name for each of many questions, to be asked in its place until the block ends.

        Told of all of them beforehand the solver goes through the policy once and not once a question.
        """
        asked = [self.ask.both(*question) for question in questions]
        names = tuple(z3.Bool(f"{sort} {at}", self.search.context) for at in range(len(asked)))
        with self.search.supposing(*(z3.Implies(name, one) for name, one in zip(names, asked, strict=True))):
            yield names

    def holds(self, condition: Condition) -> z3.BoolRef:
        """That the condition holds of the account and what is decided about it."""
        return self.ask.holds(condition, self.outcome)

    def includes(self, fact: str, member: str) -> z3.BoolRef:
        """That a set has the member."""
        return self.holds(Includes(fact, member))

    def is_word(self, fact: str, *words: str) -> z3.BoolRef:
        """That a fact is one of the words."""
        return self.holds(Is(fact, words))
