"""Never softer with more days late: of two accounts that differ only in that, the later gets no less.

Less is a milder stage of the same ladder to stand on, or a milder tone today. Everything
else about the two is the same: what was executed and when, what is owed, who they are.
The days past due, and the clocks that count from the due date and the invoice date with
them, are further on for the second. An account that is paused gets nothing, and one whose
stage is put off gets it another day; neither is softer, so both are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import z3

from duly.language.conditions import Facts, Value, holds
from duly.language.policy import Period, Policy, Since, ToneLimit
from duly.language.reads import clocks
from duly.review.prove.finding import Finding, Sort, shown_on
from duly.review.prove.subject import Subject
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import Account, Symbol, account, read_back
from duly.rules import meaning
from duly.rules.decision import NONE
from duly.rules.trace import decided
from duly.source import Span

DAYS = "days_past_due"


def softer_later(subject: Subject) -> Iterator[Finding]:
    """Every rule that makes a later account get less, each shown once; raises `Unsettled`.

    Whether there is any is asked of the subject; who shows it is looked for afresh, so that
    it hangs on nothing else that was asked.
    """
    if not subject.is_possible(*_Pair(subject).softer()):
        return
    policy = subject.policy
    alone = Subject(policy, measure=subject.measure)
    pair = _Pair(alone)
    alone.search.suppose(*pair.softer())
    while alone.is_possible():
        # What makes it plain must not stay behind: the next one may be less plain.
        one, other = _plainest(pair, alone)
        lost = what_is_less(policy, one, other)
        if lost is None:
            raise AssertionError("the later account gets no less by the meaning of the policy")
        differs = {name: value for name, value in other.items() if value != one[name]}
        yield Finding(Sort.SOFTER_LATER, lost.span, lost.message, shown_on(policy, alone, one, differs))
        alone.search.suppose(pair.without(lost))


def _plainest(pair: _Pair, subject: Subject) -> tuple[dict[str, Value], dict[str, Value]]:
    search = subject.search
    with search.supposing():
        model = search.plainest()
        search.make_small(pair.later[DAYS].value)
        model = search.any_one()
        one = search.facts(model)
        other = {**one, **{n: v for n, v in read_back(pair.second, model).items() if n in pair.moving}}
    return one, other


@dataclass(frozen=True, slots=True)
class Less:
    """What the later account gets less of, and the rule that makes the difference."""

    span: Span
    message: str
    limit: ToneLimit | None = None
    stage: str = ""


def what_is_less(policy: Policy, one: Facts, other: Facts) -> Less | None:
    """The first thing of which the second account, the later one, gets less by the meaning of the policy; or None."""
    first, second = meaning.decide(policy, one), meaning.decide(policy, other)
    if first.paused or second.paused or second.put_off:
        return None
    on = f"on day {one[DAYS]}", f"on day {other[DAYS]}"
    ranks = _ranks(policy)
    if NONE not in (first.tone, second.tone) and policy.tones.index(second.tone) < policy.tones.index(first.tone):
        known = {**one, **decided(first)}, {**other, **decided(second)}
        for limit in policy.tone_limits:
            came = holds(limit.when, known[1]) and not holds(limit.when, known[0])
            if came and limit.at_most == second.tone:
                return Less(
                    limit.span,
                    f"tone `{first.tone}` {on[0]} and no more than `{second.tone}` {on[1]}, "
                    f"by the tone limit `{limit.id}`",
                    limit=limit,
                )
        stage = next(s for s in policy.ladder(first.ladder).stages if s.id == first.step)
        return Less(
            stage.span,
            f"`{first.step}` in the tone `{first.tone}` {on[0]}, `{second.step}` in the tone `{second.tone}` {on[1]}",
            stage=first.step,
        )
    if first.ladder == second.ladder != NONE and ranks[second.ladder, second.stage] < ranks[first.ladder, first.stage]:
        stage = next(s for s in policy.ladder(first.ladder).stages if s.id == first.stage)
        return Less(stage.span, f"stage `{first.stage}` {on[0]}, `{second.stage}` {on[1]}", stage=first.stage)
    return None


def _ranks(policy: Policy) -> Mapping[tuple[str, str], int]:
    ranks = {(ladder.id, NONE): 0 for ladder in policy.ladders}
    return ranks | {(ladder.id, s.id): n for ladder in policy.ladders for n, s in enumerate(ladder.stages, start=1)}


class _Pair:
    """Two symbolic accounts of a subject, the second further on in days past due and in nothing else."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.policy = subject.policy
        self.ask = subject.ask
        search = subject.search
        self.second: Account = account([self.policy], search.context, self.ask.words, also=search.also, mark=" later")
        counted = [clock for clock in clocks(self.policy) if clock.since is not Since.PREVIOUS_STAGE]
        self.moving = frozenset({DAYS, *(clock.fact for clock in counted)})
        self.counted = counted
        first = search.account.facts
        self.now = subject.outcome
        self.facts: dict[str, Symbol] = {n: self.second.facts[n] if n in self.moving else s for n, s in first.items()}
        self.later = decide(self.policy, self.ask, self.facts)

    def softer(self) -> Iterator[z3.BoolRef]:
        """That the second account gets less."""
        search = self.subject.search
        yield from search.suppositions(
            Account(search.context, self.ask.words, self.facts, self.second.axioms, self.second.choices)
        )
        yield from self.further_on()
        for outcome in (self.now, self.later):
            yield z3.Not(outcome["paused"].value)
        yield z3.Not(self.later["put_off"].value)
        yield self.ask.either(self.milder_tone(), *self.milder_stages())

    def further_on(self) -> Iterator[z3.BoolRef]:
        """That the second is late by more days, and every clock by as many."""
        days = self.later[DAYS].value - self.now[DAYS].value
        yield days > 0
        for clock in self.counted:
            one, other = self.now[clock.fact], self.later[clock.fact]
            yield one.known == other.known
            more = other.value - one.value
            match clock.period:
                case Period.DAYS if clock.month_end:
                    yield self.ask.both(more >= 0, more >= days - 31, more <= days + 31)
                case Period.DAYS:
                    yield more == days
                case Period.MONTHS:
                    yield self.ask.both(more >= 0, 31 * more <= days + 62, 28 * more >= days - 62)

    def milder_tone(self) -> z3.BoolRef:
        ranks = [self.tone_rank(outcome["tone"]) for outcome in (self.now, self.later)]
        return self.ask.both(ranks[1] >= 0, ranks[1] < ranks[0])

    def tone_rank(self, tone: Symbol) -> z3.ArithRef:
        ask = self.ask
        ranks = ((tone.value == ask.word(name), ask.number(n)) for n, name in enumerate(self.policy.tones))
        return ask.first(ranks, ask.number(-1))

    def milder_stages(self) -> Iterator[z3.BoolRef]:
        """Of each ladder, that both are on it and the second stands on a milder stage."""
        ask = self.ask
        for ladder in self.policy.ladders:
            on = (outcome["ladder"].value == ask.word(ladder.id) for outcome in (self.now, self.later))
            ranks = (
                ask.first(
                    ((outcome["stage"].value == ask.word(s.id), ask.number(n)) for n, s in enumerate(ladder.stages)),
                    ask.number(-1),
                )
                for outcome in (self.now, self.later)
            )
            one, other = ranks
            yield ask.both(*on, other < one)

    def without(self, lost: Less) -> z3.BoolRef:
        """That it is not by this rule."""
        if lost.limit is not None:
            before, after = (self.ask.holds(lost.limit.when, outcome) for outcome in (self.now, self.later))
            return z3.Implies(after, before)
        return z3.Not(self.subject.is_word("stage", lost.stage))
