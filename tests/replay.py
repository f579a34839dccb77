"""Sessions at the command line, run again through the real program.

A session is text as a user sees it: each line that begins with `$ duly` or `$ git` is
run, in one folder from first to last, and is followed by what it prints. What differs
from run to run without meaning anything is elided by `elided`, and nothing else.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner, Result

from duly_cli.main import BUG, main

CHECKOUT = Path(__file__).parents[1]

PROMPT = "$ duly "
GIT = "$ git "

PLAIN = {
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "DULY_AUTHOR": "credit",
    "DULY_OPERATOR": "operator",
    "LOGNAME": "credit",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_PAGER": "cat",
}
"""A plain terminal, and people who are nobody."""

_ELIDED = (
    (re.compile(r'\{"at":[^}]*\}'), "<checkpoint>"),
    (re.compile(r"\b[0-9a-f]{16}\.[0-9]+\b"), "<run>"),
    (re.compile(r"\b(journal +)[0-9a-f]{16}\b"), r"\1<id>"),
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?(?![-+0-9:])"), "<moment>"),
    (re.compile(r"(signed up to entry [0-9]+ on) [0-9-]{10}"), r"\1 <day>"),
    (re.compile(r"((?:good|amount shown,) until) [0-9-]{10}"), r"\1 <day>"),
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}(  (?:proposed|(?:signed|rejected) by))"), r"<day>\1"),
    (re.compile(r'"[A-Za-z0-9+/]{43}="'), '"<public key>"'),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"\b[0-9]+(\.[0-9]+)? (s|ms|seconds)\b"), "<time>"),
)


def elided(text: str) -> str:
    """The text with digests, signatures, random ids, the machine's clock and run times replaced by what they are."""
    for pattern, word in _ELIDED:
        text = pattern.sub(word, text)
    return text


def replay(session: str, folder: Path) -> str:
    """The session with the output of each of its commands as it is now, run in this folder."""
    with chdir(folder):
        return "".join(f"{line}\n" for command in commands(session) for line in (command, *run(command)))


def commands(session: str) -> Iterator[str]:
    """The lines of a session that are commands."""
    return (line for line in session.splitlines() if line.startswith((PROMPT, GIT)))


def run(command: str) -> Iterator[str]:
    """What a `$ duly …` or `$ git …` line prints, and its exit code where that is not 0."""
    if command.startswith(GIT):
        yield from elided(git(command)).splitlines()
        return
    result = invoke(command)
    yield from elided(result.output).splitlines()
    if result.exit_code:
        yield f"[exit {result.exit_code}]"


def invoke(command: str) -> Result:
    """What comes of a `$ duly …` line, as it is; never a bug."""
    result = CliRunner(env=PLAIN).invoke(main, shlex.split(command.removeprefix(PROMPT)))
    assert result.exit_code != BUG, result.output
    return result


def git(command: str) -> str:
    """What a `$ git …` line prints; git calls the program of this checkout where it wants its words."""
    done = subprocess.run(
        shlex.split(command.removeprefix("$ ")), env=os.environ | PLAIN, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def program(folder: Path) -> Path:
    """The program `duly` of this checkout, as an executable file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "duly"
    start = "import sys; sys.argv[0] = sys.argv.pop(1); from duly_cli.main import run; run()"
    path = os.pathsep.join(str(CHECKOUT / root) for root in ("engine", "cli"))
    file.write_text(f"#!/bin/sh\nPYTHONPATH='{path}' exec '{sys.executable}' -c '{start}' \"$0\" \"$@\"\n")
    file.chmod(0o755)
    return file


def lay_out(folder: Path) -> None:
    """Put the policies, templates and schemas of the checkout into a folder."""
    for name in ("policies", "templates", "schemas"):
        shutil.copytree(CHECKOUT / name, folder / name)
