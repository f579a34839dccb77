"""The conditions that a policy's rules ask, as what can be looked at and changed one by one.

A check that wants to know what a part of a condition is good for changes it and decides
again; here is how to get at every rule's condition, at every part of it, and how to put
another in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from duly.language.conditions import ALWAYS, NEVER, All, Any, Compare, Condition, Is
from duly.language.policy import Policy, Stage
from duly.language.reads import OWN
from duly.source import Span

KINDS = (
    *("segment", "pause", "stage", "tone limit", "sales"),
    *("hold placed", "hold released", "credit limit", "points"),
)
"""The kinds of rules that ask a condition, in the order of the layers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy that asks a condition: `kind` is the word for what it is, `ladder` a stage's ladder."""

    kind: str
    id: str
    span: Span
    condition: Condition
    ladder: str = ""
    path: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the rule from every other one of the policy."""
        return self.kind, self.id, self.ladder

    @property
    def named(self) -> str:
        """The rule in words."""
        match self.kind:
            case "hold placed":
                return f"placing the hold `{self.id}`"
            case "hold released":
                return f"releasing the hold `{self.id}`"
            case "sales":
                return f"the sales rule `{self.id}`"
            case "credit limit":
                return f"the credit limit rule `{self.id}`"
            case _:
                return f"the {self.kind} `{self.id}`"


def rules_of(policy: Policy) -> Iterator[Rule]:
    """Every rule of the policy that asks a condition about an account, in the order of the layers."""
    for segment in policy.segments:
        yield Rule("segment", segment.id, segment.span, segment.when, path=segment.path)
    for pause in policy.account_pauses:
        yield Rule("pause", pause.id, pause.span, pause.when, path=pause.path)
    for ladder in policy.ladders:
        for stage in ladder.stages:
            yield Rule("stage", stage.id, stage.span, stage.when, ladder.id, stage.path)
    for limit in policy.tone_limits:
        yield Rule("tone limit", limit.id, limit.span, limit.when, path=limit.path)
    for rule in policy.sales:
        yield Rule("sales", rule.id, rule.span, rule.when, path=rule.path)
    for hold in policy.holds:
        yield Rule("hold placed", hold.id, hold.place_span, hold.place, path=f"{hold.path}/place")
        yield Rule("hold released", hold.id, hold.release_span, hold.release, path=f"{hold.path}/release")
    for limit_rule in policy.credit_limits:
        yield Rule("credit limit", limit_rule.id, limit_rule.span, limit_rule.when, path=limit_rule.path)
    for points in policy.worklist:
        yield Rule("points", points.id, points.span, points.when, path=points.path)


def with_condition(policy: Policy, rule: Rule, condition: Condition) -> Policy:
    """The policy with another condition of the rule."""
    match rule.kind:
        case "segment":
            return replace(policy, segments=_with_when(policy.segments, rule.id, condition))
        case "pause":
            return replace(policy, account_pauses=_with_when(policy.account_pauses, rule.id, condition))
        case "stage":
            return with_stage(policy, rule, lambda stage: replace(stage, when=condition))
        case "tone limit":
            return replace(policy, tone_limits=_with_when(policy.tone_limits, rule.id, condition))
        case "sales":
            return replace(policy, sales=_with_when(policy.sales, rule.id, condition))
        case "hold placed":
            holds = (replace(h, place=condition) if h.id == rule.id else h for h in policy.holds)
            return replace(policy, holds=tuple(holds))
        case "hold released":
            holds = (replace(h, release=condition) if h.id == rule.id else h for h in policy.holds)
            return replace(policy, holds=tuple(holds))
        case "credit limit":
            return replace(policy, credit_limits=_with_when(policy.credit_limits, rule.id, condition))
        case _:
            return replace(policy, worklist=_with_when(policy.worklist, rule.id, condition))


def with_stage(policy: Policy, rule: Rule, changed: Callable[[Stage], Stage]) -> Policy:
    """The policy with the stage of the rule changed."""
    ladders = (
        replace(ladder, stages=tuple(changed(s) if s.id == rule.id else s for s in ladder.stages))
        if ladder.id == rule.ladder
        else ladder
        for ladder in policy.ladders
    )
    return replace(policy, ladders=tuple(ladders))


class _Conditional(Protocol):
    @property
    def id(self) -> str: ...


_R = TypeVar("_R", bound=_Conditional)


def _with_when(rules: Iterable[_R], id_: str, when: Condition) -> tuple[_R, ...]:
    return tuple(replace(rule, when=when) if rule.id == id_ else rule for rule in rules)  # type: ignore[type-var]


# Parts of a condition.

Path = tuple[int, ...]
"""The way to a part: which part of the whole, which part of that, and so on."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition that could be left out; `without` stands in its place then."""

    path: Path
    condition: Condition
    without: Condition


def parts_of(condition: Condition) -> Iterator[Part]:
    """Every smallest part of a condition: tests, and what is under a `not` as one; also within `any` and `all`."""
    yield from _parts(condition, (), ALWAYS, into_any=True)


def conjuncts_of(condition: Condition) -> Iterator[Part]:
    """The parts that must all hold, an `any` as one."""
    yield from _parts(condition, (), ALWAYS, into_any=False)


def _parts(condition: Condition, path: Path, without: Condition, *, into_any: bool) -> Iterator[Part]:
    match condition:
        case All(()):
            return
        case All(parts) if not is_by_currency(condition):
            for number, part in enumerate(parts):
                yield from _parts(part, (*path, number), ALWAYS, into_any=into_any)
        case Any(parts) if into_any and not is_by_currency(condition) and len(parts) > 1:
            for number, part in enumerate(parts):
                yield from _parts(part, (*path, number), NEVER, into_any=into_any)
        case _:
            yield Part(path, condition, without)


def is_by_currency(condition: Condition) -> bool:
    """Say whether the condition is a threshold by currency, or one currency's line of it."""
    match condition:
        case All((Is("currency", _), Compare(fact))):
            return fact.endswith(OWN)
        case Any(parts):
            return bool(parts) and all(isinstance(part, All) and is_by_currency(part) for part in parts)
        case _:
            return False


def instead(condition: Condition, path: Path, other: Condition) -> Condition:
    """The condition with another part at the end of the path."""
    if not path:
        return other
    assert isinstance(condition, (All, Any))
    first, *rest = path
    parts = list(condition.parts)
    parts[first] = instead(parts[first], tuple(rest), other)
    return replace(condition, parts=tuple(parts))


def span_of(condition: Condition, otherwise: Span) -> Span:
    """Where the condition is written."""
    return condition.span if condition.span.line else otherwise
