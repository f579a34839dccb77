"""The guarantees about one decision: proved for every account that can exist, or a customer who breaks one.

A proof asks a solver for an account that breaks the guarantee: within the bounds of
the vocabulary, true to its invariants, decided by the policy's own conditions. Where
there is none the guarantee is proved. Where there is one it is made as plain as it can
be, decided again by the meaning of the policy, and only then shown. What the solver
cannot settle within its measure is not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import z3

from duly.language.conditions import All, Condition, Facts, Value, facts_read, holds
from duly.language.invariants import invariants, is_true_of
from duly.language.policy import Guarantee, GuaranteeForm, Policy
from duly.language.reads import OWN, account_conditions
from duly.language.vocabulary import ACCOUNT, Layer
from duly.review.prove.search import MEASURE, Search, Unsettled, telling
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import NUMERIC, Account, Asking, Symbol, Symbols, account, bounds, columns_of, read_back
from duly.rules import meaning
from duly.rules.decision import Decision
from duly.rules.decisive import turns
from duly.rules.trace import decided

TREATMENT = (
    *("stage", "step", "tone", "put_off", "tasks", "asked_today", "stood_down", "tells"),
    *("placed_today", "released_today", "limits", "points"),
)
"""What is done for an account: what `same_treatment_whatever` holds equal."""


class Verdict(Enum):
    """What became of a guarantee."""

    PROVED = "proved"
    DISPROVED = "does not hold"
    NOT_PROVED = "not proved"
    EMPTY = "says nothing"
    """What it speaks of cannot occur."""


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where a number of a counterexample can be with nothing else changed."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Counterexample:
    """An account for which a guarantee does not hold, as `meaning` decides it.

    `facts` are those that matter, in the vocabulary's order; every other is as `all_facts`
    has it: zero, no, none or unknown wherever that is possible. `ranges` are of numbers.
    Of two accounts that ought to be treated alike, `other` has the facts in which the
    second differs, and `other_decision` is what it gets.
    """

    all_facts: Facts
    facts: tuple[tuple[str, Value], ...]
    decision: Decision
    ranges: Mapping[str, Range] = field(default_factory=dict)
    other: tuple[tuple[str, Value], ...] = ()
    other_decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """A guarantee and what became of it; `why` says it where it is neither proved nor disproved."""

    guarantee: Guarantee
    verdict: Verdict
    counterexample: Counterexample | None = None
    why: str = ""


def prove(policy: Policy, guarantee: Guarantee, *, measure: int = MEASURE) -> Proof:
    """What becomes of a guarantee of the policy."""
    if guarantee.form is GuaranteeForm.OVER_TIME:
        return Proof(guarantee, Verdict.NOT_PROVED, why="promises about runs of days are not proved yet")
    proving = _Proving(policy, guarantee, measure)
    return proving.proof()


class _Proving:
    """One guarantee while it is looked at."""

    def __init__(self, policy: Policy, guarantee: Guarantee, measure: int) -> None:
        self.policy = policy
        self.guarantee = guarantee
        self.search = Search([policy], (guarantee.condition, guarantee.then), measure=measure)
        self.ask = self.search.ask
        self.outcome = decide(policy, self.ask, self.search.account.facts)
        self.other: Account | None = None

    def proof(self) -> Proof:
        try:
            if not self.search.is_possible(*self.trigger()):
                return Proof(self.guarantee, Verdict.EMPTY, why="no account can be as it says")
            self.search.suppose(self.broken())
            if not self.search.is_possible():
                return Proof(self.guarantee, Verdict.PROVED)
            return Proof(self.guarantee, Verdict.DISPROVED, self.counterexample())
        except Unsettled:
            return Proof(self.guarantee, Verdict.NOT_PROVED, why="the solver gave up within its measure")

    # What is asked.

    def trigger(self) -> Iterator[z3.BoolRef]:
        """What must be possible for the guarantee to say anything."""
        condition = self.guarantee.condition
        match self.guarantee.form:
            case GuaranteeForm.ALWAYS:
                yield self.ask.holds(condition, self.outcome)
            case GuaranteeForm.NEVER:
                # What is decided is what must not happen; whom it speaks of must be able to exist.
                parts = condition.parts if isinstance(condition, All) else (condition,)
                yield from (self.ask.holds(part, self.outcome) for part in parts if not _speaks_of_decisions(part))
            case _:
                pass

    def broken(self) -> z3.BoolRef:
        """That the account breaks the guarantee."""
        guarantee = self.guarantee
        match guarantee.form:
            case GuaranteeForm.NEVER:
                return self.ask.holds(guarantee.condition, self.outcome)
            case GuaranteeForm.ALWAYS:
                kept = self.ask.holds(guarantee.then, self.outcome)
                return self.ask.both(self.ask.holds(guarantee.condition, self.outcome), z3.Not(kept))
            case _:
                return self.treated_differently()

    def treated_differently(self) -> z3.BoolRef:
        """That a second account, other only in the facts that must make no difference, is treated otherwise."""
        search, first = self.search, self.search.account
        second = account([self.policy], search.context, self.ask.words, also=search.also, mark="'")
        named = {*self.guarantee.facts, *(f"{fact}{OWN}" for fact in self.guarantee.facts)}
        facts = {n: second.facts[n] if n in named else symbol for n, symbol in first.facts.items()}
        self.other = Account(search.context, self.ask.words, facts, second.axioms, second.choices)
        search.suppose(*search.suppositions(self.other))
        return differently(self.ask, self.outcome, decide(self.policy, self.ask, facts))

    # The customer who breaks it.

    def counterexample(self) -> Counterexample:
        """The account as the meaning of the policy decides it, which must break the guarantee, too."""
        model = self.search.plainest()
        facts = self.search.facts(model)
        decision = meaning.decide(self.policy, facts)
        other_facts: dict[str, Value] = {}
        other_decision = None
        if self.other is not None:
            other_facts = {**facts, **{n: v for n, v in read_back(self.other, model).items() if v != facts[n]}}
            other_decision = meaning.decide(self.policy, other_facts)
        if not breaks(self.guarantee, facts, decision, other_decision):
            raise AssertionError(f"the counterexample to `{self.guarantee.id}` is none by the meaning of the policy")
        return Counterexample(
            all_facts=facts,
            facts=tuple(telling(facts, self.search.columns)),
            decision=decision,
            ranges={} if other_decision else _ranges(self.policy, self.guarantee, facts),
            other=tuple((n, v) for n, v in other_facts.items() if v != facts[n]),
            other_decision=other_decision,
        )


def breaks(guarantee: Guarantee, facts: Facts, decision: Decision, other: Decision | None = None) -> bool:
    """Say whether an account breaks a guarantee, by the meaning of the policy."""
    known = {**facts, **decided(decision)}
    match guarantee.form:
        case GuaranteeForm.NEVER:
            return holds(guarantee.condition, known)
        case GuaranteeForm.ALWAYS:
            return holds(guarantee.condition, known) and not holds(guarantee.then, known)
        case GuaranteeForm.SAME_TREATMENT:
            return other is not None and treatment(decision) != treatment(other)
        case _:
            return False


def treatment(decision: Decision) -> tuple[object, ...]:
    """What an account gets, as far as `same_treatment_whatever` speaks of it."""
    return (
        *(decision.stage, decision.step, decision.tone, decision.put_off, decision.tasks, decision.asks),
        *(decision.stood_down, decision.tells, decision.place, decision.release, decision.limits, decision.points),
    )


def _speaks_of_decisions(condition: Condition) -> bool:
    return any(_is_decided(name) for name in facts_read(condition))


def _is_decided(name: str) -> bool:
    fact = ACCOUNT.get(name)
    return fact is not None and fact.layer >= Layer.CONTACT


def differently(ask: Asking, one: Symbols, other: Symbols) -> z3.BoolRef:
    """That two decisions treat an account differently."""
    return ask.either(*(_differ(ask, one[name], other[name]) for name in TREATMENT))


def _differ(ask: Asking, one: Symbol, other: Symbol) -> z3.BoolRef:
    if one.value is None:
        members = {*one.members, *other.members}
        pairs = ((one.members.get(m, ask.false), other.members.get(m, ask.false)) for m in sorted(members))
        return ask.either(*(first != second for first, second in pairs))
    return one.value != other.value


def _ranges(policy: Policy, guarantee: Guarantee, facts: Facts) -> dict[str, Range]:
    """How far each number can move alone, in steps of the numbers that the policy asks, with the guarantee broken."""
    conditions = [reading.condition for reading in account_conditions(policy)]
    conditions += [stage.reached for stage in policy.stages()]
    numbers = turns([*conditions, guarantee.condition, guarantee.then])
    found = {}
    for column in columns_of([policy], (guarantee.condition, guarantee.then)):
        value = facts.get(column.name)
        if column.type not in NUMERIC or type(value) is not int or not numbers.get(column.name):
            continue
        least, most = bounds(column)
        points = sorted({least, most, *(n for number in numbers[column.name] for n in (number - 1, number))})

        def still(number: int, name: str = column.name) -> bool:
            changed = {**facts, name: number}
            possible = all(is_true_of(invariant, changed) for invariant in invariants(policy))
            return possible and breaks(guarantee, changed, meaning.decide(policy, changed))

        below = [number for number in reversed(points) if number < value]
        above = [number for number in points if number > value]
        low, high = _as_far(value, below, still), _as_far(value, above, still)
        if low != high:
            found[column.name] = Range(low, high)
    return found


def _as_far(value: int, further: Sequence[int], still: Callable[[int], bool]) -> int:
    reached = value
    for number in further:
        if not still(number):
            break
        reached = number
    return reached
