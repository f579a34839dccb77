"""How tests are run: hypothesis profiles, what waits for the night, and recording."""

from __future__ import annotations

import os

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
    if NIGHTLY:
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: `make nightly` runs it"))


@pytest.fixture
def record(pytestconfig: pytest.Config) -> bool:
    """Whether recorded output is to be written again instead of compared."""
    return bool(pytestconfig.getoption("--record"))
