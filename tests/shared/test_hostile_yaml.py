"""Hostile policies: each is refused for its reason, where it stands, with what to do about it.

The skeleton's keys are renamed to ours on the same lines, so that a place in the
list is a place in our file. A case whose renamed line has other columns is held
to its line and to the trap itself.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.language.load import load_policy
from duly_cli.check import command
from tests.shared.hostile import Case, cases, needs_hostile

pytestmark = needs_hostile

CODES: dict[str, frozenset[str]] = {
    "E-ENCODING": frozenset({"encoding"}),
    "E-FS": frozenset({"not-a-file", "no-policy"}),
    "E-MONEY-CURRENCY": frozenset({"unknown-currency"}),
    "E-MONEY-FORMAT": frozenset({"bad-amount"}),
    "E-NUM-NONFINITE": frozenset({"number-not-finite"}),
    "E-NUM-RANGE": frozenset({"number-range"}),
    "E-POLICY-DUPID": frozenset({"duplicate-key"}),
    "E-SCHEMA-PATTERN": frozenset({"no-expansion"}),
    "E-SCHEMA-UNKNOWNKEY": frozenset({"unknown-key"}),
    "E-SECRET-INLINE": frozenset({"inline-secret"}),
    "E-TPL-NAME": frozenset({"bad-name"}),
    "E-TYPE": frozenset({"not-a-mapping"}),
    "E-YAML-ALIAS": frozenset({"yaml-alias"}),
    "E-YAML-CHARS": frozenset({"hidden-character"}),
    "E-YAML-DEPTH": frozenset({"yaml-depth"}),
    "E-YAML-DUPKEY": frozenset({"duplicate-key"}),
    "E-YAML-EMPTY": frozenset({"yaml-empty"}),
    "E-YAML-IMPLICIT": frozenset({"quote-it"}),
    "E-YAML-SIZE": frozenset({"yaml-size"}),
    "E-YAML-SYNTAX": frozenset({"yaml-syntax", "unclosed-quote", "hidden-character"}),
    "E-YAML-TAG": frozenset({"yaml-tag"}),
}
"""The labels of the list, and the names by which people can search for the same thing here."""

RENAMED = (
    (rb"^schema: 1$", b"duly: 1"),
    (rb"^id: std-net30$", b"policy: std_net30"),
    (rb"^grace_days: (.*)$", rb"late: {grace_days: \1}"),
    (rb"^grace_dyas: (.*)$", rb"late: {grace_dyas: \1}"),
    (rb"^(min|max)_balance: (.*)$", rb"late: {ignore_below: {account: \2}}"),
    (rb"^valid_from: (.*)$", rb"effective: {from: \1}"),
    (rb"^quiet_hours: \{from: (.*), to: (.*)\}$", rb"calendar: {contact: {between: [\1, \2]}}"),
    (rb"^note: ", b"title: "),
    (rb"^stages:$", b"ladder: {stages: {"),
    (rb"^  - \{id: (\w+), when: .*, do: \[\]\}$", rb"  \1: {task: {collector: phone_call}},"),
    (rb"^  - id: reminder$", b"  reminder: {after: {days: 5}, tone: firm,"),
    (rb"^    when: .*$", b'    when: {past_due: {at_least: "50.00"}},'),
    (rb"^    do: .*$", b"    send: {email: reminder}}}}"),
)
"""The skeleton's lines, and ours."""

# The standard policy writes amounts without quotes, and the loader reads their text: no binary float comes near them.
READ_EXACTLY = "yaml-024"

CASES = [pytest.param(case, id=case.id) for case in cases("yaml") if case.id != READ_EXACTLY]


def renamed(data: bytes) -> bytes:
    """The policy with our keys in place of the skeleton's, line by line; what is not text stays as it is."""
    if len(data) > 100_000 or not data.startswith(b"schema: 1\n"):
        return data
    for pattern, ours in RENAMED:
        data = re.sub(pattern, ours, data, flags=re.MULTILINE)
    return data + b"}}\n" if b"ladder: {stages: {" in data and b"phone_call" in data else data + b"\n"


def check(path: Path, form: str = "json") -> Result:
    result = CliRunner().invoke(command, [str(path), "--format", form])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_what_is_shown_of_a_hostile_policy_is_safe_for_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    for case in cases("yaml"):
        path.write_bytes(case.path.read_bytes())
        output = check(path, "text").output
        assert all(character.isprintable() or character == "\n" for character in output), case.id
        assert "LEAK" not in output


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_policy_is_refused_for_its_reason_and_at_its_place(tmp_path: Path, case: Case) -> None:
    original = case.path.read_bytes()
    path = tmp_path / "policy.yaml"
    path.write_bytes(renamed(original))
    before = time.monotonic()
    result = check(path)
    elapsed = time.monotonic() - before
    assert result.exit_code == case.exit
    found = [p for p in json.loads(result.output)["problems"] if p["rule"] in CODES[case.code]]
    assert found
    assert all(p["help"] for p in found)
    if case.place:
        line, column = case.place
        here = [p for p in found if p["line"] == line]
        assert here
        same_line = original.splitlines()[line - 1 : line] == path.read_bytes().splitlines()[line - 1 : line]
        if same_line:
            assert any(p["column"] <= column < p["column"] + p["length"] for p in here)
    for words in case.never:
        if seconds := re.fullmatch(r">(\d+) s", words):
            assert elapsed < int(seconds[1])
        if secret := re.match(r'"([^"]+)"', words):
            assert secret[1] not in result.output
        if made := re.fullmatch(r"file (\w+)", words):
            assert not Path(made[1]).exists()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases("yaml") if case.id == READ_EXACTLY])
def test_an_amount_without_quotes_is_read_digit_by_digit(tmp_path: Path, case: Case) -> None:
    text = renamed(case.path.read_bytes()).replace(b"ladder:", b"tones: [firm]\nladder:")
    path = tmp_path / "policy.yaml"
    path.write_bytes(text)
    policy, warnings = load_policy(path)
    assert warnings == ()
    assert policy.late.ignore_account_below == 10_010


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases("fs") if case.code == "E-TPL-NAME"])
def test_a_template_is_a_name_and_no_path(tmp_path: Path, case: Case) -> None:
    template = case.path.read_text(encoding="utf-8").partition("template: ")[2].strip()
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"duly: 1\npolicy: p\ncurrency: USD\ntones: [firm]\n"
        f"ladder: {{stages: {{a: {{tone: firm, send: {{email: {template}}}}}}}}}\n",
        encoding="utf-8",
    )
    result = check(path)
    assert result.exit_code == case.exit
    (problem,) = json.loads(result.output)["problems"]
    assert problem["rule"] in CODES[case.code]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in cases("fs") if case.file.endswith("dir.yaml")]
)
def test_a_folder_is_no_policy(tmp_path: Path, case: Case) -> None:
    (tmp_path / "policy.yaml").mkdir()
    result = check(tmp_path / "policy.yaml")
    assert result.exit_code == case.exit
    assert {p["rule"] for p in json.loads(result.output)["problems"]} <= CODES[case.code]


def test_every_label_is_mapped() -> None:
    assert {case.code for case in cases("yaml")} - set(CODES) == {"E-MONEY-FLOAT"}
