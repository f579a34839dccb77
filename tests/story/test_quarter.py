"""The story of a quarter: every command of `docs/a-quarter.md` is run again, in order, and its output compared.

A `$ duly …` line is run in this process; what stands behind its first pipe or `>` is the
shell's, and so are `cp`, `ls`, `cat` and the like. `cd` holds until the page ends. A `yaml`
block whose first line is a comment with a path is that file from there on. `make record` writes
the output again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path

from duly.rules import apart
from tests.replay import CHECKOUT, PROMPT, elided, invoke, lay_out, run
from tests.story.ledger import lay_out_ledger
from tests.test_readme import FILE

STORY = CHECKOUT / "docs" / "a-quarter.md"

BLOCK = re.compile(r"^```console\n.*?^```$|" + FILE.pattern, re.MULTILINE | re.DOTALL)

EXPORT = re.compile(r"ledger/(\d{4}-\d{2}-\d{2})")

REST = re.compile(r" (\||>>?) ")


def rerun(block: re.Match[str]) -> str:
    """A block of the page as it is now; a file is written, commands are run, both in the folder that `cd` chose."""
    if (file := FILE.fullmatch(block[0])) is not None:
        Path(file[1]).write_text(block[0].removeprefix("```yaml\n").removesuffix("```"), encoding="utf-8")
        return block[0]
    lines = ["```console"]
    for line in block[0].splitlines():
        if line.startswith("$ "):
            lines += [line, *printed(line)]
    return "\n".join([*lines, "```"])


def printed(line: str) -> Iterator[str]:
    """What a line of the page prints."""
    if line.startswith("$ cd "):
        os.chdir(line.removeprefix("$ cd "))
    elif not line.startswith(PROMPT):
        yield from elided(by_shell(line.removeprefix("$ "))).splitlines()
    elif (rest := REST.search(line)) is None:
        yield from run(line)
    else:
        result = invoke(line[: rest.start()])
        then = line[rest.end() :] if rest[1] == "|" else f"cat {rest[1]} {line[rest.end() :]}"
        yield from elided(by_shell(then, result.stdout) + result.stderr).splitlines()


def by_shell(command: str, typed: str = "") -> str:
    """What the shell prints for a command; one that fails is never worth recording."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": path, "LC_ALL": "C.UTF-8"},
    )
    assert not done.stderr, (command, done.stderr)
    return done.stdout


def test_the_quarter_goes_by_as_the_page_tells(tmp_path: Path, *, record: bool) -> None:
    text = STORY.read_text(encoding="utf-8")
    lay_out(tmp_path)
    (tmp_path / "ledger").mkdir()
    lay_out_ledger(tmp_path / "ledger", sorted({date.fromisoformat(day) for day in EXPORT.findall(text)}))
    # The facts of every plan are derived again by one process, which is started once.
    with chdir(tmp_path), apart.started():
        now = BLOCK.sub(rerun, text)
    if record:
        STORY.write_text(now, encoding="utf-8")
    else:
        assert now == text
