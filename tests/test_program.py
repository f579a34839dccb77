"""How every run of the program ends: words on the right stream, an exit code, never a traceback."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from duly.reports.terminal import defused, printable
from duly.source import Problem, Refused, Span
from duly_cli.bug import redacted, report
from duly_cli.main import COMMANDS, main
from duly_cli.params import DAY

PROBLEM = Problem(
    "unknown-fact", Span("north.yaml", 14, 12, 12), "`days_past_du` is not a fact", "did you mean `days_past_due`?"
)

Ending = Callable[[BaseException | None], Result]


@pytest.fixture
def plan_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ending:
    """Runs a `duly plan` that prints `so far` and then raises what it is given."""

    def run(raised: BaseException | None) -> Result:
        def command() -> None:
            click.echo("so far")
            if raised is not None:
                raise raised

        monkeypatch.setitem(sys.modules, COMMANDS["plan"].module, SimpleNamespace(command=click.command()(command)))
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(main, ["plan"])

    return run


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        pytest.param(None, 0, id="done"),
        pytest.param(click.exceptions.Exit(10), 10, id="the-command-names-a-code"),
        pytest.param(click.UsageError("one of the two"), 2, id="usage"),
        pytest.param(Refused([PROBLEM], 3), 3, id="policy-refused"),
        pytest.param(Refused([PROBLEM], 4), 4, id="book-refused"),
        pytest.param(Refused([PROBLEM], 5), 5, id="plan-refused"),
        pytest.param(RuntimeError("odd"), 70, id="a-bug"),
        pytest.param(BrokenPipeError(), 70, id="a-pipe-to-a-process-of-our-own-broke"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupted"),
        pytest.param(click.Abort(), 130, id="interrupted-at-a-question"),
        pytest.param(RuntimeError("Query interrupted"), 130, id="interrupted-in-a-query"),
    ],
)
def test_what_a_command_raises_decides_the_exit_code(
    plan_that: Ending, raised: BaseException | None, code: int
) -> None:
    result = plan_that(raised)
    assert result.exit_code == code
    assert result.stdout == "so far\n"
    assert "Traceback" not in result.output


def test_a_refusal_shows_its_problems_on_the_error_stream(plan_that: Ending) -> None:
    result = plan_that(Refused([PROBLEM], 3))
    assert "north.yaml:14:12: `days_past_du` is not a fact [unknown-fact]" in result.stderr
    assert "did you mean `days_past_due`?" in result.stderr


def test_a_bug_is_one_line_on_the_screen_and_a_report_for_its_owner_alone(plan_that: Ending, tmp_path: Path) -> None:
    result = plan_that(ZeroDivisionError("password=hunter2 was read"))
    [path] = tmp_path.glob("duly-bug-*.txt")
    assert result.stderr == f"this is a bug in duly: the report is in {path.name}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "ZeroDivisionError" in text
    assert "duly 0." in text
    assert "hunter2" not in text


def test_a_bug_report_goes_elsewhere_when_the_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    monkeypatch.chdir(here)
    here.rmdir()
    [path] = re.findall(r"^this is a bug in duly: the report is in (.*)$", report(RuntimeError("odd"), ["plan"]))
    assert Path(path).parent == elsewhere
    assert "RuntimeError: odd" in Path(path).read_text()


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        pytest.param(["plan", "--as-of", "2026-03-31"], ["plan", "--as-of", "2026-03-31"], id="no-secret"),
        pytest.param(["--smtp-password", "hunter2", "x"], ["--smtp-password", "[redacted]", "x"], id="next-argument"),
        pytest.param(["--token=abc"], ["--token=[redacted]"], id="same-argument"),
        pytest.param(["API_KEY=abc"], ["API_KEY=[redacted]"], id="setting"),
        pytest.param(["postgres://duly:pw@db/x"], ["postgres://[redacted]@db/x"], id="login-in-a-url"),
    ],
)
def test_secrets_are_taken_out_of_the_command_line(argv: list[str], shown: list[str]) -> None:
    assert redacted(argv) == shown


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    script = """
        import sys, types, click
        from duly_cli.main import COMMANDS, main

        @click.command()
        def command():
            for _ in range(100_000):
                click.echo("a line of a long plan")

        sys.modules[COMMANDS["plan"].module] = types.SimpleNamespace(command=command)
        main(["plan"])
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "a line of a long plan\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


def test_a_name_that_the_terminal_cannot_encode_is_escaped() -> None:
    script = """
        import sys, types, click
        from duly_cli.main import COMMANDS, main

        command = click.command()(lambda: click.echo("Müller, 株式会社"))
        sys.modules[COMMANDS["plan"].module] = types.SimpleNamespace(command=command)
        main(["plan"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert done.stdout == "Müller, ".encode("latin-1") + rb"\u682a\u5f0f\u4f1a\u793e" + b"\n"


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_explains_itself(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0
    assert f"Usage: duly {verb} " in result.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-03-31", date(2026, 3, 31), id="a-day"),
        pytest.param("2024-02-29", date(2024, 2, 29), id="leap-day"),
        pytest.param("2026-02-29", "`2026-02-29` is not in the calendar", id="no-leap-day"),
        pytest.param("20260331", "`20260331` is not a day", id="no-dashes"),
        pytest.param("2026-3-31", "`2026-3-31` is not a day", id="one-digit"),
        pytest.param("31.3.2026", "`31.3.2026` is not a day", id="day-first"),
        pytest.param("2026-W13-2", "`2026-W13-2` is not a day", id="week"),
        pytest.param("٢٠٢٦-٠٣-٣١", "`٢٠٢٦-٠٣-٣١` is not a day", id="other-digits"),
        pytest.param("today", "`today` is not a day", id="word"),
    ],
)
def test_a_day_is_written_year_month_day(text: str, expected: date | str) -> None:
    if isinstance(expected, date):
        assert DAY.convert(text, None, None) == expected
    else:
        with pytest.raises(click.BadParameter, match=expected):
            DAY.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Smith & Sons", "Smith & Sons", id="plain"),
        pytest.param("株式会社", "株式会社", id="another-script"),
        pytest.param("می‌خواهم", "می‌خواهم", id="joiner-of-a-script"),
        pytest.param("a\u00a0b", "a\u00a0b", id="wide-space"),
        pytest.param("\x1b[2Jgone", r"\x1b[2Jgone", id="escape-sequence"),
        pytest.param("a\rb\nc\td", r"a\rb\nc\td", id="line-ends"),
        pytest.param("\x9b31m", r"\x9b31m", id="eight-bit-escape"),
        pytest.param("ab\u202efdp", r"ab\u202efdp", id="right-to-left"),
        pytest.param("a\ud800", r"a\ud800", id="lone-surrogate"),
        pytest.param("a\u2028b", r"a\u2028b", id="line-separator"),
    ],
)
def test_what_a_terminal_would_act_on_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("Smith & Sons", "Smith & Sons", id="plain"),
        pytest.param("A-17", "A-17", id="sign-inside"),
        pytest.param("", "", id="empty"),
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param("+1+cmd", "'+1+cmd", id="plus"),
        pytest.param("-ism Consulting", "'-ism Consulting", id="minus"),
        pytest.param("@SUM(1)", "'@SUM(1)", id="at"),
        pytest.param(" =1+1", "' =1+1", id="behind-a-blank"),
        pytest.param("\tx", "'\tx", id="tab"),
        pytest.param("\rx", "'\rx", id="carriage-return"),
        pytest.param("\uff1d1+1", "'\uff1d1+1", id="full-width"),
        pytest.param("\ufe621", "'\ufe621", id="small-form"),
    ],
)
def test_what_a_spreadsheet_would_run_is_written_as_text(text: str, written: str) -> None:
    assert defused(text) == written
