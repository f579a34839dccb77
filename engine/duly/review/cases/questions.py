"""The tests and numbers of a policy that cases are to see, and of whom each is asked.

Every condition is asked of some accounts only: that of a stage of those on its
ladder, its day of those for whom the stage is next. What another account happens to
have says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial

from duly.language.conditions import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Compare,
    Condition,
    Facts,
    Includes,
    Is,
    Known,
    Leaf,
    Not,
    Op,
    Value,
    holds,
    leaves,
    truth,
)
from duly.language.policy import (
    Basis,
    Clock,
    Ladder,
    Period,
    Policy,
    Repeat,
    SalesRule,
    Since,
    Stage,
    Stops,
)
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, INVOICE
from duly.review.cases.deeds import Seen
from duly.rules import layers
from duly.rules.decision import NONE, Decision, Wait
from duly.source import Span


class Kind(Enum):
    """What is counted."""

    RULES = "rules"
    OUTCOMES = "outcomes"
    BOUNDARIES = "boundaries"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be seen: of which rule, where it is written, and what exactly.

    `leaf` is the test of a fact that it is about, where it is about one; `value` the
    value to be seen of a boundary, the answer to be seen of an outcome.
    """

    kind: Kind
    rule: str
    what: str
    span: Span
    leaf: Leaf | None = None
    value: int | bool | None = None


@dataclass(frozen=True, slots=True)
class _Test:
    """A test of a fact in a condition, with the condition as it is where the test holds and where it fails."""

    leaf: Leaf
    if_so: Condition
    if_not: Condition

    def settles(self, facts: Facts) -> bool:
        """Say whether the condition hangs on the test, all else being as it is."""
        return holds(self.if_so, facts) != holds(self.if_not, facts)


class Question:
    """A condition, and whether it is asked of an account at all: where it is not, nothing of it is seen."""

    def __init__(
        self, rule: str, span: Span, condition: Condition, is_asked: Callable[[Seen], bool] = lambda _: True
    ) -> None:
        self.is_asked = is_asked
        self._tests: list[tuple[_Test, tuple[Point, Point, Point], tuple[Point, ...]]] = []
        points: list[Point] = []
        for leaf in leaves(condition):
            test = _Test(leaf, _replaced(condition, leaf, ALWAYS), _replaced(condition, leaf, NEVER))
            place = leaf.span if leaf.span.line else span
            holds_, fails, unknown = (
                Point(Kind.OUTCOMES, rule, what, place, leaf, answer)
                for what, answer in (("holds", True), ("fails", False), ("is unknown", None))
            )
            numbers = tuple(Point(Kind.BOUNDARIES, rule, "", place, leaf, value) for value in _both_sides(leaf))
            self._tests.append((test, (holds_, fails, unknown), numbers))
            points += [holds_, fails, *([unknown] if _can_be_unknown(leaf) else []), *numbers]
        self.points = tuple(points)

    def seen(self, facts: Facts) -> Iterator[Point]:
        """What the facts show of the condition."""
        for test, (holds_, fails, unknown), numbers in self._tests:
            answer = truth(test.leaf, facts)
            if answer is None:
                yield unknown
            elif test.settles(facts):
                yield holds_ if answer else fails
            value = facts[test.leaf.fact]
            yield from (point for point in numbers if value is not None and point.value == value)


def _replaced(condition: Condition, leaf: Leaf, by: Condition) -> Condition:
    """The condition with this one test of it (not others like it) replaced."""
    match condition:
        case All(parts, span):
            return All(tuple(_replaced(part, leaf, by) for part in parts), span)
        case Any(parts, span):
            return Any(tuple(_replaced(part, leaf, by) for part in parts), span)
        case Not(part, span):
            return Not(_replaced(part, leaf, by), span)
        case _:
            return by if condition is leaf else condition


def _both_sides(leaf: Leaf) -> tuple[int, ...]:
    """The values on both sides of the test's numbers."""
    match leaf:
        case Compare(_, op, number):
            turn = number + 1 if op in {Op.OVER, Op.AT_MOST} else number
            return tuple(value for value in (turn - 1, turn) if value >= 0 or _is_signed(leaf.fact))
        case Is(_, values):
            numbers = [value for value in values if type(value) is int]
            return tuple(dict.fromkeys(n for number in numbers for n in (number, number + 1)))
        case _:
            return ()


def _is_signed(name: str) -> bool:
    fact = ACCOUNT.get(name.removesuffix(OWN)) or INVOICE.get(name)
    return name.startswith("clock__") or (fact is not None and (fact.least or 0) < 0)


def is_within_grace(policy: Policy, point: Point) -> bool:
    """Say whether it could only be seen of an account on a day of grace, of which nothing is late yet.

    Such an account has no days past due, and no stage waits for its day.
    """
    leaf, grace = point.leaf, policy.late.grace_days
    counted = {"days_past_due"} | ({DUE_DATE} if policy.late.basis is Basis.DUE_DATE else set())
    if not isinstance(leaf, Compare) or leaf.fact not in counted:
        return False
    if point.kind is Kind.OUTCOMES:
        # Of a stage's own day: whoever is late has reached it.
        return leaf.fact == DUE_DATE and 0 <= leaf.number <= grace + 1 and point.value is not True
    return isinstance(point.value, int) and 0 < point.value <= grace


DUE_DATE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False).fact
"""The days counted from the due date, as stages count them."""


def _can_be_unknown(leaf: Leaf) -> bool:
    """Say whether the test can come out unknown; whether a fact is known is never unknown itself."""
    if isinstance(leaf, Known | Includes):
        return False
    fact = ACCOUNT.get(leaf.fact.removesuffix(OWN))
    return fact is not None and fact.unknown


def questions(policy: Policy) -> Iterator[Question]:
    """The conditions on accounts, in the order of the layers."""
    asked_before: set[str] = set()
    for segment in policy.segments:
        passed = frozenset(asked_before)
        yield Question(f"segment {segment.id}", segment.span, segment.when, _not_among(lambda d: d.segment, passed))
        asked_before.add(segment.id)
    for pause in policy.account_pauses:
        yield Question(f"pause {pause.id}", pause.span, pause.when)
    if policy.late.ignore_account_below:
        too_small = Compare("past_due", Op.BELOW, policy.late.ignore_account_below)
        earlier = frozenset(tuple(Wait)[: tuple(Wait).index(Wait.TOO_SMALL)])
        yield Question("late: ignore_below", policy.late.span, too_small, _not_among(lambda d: d.wait, earlier))
    for ladder in policy.ladders:
        for stage in ladder.stages:
            yield from _OfStage(policy, ladder, stage).questions()
    for limit in policy.tone_limits:
        has_tone = _not_among(lambda d: d.tone, frozenset({NONE}))
        yield Question(f"tone limit {limit.id}", limit.span, limit.when, has_tone)
    stopped = layers.stops(policy, Stops.SALES)
    for rule in policy.sales:
        asked = partial(_is_asked, rule, stopped)
        yield Question(f"sales {rule.id}", rule.span, rule.when, asked)
    for hold in policy.holds:
        there = Includes("holds", hold.id)
        yield Question(f"hold {hold.id}: place", hold.place_span, hold.place, partial(holds_of, Not(there)))
        yield Question(f"hold {hold.id}: release", hold.release_span, hold.release, partial(holds_of, there))
    for review in policy.credit_limits:
        yield Question(f"credit limit {review.id}", review.span, review.when)
    for points in policy.worklist:
        yield Question(f"points {points.id}", points.span, points.when)


def holds_of(condition: Condition, day: Seen) -> bool:
    """Say whether the condition holds of the account."""
    return holds(condition, day.account.facts)


def _not_among(read: Callable[[Decision], object], values: frozenset[object]) -> Callable[[Seen], bool]:
    return lambda day: read(day.decision) not in values


def _is_asked(rule: SalesRule, stopped: Condition, day: Seen) -> bool:
    return rule.stands_down or not (day.decision.stood_down or holds(stopped, day.account.facts))


@dataclass(frozen=True, slots=True)
class _OfStage:
    """The conditions of one stage, and of whom each is asked."""

    policy: Policy
    ladder: Ladder
    stage: Stage

    def questions(self) -> Iterator[Question]:
        """The conditions in the order in which they are asked."""
        ladder, stage = self.ladder, self.stage
        name = f"stage {stage.id}" + ("" if len(self.policy.ladders) == 1 else f" of {ladder.id}")
        yield Question(f"{name}: when", stage.span, stage.when, self.is_on_ladder)
        if stage.after is not None:
            yield Question(f"{name}: after", stage.after.span, stage.reached, self.is_next)
        if stage.repeat is not None:
            yield Question(f"{name}: repeat", stage.repeat.span, _repeat(stage, stage.repeat), self.is_done)
        if gap := ladder.gap_before(stage):
            own = stage.min_days_between is not None
            rule = f"{name}: min_days_between" if own else f"ladder {ladder.id}: min_days_between"
            span = stage.span if own else ladder.span
            yield Question(rule, span, Compare(layers.GAP, Op.AT_LEAST, gap, span), self.is_due)
        cap = self.policy.limits.contacts_per_customer
        if cap is not None and stage.contacts:
            window = Compare("contacts_in_window", Op.BELOW, cap.at_most, cap.span)
            yield Question("limits: contacts_per_customer", cap.span, window, self.is_let_through)

    def is_on_ladder(self, day: Seen) -> bool:
        """Say whether the account climbs the stage's ladder."""
        return day.decision.ladder == self.ladder.id

    def is_next(self, day: Seen) -> bool:
        """Say whether the stage may be the next, whatever the day."""
        facts = day.account.facts
        fits = holds(layers.eligible(self.ladder, self.stage), facts)
        return self.is_on_ladder(day) and fits and not holds(layers.executed(self.stage), facts)

    def is_done(self, day: Seen) -> bool:
        """Say whether the stage was executed and nothing else acts."""
        facts = day.account.facts
        done = All((layers.eligible(self.ladder, self.stage), layers.executed(self.stage)))
        return self.is_on_ladder(day) and holds(done, facts) and day.decision.step in {NONE, self.stage.id}

    def is_due(self, day: Seen) -> bool:
        """Say whether nothing but the gap or the cap can keep the stage back."""
        decision = day.decision
        waits = {None, Wait.GAP, Wait.CAP}
        return self.is_on_ladder(day) and decision.next_stage == self.stage.id and decision.wait in waits

    def is_let_through(self, day: Seen) -> bool:
        """Say whether nothing but the cap can keep the stage back."""
        first_today = day.account.facts["contacted_today"] is False
        return first_today and self.is_due(day) and day.decision.wait is not Wait.GAP


def _repeat(stage: Stage, repeat: Repeat) -> Condition:
    """That the stage has rested long enough to be repeated, and was not repeated often enough."""
    due = Compare(stage.days_fact, Op.AT_LEAST, repeat.every_days, repeat.span)
    if repeat.at_most is None:
        return due
    return All((due, Compare(stage.times_fact, Op.AT_MOST, repeat.at_most, repeat.span)))


# Conditions on invoices, and what makes an invoice late.


def invoice_questions(policy: Policy) -> Iterator[Question]:
    """The conditions on invoices; they are seen in ledgers alone."""
    late = policy.late
    grace = Compare("days_past_due", Op.OVER, late.grace_days, late.span)
    yield Question("late: grace_days", late.span, grace)
    if late.ignore_invoice_below:
        least = Compare("open", Op.AT_LEAST, late.ignore_invoice_below, late.span)
        yield Question("late: ignore_below invoice", late.span, least)
    for pause in policy.invoice_pauses:
        yield Question(f"pause {pause.id}", pause.span, pause.when)


def facts_of_invoices(day: Seen) -> Iterator[Mapping[str, Value]]:
    """The facts of each invoice, as conditions on invoices read them."""
    for invoice in day.invoices:
        facts: dict[str, Value] = {name: getattr(invoice, name) for name in INVOICE if name != "creditor"}
        yield {**facts, "creditor": day.account.creditor}
