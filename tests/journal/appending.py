"""A program that appends, and says of each entry that it was answered: `tests.journal.appending HOME N [FAULT]`.

Where the journal cannot be opened it says so and ends with 3. Where an append fails it
says so, tries once more, and ends with 8. `FAULT` plants a mistake that the tests of
faults must find.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from duly.home import Home
from duly.journal import sqlite
from duly.journal.create import open_journal
from duly.journal.entry import Draft, Event
from duly.journal.store import JournalFailed
from tests.journal.journals import OPERATOR, TRY

STEPS = (Event.INTENT, Event.POINT_OF_NO_RETURN, Event.ACCEPTED)

PLANTED = {
    "synchronous-normal": {"synchronous": 1},
    "synchronous-off": {"synchronous": 0},
    # No mistake: the log is written back into the file every few pages, which else happens every thousand.
    "early-checkpoints": {"wal_autocheckpoint": 12},
}


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def main(home: str, appends: int, fault: str = "") -> int:
    sqlite.PRAGMAS = {**sqlite.PRAGMAS, **PLANTED.get(fault, {})}
    try:
        journal = open_journal(Home(Path(home)), TRY)
    except JournalFailed as failed:
        say(f"failed {failed.rule}")
        return 3
    say("ready")
    for n in range(appends):
        event, key = STEPS[n % 3], f"{os.getpid()}-{n // 3}"
        draft = Draft(event, OPERATOR, key, "C1", "run", {"filler": "x" * 300}, {"to": "someone@sample.test"})
        try:
            [entry] = journal.append(draft)
        except JournalFailed as failed:
            say(f"failed {failed.rule}")
            try:
                journal.append(draft)
            except JournalFailed as again:
                say(f"failed {again.rule}")
                return 8
            say("appended after a failure")
            return 1
        say(f"{entry.seq} {entry.hash}")
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
