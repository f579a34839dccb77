"""What `duly prove` prints and how it ends: findings are told under headings of their own, and are no proof."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.language.conditions import Condition
from duly.language.policy import Policy
from duly.review.prove.search import Search
from duly_cli.main import main

TEXT = Path("policies/standard.yaml").read_text(encoding="utf-8")
OF_ONE_DECISION = TEXT[: TEXT.index("  two_contacts_a_week_at_most:")]
SMALL = "      when: {past_due: {at_most: 250}}"


def written(tmp_path: Path, before: str = "", after: str = "") -> Path:
    """The standard policy with its guarantees of one decision, and some of its words replaced."""
    file = tmp_path / "policy.yaml"
    file.write_text(OF_ONE_DECISION.replace(before, after) if before else OF_ONE_DECISION, encoding="utf-8")
    return file


def prove(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["prove", *map(str, arguments)])


FRAGILE = "    when: {relationship: fragile}\n"

ENDS = [
    pytest.param("", "", 0, None, id="all is proved and nothing found"),
    pytest.param(
        SMALL, SMALL.replace("at_most", "below"), 1, "Between two thresholds, and for neither stage:", id="a gap"
    ),
    pytest.param(
        FRAGILE,
        "    when: {relationship: fragile, days_past_due: {over: 50}}\n",
        1,
        "Softer with more days late, all else equal:",
        id="softer later",
    ),
    pytest.param(
        "{past_due_with_disputed: {at_most: 0}}",
        "{past_due: {at_most: 6000}}",
        1,
        "Placed one day and released the next:",
        id="a hold to and fro",
    ),
    pytest.param(
        "    when: {relationship: fragile}\n    at_most: friendly",
        "    when: {relationship: fragile}\n    at_most: final",
        1,
        "Never acts, for no account that can exist:",
        id="a rule that never acts",
    ),
]


@pytest.mark.parametrize(("before", "after", "exit_code", "heading"), ENDS)
def test_what_is_found_is_told_under_its_heading(
    before: str, after: str, exit_code: int, heading: str | None, tmp_path: Path
) -> None:
    told = prove(written(tmp_path, before, after))
    assert told.exit_code == exit_code
    assert "6 of 6 guarantees proved" in told.output
    headings = [line for line in told.output.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ([heading] if heading else [])


def test_what_is_found_is_data_as_well(tmp_path: Path) -> None:
    told = json.loads(prove(written(tmp_path, SMALL, SMALL.replace("at_most", "below")), "--format", "json").output)
    (found,) = told["found"]
    assert found["name"] == "stuck-between"
    assert found["shown_on"]["facts"]["past_due"] == 250_00
    assert (told["never_acts"], told["waits_for_ever"], told["not_settled"], told["book"]) == ([], [], [], None)


def test_one_guarantee_alone_is_all_that_is_looked_at(tmp_path: Path) -> None:
    gap = written(tmp_path, SMALL, SMALL.replace("at_most", "below"))
    assert prove(gap, "--guarantee", "nobody_forgotten").exit_code == 0


def test_what_cannot_be_settled_is_told_and_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_hurry(policies: Sequence[Policy], also: Iterable[Condition] = (), *, measure: int = 0) -> Search:  # noqa: ARG001
        return Search(policies, also, measure=1)

    monkeypatch.setattr("duly.review.prove.subject.Search", in_a_hurry)
    told = prove(written(tmp_path))
    assert told.exit_code == 9
    assert "Not settled, since the solver gave up within its measure:" in told.output
    assert "  whether a later account ever gets less" in told.output


@pytest.mark.parametrize("command", ["--help", "prove --help", "test policies/ar-owned.yaml"])
def test_no_solver_is_loaded_where_nothing_is_proved(command: str) -> None:
    asked = f"import sys; sys.argv = ['duly', *{command.split()!r}]; from duly_cli.main import main\n"
    asked += "try:\n    main(standalone_mode=False)\nexcept SystemExit:\n    pass\nsys.exit('z3' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stderr
