"""What happened to an account, and how that moves from day to day: the facts that no ledger gives.

This is the one place that says how `days_since__…`, `times__…` and the contacts of the
window change as days pass and stages are executed. A law holds it equal to the facts
that the book derives from the rows of a journal. Counts may be kept only as far as a
policy asks for them (`Most`): beyond its largest number all are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from duly.language.conditions import Value
from duly.language.policy import Policy, Since
from duly.language.reads import clocks

NEVER = -1
"""In place of a number of days: it has not happened."""


class History(NamedTuple):
    """What happened up to now, by the policy's stages in the order of `stage_ids`; days count back from today.

    `last` is the last stage of this episode or an earlier one. Bit n of `contacts` says
    that the customer was contacted n days ago.
    """

    since: tuple[int, ...]
    times: tuple[int, ...]
    last: int = NEVER
    contacts: int = 0


@dataclass(frozen=True, slots=True)
class Most:
    """As far as each count is kept: what is larger counts as this. `window` has a bit for each day of contacts."""

    since: tuple[int, ...]
    times: tuple[int, ...]
    last: int
    window: int


def nothing_yet(policy: Policy, last: int = NEVER) -> History:
    """The history of an account of which no stage has been executed in this episode."""
    stages = len(policy.stage_ids)
    return History((NEVER,) * stages, (0,) * stages, last)


def executed(history: History, stage: int, *, reaches: bool) -> History:
    """With the stage executed today; `reaches` says that it reaches the customer."""
    since, times, _, contacts = history
    return History(
        (*since[:stage], 0, *since[stage + 1 :]),
        (*times[:stage], times[stage] + 1, *times[stage + 1 :]),
        0,
        contacts | reaches,
    )


def contacted(history: History, days_ago: int = 0) -> History:
    """With the customer contacted by somebody."""
    return history._replace(contacts=history.contacts | 1 << days_ago)


def tomorrow(history: History) -> History:
    """The same on the next day."""
    since, times, last, contacts = history
    return History(
        tuple([days if days == NEVER else days + 1 for days in since]),
        times,
        last if last == NEVER else last + 1,
        contacts << 1,
    )


def kept(history: History, most: Most) -> History:
    """The same, no count kept further than it is asked for."""
    since, times, last, contacts = history
    return History(
        tuple(map(min, since, most.since)),
        tuple(map(min, times, most.times)),
        min(last, most.last),
        contacts & most.window,
    )


def closed(history: History) -> History:
    """The same once the episode is closed: what was executed in it belongs to an earlier one."""
    stages = len(history.since)
    return History((NEVER,) * stages, (0,) * stages, history.last, history.contacts)


def window_of(policy: Policy) -> int:
    """The days before today in which contacts count, a bit each; none without a contact cap."""
    cap = policy.limits.contacts_per_customer
    return 0 if cap is None else (1 << cap.in_days) - 2


def facts_of(policy: Policy, history: History) -> dict[str, Value]:
    """The facts that the history gives, by their names."""
    facts: dict[str, Value] = {}
    for id_, days, times in zip(policy.stage_ids, history.since, history.times, strict=True):
        facts[f"days_since__{id_}"] = _days(days)
        facts[f"times__{id_}"] = times
    in_episode = any(days != NEVER for days in history.since)
    days_since_stage = _days(history.last) if in_episode else None
    for clock in clocks(policy):
        if clock.since is Since.PREVIOUS_STAGE:
            facts[clock.fact] = days_since_stage
    return facts | {
        "days_since_stage": days_since_stage,
        "days_since_last_stage": _days(history.last),
        "contacts_in_window": (history.contacts & window_of(policy)).bit_count(),
        "contacted_today": bool(history.contacts & 1),
        "outcome_unknown": False,
    }


def _days(number: int) -> int | None:
    return None if number == NEVER else number
