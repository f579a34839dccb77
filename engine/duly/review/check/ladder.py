"""Ladders that leave somebody out, harden by leaps or backwards, or whose rungs stand in each other's way.

Two stages are only held against each other where one account can come to both. What
hangs on days is left out of that: an account grows older between two stages, while
most else about it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise

from duly.language.conditions import ALWAYS, All, Condition, facts_read
from duly.language.english import after_english
from duly.language.policy import Basis, Climb, Clock, DayCount, Ladder, Period, Since, Stage
from duly.review.check.asked import conjuncts_of, instead
from duly.review.check.example import example
from duly.review.check.looking import Found, Looking
from duly.rules import layers
from duly.rules.decision import NONE

WORK_WEEK = 5
LONGEST_MONTH = 31


def undated(condition: Condition) -> Condition:
    """The condition without the parts that ask for days and nothing else."""
    for part in conjuncts_of(condition):
        if all(name.startswith("days_") for name in facts_read(part.condition)):
            condition = instead(condition, part.path, ALWAYS)
    return condition


# Somebody is left out.


def gaps(looking: Looking) -> Found:
    """Late accounts that are on a ladder and come to none of its stages."""
    policy, solver = looking.policy, looking.solver
    for ladder in policy.ladders:
        stages = [stage for stage in ladder.stages if not stage.before_due]
        follows = ladder.climb is Climb.FOLLOWS_FACTS
        come = [All((stage.when, stage.reached)) if follows else undated(stage.when) for stage in stages]
        left_out = (
            solver.is_word("ladder", ladder.id),
            solver.is_word("exception__stage", NONE),
            solver.holds(layers.IS_LATE),
            solver.not_(solver.holds(layers.too_small(policy))),
            *(solver.holds(first) for first in _first_day(stages) if follows),
            *(solver.not_(solver.holds(condition)) for condition in come),
        )
        if stages and solver.can(*left_out):
            read = [name for condition in come for name in facts_read(condition)]
            who = example(solver, left_out, read, policy.currency)
            message = f"some late accounts come to no stage, however late{who}"
            help_ = "add a stage for them, widen a `when`, or say `ignore_below` where they are not worth chasing"
            if follows:
                message = f"on some days between its stages the ladder has none{who}"
                help_ = "let each stage begin where the one before it ends"
            yield looking.problem("gap-in-ladder", ladder.span, message, help_)


def _first_day(stages: Sequence[Stage]) -> Iterator[Condition]:
    """That the first of the stages has come."""
    days = [s.after for s in stages if s.after and _is_plain(s.after.clock)]
    if days:
        yield min(days, key=lambda after: after.number).reached


def after_within_grace(looking: Looking) -> Found:
    """Stages whose day is one on which nothing is late yet."""
    late = looking.policy.late
    if late.basis is not Basis.DUE_DATE:
        return
    for stage in looking.policy.stages():
        after = stage.after
        if after and _is_plain(after.clock) and 0 <= after.number <= late.grace_days:
            first = late.grace_days + 1
            yield looking.problem(
                "after-within-grace",
                after.span,
                f"`{stage.id}` says {after_english(after)}, and nothing is late before day {first}",
                f"write `after: {{days: {first}}}`, or fewer `grace_days`",
            )


# Tones.


def tone_goes_back(looking: Looking) -> Found:
    """Stages that are milder than the one before them."""
    for earlier, later, rise in _toned_pairs(looking):
        if rise < 0:
            yield looking.problem(
                "tone-goes-back",
                later.span,
                f"`{later.id}` is `{later.tone}`, milder than `{earlier.id}` before it, which is `{earlier.tone}`",
                "let the tone harden from stage to stage, or exchange the two",
            )


def tone_jumps(looking: Looking) -> Found:
    """Stages that are harsher by more than one tone than the one before them."""
    tones = looking.policy.tones
    for earlier, later, rise in _toned_pairs(looking):
        if rise > 1:
            between = tones[tones.index(earlier.tone) + 1]
            yield looking.problem(
                "tone-jumps",
                later.span,
                f"the tone goes from `{earlier.tone}` in `{earlier.id}` straight to `{later.tone}` in `{later.id}`",
                f"add a stage in tone `{between}` between them, or take a milder tone",
            )


def _toned_pairs(looking: Looking) -> Iterator[tuple[Stage, Stage, int]]:
    """Stages with a tone of which one account gets the second right after the first, and by how much the tone rises."""
    tones = looking.policy.tones
    for ladder in looking.policy.ladders:
        seen = set()
        for earlier, later in _successions(looking, ladder, lambda stage: bool(stage.tone)):
            if later.id not in seen:
                rise = tones.index(later.tone) - tones.index(earlier.tone)
                seen |= {later.id} if not 0 <= rise <= 1 else set()
                yield earlier, later, rise


# Days.


def stages_same_day(looking: Looking) -> Found:
    """Stages that come on one day to the same account."""
    for ladder in looking.policy.ladders:
        for earlier, later in combinations(ladder.stages, 2):
            one, two = earlier.after, later.after
            if one and two and (one.clock, one.number) == (two.clock, two.number) and _same(looking, earlier, later):
                yield looking.problem(
                    "stages-same-day",
                    two.span,
                    f"`{earlier.id}` and `{later.id}` both come {after_english(two)}, to the same accounts",
                    "give the later one a later day, or let their `when` exclude each other",
                )


def rungs_too_close(looking: Looking) -> Found:
    """Stages, and repeats of a stage, whose day comes before the least number of days between stages has passed."""
    for ladder in looking.policy.ladders:
        seen = set()
        for earlier, later in _successions(looking, ladder, lambda stage: not stage.before_due):
            gap, days = ladder.gap_before(later), _most_days_between(looking, earlier, later)
            if later.after and days is not None and 0 < days < gap and later.id not in seen:
                seen.add(later.id)
                yield looking.problem(
                    "rungs-too-close",
                    later.after.span,
                    f"`{later.id}` comes {_days(days)} after `{earlier.id}`, and `min_days_between` is {gap}",
                    f"give it a later day: it never acts less than {gap} days after the stage before it",
                )
        for stage in ladder.stages:
            gap = ladder.gap_before(stage)
            if stage.repeat and stage.repeat.every_days < gap:
                yield looking.problem(
                    "rungs-too-close",
                    stage.repeat.span,
                    f"`{stage.id}` repeats every {stage.repeat.every_days} days, and `min_days_between` is {gap}",
                    f"repeat it every {gap} days or more",
                )


def rungs_beyond_cap(looking: Looking) -> Found:
    """Stages, and repeats of a stage, of which more reach a customer in some days than the contact cap allows."""
    cap = looking.policy.limits.contacts_per_customer
    if cap is None:
        return
    said = f"the contact cap is {cap.at_most} in {cap.in_days} days"
    for ladder in looking.policy.ladders:
        seen = set()
        reaching = [stage for stage in ladder.stages if stage.contacts and not stage.before_due]
        for some in combinations(reaching, cap.at_most + 1):
            steps = [_days_between(looking, ladder, one, other) for one, other in pairwise(some)]
            known = [days for days in steps if days is not None]
            last = some[-1]
            crowded = len(known) == len(steps) and sum(known) < cap.in_days
            if crowded and last.after and last.id not in seen and _same(looking, *some):
                seen.add(last.id)
                yield looking.problem(
                    "rungs-beyond-cap",
                    last.after.span,
                    f"`{last.id}` comes {_days(sum(known))} after `{some[0].id}`, and {said}",
                    "give it a later day, or raise `contacts_per_customer`",
                )
        for stage in reaching:
            repeat = stage.repeat
            if repeat is None or (repeat.at_most is not None and repeat.at_most < cap.at_most):
                continue
            every = max(repeat.every_days, ladder.gap_before(stage))
            if every * cap.at_most < cap.in_days:
                yield looking.problem(
                    "rungs-beyond-cap",
                    repeat.span,
                    f"`{stage.id}` repeats every {every} days, and {said}",
                    "repeat it less often, or raise `contacts_per_customer`",
                )


def _days(number: int) -> str:
    return f"{number} days" if number != 1 else "1 day"


def _days_between(looking: Looking, ladder: Ladder, earlier: Stage, later: Stage) -> int | None:
    """Calendar days from one stage to another as they come at the most, the least gap included; None where open."""
    days = _most_days_between(looking, earlier, later)
    return None if days is None or days < 0 else max(days, ladder.gap_before(later))


def _most_days_between(looking: Looking, earlier: Stage, later: Stage) -> int | None:
    """Most calendar days from one stage's day to another's, as the policy writes them; None where they do not tell."""
    late = looking.policy.late
    one, two = earlier.after, later.after
    if two is None or two.clock.month_end:
        return None
    if two.clock.since is Since.PREVIOUS_STAGE:
        number = two.number
    elif one is None or one.clock != two.clock:
        return None
    else:
        counted_from_due = _is_plain(one.clock) and late.basis is Basis.DUE_DATE
        start = max(one.number, late.grace_days + 1) if counted_from_due else one.number
        number = two.number - start
    if two.clock.period is Period.MONTHS:
        return number * LONGEST_MONTH
    weekends = -(-number // WORK_WEEK) * 2 if late.day_count is DayCount.BUSINESS else 0
    return number + weekends if number > 0 else number


def _is_plain(clock: Clock) -> bool:
    return clock.since is Since.DUE_DATE and clock.period is Period.DAYS and not clock.month_end


# Who comes to what.


def _successions(looking: Looking, ladder: Ladder, fits: Callable[[Stage], bool]) -> Iterator[tuple[Stage, Stage]]:
    """Fitting stages of which an account comes to the second right after the first."""
    stages = [stage for stage in ladder.stages if fits(stage)]
    for (n, earlier), (m, later) in combinations(enumerate(stages), 2):
        if _same(looking, earlier, later, without=stages[n + 1 : m]):
            yield earlier, later


def _same(looking: Looking, *stages: Stage, without: Sequence[Stage] = ()) -> bool:
    """Say whether one late account comes to all of these stages, and to none of the others."""
    solver = looking.solver
    return solver.can(
        solver.holds(layers.IS_LATE),
        *(solver.holds(undated(stage.when)) for stage in stages),
        *(solver.not_(solver.holds(undated(stage.when))) for stage in without),
    )
