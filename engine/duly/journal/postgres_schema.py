"""The tables of a journal in PostgreSQL: one schema an environment, the same rules behind the program's.

Text is compared byte by byte, whatever the database's own collation.
"""

from __future__ import annotations

VERSION = 1


def schema_of(environment: str) -> str:
    """The schema that an environment's journal lies in."""
    return f"duly_{environment}"


def create(schema: str) -> str:
    """A journal of today, empty, in a schema of this name."""
    return f"""
CREATE SCHEMA {schema};
SET LOCAL search_path TO {schema};

CREATE TABLE about (
    one integer PRIMARY KEY CHECK (one = 1),
    version integer NOT NULL,
    journal text NOT NULL,
    environment text NOT NULL CHECK (environment IN ('try', 'live')),
    holder text NOT NULL DEFAULT ''
);

CREATE TABLE entries (
    seq bigint PRIMARY KEY,
    at text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    by_whom text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    attempt bigint NOT NULL,
    customer text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    sealed text COLLATE "C" NOT NULL,
    previous text COLLATE "C" NOT NULL UNIQUE,
    hash text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE personal (
    seq bigint NOT NULL REFERENCES entries (seq),
    name text COLLATE "C" NOT NULL,
    salt text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (seq, name)
);

CREATE TABLE standing (
    key text COLLATE "C" PRIMARY KEY,
    event text COLLATE "C" NOT NULL,
    attempt bigint NOT NULL,
    at text COLLATE "C" NOT NULL,
    seq bigint NOT NULL REFERENCES entries (seq),
    run text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    not_before text COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX one_intent_an_attempt ON entries (key, attempt) WHERE event = 'intent';
CREATE UNIQUE INDEX one_point_of_no_return_an_attempt ON entries (key, attempt) WHERE event = 'point_of_no_return';
CREATE INDEX entries_of_key ON entries (key, seq) WHERE key <> '';
CREATE INDEX entries_of_customer ON entries (customer, seq) WHERE customer <> '';
CREATE INDEX entries_of_run ON entries (run, seq) WHERE run <> '';

CREATE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed or removed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON entries
FOR EACH ROW EXECUTE FUNCTION entries_stay();
CREATE TRIGGER entries_remain BEFORE TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION entries_stay();

CREATE FUNCTION entry_fits() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.seq <> (SELECT COALESCE(max(seq), 0) + 1 FROM entries) THEN
        RAISE EXCEPTION 'entries are numbered without a gap' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.event = 'point_of_no_return' AND EXISTS (
        SELECT 1 FROM entries AS earlier
        WHERE earlier.key = NEW.key AND earlier.event = 'point_of_no_return' AND NOT EXISTS (
            SELECT 1 FROM entries AS outcome
            WHERE outcome.key = earlier.key AND outcome.attempt = earlier.attempt
                AND outcome.seq > earlier.seq AND outcome.event IN ('deferred', 'failed')
        )
    ) THEN
        RAISE EXCEPTION 'the action was handed over before' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_fits BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION entry_fits();
"""
