"""The commands about a journal end as the exit codes say, in words, and never make a journal of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.execution.carried import find
from duly.home import Environment
from duly.journal.entry import Event
from duly.journal.erase import erase
from duly.journal.sqlite import SqliteStore
from duly_cli.main import main
from tests.book import books
from tests.record.journals import (
    HOLD,
    LETTER,
    MESSAGE,
    REQUEST,
    TASK,
    TO,
    accepted,
    begin,
    intend,
    journal_in,
    leave,
    letter,
    unknown,
)

REFERENCE = f"<{MESSAGE.id}@credit.example>"

Duly = Callable[..., Result]


@pytest.fixture
def duly(journal: SqliteStore) -> Duly:
    """Runs the program over the journal's home; what it prints never holds a traceback."""

    def run(*arguments: str, code: int = 0) -> Result:
        home = str(journal.path.parents[2])
        result = CliRunner().invoke(main, [*arguments, "--home", home], env={"DULY_BY": "credit", "DULY_ENV": "try"})
        assert "Traceback" not in result.output
        assert (result.exit_code, result.output) == (code, result.output)
        return result

    return run


@pytest.fixture
def asked(journal: SqliteStore) -> SqliteStore:
    """A journal with a reminder, a letter to be posted, a request, and one of which nobody knows."""
    begin(journal)
    accepted(journal, MESSAGE, reference=REFERENCE)
    letter(journal)
    accepted(journal, REQUEST)
    unknown(journal, HOLD)
    return journal


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["call", "C001", "--note", "rang"], "the customer was reached by call on", id="call"),
        pytest.param(["call", "C001", "--channel", "visit"], "the customer was reached by visit on", id="visit"),
        pytest.param(["reply", "C001"], "the customer replied by email on", id="reply"),
        pytest.param(
            ["promise", "C001", "99.50", "--due", "2199-01-01"], "promised 99.50 EUR by 2199-01-01", id="promise"
        ),
        pytest.param(["dispute", "C001", "I1", "--reason", "broken"], "contests I1", id="dispute"),
        pytest.param(
            ["answer", "C001", "broken_promise", "--reason", "forgot"],
            "sales answered broken_promise: forgot",
            id="answer",
        ),
        pytest.param(
            [
                *("answer", "C001", "broken_promise", "--reason", "process"),
                *("--relationship", "fragile", "--no-financial-difficulty"),
            ],
            "process, out of financial difficulty, relationship fragile",
            id="answer-that-judges",
        ),
        pytest.param(["posted", LETTER.id[:8]], "confirmed on", id="posted"),
        pytest.param(["posted", "--all-of", "run-1"], "confirmed on", id="posted-all-of-a-run"),
        pytest.param(["bounce", REFERENCE, "--status", "5.1.1"], "came back on", id="bounce"),
    ],
)
def test_what_is_recorded_is_said_back(duly: Duly, asked: SqliteStore, arguments: list[str], said: str) -> None:
    before = asked.head().seq
    assert said in duly("record", *arguments).stdout
    assert asked.head().seq == before + 1
    assert next(iter(asked.entries(after=before))).by == "credit"


@pytest.mark.usefixtures("asked")
def test_an_answer_says_which_invoice_is_contested(duly: Duly) -> None:
    said = duly("record", "answer", "C001", "broken_promise", "--reason", "dispute", "--disputes", "I1").stdout
    assert "the customer contests I1" in said
    assert "broken_promise: dispute, contests I1" in said


@pytest.mark.parametrize(
    ("arguments", "code", "rule"),
    [
        pytest.param(["call", "C999"], 5, "unknown-customer", id="an-unknown-customer"),
        pytest.param(["call", "C001", "--day", "2199-01-01"], 5, "future-day", id="a-day-to-come"),
        pytest.param(["call", "C001", "--day", "31.3.2026"], 2, "is not a day", id="no-day"),
        pytest.param(["promise", "C001", "1,000", "--due", "2199-01-01"], 5, "bad-amount", id="no-amount"),
        pytest.param(["answer", "C001", "broken_promise", "--reason", "tired"], 2, "tired", id="no-reason-of-ours"),
        pytest.param(
            ["answer", "C001", "broken_promise", "--reason", "forgot", "--promise", "5"],
            2,
            "give both",
            id="half-a-promise",
        ),
        pytest.param(["posted"], 2, "--all-of", id="no-letter-named"),
        pytest.param(["posted", MESSAGE.id], 5, "not-posted-by-hand", id="no-letter"),
        pytest.param(["bounce", "f" * 64], 5, "unknown-action", id="no-message-of-ours"),
        pytest.param(["bounce"], 2, "--from", id="no-message-named"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_is_written(
    duly: Duly, asked: SqliteStore, arguments: list[str], code: int, rule: str
) -> None:
    before = asked.head()
    assert rule in duly("record", *arguments, code=code).stderr
    assert asked.head() == before


def test_the_same_twice_needs_to_be_said_so(duly: Duly, asked: SqliteStore) -> None:  # noqa: ARG001
    duly("record", "call", "C001")
    assert "recorded-before" in duly("record", "call", "C001", code=5).stderr
    duly("record", "call", "C001", "--again")


def test_a_letter_that_is_posted_is_posted_once(duly: Duly, asked: SqliteStore) -> None:  # noqa: ARG001
    duly("record", "posted", "--all-of", "run-1")
    assert "no letter of the run waits" in duly("record", "posted", "--all-of", "run-1").stdout


def test_a_customer_of_the_book_may_be_told_of_before_the_journal_knows_it(duly: Duly, tmp_path: Path) -> None:
    book = str(books.write(tmp_path / "book"))
    assert "100.00 EUR" in duly("record", "promise", "C002", "100.00", "--due", "2199-01-01", "--book", book).stdout
    assert "unknown-customer" in duly("record", "call", "C999", "--book", book, code=4).stderr


def test_what_is_recorded_can_be_read_by_programs(duly: Duly, asked: SqliteStore) -> None:  # noqa: ARG001
    [entry] = json.loads(duly("record", "call", "C001", "--note", "rang", "--format", "json").stdout)
    assert (entry["event"], entry["personal"]) == ("call", {"note": "rang"})


@pytest.mark.parametrize("name", [pytest.param(MESSAGE.id[:8], id="start"), pytest.param(REFERENCE, id="message-id")])
def test_why_is_told_by_any_name_of_it(duly: Duly, asked: SqliteStore, name: str) -> None:  # noqa: ARG001
    assert TO in duly("why", name).stdout
    assert json.loads(duly("why", name, "--format", "json").stdout)["action"]["id"] == MESSAGE.id


def test_status_tells_what_waits_and_exits_with_nothing_to_complain_of(duly: Duly, asked: SqliteStore) -> None:
    text = duly("status").stdout
    assert "UNKNOWN, nobody knows whether it arrived: 1 action" in text
    assert "Letters to be posted: 1 action" in text
    assert "last checkpoint: {" in text
    assert json.loads(duly("status", "--format", "json").stdout)["entries"] == asked.head().seq


def test_status_looks_while_a_run_writes(duly: Duly, asked: SqliteStore) -> None:
    with asked.run_lock():
        assert "another run is active: process" in duly("status").stdout


def test_resolve_lists_what_nobody_knows_with_how_to_find_out(duly: Duly, asked: SqliteStore) -> None:  # noqa: ARG001
    text = duly("resolve", code=7).stdout
    assert f"{HOLD.id[:16]}  C001  hold" in text
    assert "for            the connection was lost after the last byte" in text
    assert f"duly resolve --env try {HOLD.id[:16]} --arrived --because" in text


def test_resolve_names_nobody_who_was_erased(duly: Duly, asked: SqliteStore) -> None:
    assert TO in duly("resolve", code=7).stdout
    erase(asked, "C001", by="privacy", because="asked for it")
    for format_ in ("text", "json"):
        assert TO not in duly("resolve", "--format", format_, code=7).stdout
    assert "(erased)" in duly("resolve", code=7).stdout


@pytest.mark.parametrize(
    ("flag", "event"),
    [
        pytest.param("--arrived", Event.ACCEPTED, id="arrived"),
        pytest.param("--not-arrived", Event.FAILED, id="not-arrived"),
    ],
)
def test_a_named_person_settles_it_with_a_reason(duly: Duly, asked: SqliteStore, flag: str, event: Event) -> None:
    duly("resolve", HOLD.id[:8], flag, "--because", "asked the ledger team")
    entry = find(asked, HOLD.id).last
    assert (entry.event, entry.by, entry.body["because"]) == (event, "credit", "asked the ledger team")
    assert "Nothing is UNKNOWN." in duly("resolve").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "rule"),
    [
        pytest.param([HOLD.id], 2, "--arrived", id="no-decision"),
        pytest.param(["--arrived", "--because", "x"], 2, "name an action", id="a-decision-about-nothing"),
        pytest.param([HOLD.id, "--arrived"], 5, "no-reason", id="no-reason"),
        pytest.param([HOLD.id, "--arrived", "--because", "x", "--by", " "], 5, "no-reason", id="nobody"),
        pytest.param(
            [HOLD.id, "--arrived", "--because", "x", "--by", "evidence"], 5, "no-name", id="evidence-is-nobody"
        ),
        pytest.param([MESSAGE.id, "--arrived", "--because", "x"], 5, "nothing-to-decide", id="it-is-known"),
        pytest.param(["--relay-log", "nowhere.log"], 2, "nowhere.log", id="no-log"),
    ],
)
def test_what_settles_nothing_is_refused(
    duly: Duly, asked: SqliteStore, arguments: list[str], code: int, rule: str
) -> None:
    before = asked.head()
    assert rule in duly("resolve", *arguments, code=code).stderr
    assert asked.head() == before


def test_a_relay_s_log_settles_what_it_took(duly: Duly, journal: SqliteStore, tmp_path: Path) -> None:
    unknown(journal, MESSAGE, reference=REFERENCE)
    log = tmp_path / "mail.log"
    log.write_text(
        f"2026-03-31 08:00:05 1rq8aB-0001Xy-2C <= c@credit.example P=esmtps S=1 id={REFERENCE.strip('<>')}\n"
    )
    text = duly("resolve", "--relay-log", str(log)).stdout
    assert "accepted on 2026-03-31" in text
    assert "Nothing is UNKNOWN." in text


def test_what_a_dead_run_left_without_an_outcome_is_called_unknown(duly: Duly, journal: SqliteStore) -> None:
    intend(journal, MESSAGE)
    leave(journal, MESSAGE)
    assert "the run ended before the answer was recorded" in duly("resolve", code=7).stdout
    assert find(journal, MESSAGE.id).event is Event.UNKNOWN


def test_what_a_live_run_is_about_to_know_is_left_to_it(duly: Duly, journal: SqliteStore) -> None:
    intend(journal, MESSAGE)
    leave(journal, MESSAGE)
    with journal.run_lock():
        assert "Nothing is UNKNOWN." in duly("resolve").stdout
    assert find(journal, MESSAGE.id).event is Event.POINT_OF_NO_RETURN


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        pytest.param(HOLD, "release", id="hold"),
        pytest.param(TASK, "task", id="task"),
        pytest.param(REQUEST, "sales_request", id="request"),
    ],
)
def test_a_deed_inside_the_house_can_be_undone(duly: Duly, journal: SqliteStore, action: object, kind: str) -> None:
    accepted(journal, action)  # type: ignore[arg-type]
    key = action.id  # type: ignore[attr-defined]
    duly("undo", key[:8], "--because", "a mistake")
    undone = find(journal, key).last
    assert (undone.event, undone.body["because"]) == (Event.UNDONE, "a mistake")
    reverse = find(journal, str(undone.body["by_action"]))
    assert (reverse.action.kind.value, reverse.event) == (kind, Event.ACCEPTED)


@pytest.mark.parametrize(
    ("happened", "key", "rule"),
    [
        pytest.param(lambda j: accepted(j, MESSAGE), MESSAGE.id, "cannot-be-undone", id="a-message"),
        pytest.param(lambda j: intend(j, HOLD), HOLD.id, "not-done", id="not-done-yet"),
        pytest.param(lambda j: unknown(j, HOLD), HOLD.id, "not-done", id="nobody-knows"),
    ],
)
def test_what_cannot_be_undone_is_refused_with_what_to_do_instead(
    duly: Duly, journal: SqliteStore, happened: Callable[[SqliteStore], object], key: str, rule: str
) -> None:
    happened(journal)
    refusal = duly("undo", key, "--because", "a mistake", code=5).stderr
    assert rule in refusal
    assert "  = " in refusal


COMMANDS = [
    ["record", "call", "C001"],
    ["record", "posted", "x"],
    ["record", "bounce", "x"],
    ["resolve"],
    ["status"],
    ["why", "x"],
    ["undo", "x", "--because", "y"],
]


@pytest.mark.parametrize("arguments", [pytest.param(words, id="-".join(words[:2])) for words in COMMANDS])
def test_without_a_journal_a_command_says_who_makes_one_and_makes_none(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 8
    assert "journal-missing" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_environment_knows_nothing_of_the_other(duly: Duly, asked: SqliteStore) -> None:
    live = journal_in(asked.path.parents[2], Environment.LIVE)
    live.close()
    assert "unknown-action" in duly("why", MESSAGE.id, "--env", "live", code=5).stderr
