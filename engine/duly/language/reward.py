"""The reward that a policy promises: its terms as they are written, and what contradicts itself in them.

Per cents are read from their text and kept as exact fractions, sums in minor units
of the policy's currency. A reward that pays nobody, or pays for what nobody wants, is
found by `reward_problems`: terms can be well written and still ask for the wrong thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from duly.language.gate import Scalar
from duly.language.policy import Commission, Policy, Reward, TeamBonus
from duly.language.written import Part
from duly.language.written_values import Values
from duly.source import Problem, Severity, in_order

WHOLE = 100


def read_reward(read: Values, part: Part) -> Reward:
    """The terms of a reward; what is wrong with them is reported where it stands."""
    bounds = part.part("per_quarter")
    at_least, at_most = read.maybe_money(bounds, "at_least") or 0, read.maybe_money(bounds, "at_most")
    if at_most is not None and at_most < at_least:
        read.report(
            "cap-below-floor",
            bounds.span_of("at_most"),
            f"a person gets at most `{bounds.text('at_most')}` and at least `{bounds.text('at_least')}`",
            "exchange the two, or take one of them out",
        )
    return Reward(
        **part.placed(),
        on_time_at_least_pct=part.part("on_time_share").whole("at_least_pct"),
        salesperson_pct=_per_cent(read, part, "salesperson_pct"),
        collector_pct=_per_cent(read, part, "collector_pct"),
        commission=_commission(read, part.part("commission")) if part.has("commission") else None,
        team_bonus=_bonus(read, part.part("team_bonus")) if part.has("team_bonus") else None,
        at_least=at_least,
        at_most=at_most,
    )


def _commission(read: Values, part: Part) -> Commission:
    held_back = _per_cent(read, part, "held_back_until_paid_pct", WHOLE)
    return Commission(**part.placed(), pct=_per_cent(read, part, "pct"), held_back_until_paid_pct=held_back)


def _bonus(read: Values, part: Part) -> TeamBonus:
    return TeamBonus(**part.placed(), amount=read.money(part.get("amount")), at_least_pct=part.whole("at_least_pct"))


def _per_cent(read: Values, part: Part, key: str, default: int = 0) -> Fraction:
    node = part.get(key)
    text = read.per_cent(node)
    if not isinstance(node, Scalar) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return Fraction(default)
    value = Fraction(text)
    if value > WHOLE:
        read.report("out-of-bounds", node.span, f"`{text}` is more than the whole", "a per cent here is at most 100")
    return value


def reward_problems(policy: Policy) -> tuple[Problem, ...]:
    """What contradicts itself in the reward: nobody to pay, no goal, pay for chasing or selling alone."""
    reward = policy.together.reward
    return in_order(_contradictions(policy, reward)) if reward else ()


def _contradictions(policy: Policy, reward: Reward) -> Iterator[Problem]:
    sells = bool(reward.salesperson_pct or (reward.commission and reward.commission.pct))
    bonus = reward.team_bonus
    if not (sells or reward.collector_pct or (bonus and bonus.amount)):
        help_ = "add `salesperson_pct`, `collector_pct`, `commission` or `team_bonus`, or take the reward out"
        yield _problem(policy, "", "reward-for-nobody", "the reward pays nobody", help_)
        return
    if bonus and not policy.together.pair_by:
        message = "the team bonus is for buddies, and the policy pairs nobody"
        yield _problem(policy, "/team_bonus", "bonus-without-pairs", message, "write `pair_by` under `together`")
    if not reward.on_time_at_least_pct:
        message = "a goal of 0 per cent rewards customers that pay late as well"
        help_ = "write the share that is good work, such as 90"
        yield _problem(policy, "/on_time_share/at_least_pct", "goal-of-nothing", message, help_, Severity.WARNING)
    if reward.collector_pct and not (sells or bonus):
        message = "only collectors are paid, so it pays to chase and not to sell to those who pay"
        help_ = "give salespeople a part as well: `salesperson_pct`, `commission` or `team_bonus`"
        yield _problem(policy, "/collector_pct", "rewards-chasing-alone", message, help_, Severity.WARNING)
    if reward.commission and reward.commission.pct and not reward.commission.held_back_until_paid_pct:
        message = "the whole commission is paid before the customer pays, so it pays to sell to bad payers"
        help_ = "hold a part of it back: `held_back_until_paid_pct: 50`"
        yield _problem(policy, "/commission", "rewards-unpaid-sales", message, help_, Severity.WARNING)


def _problem(
    policy: Policy, key: str, rule: str, message: str, help_: str, severity: Severity = Severity.ERROR
) -> Problem:
    span = policy.places.get(f"/together/reward{key}", policy.together.span)
    lines = policy.lines.get(span.file, ())
    line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    return Problem(rule, span, message, help_, line, severity)
