"""`duly demo` and `duly init`: what they write is a start that works."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.book.read import read_book
from duly.language.load import load_policy
from duly_cli import demo, init
from duly_cli.main import main


def test_demo_writes_a_book_and_names_the_next_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo.command, [str(tmp_path / "book"), "--customers", "40", "--as-of", "2025-06-30"])
    assert result.exit_code == 0
    assert (
        result.output.splitlines()[-1]
        == f"next: duly plan policies/standard.yaml {tmp_path / 'book'} --as-of 2025-06-30"
    )
    assert "40 customers" in result.output
    assert read_book(tmp_path / "book").currency == "USD"


def test_demo_writes_into_no_folder_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = CliRunner().invoke(demo.command, [str(tmp_path)])
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_init_writes_a_policy_that_loads_and_a_schema_that_its_modeline_finds(tmp_path: Path) -> None:
    result = CliRunner().invoke(init.command, [str(tmp_path / "team")])
    assert result.exit_code == 0
    path = tmp_path / "team" / "policies" / "standard.yaml"
    policy, warnings = load_policy(path)
    assert (policy.id, warnings) == ("standard", ())
    modeline = path.read_text(encoding="utf-8").splitlines()[0]
    assert modeline.startswith("# yaml-language-server: $schema=")
    assert (path.parent / modeline.partition("=")[2]).is_file()
    assert (tmp_path / "team" / "schemas" / "overlay.schema.json").is_file()
    assert "duly check policies" in (tmp_path / "team" / ".pre-commit-config.yaml").read_text()


def test_the_policy_that_init_writes_does_what_its_cases_expect(tmp_path: Path) -> None:
    CliRunner().invoke(init.command, [str(tmp_path / "team")])
    policies = tmp_path / "team" / "policies"
    modeline = (policies / "standard.cases.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert (policies / modeline.partition("$schema=")[2]).is_file()
    result = CliRunner().invoke(main, ["test", str(policies)])
    assert result.exit_code == 0
    assert "cases passed" in result.output


@pytest.mark.parametrize("name", ["book.yaml", "policies/standard.yaml", ".pre-commit-config.yaml"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    result = CliRunner().invoke(init.command, [str(tmp_path)])
    assert result.exit_code == 2
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == [name]


def test_the_book_that_init_writes_is_read_once_its_files_are_there(tmp_path: Path) -> None:
    CliRunner().invoke(init.command, [str(tmp_path)])
    (tmp_path / "invoices.csv").write_text("invoice,customer,open,due_date\nI1,C1,5.00,2026-01-01\n")
    (tmp_path / "customers.csv").write_text("customer,time_zone\nC1,UTC\n")
    assert read_book(tmp_path).warnings == ()
