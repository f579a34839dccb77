"""How history moves from day to day in a proof is how it moves in a book."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from duly.book import again
from duly.book.raw import raw_rows
from duly.language.conditions import Value
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.review.prove.over_time import history as moves
from duly.review.prove.over_time.days import moved_facts
from duly.review.prove.over_time.history import NEVER, History, Most, facts_of, kept, nothing_yet
from tests.book.facts.building import make_book
from tests.conftest import NIGHTLY

DUE = date(2026, 3, 2)
DAYS = 45
SEEDS = 500 if NIGHTLY else 15

TEXT = """\
duly: 1
policy: walked
currency: USD
late: {basis: due_date, grace_days: 3}
tones: [friendly, firm]
ladder:
  stages:
    reminder: {after: {days: 4}, tone: friendly, send: {email: reminder}, repeat: {every_days: 6}}
    demand: {after: {days: 7, since: previous_stage}, tone: firm, send: {letter: demand}}
    write_off: {after: {days: 30}, task: {credit_manager: decide_write_off}}
limits: {contacts_per_customer: {at_most: 2, in_days: 7}}
"""

REACHES = {"reminder": True, "demand": True, "write_off": False}


@dataclass(frozen=True, slots=True)
class Happened:
    """What happens on each day past due: stages executed, calls, and before the first late day an earlier episode."""

    executed: tuple[tuple[int, str], ...]
    called: tuple[int, ...]
    earlier: int | None


def policy_in(folder: Path) -> Policy:
    path = folder / "walked.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load_policy(path)[0]


def happened(seed: int) -> Happened:
    chance = random.Random(seed)
    days = range(4, DAYS)
    executed = tuple(
        (day, chance.choice(list(REACHES))) for day in days if chance.random() < chance.choice((0.05, 0.3))
    )
    called = tuple(day for day in days if chance.random() < 0.15)
    return Happened(executed, called, chance.choice((None, 1, 3)))


@cache
def by_the_book(seed: int, folder: Path) -> dict[int, dict[str, Value]]:
    """The facts that the book derives in the evening of each day past due from the rows of what had happened."""

    def on(day: int) -> date:
        return DUE + timedelta(days=day)

    thing, policy = happened(seed), policy_in(folder)
    stages: list[dict[str, object]] = [{"stage": stage, "day": on(day)} for day, stage in thing.executed]
    if thing.earlier is not None:
        stages.append({"stage": "write_off", "day": on(3 - thing.earlier), "episode": "an earlier one"})
    book = make_book(
        invoices=[{"amount": 100_000, "invoice_date": on(-30), "due_date": on(0)}],
        executed_stages=stages,
        contacts_made=[{"day": on(day)} for day in thing.called],
    )
    rows = raw_rows(book, ["C1"])
    found = {}
    for day in range(4, DAYS):
        (account,) = again.facts_of(rows, policy, on(day)).values()
        found[day] = dict(account.facts)
    return found


def by_the_proof(policy: Policy, thing: Happened) -> dict[int, dict[str, Value]]:
    """The facts that come of moving the history on from the first late day, day 4, evening by evening."""
    history = nothing_yet(policy, NEVER if thing.earlier is None else thing.earlier + 1)
    found = {}
    for day in range(4, DAYS):
        for done, stage in thing.executed:
            if done == day:
                history = moves.executed(history, policy.stage_ids.index(stage), reaches=REACHES[stage])
        if day in thing.called:
            history = moves.contacted(history)
        found[day] = dict(moved_facts(policy, history, day))
        history = moves.tomorrow(history)
    return found


def differing(folder: Path, seeds: range) -> list[tuple[int, int, str]]:
    """Where the two differ: the seed, the day and the fact."""
    found = []
    for seed in seeds:
        by_proof = by_the_proof(policy_in(folder), happened(seed))
        for day, book in by_the_book(seed, folder).items():
            assert by_proof[day].keys() <= book.keys()
            found += [(seed, day, name) for name, value in by_proof[day].items() if book[name] != value]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walked")


def test_a_history_moves_in_a_proof_as_it_does_in_a_book(folder: Path) -> None:
    assert differing(folder, range(SEEDS)) == []


def forgets_the_last(history: History) -> History:
    moved = moves.History(*history)
    return moved._replace(since=tuple(d if d == NEVER else d + 1 for d in moved.since), contacts=moved.contacts << 1)


def keeps_contacts(history: History) -> History:
    return TOMORROW(history)._replace(contacts=history.contacts)


def counts_all_contacts(history: History, stage: int, *, reaches: bool) -> History:
    return EXECUTED(history, stage, reaches=reaches or True)


def executes_without_counting(history: History, stage: int, *, reaches: bool) -> History:
    return EXECUTED(history, stage, reaches=reaches)._replace(times=history.times)


def executes_once(history: History, stage: int, *, reaches: bool) -> History:
    done = EXECUTED(history, stage, reaches=reaches)
    return done if history.since[stage] == NEVER else done._replace(since=history.since)


TOMORROW, EXECUTED = moves.tomorrow, moves.executed

FAULTS = [
    pytest.param("tomorrow", forgets_the_last, id="the days since any stage stand still"),
    pytest.param("tomorrow", keeps_contacts, id="the window does not move"),
    pytest.param("executed", counts_all_contacts, id="a task counts as a contact"),
    pytest.param("executed", executes_without_counting, id="executions are not counted"),
    pytest.param("executed", executes_once, id="a repeat does not start the count again"),
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_history_that_moves_otherwise_is_found_out(
    name: str, fault: Callable[..., History], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, name, fault)
    assert differing(folder, range(6))


@pytest.mark.parametrize(
    ("days", "upto"), [pytest.param(6, 6, id="as-far-as-asked"), pytest.param(8, 7, id="no-further")]
)
def test_a_count_is_kept_as_far_as_it_is_asked_for(days: int, upto: int) -> None:
    history = History((days, NEVER), (2, 0), days, 0b1100)
    most = Most(since=(7, 7), times=(9, 9), last=7, window=0b0110)
    assert kept(history, most) == History((upto, NEVER), (2, 0), upto, 0b0100)


def test_a_closed_episode_leaves_the_gap_and_the_contacts(tmp_path: Path) -> None:
    policy = policy_in(tmp_path)
    before = moves.tomorrow(moves.executed(nothing_yet(policy), 0, reaches=True))
    facts = facts_of(policy, moves.closed(before))
    assert facts["days_since_last_stage"] == 1
    assert facts["contacts_in_window"] == 1
    assert facts["days_since_stage"] is None
    assert facts["times__reminder"] == 0
