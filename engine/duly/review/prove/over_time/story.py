"""A run of days as a story of one customer: what happened each day, what was done, and why not.

A walk knows counts as far as a policy asks for them. Here it is walked again with the
whole history of the customer and decided again, day by day, by the meaning of the
policy; what does not come out as the walk has it is no story and is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from duly.language.conditions import Compare, Condition, Facts, Is, Op, Value
from duly.language.invariants import invariants, is_true_of
from duly.language.policy import Policy
from duly.review.prove.over_time.assumed import WEEK
from duly.review.prove.over_time.days import Days, Place, Way, moved_facts
from duly.review.prove.over_time.history import NEVER, History, contacted, executed, tomorrow
from duly.review.prove.over_time.situations import Situations
from duly.review.prove.over_time.walks import Walk
from duly.rules import meaning
from duly.rules.decision import NONE, Decision

TRIES = 300
"""So many sets of days are tried on which people may have called."""

PLAIN_SUMS = (1, 100_00)
"""What a customer of a story owes at least, where it can."""


@dataclass(frozen=True, slots=True)
class Told:
    """One day of a story.

    `day` counts from 1, the first late day; `weekday` from Monday = 0. Where no plan was
    made `decision` is None. `changed` are the facts that are otherwise than the day
    before for no doing of ours; `executed` is the stage that was, `waits` the one that
    was proposed and neither posted nor approved yet. `called` says that people
    contacted the customer, `holiday` that its office was closed on a working day.
    """

    day: int
    weekday: int
    facts: Facts
    decision: Decision | None
    counted: bool
    changed: tuple[tuple[str, Value], ...] = ()
    executed: str = ""
    waits: str = ""
    called: bool = False
    holiday: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """A run of days; `again` is the day from which on it repeats for ever.

    `called_before` are the days before the first on which people contacted the customer, 0 the last of them.
    """

    days: tuple[Told, ...]
    again: int | None = None
    called_before: tuple[int, ...] = ()

    @property
    def counted(self) -> int:
        """The days that are counted."""
        return sum(day.counted for day in self.days)


def told(policy: Policy, days: Days, situations: Situations, walk: Walk) -> Story | None:
    """The walk as a story; None where no days can be found on which people called so."""
    cap = policy.limits.contacts_per_customer
    rounds = 1
    if walk.again is not None and cap is not None and any(way.full for _, way in walk.steps):
        # As often as it takes for the calls of a round to hang on nothing before it.
        rounds = 2 * (cap.in_days // (len(walk.steps) - walk.again)) + 5
    return _Telling(policy, days, situations, walk, rounds).found(frozenset())


class _Telling:
    def __init__(self, policy: Policy, days: Days, situations: Situations, walk: Walk, rounds: int) -> None:
        self.policy = policy
        self.days = days
        self.steps, self.again = walk.steps, walk.again
        self.length, self.first = 0, walk.again or 0
        self.hangs_on_calls = rounds > 1
        if walk.again is not None:
            again = walk.steps[walk.again :]
            self.length = len(again)
            self.steps = walk.steps + again * (rounds - 1)
            self.again = walk.again + self.length * (rounds - 1)
        self.facts = self._facts_of_situations(situations)
        self.left = TRIES

    def found(self, called: frozenset[int]) -> Story | None:
        """The story where people called on those days and, where that is not enough, on as few more as can be found."""
        self.left -= 1
        story, more = self.with_calls(called)
        if story is not None:
            return story
        for day in more:
            if self.left <= 0:
                return None
            if (story := self.found(called | {day})) is not None:
                return story
        return None

    def _facts_of_situations(self, situations: Situations) -> dict[int, Facts]:
        """A plain account for each situation; it cannot be written to by e-mail where a letter is waited for."""
        waits = any(way.stage in self._by_letter() and not way.executed and way.open for _, way in self.steps)
        more: list[Condition] = [Is("has_address", (True,)), *(Compare("past_due", Op.AT_LEAST, n) for n in PLAIN_SUMS)]
        if waits:
            more.append(Is("has_email", (False,)))
        numbers = dict.fromkeys(way.situation for _, way in self.steps if way.situation != NEVER)
        return {n: situations.plainest(situations.all[n], *more) for n in numbers}

    def _by_letter(self) -> frozenset[int]:
        """The stages that go by letter and by e-mail: only without the e-mail is the letter waited for."""
        ids = self.policy.stage_ids
        sends = [(stage.id, {s.channel for s in (*stage.send, *stage.without_email)}) for stage in self.policy.stages()]
        return frozenset(ids.index(id_) for id_, channels in sends if len(channels) > 1)

    def with_calls(self, called: frozenset[int]) -> tuple[Story | None, list[int]]:
        """The story where people called on those days, or the days on one of which they must have as well."""
        place, _ = self.steps[0]
        history = self._beginning(place, called)
        late, found = place.days_past_due, list[Told]()
        situation = next((way.situation for _, way in self.steps if way.situation != NEVER), NEVER)
        before: Facts = {}
        for number, (place, way) in enumerate(self.steps):
            situation = way.situation if way.situation != NEVER else situation
            other = not self.days.assumed.stays_unpaid and not self.days.same_age(late, place)
            late = place.days_past_due if other else late
            facts = {**self.facts.get(situation, {}), **moved_facts(self.policy, history, late)}
            facts["contact_day"] = way.open
            day, trouble = self._day(number, place, way, facts, before)
            if trouble and way.full:
                return None, self._earlier(number, called)
            if trouble and not called:
                said = (
                    f"on day {number + 1} of a run of days another stage is proposed than `{day.executed or day.waits}`"
                )
                raise AssertionError(f"{said}: it is none by the meaning of the policy")
            if trouble or (number in called and self._has_no_room(history, way)):
                return None, []
            if other and number > 0:
                day = replace(day, changed=(("days_past_due", late), *day.changed))
            found.append(replace(day, called=number in called))
            history = self._after(history, way, called=number in called)
            before = self.facts.get(situation, {})
            late += 1
        if self.again is None:
            return Story(tuple(found), None, tuple(sorted(n + 1 for n in called if n < 0))), []
        if self.hangs_on_calls:
            settled = self._settled(called)
            if settled is None:
                return None, []
            # The rounds behind it go alike; the last is there for the calls of the one before it alone.
            found = found[: settled + self.length]
        again = len(found) - self.length + 1
        return Story(tuple(found), again, tuple(sorted(n + 1 for n in called if n < 0))), []

    def _settled(self, called: frozenset[int]) -> int | None:
        """The day on which the first round begins that hangs on calls of equal rounds alone, if there is one."""
        cap = self.policy.limits.contacts_per_customer
        assert cap is not None
        begins = range(self.first, self.again or 0, self.length)
        calls = [frozenset(n - begin for n in called if begin <= n < begin + self.length) for begin in begins]
        alike = next(at for at in range(len(calls)) if len(set(calls[at:])) == 1)
        settled = alike + -(-cap.in_days // self.length)
        return begins[settled] if settled < len(begins) else None

    def _has_no_room(self, history: History, way: Way) -> bool:
        """Say whether people, who look at the cap, would not have called; with a message it is no further contact."""
        cap = self.policy.limits.contacts_per_customer
        assert cap is not None
        full = (history.contacts & ((1 << cap.in_days) - 2)).bit_count() >= cap.at_most
        return (full and self.days.assumed.people) or (way.executed and self.days.reaches(way.stage))

    def _beginning(self, place: Place, called: frozenset[int]) -> History:
        history = self.days.history(place)
        for number in called:
            if number < 0:
                history = contacted(history, -number)
        return history

    def _after(self, history: History, way: Way, *, called: bool) -> History:
        if way.executed:
            reaches = self.days.reaches(way.stage)
            history = executed(history, way.stage, reaches=reaches)
        if called:
            history = contacted(history)
        return tomorrow(history)

    def _earlier(self, number: int, called: frozenset[int]) -> list[int]:
        """The days before on one of which people must have called, the nearest first."""
        cap = self.policy.limits.contacts_per_customer
        assert cap is not None
        weekday = self.steps[0][0].weekday
        found = []
        for day in range(number - 1, number - cap.in_days, -1):
            way = self.steps[day][1] if day >= 0 else None
            is_open = (weekday + day) % WEEK in self.days.calendar.contact if way is None else way.open
            if day not in called and (is_open or not self.days.assumed.people):
                found.append(day)
        return found

    def _day(self, number: int, place: Place, way: Way, facts: Facts, before: Facts) -> tuple[Told, bool]:
        """The day, decided again, and whether it does not come out as the walk has it."""
        decision = meaning.decide(self.policy, facts) if way.run else None
        step = NONE if decision is None else decision.step
        wanted = NONE if way.stage == NEVER else self.days.ids[way.stage]
        trouble = step != wanted
        if not all(is_true_of(invariant, facts) for invariant in invariants(self.policy)):
            raise AssertionError(f"on day {number + 1} of a run of days the customer cannot exist")
        usual = place.weekday in self.days.calendar.contact
        changed = tuple(self._changed(before, facts)) if before else ()
        day = Told(
            day=number + 1,
            weekday=place.weekday,
            facts=facts,
            decision=decision,
            counted=way.counted,
            changed=changed,
            executed=wanted if way.executed else "",
            waits=wanted if wanted != NONE and not way.executed and way.open else "",
            holiday=usual and not way.open,
        )
        return day, trouble

    def _changed(self, before: Facts, facts: Facts) -> Iterator[tuple[str, Value]]:
        moved = moved_facts(self.policy, self.days.history(self.steps[0][0]), 0).keys() | {"contact_day"}
        yield from ((n, v) for n, v in facts.items() if n in before and n not in moved and before[n] != v)
