"""`approvers.yaml`: who may approve, read like a policy and not taken for one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from duly.journal.approvers import approvers_schema, read_approvers
from duly.language.schema import as_text
from duly.source import Refused
from duly_cli.check import command
from tests.approvals.building import key_of
from tests.language.policies import SMALL

CHECKOUT = Path(__file__).parents[2]
KEY = {person: key_of(person).public.text for person in ("ochre", "umber")}


def written(folder: Path, text: str) -> Path:
    path = folder / "approvers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def one(**changed: str) -> str:
    """A file with one person in it."""
    keys = {"roles": "[credit_manager]", "key": f'"{KEY["ochre"]}"'} | changed
    return "approvers:\n  ochre:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items() if value)


def test_people_are_read_with_their_roles_keys_and_days(tmp_path: Path) -> None:
    text = one(**{"from": "2026-01-01", "until": "2026-12-31", "revoked": "2026-06-01"})
    [ochre] = read_approvers(written(tmp_path, text)).people
    assert (ochre.person, ochre.roles, ochre.key) == ("ochre", frozenset({"credit_manager"}), key_of("ochre").public)
    assert (ochre.from_, ochre.until, ochre.revoked) == (date(2026, 1, 1), date(2026, 12, 31), date(2026, 6, 1))


def test_where_there_is_no_file_nobody_may_approve(tmp_path: Path) -> None:
    assert read_approvers(tmp_path / "approvers.yaml").people == ()


TWO = 'approvers:\n  ochre: {{roles: [collector], key: "{}"}}\n  {}: {{roles: [collector], key: "{}"}}\n'


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        pytest.param(one(roles="[chief]"), "unknown-choice", 3, id="a-role-that-there-is-not"),
        pytest.param(one(roles="[]"), "nothing-in-it", 3, id="no-role"),
        pytest.param(one(roles="[collector, collector]"), "said-twice", 3, id="a-role-twice"),
        pytest.param(one(roles=""), "missing-key", 2, id="roles-left-out"),
        pytest.param(one(key=""), "missing-key", 2, id="key-left-out"),
        pytest.param(one(key='"AAAA"'), "not-a-public-key", 4, id="no-key"),
        pytest.param(one(key=f'"{"A" * 43}="'), "weak-key", 4, id="a-key-that-anybody-could-sign-for"),
        pytest.param(one(until="2026-02-30"), "bad-day", 5, id="no-day"),
        pytest.param(one(**{"from": "2026-02-02", "until": "2026-02-01"}), "ends-before-it-begins", 6, id="backwards"),
        pytest.param(one(rôle="x"), "unknown-key", 5, id="a-key-that-nobody-knows"),
        pytest.param(TWO.format(KEY["ochre"], "umber", KEY["ochre"]), "key-shared", 3, id="two-people-with-one-key"),
        pytest.param(
            TWO.format(KEY["ochre"], "Ochre", KEY["umber"]), "person-twice", 3, id="one-person-in-two-spellings"
        ),
        pytest.param(TWO.format(KEY["ochre"], "ochre", KEY["umber"]), "duplicate-key", 3, id="one-person-twice"),
        pytest.param(TWO.format(KEY["ochre"], '"b n"', KEY["umber"]), "bad-name", 3, id="a-name-with-a-blank"),
        pytest.param("people: {}\n", "unknown-key", 1, id="another-top"),
        pytest.param("approvers: &a {}\n", "yaml-alias", 1, id="an-anchor"),
        pytest.param("", "yaml-empty", 1, id="an-empty-file"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, text: str, rule: str, line: int) -> None:
    with pytest.raises(Refused) as refused:
        read_approvers(written(tmp_path, text))
    assert refused.value.exit_code == 3
    assert (rule, line) in [(problem.rule, problem.span.line) for problem in refused.value.problems]
    assert all(problem.help for problem in refused.value.problems)


def test_every_mistake_is_shown_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_approvers(written(tmp_path, one(roles="[chief]", key='"AAAA"', until="tomorrow")))
    assert [problem.rule for problem in refused.value.problems] == ["unknown-choice", "not-a-public-key", "bad-day"]


@pytest.mark.parametrize("there", ["a-folder", "a-link-to-nowhere"])
def test_what_is_there_and_cannot_be_read_is_not_nobody(tmp_path: Path, there: str) -> None:
    path = tmp_path / "approvers.yaml"
    if there == "a-folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused):
        read_approvers(path)


# Its schema.


def test_the_schema_is_of_draft_7_and_lies_in_its_file() -> None:
    Draft7Validator.check_schema(approvers_schema())
    written_ = (CHECKOUT / "schemas" / "approvers.schema.json").read_text(encoding="utf-8")
    assert written_ == as_text(approvers_schema()), "run `make schemas`"


# `duly check`.


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    return folder


def test_check_takes_it_for_what_it_is(policies: Path) -> None:
    written(policies, one())
    result = CliRunner().invoke(command, [str(policies)])
    assert result.exit_code == 0, result.output
    assert "ochre: credit_manager" in result.output
    assert "not a key" not in result.output
    by_name = CliRunner().invoke(command, [str(policies / "approvers.yaml"), "--format", "json"])
    assert json.loads(by_name.output)["approvers"][0]["people"] == {"ochre": ["credit_manager"]}
    assert json.loads(by_name.output)["policies"] == []


def test_check_says_what_is_wrong_with_it(policies: Path) -> None:
    written(policies, one(roles="[chief]"))
    result = CliRunner().invoke(command, [str(policies)])
    assert result.exit_code == 3
    assert "approvers.yaml:3:" in result.output
    assert "`chief` is not a choice for `roles`" in result.output


def test_check_says_that_a_named_file_is_missing(policies: Path) -> None:
    result = CliRunner().invoke(command, [str(policies / "approvers.yaml")])
    assert result.exit_code == 3
    assert "is not there" in result.output


@pytest.mark.parametrize(
    ("roles", "warned"),
    [
        pytest.param("[credit_manager]", ["sales_manager"], id="nobody-has-one-role"),
        pytest.param("[credit_manager, sales_manager]", [], id="somebody-has-each"),
    ],
)
def test_check_warns_of_a_role_that_nobody_has(tmp_path: Path, roles: str, warned: list[str]) -> None:
    standard = (CHECKOUT / "policies" / "standard.yaml").read_text(encoding="utf-8")
    (tmp_path / "standard.yaml").write_text(standard, encoding="utf-8")
    written(tmp_path, one(roles=roles))
    result = CliRunner().invoke(command, [str(tmp_path), "--format", "json", "--as-of", "2026-03-31"])
    problems = json.loads(result.output)["problems"]
    assert [p["message"].split("`")[3] for p in problems if p["rule"] == "nobody-to-approve"] == warned
    assert result.exit_code == 0
