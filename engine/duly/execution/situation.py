"""What is going on in an environment: what runs, what waits and for what, what nobody knows.

One pass over the journal, which is read and never written. What waits is told by the
action, so that the reader can see whom it concerns and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from duly.execution.carried import Carried
from duly.journal.chain import STEPS
from duly.journal.entry import Entry, Event, Head
from duly.journal.store import Journal


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run: how it began and, where it did end, how."""

    started: Entry
    ended: Entry | None


@dataclass(frozen=True, slots=True)
class Situation:
    """An environment as its journal tells it.

    `active` says which run holds the journal now, empty where none does. `unsettled` are
    those of which nobody knows whether they arrived, `cut_off` those whose hand-over
    has no outcome yet: the next run, or `duly resolve`, makes them UNKNOWN. `begun` are
    intents that a crash left alone. `waiting` are actions that the last run left for
    want of an approval.
    """

    environment: str
    head: Head
    active: str
    last_run: LastRun | None
    last: Entry | None
    waiting: tuple[str, ...]
    deferred: tuple[Carried, ...]
    letters: tuple[Carried, ...]
    unsettled: tuple[Carried, ...]
    cut_off: tuple[Carried, ...]
    begun: tuple[Carried, ...]
    failed: tuple[Carried, ...]


OPEN = frozenset(
    {
        Event.INTENT,
        Event.POINT_OF_NO_RETURN,
        Event.DEFERRED,
        Event.FAILED,
        Event.UNKNOWN,
        Event.ACCEPTED,
    }
)
"""Where an action may stand and still need somebody."""


def situation(journal: Journal, active: str = "") -> Situation:
    """What is going on, by the journal; `active` is who holds it, as the store says."""
    of: dict[str, list[Entry]] = {}
    started = ended = last = None
    for entry in journal.entries():
        last = entry
        if entry.event is Event.RUN_STARTED:
            started, ended = entry, None
        elif entry.event is Event.RUN_ENDED:
            ended = entry
        elif entry.event in STEPS:
            _keep(of, entry)
    actions = [Carried(key, tuple(entries)) for key, entries in of.items()]
    run = LastRun(started, ended) if started is not None else None
    return Situation(
        environment=journal.environment,
        head=journal.head(),
        active=active,
        last_run=run,
        last=last,
        waiting=_waiting(run),
        deferred=_standing(actions, Event.DEFERRED),
        letters=tuple(a for a in _standing(actions, Event.ACCEPTED) if a.confirms_by_hand),
        unsettled=_standing(actions, Event.UNKNOWN),
        cut_off=_standing(actions, Event.POINT_OF_NO_RETURN),
        begun=_standing(actions, Event.INTENT),
        # What a person, or evidence, says did not arrive is no refusal: the next apply hands it over again.
        failed=tuple(
            action
            for action in _standing(actions, Event.FAILED)
            if run and action.last.seq > run.started.seq and not action.last.body.get("decided_by")
        ),
    )


def _keep(of: dict[str, list[Entry]], entry: Entry) -> None:
    """Keep what is still open; an action that is settled is let go, so that a long journal is not held in memory."""
    if entry.event is Event.INTENT:
        of[entry.key] = [entry]
    elif entry.key in of:
        of[entry.key].append(entry)
        by_hand = of[entry.key][0].body.get("confirms_by_hand") is True
        if entry.event not in OPEN or (entry.event is Event.ACCEPTED and not by_hand):
            del of[entry.key]


def _standing(actions: Iterable[Carried], event: Event) -> tuple[Carried, ...]:
    return tuple(action for action in actions if action.event is event)


def _waiting(run: LastRun | None) -> tuple[str, ...]:
    left = run.ended.body.get("waiting") if run is not None and run.ended is not None else None
    return tuple(str(key) for key in left) if isinstance(left, list | tuple) else ()
