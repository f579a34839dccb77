"""What authors write as a condition, and the tree it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from tests.language.policies import SMALL, load_text


def written(folder: Path, condition: str, part: str = "worklist") -> Condition:
    if part == "pauses":
        return load_text(folder, f"{SMALL}pauses: {{p: {{invoice: {condition}}}}}\n").invoice_pauses[0].when
    return load_text(folder, f"{SMALL}worklist: {{points: {{p: {{when: {condition}, add: 1}}}}}}\n").worklist[0].when


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("{days_past_due: 30}", Is("days_past_due", (30,)), id="number"),
        pytest.param("{days_past_due: [30, 60]}", Is("days_past_due", (30, 60)), id="numbers"),
        pytest.param("{days_past_due: {at_least: 30}}", Compare("days_past_due", Op.AT_LEAST, 30), id="at-least"),
        pytest.param("{days_past_due: {over: 30}}", Compare("days_past_due", Op.OVER, 30), id="over"),
        pytest.param("{days_past_due: {at_most: 30}}", Compare("days_past_due", Op.AT_MOST, 30), id="at-most"),
        pytest.param("{days_past_due: {below: 30}}", Compare("days_past_due", Op.BELOW, 30), id="below"),
        pytest.param(
            "{days_past_due: {at_least: 30, below: 60}}",
            All((Compare("days_past_due", Op.AT_LEAST, 30), Compare("days_past_due", Op.BELOW, 60))),
            id="several-tests-all-hold",
        ),
        pytest.param("{days_past_due: {is_not: 30}}", Not(Is("days_past_due", (30,))), id="is-not"),
        pytest.param("{days_past_due: {none_of: [1, 2]}}", Not(Is("days_past_due", (1, 2))), id="none-of"),
        pytest.param("{days_since_reply: {known: true}}", Known("days_since_reply"), id="known"),
        pytest.param("{days_since_reply: {known: false}}", Not(Known("days_since_reply")), id="not-known"),
        pytest.param("{past_due: {over: 250}}", Compare("past_due", Op.OVER, 25_000), id="amount"),
        pytest.param("{past_due: {over: 0.10}}", Compare("past_due", Op.OVER, 10), id="amount-no-float-can-hold"),
        pytest.param('{past_due: {over: "250.05"}}', Compare("past_due", Op.OVER, 25_005), id="amount-in-quotes"),
        pytest.param("{past_due: 0}", Is("past_due", (0,)), id="amount-that-equals"),
        pytest.param(
            "{past_due: {over: {USD: 100, JPY: 9000}}}",
            Any(
                (
                    All((Is("currency", ("USD",)), Compare("past_due__own", Op.OVER, 10_000))),
                    All((Is("currency", ("JPY",)), Compare("past_due__own", Op.OVER, 9_000))),
                )
            ),
            id="amounts-by-currency",
        ),
        pytest.param("{credit_used_pct: {over: 90}}", Compare("credit_used_pct", Op.OVER, 90), id="per-cent"),
        pytest.param("{segment: large}", Is("segment", ("large",)), id="word"),
        pytest.param("{segment: [large, others]}", Is("segment", ("large", "others")), id="words"),
        pytest.param("{stage: none}", Is("stage", ("none",)), id="no-stage"),
        pytest.param("{dispute: none}", Is("dispute", ("none",)), id="no-dispute"),
        pytest.param("{country: {is_not: US}}", Not(Is("country", ("US",))), id="text"),
        pytest.param("{currency: EUR}", Is("currency", ("EUR",)), id="currency"),
        pytest.param("{insolvent: true}", Is("insolvent", (True,)), id="yes"),
        pytest.param("{insolvent: false}", Is("insolvent", (False,)), id="no"),
        pytest.param("{holds: credit}", Includes("holds", "credit"), id="set"),
        pytest.param("{holds: [credit]}", Includes("holds", "credit"), id="set-of-one"),
        pytest.param("{tags: [a, b]}", Any((Includes("tags", "a"), Includes("tags", "b"))), id="set-any-of"),
        pytest.param("{holds: {includes: credit}}", Includes("holds", "credit"), id="includes"),
        pytest.param("{holds: {excludes: credit}}", Not(Includes("holds", "credit")), id="excludes"),
        pytest.param(
            "{insolvent: true, dispute: open}", All((Is("insolvent", (True,)), Is("dispute", ("open",)))), id="entries"
        ),
        pytest.param(
            "{any: [{insolvent: true}, {dispute: open, late: true}]}",
            Any((Is("insolvent", (True,)), All((Is("dispute", ("open",)), Is("late", (True,)))))),
            id="any",
        ),
        pytest.param("{all: [{insolvent: true}]}", All((Is("insolvent", (True,)),)), id="all"),
        pytest.param("{not: {insolvent: true}}", Not(Is("insolvent", (True,))), id="not"),
        pytest.param(
            "{not: {insolvent: true, late: true}}",
            Not(All((Is("insolvent", (True,)), Is("late", (True,))))),
            id="not-of-entries",
        ),
    ],
)
def test_a_condition_becomes_its_tree(tmp_path: Path, text: str, tree: Condition) -> None:
    assert written(tmp_path, text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("{dispute: open}", Is("dispute", ("open",)), id="dispute"),
        pytest.param("{days_past_due: {below: -5}}", Compare("days_past_due", Op.BELOW, -5), id="before-its-day"),
        pytest.param("{open: {below: 5}}", Compare("open", Op.BELOW, 500), id="amount"),
    ],
)
def test_a_pause_of_invoices_asks_facts_of_the_invoice(tmp_path: Path, text: str, tree: Condition) -> None:
    assert written(tmp_path, text, "pauses") == tree


def test_amounts_in_the_policy_currency_have_its_decimals(tmp_path: Path) -> None:
    text = SMALL.replace("USD", "JPY") + "worklist: {points: {p: {when: {past_due: {over: 250}}, add: 1}}}\n"
    assert load_text(tmp_path, text).worklist[0].when == Compare("past_due", Op.OVER, 250)
