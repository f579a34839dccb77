"""What a run is told and what it reaches: the order to carry a plan out, and the world it is carried out in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.execution.channels.routes import route_of
from duly.execution.contacts_left import Cap, Contacts
from duly.execution.pace import Retries
from duly.execution.ports import Channel, Check, Clock
from duly.execution.report import Result
from duly.journal.store import Journal
from duly.plan.plan import Action


def route(action: Action) -> str:
    """The channel by which an action leaves, by its word under `use:` in `channels.yaml`."""
    return route_of(action).value


@dataclass(frozen=True, slots=True)
class RunOrder:
    """The order to carry a plan out.

    `plan` is the plan's digest, by which it is used once. `waiting` has the keys that
    are not to be touched, each with what it waits for (an approval, a new plan).
    `about` has by key what the journal should know besides: `due_on`, `of`,
    `stage_has_message`. `canary` is how many actions are handed over before the run ends.
    `figures` are what the next cycles are compared with; `despite` has what would have
    stopped the run, and why the operator went on.
    """

    plan: str
    policy: str
    as_of: date
    operator: str
    cap: Cap | None = None
    canary: int | None = None
    resume: bool = False
    waiting: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    about: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: MappingProxyType({}))
    retries: Retries = field(default_factory=Retries)
    figures: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    despite: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a run reaches.

    `contacts` gives the contact days that the book and the journal know, by customer
    and by inbox; what the run adds it counts itself. `checkpoint` is called once the run
    has begun, and again once it has ended, which gives what the report prints. `on_result`
    hears of each result at once.
    """

    journal: Journal
    channels: Mapping[str, Channel]
    check: Check
    clock: Clock
    stop: Callable[[], bool]
    contacts: Contacts
    checkpoint: Callable[[], str]
    on_result: Callable[[Result], None] = lambda _: None
    route: Callable[[Action], str] = route
