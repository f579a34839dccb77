"""A journal that every test here may write to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from duly.journal.store import Store
from tests.record.journals import journal_in


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Store]:
    store = journal_in(tmp_path)
    yield store
    store.close()
