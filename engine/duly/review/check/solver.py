"""The solver as the checks ask it: whether an account can exist for which something is so."""

from __future__ import annotations

import z3

from duly.language.conditions import Value
from duly.language.policy import Exception_, Policy
from duly.review.prove.idle import Acting, acting
from duly.review.prove.proof import differently
from duly.review.prove.search import Unsettled
from duly.review.prove.subject import Subject
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import OTHER, Symbol, Symbols
from duly.rules.decision import NONE


class Solver(Subject):
    """A policy's decision about a symbolic account. What cannot be settled is neither possible nor impossible."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.acting: tuple[Acting, ...] = tuple(acting(self))

    # Formulas.

    def not_(self, formula: z3.BoolRef) -> z3.BoolRef:
        """That it is not so."""
        return z3.Not(formula)

    def is_in_currency(self, currency: str) -> z3.BoolRef:
        """That the account is in a currency, which the policy need not name."""
        named = self.search.account.choices["currency"]
        return self.is_word("currency", currency if currency in named else OTHER)

    # Questions.

    def can(self, *wanted: z3.BoolRef) -> bool:
        """Say whether such an account can exist for certain."""
        try:
            return self.search.is_possible(*wanted)
        except Unsettled:
            return False

    def never(self, *wanted: z3.BoolRef) -> bool:
        """Say whether such an account cannot exist for certain."""
        try:
            return not self.search.is_possible(*wanted)
        except Unsettled:
            return False

    def facts(self, *wanted: z3.BoolRef) -> dict[str, Value] | None:
        """The facts of such an account, as the solver happens to find one."""
        try:
            return self.search.facts(self.search.model()) if self.search.is_possible(*wanted) else None
        except Unsettled:
            return None

    def plainest(self, *wanted: z3.BoolRef) -> dict[str, Value]:
        """The facts of the plainest such account; none where there is none."""
        try:
            with self.search.supposing(*wanted):
                return self.search.facts(self.search.plainest())
        except Unsettled:
            return {}

    def decides_alike(self, other: Policy) -> bool:
        """Say whether another policy over the same facts decides the same for every account, for certain."""
        theirs = decide(other, self.ask, self.search.account.facts)
        return self.never(self.differ(theirs))

    def decides_alike_with(self, exception: Exception_) -> bool:
        """Say whether an exception makes no difference to any account, for certain."""
        if exception.pause:
            return False
        facts = self.search.account.facts
        nothing = {"exception__tone": NONE, "exception__stage": NONE, "exception__ladder": ""}
        asked = {
            "exception__tone": exception.tone_at_most or NONE,
            "exception__stage": exception.stage_at_most or NONE,
            "exception__ladder": exception.ladder,
        }
        no_pause = {"exception__pause": Symbol(self.ask.false, self.ask.true)}
        without, with_it = (
            decide(self.policy, self.ask, {**facts, **no_pause, **{n: self._word(w) for n, w in words.items()}})
            for words in (nothing, asked)
        )
        return self.never(self.differ(with_it, without))

    def _word(self, word: str) -> Symbol:
        return Symbol(self.ask.word(word), self.ask.true)

    def differ(self, theirs: Symbols, ours: Symbols | None = None) -> z3.BoolRef:
        """That another decision about the account treats it differently, or sees it in another place."""
        ours = ours or self.outcome
        pauses = (
            inside != theirs["pauses"].members.get(id_, self.ask.false)
            for id_, inside in ours["pauses"].members.items()
        )
        words = (ours[name].value != theirs[name].value for name in ("segment", "ladder"))
        return self.ask.either(differently(self.ask, ours, theirs), *pauses, *words)
