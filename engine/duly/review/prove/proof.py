"""The guarantees about one decision: proved for every account that can exist, or a customer who breaks one.

A proof asks a solver for an account that breaks the guarantee: within the bounds of
the vocabulary, true to its invariants, decided by the policy's own conditions. Where
there is none the guarantee is proved. Where there is one it is made as plain as it can
be, decided again by the meaning of the policy, and only then shown. What the solver
cannot settle within its measure is not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import z3

from duly.language.conditions import All, Condition, Facts, Value, facts_read
from duly.language.invariants import invariants, is_true_of
from duly.language.policy import Guarantee, GuaranteeForm, Policy, Since
from duly.language.reads import OWN, account_conditions, clocks
from duly.language.vocabulary import ACCOUNT, Layer, Type
from duly.review.prove.broken import breaks as breaks  # noqa: PLC0414
from duly.review.prove.broken import treatment as treatment  # noqa: PLC0414
from duly.review.prove.intervals import domains, never_of
from duly.review.prove.over_time.answer import prove_over_time
from duly.review.prove.over_time.story import Story
from duly.review.prove.search import MEASURE, Unsettled, telling
from duly.review.prove.subject import Subject
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import NUMERIC, Account, Asking, Symbol, Symbols, account, bounds, columns_of, read_back
from duly.review.prove.verdict import Verdict as Verdict  # noqa: PLC0414 readers of proofs take it from here
from duly.rules import meaning
from duly.rules.decision import Decision
from duly.rules.decisive import turns

TREATMENT = (
    *("stage", "step", "tone", "put_off", "tasks", "asked_today", "stood_down", "tells"),
    *("placed_today", "released_today", "limits", "points"),
)
"""What is done for an account: what `same_treatment_whatever` holds equal."""

PROMISES = ("promise", "promises_open")


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
    second differs, and `other_decision` is what it gets. `is_real` says that it stands in a
    book: then of what matters only what is read is among `facts`.
    """

    all_facts: Facts
    facts: tuple[tuple[str, Value], ...]
    decision: Decision
    ranges: Mapping[str, Range] = field(default_factory=dict)
    other: tuple[tuple[str, Value], ...] = ()
    other_decision: Decision | None = None
    is_real: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A guarantee and what became of it; `why` says it where it is neither proved nor disproved.

    Of every run of days `how` says how it was proved, and `story` shows one that breaks it;
    `notes` are what the author ought to know besides.
    """

    guarantee: Guarantee
    verdict: Verdict
    counterexample: Counterexample | None = None
    why: str = ""
    how: str = ""
    story: Story | None = None
    notes: tuple[str, ...] = ()


def prove(policy: Policy, guarantee: Guarantee, *, measure: int = MEASURE, notes: bool = True) -> Proof:
    """What becomes of a guarantee of the policy; `notes` asks which assumptions it takes, which takes longest."""
    if guarantee.form is GuaranteeForm.OVER_TIME:
        answer = prove_over_time(policy, guarantee, measure=measure, notes=notes)
        return Proof(guarantee, answer.verdict, why=answer.why, how=answer.how, story=answer.story, notes=answer.notes)
    proving = _Proving(Subject.of(policy, [guarantee], measure=measure), guarantee)
    try:
        verdict = proving.verdict()
        found = proving.counterexample() if verdict is Verdict.DISPROVED else None
        why = _why_empty(policy, guarantee, proving.fixed()) if verdict is Verdict.EMPTY else ""
    except Unsettled:
        return Proof(guarantee, Verdict.NOT_PROVED, why="the solver gave up within its measure")
    return Proof(guarantee, verdict, found, why)


def _why_empty(policy: Policy, guarantee: Guarantee, fixed: Sequence[str]) -> str:
    """Why what a guarantee speaks of cannot occur, by the facts of which no value is left, where it is by one alone."""
    if guarantee.form is GuaranteeForm.SAME_TREATMENT:
        decided = [fact for fact in fixed if ACCOUNT[fact].layer > Layer.ACCOUNT]
        if decided:
            return f"`{decided[0]}` is decided by the policy itself; name the facts that it is decided by"
        return f"no two accounts can differ in `{fixed[0]}` and in nothing else; name with it what changes with it"
    condition = guarantee.condition
    never = never_of(condition, domains([policy], [condition]))
    facts = " and ".join(f"`{member or fact}`" for fact, member in never)
    return "no account can be as it says" + (f": no value of {facts} is left" if never else "")


def prove_all(subject: Subject, guarantees: Iterable[Guarantee], *, notes: bool = True) -> Iterator[Proof]:
    """What becomes of each guarantee, asked of one subject that was made for them; `notes` as for `prove`.

    What does not hold, or is not settled so, is asked once more by itself: whom it is shown
    on does not hang on what else the policy promises.
    """
    asked = tuple(guarantees)
    proved = _proved(subject, [guarantee for guarantee in asked if guarantee.form is not GuaranteeForm.OVER_TIME])
    for guarantee in asked:
        if guarantee.id in proved:
            yield Proof(guarantee, Verdict.PROVED)
        else:
            yield prove(subject.policy, guarantee, measure=subject.measure, notes=notes)


def _proved(subject: Subject, guarantees: Sequence[Guarantee]) -> frozenset[str]:
    """The ids of those that speak of somebody and are broken by nobody."""
    proving = [_Proving(subject, guarantee) for guarantee in guarantees]
    found = set()
    with (
        subject.by_name((one.trigger() for one in proving), "trigger") as triggers,
        subject.by_name((one.broken() for one in proving), "broken") as broken,
    ):
        for guarantee, trigger, breaking in zip(guarantees, triggers, broken, strict=True):
            with suppress(Unsettled):
                if subject.is_possible(trigger) and not subject.is_possible(breaking):
                    found.add(guarantee.id)
    return frozenset(found)


class _Proving:
    """One guarantee while it is looked at."""

    def __init__(self, subject: Subject, guarantee: Guarantee) -> None:
        self.subject = subject
        self.policy = subject.policy
        self.guarantee = guarantee
        self.search = subject.search
        self.ask = subject.ask
        self.outcome = subject.outcome
        self.other: Account | None = None
        if guarantee.form is GuaranteeForm.SAME_TREATMENT:
            self.other = self.otherwise()

    def verdict(self) -> Verdict:
        """Whether it holds; raises `Unsettled`."""
        if self.fixed() or not self.search.is_possible(*self.trigger()):
            return Verdict.EMPTY
        return Verdict.DISPROVED if self.search.is_possible(*self.broken()) else Verdict.PROVED

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

    def broken(self) -> Iterator[z3.BoolRef]:
        """That the account breaks the guarantee."""
        guarantee = self.guarantee
        match guarantee.form:
            case GuaranteeForm.NEVER:
                yield self.ask.holds(guarantee.condition, self.outcome)
            case GuaranteeForm.ALWAYS:
                yield self.ask.holds(guarantee.condition, self.outcome)
                yield z3.Not(self.ask.holds(guarantee.then, self.outcome))
            case _:
                yield from self.treated_differently()

    def otherwise(self) -> Account:
        """A second account, other only in the facts that must make no difference and what says the same as they."""
        search, first = self.search, self.search.account
        second = account([self.policy], search.context, self.ask.words, also=search.also, mark="'")
        named = {name for fact in self.guarantee.facts for name in (fact, f"{fact}{OWN}", *twins(self.policy, fact))}
        facts = {n: second.facts[n] if n in named else symbol for n, symbol in first.facts.items()}
        return Account(search.context, self.ask.words, facts, second.axioms, second.choices)

    def fixed(self) -> list[str]:
        """The facts that must make no difference and cannot be otherwise for anybody: nothing is said of them."""
        if self.other is None:
            return []
        supposed = tuple(self.search.suppositions(self.other))
        return [fact for fact in self.guarantee.facts if not self.can_differ(fact, self.other, supposed)]

    def can_differ(self, name: str, other: Account, supposed: Sequence[z3.BoolRef]) -> bool:
        """Say whether two accounts that are alike otherwise can differ in the fact; words and marks always can."""
        fact = ACCOUNT[name]
        if fact.layer > Layer.ACCOUNT:
            return False
        if fact.type in {Type.TEXT, Type.SET}:
            return True
        one, two = self.search.account.facts[name], other.facts[name]
        return self.search.is_possible(*supposed, self.ask.either(one.known != two.known, one.value != two.value))

    def treated_differently(self) -> Iterator[z3.BoolRef]:
        """That the second account is treated otherwise."""
        assert self.other is not None
        yield from self.search.suppositions(self.other)
        yield differently(self.ask, self.outcome, decide(self.policy, self.ask, self.other.facts))

    # The customer who breaks it.

    def counterexample(self) -> Counterexample:
        """The account as the meaning of the policy decides it, which must break the guarantee, too."""
        self.search.suppose(*self.broken())
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
            ranges={} if other_decision else ranges_of(self.policy, self.guarantee, facts),
            other=tuple((n, v) for n, v in other_facts.items() if v != facts[n]),
            other_decision=other_decision,
        )


def _speaks_of_decisions(condition: Condition) -> bool:
    return any(_is_decided(name) for name in facts_read(condition))


def _is_decided(name: str) -> bool:
    fact = ACCOUNT.get(name)
    return fact is not None and fact.layer >= Layer.CONTACT


def twins(policy: Policy, fact: str) -> tuple[str, ...]:
    """The facts that count the same as this one: no account can be otherwise in the one alone."""
    if fact in PROMISES:
        return PROMISES
    counted = {"days_past_due": (Since.DUE_DATE, Since.INVOICE_DATE), "days_since_stage": (Since.PREVIOUS_STAGE,)}.get(
        fact, ()
    )
    return tuple(clock.fact for clock in clocks(policy) if clock.since in counted)


def differently(ask: Asking, one: Symbols, other: Symbols) -> z3.BoolRef:
    """That two decisions treat an account differently."""
    return ask.either(*(_differ(ask, one[name], other[name]) for name in TREATMENT))


def _differ(ask: Asking, one: Symbol, other: Symbol) -> z3.BoolRef:
    if one.value is None:
        members = {*one.members, *other.members}
        pairs = ((one.members.get(m, ask.false), other.members.get(m, ask.false)) for m in sorted(members))
        return ask.either(*(first != second for first, second in pairs))
    return one.value != other.value


def ranges_of(policy: Policy, guarantee: Guarantee, facts: Facts) -> dict[str, Range]:
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
