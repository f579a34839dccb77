"""`duly fmt`: policy files laid out alike, written back whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.language.rewrite import Rewritten, write_back
from duly.source import Refused
from duly_cli.main import main
from tests.language.policies import SMALL, STANDARD, write

UNTIDY = SMALL.replace("  ", "    ").replace("currency: USD", "currency:   USD # ours")
TIDY = SMALL.replace("currency: USD", "currency: USD   # ours")


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["fmt", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_a_file_is_laid_out_and_keeps_its_rights(tmp_path: Path) -> None:
    path = write(tmp_path, UNTIDY, "policy.yaml")
    path.chmod(0o640)
    result = run(path)
    assert (result.exit_code, result.output) == (0, f"{path.as_posix()}: laid out anew\n0 of 1 as they should be\n")
    assert path.read_text(encoding="utf-8") == TIDY
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["policy.yaml"]


def test_a_file_that_is_laid_out_is_not_written(tmp_path: Path) -> None:
    path = write(tmp_path, TIDY, "policy.yaml")
    before = path.stat()
    assert run(path).output == "1 of 1 as they should be\n"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("text", "code"), [pytest.param(UNTIDY, 1, id="would-change"), pytest.param(TIDY, 0, id="would-not")]
)
def test_a_check_writes_nothing_and_says_by_its_code_whether_it_would(tmp_path: Path, text: str, code: int) -> None:
    path = write(tmp_path, text, "policy.yaml")
    result = run(path, "--check")
    assert result.exit_code == code
    assert ("would be laid out anew" in result.output) is bool(code)
    assert path.read_text(encoding="utf-8") == text


def test_a_diff_shows_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, UNTIDY, "policy.yaml")
    result = run(path, "--diff")
    assert result.exit_code == 0
    assert "-currency:   USD # ours\n+currency: USD   # ours\n" in result.output
    assert path.read_text(encoding="utf-8") == UNTIDY
    assert run(path, "--diff", "--check").exit_code == 1


def test_a_file_that_ends_its_lines_in_another_way_is_shown_as_that(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(TIDY.replace("\n", "\r\n").encode("utf-8"))
    assert run(path, "--diff").output == f"{path.as_posix()}: only how lines end\n"
    run(path)
    assert path.read_bytes() == TIDY.encode("utf-8")


def test_of_files_that_cannot_all_be_read_none_is_written(tmp_path: Path) -> None:
    good, bad = write(tmp_path, UNTIDY, "a.yaml"), write(tmp_path, "a: 1\na: 2\n", "b.yaml")
    result = run(good, bad, tmp_path / "no-such.yaml")
    assert result.exit_code == 3
    assert "[duplicate-key]" in result.output
    assert "[cannot-read]" in result.output
    assert good.read_text(encoding="utf-8") == UNTIDY


def test_a_policy_that_cannot_be_loaded_is_laid_out_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, "duly:   1\ncurrency: XYZ\n", "policy.yaml")
    assert run(path).exit_code == 0
    assert path.read_text(encoding="utf-8") == "duly: 1\ncurrency: XYZ\n"


def test_our_own_policies_are_as_they_should_be() -> None:
    result = run(STANDARD.parent, "--check")
    files = len(list(STANDARD.parent.glob("*.yaml")))
    assert (result.exit_code, result.output) == (0, f"{files} of {files} as they should be\n")


def test_a_file_behind_a_link_is_written_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = write(tmp_path / "real", UNTIDY, "policy.yaml")
    link = tmp_path / "policy.yaml"
    link.symlink_to(path)
    run(link)
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == TIDY


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, UNTIDY, "policy.yaml")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("duly.language.rewrite.os.fsync", full)
    with pytest.raises(Refused) as refused:
        write_back(Rewritten(path, UNTIDY, TIDY))
    assert [(p.rule, p.message) for p in refused.value.problems] == [
        ("cannot-write", f"`{path.as_posix()}` cannot be written: no space left on device")
    ]
    assert path.read_text(encoding="utf-8") == UNTIDY
    assert [file.name for file in tmp_path.iterdir()] == ["policy.yaml"]
