"""Boundary words that miss a value between two rules: `below: 30` here, `over: 30` there, and day 30 is in neither.

Two rules of one part of the policy count as neighbours where one ends with a number just
before the other begins, and where some account is taken by neither, nor by any other
rule of that part which asks for the same number, for that number alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, permutations

from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Op, facts_read
from duly.language.english import subject, value_text
from duly.language.policy import Policy
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, Type
from duly.money import SCALES
from duly.review.check.asked import Path, Rule, instead, rules_of, span_of
from duly.review.check.looking import Found, Looking


@dataclass(frozen=True, slots=True)
class _Bound:
    """A comparison in a rule: up to `last`, or from `first` on."""

    rule: Rule
    path: Path
    test: Compare
    last: int | None = None
    first: int | None = None


def missed(looking: Looking) -> Found:
    """Values that fall between two rules."""
    policy = looking.policy
    for rules in _parts(policy):
        bounds = [bound for rule in rules for bound in _bounds(rule.condition, rule, ())]
        said = set()
        for upper, lower in permutations(bounds, 2):
            if upper.rule is lower.rule or upper.test.fact != lower.test.fact:
                continue
            if upper.last is None or lower.first is None:
                continue
            last, first = upper.last, lower.first
            if 0 < first - last - 1 < _grain(upper.test.fact, policy) and _is_missed(looking, rules, upper, lower):
                later = max(upper, lower, key=lambda bound: rules.index(bound.rule))
                other = lower if later is upper else upper
                if later.test.span in said:
                    continue
                said.add(later.test.span)
                yield looking.problem(
                    "boundary-missed",
                    span_of(later.test, later.rule.span),
                    f"{_values(later.test.fact, last + 1, first - 1, policy.currency)} is in neither "
                    f"`{other.rule.id}` nor `{later.rule.id}`",
                    "write `at_most` or `at_least` in one of the two: they include the number",
                )


def _parts(policy: Policy) -> Iterator[list[Rule]]:
    """The rules of each part, of each ladder by itself."""
    for _, rules in groupby(rules_of(policy), key=lambda rule: (rule.kind.split()[0], rule.ladder)):
        together = list(rules)
        if together[0].kind not in {"hold placed", "hold released"}:
            yield together


def _bounds(condition: Condition, rule: Rule, path: Path) -> Iterator[_Bound]:
    match condition:
        case All(parts) | Any(parts):
            for number, part in enumerate(parts):
                yield from _bounds(part, rule, (*path, number))
        case Compare(_, op, number):
            match op:
                case Op.BELOW:
                    yield _Bound(rule, path, condition, last=number - 1)
                case Op.AT_MOST:
                    yield _Bound(rule, path, condition, last=number)
                case Op.AT_LEAST:
                    yield _Bound(rule, path, condition, first=number)
                case Op.OVER:
                    yield _Bound(rule, path, condition, first=number + 1)
        case _:
            return


def _grain(fact: str, policy: Policy) -> int:
    """So few values nobody leaves out on purpose: one, or, of money, less than one whole unit."""
    known = ACCOUNT.get(fact.removesuffix(OWN))
    if known is None or known.type is not Type.MONEY:
        return 2
    return int(10 ** SCALES.get(policy.currency, 2)) + 1


def _is_missed(looking: Looking, rules: list[Rule], upper: _Bound, lower: _Bound) -> bool:
    """Say whether some account with such a value would be in both rules but for the number, and is in none of them."""
    solver, fact = looking.solver, upper.test.fact
    assert upper.last is not None
    others = [rule for rule in rules if fact in facts_read(rule.condition)]
    return solver.can(
        solver.holds(Compare(fact, Op.OVER, upper.last)),
        solver.not_(solver.holds(lower.test)),
        *(solver.holds(instead(bound.rule.condition, bound.path, ALWAYS)) for bound in (upper, lower)),
        *(solver.not_(solver.holds(rule.condition)) for rule in others),
    )


def _values(fact: str, first: int, last: int, currency: str) -> str:
    one, other = value_text(fact, first, currency), value_text(fact, last, currency)
    return f"{subject(fact)} of {one}" if first == last else f"{subject(fact)} from {one} to {other}"
