"""What holds for the project as a whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

HEAVY = ("duckdb", "durable", "holidays", "jinja2", "jsonschema", "rich", "yaml")

MACHINE_PATH = re.compile(rb"/(?:home|root|Users|work)/[\w.-]")


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (CHECKOUT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    paths = (CHECKOUT / name for name in listed.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("argument", ["--help", "--version", "no-such-verb"])
def test_nothing_heavy_is_imported_before_a_verb_is_run(argument: str) -> None:
    script = f"""
import sys
from duly_cli.main import main
try:
    main([{argument!r}])
except SystemExit:
    pass
print(*sorted(set(sys.modules) & set({HEAVY!r})), sep=",", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.decode(errors='replace').strip()}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_the_top_level_holds_what_the_design_names_and_nothing_else() -> None:
    expected = {
        *("policies", "engine", "templates", "cli", "schemas", "tests", "docs"),
        "action.yml",  # where GitHub looks for an Action
        *("pyproject.toml", "requirements.lock", "Makefile", "README.md", "CHANGELOG.md", "LICENSE"),
    }
    found = {path.relative_to(CHECKOUT).parts[0] for path in tracked_files()}
    assert {name for name in found if not name.startswith(".")} - expected == set()


def test_every_target_that_the_makefile_lists_is_phony() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set(phony.split())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(CHECKOUT)], check=True)
    return next(folder.glob("duly-*.whl"))


def test_the_wheel_carries_the_program_and_what_it_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {
        f"duly/{path.relative_to(CHECKOUT)}"
        for folder in ("policies", "schemas", "templates")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file()
    }
    code = {
        str(path.relative_to(root))
        for root in (CHECKOUT / "engine", CHECKOUT / "cli")
        for path in root.rglob("*")
        if path.suffix in {".py", ".sql", ".typed"}
    }
    assert data | code <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"duly", "duly_cli"}


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)
    for command in (
        "init team",
        "demo team/book --customers 20",
        "plan team/policies/standard.yaml team/book --as-of 2026-03-31",
    ):
        subprocess.run(
            [sys.executable, site / "bin" / "duly", *command.split()],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(site)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
