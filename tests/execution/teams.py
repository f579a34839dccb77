"""A small team to carry plans out for: a home with a policy, wording, a journal and a sample book."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from click.testing import CliRunner, Result

from duly.book.read import read_book
from duly.home import Environment, Home
from duly.language.load import load_policy
from duly.messages.templates import load_templates
from duly.messages.where import templates_of
from duly.plan.document import to_json
from duly.plan.make import Background, make_plan
from duly.reports.files import write_atomically
from duly_cli.main import main
from duly_cli.where import history_in

DAY = "2026-03-31"
"""A Tuesday; the sample book is of this day."""

Row = dict[str, str]

POLICY, BOOK, PLAN = Path("policies/standard.yaml"), Path("book"), Path("plan.json")
"""Where they lie in a home; commands are run inside it, so that a home can be copied with its plan."""


@dataclass(frozen=True)
class Team:
    """A home in a folder of its own, and what its commands say."""

    home: Path

    @property
    def policy(self) -> Path:
        return self.home / POLICY

    @property
    def book(self) -> Path:
        return self.home / BOOK

    @property
    def plan(self) -> Path:
        return self.home / PLAN

    def duly(self, *arguments: object, exit_code: int | None = 0) -> Result:
        """Run a command inside the home."""
        with chdir(self.home):
            result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if exit_code is not None:
            assert result.exit_code == exit_code, result.output
        return result

    def make_plan(self, day: str = DAY, *, customer: str | None = None) -> Mapping[str, object]:
        """Save the plan for the day as `duly plan --out` does, made by somebody else than whoever carries it out.

        The days on which something else could be are left out: no apply reads them.
        """
        with chdir(self.home):
            home = Home(Path())
            policy, _ = load_policy(POLICY)
            background = Background(
                history_in(home, Environment.TRY), Environment.TRY.value, load_templates(templates_of(home)).digest
            )
            made = make_plan(
                policy,
                read_book(BOOK, customer=customer),
                date.fromisoformat(day),
                author="credit-author",
                background=background,
                looks_ahead=False,
            )
            write_atomically(PLAN, to_json(made))
            document: Mapping[str, object] = json.loads(PLAN.read_text(encoding="utf-8"))
        return document

    def apply(self, *more: object, day: str = DAY, exit_code: int | None = 0) -> Result:
        """Carry the saved plan out, as if it were its day."""
        return self.duly("apply", PLAN, "--rehearse", day, "--yes", *more, exit_code=exit_code)

    def outbox(self) -> Mapping[str, bytes]:
        """Every file that was written for one action, by name."""
        box = self.home / "outbox" / "try"
        files = sorted(path for path in box.rglob("*") if path.is_file()) if box.is_dir() else []
        return {path.name: path.read_bytes() for path in files if len(path.stem) == len("0" * 24)}

    def change(self, table: str, edit: Callable[[list[Row]], list[Row]]) -> None:
        """Write a table of the book again."""
        path = self.book / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names, rows = list(reader.fieldnames or ()), list(reader)
        rows = edit(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)

    def copy(self, home: Path) -> Team:
        """The same team in another folder."""
        shutil.copytree(self.home, home)
        return Team(home)


CALENDAR = ("  weekly:", "  monthly:")


def make_team(folder: Path, customers: int = 40, *, calendar: bool = False) -> Team:
    """A team whose book is of `DAY`; what the calendar sends is left out unless a test is about it."""
    team = Team(folder / "team")
    team.home.mkdir()
    team.duly("init", ".")
    if not calendar:
        lines = team.policy.read_text(encoding="utf-8").splitlines(keepends=True)
        team.policy.write_text("".join(line for line in lines if not line.startswith(CALENDAR)), encoding="utf-8")
    team.duly("demo", BOOK, "--customers", customers, "--as-of", DAY)
    return team
