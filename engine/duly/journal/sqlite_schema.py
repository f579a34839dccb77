"""The tables of a journal in SQLite, and how an older journal becomes one of today.

The chain itself is never rewritten: a migration only adds what can be made from the
entries again. It happens in one transaction, so a journal is of one version or the other.

The database has rules of its own behind the program's: entries are only ever added,
a chain does not fork, an attempt has one intent and one point of no return, and a
key passes a second point of no return only after the first came to nothing.
"""

from __future__ import annotations

APPLICATION_ID = 0x64756C79
"""`duly`, in the header of the file, so that no other database is taken for a journal."""

VERSION = 2

_TABLES = """
CREATE TABLE about (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    journal TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('try', 'live'))
) STRICT;

CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    customer TEXT NOT NULL,
    run TEXT NOT NULL,
    body TEXT NOT NULL,
    sealed TEXT NOT NULL,
    previous TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE personal (
    seq INTEGER NOT NULL REFERENCES entries (seq),
    name TEXT NOT NULL,
    salt TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (seq, name)
) STRICT, WITHOUT ROWID;
"""

_STANDING = """
CREATE TABLE standing (
    key TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES entries (seq),
    run TEXT NOT NULL,
    customer TEXT NOT NULL,
    content TEXT NOT NULL,
    not_before TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_intent_an_attempt ON entries (key, attempt) WHERE event = 'intent';
CREATE UNIQUE INDEX one_point_of_no_return_an_attempt ON entries (key, attempt) WHERE event = 'point_of_no_return';
CREATE INDEX entries_of_key ON entries (key, seq) WHERE key <> '';
CREATE INDEX entries_of_customer ON entries (customer, seq) WHERE customer <> '';
CREATE INDEX entries_of_run ON entries (run, seq) WHERE run <> '';

CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;

CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry is never removed'); END;

CREATE TRIGGER entries_are_counted BEFORE INSERT ON entries
WHEN NEW.seq <> (SELECT COALESCE(max(seq), 0) + 1 FROM entries)
BEGIN SELECT RAISE(ABORT, 'entries are numbered without a gap'); END;

CREATE TRIGGER handed_over_once BEFORE INSERT ON entries
WHEN NEW.event = 'point_of_no_return' AND EXISTS (
    SELECT 1 FROM entries AS earlier
    WHERE earlier.key = NEW.key AND earlier.event = 'point_of_no_return' AND NOT EXISTS (
        SELECT 1 FROM entries AS outcome
        WHERE outcome.key = earlier.key AND outcome.attempt = earlier.attempt
            AND outcome.seq > earlier.seq AND outcome.event IN ('deferred', 'failed')
    )
)
BEGIN SELECT RAISE(ABORT, 'the action was handed over before'); END;
"""

CREATE = f"{_TABLES}{_STANDING}"
"""A journal of today, empty."""

MIGRATIONS: dict[int, str] = {1: _STANDING}
"""What a version lacks of the next one, by version; where actions stand is then filled in from the entries."""
