"""The facts of accounts derived again beside whatever else is done: where they are many, in a process of its own.

The book is read here and nowhere else. What goes to the other process are the rows as
they were read, the policy and the day; what comes back are facts. Where the process
cannot be started or does not live to answer, the facts are derived here instead: the
same function, only later. No process outlives its block, nor whoever started it.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from io import StringIO
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import MappingProxyType

from duly.book.again import AccountFacts, Key, facts_of
from duly.book.book import Book
from duly.book.raw import Selected, gathered, select_rows
from duly.kept import Kept, start
from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.priority import give_way

PLACES = ("anchor", "episode", "episode_start")
"""What is compared beside the facts, as text: an action's identity hangs on it."""

Derived = Callable[[], Mapping[Key, Facts]]
"""The facts of some accounts, once they are derived; whoever asks waits for them."""

Again = Callable[[Sequence[Key]], Derived]
"""Derives the facts of accounts again from the raw rows, `PLACES` included."""


@contextmanager
def deriving(book: Book, policy: Policy, as_of: date, *, apart: bool) -> Iterator[Again]:
    """Derives the facts of accounts on a day within the block; `apart` in a process of its own, or else when asked.

    Apart, the rows are read over a connection of their own: of the book's own tables, and no
    temporary ones in front of them. Whoever leaves the block by an error waits for nothing.
    """
    if not apart:
        yield lambda keys: lambda: derived(_selected(book, keys), policy, as_of, keys)
        return
    process = _kept.taken(lambda _: True) or _Process()
    beside = replace(book, connection=book.connection.cursor())
    asking = ThreadPoolExecutor(max_workers=1)

    def ask(keys: Sequence[Key]) -> Mapping[Key, Facts]:
        return process.derive(_selected(beside, keys), policy, as_of, keys)

    is_done = False
    try:
        yield lambda keys: asking.submit(ask, keys).result
        is_done = True
    finally:
        if not is_done:
            beside.connection.interrupt()
            process.stop()
        asking.shutdown(cancel_futures=True)
        beside.connection.close()
        _kept.let_wait_or_stop(process, is_done=is_done)


@contextmanager
def started() -> Iterator[None]:
    """Within the block a process is there, or on its way, before it is asked."""
    with _kept.until_the_end():
        _kept.let_wait_or_stop(_kept.taken(lambda _: True) or _Process(), is_done=True)
        yield


def _selected(book: Book, keys: Sequence[Key]) -> Selected:
    return select_rows(book, {customer for _, customer, _ in keys})


def derived(selected: Selected, policy: Policy, as_of: date, keys: Sequence[Key]) -> dict[Key, Facts]:
    """The facts of these accounts, `PLACES` included, from the rows that were read of them."""
    accounts = facts_of(gathered(selected), policy, as_of, keys)
    return {key: {**account.facts, **_places(account)} for key, account in accounts.items()}


def _places(account: AccountFacts) -> Facts:
    start = account.episode_start
    return {
        "anchor": account.anchor,
        "episode": account.episode,
        "episode_start": None if start is None else start.isoformat(),
    }


class _Process:
    """One process that derives what it is asked as long as it lives; what it does not answer is derived here."""

    def __init__(self) -> None:
        # Spawned, not forked: no lock of the database is copied half held.
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(theirs,), daemon=True, name="duly-again")
        self._is_alive = True
        self._is_stopped = False
        try:
            start(self._process)
        except OSError:
            self._is_alive = False
        theirs.close()

    @property
    def is_sound(self) -> bool:
        """Whether it is alive."""
        return self._is_alive and self._process.is_alive()

    def stop(self) -> None:
        """End the process, and whoever waits for its answer gets none."""
        self._is_stopped = True
        self._is_alive = False
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def derive(self, selected: Selected, policy: Policy, as_of: date, keys: Sequence[Key]) -> Mapping[Key, Facts]:
        """As `derived`, by the process if that is still alive; nothing once it was told to stop."""
        if self._is_alive:
            try:
                self._pipe.send((selected, policy, as_of, keys))
                answer: Mapping[Key, Facts] = self._pipe.recv()
            except (EOFError, OSError):
                self._is_alive = False
            else:
                return answer
        if self._is_stopped:
            raise CancelledError
        return derived(selected, policy, as_of, keys)


_kept = Kept[_Process](1)


def serve(pipe: Connection) -> None:
    """Derive what is asked over the pipe until it closes."""
    # Whoever plans goes first: there is time until it has worked out everything else.
    give_way()
    # What goes wrong here goes wrong once more where it is reported.
    sys.stderr = StringIO()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(derived(*pipe.recv()))


def read_only(values: dict[object, object]) -> Mapping[object, object]:
    """A dict that nobody changes."""
    return MappingProxyType(values)


# Of all that a policy is made of, read-only dicts alone do not go to another process by themselves.
ForkingPickler.register(MappingProxyType, lambda values: (read_only, (dict(values),)))
