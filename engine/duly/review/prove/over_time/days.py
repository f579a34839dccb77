"""One day of an account and all that can come of it: what a walk through the days is made of.

A place is where an account stands before a day's plan: the weekday, how late it is,
what was executed, what waits to be handed over. From it the day leads on by whatever
the assumptions leave open: which situation the account is in, whether letters and
approvals come, whether the customer's office is closed, whether people have used up
the contact cap. What is proposed is decided by the meaning of the policy itself.

A message of which nobody knows whether it arrived is not told from one that was not accepted.

Counts are kept only as far as the policy asks for them, so there are finitely many
places and a search of all of them speaks of every run of days, however long. Where the
truth would need more memory (on which days people called), a place lets a little more
happen than can: never less.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from duly.language.conditions import ALWAYS, Condition, Value, holds
from duly.language.over_time import Assumption
from duly.language.policy import Channel, Climb, Policy, Since, Stage
from duly.review.prove.over_time.assumed import WEEK, Assumed, calendar_of
from duly.review.prove.over_time.history import (
    NEVER,
    History,
    Most,
    executed,
    facts_of,
    kept,
    nothing_yet,
    tomorrow,
    window_of,
)
from duly.review.prove.over_time.situations import Situation, Situations
from duly.rules import layers, meaning
from duly.rules.decision import NONE
from duly.rules.decisive import turns
from duly.rules.trace import decided

NO_CLAIM, ROOM = -1, 0


class Power(Enum):
    """A kind of thing that can happen; a story is told with as few kinds as it needs."""

    CHANGE = "the account changes from one day to the next"
    DELAY = "letters and approvals take their time"
    CLOSED = "the customer's office is closed on working days"
    CALLS = "people use up the contact cap"
    OTHER_RUNS = "plans are made on other days, and holidays pass without"
    EARLIER = "the account is older, or was chased before"


EVERY_POWER = frozenset(Power)


class Place(NamedTuple):
    """Where an account stands before a day's plan; histories and what waits by their numbers (see `Days`).

    `closed` counts the days before today on which the customer could not be contacted;
    `full` the days for which people's contacts may still fill the cap; `situation` is
    the one situation that it stays in, where it cannot change.
    """

    weekday: int
    closed: int
    days_past_due: int
    history: int
    waiting: int
    full: int = NO_CLAIM
    situation: int = NEVER


class Way(NamedTuple):
    """A way that a day can go: to where (None where the walk ends), whether it is counted, and what happens.

    `stage` is the number of the stage proposed; `full` says that people had used up the cap.
    """

    to: Place | None
    counted: bool
    run: bool
    situation: int
    open: bool
    full: bool = False
    stage: int = NEVER
    executed: bool = False


_made = tuple.__new__
"""Makes a place or a way at once: there are a million of them, and their names for the parts cost as much again."""


class _Outcome(NamedTuple):
    """What is decided in a situation: the stage proposed, by its number, and whether the day counts."""

    stage: int
    reaches: bool
    patience: int | None
    counted: bool


class Days:
    """The days of an account under a policy.

    `counts` says which days are counted, `ends` which stages end a walk; `until_counted` ends
    it on the first day that is counted.
    """

    def __init__(
        self,
        policy: Policy,
        assuming: Sequence[Assumption],
        situations: Situations,
        counts: Condition = ALWAYS,
        ends: Sequence[str] = (),
        powers: frozenset[Power] = EVERY_POWER,
        *,
        until_counted: bool = False,
    ) -> None:
        self.policy = policy
        self.assumed = Assumed.of(assuming)
        self.situations = situations.all
        self.counts = counts
        self.powers = powers
        # What is asked at every place is looked up once.
        self._closing, self._delays = Power.CLOSED in powers, Power.DELAY in powers
        self._calls, self._other_runs = Power.CALLS in powers, Power.OTHER_RUNS in powers
        self.until_counted = until_counted
        self.calendar = calendar_of(policy, self.assumed)
        self.ids = policy.stage_ids
        self.ends = frozenset(self.ids.index(id_) for id_ in ends)
        self.cap = policy.limits.contacts_per_customer
        self._stage = {(ladder.id, stage.id): stage for ladder in policy.ladders for stage in ladder.stages}
        self._turns = turns([*situations.asked])
        self.oldest = max(
            [policy.late.grace_days + 1, *self._numbers("days_past_due"), *self._numbers("clock__due_date__days")]
        )
        first = policy.late.grace_days + 1
        numbers = {*self._numbers("days_past_due"), *self._numbers("clock__due_date__days")}
        # Where the oldest invoice may be paid, an age only says between which numbers of the policy it lies.
        self.ages = (
            range(first, self.oldest + 1)
            if self.assumed.stays_unpaid
            else sorted({first, *(number for number in numbers if number > first)})
        )
        self._most: dict[tuple[bool, ...], Most] = {}
        self._outcomes: dict[tuple[object, ...], tuple[tuple[int, _Outcome], ...]] = {}
        self._count_turns = [self._numbers(f"days_since__{id_}") for id_ in self.ids]
        self._times_turns = [self._numbers(f"times__{id_}") for id_ in self.ids]
        self._last_turns = sorted(
            {
                *self._numbers("days_since_last_stage"),
                *self._numbers("days_since_stage"),
                *self._numbers("clock__previous_stage__days"),
            }
        )
        gaps = [layers.gap_is_open(ladder, stage) for ladder in policy.ladders for stage in ladder.stages]
        self._numbers_asked_of_last = turns(c for c in situations.asked if c not in gaps).get(
            "days_since_last_stage", ()
        )
        self._age_turns = sorted({*self._numbers("days_past_due"), *self._numbers("clock__due_date__days")})

        self._histories: dict[History, int] = {}
        self._history: list[History] = []
        self._waitings: dict[tuple[int, ...], int] = {}
        self._waiting: list[tuple[int, ...]] = []
        self._buckets: list[tuple[int, ...]] = []
        self._contacts: list[int] = []
        self._tomorrow: dict[int, int] = {}
        self._executed: dict[tuple[int, int], int] = {}
        self.numbers: dict[Place, int] = {}
        """Filled by whoever walks through the days."""
        self._nothing_waits = self._numbered_waiting((NEVER,) * len(self.ids))

    def _numbers(self, fact: str) -> tuple[int, ...]:
        return self._turns.get(fact, ())

    # Histories and what waits, by number.

    def history(self, place: Place) -> History:
        """What happened to the account."""
        return self._history[place.history]

    def waiting(self, place: Place) -> tuple[int, ...]:
        """For each stage the business days since it was first proposed, not executed since."""
        return self._waiting[place.waiting]

    def _numbered(self, history: History) -> int:
        """The number of a history, kept as far as anything can still come of it."""
        history = kept(history, self.most(history))
        if (number := self._histories.get(history)) is None:
            number = self._histories[history] = len(self._history)
            self._history.append(history)
            self._contacts.append(history.contacts.bit_count())
            since = zip(history.since, self._count_turns, strict=True)
            times = zip(history.times, self._times_turns, strict=True)
            self._buckets.append(
                (
                    *(NEVER if days == NEVER else bisect_right(numbers, days) for days, numbers in since),
                    *(bisect_right(numbers, count) for count, numbers in times),
                    NEVER if history.last == NEVER else bisect_right(self._last_turns, history.last),
                )
            )
        return number

    def _numbered_waiting(self, waiting: tuple[int, ...]) -> int:
        if (number := self._waitings.get(waiting)) is None:
            number = self._waitings[waiting] = len(self._waiting)
            self._waiting.append(waiting)
        return number

    # Where walks begin.

    def beginnings(self) -> Iterator[Place]:
        """Every place in which an account can be on its first late day."""
        first = self.policy.late.grace_days + 1
        earlier = Power.EARLIER in self.powers
        histories = tuple(map(self._numbered, self._before() if earlier else [nothing_yet(self.policy)]))
        for situation in [NEVER] if Power.CHANGE in self.powers else range(len(self.situations)):
            for weekday in range(WEEK) if earlier else (0,):
                for age in self.ages if earlier else (first,):
                    for history in dict.fromkeys(histories):
                        yield Place(weekday, 0, age, history, self._nothing_waits, NO_CLAIM, situation)

    def _before(self) -> Iterator[History]:
        """What can have happened before: stages of an earlier episode, and courtesies, which open this one."""
        nothing = nothing_yet(self.policy)
        yield nothing
        early = [self.ids.index(stage.id) for stage in self.policy.stages() if stage.before_due]
        for last in range(1, self.most(nothing).last + 1):
            yield nothing._replace(last=last)
        for stage in early:
            done = executed(nothing, stage, reaches=False)
            for last in range(1, self.most(done).last + 1):
                since = tuple(last if n == stage else NEVER for n in range(len(self.ids)))
                yield done._replace(last=last, since=since)

    # What is kept of the counts.

    def most(self, history: History) -> Most:
        """As far as the counts of such a history are kept."""
        done = tuple([days != NEVER for days in history.since])
        if (found := self._most.get(done)) is None:
            found = self._most[done] = self._most_of(done)
        return found

    def _most_of(self, done: tuple[bool, ...]) -> Most:
        alive = self._alive(done)
        since = tuple(max([0, *self._numbers(f"days_since__{id_}")]) if id_ in alive else 0 for id_ in self.ids)
        times = tuple(max([0, *self._numbers(f"times__{id_}")]) if id_ in alive else 0 for id_ in self.ids)
        asked = [0, *self._numbers_asked_of_last]
        # Without a stage of this episode there is nothing to count from but the gap.
        asked += self._numbers("days_since_stage") if any(done) else ()
        window = 0
        for ladder in self.policy.ladders:
            for stage in ladder.stages:
                if stage.id in alive or ladder.climb is Climb.FOLLOWS_FACTS:
                    asked.append(ladder.gap_before(stage))
                    if any(done) and stage.after is not None and stage.after.clock.since is Since.PREVIOUS_STAGE:
                        asked.append(stage.after.number)
                    if stage.contacts:
                        window = window_of(self.policy)
        return Most(since, times, max(asked), window)

    def _alive(self, done: tuple[bool, ...]) -> frozenset[str]:
        """The stages that can still act: not executed, or repeated while nothing that always stands is above them."""
        there = dict(zip(self.ids, done, strict=True))
        alive = {id_ for id_ in self.ids if not there[id_]}
        for ladder in self.policy.ladders:
            covered = False
            for stage in reversed(ladder.stages):
                if stage.repeat is not None and not covered:
                    alive.add(stage.id)
                stays = ladder.climb is Climb.HIGHEST or (ladder.climb is Climb.ONE_STEP and stage.when == ALWAYS)
                covered = covered or (stays and there[stage.id] and len(self.policy.ladders) == 1)
        return frozenset(alive)

    # What is decided.

    def _decisions(self, place: Place, *, is_open: bool, contacts: int) -> tuple[tuple[int, _Outcome], ...]:
        """What is decided, each outcome once with a situation in which it is."""
        age = bisect_right(self._age_turns, place.days_past_due)
        key = (age, self._buckets[place.history], contacts, is_open, place.situation)
        if (found := self._outcomes.get(key)) is None:
            found = self._outcomes[key] = tuple(self._decided(place, is_open=is_open, contacts=contacts))
        return found

    def _decided(self, place: Place, *, is_open: bool, contacts: int) -> Iterator[tuple[int, _Outcome]]:
        moved = moved_facts(self.policy, self.history(place), place.days_past_due) | {
            "contacts_in_window": contacts,
            "contacted_today": False,
            "contact_day": is_open,
        }
        found: dict[_Outcome, tuple[int, _Outcome]] = {}
        for number, situation in enumerate(self.situations):
            if place.situation in {NEVER, number}:
                outcome = self._outcome(situation, moved)
                # The same way on a day that is counted and on one that is not: the one that is counted is worse.
                key = outcome._replace(counted=False)
                if key not in found or (outcome.counted and not found[key][1].counted):
                    found[key] = number, outcome
        yield from found.values()

    def _outcome(self, situation: Situation, moved: dict[str, Value]) -> _Outcome:
        facts = {**situation.facts, **moved}
        decision = meaning.decide(self.policy, facts)
        counted = holds(self.counts, {**facts, **decided(decision)})
        if decision.step == NONE:
            return _Outcome(NEVER, reaches=False, patience=0, counted=counted)
        stage = self._stage[decision.ladder, decision.step]
        return _Outcome(self.ids.index(stage.id), stage.contacts, self.patience(stage), counted)

    def same_age(self, days_past_due: int, place: Place) -> bool:
        """Say whether no number of the policy lies between the days past due and those of the place."""
        return bisect_right(self.ages, days_past_due) == bisect_right(self.ages, place.days_past_due)

    def reaches(self, stage: int) -> bool:
        """Say whether the stage of the number reaches the customer."""
        return any(one.contacts for one in self.policy.stages() if one.id == self.ids[stage])

    def patience(self, stage: Stage) -> int | None:
        """The business days that it takes at most from the first proposal to the execution; None where for ever."""
        if not self.assumed.messages and (stage.send or stage.without_email):
            return None
        takes = 0
        # The first channel that accepts is enough; who cannot be written to by e-mail gets the letter alone.
        if any(send.channel is Channel.LETTER for send in (*stage.send, *stage.without_email)):
            if self.assumed.letters is None:
                return None
            takes += self.assumed.letters
        if stage.approval:
            if self.assumed.approvals is None:
                return None
            takes += self.assumed.approvals
        return takes

    # What a day leads to.

    def ways(self, place: Place) -> Iterator[Way]:
        """Every way that the day can go."""
        ways = self._ways(place)
        if self.until_counted:
            ways = (way._replace(to=None) if way.counted else way for way in ways)
        return ways if self.assumed.stays_unpaid else self._of_any_age(place, ways)

    def _of_any_age(self, place: Place, ways: Iterator[Way]) -> Iterator[Way]:
        # What is oldest is paid or disputed, or not: up to the next number asked for, every age can come next.
        older = self.ages[: bisect_right(self.ages, place.days_past_due) + 1]
        for way in ways:
            if way.to is None:
                yield way
            else:
                yield from (way._replace(to=way.to._replace(days_past_due=age)) for age in older)

    def _ways(self, place: Place) -> Iterator[Way]:
        business = place.weekday in self.calendar.business
        usual = place.weekday in self.calendar.contact
        if not usual and place.closed >= self.calendar.closed_at_most:
            return
        other = self._other_runs
        if business or other:
            yield from self._run(place, business=business, usual=usual)
        if not business or (other and self.assumed.runs):
            yield _made(Way, (self._rested(place, is_open=usual), False, False, NEVER, usual, False, NEVER, False))
        elif not self.assumed.runs:
            for number, outcome in self._decisions(place, is_open=usual, contacts=self._contacts[place.history]):
                yield Way(self._rested(place, is_open=usual), outcome.counted, *(False, number, usual))

    def _run(self, place: Place, *, business: bool, usual: bool) -> Iterator[Way]:
        """A plan is made and carried out."""
        contacts = self._contacts[place.history]
        for number, outcome in self._decisions(place, is_open=usual, contacts=contacts):
            counted, stage = business and outcome.counted, outcome.stage
            if stage == NEVER or (outcome.reaches and not usual):
                rested = self._rested(place, is_open=usual)
                yield _made(Way, (rested, counted, True, number, usual, False, stage, False))
                continue
            yield from self._proposed(place, number, outcome, business=business, usual=usual)
            if not outcome.reaches:
                continue
            if self._may_be_full(place, contacts):
                yield from self._put_off(place, business=business)
            if self._may_close(place):
                # A holiday of the customer's is not counted.
                rested = self._rested(place, is_open=False)
                yield _made(Way, (rested, False, True, number, False, False, stage, False))

    def _may_close(self, place: Place) -> bool:
        calendar = self.calendar
        return self._closing and calendar.holidays and place.closed < calendar.closed_at_most

    def _may_be_full(self, place: Place, contacts: int) -> bool:
        if self.cap is None or not self._calls or contacts >= self.cap.at_most:
            return False
        if self.assumed.give_way:
            return False
        if not self.assumed.people:
            return True
        return place.full > ROOM or (place.full == NO_CLAIM and self.cap.in_days > self.cap.at_most)

    def _put_off(self, place: Place, *, business: bool) -> Iterator[Way]:
        """People have used up the cap, which nobody does while it is full: so that it has room again in time."""
        assert self.cap is not None
        # So many contacts lie on as many days, so the least recent one is at least so old, and leaves the window first.
        left = self.cap.in_days - self.cap.at_most if place.full == NO_CLAIM else place.full
        to = self._next(place, place.history, place.waiting, closed=False, full=left - 1)
        for number, outcome in self._decisions(place, is_open=True, contacts=self.cap.at_most):
            if outcome.stage == NEVER:
                yield Way(to, business and outcome.counted, *(True, number, True, True))

    def _proposed(self, place: Place, number: int, outcome: _Outcome, *, business: bool, usual: bool) -> Iterator[Way]:
        """A step is proposed: handed over today, or later where it may wait."""
        stage = outcome.stage
        happens = (business and outcome.counted, True, number, usual, False, stage)
        waiting = self.waiting(place)
        waited = waiting[stage]
        if stage in self.ends:
            yield Way(None, *happens, executed=True)
        else:
            done = (place.history, stage * 2 + outcome.reaches)
            if (history := self._executed.get(done)) is None:
                history = self._numbered(executed(self.history(place), stage, reaches=outcome.reaches))
                self._executed[done] = history
            left = place.waiting if waited == NEVER else self._numbered_waiting(_at(waiting, stage, NEVER))
            to = self._next(place, history, left, closed=not usual, full=NO_CLAIM)
            yield _made(Way, (to, *happens, True))
        if not self._delays:
            return
        if outcome.patience is None:
            yield _made(Way, (self._rested(place, is_open=usual), *happens, False))
        elif max(waited, 0) < outcome.patience:
            left = self._numbered_waiting(_at(waiting, stage, max(waited, 0) + business))
            to = self._next(place, place.history, left, closed=not usual, full=NO_CLAIM)
            yield _made(Way, (to, *happens, False))

    def _rested(self, place: Place, *, is_open: bool) -> Place:
        """The next day where nothing was executed."""
        # On an open day the cap can have had room, and people have filled it again.
        full = NO_CLAIM if is_open else max(place.full - 1, ROOM) if place.full > ROOM else place.full
        return self._next(place, place.history, place.waiting, closed=not is_open, full=full)

    def _next(self, place: Place, history: int, waiting: int, *, closed: bool, full: int) -> Place:
        weekday, before, age = place[:3]
        if (moved := self._tomorrow.get(history)) is None:
            moved = self._tomorrow[history] = self._numbered(tomorrow(self._history[history]))
        to = (
            (weekday + 1) % WEEK,
            before + 1 if closed else 0,
            age + 1 if age < self.oldest else age,
            moved,
            waiting,
            full,
            place.situation,
        )
        return _made(Place, to)


def moved_facts(policy: Policy, history: History, days_past_due: int) -> dict[str, Value]:
    """The facts that days and deeds move, of an account that is late."""
    late: dict[str, Value] = {"late": True, "days_past_due": days_past_due, "clock__due_date__days": days_past_due}
    return facts_of(policy, history) | late


def _at(values: tuple[int, ...], position: int, value: int) -> tuple[int, ...]:
    return (*values[:position], value, *values[position + 1 :])
