"""What a user sees: recorded sessions, run again.

A changed session is a changed promise; `make record` writes them again, for review as a diff.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.replay import lay_out, program, replay

SESSIONS = sorted(Path(__file__).with_name("sessions").glob("*.txt"))


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session_reads_as_recorded(
    path: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    *,
    record: bool,
) -> None:
    lay_out(tmp_path)
    # Git calls the program by its place, which is that of the one in the path.
    monkeypatch.setenv(
        "PATH", os.pathsep.join((str(program(tmp_path_factory.mktemp("bin")).parent), os.environ["PATH"]))
    )
    files = path.with_suffix("")
    if files.is_dir():
        shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    recorded = path.read_text(encoding="utf-8")
    replayed = replay(recorded, tmp_path)
    if record:
        path.write_text(replayed, encoding="utf-8")
    else:
        assert replayed == recorded
