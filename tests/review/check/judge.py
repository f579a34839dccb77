"""The judge of what checks say: every account of a policy, decided by its meaning, and no solver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from duly.language.conditions import Facts, holds
from duly.language.policy import Policy, Stage
from duly.review.check.asked import instead, with_condition
from duly.review.check.inert import inert_parts
from duly.review.check.looking import Looking
from duly.review.prove.proof import treatment
from duly.rules import meaning
from duly.rules.decision import NONE, Decision
from duly.source import Problem
from tests.review.check.generated import accounts

BY_TRYING = frozenset(
    {
        *("segment-never-reached", "pause-never-holds", "stage-never-acts", "tone-limit-never-lowers"),
        *("sales-never-asked", "hold-never-placed", "hold-never-released", "credit-limit-never-proposed"),
        *("points-never-given", "gap-in-ladder", "tone-jumps", "tone-goes-back", "hold-placed-and-released"),
        "hold-waits-for-unasked",
    }
)


Judged = tuple[Facts, Decision]


def judged(policy: Policy) -> set[tuple[str, str]]:
    """The defects of a policy, by the name of the check and the rule, as all its accounts tell."""
    tried = [(facts, meaning.decide(policy, facts)) for facts in accounts(policy)]
    known: list[Judged] = [({**facts, "segment": d.segment, "ladder": d.ladder}, d) for facts, d in tried]
    return {*_never(policy, known), *_of_ladder(policy, known), *_of_holds(policy, known)}


def _never(policy: Policy, tried: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    acting: set[tuple[str, str]] = set()
    for facts, decision in tried:
        acting |= {("segment-never-reached", decision.segment)}
        acting |= {("pause-never-holds", id_) for id_ in decision.pauses}
        acting |= {("stage-never-acts", decision.step)}
        acting |= {("sales-never-asked", id_) for id_ in decision.asks}
        acting |= {("hold-never-placed", id_) for id_ in decision.place}
        acting |= {("hold-never-released", id_) for id_ in decision.release}
        acting |= {("credit-limit-never-proposed", id_) for id_ in decision.limits}
        acting |= {("points-never-given", points.id) for points in policy.worklist if holds(points.when, facts)}
        tone = _tone(policy, decision.step) if decision.step != NONE else -1
        for limit in policy.tone_limits:
            if holds(limit.when, facts) and tone > policy.tones.index(limit.at_most):
                acting |= {("tone-limit-never-lowers", limit.id)}
    rules: list[tuple[str, str]] = [("segment-never-reached", s.id) for s in policy.segments[:-1]]
    rules += [("pause-never-holds", p.id) for p in policy.account_pauses]
    rules += [("stage-never-acts", s.id) for s in policy.stages()]
    rules += [("tone-limit-never-lowers", limit.id) for limit in policy.tone_limits]
    rules += [("sales-never-asked", rule.id) for rule in policy.sales]
    rules += [(name, h.id) for h in policy.holds for name in ("hold-never-placed", "hold-never-released")]
    rules += [("credit-limit-never-proposed", r.id) for r in policy.credit_limits]
    rules += [("points-never-given", p.id) for p in policy.worklist]
    yield from (one for one in rules if one not in acting)


def _tone(policy: Policy, id_: str) -> int:
    tone = next(stage.tone for stage in policy.stages() if stage.id == id_)
    return policy.tones.index(tone) if tone else -1


def _of_ladder(policy: Policy, tried: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    for facts, _ in tried:
        if facts["late"]:
            come = [stage for stage in policy.stages() if holds(stage.when, facts)]
            if not come and number(facts, "past_due") >= policy.late.ignore_account_below:
                yield "gap-in-ladder", "ladder"
            for earlier, later in pairwise(stage for stage in come if stage.tone):
                rise = _rise(policy, earlier, later)
                if not 0 <= rise <= 1:
                    yield ("tone-jumps" if rise > 1 else "tone-goes-back"), later.id


def _rise(policy: Policy, earlier: Stage, later: Stage) -> int:
    return policy.tones.index(later.tone) - policy.tones.index(earlier.tone)


def _of_holds(policy: Policy, tried: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    for hold in policy.holds:
        asked = next(rule for rule in policy.sales if hold.needs and rule.id == hold.needs.request)
        ever = any(holds(asked.when, facts) for facts, _ in tried)
        for facts, _ in tried:
            place = holds(hold.place, facts)
            owes = not facts["late"] or number(facts, "past_due") > 0
            if place and owes and holds(hold.release, facts):
                yield "hold-placed-and-released", hold.id
            if place and ever and not holds(asked.when, facts):
                yield "hold-waits-for-unasked", hold.id


def number(facts: Facts, name: str) -> int:
    value = facts[name]
    return value if isinstance(value, int) else 0


def told(said: Iterable[Problem]) -> set[tuple[str, str]]:
    """What is said in the terms of the judge, as far as accounts can tell."""
    return {(problem.rule, _subject(problem)) for problem in said if problem.rule in BY_TRYING}


def _subject(problem: Problem) -> str:
    """The rule that a problem is about, as its message names it."""
    words = problem.message.split("`")[1::2]
    if problem.rule == "gap-in-ladder":
        return "ladder"
    return words[-1] if problem.rule == "tone-jumps" else words[0]


def assert_inert(policy: Policy, looking: Looking, seed: int) -> None:
    """Every account is decided alike without the parts that are said to change nothing."""
    for rule, part in inert_parts(looking):
        other = with_condition(policy, rule, instead(rule.condition, part.path, part.without))
        for facts in accounts(policy):
            one, two = meaning.decide(policy, facts), meaning.decide(other, facts)
            assert treatment(one) == treatment(two), f"seed {seed}"
            assert one.segment == two.segment, f"seed {seed}"
