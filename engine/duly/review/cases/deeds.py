"""What a decision comes down to, for a case: actions, what is withheld, and the rules behind both.

The actions are those of a plan, made by the same functions; a credit limit rule
that holds counts as one. What sales and credit do together by the calendar
(statements, lists, notices, introductions) is no matter of one account's decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from duly.book.again import InvoiceFacts
from duly.figures.limits import asked_for
from duly.language.policy import ASK_NOTHING, Policy
from duly.plan.actions import Account, actions_of, withheld_of
from duly.plan.overdue import ANSWER_OVERDUE
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.review.cases.case import What
from duly.rules.decision import Decision
from duly.rules.trace import values_read

KINDS = {
    Kind.TASK: What.TASK,
    Kind.SALES_REQUEST: What.REQUEST,
    Kind.HOLD: What.HOLD,
    Kind.RELEASE: What.RELEASE,
    Kind.REFERRAL: What.REFERRAL,
    Kind.WRITE_OFF_PROPOSAL: What.WRITE_OFF,
}

NAMED_BY_TASK = frozenset({What.TASK, What.REFERRAL, What.WRITE_OFF})

LATE = "late"
"""The rule behind everything that is late; it need not be named."""


@dataclass(frozen=True, slots=True)
class Done:
    """An action: what it is, for whom, and why. `rule` is the stage, rule, hold or pause that it belongs to.

    `to` is the limit that is asked for, in minor units, where there is one to change.
    """

    what: What
    name: str
    for_role: str
    rule: str
    because: tuple[Because, ...]
    approval: frozenset[str] = frozenset()
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One account on one day that was looked at; a customer by its facts has no day and no invoices.

    The account's facts have what was decided as well.
    """

    on: date | None
    account: Account
    decision: Decision
    done: tuple[Done, ...]
    withheld: tuple[Withheld, ...]
    invoices: tuple[InvoiceFacts, ...] = ()


def seen(policy: Policy, account: Account, decision: Decision) -> Seen:
    """What the decision comes down to."""
    done = tuple(_done(action) for action in actions_of(policy, account, decision))
    limits = tuple(_limits(policy, account, decision))
    return Seen(None, account, decision, (*done, *limits), tuple(withheld_of(policy, account, decision)))


def _done(action: Action) -> Done:
    if action.kind is Kind.MESSAGE:
        what, name = What(action.channel), action.template
        return Done(what, name, action.for_role, action.stage, action.because, frozenset(action.approval))
    if action.task == ANSWER_OVERDUE:
        return Done(What.TELL, action.stage, action.for_role, action.stage, action.because)
    what = KINDS[action.kind]
    name = action.task if what in NAMED_BY_TASK else action.stage
    return Done(what, name, action.for_role, action.stage, action.because, frozenset(action.approval))


def _limits(policy: Policy, account: Account, decision: Decision) -> Iterator[Done]:
    for rule in policy.credit_limits:
        if rule.id in decision.limits:
            why = Because(f"credit limit {rule.id}", rule.span, values_read(rule.when, account.facts), rule.because)
            now = account.facts["credit_limit"]
            to = asked_for(rule, now, own=int)[1] if isinstance(now, int) else None
            yield Done(What.LIMIT, rule.id, "credit_manager", rule.id, (why,), frozenset(rule.approval), to)


def deciders(policy: Policy, day: Seen) -> tuple[frozenset[str], frozenset[str]]:
    """The rules that brought about what is done, and those that decided something else, by kind and name."""
    did = frozenset(rule_of(why) for done in day.done for why in done.because) - {LATE}
    decision = day.decision
    else_ = {rule_of(why) for thing in day.withheld for why in thing.because}
    else_ |= {f"segment {decision.segment}", *(f"pause {id_}" for id_ in decision.pauses), LATE}
    if decision.stood_down:
        else_ |= {f"sales {rule.id}" for rule in policy.sales if rule.ask == ASK_NOTHING}
    return did, frozenset(else_) - did


def rule_of(why: Because) -> str:
    """The rule by kind and name, as `stage reminder` or `tone limit fragile_relationship`."""
    rule = why.rule.partition(":")[0]
    return LATE if rule.startswith("late ") else rule
