"""Work that is done beside other work gives way to it, and to it alone."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from duly.priority import BEHIND, give_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the threads of a process apart")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_that_gives_way_leaves_the_others_as_they_were() -> None:
    def beside() -> int:
        give_way()
        return niceness()

    before = niceness()
    with ThreadPoolExecutor(max_workers=1) as aside:
        assert aside.submit(beside).result() == max(before, BEHIND)
    assert niceness() == before
