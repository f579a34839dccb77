"""A journal in memory, and actions to carry out: what the tests of a run share.

The journal keeps the contract of `duly.journal.store` without hashes and without a
disk, so that a run over it takes no time. Real stores answer to the same contract in
`tests/journal`; the simulator replays its seeds on one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from duly.execution.ports import Deed, Due, NotDue, Outcome, Parcel, Recipient
from duly.execution.world import RunOrder, World
from duly.journal.chain import STEPS, after, is_its_own, may_follow
from duly.journal.entry import Draft, Entry, Event, Head, written
from duly.journal.states import Standing
from duly.journal.store import Journal, RunIsActive
from duly.plan.plan import Action, Kind

AS_OF = date(2026, 3, 31)
MORNING = datetime(2026, 3, 31, 7, 0, tzinfo=UTC)


class ModelJournal:
    """A journal in memory; `checks_steps` off is a store that lets every event follow every other."""

    id = "model"

    def __init__(
        self, clock: Callable[[], datetime] = lambda: MORNING, *, environment: str = "try", checks_steps: bool = True
    ) -> None:
        self.environment = environment
        self.clock = clock
        self.checks_steps = checks_steps
        self.kept: list[Entry] = []
        self.values: dict[int, Mapping[str, object]] = {}
        self.by_key: dict[str, list[Entry]] = {}
        self.by_run: dict[str, list[Entry]] = {}
        self.commits: list[int] = []
        self.is_locked = False
        self.at = written(clock())
        self._standing: dict[str, Standing] = {}

    def head(self) -> Head:
        return Head(self.id, len(self.kept), "")

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        if not drafts:
            return ()
        stands: dict[str, Standing] = {}
        added: list[Entry] = []
        at = self.at = max(self.at, written(self.clock()))
        for draft in drafts:
            attempt = 0
            before = stands.get(draft.key) or self._standing.get(draft.key)
            if draft.event in STEPS:
                if self.checks_steps:
                    may_follow(draft.event, before, draft.key)
                attempt = (before.attempt if before else 0) + (draft.event is Event.INTENT)
                if self.checks_steps:
                    is_its_own(draft, before, attempt)
            seq = len(self.kept) + len(added) + 1
            sealed = dict.fromkeys(draft.personal, "")
            entry = Entry(
                seq,
                at,
                draft.event,
                draft.by,
                draft.key,
                attempt,
                draft.customer,
                draft.run,
                draft.body,
                sealed,
                "",
                "",
            )
            if draft.event in STEPS:
                stands[draft.key] = after(before, entry)
            if draft.personal:
                self.values[seq] = draft.personal
            added.append(entry)
        self._standing |= stands
        for entry in added:
            self._keep(entry)
        self.commits.append(len(added))
        return tuple(added)

    def entries(self, *, after: int = 0, key: str = "", customer: str = "", run: str = "") -> Iterator[Entry]:
        # A run of actions asks for one key or one run again and again.
        found = self.by_key.get(key, ()) if key else self.by_run.get(run, ()) if run else self.kept[after:]
        for entry in tuple(found):
            if entry.seq > after and (not customer or entry.customer == customer) and (not run or entry.run == run):
                yield entry

    def standing(self, keys: Collection[str] | None = None) -> Mapping[str, Standing]:
        if keys is None:
            return dict(self._standing)
        return {key: self._standing[key] for key in keys if key in self._standing}

    def personal(self, entry: Entry) -> Mapping[str, object]:
        return self.values.get(entry.seq, {})

    @contextmanager
    def run_lock(self) -> Iterator[None]:
        if self.is_locked:
            raise RunIsActive("another run is active")
        self.is_locked = True
        try:
            yield
        finally:
            self.is_locked = False

    def close(self) -> None:
        pass

    def _keep(self, entry: Entry) -> None:
        self.kept.append(entry)
        self.by_key.setdefault(entry.key, []).append(entry)
        self.by_run.setdefault(entry.run, []).append(entry)

    def lose(self, commits: int) -> None:
        """Forget the last commits, as a disk does that had said they were there."""
        for _ in range(min(commits, len(self.commits))):
            for _ in range(self.commits.pop()):
                self.kept.pop()
        kept, self.kept, self.by_key, self.by_run, self._standing = self.kept, [], {}, {}, {}
        for entry in kept:
            self._keep(entry)
            if entry.event in STEPS:
                self._standing[entry.key] = after(self._standing.get(entry.key), entry)


def made_action(key: str = "a1", customer: str = "c1", **changes: object) -> Action:
    """A message by e-mail to a customer, with what is different."""
    made = Action(
        id=key,
        customer=customer,
        creditor="us",
        item="",
        kind=Kind.MESSAGE,
        stage="reminder",
        tone="friendly",
        channel="email",
        template="reminder",
        task="",
        for_role="collector",
        person="collector-1",
        not_before=AS_OF.isoformat(),
        invoices=("i1",),
        amount=10_000,
        currency="EUR",
        amounts=(),
        episode="i1",
        occurrence=1,
        approval=(),
        because=(),
    )
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


class FakeClock:
    """Time that passes when it is waited for."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.time = now
        self.waited: list[float] = []

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time += timedelta(seconds=seconds)


class FakeChannel:
    """A channel whose peer says what it was told to say, in order, and the last word for ever after."""

    is_real = False
    confirms_by_hand = False

    def __init__(
        self,
        *answers: Outcome | BaseException,
        name: str = "email",
        is_idempotent: bool = False,
        per_minute: int = 0,
        finds: Outcome | None = None,
    ) -> None:
        self.name = name
        self.is_idempotent = is_idempotent
        self.per_minute = per_minute
        self.answers = list(answers)
        self.finds = finds
        self.got: list[str] = []

    def pack(self, deed: Deed) -> Parcel:
        content = f"{deed.action.id} {deed.action.amount} {deed.recipient.email}".encode()
        return Parcel(deed.action.id, self.name, (deed.recipient.email,), content, content.hex(), f"<{deed.action.id}>")

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        no_return()
        self.got.append(parcel.key)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def evidence(self, reference: str, digest: str) -> Outcome | None:
        assert reference
        assert digest
        return self.finds

    def close(self) -> None:
        pass


def recipient_of(action: Action) -> Recipient:
    return Recipient(action.customer, "Sample Co", f"{action.customer}@sample.test", time_zone="Europe/Berlin")


def always_due(action: Action, now: datetime) -> Due | NotDue:  # noqa: ARG001 -- a check has a clock
    return Due(Deed(action, recipient_of(action)))


def order(**changes: object) -> RunOrder:
    made = RunOrder(plan="f" * 64, policy="standard", as_of=AS_OF, operator="an-operator")
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


def world(journal: Journal, *channels: FakeChannel, **changes: object) -> World:
    made = World(
        journal=journal,
        channels={channel.name: channel for channel in channels},  # type: ignore[misc]
        check=always_due,
        clock=FakeClock(),
        stop=lambda: False,
        contacts=lambda _: (),
        checkpoint=lambda: str(journal.head()),
    )
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


def story(journal: Journal, key: str = "a1") -> list[str]:
    """What happened to an action, in order."""
    return [entry.event.value for entry in journal.entries(key=key)]
