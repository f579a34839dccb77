"""Gaps in a ladder: late accounts for which no stage ever comes, and thresholds with nothing between them.

Waiting is given its chance: whatever a stage asks about days, about what was executed and
about the day itself is taken to come true one day. What is left is what a customer is and
owes; where no stage takes that, none will.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from duly.language.conditions import ALWAYS, NEVER, All, Any, Condition, Facts, Leaf, Not, facts_read, holds
from duly.language.english import value_text
from duly.language.policy import Ladder, Policy, Stage
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT
from duly.review.prove.finding import Finding, Sort, shown_on
from duly.review.prove.intervals import Domain, domains, only_fact, values_of
from duly.review.prove.search import symbolic
from duly.review.prove.subject import Subject
from duly.review.prove.symbolic import before_stages
from duly.review.prove.symbols import NUMERIC, Symbol, Symbols
from duly.rules import layers
from duly.rules.decisive import turns
from duly.rules.trace import decided

PASSES = frozenset({"executed_stage", "months_as_customer", "contacts_in_window", "contacted_today", "contact_day"})
"""Facts that another day changes with nothing done, beside those that count days."""


def gaps(subject: Subject) -> Iterator[Finding]:
    """The gaps of every ladder, each shown on an account; raises `Unsettled`."""
    for ladder in subject.policy.ladders:
        yield from _left_out(subject, ladder)
        for fact in _numbers_asked(ladder):
            yield from _stuck_between(subject, ladder, fact)


# What waiting does not bring.


def some_day(condition: Condition) -> Condition:
    """The condition with every test that waiting may change taken to hold."""
    return _some_day(condition, wanted=True)


def _some_day(condition: Condition, *, wanted: bool) -> Condition:
    match condition:
        case All(parts, span):
            return All(tuple(_some_day(part, wanted=wanted) for part in parts), span)
        case Any(parts, span):
            return Any(tuple(_some_day(part, wanted=wanted) for part in parts), span)
        case Not(part, span):
            return Not(_some_day(part, wanted=not wanted), span)
        case leaf:
            if not _passes(leaf):
                return leaf
            return ALWAYS if wanted else NEVER


def _passes(leaf: Leaf) -> bool:
    fact = ACCOUNT.get(leaf.fact)
    if fact is None:
        # Clocks, and the days and times of each stage.
        return not leaf.fact.endswith(OWN)
    return fact.unit == "days" or leaf.fact in PASSES or leaf.fact.startswith("aged_")


def _rungs(ladder: Ladder) -> list[tuple[Stage, Condition]]:
    """The stages for accounts that are late, each with what it asks beside waiting."""
    return [(stage, some_day(stage.when)) for stage in ladder.stages if not stage.before_due]


def highest(ladder: Ladder, facts: Facts) -> Stage | None:
    """The most severe stage that can come for a late account, however late it gets."""
    return next((stage for stage, when in reversed(_rungs(ladder)) if holds(when, facts)), None)


# Late, and nothing comes.


def _left_out(subject: Subject, ladder: Ladder) -> Iterator[Finding]:
    rungs = _rungs(ladder)
    if any(when == ALWAYS for _, when in rungs):
        return
    asked = [*_chased(subject, ladder), *(z3.Not(subject.holds(when)) for _, when in rungs)]
    if not subject.is_possible(*asked):
        return
    alone = Subject(subject.policy, measure=subject.measure)
    alone.search.suppose(*_chased(alone, ladder), *(z3.Not(alone.holds(when)) for _, when in rungs))
    facts = alone.search.facts(alone.search.plainest())
    found = shown_on(subject.policy, alone, facts)
    if found.decision.ladder != ladder.id or highest(ladder, {**facts, **decided(found.decision)}) is not None:
        raise AssertionError(f"a stage of `{ladder.id}` comes for the account that it leaves out")
    yield Finding(Sort.LEFT_OUT, ladder.span, "late, and however late it gets no stage of the ladder is for it", found)


def _chased(subject: Subject, ladder: Ladder) -> Iterator[z3.BoolRef]:
    """That the account is late, on the ladder, not paused and not too small."""
    yield subject.is_word("ladder", ladder.id)
    yield subject.holds(layers.IS_LATE)
    yield z3.Not(subject.outcome["paused"].value)
    yield z3.Not(subject.holds(layers.too_small(subject.policy)))
    yield z3.Not(subject.holds(layers.OUTCOME_UNKNOWN))


# Between two thresholds.


def _numbers_asked(ladder: Ladder) -> tuple[str, ...]:
    """The numbers, other than of days, by which the stages differ."""
    asked = sorted({name for _, when in _rungs(ladder) for name in facts_read(when)})
    return tuple(name for name in asked if (fact := ACCOUNT.get(name.removesuffix(OWN))) and fact.type in NUMERIC)


def _stuck_between(subject: Subject, ladder: Ladder, fact: str) -> Iterator[Finding]:
    rungs = _rungs(ladder)
    asking = [at for at, (_, when) in enumerate(rungs) if fact in facts_read(when)]
    pairs = [(low, high) for low in asking for high in asking if low != high]
    every = domains([subject.policy])
    pairs = [(low, high) for low, high in pairs if _may_leave_a_gap(rungs[low][1], rungs[high][1], every[fact, ""])]
    if not pairs:
        return
    trio = _Trio(subject, ladder, fact)
    for low, high in pairs:
        if not subject.is_possible(*trio.asked(low, high)):
            continue
        alone = Subject(subject.policy, measure=subject.measure)
        again = _Trio(alone, ladder, fact)
        alone.search.suppose(*again.asked(low, high))
        yield again.finding(rungs[low][0], rungs[high][0])
        return


def _may_leave_a_gap(low: Condition, high: Condition, domain: Domain) -> bool:
    """Say whether the one may be for less and the other for more; both by the number alone, they are mostly not."""
    if only_fact(low) is None or only_fact(low) != only_fact(high):
        return True
    takes = values_of(low, domain), values_of(high, domain)
    less, more = (takes[0] - takes[1]).intervals, (takes[1] - takes[0]).intervals
    return bool(less and more) and less[0][0] + 1 < more[-1][1]


class _Trio:
    """Three accounts that differ in one number alone: too large for one stage, too small for another, and those."""

    def __init__(self, subject: Subject, ladder: Ladder, fact: str) -> None:
        self.subject = subject
        self.ladder = ladder
        self.fact = fact
        self.middle = subject.outcome
        self.less, self.more = self.moved("less"), self.moved("more")

    def moved(self, mark: str) -> Symbols:
        """The account with another number, and what is decided about it before its stage."""
        search = self.subject.search
        facts = dict(search.account.facts)
        facts[self.fact] = Symbol(z3.Int(f"{self.fact} {mark}", search.context), facts[self.fact].known)
        return before_stages(self.subject.policy, self.subject.ask, facts)

    def asked(self, low: int, high: int) -> Iterator[z3.BoolRef]:
        """That one stage takes the account with less, another that with more, and none from these on that between."""
        ask, rungs = self.subject.ask, _rungs(self.ladder)
        values = [facts[self.fact].value for facts in (self.less, self.middle, self.more)]
        yield from _chased(self.subject, self.ladder)
        yield self.middle[self.fact].known
        yield ask.both(values[0] >= 0, values[0] < values[1], values[1] < values[2])
        for facts in (self.less, self.more):
            yield ask.holds(layers.IS_LATE, facts)
            yield facts["ladder"].value == ask.word(self.ladder.id)
            yield from self.suppositions(facts)
        yield ask.both(ask.holds(rungs[low][1], self.less), z3.Not(ask.holds(rungs[high][1], self.less)))
        yield ask.both(ask.holds(rungs[high][1], self.more), z3.Not(ask.holds(rungs[low][1], self.more)))
        yield from (z3.Not(ask.holds(when, self.middle)) for _, when in rungs[min(low, high) :])

    def suppositions(self, facts: Symbols) -> Iterator[z3.BoolRef]:
        """What is true of every account, as far as the number plays a part in it."""
        yield from (symbolic(self.subject.ask, one, facts) for one in self.subject.search.invariants)

    def finding(self, low: Stage, high: Stage) -> Finding:
        """The account that falls between the two, made plain."""
        search, policy = self.subject.search, self.subject.policy
        facts = search.facts(search.plainest())
        found = shown_on(policy, self.subject, facts)
        known = {**facts, **decided(found.decision)}
        reached = highest(self.ladder, known)
        if found.decision.ladder != self.ladder.id or reached in (low, high):
            raise AssertionError(f"the account between `{low.id}` and `{high.id}` is taken by one of them")
        stops = f"no stage beyond `{reached.id}`" if reached else "no stage"
        between = _said(policy, self.fact, _piece(self.ladder, self.fact, known))
        return Finding(
            Sort.STUCK_BETWEEN,
            high.span,
            f"with `{self.fact}` {between} {stops} ever comes: `{low.id}` is for less and `{high.id}` for more",
            found,
        )


def _piece(ladder: Ladder, fact: str, known: Facts) -> tuple[int, int]:
    """The numbers about the account's own among which no stage tells a difference."""
    value = known[fact]
    assert isinstance(value, int)
    points = turns([when for _, when in _rungs(ladder)])[fact]
    return max((p for p in points if p <= value), default=value), min(p for p in points if p > value) - 1


def _said(policy: Policy, fact: str, piece: tuple[int, int]) -> str:
    return " to ".join(value_text(fact, number, policy.currency) for number in dict.fromkeys(piece))
