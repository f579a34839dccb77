"""The standard policy: all of it is read, and every value of it knows its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from duly.language.build import build_policy
from duly.language.conditions import All, Compare, Includes, Is, Not, Op
from duly.language.gate import Entry, List, Map, Node, Scalar, read_tree
from duly.language.load import load_policy
from duly.language.policy import (
    Channel,
    Clock,
    ContactCap,
    GuaranteeForm,
    Period,
    Policy,
    Send,
    Since,
    Stops,
    Task,
)
from duly.language.schema import FILES, as_text
from duly.language.shape import shape_problems
from tests.language.policies import STANDARD, load_text

SCHEMAS = STANDARD.parents[1] / "schemas"


@pytest.fixture(scope="module", name="standard")
def _standard() -> Policy:
    policy, warnings = load_policy(STANDARD)
    assert warnings == ()
    return policy


def places(node: yaml.Node, path: str = "") -> Iterator[tuple[str, int, int]]:
    """Every value of a YAML document by JSON pointer with its line and column, found without our own reader."""
    yield path, node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from places(value, f"{path}/{key.value}")
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from places(item, f"{path}/{index}")


def test_every_value_knows_its_place(standard: Policy) -> None:
    text = STANDARD.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None
    found = {(path, span.line, span.column) for path, span in standard.places.items()}
    assert found == set(places(root))
    assert {span.file for span in standard.places.values()} == {STANDARD.as_posix()}


def test_every_value_is_as_long_as_it_is_written(standard: Policy) -> None:
    lines = STANDARD.read_text(encoding="utf-8").splitlines()
    demand = standard.places["/ladder/stages/demand/send/letter"]
    assert lines[demand.line - 1][demand.column - 1 :][: demand.length] == "demand"
    between = standard.places["/calendar/contact/between"]
    assert lines[between.line - 1][between.column - 1 :][: between.length] == '["09:00", "17:00"]'


def test_it_is_valid_by_the_schema_that_editors_read() -> None:
    schema = json.loads((SCHEMAS / "policy.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(yaml.safe_load(STANDARD.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("name", FILES)
def test_the_schemas_in_the_checkout_are_up_to_date(name: str) -> None:
    assert (SCHEMAS / name).read_text(encoding="utf-8") == as_text(FILES[name]()), "run `make schemas`"


def test_its_editor_line_leads_to_the_schema() -> None:
    first = STANDARD.read_text(encoding="utf-8").splitlines()[0]
    assert (STANDARD.parent / first.partition("$schema=")[2]).resolve() == (SCHEMAS / "policy.schema.json").resolve()


def test_every_part_is_read(standard: Policy) -> None:
    assert standard.late.grace_days == 3
    assert standard.late.ignore_account_below == 5000
    assert standard.calendar.contact.opens == time(9)
    assert standard.calendar.contact.days == frozenset(range(5))
    assert [segment.id for segment in standard.segments] == ["strategic", "new", "standard"]
    pauses = ["promised", "insolvent", "do_not_contact", "payment_plan", "missing_paperwork"]
    assert [pause.id for pause in standard.account_pauses] == pauses
    assert standard.account_pauses[1].stops == {Stops.STAGES, Stops.CHARGES}
    assert standard.account_pauses[1].tasks == (Task(role="credit_manager", task="file_claim"),)
    assert [(pause.id, pause.disputed_part_only) for pause in standard.invoice_pauses] == [("disputed", True)]
    assert standard.tones == ("courteous", "friendly", "firm", "stern", "final")
    assert standard.choose_ladder.otherwise == standard.ladders[0].id
    assert standard.holds[0].needs is not None
    assert standard.holds[0].release == Compare("past_due_with_disputed", Op.AT_MOST, 0)
    assert standard.credit_limits[0].up_to == 25_000_000
    assert standard.charges.late_interest == "none"
    assert [points.add for points in standard.worklist] == [30, 20, 20]
    assert [duty.id for duty in standard.responsible if duty.by_segment] == ["calls"]
    assert standard.together.weekly is not None
    assert standard.limits.contacts_per_customer == ContactCap(at_most=2, in_days=7)
    assert standard.limits.fuse.first_cycle_unlimited
    assert [g.form for g in standard.guarantees[:3]] == [GuaranteeForm.NEVER, GuaranteeForm.ALWAYS, GuaranteeForm.NEVER]


def test_a_stage_is_read_with_all_it_says(standard: Policy) -> None:
    courtesy, *_, referral, small = standard.ladders[0].stages
    assert courtesy.send == (Send(channel=Channel.EMAIL, template="courtesy"),)
    assert courtesy.without_email == (Send(channel=Channel.LETTER, template="courtesy"),)
    assert referral.after is not None
    assert referral.after.clock == Clock(Since.PREVIOUS_STAGE, Period.DAYS, month_end=False)
    assert referral.when == All((Compare("past_due", Op.OVER, 25_000), Compare("days_past_due", Op.AT_LEAST, 74)))
    assert referral.approval == ("credit_manager", "sales_manager")
    assert small.tone == ""


def test_conditions_of_every_kind_are_read(standard: Policy) -> None:
    nobody_forgotten, sales_hears = standard.guarantees[1:3]
    assert nobody_forgotten.then == Not(Is("stage", ("none",)))
    assert isinstance(sales_hears.condition, All)
    assert sales_hears.condition.parts[0] == Includes("placed_today", "credit")


def test_a_condition_knows_the_place_of_each_test(standard: Policy) -> None:
    demand = next(stage for stage in standard.stages() if stage.id == "demand")
    line = standard.lines[demand.when.span.file][demand.when.span.line - 1]
    assert line[demand.when.span.column - 1 :][: demand.when.span.length] == "past_due: {over: 250}"


def other(text: str) -> str:
    """Another value of the same kind."""
    if text in {"true", "false"}:
        return "false" if text == "true" else "true"
    return str(int(text) + 1) if text.isdecimal() else f"{text}x"


def scalars(node: Node) -> Iterator[Scalar]:
    """Every single value of a tree."""
    match node:
        case Map(entries):
            for entry in entries:
                yield from scalars(entry.value)
        case List(items):
            for item in items:
                yield from scalars(item)
        case Scalar():
            yield node


def with_other(node: Node, old: Scalar) -> Node:
    """The tree with another value in this one's place."""
    match node:
        case Map(entries, span):
            return Map(tuple(Entry(entry.key, with_other(entry.value, old)) for entry in entries), span)
        case List(items, span):
            return List(tuple(with_other(item, old) for item in items), span)
        case Scalar(text, span, plain):
            return Scalar(other(text), span, plain) if node is old else node


def test_no_value_is_read_and_forgotten(standard: Policy) -> None:
    root = read_tree(STANDARD.read_bytes(), "p.yaml").root
    assert root is not None
    values = list(scalars(root))
    assert len(values) > 200
    for value in values:
        changed = with_other(root, value)
        assert isinstance(changed, Map)
        policy, problems = build_policy(changed)
        forgotten = policy == standard and not problems
        assert not forgotten or list(shape_problems(changed)), f"line {value.span.line}: {value.text}"


def test_the_digest_is_of_the_file_and_nothing_else(tmp_path: Path) -> None:
    text = STANDARD.read_text(encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    here, there = load_text(tmp_path, text), load_text(tmp_path / "elsewhere", text, "other.yaml")
    changed = load_text(tmp_path, text.replace("grace_days: 3", "grace_days: 4"))
    assert here.digest == there.digest != changed.digest
    assert here == there
