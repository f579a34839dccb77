"""`duly log`, `duly verify` and `duly journal`, as somebody types them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.home import Home
from duly.journal import checkpoints, verify_export
from duly.journal.create import open_journal
from duly.journal.entry import Draft, Event
from duly_cli.main import main
from tests.journal.journals import OPERATOR, TRY, step
from tests.journal.server import Server


def duly(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home)], catch_exceptions=False)


def said(home: Path, *arguments: str) -> str:
    result = duly(home, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


REMINDER = {
    "kind": "message",
    "stage": "reminder",
    "channel": "email",
    "tone": "friendly",
    "amount": 12_345,
    "currency": "EUR",
}
HOLD = {"kind": "hold", "stage": "credit", "channel": "", "tone": "none", "amount": 0, "currency": "EUR"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which a reminder went out, a hold was put off, and a customer called."""
    said(tmp_path, "journal", "create", "--by", "Amber")
    with contextlib.closing(open_journal(Home(tmp_path), TRY)) as journal:
        to = {"to": "pays@sample.test"}
        body = {"action": REMINDER}
        journal.append(Draft(Event.INTENT, OPERATOR, "aaaaaaaaaaaaaaaa", "C1", "run-1", body, to))
        journal.append(step(Event.POINT_OF_NO_RETURN, "aaaaaaaaaaaaaaaa", "C1"))
        journal.append(step(Event.ACCEPTED, "aaaaaaaaaaaaaaaa", "C1", reply="250 ok \x1b[2J", day="2026-03-31"))
        journal.append(Draft(Event.INTENT, OPERATOR, "bbbbbbbbbbbbbbbb", "C2", "run-1", {"action": HOLD}))
        journal.append(Draft(Event.CALL, "Birch", customer="C2", body={"day": "2026-03-31", "channel": "call"}))
    return tmp_path


def test_the_log_says_a_sentence_an_entry_and_lets_nothing_act_on_the_screen(home: Path) -> None:
    lines = said(home, "log").splitlines()
    assert len(lines) == 6
    assert (
        "C1: set out to do it: message: email, reminder (friendly), 123.45 EUR, by operator [aaaaaaaaaaaa]" in lines[1]
    )
    assert "C1: accepted on 2026-03-31: 250 ok \\x1b[2J" in lines[3]
    assert "C2: the customer was reached by call on 2026-03-31, by Birch" in lines[5]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        pytest.param(["--customer", "C1"], [2, 3, 4], id="of a customer"),
        pytest.param(["--stage", "reminder"], [2, 3, 4], id="of a stage"),
        pytest.param(["--stage", "credit"], [5], id="of a hold"),
        pytest.param(["--key", "bbbb"], [5], id="of an action, by the beginning of its id"),
        pytest.param(["--run", "run-1"], [2, 3, 4, 5], id="of a run"),
        pytest.param(["--customer", "C2", "--run", "run-1"], [5], id="of a customer in a run"),
        pytest.param(["--since", "2020-01-01"], [1, 2, 3, 4, 5, 6], id="from a day on"),
        pytest.param(["--since", "2999-01-01"], [], id="from a day on that has not come"),
        pytest.param(["--customer", "nobody"], [], id="of nobody"),
    ],
)
def test_the_log_finds_what_is_asked_for(home: Path, options: list[str], seqs: list[int]) -> None:
    records = [json.loads(line) for line in said(home, "log", "--format", "json", *options).splitlines()]
    assert [record["seq"] for record in records] == seqs


def test_the_log_shows_what_is_personal_only_where_it_is_asked_for(home: Path) -> None:
    assert "pays@sample.test" not in said(home, "log")
    assert "pays@sample.test" in said(home, "log", "--personal")
    assert "pays@sample.test" in said(home, "log", "--personal", "--format", "json")
    said(home, "journal", "erase", "--customer", "C1", "--because", "asked")
    told = said(home, "log", "--personal")
    assert "pays@sample.test" not in told
    assert "(erased)" in told
    said(home, "verify")


def test_a_renamed_customers_entries_are_found_under_both_ids(home: Path) -> None:
    said(home, "journal", "rename", "--from", "C1", "--to", "C9", "--because", "merged")
    assert len(said(home, "log", "--customer", "C9").splitlines()) == 4
    assert "from C1 to C9" in said(home, "log", "--customer", "C9")


def test_verify_says_how_far_the_journal_was_signed(home: Path) -> None:
    assert "6 entries, all as they were written; signed up to entry 1" in said(home, "verify")
    assert "5 entries came after it" in said(home, "verify")
    said(home, "journal", "checkpoint")
    assert "came after" not in said(home, "verify")


def test_what_is_printed_as_a_checkpoint_is_what_verify_takes_as_one(home: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(said(home, "journal", "checkpoint"))
    assert "all as they were written" in said(home, "verify", "--checkpoint", str(tmp_path / "kept"))
    (tmp_path / "other").write_text("no checkpoint\n")
    assert duly(home, "verify", "--checkpoint", str(tmp_path / "other")).exit_code == 8


def test_an_export_is_checked_by_the_program_and_by_the_file_that_stands_alone(home: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    assert "wrote 6 entries" in said(home, "journal", "export", str(export))
    assert "as it was written" in said(home, "verify", "--export", str(export))
    alone = [sys.executable, "-I", str(Path(verify_export.__file__)), str(export)]
    assert subprocess.run(alone, check=False).returncode == 0
    export.write_bytes(export.read_bytes().replace(b"operator", b"somebody"))
    assert duly(home, "verify", "--export", str(export)).exit_code == 8
    assert subprocess.run(alone, check=False, capture_output=True).returncode == 8


def test_a_copy_is_taken_and_put_back(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert "up to entry 6" in said(home, "journal", "backup", str(copy))
    (home / "journal" / "try" / "journal.db").unlink()
    assert duly(home, "log").exit_code == 8
    assert "is back, up to entry 6" in said(home, "journal", "restore", str(copy))
    assert len(said(home, "log").splitlines()) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "rule"),
    [
        pytest.param(["journal", "create"], 8, "journal-exists", id="made twice"),
        pytest.param(["log", "--env", "live"], 8, "journal-missing", id="another environment"),
        pytest.param(
            ["journal", "erase", "--customer", "C7", "--because", "x"], 5, "nothing-to-erase", id="nobody erased"
        ),
        pytest.param(
            ["journal", "rename", "--from", "C7", "--to", "C8", "--because", "x"],
            5,
            "nothing-to-rename",
            id="nobody renamed",
        ),
        pytest.param(["journal", "erase", "--customer", "C1"], 2, "", id="no reason given"),
    ],
)
def test_what_cannot_be_done_says_why(home: Path, arguments: list[str], code: int, rule: str) -> None:
    result = duly(home, *arguments)
    assert result.exit_code == code
    assert rule in result.output


def test_a_run_in_the_way_is_named(home: Path, tmp_path: Path) -> None:
    said(home, "journal", "backup", str(tmp_path / "copy.db"))
    with contextlib.closing(open_journal(Home(home), TRY)) as journal, journal.run_lock():
        result = duly(home, "journal", "restore", str(tmp_path / "copy.db"))
    assert result.exit_code == 6
    assert "another run is active: process" in result.output


def test_a_journal_in_postgres_is_made_and_kept_by_the_same_commands(server: Server, tmp_path: Path) -> None:
    with server.database() as url:
        said(tmp_path, "journal", "create", "--postgres", url)
        with contextlib.closing(open_journal(Home(tmp_path), TRY)) as journal:
            journal.append(step(Event.INTENT))
        assert len(said(tmp_path, "log").splitlines()) == 2
        said(tmp_path, "journal", "export", str(tmp_path / "export.jsonl"))
        said(tmp_path, "verify", "--export", str(tmp_path / "export.jsonl"))
        assert "2 entries" in said(tmp_path, "verify")
        result = duly(tmp_path, "journal", "backup", str(tmp_path / "copy.db"))
        assert (result.exit_code, "pg_dump" in result.output) == (8, True)
        assert checkpoints.checkpoints(tmp_path / "journal" / "try")[-1].seq == 2
