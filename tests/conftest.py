"""How tests are run: hypothesis profiles, what waits for the night, recording, and the table of what was counted."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from duly.messages import render
from duly.rules import durable

NIGHTLY = os.environ.get("DULY_NIGHTLY") == "1"

# By day the same examples every time, so that a change is to blame for what fails; by night new ones.
settings.register_profile(
    "fast", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nightly" if NIGHTLY else "fast")


LONGEST = (
    "tests/story/",
    "tests/execution/test_many_days.py",
    "tests/plan/test_ahead.py::test_no_day",
    "tests/review/test_symbolic.py",
    "tests/review/test_proof.py",
    "tests/review/test_diff.py",
    "tests/review/test_git.py",
    "tests/test_readme.py",
    "tests/test_sessions.py",
)
"""Tests that take longest; a core that has nothing left takes over half of what waits behind them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the recorded sessions and the README's output again")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest begin first, or one core would wait for them at the end.
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    if NIGHTLY:
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: `make nightly` runs it"))


@pytest.fixture(scope="session")
def kept_processes() -> Iterator[ExitStack]:
    """Processes that decide and compose go on from test to test; to start one takes longer than most tests."""
    with ExitStack() as kept:
        keep(kept)
        yield kept


def keep(kept: ExitStack) -> None:
    kept.enter_context(durable.processes_kept())
    kept.enter_context(render.processes_kept())


@pytest.fixture(autouse=True)
def _processes(request: pytest.FixtureRequest, kept_processes: ExitStack) -> Iterator[None]:
    """A test that is about the processes themselves (`own_processes`) begins without any, as a command does."""
    is_about_them = request.node.get_closest_marker("own_processes") is not None
    if is_about_them:
        kept_processes.close()
    yield
    if is_about_them:
        keep(kept_processes)


@pytest.fixture
def record(pytestconfig: pytest.Config) -> bool:
    """Whether recorded output is to be written again instead of compared."""
    return bool(pytestconfig.getoption("--record"))


COUNTED = "counted"


class Counted(Protocol):
    """Says what a test counted."""

    def __call__(self, what: str, **numbers: int) -> None: ...


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Say what a test counted, such as faults met; the run ends in a table of the sums."""

    def say(what: str, **numbers: int) -> None:
        record_property(COUNTED, json.dumps([what, numbers]))

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for those in terminalreporter.stats.values() for report in those]
    sums: dict[str, Counter[str]] = {}
    for report in reports:
        if getattr(report, "when", "") == "call":
            for what, numbers in (json.loads(str(said)) for name, said in report.user_properties if name == COUNTED):
                sums.setdefault(what, Counter()).update(numbers)
    if sums:
        terminalreporter.section("counted under fault")
    for what, counts in sorted(sums.items()):
        said = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
        terminalreporter.write_line(f"{what}: {said}")
