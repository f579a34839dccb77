"""A whole run in a world that goes wrong: one seed is one history of crashes, faults, payments and clocks.

`simulate(seed)` makes a small plan, a book that changes, peers that drop, refuse and
hang, an operator who starts a second run at the wrong moment, a clock that jumps, and
kills the run wherever the seed says: inside every append before and after it is
durable, inside every hand-over before and after the peer has taken it. It starts again
until the plan is finished, then looks at what the peers got and what the journal says.
Each thing that must hold is one `_must`; the first that does not is raised as `Broken`.

The executor is the real one. The store is a model, or any journal that `store` makes;
the same seed is the same history on both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Protocol

from duly.execution.contacts_left import Cap, contacts_in, counted_as, has_room, reaches
from duly.execution.pace import Retries
from duly.execution.ports import (
    Deed,
    Due,
    NotDue,
    Recipient,
)
from duly.execution.reconcile import Decision, settle, unknowns
from duly.execution.report import Came, Result, RunReport
from duly.execution.run import carry_out, run_id
from duly.execution.world import RunOrder, World
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal, JournalFailed, RunIsActive
from duly.plan.plan import Action, Kind
from duly.source import NOWHERE, Problem, Refused
from tests.execution.model import ModelJournal, made_action
from tests.execution.troubles import SOUND, Broken, Peer, Planted, Watched, must

PLAN = "f" * 64

MOST_ROUNDS = 40
CALM_AFTER = 6
"""Rounds after which nothing goes wrong any more, so that the plan must come to its end."""

DAYS = (
    (date(2026, 3, 31), datetime(2026, 3, 31, 6, 30, tzinfo=UTC)),
    (date(2026, 3, 29), datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),  # Berlin goes from 02:00 to 03:00 at 01:00 UTC
    (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # Berlin goes from 03:00 back to 02:00
    (date(2026, 3, 8), datetime(2026, 3, 8, 6, 45, tzinfo=UTC)),  # New York goes from 02:00 to 03:00 at 07:00 UTC
    (date(2026, 3, 31), datetime(2026, 3, 31, 23, 58, tzinfo=UTC)),
)

LETTER = {
    Event.INTENT: "I",
    Event.SKIPPED: "S",
    Event.DEFERRED: "D",
    Event.FAILED: "F",
    Event.POINT_OF_NO_RETURN: "P",
    Event.ACCEPTED: "A",
    Event.UNKNOWN: "U",
}
STORY = re.compile(r"(I+(S|D|F|P(D|F|UF)))*(I*|I+P(|A|U|UA))")
"""What may happen to one action; UNKNOWN stands nowhere but behind a point of no return."""


class Crash(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Tally:
    """What happened over many seeds."""

    seen: Counter[str] = field(default_factory=Counter)

    def table(self) -> str:
        return "\n".join(f"{name:<34}{count:>10,}" for name, count in sorted(self.seen.items()))


class Store(Protocol):
    """How a simulation gets its journal, and opens it again after a crash."""

    def open(self, clock: Callable[[], datetime]) -> Journal: ...

    def lose(self, commits: int) -> None: ...


class ModelStore:
    """A journal in memory: a crash leaves it as it is."""

    def __init__(self, planted: Planted = SOUND) -> None:
        self.planted = planted
        self.journal: ModelJournal | None = None

    def open(self, clock: Callable[[], datetime]) -> Journal:
        if self.journal is None:
            self.journal = ModelJournal(clock, checks_steps=not self.planted.takes_any_step)
        return self.journal

    def lose(self, commits: int) -> None:
        assert self.journal is not None
        self.journal.lose(commits)


@dataclass(slots=True)
class Customer:
    """A customer as the book has it, which changes while the plan is carried out."""

    id: str
    email: str
    zone: str
    state: str = "owes"
    amount: int = 10_000


class Simulation:
    """One seed."""

    def __init__(self, seed: int, store: Store, planted: Planted = SOUND) -> None:
        self.random = Random(seed)
        random = self.random
        self.store = store
        self.planted = planted
        self.as_of, self.time = random.choice(DAYS)
        self.steps = 0
        self.round = 0
        self.is_inside = False
        self.running = 0
        self.is_stopped = self.is_unreadable = False
        # A lock that does not hold (a network disk): then only the steps themselves are between two runs.
        self.lock_holds = random.random() < 0.7
        shared_inbox = random.random() < 0.3
        zones = ("Europe/Berlin", "America/New_York", "", "Asia/Tokyo")
        self.customers = {
            id_: Customer(id_, "one@sample.test" if shared_inbox else f"{id_}@sample.test", random.choice(zones))
            for id_ in ("c1", "c2")
        }
        self.actions = tuple(self._action(number) for number in range(random.choice((1, 2, 2, 3))))
        self.cap = random.choice((None, Cap(1, 7), Cap(2, 7)))
        self.canary = random.choice((None, None, None, 1))
        self.before = {
            name: {self.as_of - timedelta(days=random.randrange(1, 9))}
            for name in ("c1", "c2")
            if random.random() < 0.2
        }
        self.events = {random.randrange(60): random.choice(EVENTS) for _ in range(random.choice((0, 1, 1, 2, 3)))}
        self.channels = {name: Peer(self, name, idempotent=name == "task") for name in ("email", "task", "letter")}
        self.verdicts: dict[str, tuple[bool, int]] = {}
        self.tally: Counter[str] = Counter()
        self.contacted: tuple[int, dict[str, set[date]]] | None = None
        self.journal = Watched(self, store.open(self.now))

    def _action(self, number: int) -> Action:
        random = self.random
        customer = random.choice(("c1", "c1", "c2"))
        kind, channel, task = random.choice(KINDS)
        opens = random.random() < 0.2
        # Hours open while the run is under way, or were open before.
        moment = (self.time + timedelta(minutes=random.choice((-5, 1, 30)))).isoformat()
        return made_action(
            f"k{number}",
            customer,
            kind=kind,
            channel=channel,
            task=task,
            not_before=moment if opens else self.as_of.isoformat(),
        )

    # The world.

    @property
    def is_calm(self) -> bool:
        return self.round > CALM_AFTER

    @property
    def record(self) -> Journal:
        return self.journal.inner

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.tick("wait")
        must(seconds >= 0, "a run waits forwards")
        self.time += timedelta(seconds=seconds)

    def tick(self, where: str) -> None:
        """A moment passes; whatever the seed has for it happens here."""
        self.steps += 1
        self.time += timedelta(milliseconds=700)
        happens = self.events.pop(self.steps, None)
        if happens is not None and not self.is_calm:
            self.tally[f"{happens} at {where}"] += 1
            getattr(self, f"_{happens}")()

    def _crash(self) -> None:
        raise Crash

    def _pay(self) -> None:
        self.random.choice(list(self.customers.values())).state = "paid"

    def _dispute(self) -> None:
        self.random.choice(list(self.customers.values())).state = "disputed"

    def _part_pay(self) -> None:
        self.random.choice(list(self.customers.values())).amount = 4_000

    def _move(self) -> None:
        self.random.choice(list(self.customers.values())).email = "moved@sample.test"

    def _jump(self) -> None:
        self.time += timedelta(hours=self.random.choice((-30, -2, -1, 1, 2, 30)))

    def _stop(self) -> None:
        self.is_stopped = True

    def _unread(self) -> None:
        self.is_unreadable = True

    def _operator(self) -> None:
        """Somebody starts the same plan again while a run is under way."""
        if self.is_inside:
            return
        self.is_inside = True
        try:
            is_held = self.running > 0 and self.lock_holds
            self.carried_out()
            must(not is_held, "no second run while one holds the lock")
        except RunIsActive:
            must(self.lock_holds, "the lock held")
        except Refused:
            pass
        except Crash:
            # It is another process, and dies alone.
            self.tally["second runs killed"] += 1
        finally:
            self.is_inside = False

    def check(self, action: Action, now: datetime) -> Due | NotDue:
        self.tick("check")
        must(now.tzinfo is not None, "a moment has its zone")
        if self.is_unreadable:
            raise Refused([Problem("book-gone", NOWHERE, "the book cannot be read")], 4)
        customer = self.customers[action.customer]
        deed = self.deed(action)
        self.verdicts[action.id] = (customer.state == "owes", self.journal.seen)
        if customer.state != "owes":
            return NotDue(customer.state, f"the customer is {customer.state}")
        return Due(deed)

    def deed(self, asked: Action) -> Deed:
        customer = self.customers[asked.customer]
        recipient = Recipient(customer.id, "Sample Co", customer.email, time_zone=customer.zone)
        return Deed(asked if asked.amount == customer.amount else replace(asked, amount=customer.amount), recipient)

    def contacts(self, name: str) -> Sequence[date]:
        if self.contacted is None or self.contacted[0] != self.journal.seen:
            self.contacted = self.journal.seen, contacts_in(self.journal, self.as_of - timedelta(days=30))
        return [*self.contacted[1].get(name, ()), *self.before.get(name, ())]

    def stop(self) -> bool:
        return self.is_stopped

    # The runs.

    def carried_out(self) -> RunReport:
        begun = next(self.journal.entries(run=run_id(PLAN, 1)), None) is not None
        order = RunOrder(
            plan=PLAN,
            policy="standard",
            as_of=self.as_of,
            operator="operator",
            cap=self.cap,
            canary=self.canary if not self.is_calm else None,
            resume=begun,
            retries=Retries(most=1, first=20, longest=300),
        )
        world = World(
            journal=self.journal,
            channels=self.channels,
            check=self.check,
            clock=self,
            stop=self.stop,
            contacts=self.contacts,
            checkpoint=lambda: str(self.journal.head()),
        )
        self.running += 1
        try:
            return carry_out(order, self.actions, world)
        finally:
            self.running -= 1

    def run(self) -> Counter[str]:
        """Start the plan again and again until it is finished; what must hold has held."""
        while True:
            self.round += 1
            must(self.round < MOST_ROUNDS, "a plan that is started again comes to its end")
            try:
                report = self.carried_out()
                self._look_at(report)
                if report.exit_code == 8:
                    self._start_again()
                goes_on = self._go_on(report)
            except Crash:
                self.tally["runs killed"] += 1
                self._start_again()
                continue
            except JournalFailed:
                self.tally["runs that could not begin"] += 1
                self._start_again()
                continue
            if not goes_on:
                break
            self.is_stopped = self.is_unreadable = False
            # The next run is a while later.
            self.time += timedelta(minutes=20)
        self._end()
        return self.tally

    def _start_again(self) -> None:
        """What is left after a crash: the disk."""
        if self.planted.loses_commits:
            self.store.lose(self.random.randrange(3))
        self.journal = Watched(self, self.store.open(self.now))
        self.contacted = None

    def _go_on(self, report: RunReport) -> bool:
        """Settle what is UNKNOWN by the truth, as people do, and say whether anything is left."""
        settled = unknowns(self.journal) if self.random.random() < 0.5 or self.is_calm else ()
        for known in settled:
            if self.journal.standing([known.standing.key])[known.standing.key].event is not Event.UNKNOWN:
                continue  # the second operator was told by the peer meanwhile
            arrived = any(got.key == known.standing.key for peer in self.channels.values() for got in peer.got)
            settle(self.journal, known.standing.key, Decision(arrived, "a person", "asked the peer"))
            self.tally["UNKNOWN settled by a person"] += 1
        if not self.is_calm:
            # Sooner or later a run is the last one; what the seed still had in store for it never happens.
            return bool(report.left) or self.random.random() < 0.2
        if any(result.not_before for result in report.left):
            self.time += timedelta(days=1)
        return any(not self._is_capped(result) for result in report.left)

    def _is_capped(self, result: Result) -> bool:
        """An action that the cap puts off waits for a day that this plan does not see."""
        return self.cap is not None and result.came is Came.DEFERRED and reaches(result.action)

    def _look_at(self, report: RunReport) -> None:
        exit_code = report.exit_code
        self.tally[f"exit {exit_code}"] += 1
        must(len(report.results) == len(self.actions), "a report names every action")
        if exit_code == 0:
            must(not report.left, "nothing is left after exit 0")
        if exit_code == 130:
            must(self.is_stopped, "only what was stopped is interrupted")

    def _end(self) -> None:
        entries = tuple(self.journal.entries())
        has: Counter[str] = Counter()
        for peer in self.channels.values():
            peer_has = Counter(got.key for got in peer.got)
            must(max(peer_has.values(), default=0) <= 1, "no peer has a key twice")
            has += peer_has
        for wanted in self.actions:
            self._story_is_sound(wanted, [e for e in entries if e.key == wanted.id], has[wanted.id])
        self._cap_was_kept(entries)
        before = has.total()
        self.round = MOST_ROUNDS
        self.is_stopped = self.is_unreadable = False
        self._start_again()
        again = self.carried_out()
        must(all(result.came.is_final or self._is_capped(result) for result in again.results), "the plan is finished")
        if not any(entry.body.get("complete") is True for entry in entries if entry.event is Event.RUN_ENDED):
            return
        must(sum(len(peer.got) for peer in self.channels.values()) == before, "a finished plan hands nothing over")

    def _story_is_sound(self, wanted: Action, entries: list[Entry], has: int) -> None:
        letters = "".join(LETTER[entry.event] for entry in entries)
        must(STORY.fullmatch(letters) is not None, f"the story of {wanted.id} is one that can be: {letters}")
        must((letters[-1:] in {"A", "U"}) >= (has > 0), f"what a peer has is ACCEPTED or UNKNOWN: {letters}")
        must((letters[-1:] == "A") <= (has > 0), f"what is ACCEPTED is there: {letters}")
        self.tally[f"ended {letters[-1:] or 'untouched'}"] += 1

    def _cap_was_kept(self, entries: Sequence[Entry]) -> None:
        if self.cap is None:
            return
        days: dict[str, set[date]] = {name: set(known) for name, known in self.before.items()}
        by_key = {wanted.id: wanted for wanted in self.actions}
        sent: dict[str, tuple[date, tuple[str, ...]]] = {}
        for entry in entries:
            if entry.event is Event.INTENT and "recipient" in entry.sealed:
                recipient = self.journal.personal(entry)["recipient"]
                assert isinstance(recipient, dict)
                email = recipient["email"]
                sent[entry.key] = date.min, counted_as(by_key[entry.key], Recipient("", "", email))
            elif entry.event is Event.POINT_OF_NO_RETURN and entry.key in sent:
                sent[entry.key] = date.fromisoformat(str(entry.body["day"])), sent[entry.key][1]
        for key, (day, names) in sent.items():
            if (
                day > date.min
                and reaches(by_key[key])
                and any(g.key == key for p in self.channels.values() for g in p.got)
            ):
                for name in names:
                    known = days.setdefault(name, set())
                    known.add(day)
        for name, known in days.items():
            for day in known - self.before.get(name, set()):
                must(has_room(known - {day}, day, self.cap), f"the contact cap of {name} is kept")


KINDS = (
    (Kind.MESSAGE, "email", ""),
    (Kind.MESSAGE, "email", ""),
    (Kind.MESSAGE, "letter", ""),
    (Kind.TASK, "", "phone_call"),
    (Kind.TASK, "", "file_claim"),
)

EVENTS = ("crash",) * 6 + (
    "operator",
    "operator",
    "pay",
    "pay",
    "dispute",
    "part_pay",
    "move",
    "jump",
    "jump",
    "stop",
    "unread",
)


def simulate(seed: int, planted: Planted = SOUND, store: Store | None = None) -> tuple[Counter[str], Journal]:
    """Run one seed to its end; raises `Broken` with the seed where something did not hold."""
    simulation = Simulation(seed, store or ModelStore(planted), planted)
    try:
        return simulation.run(), simulation.journal
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from None
