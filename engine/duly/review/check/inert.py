"""Parts of conditions that change nothing: without them every account would be decided as it is with them.

A part counts as inert only where that is proved: the policy without it decides every
account that can exist alike, its segment, pauses, stage, tone, tasks, requests, holds,
limits and points. Nor is it enough that another rule says the same: who writes two ranges
that exclude each other says more than needed, and says it well. The part must change
nothing in its own rule. Of two parts that each make the other superfluous only the first
is named, and a rule that never acts is not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from duly.language.conditions import ALWAYS
from duly.language.english import english
from duly.language.policy import Exception_
from duly.review.check.asked import Part, Rule, instead, parts_of, rules_of, span_of, with_condition
from duly.review.check.looking import Found, Looking
from duly.rules import layers

if TYPE_CHECKING:
    import z3


def inert_conditions(looking: Looking) -> Found:
    """Parts of conditions without which nothing would be decided otherwise."""
    for rule, part in inert_parts(looking):
        said = english(part.condition, looking.policy.currency)
        yield looking.problem(
            "inert-condition",
            span_of(part.condition, rule.span),
            f"that {said} changes nothing in {rule.named}: {_why(part)}",
            "take it out, or write what was meant",
        )


def inert_parts(looking: Looking) -> list[tuple[Rule, Part]]:
    """Those parts with their rules; all of them can be taken out together."""
    found = []
    policy, solver = looking.policy, looking.solver
    for rule in rules_of(looking.policy):
        if rule.key in looking.idle:
            continue
        condition = rule.condition
        for part in parts_of(rule.condition):
            without = instead(condition, part.path, part.without)
            apart = solver.holds(condition) != solver.holds(without)
            if not solver.never(apart, *_in_play(looking, rule)):
                continue
            if solver.decides_alike(with_condition(policy, rule, without)):
                condition = without
                found.append((rule, part))
    return found


def _in_play(looking: Looking, rule: Rule) -> Iterator[z3.BoolRef]:
    """What must be so, beside its condition, for the rule to bring something about."""
    policy, solver = looking.policy, looking.solver
    match rule.kind:
        case "tone limit":
            limit = next(one for one in policy.tone_limits if one.id == rule.id)
            harsher = policy.tones[policy.tones.index(limit.at_most) + 1 :]
            yield solver.ask.either(*(solver.is_word("step", s.id) for s in policy.stages() if s.tone in harsher))
        case "stage":
            stage = next(s for s in policy.ladder(rule.ladder).stages if s.id == rule.id)
            yield solver.is_word("ladder", rule.ladder)
            yield solver.holds(layers.BEFORE_DUE if stage.before_due else layers.IS_LATE)
            yield solver.not_(solver.holds(layers.too_small(policy)))
            yield solver.holds(layers.has_come(stage))
        case _:
            return


def _why(part: Part) -> str:
    if part.without != ALWAYS:
        return "it holds for nobody whom the rest does not take anyhow"
    return "it always holds there" if part.path else "it always holds"


# Exceptions.


def exceptions_without_effect(looking: Looking) -> Found:
    """Exceptions under which every account would be decided as it is without them."""
    for exception in looking.policy.exceptions:
        if looking.solver.decides_alike_with(exception):
            yield looking.problem(
                "exception-without-effect",
                exception.span,
                f"the exception for `{exception.account}` changes nothing: {_asks(exception)}",
                "take it out, or agree on something milder",
            )


def _asks(exception: Exception_) -> str:
    limits = (
        (exception.tone_at_most, "no tone is harsher than `{}`"),
        (exception.stage_at_most, "no stage is more severe than `{}`"),
        (exception.ladder, "every account climbs `{}` anyhow"),
    )
    return ", and ".join(said.format(what) for what, said in limits if what)
