"""Messages rendered in processes of their own, which may hang or die without taking a run with them.

Each process composes one message after the other under a bound of memory and of
time; the kernel holds it to both. What hangs or dies costs its own message, which
comes back as `Unrendered`, and the next process goes on after it. Messages come back
in the order of their matters, the same to the byte whatever the number of processes.
No process outlives what it was asked to render, except within `processes_kept`, where
one that has answered all of it goes on to the next.

Here, in the process that will send them, every message is held against the guard.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from duly.kept import Kept, start
from duly.messages.compose import Composed, Composer, key_of
from duly.messages.guard import Owners, check_matter, check_message
from duly.messages.matter import Matter, Rendered
from duly.messages.sandbox import Unrenderable
from duly.messages.templates import Templates

CHUNK = 50
"""Messages given to a process at once."""

SECONDS_TO_START = 60.0
MEGABYTE = 1_000_000

LITTLE = 20
"""So few messages are not worth a second process."""


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A message that must not or cannot be said; `rule` is a kebab-case name. Nothing of it has left."""

    customer: str
    file: str
    rule: str
    reason: str


Answer = Rendered | Unrendered


def render(
    templates: Templates,
    matters: Iterable[Matter],
    owners: Owners,
    *,
    workers: int = 2,
    seconds_each: float = 5.0,
    memory: int = 1_000 * MEGABYTE,
) -> Iterator[Answer]:
    """Each matter's message in the order given, or the reason why there is none.

    `memory` is in bytes for each process, `seconds_each` the most that one message
    may take. Raises `RuntimeError` where no process can be started at all.
    """
    remaining = iter(matters)
    first = list(islice(remaining, LITTLE))
    crew = [_worker_for(templates, seconds_each, memory) for _ in range(workers if len(first) == LITTLE else 1)]
    is_done = False
    asked: deque[tuple[list[Matter], Worker]] = deque()
    try:
        chunk = first
        while chunk or asked:
            free = [worker for worker in crew if not any(worker is busy for _, busy in asked)]
            if chunk and free:
                free[0].ask(chunk)
                asked.append((chunk, free[0]))
                chunk = list(islice(remaining, CHUNK))
                continue
            matters_asked, worker = asked.popleft()
            answers = worker.answers()
            for matter, answer in zip(matters_asked, answers, strict=True):
                yield guarded(templates, matter, answer, owners)
        is_done = True
    finally:
        for worker in crew:
            _kept.let_wait_or_stop(worker, is_done=is_done)


_kept = Kept["Worker"](2)

processes_kept = _kept.until_the_end
"""Until the end of the block a process that has composed all it was asked goes on to what is rendered next."""


def _worker_for(templates: Templates, seconds_each: float, memory: int) -> Worker:
    """One that waits and is bound alike, with these templates from now on, or a new one."""
    worker = _kept.taken(lambda waiting: waiting.is_bound_by(seconds_each, memory))
    if worker is None:
        return Worker(templates, seconds_each, memory)
    worker.take(templates)
    return worker


def guarded(templates: Templates, matter: Matter, answer: Composed | Unrendered, owners: Owners) -> Answer:
    """The message once the guard has looked at it, or why it must not leave."""
    if isinstance(answer, Unrendered):
        return answer
    try:
        check_matter(matter, owners)
        check_message(matter, answer.message, answer.pdf_text, owners, templates.wording_of(key_of(matter)))
    except Unrenderable as refused:
        return _unrendered(matter, refused.rule, str(refused))
    return answer.message


def _unrendered(matter: Matter, rule: str, reason: str) -> Unrendered:
    return Unrendered(matter.customer.id, key_of(matter).file, rule, reason)


# A process, seen from here.


class _Died(Exception):
    """The process did not live to answer; the message says how it went."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


class Worker:
    """One process after another, each composing chunks of messages."""

    def __init__(
        self,
        templates: Templates,
        seconds_each: float,
        memory: int,
        composer: Callable[[Templates], Composer] = Composer,
    ) -> None:
        self._templates = templates
        self._seconds = seconds_each
        self._memory = memory
        self._composer = composer
        self._has_died = False
        self._chunk: list[Matter] = []
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    @property
    def is_sound(self) -> bool:
        """Whether no message has cost it a process, and there is one."""
        return not self._has_died and self._process is not None and self._process.is_alive()

    def is_bound_by(self, seconds_each: float, memory: int) -> bool:
        """Whether it is sound and has these bounds."""
        return self._seconds == seconds_each and self._memory == memory and self.is_sound

    def take(self, templates: Templates) -> None:
        """Compose from these templates from now on."""
        self._templates = templates
        assert self._pipe is not None
        try:
            self._hand_over_templates(self._pipe)
        except (EOFError, OSError):
            self.stop()

    def ask(self, chunk: list[Matter]) -> None:
        """Hand a chunk over without waiting for it."""
        self._chunk = chunk
        pipe = self._pipe or self._start()
        with contextlib.suppress(OSError):
            pipe.send(chunk)

    def answers(self) -> list[Composed | Unrendered]:
        """What became of the chunk: an answer for each of its matters."""
        answers: list[Composed | Unrendered] = []
        try:
            self._receive(answers, len(self._chunk))
        except _Died:
            # Which message it was is found out by asking for the rest one at a time.
            answers += [self._alone(matter) for matter in self._chunk[len(answers) :]]
        return answers

    def _alone(self, matter: Matter) -> Composed | Unrendered:
        answer: list[Composed | Unrendered] = []
        try:
            with contextlib.suppress(OSError):
                (self._pipe or self._start()).send([matter])
            self._receive(answer, 1)
        except _Died as death:
            return _unrendered(matter, death.rule, str(death))
        return answer[0]

    def _receive(self, answers: list[Composed | Unrendered], count: int) -> None:
        """Take answers until there are so many; raises `_Died`, and ends the process, where they do not come."""
        assert self._pipe is not None
        try:
            while len(answers) < count:
                # The kernel bounds the time of the processor; a process that sleeps is given up here.
                if not self._pipe.poll(2 * self._seconds + 1):
                    raise TimeoutError
                answers += self._pipe.recv()
        except (EOFError, OSError) as death:
            died = self._how_it_died(death)
            self._has_died = True
            self.stop()
            raise died from None

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _start(self) -> Connection:
        # Spawned, not forked: no secret and no lock of ours is in it.
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(theirs,), daemon=True, name="duly-messages")
        start(self._process)
        theirs.close()
        try:
            self._pipe.send((self._seconds, self._memory, self._composer))
            self._hand_over_templates(self._pipe)
        except (EOFError, OSError):
            self.stop()
            raise RuntimeError("no process for messages can be started") from None
        return self._pipe

    def _hand_over_templates(self, pipe: Connection) -> None:
        """Give the process the templates to compose from; raises `OSError` or `EOFError` where it takes none."""
        pipe.send(self._templates)
        if not pipe.poll(SECONDS_TO_START) or pipe.recv() != READY:
            raise TimeoutError

    def _how_it_died(self, death: EOFError | OSError) -> _Died:
        assert self._process is not None
        if isinstance(death, TimeoutError):
            return _Died("message-took-too-long", f"the message was not ready after {self._seconds:g} seconds")
        self._process.join(timeout=5)
        code = self._process.exitcode
        if code == -signal.SIGXCPU:
            return _Died("message-took-too-long", f"the message took more than {self._seconds:g} seconds")
        return _Died("message-process-died", f"the process that composed the message died ({_named(code)})")


def _named(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


# A process, seen from inside.

READY = "ready"

SHORT = 0.05
"""Seconds after which a process hands over what it has."""


def serve(pipe: Connection) -> None:
    """Compose what comes over the pipe until it closes; every answer is handed over within its time."""
    seconds, memory, composer_of = pipe.recv()
    composer = composer_of(pipe.recv())
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send(READY)
    with contextlib.suppress(EOFError, OSError):
        while True:
            asked: Templates | list[Matter] = pipe.recv()
            if isinstance(asked, Templates):
                composer = composer_of(asked)
                pipe.send(READY)
            else:
                _compose(pipe, asked, composer, seconds)


def _compose(pipe: Connection, chunk: list[Matter], composer: Any, seconds: float) -> None:  # noqa: ANN401  (whatever composes)
    """Answer a chunk; answers go off together while messages are quick, and before one that may not be."""
    ready: list[Composed | Unrendered] = []
    since = time.monotonic()
    for matter in chunk:
        bound_time(seconds)
        try:
            answer: Composed | Unrendered = composer.compose(matter)
        except Unrenderable as refused:
            answer = _unrendered(matter, refused.rule, str(refused))
        except MemoryError:
            answer = _unrendered(matter, "message-too-large", "the message needs more memory than it is given")
        ready.append(answer)
        if time.monotonic() - since > SHORT:
            pipe.send(ready)
            ready, since = [], time.monotonic()
    if ready:
        pipe.send(ready)


def bound_time(seconds: float) -> None:
    """Let the kernel end this process where it takes so many seconds more of a processor."""
    most = math.ceil(time.process_time() + seconds)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
