"""What a policy says about working together and leaves half said, or says against itself.

A part that is missing is warned of: the policy can be acted on, but something of the
common work is left to chance. Parts that contradict each other are errors. Each problem
points at the line that would have to change. Who must be there to do it is only known
with a book (`missing_people`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from duly.language.conditions import Condition, Is, leaves
from duly.language.policy import ASK_NOTHING, Hold, Policy, Rhythm, SalesRule, Stage
from duly.language.schema import NAME, ROLES
from duly.source import Problem, Severity, Span, in_order
from duly.team.duties import obligations
from duly.team.people import Team

SIDES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sales": ("salesperson", "sales_manager"), "credit": ("collector", "credit_manager")}
)
"""What one calls the roles of a side together."""

GETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "past_due_list_by_salesperson": ("salesperson",),
        "aged_trial_balance": ("credit_manager", "sales_manager"),
        "new_customers": ("salesperson", "collector"),
        "shared_scorecard": ("credit_manager", "sales_manager"),
    }
)
"""The roles that each list is for; a statement is for the customer."""


def contradictions(policy: Policy) -> tuple[Problem, ...]:
    """What is missing of the common work, and what contradicts itself, by the policy alone."""
    found = (
        *(problem for hold in policy.holds for problem in _of_hold(policy, hold)),
        *(problem for rule in policy.sales for problem in _of_rule(policy, rule)),
        *_of_referral(policy),
        *_of_introductions(policy),
        *_of_agreements(policy),
    )
    return in_order(found)


def missing_people(policy: Policy, team: Team) -> tuple[Problem, ...]:
    """Roles of which the policy asks something and that nobody in the book has."""
    nobody = {role for role in ROLES if not team.with_role(role)}
    found = []
    for rhythm in (policy.together.weekly, policy.together.monthly):
        found += _lists_for_nobody(policy, rhythm, nobody) if rhythm else []
    for rule in policy.sales:
        if rule.unanswered_tell in nobody:
            span = policy.places.get(f"{rule.path}/unanswered", rule.span)
            message = f"`{rule.id}` tells a {rule.unanswered_tell} without an answer, and the book has none"
            found.append(_placed(policy, "tells-nobody", span, message, "bring a person with the role in `people`"))
    return in_order(found)


def _lists_for_nobody(policy: Policy, rhythm: Rhythm, nobody: set[str]) -> list[Problem]:
    span = policy.places.get(f"{rhythm.path}/send", rhythm.span)
    return [
        _placed(
            policy,
            "list-for-nobody",
            span,
            f"`{sent}` is for a {role}, and the book has none",
            "bring a person with the role in `people`, or take the list out",
        )
        for sent in rhythm.send
        for role in GETS.get(sent, ())
        if role in nobody
    ]


def _of_hold(policy: Policy, hold: Hold) -> Iterator[Problem]:
    asking = next((rule.id for rule in policy.sales if rule.ask != ASK_NOTHING), "")
    if hold.needs is None:
        if policy.sales:
            yield _placed(
                policy,
                "hold-unannounced",
                hold.place_span,
                f"the hold `{hold.id}` falls before sales was asked",
                f"add `needs: {{request: {asking or '…'}, is: answered_or_expired}}`: the customer hears it first",
            )
        return
    rule = next((rule for rule in policy.sales if rule.id == hold.needs.request), None)
    if rule is not None and rule.ask == ASK_NOTHING:
        yield _placed(
            policy,
            "request-never-made",
            hold.needs.span,
            f"the hold `{hold.id}` waits for `{rule.id}`, which asks nothing",
            "name a rule that asks sales for something",
            Severity.ERROR,
        )
    elif rule is not None and hold.needs.answered_only and not rule.unanswered_tell:
        yield _placed(
            policy,
            "hold-waits-for-ever",
            hold.needs.span,
            f"the hold `{hold.id}` waits for an answer to `{rule.id}`, and nobody is told if none comes",
            "write `is: answered_or_expired`, or give the rule `unanswered: {tell: …}`",
        )


def _of_rule(policy: Policy, rule: SalesRule) -> Iterator[Problem]:
    if rule.ask != ASK_NOTHING and not rule.unanswered_tell:
        yield _placed(
            policy,
            "nobody-steps-in",
            rule.span,
            f"nobody is told if `{rule.id}` is not answered",
            "add `unanswered: {tell: sales_manager}`",
        )


def _of_referral(policy: Policy) -> Iterator[Problem]:
    """Stages after which sales would still be asked: the customer then has somebody else to talk to."""
    if not any(rule.ask != ASK_NOTHING for rule in policy.sales):
        return
    standing_down = [rule.when for rule in policy.sales if rule.ask == ASK_NOTHING]
    for stage in _referrals(policy):
        if not any(_is_about(when, stage.id) for when in standing_down):
            yield _placed(
                policy,
                "no-stand-down",
                stage.span,
                f"sales is still asked after `{stage.id}` referred the customer",
                f"add a rule under `sales`: `stand_down: {{when: {{executed_stage: {stage.id}}}, ask: nothing}}`",
            )


def _referrals(policy: Policy) -> Iterator[Stage]:
    seen = set()
    for stage in policy.stages():
        if stage.action.startswith("refer") and stage.id not in seen:
            seen.add(stage.id)
            yield stage


def _is_about(when: Condition, stage: str) -> bool:
    """Say whether the condition reads that the stage was executed, or asks nothing at all."""
    read = tuple(leaves(when))
    return not read or any(
        isinstance(leaf, Is) and leaf.fact in {"executed_stage", "stage"} and stage in leaf.values for leaf in read
    )


def _of_introductions(policy: Policy) -> Iterator[Problem]:
    together = policy.together
    if together.introduce_collector_to and not together.pair_by:
        yield _placed(
            policy,
            "introduced-without-pairs",
            policy.places.get("/together/introduce_collector_to", together.span),
            "customers are introduced to a pair, and the policy pairs nobody",
            "add `pair_by: region`, `segment` or `name` under `together`",
            Severity.ERROR,
        )


def _of_agreements(policy: Policy) -> Iterator[Problem]:
    """Limits and exceptions agreed with somebody who has no part in the policy; names of people are not judged."""
    if not policy.responsible:
        return
    agreed = [
        *((f"the tone limit `{limit.id}`", limit.agreed_with, limit.path, limit.span) for limit in policy.tone_limits),
        *((f"the exception for `{e.account}`", e.agreed_with, e.path, e.span) for e in policy.exceptions),
    ]
    for what, who, path, span in agreed:
        if re.fullmatch(NAME, who) and not any(_has_a_duty(policy, role) for role in SIDES.get(who, (who,))):
            yield _placed(
                policy,
                "agreed-with-nobody",
                policy.places.get(f"{path}/agreed_with", span),
                f"{what} is agreed with `{who}`, who has no duty in this policy",
                "name `sales`, `credit`, a role that has one, or a person",
            )


def _has_a_duty(policy: Policy, role: str) -> bool:
    return role in ROLES and bool(obligations(policy, role))


def _placed(
    policy: Policy, rule: str, span: Span, message: str, help_: str, severity: Severity = Severity.WARNING
) -> Problem:
    lines = policy.lines.get(span.file, ())
    line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    return Problem(rule, span, message, help_, line, severity)
