"""A saved plan: the schema that it keeps to, the same bytes every time, and what reading it back gives."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from duly.book import read
from duly.plan.document import schema, to_json
from duly.reports.plan import as_csv, as_json_lines, as_text
from duly_cli.main import main
from tests.language.policies import STANDARD
from tests.plan.test_actions import ago, owed, planned


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "book"
    result = CliRunner().invoke(main, ["demo", str(folder), "--customers", "40", "--as-of", "2026-03-31"])
    assert result.exit_code == 0, result.output
    return folder


def duly(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def saved(sample: Path, out: Path, *more: str) -> str:
    duly("plan", STANDARD, sample, "--as-of", "2026-03-31", "--author", "a-reviewer", "--out", out, *more)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def usual(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan of the sample, as it is saved."""
    return saved(sample, tmp_path_factory.mktemp("usual") / "plan.json")


def test_a_saved_plan_keeps_to_its_schema_and_is_the_same_to_the_byte(sample: Path, usual: str, tmp_path: Path) -> None:
    plan = json.loads(usual)
    Draft7Validator(schema()).validate(plan)
    assert plan["actions"]
    assert plan["withheld"]
    assert saved(sample, tmp_path / "second.json") == usual


@pytest.mark.parametrize("engine", ["durable", "columnar", "meaning"])
def test_whoever_decides_the_actions_and_what_is_withheld_are_the_same(
    sample: Path, usual: str, tmp_path: Path, engine: str
) -> None:
    one = json.loads(usual)
    other = json.loads(saved(sample, tmp_path / f"{engine}.json", "--engine", engine))
    assert (other["actions"], other["withheld"]) == (one["actions"], one["withheld"])


def test_a_plan_is_the_same_to_the_byte_whether_its_book_counts_as_one_of_few_rows_or_of_many(
    sample: Path, usual: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "SMALL", 0)
    assert saved(sample, tmp_path / "many.json") == usual


def test_the_schema_of_a_plan_lies_beside_the_policys() -> None:
    path = STANDARD.parent.parent / "schemas" / "plan.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == schema()


def test_a_plan_for_one_customer_is_that_customers_part_of_the_whole(sample: Path, usual: str, tmp_path: Path) -> None:
    whole = json.loads(usual)
    customer = whole["actions"][0]["customer"]
    part = json.loads(saved(sample, tmp_path / "part.json", "--customer", customer))
    for list_ in ("actions", "withheld"):
        assert part[list_] == [thing for thing in whole[list_] if thing["customer"] == customer]


def test_every_form_of_a_plan_tells_the_same_things() -> None:
    plan = planned(looks_ahead=True, invoices=[owed(5)], contacts_made=[{"day": ago(30), "channel": "call"}])
    document = json.loads("".join(to_json(plan)))
    lines = [json.loads(line) for line in as_json_lines(plan)]
    table = list(csv.DictReader(io.StringIO("".join(as_csv(plan)))))
    ids = [action["id"] for action in document["actions"]]
    assert [line["id"] for line in lines if line["is"] == "action"] == ids
    assert [row["id"] for row in table if row["is"] == "action"] == ids
    assert [row["amount"] for row in table if row["is"] == "action"] == ["1000.00"]
    assert all(id_ in as_text(plan, all_=True) for id_ in ids)


def test_a_cell_that_a_spreadsheet_would_run_is_defused() -> None:
    plan = planned(looks_ahead=True, customer={"collector": "=1+1"}, invoices=[owed(5)])
    (row,) = csv.DictReader(io.StringIO("".join(as_csv(plan))))
    assert row["person"] == "'=1+1"
    assert row["amount"] == "1000.00"


def test_a_bad_row_refuses_or_sets_its_customer_aside_and_changes_nobody_elses_plan(
    sample: Path, usual: str, tmp_path: Path
) -> None:
    before = json.loads(usual)
    victim = before["actions"][0]
    book = tmp_path / "book"
    shutil.copytree(sample, book)
    lines = (book / "invoices.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith(victim["invoices"][0].split("/")[0] + ","))
    cells = lines[at].split(",")
    lines[at] = ",".join([*cells[:2], "1e5", *cells[3:]])
    (book / "invoices.csv").write_text("".join(lines), encoding="utf-8")

    refused = CliRunner().invoke(main, ["plan", str(STANDARD), str(book), "--as-of", "2026-03-31"])
    assert refused.exit_code == 4
    assert f"invoices.csv:{at + 1}:3" in refused.output

    aside = json.loads(saved(book, tmp_path / "aside.json", "--quarantine", str(tmp_path / "bad.jsonl")))
    assert [thing["customer"] for thing in aside["set_aside"]] == [victim["customer"]]
    others = [action for action in before["actions"] if action["customer"] != victim["customer"]]
    # A list is about everybody who is left, so it is another one without the customer.
    assert [action for action in aside["actions"] if action["kind"] != "list"] == [
        action for action in others if action["kind"] != "list"
    ]
    assert aside["withheld"] == [thing for thing in before["withheld"] if thing["customer"] != victim["customer"]]
