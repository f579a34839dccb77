"""What became of every mutant: noticed by a case, alike to the policy, or not noticed.

A case notices a mutant where it passes under the policy and fails under the mutant.
What no case notices is asked of the solver: a mutant that decides every account as
the policy does is no mistake and counts for nothing; of every other there is an
account that tells the two apart, and a case about it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.review.cases.case import Case, Customer
from duly.review.cases.run import Runner
from duly.review.mutate.alike import account_apart, as_written
from duly.review.mutate.edits import Shows
from duly.review.mutate.mutants import Mutant, mutants
from duly.review.prove.search import MEASURE, Unsettled
from duly.rules import meaning


class Fate(Enum):
    """What became of a mutant."""

    NOTICED = "noticed"
    ALIKE = "alike"
    """Proved to decide every account as the policy does."""
    MISSED = "missed"
    NOT_SETTLED = "not settled"
    """No case notices it, and the solver gave up; it counts as missed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant and what became of it: the case that noticed it, or an account that tells it from the policy.

    `account` is None for a missed mutant that only shows in a ledger or in what is done.
    """

    mutant: Mutant
    fate: Fate
    case: str = ""
    account: Facts | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What became of all mutants of a policy, in the order of its lines."""

    outcomes: tuple[Outcome, ...]

    def of(self, *fates: Fate) -> tuple[Outcome, ...]:
        """Those of which this became."""
        return tuple(outcome for outcome in self.outcomes if outcome.fate in fates)

    @property
    def noticed(self) -> int:
        """How many mutants a case notices."""
        return len(self.of(Fate.NOTICED))

    @property
    def noticeable(self) -> int:
        """How many there are, those left out that are proved to be alike."""
        return len(self.outcomes) - len(self.of(Fate.ALIKE))

    def reaches(self, pct: int) -> bool:
        """Say whether so many per cent of the noticeable mutants are noticed; with none, yes."""
        return self.noticed * 100 >= pct * self.noticeable


def failing(policy: Policy, cases: Iterable[Case]) -> tuple[str, ...]:
    """The cases that the policy itself fails: while there are any, nothing can be said of mutants."""
    runner = Runner(policy)
    return tuple(case.id for case in cases if not runner.run(case).passed)


def score(policy: Policy, cases: Sequence[Case], *, only: str = "", measure: int = MEASURE) -> Score:
    """What becomes of every mutant of the policy, or of those with `only` in their id; all cases pass under it."""
    tried = Tried(cases)
    return Score(tuple(_outcome(policy, one, tried, measure) for one in mutants(policy) if only in one.id))


def _outcome(policy: Policy, mutant: Mutant, tried: Tried, measure: int) -> Outcome:
    if (case := tried.noticing(mutant)) is not None:
        return Outcome(mutant, Fate.NOTICED, case.id)
    if mutant.shows is not Shows.DECISION:
        return Outcome(mutant, Fate.MISSED)
    try:
        account = account_apart(policy, mutant.policy, measure=measure)
    except Unsettled:
        return Outcome(mutant, Fate.NOT_SETTLED)
    if account is None:
        return Outcome(mutant, Fate.ALIKE)
    described = (one for one in as_written(policy, account) if _is_apart(policy, mutant.policy, one))
    return Outcome(mutant, Fate.MISSED, account=next(described, account))


def _is_apart(policy: Policy, other: Policy, facts: Facts) -> bool:
    return meaning.decide(policy, facts) != meaning.decide(other, facts)


class Tried:
    """The cases in the order in which they are tried: customers before ledgers, the last that noticed something first.

    Mutants come in the order of the policy's lines, so whoever noticed the last one is
    likely to notice the next. A ledger takes a hundred times as long as a customer.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        cases = tuple(cases)
        self.customers = [case for case in cases if isinstance(case.subject, Customer)]
        self.ledgers = [case for case in cases if not isinstance(case.subject, Customer)]

    def noticing(self, mutant: Mutant) -> Case | None:
        """A case that fails under the mutant."""
        runner = Runner(mutant.policy)
        for those in (self.customers, self.ledgers):
            for n, case in enumerate(those):
                if not runner.run(case).passed:
                    those.insert(0, those.pop(n))
                    return case
        return None
