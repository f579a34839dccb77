"""Stages whose day never comes for some customers, though nothing about them changes and a plan is made every day."""

from __future__ import annotations

from duly.review.check.looking import Found, Looking


def for_ever(looking: Looking) -> Found:
    """Stages that can wait for ever, with the one whose repeats keep them waiting."""
    from duly.review.prove.over_time.endless import endless_waits
    from duly.review.prove.search import Unsettled

    try:
        found = endless_waits(looking.policy)
    except Unsettled:
        # Said by `duly prove`; a check says only what it knows.
        return
    told = set()
    for one in found:
        if one.stage.id in told:
            continue
        told.add(one.stage.id)
        span = one.stage.after.span if one.stage.after else one.stage.span
        if one.repeated is None:
            why, help_ = "no stage that it could count from comes before it", "let it count from the due date"
        else:
            why = f"`{one.repeated.id}` is repeated before its days have passed"
            help_ = f"bound the repeats of `{one.repeated.id}` with `at_most`, or let it count from the due date"
        message = f"`{one.stage.id}` can wait for ever: {why}"
        yield looking.problem("stage-waits-for-ever", span, message, help_)
