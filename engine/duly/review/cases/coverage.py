"""How much of a policy its cases have seen: rules, outcomes of conditions, and boundaries.

A rule counts once it has acted: a segment was somebody's, a stage was proposed, a
limit lowered a tone. A test of a fact counts once it has held and once it has failed
where that settled its condition, and once it was unknown where it can be. A number counts
once the values on both sides of it were seen where it was asked: 44 and 45 days for
`at_least: 45`. What is only asked of accounts that never come to it does not count.

Only what a decision hangs on is looked at: not who answers for what, nor guarantees,
charges or exceptions, nor how long sales has for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from duly.language.conditions import holds
from duly.language.policy import InvoicePause, Ladder, Policy, SalesRule, ToneLimit
from duly.review.cases.deeds import Seen
from duly.review.cases.questions import (
    Kind,
    Point,
    facts_of_invoices,
    holds_of,
    invoice_questions,
    is_within_grace,
    questions,
)
from duly.rules.decision import NONE, Decision, Wait
from duly.source import Span


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything to be seen of a policy, and what of it was."""

    points: tuple[Point, ...]
    seen: frozenset[Point]

    @property
    def missing(self) -> tuple[Point, ...]:
        """What was not seen, in the order of the layers."""
        return tuple(point for point in self.points if point not in self.seen)

    def count(self, kind: Kind) -> tuple[int, int]:
        """How many points of the kind were seen, and how many there are."""
        of_kind = [point for point in self.points if point.kind is kind]
        return sum(point in self.seen for point in of_kind), len(of_kind)

    def reaches(self, per_cent: int) -> bool:
        """Say whether of every kind at least so many per cent were seen."""
        return all(seen * 100 >= per_cent * all_ for seen, all_ in map(self.count, Kind))


def coverage(policy: Policy, days: Iterable[Seen]) -> Coverage:
    """What the days have seen of the policy."""
    looking = Looking(policy)
    for day in days:
        looking.see(day)
    return looking.coverage


class Looking:
    """Collects what is seen of a policy, day by day."""

    def __init__(self, policy: Policy) -> None:
        self.rules = tuple(_rules(policy))
        self.questions = tuple(questions(policy))
        self.invoice_questions = tuple(invoice_questions(policy))
        every = [Point(Kind.RULES, rule.name, "has acted", rule.span) for rule in self.rules]
        for question in self.questions:
            every += (point for point in question.points if not is_within_grace(policy, point))
        for question in self.invoice_questions:
            every += question.points
        self.points = tuple(dict.fromkeys(every))
        self._seen: set[Point] = set()

    @property
    def coverage(self) -> Coverage:
        """What was seen so far."""
        return Coverage(self.points, frozenset(self._seen))

    def see(self, day: Seen) -> frozenset[Point]:
        """What is seen on the day; it is remembered."""
        found: set[Point] = set()
        facts = day.account.facts
        for rule in self.rules:
            if rule.acted(day):
                found.add(Point(Kind.RULES, rule.name, "has acted", rule.span))
        for question in self.questions:
            if question.is_asked(day):
                found.update(question.seen(facts))
        for of_invoice in facts_of_invoices(day):
            for question in self.invoice_questions:
                found.update(question.seen(of_invoice))
        self._seen |= found
        return frozenset(found)


# Rules that act.


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    span: Span
    acted: Callable[[Seen], bool]


def _rules(policy: Policy) -> Iterator[_Rule]:
    for segment in policy.segments:
        yield _Rule(f"segment {segment.id}", segment.span, _is(lambda d: d.segment, segment.id))
    for pause in policy.account_pauses:
        yield _Rule(f"pause {pause.id}", pause.span, _among(lambda d: d.pauses, pause.id))
    for taken_out in policy.invoice_pauses:
        yield _Rule(f"pause {taken_out.id}", taken_out.span, partial(_took_out, taken_out))
    if policy.late.ignore_account_below:
        yield _Rule("late: ignore_below", policy.late.span, _is(lambda d: d.wait, Wait.TOO_SMALL))
    for ladder in policy.ladders:
        yield from _rules_of_ladder(policy, ladder)
    if policy.limits.contacts_per_customer is not None:
        span = policy.limits.contacts_per_customer.span
        yield _Rule("limits: contacts_per_customer", span, _is(lambda d: d.wait, Wait.CAP))
    for limit in policy.tone_limits:
        yield _Rule(f"tone limit {limit.id}", limit.span, partial(_lowered, policy, limit))
    for rule in policy.sales:
        yield _Rule(f"sales {rule.id}", rule.span, partial(_asked, rule))
        if rule.unanswered_tell and not rule.stands_down:
            yield _Rule(f"sales {rule.id}: unanswered", rule.span, _among(lambda d: d.tells, rule.id))
    for hold in policy.holds:
        yield _Rule(f"hold {hold.id}: place", hold.place_span, _among(lambda d: d.place, hold.id))
        if hold.needs is not None:
            yield _Rule(f"hold {hold.id}: needs", hold.needs.span, _among(lambda d: d.hold_waits, hold.id))
        yield _Rule(f"hold {hold.id}: release", hold.release_span, _among(lambda d: d.release, hold.id))
    for review in policy.credit_limits:
        yield _Rule(f"credit limit {review.id}", review.span, _among(lambda d: d.limits, review.id))
    for points in policy.worklist:
        yield _Rule(f"points {points.id}", points.span, partial(holds_of, points.when))


def _rules_of_ladder(policy: Policy, ladder: Ladder) -> Iterator[_Rule]:
    of = "" if len(policy.ladders) == 1 else f" of {ladder.id}"
    for stage in ladder.stages:
        proposed = _is(lambda d: (d.ladder, d.step, d.repeat), (ladder.id, stage.id, False))
        yield _Rule(f"stage {stage.id}{of}", stage.span, proposed)
        if stage.repeat is not None:
            again = _is(lambda d: (d.ladder, d.step, d.repeat), (ladder.id, stage.id, True))
            yield _Rule(f"stage {stage.id}{of}: repeat", stage.repeat.span, again)
    if any(ladder.gap_before(stage) for stage in ladder.stages):
        waits = _is(lambda d: (d.ladder, d.wait), (ladder.id, Wait.GAP))
        yield _Rule(f"ladder {ladder.id}: min_days_between", ladder.span, waits)


def _is(read: Callable[[Decision], object], value: object) -> Callable[[Seen], bool]:
    return lambda day: read(day.decision) == value


def _among(read: Callable[[Decision], tuple[str, ...]], id_: str) -> Callable[[Seen], bool]:
    return lambda day: id_ in read(day.decision)


def _took_out(pause: InvoicePause, day: Seen) -> bool:
    return any(holds(pause.when, facts) for facts in facts_of_invoices(day))


def _lowered(policy: Policy, limit: ToneLimit, day: Seen) -> bool:
    decision = day.decision
    if NONE in {decision.step, decision.tone} or not holds(limit.when, day.account.facts):
        return False
    own = next(s.tone for s in policy.ladder(decision.ladder).stages if s.id == decision.step)
    rank = policy.tones.index
    return rank(own) > rank(limit.at_most) >= rank(decision.tone)


def _asked(rule: SalesRule, day: Seen) -> bool:
    return holds(rule.when, day.account.facts) if rule.stands_down else rule.id in day.decision.asks
