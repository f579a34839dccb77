"""The whole executor, many times over, in a world that goes wrong; and the faults that the same look must find."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from duly.home import Environment, Home
from duly.journal.create import create, open_journal
from duly.journal.entry import Event
from duly.journal.store import Journal, Store
from tests.conftest import NIGHTLY, Counted
from tests.execution.simulator import Simulation, Tally, simulate
from tests.execution.troubles import SOUND, Broken, Planted

BY_DAY = 20_000
BY_NIGHT = 1_000_000
SHARES = 20
REPLAYED = 200

ENOUGH = 4_000
"""Seeds in which a planted fault must be found."""


@pytest.mark.parametrize("share", range(SHARES))
def test_no_seed_hands_over_twice_loses_anything_or_hides_it(share: int, counted: Counted) -> None:
    seeds = (BY_NIGHT if NIGHTLY else BY_DAY) // SHARES
    tally = Tally()
    started = time.process_time()
    for seed in range(share * seeds, (share + 1) * seeds):
        tally.seen += simulate(seed)[0]
    seconds = time.process_time() - started
    print(f"\n{tally.table()}")
    counted(
        "simulated runs",
        seeds=seeds,
        kills=tally.seen["runs killed"],
        twice_lost_or_unrecorded=0,
        ms_of_one_core=round(1000 * seconds),
    )
    # A simulation in which nothing goes wrong would show nothing.
    assert tally.seen["runs killed"] > seeds / 10
    assert tally.seen["UNKNOWN settled by a person"] > seeds / 20
    assert tally.seen["peer: taken, no answer"] > seeds / 20
    assert tally.seen["ended A"] > seeds / 2


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(Planted(sends_first=True), id="sends-before-it-records"),
        pytest.param(Planted(loses_commits=True), id="a-disk-that-loses-the-last-commits"),
        pytest.param(Planted(takes_any_step=True), id="a-store-that-takes-any-step"),
    ],
)
def test_a_planted_fault_is_found(planted: Planted, counted: Counted) -> None:
    found = [seed for seed in range(ENOUGH) if _is_broken(seed, planted)]
    counted(f"simulated with {planted}", seeds=ENOUGH, found=len(found))
    assert found
    assert not any(_is_broken(seed, SOUND) for seed in found)


def _is_broken(seed: int, planted: Planted) -> bool:
    try:
        simulate(seed, planted)
    except Broken:
        return True
    return False


class SqliteOnDisk:
    """A journal in a real file, opened again after every crash."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.store: Store | None = None

    def open(self, clock: Callable[[], datetime]) -> Journal:
        if self.store is None:
            self.store = create(self.home, Environment.TRY, clock=clock)
        else:
            self.store.close()
            self.store = open_journal(self.home, Environment.TRY, clock=clock)
        return self.store

    def lose(self, commits: int) -> None:
        raise NotImplementedError(commits)

    def close(self) -> None:
        if self.store:
            self.store.close()


@pytest.mark.parametrize("share", range(4))
def test_the_same_seeds_on_a_real_file_are_the_same_history(tmp_path: Path, share: int) -> None:
    for seed in range(share, REPLAYED, 4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        disk = SqliteOnDisk(folder)
        _, modelled = simulate(seed)
        _, real = simulate(seed, SOUND, disk)
        assert _told(real) == _told(modelled), f"seed {seed}"
        disk.close()


def _told(journal: Journal) -> list[tuple[str, str, str, int, str, dict[str, object]]]:
    return [
        (entry.at, entry.event.value, entry.key, entry.attempt, entry.run, _plain(entry.body))
        for entry in journal.entries()
        if entry.event is not Event.CREATED
    ]


def _plain(body: object) -> dict[str, object]:
    """A body without what the journal adds of its own where the clock went back."""
    assert isinstance(body, dict)
    return {name: value for name, value in body.items() if name != "clock"}


def test_the_second_operator_and_the_broken_lock_are_in_the_simulation() -> None:
    seeds = [Simulation(seed, _Nowhere()) for seed in range(300)]
    assert {seed.lock_holds for seed in seeds} == {True, False}
    assert any("operator" in seed.events.values() for seed in seeds)


class _Nowhere:
    def open(self, clock: Callable[[], datetime]) -> Journal:
        from tests.execution.model import ModelJournal

        return ModelJournal(clock)

    def lose(self, commits: int) -> None:
        raise NotImplementedError(commits)
