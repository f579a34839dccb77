"""A saved plan read back: the same value, or a refusal that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.plan.document import to_json
from duly.plan.saved import read_plan
from duly.source import Refused
from tests.plan.test_actions import ago, owed, planned

PLAN = planned(looks_ahead=True, invoices=[owed(5)], contacts_made=[{"day": ago(30), "channel": "call"}])
TEXT = "".join(to_json(PLAN))


def read(tmp_path: Path, text: str | bytes) -> str:
    """The name of what is wrong."""
    path = tmp_path / "plan.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Refused) as refused:
        read_plan(path)
    assert refused.value.exit_code == 5
    (problem,) = refused.value.problems
    return problem.rule


def test_what_is_read_back_is_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(TEXT, encoding="utf-8")
    saved = read_plan(path)
    assert "".join(to_json(saved.plan)) == TEXT
    assert [action.id for action in saved.plan.actions] == [action.id for action in PLAN.actions]
    assert saved.digest in TEXT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"customer": "C1"', '"customer": "C2"', id="another-customer"),
        pytest.param('"amount": 100000', '"amount": 100001', id="a-larger-amount"),
        pytest.param('"tone": "courteous"', '"tone": "final"', id="a-harsher-tone"),
        pytest.param('"to": "', '"to": "x', id="another-recipient"),
    ],
)
def test_a_plan_that_was_edited_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    assert read(tmp_path, TEXT.replace(old, new, 1)) == "plan-edited"


def test_every_single_byte_counts(tmp_path: Path) -> None:
    raw = TEXT.encode()
    for at in range(0, len(raw), 7):
        changed = bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])
        assert read(tmp_path, changed) in {"plan-edited", "not-a-plan", "plan-version"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "not-a-plan", id="empty"),
        pytest.param("[]", "not-a-plan", id="not-an-object"),
        pytest.param(TEXT[:-20], "not-a-plan", id="cut-short"),
        pytest.param("[" * 100_000, "not-a-plan", id="deep"),
        pytest.param(b"\xff\xfe", "not-a-plan", id="not-text"),
        pytest.param(TEXT.replace('"format_version": 3', '"format_version": 2', 1), "plan-version", id="older"),
        pytest.param(
            TEXT.replace('"policy":', '"policy": "other", "policy":', 1), "not-a-plan", id="a-key-that-stands-twice"
        ),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str | bytes, rule: str) -> None:
    assert read(tmp_path, text) == rule


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no saved plan"):
        read_plan(tmp_path / "nothing.json")
