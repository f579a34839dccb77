"""That something never happens before something else has: the order of deeds within an episode.

By induction where one day's facts remember what was done before (stages executed,
sales asked): a solver shows that without the memory the deed is not decided, whatever
the account. Else every run of days from the first late day on is searched.
"""

from __future__ import annotations

from duly.language.conditions import All, Any, Condition, Includes, Is, Known, Not, facts_read
from duly.language.over_time import Assumption, NotBefore
from duly.language.policy import Policy
from duly.review.prove.over_time.days import EVERY_POWER, Days, Power
from duly.review.prove.over_time.judged import Judged
from duly.review.prove.over_time.situations import Situations, TooMany, why_not
from duly.review.prove.over_time.story import Story, told
from duly.review.prove.over_time.walks import PLACES, TooFar, soonest_walk, walks
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.symbolic import decide
from duly.review.prove.verdict import Verdict
from duly.rules.decision import NONE

BY_MEMORY = "for all time, by induction: the day's own facts remember it"
CONTRADICTORY = "no run of days is possible: the assumptions and the calendar contradict each other"

REMEMBERED_SETS = ("sales_asked", "requests_open", "requests_answered", "requests_told", "tasks_given")
"""What an episode begins without."""


def nothing_before(
    policy: Policy,
    promise: NotBefore,
    assuming: tuple[Assumption, ...],
    *,
    measure: int = MEASURE,
    places: int = PLACES,
) -> Judged:
    """What becomes of the promise that `never` holds on no day unless `before` held on an earlier one."""
    memory = remembered(promise.before)
    if memory is None:
        return Judged(Verdict.NOT_PROVED, why="no fact of a later day remembers what `before` says")
    notes = tuple(f"`{one.name}` is not needed" for one in assuming)
    broken = All((promise.never, Not(memory)))
    try:
        if not _possible(policy, promise.never, (broken,), measure):
            return Judged(Verdict.EMPTY, why="what must not happen too soon never happens at all")
        if not _possible(policy, broken, (promise.never,), measure):
            return Judged(Verdict.PROVED, how=BY_MEMORY, notes=notes)
        if reason := why_not(policy, (broken,)):
            return Judged(Verdict.NOT_PROVED, why=f"{reason}, which is not followed from day to day")
        return _searched(policy, broken, assuming, measure, places)
    except Unsettled:
        return Judged(Verdict.NOT_PROVED, why="the solver gave up within its measure")
    except TooMany:
        return Judged(Verdict.NOT_PROVED, why="there are too many situations to tell apart")
    except TooFar:
        return Judged(Verdict.NOT_PROVED, why=f"more than {places:,} places in a run of days are to be looked at")


def remembered(condition: Condition) -> Condition | None:
    """What holds of a later day of the episode exactly if the condition, of what is done, held on an earlier one.

    None where no fact remembers it.
    """
    match condition:
        case Includes("asked_today", rule):
            return Includes("sales_asked", rule)
        case Is("step", stages) if NONE not in stages:
            return Any(tuple(Known(f"days_since__{stage}") for stage in stages))
        case Any(parts) | All((_,) as parts):
            found = [remembered(part) for part in parts]
            return None if None in found else Any(tuple(part for part in found if part is not None))
        case _:
            return None


def _possible(policy: Policy, condition: Condition, also: tuple[Condition, ...], measure: int) -> bool:
    search = Search([policy], (condition, *also), measure=measure)
    outcome = decide(policy, search.ask, search.account.facts)
    return search.is_possible(search.ask.holds(condition, outcome))


def _searched(policy: Policy, broken: Condition, assuming: tuple[Assumption, ...], measure: int, places: int) -> Judged:
    situations = Situations(policy, (broken,), measure=measure, none_of=REMEMBERED_SETS)
    untold = False
    for powers in (frozenset[Power](), frozenset({Power.EARLIER}), frozenset({Power.CHANGE}), EVERY_POWER):
        found = walks(Days(policy, assuming, situations, broken, (), powers, until_counted=True), places=places)
        if not found.begin:
            return Judged(Verdict.EMPTY, why=CONTRADICTORY)
        if not found.counted:
            continue
        story = told(policy, found.days, situations, soonest_walk(found))
        if story is not None and _believable(story):
            return Judged(Verdict.DISPROVED, why="it can happen without", story=story)
        untold = True
    if untold:
        return Judged(Verdict.NOT_PROVED, why="a run of days that breaks it could not be told day by day")
    if facts_read(broken) & {*REMEMBERED_SETS, "holds"}:
        # The search began every day with nothing asked of sales, which says nothing of later days.
        return Judged(Verdict.NOT_PROVED, why="one day's facts do not remember enough of what was asked of sales")
    return Judged(Verdict.PROVED, how="in every run of days, by searching all of them")


def _believable(story: Story) -> bool:
    """Say whether nothing was asked of sales before the last day, as the facts of the story have it."""
    return all(day.decision is None or not day.decision.asks for day in story.days[:-1])
