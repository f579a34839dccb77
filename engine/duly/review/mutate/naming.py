"""Names of proposed cases that read as sentences: `no_reminder_at_14_days_past_due`.

A name says which rule acts, or does not, and where the account stands with regard to
what the case is about.
"""

from __future__ import annotations

import re
from collections.abc import Container

from duly.language.conditions import Facts, holds
from duly.language.policy import Policy
from duly.language.vocabulary import ACCOUNT, Type
from duly.money import format_decimal
from duly.review.cases.deeds import Seen, deciders
from duly.review.mutate.mutants import Mutant
from duly.rules.decision import NONE

LONGEST = 90
"""A name has at most so many letters."""

RULES = frozenset({"segments", "pauses", "tone_limits", "sales", "holds", "credit_limits"})
"""The parts of a policy whose keys are rules."""

READS = {
    "min_days_between": "days_since_last_stage",
    "contacts_per_customer": "contacts_in_window",
    "ignore_below": "past_due",
    "without_email": "has_email",
    "propose": "credit_limit",
}
"""The fact that a setting is compared with."""


def name_of(policy: Policy, mutant: Mutant, day: Seen, taken: Container[str]) -> str:
    """The name of a case that notices the mutant, given what the policy does; none of those taken."""
    words = mutant.path.split(".")
    what, where = _what(policy, words, day), _where(policy, _about(policy, words, day.account.facts), day.account.facts)
    where = "" if where.endswith(f"where {what}") else where
    name = "_".join(re.findall("[a-z0-9]+", f"{what} {where}".lower()))[:LONGEST].rstrip("_")
    count = 1
    while (counted := name if count == 1 else f"{name}_{count}") in taken:
        count += 1
    return counted


def rule_of(mutant: Mutant) -> str:
    """The id of the rule in which the mistake is; nothing where it is in a setting."""
    return _rule(mutant.path.split("."))


def _what(policy: Policy, words: list[str], day: Seen) -> str:
    """The rule, or that it does not act; of a setting, the stage that acts or waits."""
    decision, rule = day.decision, _rule(words)
    if not rule:
        stage = decision.step if decision.step != NONE else f"no {decision.next_stage}"
        return stage if decision.next_stage != NONE else "nothing"
    acted = {name.rpartition(" ")[2] for name in deciders(policy, day)[0]}
    acted |= {decision.segment, *decision.pauses, *(p.id for p in policy.worklist if holds(p.when, day.account.facts))}
    acted |= {r.id for r in policy.sales if r.stands_down and decision.stood_down}
    if words[0] == "holds":
        what, ids = ("release", decision.release) if "release" in words else ("hold", decision.place)
        return f"{what} {rule}" if rule in ids else f"no {what} {rule}"
    return rule if rule in acted else f"no {rule}"


def _rule(words: list[str]) -> str:
    for part in ("stages", "points"):
        if part in words[:-1]:
            return words[words.index(part) + 1]
    return words[1] if words[0] in RULES else ""


def _about(policy: Policy, words: list[str], facts: Facts) -> str:
    """The fact that the mistake is about."""
    last = words[-1]
    if last in facts:
        return last
    stage = next((stage for stage in policy.stages() if stage.id == _rule(words)), None)
    if last == "after" and stage is not None and stage.after is not None:
        return stage.after.clock.fact
    if last == "every_days" and stage is not None:
        return stage.days_fact
    return next((fact for word, fact in READS.items() if word in words), "days_past_due")


def _where(policy: Policy, fact: str, facts: Facts) -> str:
    """Where the account stands."""
    value, name = facts[fact], fact.removeprefix("clock__due_date__days").removeprefix("clock__") or "days_past_due"
    known = ACCOUNT.get(fact)
    match value:
        case None:
            return f"with {name} unknown"
        case bool() if name.startswith("has_"):
            return f"with {name[4:]}" if value else f"without {name[4:]}"
        case bool():
            return f"where {name}" if value else f"where not {name}"
        case int() if known is not None and known.type is Type.MONEY:
            return f"with {format_decimal(value, policy.currency).replace('.00', '')} {name}"
        case int():
            return f"{'at' if 'days' in name else 'with'} {value} {name}"
        case frozenset():
            return f"with {' and '.join(sorted(value)) or 'no'} {name}"
        case _:
            return f"with {name} {value}"
