"""Rules that can never act, each with the fewest things that see to that.

What sees to it is found by taking away: whatever can be taken out of the policy with the
rule still never acting is no culprit, and what is left in the end is. So of two segments
that together take every account of a third both are named, and a third that takes some of
them, too, is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from duly.language.conditions import ALWAYS, NEVER, All, Any, Condition, Includes, Is
from duly.language.english import english
from duly.language.policy import ChooseLadder, Policy, Stage
from duly.review.check.asked import (
    KINDS,
    Path,
    Rule,
    conjuncts_of,
    instead,
    rules_of,
    span_of,
    with_condition,
    with_stage,
)
from duly.review.check.looking import Found, Looking
from duly.source import Span

if TYPE_CHECKING:
    from duly.review.check.solver import Solver


def segments(looking: Looking) -> Found:
    """Segments that no customer is ever in."""
    yield from _found(looking, "segment", "segment-never-reached", "no customer is ever in the segment `{}`")


def pauses(looking: Looking) -> Found:
    """Account pauses that never hold."""
    yield from _found(looking, "pause", "pause-never-holds", "the pause `{}` never holds")


def stages(looking: Looking) -> Found:
    """Stages that are never proposed."""
    yield from _found(looking, "stage", "stage-never-acts", "the stage `{}` can never act")


def tone_limits(looking: Looking) -> Found:
    """Tone limits that never lower a tone."""
    yield from _found(looking, "tone limit", "tone-limit-never-lowers", "the tone limit `{}` never lowers a tone")


def sales(looking: Looking) -> Found:
    """Sales rules under which sales is never asked."""
    yield from _found(looking, "sales", "sales-never-asked", "sales is never asked under `{}`")


def placed(looking: Looking) -> Found:
    """Holds that are never placed."""
    yield from _found(looking, "hold placed", "hold-never-placed", "the hold `{}` is never placed")


def released(looking: Looking) -> Found:
    """Holds that are never released."""
    yield from _found(looking, "hold released", "hold-never-released", "the hold `{}` is never released")


def credit_limits(looking: Looking) -> Found:
    """Credit limit rules that never propose."""
    name, message = "credit-limit-never-proposed", "the credit limit rule `{}` never proposes anything"
    yield from _found(looking, "credit limit", name, message)


def points(looking: Looking) -> Found:
    """Worklist points that no account gets."""
    yield from _found(looking, "points", "points-never-given", "no account ever gets the points `{}`")


def _found(looking: Looking, kind: str, name: str, message: str) -> Found:
    for rule in rules_of(looking.policy):
        if rule.kind == kind and rule.key in looking.idle:
            said = message.format(rule.id) + why(looking.policy, rule)
            yield looking.problem(name, rule.span, said, "change what keeps it from acting, or take it out")


# Culprits.


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that may keep a rule from acting, and the policy without it."""

    said: str
    taken_out: Callable[[Policy], Policy]
    own: bool = False


def why(policy: Policy, rule: Rule) -> str:
    """What keeps a rule from acting, as the end of a sentence; empty where nothing in the policy does."""
    guilty = culprits(policy, rule)
    own = [reason.said for reason in guilty if reason.own]
    others = [reason.said for reason in guilty if not reason.own]
    asked = f"it asks {_and(own)}" if own else ""
    if others:
        return f" because of {_and(others)}" + (f", as {asked}" if own else "")
    return f": {asked}" if own else ""


def culprits(policy: Policy, rule: Rule) -> tuple[Reason, ...]:
    """The fewest things that keep a rule from acting; none where nothing could be as it asks."""
    guilty: list[Reason] = []
    for group in (_others(policy, rule), _settings(policy, rule)):
        policy, some = _needed(policy, group, partial(_never_acts, rule))
        guilty += some
    never = _never_by_itself(policy, rule) if rule.kind in PLAIN else partial(_never_acts, rule)
    return (*guilty, *_needed(policy, _own(policy, rule), never)[1])


def _needed(policy: Policy, reasons: Sequence[Reason], never: Callable[[Policy], bool]) -> tuple[Policy, list[Reason]]:
    """The policy without whatever of these reasons can go with the rule still never acting, and those that cannot."""
    without = policy
    for reason in reasons:
        without = reason.taken_out(without)
    if never(without):
        return without, []
    if len(reasons) == 1:
        return policy, [*reasons]
    half = len(reasons) // 2
    policy, some = _needed(policy, reasons[:half], never)
    policy, others = _needed(policy, reasons[half:], never)
    return policy, some + others


def _never_acts(rule: Rule, policy: Policy) -> bool:
    solver = _solver(policy)
    return all(solver.never(one.acts) for one in solver.acting if one.key == rule.key)


PLAIN = frozenset({"pause", "sales", "hold placed", "hold released", "credit limit", "points"})
"""Kinds of rules that act where their condition holds and nothing stops them, whatever else the condition is for."""


def _never_by_itself(policy: Policy, rule: Rule) -> Callable[[Policy], bool]:
    """Whether such a rule never acts in a policy that differs in its condition alone: one decision serves for all."""
    solver = _solver(with_condition(policy, rule, ALWAYS))
    acts = next(one.acts for one in solver.acting if one.key == rule.key)

    def never(changed: Policy) -> bool:
        condition = next(one.condition for one in rules_of(changed) if one.key == rule.key)
        return solver.never(acts, solver.holds(condition))

    return never


def _solver(policy: Policy) -> Solver:
    from duly.review.check.solver import Solver

    return Solver(policy)


def _others(policy: Policy, rule: Rule) -> list[Reason]:
    """Every other rule that is asked no later: one that the rule asks for could hold always, any other one never."""
    asked_for = set(_asked_for(rule.condition))
    reasons = []
    no_later = KINDS[: KINDS.index(rule.kind) + 1]
    for other in rules_of(policy):
        if other.key != rule.key and other.kind in no_later:
            # A rule about what is sent counts on the stages that send it.
            lets = (other.kind, other.id) in asked_for or (other.kind == "stage" and rule.kind != "stage")
            taken_out = partial(_let_hold if lets else _silenced, other)
            reasons.append(Reason(f"{other.named} ({_line(other.span, rule)})", taken_out))
    return reasons


def _asked_for(condition: Condition) -> Iterator[tuple[str, str]]:
    """The rules of which the condition asks that they hold, by kind and id."""
    kinds = {"segment": "segment", "stage": "stage", "step": "stage", "executed_stage": "stage", "pauses": "pause"}
    kinds |= dict.fromkeys(("asked_today", "sales_asked"), "sales")
    match condition:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _asked_for(part)
        case Is(fact, values) if fact in kinds:
            yield from ((kinds[fact], str(value)) for value in values)
        case Includes(fact, member) if fact in kinds:
            yield kinds[fact], member
        case _:
            return


def _silenced(rule: Rule, policy: Policy) -> Policy:
    if rule.kind == "segment" and rule.id == policy.segments[-1].id:
        return policy  # the last one takes whoever is left
    if rule.kind == "stage":
        return with_stage(policy, rule, lambda stage: replace(stage, when=NEVER, repeat=None))
    return with_condition(policy, rule, NEVER)


def _let_hold(rule: Rule, policy: Policy) -> Policy:
    if rule.kind == "stage":
        return with_stage(policy, rule, lambda stage: replace(stage, when=ALWAYS, after=None))
    return with_condition(policy, rule, ALWAYS)


def _settings(policy: Policy, rule: Rule) -> list[Reason]:
    """What is said beside the rules: the grace days, the sum not worth chasing, who climbs which ladder."""
    late, chosen = policy.late, policy.choose_ladder
    ladder = rule.ladder or next((one.id for one in policy.ladders), "")
    reasons: list[Reason] = []
    if late.grace_days:
        place = policy.places.get("/late/grace_days", late.span)
        reasons.append(Reason(f"`grace_days` ({_line(place, rule)})", _no_grace))
    if late.ignore_account_below:
        place = policy.places.get("/late/ignore_below/account", late.span)
        reasons.append(Reason(f"`ignore_below` ({_line(place, rule)})", _nothing_too_small))
    if chosen.of:
        reasons.append(Reason(f"`choose_ladder` ({_line(chosen.span, rule)})", partial(_chosen, ladder)))
    return reasons


def _no_grace(policy: Policy) -> Policy:
    return replace(policy, late=replace(policy.late, grace_days=0))


def _nothing_too_small(policy: Policy) -> Policy:
    return replace(policy, late=replace(policy.late, ignore_account_below=0))


def _chosen(ladder: str, policy: Policy) -> Policy:
    return replace(policy, choose_ladder=ChooseLadder(by=policy.choose_ladder.by, otherwise=ladder))


def _own(policy: Policy, rule: Rule) -> list[Reason]:
    """The parts of what the rule asks itself."""
    reasons = [
        Reason(
            f"that {english(part.condition, policy.currency)} ({_line(span_of(part.condition, rule.span), rule)})",
            partial(_without_part, rule, part.path),
            own=True,
        )
        for part in conjuncts_of(rule.condition)
    ]
    if rule.kind == "stage":
        stage = next(s for s in policy.ladder(rule.ladder).stages if s.id == rule.id)
        if stage.after is not None:
            at_once = partial(with_stage, rule=rule, changed=_without_after)
            reasons.append(Reason(f"to come by its `after` ({_line(stage.after.span, rule)})", at_once, own=True))
    return reasons


def _without_part(rule: Rule, path: Path, policy: Policy) -> Policy:
    now = next(r for r in rules_of(policy) if r.key == rule.key)
    return with_condition(policy, rule, instead(now.condition, path, ALWAYS))


def _without_after(stage: Stage) -> Stage:
    return replace(stage, after=None)


def _line(span: Span, rule: Rule) -> str:
    """Where something stands, seen from the rule."""
    return f"line {span.line}" if span.file == rule.span.file else f"{PurePosixPath(span.file).name}:{span.line}"


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
