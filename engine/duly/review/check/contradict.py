"""Rules that hold together and ought not to: a hold placed and released, a limit raised and lowered, a vain wait."""

from __future__ import annotations

from collections.abc import Iterator

from duly.figures.limits import Direction, direction_of
from duly.language.conditions import Compare, Condition, Includes, Op, facts_read, leaves
from duly.language.policy import Hold, SalesRule
from duly.review.check.example import example
from duly.review.check.looking import Found, Looking
from duly.rules import layers

WORK_WEEK = 5

OWES = Compare("past_due", Op.OVER, 0)
"""What is late is more than nothing; a book may round it to nothing, and nobody means that."""


def placed_and_released(looking: Looking) -> Found:
    """Holds whose two conditions hold at once for some account."""
    solver, policy = looking.solver, looking.policy
    late = solver.holds(layers.IS_LATE)
    usual = solver.ask.either(solver.not_(late), solver.holds(OWES))
    for hold in policy.holds:
        both = (usual, solver.holds(hold.place), solver.holds(hold.release))
        if solver.can(*both):
            read = (*facts_in(hold.place), *facts_in(hold.release))
            yield looking.problem(
                "hold-placed-and-released",
                hold.release_span,
                f"the hold `{hold.id}` is released from accounts on which it is placed"
                + example(solver, both, read, policy.currency),
                "release it only where it would not be placed",
            )


def raised_and_lowered(looking: Looking) -> Found:
    """Credit limit rules of which one raises and one lowers by the same number."""
    solver, policy = looking.solver, looking.policy
    raising = [rule for rule in policy.credit_limits if direction_of(rule) is Direction.RAISE]
    lowering = [rule for rule in policy.credit_limits if direction_of(rule) is Direction.LOWER]
    for up in raising:
        for down in lowering:
            both = (solver.holds(up.when), solver.holds(down.when))
            shared = _numbers(up.when) & _numbers(down.when)
            if shared and solver.can(*both):
                later = max(up, down, key=policy.credit_limits.index)
                yield looking.problem(
                    "limit-raised-and-lowered",
                    later.span,
                    f"`{up.id}` raises and `{down.id}` lowers the limit of the same accounts"
                    + example(solver, both, sorted(shared), policy.currency),
                    "let one end where the other begins; as it is the lower limit is proposed",
                )


def _numbers(condition: Condition) -> frozenset[str]:
    return frozenset(leaf.fact for leaf in leaves(condition) if isinstance(leaf, Compare))


# Holds and the sales request that they wait for.


def waits_for_unasked(looking: Looking) -> Found:
    """Holds that wait for a request which is never made for some of the accounts that they are for."""
    solver, policy = looking.solver, looking.policy
    for hold, rule in _waiting(looking):
        unasked = (
            solver.holds(hold.place),
            solver.not_(solver.holds(Includes("sales_asked", rule.id))),
            solver.not_(solver.holds(rule.when)),
        )
        if hold.needs and ("sales", rule.id, "") not in looking.idle and solver.can(*unasked):
            read = [name for name in facts_in(rule.when) if not name.startswith("days_since")]
            yield looking.problem(
                "hold-waits-for-unasked",
                hold.needs.span,
                f"the hold `{hold.id}` waits for `{rule.id}`, under which sales is not asked about some accounts"
                + example(solver, unasked, (*facts_in(hold.place), *read), policy.currency),
                f"let `{rule.id}` hold wherever the hold's own condition does, and earlier",
            )


def told_too_late(looking: Looking) -> Found:
    """Holds that are due before sales has had the time it is given to answer."""
    solver = looking.solver
    for hold, rule in _waiting(looking):
        due, asked = (least_days(looking, condition) for condition in (hold.place, rule.when))
        if due is None or asked is None or not solver.can(solver.holds(hold.place), solver.holds(rule.when)):
            continue
        weeks, rest = divmod(rule.within_business_days, WORK_WEEK)
        answer = asked + 7 * weeks + rest
        if hold.needs and due < answer:
            yield looking.problem(
                "sales-told-too-late",
                hold.place_span,
                f"the hold `{hold.id}` is due on day {due}, and sales, asked on day {asked}, has until day {answer}",
                f"ask sales by day {max(due - answer + asked, 0)}, or place the hold from day {answer} on",
            )


def _waiting(looking: Looking) -> Iterator[tuple[Hold, SalesRule]]:
    policy = looking.policy
    for hold in policy.holds:
        rule = next((r for r in policy.sales if hold.needs and r.id == hold.needs.request and not r.stands_down), None)
        if rule is not None:
            yield hold, rule


def least_days(looking: Looking, condition: Condition) -> int | None:
    """The first day past due on which the condition can hold; None where it does not hang on that."""
    solver = looking.solver
    asked = {leaf.number + one for leaf in leaves(condition) if isinstance(leaf, Compare) for one in (0, 1)}
    numbers = sorted(asked | {0, looking.policy.late.grace_days + 1})
    if "days_past_due" not in facts_read(condition):
        return None
    for number in numbers:
        day = Compare("days_past_due", Op.AT_MOST, number)
        if solver.can(solver.holds(condition), solver.holds(day)):
            return number
    return None


def facts_in(condition: Condition) -> tuple[str, ...]:
    """The facts that a condition reads, each once, in the order written."""
    return tuple(dict.fromkeys(leaf.fact for leaf in leaves(condition)))
