"""How tests are run: hypothesis profiles, what waits for the night, recording, and the table of what was counted."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

NIGHTLY = os.environ.get("DULY_NIGHTLY") == "1"

# By day the same examples every time, so that a change is to blame for what fails; by night new ones.
settings.register_profile(
    "fast", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nightly" if NIGHTLY else "fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the recorded sessions and the README's output again")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest test by far begins first, or one core would wait for it at the end.
    items.sort(key=lambda item: not item.nodeid.startswith("tests/story/"))
    if NIGHTLY:
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: `make nightly` runs it"))


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
