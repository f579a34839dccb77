"""The conditions that the layers of a policy come down to.

What language.md says in words about pauses, gaps, caps and repeats is said here
once more as condition trees over facts. `meaning` evaluates these trees,
`columnar` prints them as SQL and `durable` as rules; none adds a test of its own.
"""

from __future__ import annotations

from duly.language.conditions import NEVER, All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from duly.language.made_once import made_once
from duly.language.policy import AccountPause, CreditLimitRule, Hold, Ladder, Policy, SalesRule, Since, Stage, Stops
from duly.rules.decision import NONE

GAP = "days_since_last_stage"

IS_LATE = Is("late", (True,))
BEFORE_DUE = All((Is("late", (False,)), Known("days_to_due")))
NOTHING_LEFT = All((Is("late", (False,)), Compare("late_count_with_disputed", Op.OVER, 0)))
OUTCOME_UNKNOWN = Is("outcome_unknown", (True,))


@made_once
def stops(policy: Policy, what: Stops) -> Condition:
    """That an account pause which holds, or an exception, stops this part of the policy."""
    pauses = tuple(Includes("pauses", pause.id) for pause in policy.account_pauses if what in pause.stops)
    stopped_by_exception = what in AccountPause(id="", when=All(())).stops
    return Any((*pauses, *((Is("exception__pause", (True,)),) if stopped_by_exception else ())))


@made_once
def paused(policy: Policy) -> Condition:
    """That the account is paused: the stages are stopped, or invoice pauses leave nothing to chase."""
    return Any((stops(policy, Stops.STAGES), NOTHING_LEFT))


@made_once
def executed(stage: Stage) -> Condition:
    """That the stage has been executed in this episode."""
    return Known(stage.days_fact)


@made_once
def has_come(stage: Stage) -> Condition:
    """That the stage's day has come.

    The count from the previous stage starts again with the stage's own execution;
    once executed, such a stage has come for good, or an account that follows the
    facts would be sent the milder stage again right after the harsher one.
    """
    if stage.after is not None and stage.after.clock.since is Since.PREVIOUS_STAGE:
        return Any((executed(stage), stage.reached))
    return stage.reached


@made_once
def stands(ladder: Ladder, stage: Stage) -> Condition:
    """That the stage, executed, still counts as the one the account stands on, by the way the ladder is climbed."""
    match ladder.climb.value:
        case "one_step":
            return All((executed(stage), stage.when))
        case "highest":
            return executed(stage)
        case _:
            return All((executed(stage), stage.when, has_come(stage)))


@made_once
def eligible(ladder: Ladder, stage: Stage) -> Condition:
    """That the stage may be the next: it is the time for it, its `when` holds, no exception caps it."""
    allowed = tuple(s.id for s in ladder.stages[ladder.stages.index(stage) :])
    return All((BEFORE_DUE if stage.before_due else IS_LATE, stage.when, Is("exception__stage", (NONE, *allowed))))


@made_once
def repeats(ladder: Ladder, stage: Stage) -> Condition:
    """That the stage, standing, is to be repeated today."""
    if stage.repeat is None:
        return Any(())
    due = Compare(stage.days_fact, Op.AT_LEAST, stage.repeat.every_days, stage.repeat.span)
    if stage.repeat.at_most is None:
        return All((eligible(ladder, stage), due))
    # The first execution is not a repeat, so n repeats are n + 1 executions.
    return All(
        (eligible(ladder, stage), due, Compare(stage.times_fact, Op.AT_MOST, stage.repeat.at_most, stage.repeat.span))
    )


@made_once
def too_small(policy: Policy) -> Condition:
    """That what is late is less than the account's minimum."""
    return All((IS_LATE, Compare("past_due", Op.BELOW, policy.late.ignore_account_below)))


@made_once
def gap_is_open(ladder: Ladder, stage: Stage) -> Condition:
    """That the least number of days since the last executed stage has passed."""
    return Any((Not(Known(GAP)), Compare(GAP, Op.AT_LEAST, ladder.gap_before(stage))))


@made_once
def cap_allows(policy: Policy, stage: Stage) -> Condition:
    """That the contact cap leaves room today; a stage that reaches nobody needs none."""
    cap = policy.limits.contacts_per_customer
    if cap is None or not stage.contacts:
        return All(())
    return Any((Is("contacted_today", (True,)), Compare("contacts_in_window", Op.BELOW, cap.at_most, cap.span)))


@made_once
def closed_today(stage: Stage) -> Condition:
    """That the stage reaches the customer and the day is not open for contact."""
    return Is("contact_day", (False,)) if stage.contacts else Any(())


@made_once
def gives_task(pause: AccountPause) -> Condition:
    """That the pause hands out its tasks today: it holds and has not done so in this episode."""
    if not pause.tasks:
        return Any(())
    return All((Includes("pauses", pause.id), Not(Includes("tasks_given", pause.id))))


@made_once
def asks(rule: SalesRule) -> Condition:
    """That the rule holds and sales has not been asked under it in this episode."""
    return All((rule.when, Not(Includes("sales_asked", rule.id))))


@made_once
def tells(rule: SalesRule) -> Condition:
    """That sales was asked under the rule in this episode and has not answered in time, and nobody was told of it."""
    if not rule.unanswered_tell or rule.stands_down:
        return NEVER
    over = ("requests_open", "requests_answered", "requests_told")
    return All((Includes("sales_asked", rule.id), *(Not(Includes(fact, rule.id)) for fact in over)))


@made_once
def wants_hold(hold: Hold) -> Condition:
    """That the hold's condition holds and the hold is not in force yet."""
    return All((hold.place, Not(Includes("holds", hold.id))))


@made_once
def may_place(policy: Policy, hold: Hold) -> Condition:
    """That nothing keeps the hold back: no pause, and the sales request it needs is answered or expired."""
    free = Not(stops(policy, Stops.NEW_HOLDS))
    if hold.needs is None:
        return free
    request = hold.needs.request
    answered = (Includes("requests_answered", request),) if hold.needs.answered_only else ()
    return All((free, Includes("sales_asked", request), Not(Includes("requests_open", request)), *answered))


@made_once
def releases(hold: Hold) -> Condition:
    """That the hold is in force and its release condition holds."""
    return All((Includes("holds", hold.id), hold.release))


def reviews_limit(rule: CreditLimitRule) -> Condition:
    """That the rule asks for another limit. Nothing but its own condition silences it: late or not, paused or not."""
    return rule.when
