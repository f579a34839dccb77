"""That everyone comes to an end: for every run of days, how many days it takes at worst, or a run that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from duly.language.over_time import Assumption, ComesToAnEnd, Premise
from duly.language.policy import Policy
from duly.review.prove.over_time.days import EVERY_POWER, Days, Power
from duly.review.prove.over_time.judged import Judged
from duly.review.prove.over_time.situations import Situations, TooMany, why_not
from duly.review.prove.over_time.story import Story, told
from duly.review.prove.over_time.walks import PLACES, TooFar, Walks, endless_walk, long_walk, walks
from duly.review.prove.search import MEASURE, Unsettled
from duly.review.prove.verdict import Verdict

FEW = 2
"""So many kinds of happenings are tried together for a plainer story, before all are."""


def everyone_ends(
    policy: Policy,
    promise: ComesToAnEnd,
    assuming: tuple[Assumption, ...],
    *,
    measure: int = MEASURE,
    places: int = PLACES,
    notes: bool = True,
) -> Judged:
    """What becomes of the promise that every account has one of the stages executed in time.

    With `notes` the assumptions that it does not need are named: each is a proof of its own.
    """
    if reason := why_not(policy, (promise.while_,)):
        return Judged(Verdict.NOT_PROVED, why=f"{reason}, which is not followed from day to day")
    try:
        proving = _Proving(policy, promise, assuming, measure, places)
        judged = proving.judged()
        if not notes or judged.verdict is not Verdict.PROVED:
            return judged
        return replace(judged, notes=tuple(proving.not_needed()))
    except TooMany:
        return Judged(Verdict.NOT_PROVED, why="there are too many situations to tell apart")
    except TooFar:
        return Judged(Verdict.NOT_PROVED, why=f"more than {places:,} places in a run of days are to be looked at")
    except Unsettled:
        return Judged(Verdict.NOT_PROVED, why="the solver gave up within its measure")


class _Proving:
    def __init__(
        self, policy: Policy, promise: ComesToAnEnd, assuming: tuple[Assumption, ...], measure: int, places: int
    ) -> None:
        self.policy = policy
        self.promise = promise
        self.assuming = assuming
        self.places = places
        self.situations = Situations(policy, (promise.while_,), measure=measure)

    def judged(self) -> Judged:
        within = self.promise.within_business_days
        found = self.walks(self.assuming)
        if not found.begin:
            named = " and ".join(f"`{one.name}`" for one in self.assuming)
            return Judged(
                Verdict.EMPTY, why=f"no run of days is possible: {named} and the calendar contradict each other"
            )
        if not found.counted:
            return Judged(Verdict.EMPTY, why="no late account is ever as `while` says")
        if not self.broken(found):
            how = f"in every run of days, by searching all of them: at worst after {found.worst} business days"
            return Judged(Verdict.PROVED, how=how)
        story, why = self.story(found)
        if story is None:
            return Judged(Verdict.NOT_PROVED, why="a run of days that breaks it could not be told day by day")
        return Judged(Verdict.DISPROVED, why=why if found.endless is not None else f"{why} of {within}", story=story)

    def walks(self, assuming: tuple[Assumption, ...], powers: frozenset[Power] = EVERY_POWER) -> Walks:
        promise = self.promise
        days = Days(self.policy, assuming, self.situations, promise.while_, promise.executes, powers)
        return walks(days, places=self.places)

    def broken(self, found: Walks) -> bool:
        return found.endless is not None or found.worst > self.promise.within_business_days

    def story(self, worst: Walks) -> tuple[Story | None, str]:
        """A run of days that breaks the promise, with as few kinds of happenings as it takes."""
        for found in self.plainer(worst):
            if not self.broken(found):
                continue
            endless = found.endless is not None
            walk = endless_walk(found) if endless else long_walk(found, self.promise.within_business_days)
            if (story := told(self.policy, found.days, self.situations, walk)) is not None:
                return (
                    story,
                    "it may never come to an end" if endless else f"it takes up to {worst.worst} business days",
                )
        return None, ""

    def plainer(self, worst: Walks) -> Iterator[Walks]:
        for count in range(FEW + 1):
            for powers in combinations(Power, count):
                yield self.walks(self.assuming, frozenset(powers))
        yield worst

    def not_needed(self) -> Iterator[str]:
        """Assumptions without which the promise holds as well."""
        for one in self.assuming:
            rest = tuple(other for other in self.assuming if other != one)
            if any(self.broken(self.walks(rest, powers)) for powers in MISSED[one.premise]):
                continue
            if not self.broken(self.walks(rest)):
                yield f"`{one.name}` is not needed"


MISSED: dict[Premise, tuple[frozenset[Power], ...]] = {
    Premise.RUNS: (frozenset(),),
    Premise.MESSAGES: (frozenset({Power.DELAY}),),
    Premise.STAYS_UNPAID: (frozenset(),),
    Premise.PEOPLE: (frozenset({Power.CALLS}),),
    Premise.GIVE_WAY: (frozenset({Power.CALLS}), frozenset({Power.CALLS, Power.CHANGE})),
    Premise.APPROVALS: (frozenset({Power.DELAY}),),
    Premise.LETTERS: (frozenset({Power.DELAY}),),
    Premise.OPEN: (frozenset({Power.CLOSED}),),
}
"""Where a missing assumption shows soonest, before everything that can happen is looked at."""
