"""Whether a mutant can be told from its policy at all, and by which account.

Two policies are alike where every account that can exist is decided alike, in every
word of the decision: what is done, what waits and why, which segment, pauses and
points. That is proved, not sampled. Where they are not, the solver shows an account
that tells them apart: one for whom something else is done before one for whom only
the reason for waiting is other, and one that is likely before one that just can be.

A mutant whose ledger gives other facts is no question for the solver: an account of
the one policy need not be an account of the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from duly.language.conditions import Facts
from duly.language.policy import Period, Policy, Since
from duly.money import SCALES
from duly.review.cases.customer import Completing
from duly.review.prove.search import MEASURE, Search, telling
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import OTHER, Asking, Symbol, Symbols
from duly.rules import meaning

TELLING: tuple[tuple[str, ...], ...] = (
    ("step", "tone", "tasks", "asked_today", "placed_today", "released_today", "limits", "points"),
    ("stage", "put_off", "stood_down", "tells"),
    ("segment", "ladder", "executed_stage", "pauses", "paused", "repeat", "wait", "next_stage", "hold_waits"),
)
"""Everything that a decision says: what tells two of them apart most plainly first."""

LIKELY_SUM = 1_000
LIKELY_MONTHS = 24
LIKELY_LIMIT = 10_000
WAYS = 3
ANOTHER = {"currency": "CHF", "country": "CH", "language": "rm"}
"""A word that a policy hardly names, where any that it does not name will do."""


def account_apart(policy: Policy, other: Policy, *, measure: int = MEASURE) -> Facts | None:
    """An account that the two policies decide differently, or None: proved that none can exist.

    Raises `Unsettled` where the solver gave up within its measure.
    """
    search = Search([policy, other], measure=measure)
    ask = search.ask
    one, two = (decide(p, ask, search.account.facts) for p in (policy, other))
    differ = [ask.either(*(_differ(ask, one[name], two[name]) for name in names)) for names in TELLING]
    apart = next((said for said in differ if search.is_possible(said)), None)
    if apart is None:
        return None
    search.suppose(apart)
    facts = _likeliest(search, policy)
    if meaning.decide(policy, facts) == meaning.decide(other, facts):
        raise AssertionError("an account that tells two policies apart is decided alike by the meaning of both")
    return facts


def accounts_doing(policy: Policy, rule: str, *, measure: int = MEASURE) -> Iterator[Facts]:
    """Accounts for which a stage, a hold, a credit limit rule or a pause with a task acts today, each in another way.

    For a stage one with e-mail and one without it; for a limit one with a usual limit
    and one so large that the rule's caps count.
    """
    for n in range(WAYS):
        search = Search([policy], measure=measure)
        facts, outcome = search.account.facts, decide(policy, search.ask, search.account.facts)
        limit = facts["credit_limit"]
        ways = {
            "step": (facts["has_email"].value, z3.Not(facts["has_email"].value)),
            "limits": tuple(search.ask.both(limit.known, limit.value == size) for size in _limits(policy, rule)),
            "placed_today": (search.ask.true,),
            "tasks": (search.ask.true,),
        }
        kind = _kind(policy, rule)
        if not kind or n >= len(ways[kind]):
            return
        acts = outcome[kind]
        does = acts.value == search.ask.word(rule) if kind == "step" else acts.members[rule]
        search.suppose(does, ways[kind][n])
        if search.is_possible():
            yield _likeliest(search, policy)


def as_written(policy: Policy, facts: Facts) -> Iterator[Facts]:
    """The account as a person would describe it, the most believable first.

    What usually goes together is put right first: who was written to was also
    contacted. That may be another account, so whoever asks looks again.
    """
    completing = Completing(policy)
    usual = completing.facts(dict(telling(facts, completing.columns)))
    if not any(completing.contradictions(usual)):
        yield usual
    yield completing.facts({name: value for name, value in facts.items() if value != OTHER})
    yield completing.facts({n: ANOTHER.get(n, "another") if value == OTHER else value for n, value in facts.items()})


def _kind(policy: Policy, rule: str) -> str:
    kinds = {
        "step": policy.stage_ids,
        "limits": [one.id for one in policy.credit_limits],
        "placed_today": [one.id for one in policy.holds],
        "tasks": [one.id for one in policy.account_pauses],
    }
    return next((kind for kind, ids in kinds.items() if rule in ids), "")


def _limits(policy: Policy, rule: str) -> Iterator[int]:
    """Credit limits of which the rule would make others: a round one, and one at each of its caps."""
    unit = 10 ** SCALES[policy.currency]
    yield LIKELY_LIMIT * unit
    for one in policy.credit_limits:
        if one.id == rule:
            yield from (cap for cap in (one.up_to, one.down_to) if cap is not None)


def _differ(ask: Asking, one: Symbol, two: Symbol) -> z3.BoolRef:
    if one.value is None:
        members = sorted({*one.members, *two.members})
        return ask.either(*(one.members.get(m, ask.false) != two.members.get(m, ask.false) for m in members))
    return one.value != two.value


def _likeliest(search: Search, policy: Policy) -> Facts:
    """The plainest account with as much about it as can be that is so of most."""
    for so in _likely(policy, search.ask, search.account.facts):
        if search.is_possible(so):
            search.suppose(so)
    return search.facts(search.plainest())


def _likely(policy: Policy, ask: Asking, facts: Symbols) -> Iterator[z3.BoolRef]:
    """What is so of most accounts and of not all: nothing that a proof may suppose."""
    for stage in policy.stages():
        since = facts[stage.days_fact]
        if after := stage.after:
            clock = facts[after.clock.fact]
            due = after.clock.since is Since.DUE_DATE and after.clock.period is Period.DAYS
            if due and not after.clock.month_end:
                # It was executed on its day or later.
                yield z3.Implies(since.known, ask.both(clock.known, clock.value >= after.number + since.value))
        if not stage.before_due:
            yield z3.Implies(since.known, facts["late"].value)
    last, latest = facts["days_since_last_stage"], facts["days_since_stage"]
    on_it = (ask.both(facts[s.days_fact].known, facts[s.days_fact].value == latest.value) for s in policy.stages())
    yield z3.Implies(latest.known, ask.both(last.value == latest.value, ask.either(*on_it)))
    late, months = facts["late"].value, facts["months_as_customer"].value
    yield z3.Implies(late, facts["past_due"].value >= LIKELY_SUM * 10 ** SCALES[policy.currency])
    yield months >= LIKELY_MONTHS
    for rule in policy.sales:
        asked, settled = (facts[name].members.get(rule.id, ask.false) for name in ("sales_asked", "requests_answered"))
        yield z3.Implies(asked, ask.either(settled, facts["requests_open"].members.get(rule.id, ask.false)))
