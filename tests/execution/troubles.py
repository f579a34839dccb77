"""What a simulation goes wrong in: a journal whose disk may go, and peers that drop, refuse, hang and take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from random import Random
from typing import Protocol

from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown, Unsendable
from duly.journal.entry import Draft, Entry, Event, Head
from duly.journal.states import Standing
from duly.journal.store import Journal, JournalFailed


class Broken(AssertionError):
    """Something that must hold did not."""


def must(holds: bool, what: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise Broken(what)


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault that the simulation must find."""

    sends_first: bool = False
    loses_commits: bool = False
    takes_any_step: bool = False


SOUND = Planted()


class World(Protocol):
    """What the journal and the peers of a simulation need of it."""

    random: Random
    tally: Counter[str]
    planted: Planted
    verdicts: dict[str, tuple[bool, int]]
    lock_holds: bool
    is_inside: bool

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong any more."""

    @property
    def record(self) -> Journal:
        """The journal as it is on the disk."""

    def tick(self, where: str) -> None:
        """A moment passes, in which anything may happen."""


@dataclass(slots=True)
class Got:
    """Something a peer has: the parcel's key and bytes, and where it went."""

    key: str
    content: bytes
    to: tuple[str, ...]


class Watched:
    """The journal of a simulation: it may fail at every append, before and after it is durable."""

    def __init__(self, simulation: World, inner: Journal) -> None:
        self.simulation = simulation
        self.inner = inner
        self.id = inner.id
        self.environment = inner.environment
        self.seen = 0
        self.is_broken = False

    def head(self) -> Head:
        return self.inner.head()

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        if not drafts:
            return ()
        place = drafts[-1].event.value
        if self.is_broken:
            raise JournalFailed("gone", "the disk was gone before")
        self.simulation.tick(f"before {place}")
        self._may_fail()
        for draft in drafts:
            self._is_allowed(draft)
        entries = self.inner.append(*drafts)
        self.seen += 1
        self._may_fail()
        self.simulation.tick(f"after {place}")
        return entries

    def _may_fail(self) -> None:
        simulation = self.simulation
        if not simulation.is_calm and simulation.random.random() < 0.004:
            simulation.tally["disk failures"] += 1
            self.is_broken = True
            raise JournalFailed("gone", "the disk is gone")

    def _is_allowed(self, draft: Draft) -> None:
        """A point of no return rests on a look at the book that was made after the intent, and said yes."""
        if draft.event is Event.POINT_OF_NO_RETURN and not self.simulation.is_inside:
            is_due, seen = self.simulation.verdicts[draft.key]
            must(is_due, "nothing passes that the last look said no to")
            must(seen == self.seen or not self.simulation.lock_holds, "the last look was made after the intent")

    def entries(self, *, after: int = 0, key: str = "", customer: str = "", run: str = "") -> Iterator[Entry]:
        return self.inner.entries(after=after, key=key, customer=customer, run=run)

    def standing(self, keys: Collection[str] | None = None) -> Mapping[str, Standing]:
        return self.inner.standing(keys)

    def personal(self, entry: Entry) -> Mapping[str, object]:
        return self.inner.personal(entry)

    def run_lock(self) -> AbstractContextManager[None]:
        return self.inner.run_lock() if self.simulation.lock_holds else nullcontext()

    def close(self) -> None:
        self.inner.close()


class Peer:
    """A channel and the peer behind it, which drops, refuses, hangs and takes as the seed says."""

    is_real = False

    def __init__(self, simulation: World, name: str, *, idempotent: bool) -> None:
        self.simulation = simulation
        self.name = name
        self.is_idempotent = idempotent
        self.confirms_by_hand = name == "letter"
        self.per_minute = 60 if simulation.random.random() < 0.1 else 0
        self.is_bad = simulation.random.random() < 0.5
        self.got: list[Got] = []

    def pack(self, deed: Deed) -> Parcel:
        if "@" not in deed.recipient.email:
            raise Unsendable("no-address", "no address")
        content = f"{deed.action.id} {deed.action.amount}".encode()
        return Parcel(
            deed.action.id,
            self.name,
            (deed.recipient.email,),
            content,
            f"{content!r}{deed.recipient.email}",
            deed.action.id,
        )

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        simulation = self.simulation
        simulation.tick("hand-over")
        fault = simulation.random.choice(FAULTS) if self.is_bad and not simulation.is_calm else ""
        if fault:
            simulation.tally[f"peer: {fault}"] += 1
        match fault:
            case "drop before":
                return Deferred("connection reset")
            case "421":
                return Deferred("421 too busy", seconds=30, all=True)
            case "535":
                return Failed("535 who are you", all=True)
            case "550":
                return Failed("550 nobody of that name")
            case _:
                pass
        if simulation.planted.sends_first:
            self._take(parcel)
            simulation.tick("sent, not recorded")
            no_return()
            return Accepted("250 ok")
        no_return()
        simulation.tick("354")
        match fault:
            case "4xx to the dot":
                return Deferred("451 not now")
            case "5xx to the dot":
                return Failed("554 not wanted")
            case "lost":
                return Unknown("the connection was cut")
            case _:
                pass
        self._take(parcel)
        simulation.tick("taken")
        return Unknown("no answer") if fault == "taken, no answer" else Accepted("250 ok")

    def _take(self, parcel: Parcel) -> None:
        if self.is_idempotent and any(got.key == parcel.key for got in self.got):
            self.simulation.tally["peer: took a key once more, and dropped it"] += 1
            return
        simulation = self.simulation
        if not simulation.planted.sends_first:
            entries = [e for e in simulation.record.entries(key=parcel.key) if e.event is Event.POINT_OF_NO_RETURN]
            must(bool(entries), "a durable record stands before everything that is taken")
            must(entries[-1].body["content"] == parcel.digest, "what is taken is what was recorded")
        self.got.append(Got(parcel.key, parcel.content, parcel.to))
        must(sum(got.key == parcel.key for got in self.got) == 1, "no peer gets a key twice")

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        if self.name != "letter":
            return None
        has = any(got.key == reference for got in self.got)
        must(bool(digest), "evidence is asked for by content")
        return Accepted("it is there") if has else Failed("it is not there")

    def close(self) -> None:
        pass


FAULTS = (
    "",
    "drop before",
    "421",
    "535",
    "550",
    "4xx to the dot",
    "5xx to the dot",
    "lost",
    "taken, no answer",
    "taken, no answer",
)
