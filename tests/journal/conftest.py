"""One PostgreSQL server for all tests of the journal, where one is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journal.server import NO_SERVER, Server, programs, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if programs() is None:
        pytest.skip(NO_SERVER)
    with running() as started:
        yield started
