"""Accounts decided by durable-rules in a process of its own, which may die.

The process gets chunks of accounts over a pipe and has a time limit for each.
Where it dies or hangs, a new one is started and the chunk is halved until the
one account that did it is known; that account comes back as `Undecided`, with
the reason, and every other account comes back decided. A process is replaced
after so many accounts, because the engine does not give all memory back.
No process outlives its book, but within `processes_kept` one that has decided
all it was asked goes on to the next book of the same policy.

Where the library cannot be loaded, or the process dies over and over,
`DurableUnavailable` says so in one line.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from duly.kept import Kept, start
from duly.language.conditions import Facts, Value
from duly.language.policy import Policy
from duly.rules.decision import Decision
from duly.rules.durable.guard import EngineFault, Guard, UnfitFact
from duly.rules.durable.program import Program
from duly.rules.durable.reading import Ids, read
from duly.rules.durable.rulesets import program_of

K = TypeVar("K")
"""What the caller knows an account by."""


class DurableUnavailable(Exception):
    """durable-rules cannot be used here; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The engine could not decide the account, alone in a fresh process."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trust:
    """How much a process is trusted with.

    A chunk of accounts has `seconds` and `seconds_an_account` more for each;
    a process decides at most `lifetime` accounts, and `deaths` is how many
    processes may die before the engine is given up.
    """

    chunk: int = 1_000
    seconds: float = 5.0
    seconds_an_account: float = 0.01
    seconds_to_start: float = 60.0
    lifetime: int = 100_000
    deaths: int = 100


Answer = Decision | Undecided
Row = tuple[Value, ...]


def decide_all(
    policy: Policy, accounts: Iterable[tuple[K, Facts]], trust: Trust | None = None
) -> Iterator[tuple[K, Answer]]:
    """Each account with its decision, in the order given; raises DurableUnavailable.

    While a chunk is decided, the next one is taken from `accounts`, so that
    whoever makes the facts and the rule engine work at the same time.
    """
    trust = trust or Trust()
    program = program_of(policy)
    names = program.facts
    remaining = iter(accounts)
    worker = _worker_for(program, Ids.of(policy), trust)
    is_done = False
    asked: deque[tuple[list[K], Future[list[Answer]]]] = deque()
    try:
        with ThreadPoolExecutor(max_workers=1) as asking:
            while chunk := list(islice(remaining, trust.chunk)):
                rows = [tuple(facts[name] for name in names) for _, facts in chunk]
                asked.append(([key for key, _ in chunk], asking.submit(worker.decide, rows)))
                if len(asked) > 1:
                    yield from _answered(*asked.popleft())
            while asked:
                yield from _answered(*asked.popleft())
        is_done = True
    finally:
        _kept.let_wait_or_stop(worker, is_done=is_done)


def _answered(keys: list[K], answers: Future[list[Answer]]) -> Iterator[tuple[K, Answer]]:
    return zip(keys, answers.result(), strict=True)


MOST_KEPT = 3
"""So many processes at most wait for a next book, the newest."""

_kept = Kept["Worker"](MOST_KEPT)

processes_kept = _kept.until_the_end
"""Until the end of the block a process that has decided one book goes on to the next of the same policy."""


@contextlib.contextmanager
def started(policy: Policy, trust: Trust | None = None) -> Iterator[None]:
    """Within the block a process that decides by this policy is there, or on its way, before it is asked."""
    with processes_kept():
        worker = _worker_for(program_of(policy), Ids.of(policy), trust or Trust())
        if not worker.is_sound:
            with contextlib.suppress(DurableUnavailable):  # said when it is asked
                worker.begin()
        _kept.let_wait_or_stop(worker, is_done=True)
        yield


def _worker_for(program: Program, ids: Ids, trust: Trust) -> Worker:
    """The waiting one that has these orders, or a new one."""
    return _kept.taken(lambda worker: worker.has(program, ids, trust)) or Worker(program, ids, trust)


class Died(Exception):
    """The process did not live to answer; the message says how it went."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The last word of a process whose engine answered what it never should."""

    reason: str


class Worker:
    """One process after another, each deciding chunks of accounts."""

    def __init__(self, program: Program, ids: Ids, trust: Trust) -> None:
        self._orders = (program, ids)
        self._trust = trust
        self._decided = 0
        self._deaths = 0
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._is_ready = False

    @property
    def is_sound(self) -> bool:
        """Whether none of its processes has died, and one is there."""
        return not self._deaths and self._process is not None and self._process.is_alive()

    def has(self, program: Program, ids: Ids, trust: Trust) -> bool:
        """Whether it is sound and decides by this program, trusted as much."""
        return self._orders == (program, ids) and self._trust == trust and self.is_sound

    def decide(self, rows: list[Row]) -> list[Answer]:
        """The decisions about the rows, in order; halves the rows where the process does not survive them."""
        try:
            return self._ask(rows)
        except Died as death:
            self.stop()
            self._deaths += 1
            if self._deaths > self._trust.deaths:
                raise DurableUnavailable(f"durable-rules was given up after {self._deaths} tries: {death}") from None
            if len(rows) == 1:
                return [Undecided(str(death))]
            half = len(rows) // 2
            return [*self.decide(rows[:half]), *self.decide(rows[half:])]

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None
        self._decided = 0

    def _ask(self, rows: list[Row]) -> list[Answer]:
        if self._decided + len(rows) > self._trust.lifetime:
            self.stop()
        pipe = self._ready()
        self._decided += len(rows)
        answers: list[Answer] | Fault = self._exchange(
            pipe, rows, self._trust.seconds + self._trust.seconds_an_account * len(rows)
        )
        if isinstance(answers, Fault):
            raise Died(f"the rule engine failed: {answers.reason}")
        return answers

    def begin(self) -> None:
        """Start a process, raising DurableUnavailable; that it is ready is waited for when it is first asked."""
        # Spawned, not forked: the engine starts from nothing, and no lock of ours is copied half held.
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(theirs,), daemon=True, name="duly-durable")
        try:
            start(process)
        except OSError as error:
            self.stop()
            raise DurableUnavailable(f"durable-rules cannot be started: {error}") from None
        self._process = process
        theirs.close()
        self._is_ready = False
        with contextlib.suppress(OSError):  # one that is dead already is found dead when it is waited for
            self._pipe.send(self._orders)

    def _ready(self) -> Connection:
        if self._pipe is None:
            self.begin()
        assert self._pipe is not None
        if self._is_ready:
            return self._pipe
        try:
            fault: Fault | None = self._receive(self._pipe, self._trust.seconds_to_start)
        except Died as death:
            self.stop()
            raise DurableUnavailable(f"durable-rules cannot be started: {death}") from None
        if fault is not None:
            self.stop()
            raise DurableUnavailable(f"durable-rules cannot be loaded: {fault.reason}")
        self._is_ready = True
        return self._pipe

    def _exchange(self, pipe: Connection, question: object, seconds: float) -> Any:  # noqa: ANN401 -- whatever the other side sends
        try:
            pipe.send(question)
        except OSError:
            raise self._death() from None
        return self._receive(pipe, seconds)

    def _receive(self, pipe: Connection, seconds: float) -> Any:  # noqa: ANN401 -- whatever the other side sends
        try:
            if not pipe.poll(seconds):
                raise Died(f"the rule engine did not answer within {seconds:g} seconds")
            return pipe.recv()
        except (EOFError, OSError):
            raise self._death() from None

    def _death(self) -> Died:
        return Died(f"the rule engine died ({self._how_it_died()})")

    def _how_it_died(self) -> str:
        assert self._process is not None
        self._process.join(timeout=5)
        code = self._process.exitcode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-code).name
        return f"exit code {code}"


def serve(pipe: Connection) -> None:
    """Answer over the pipe until it closes: first whether the engine can be loaded, then chunk by chunk."""
    # A pipe that is closed before all was read of it ends in an error and not in its end.
    with contextlib.suppress(EOFError, OSError):
        _serve(pipe)


def _serve(pipe: Connection) -> None:
    program, ids = pipe.recv()
    names = program.facts
    try:
        guard = Guard(program)
    except (ImportError, EngineFault) as error:
        pipe.send(Fault(" ".join(str(error).split())))
        return
    pipe.send(None)

    def answer(row: Row) -> Answer:
        try:
            return read(ids, guard.words, guard.state(dict(zip(names, row, strict=True))))
        except UnfitFact as unfit:
            return Undecided(str(unfit))

    while True:
        rows: list[Row] = pipe.recv()
        try:
            pipe.send([answer(row) for row in rows])
        except EngineFault as fault:
            pipe.send(Fault(str(fault)))
            return
