"""Carrying a plan out, once: every action in the order of the plan, every step in the journal before it counts.

A run holds the journal's lock. It first calls UNKNOWN whatever a run before it left
between the point of no return and the outcome, then takes up its own actions. What was
handed over is not handed over again, whichever plan, run or person asks; what was begun
and did not leave is begun again. A run that ends early, however it ends, is finished by
another of the same plan (`resume`), and one that finished leaves nothing to a second.

Once the journal has failed nothing more is handed over.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from duly.execution.breaker import Breaker
from duly.execution.hand_over import Attempt, HandOver, Stopped
from duly.execution.pace import Pace
from duly.execution.ports import Deferred, Failed
from duly.execution.reconcile import recover, settle_by_evidence
from duly.execution.report import Came, Ending, Result, RunReport
from duly.execution.steps import Steps
from duly.execution.world import RunOrder, World
from duly.home import Environment
from duly.journal.entry import Draft, Entry, Event
from duly.journal.store import Journal, JournalFailed
from duly.plan.plan import Action, Kind
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5

PREFIX = 16
"""Characters of a plan's digest that begin the ids of its runs."""


def carry_out(order: RunOrder, actions: Sequence[Action], world: World) -> RunReport:
    """Carry the actions of a plan out and say what came of each.

    Raises `Refused` (5) before anything is done where the plan was begun and is not
    resumed, or a channel is missing or not allowed; `RunIsActive` where another run holds
    the journal; `JournalFailed` where the journal fails before the run has begun.
    Afterwards the report says what ended the run.
    """
    _may_use_channels(actions, world)
    with world.journal.run_lock():
        earlier = tuple(_runs_of(order.plan, world.journal))
        steps = Steps(world.journal, run_id(order.plan, len(earlier) + 1), order.operator)
        recovered = recover(steps)
        complete = next((run.id for run in earlier if run.is_complete), None)
        if complete is not None:
            results = tuple(Result(action, Came.ALREADY_DONE) for action in actions)
            return RunReport(complete, order.plan, results, Ending.DONE, world.checkpoint(), recovered)
        _may_begin(earlier, resume=order.resume)
        settle_by_evidence(world.journal, world.channels, order.operator, arrivals_only=True)
        return _Run(order, world, steps, tuple(actions), recovered).carried_out()


def run_id(plan: str, number: int) -> str:
    """The id of a plan's run of that number, from 1."""
    return f"{runs_of(plan)}{number}"


def runs_of(plan: str) -> str:
    """How the ids of all runs of a plan begin, also of those to come."""
    return f"{plan[:PREFIX]}."


def may_begin(plan: str, journal: Journal, *, resume: bool) -> None:
    """Refuse (5) what a run would refuse: a plan that was begun and is not resumed, or the other way round."""
    earlier = tuple(_runs_of(plan, journal))
    if not (earlier and earlier[-1].is_complete):
        _may_begin(earlier, resume=resume)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run of the same plan before this one."""

    id: str
    is_complete: bool


def _runs_of(plan: str, journal: Journal) -> Iterator[Earlier]:
    number = 1
    while entries := tuple(_of_runs(journal.entries(run=run_id(plan, number)))):
        if entries[0].body.get("plan") != plan:
            raise JournalFailed(
                "journal-tampered", f"run `{entries[0].run}` is not of this plan", "see `duly verify` and `duly log`"
            )
        yield Earlier(entries[0].run, any(entry.body.get("complete") is True for entry in entries))
        number += 1


def _of_runs(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if entry.event is Event.RUN_STARTED or entry.event is Event.RUN_ENDED)


def _may_begin(earlier: Sequence[Earlier], *, resume: bool) -> None:
    if earlier and not resume:
        raise _refused(
            "plan-used",
            f"the plan was begun by run `{earlier[-1].id}` and not finished",
            "finish it with --resume, or make a new plan",
        )
    if resume and not earlier:
        raise _refused("nothing-to-resume", "no run of this plan was begun", "leave --resume out")


def _may_use_channels(actions: Sequence[Action], world: World) -> None:
    """Refuse before any action what could not be handed over, or not from this environment."""
    wanted = sorted({world.route(action) for action in actions})
    missing = [name for name in wanted if name not in world.channels]
    is_live = world.journal.environment == Environment.LIVE.value
    real = [name for name in wanted if name not in missing and world.channels[name].is_real and not is_live]
    problems = [
        Problem("no-channel", NOWHERE, f"nothing says how `{name}` leaves", "add it to channels.yaml")
        for name in missing
    ] + [
        Problem(
            "real-channel",
            NOWHERE,
            f"`{name}` leaves by the real channel `{world.channels[name].name}`",
            "only the environment `live` may use real channels",
        )
        for name in real
    ]
    if problems:
        raise Refused(problems, REFUSED)


def _refused(rule: str, message: str, help_: str) -> Refused:
    return Refused([Problem(rule, NOWHERE, message, help_)], REFUSED)


@dataclass(order=True, slots=True)
class Later:
    """An action to be tried again, and when; `seconds` is what was asked for at first."""

    at: datetime
    number: int
    seconds: float = field(compare=False)


class _Run:
    """One run from its first entry to its last."""

    def __init__(
        self, order: RunOrder, world: World, steps: Steps, actions: tuple[Action, ...], recovered: tuple[str, ...]
    ) -> None:
        self.order = order
        self.world = world
        self.steps = steps
        self.actions = actions
        self.recovered = recovered
        self.results: dict[int, Result] = {}
        self.tries: dict[int, int] = {}
        self.handed_over: set[int] = set()
        self.queue = deque(range(len(actions)))
        self.later: list[Later] = []
        self.pace = Pace()
        self.breaker = Breaker()
        self.hand = HandOver(order, world, steps)

    def carried_out(self) -> RunReport:
        """Carry every action out, and report."""
        ending, problem, working_on = Ending.DONE, None, None
        try:
            self.steps.know({action.id for action in self.actions})
            self.steps.write(self._started())
            # Should this process die, no copy of the journal from before this run may take its place.
            self.world.checkpoint()
            for working_on in self._numbers():
                self._take(working_on)
        except Stopped:
            ending = Ending.STOPPED
        except Refused as refused:
            ending, problem = Ending.REFUSED, refused
        except JournalFailed as failed:
            return self._failed(failed, working_on)
        if ending is Ending.DONE and self._canary_is_done() and len(self.results) < len(self.actions):
            ending = Ending.CANARY
        try:
            results = self._results(ending)
            self.steps.write(self._ended(ending, results))
            checkpoint = self.world.checkpoint()
        except JournalFailed as failed:
            return self._failed(failed, None)
        return RunReport(self.steps.run, self.order.plan, results, ending, checkpoint, self.recovered, problem)

    def _numbers(self) -> Iterator[int]:
        """The actions to work on, by number: what is due to be tried again first, then the plan's order."""
        while self.queue or self.later:
            if self.later and (not self.queue or self.later[0].at <= self.world.clock.now()):
                again = heappop(self.later)
                left = (again.at - self.world.clock.now()).total_seconds()
                self._wait(min(left, again.seconds))
                yield again.number
            else:
                self._go_on()
                yield self.queue.popleft()

    def _take(self, number: int) -> None:
        """Work on one action, if there is anything to do for it."""
        action = self.actions[number]
        stands = self._where(action)
        if stands is not None and not self._may_ask_again(action, stands):
            self._note(number, stands)
            return
        if number not in self.handed_over and self._canary_is_done():
            return
        channel = self.world.route(action)
        if self.breaker.is_open(channel):
            return
        self._wait(self.pace.seconds_until_free(channel, self.world.clock.now()))
        self.pace.rested(channel)
        self.tries[number] = self.tries.get(number, 0) + 1
        attempt = self.hand.ask_again(action) if stands else self.hand.attempt(action, self.tries[number])
        self._note(number, attempt.result)
        self._heed(number, channel, attempt)

    def _where(self, action: Action) -> Result | None:
        """What is to be said of an action that is not handed over now; None where it is."""
        event, before = self.steps.stands(action.id), self.steps.before(action.id)
        match event:
            case Event.ACCEPTED | Event.CONFIRMED | Event.BOUNCED | Event.UNDONE:
                return Result(action, Came.ALREADY_DONE)
            case Event.UNKNOWN | Event.POINT_OF_NO_RETURN:
                return Result(action, Came.UNKNOWN, "not_known", "nobody knows whether it arrived")
            case Event.SKIPPED | Event.FAILED if before and self._is_ours(before.run):
                return Result(action, Came.ALREADY_DONE, event.value, "it was settled by an earlier run of this plan")
        if action.id in self.order.waiting:
            return Result(action, Came.WAITING, "waiting", self.order.waiting[action.id])
        if event is Event.DEFERRED and before and self._is_early(before.not_before):
            return Result(action, Came.DEFERRED, "not_yet", "it was put off", before.not_before)
        return None

    def _is_ours(self, run: str) -> bool:
        return run.startswith(runs_of(self.order.plan))

    def _is_early(self, not_before: str) -> bool:
        return bool(not_before) and self.world.clock.now() < datetime.fromisoformat(not_before)

    def _may_ask_again(self, action: Action, stands: Result) -> bool:
        channel = self.world.channels[self.world.route(action)]
        return stands.came is Came.UNKNOWN and channel.is_idempotent and action.id not in self.order.waiting

    def _heed(self, number: int, channel: str, attempt: Attempt) -> None:
        """What follows for the channel and for a second try from what came of the first."""
        outcome, now = attempt.outcome, self.world.clock.now()
        if outcome is None:
            return
        self.handed_over.add(number)
        self.breaker.saw(channel, outcome)
        self.pace.used(channel, now, self.world.channels[channel].per_minute)
        came = attempt.result.came
        may_try = came is Came.DEFERRED or self._may_ask_again(self.actions[number], attempt.result)
        asked = float(outcome.seconds) if isinstance(outcome, Deferred) else 0.0
        seconds = self.order.retries.after(self.tries[number], asked) if may_try else None
        if isinstance(outcome, Deferred | Failed) and outcome.all:
            self.pace.rest(
                channel, now, seconds or min(max(asked, self.order.retries.first), self.order.retries.longest)
            )
        if seconds is not None:
            heappush(self.later, Later(now + timedelta(seconds=seconds), number, seconds))

    def _canary_is_done(self) -> bool:
        return self.order.canary is not None and len(self.handed_over) >= self.order.canary

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._go_on()
            self.world.clock.wait(seconds)
        self._go_on()

    def _go_on(self) -> None:
        """Raise `Stopped` where the run is to stop: between two actions is always a safe point."""
        if self.world.stop():
            raise Stopped

    def _note(self, number: int, result: Result) -> None:
        self.results[number] = result
        self.world.on_result(result)

    def _results(self, ending: Ending) -> tuple[Result, ...]:
        return tuple(
            self.results.get(number) or Result(action, Came.LEFT, *self._why_left(action, ending))
            for number, action in enumerate(self.actions)
        )

    def _why_left(self, action: Action, ending: Ending) -> tuple[str, str]:
        if self.breaker.is_open(self.world.route(action)):
            return "channel_stopped", f"channel `{self.world.route(action)}` failed too often in a row"
        return LEFT[ending]

    def _started(self) -> Draft:
        order = self.order
        body = {
            "plan": order.plan,
            "policy": order.policy,
            "as_of": order.as_of.isoformat(),
            "actions": len(self.actions),
            "waiting": len(order.waiting),
            "canary": order.canary,
            "resume": order.resume,
            "figures": dict(order.figures),
            "despite": dict(order.despite),
        }
        return Draft(Event.RUN_STARTED, order.operator, run=self.steps.run, body=body)

    def _ended(self, ending: Ending, results: tuple[Result, ...]) -> Draft:
        counts = Counter(result.came.value for result in results)
        body = {
            "plan": self.order.plan,
            "ending": ending.value,
            "complete": all(result.came.is_final for result in results),
            "counts": dict(sorted(counts.items())),
            "waiting": [result.action.id for result in results if result.came is Came.WAITING],
            # Of a limit every proposal is kept, also one that nobody ever answers.
            "limits_proposed": [
                {"action": action.id, "customer": action.customer, "creditor": action.creditor, "rule": action.stage}
                | {name: action.detail(name) for name in ("limit_before", "limit_after", "currency")}
                for action in (result.action for result in results if result.came is Came.WAITING)
                if action.kind is Kind.LIMIT_PROPOSAL
            ],
        }
        return Draft(Event.RUN_ENDED, self.order.operator, run=self.steps.run, body=body)

    def _failed(self, failed: JournalFailed, working_on: int | None) -> RunReport:
        """The report of a run whose journal failed; of the action at hand, what only this process knows."""
        if working_on is not None:
            action = self.actions[working_on]
            if self.steps.stands(action.id) is Event.POINT_OF_NO_RETURN:
                said = self.hand.unrecorded or "it may have left"
                self.results[working_on] = Result(action, Came.UNKNOWN, "not_recorded", said)
        results = self._results(Ending.JOURNAL_FAILED)
        return RunReport(
            self.steps.run, self.order.plan, results, Ending.JOURNAL_FAILED, recovered=self.recovered, problem=failed
        )


LEFT = {
    Ending.DONE: ("left", "the run did not come to it"),
    Ending.CANARY: ("canary", "the run was to do a few first"),
    Ending.STOPPED: ("stopped", "the run was stopped before it"),
    Ending.REFUSED: ("refused", "the run was refused before it"),
    Ending.JOURNAL_FAILED: ("journal_failed", "the journal failed before it"),
}
"""Why an action was not come to: a permanent word and a sentence."""
