"""A fault planted in one engine never survives the comparison with another.

Each row is one small change of one engine's source. `FAULTS` is the list; the
text that is replaced must be there exactly once, so that a row which no longer
plants anything fails.
"""

# ruff: noqa: E501 -- a row of the table of faults stays on its line

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType, SimpleNamespace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.rules import columnar, layers, meaning
from duly.rules.columnar import Key
from duly.rules.decision import Decision
from duly.rules.durable import clauses, program, reading, rulesets
from duly.rules.durable.guard import Guard
from tests.rules.strategies import accounts, policies
from tests.rules.test_engines_agree import by_columns, keyed

MEANING, COLUMNAR, DURABLE = "meaning", "columnar", "durable"

READERS: Mapping[str, ModuleType] = {MEANING: meaning, COLUMNAR: columnar, DURABLE: rulesets}
"""The module of each engine that reads the shared `layers`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """In one engine, `was` becomes `becomes` in the source of the function at `where`."""

    engine: str
    where: str
    was: str
    becomes: str


def fault(name: str, engine: str, where: str, was: str, becomes: str) -> object:
    return pytest.param(Fault(engine, where, was, becomes), id=f"{engine}-{name}")


CONDITIONS, LAYERS = "duly.language.conditions", "duly.rules.layers"
PLAIN, COLUMNS, SQL = "duly.rules.meaning", "duly.rules.columnar", "duly.language.sql"
PARTS, RULES, STEPS = "duly.rules.durable.clauses", "duly.rules.durable.rulesets", "duly.rules.durable.program"

FAULTS = [
    # A comparison, an unknown, a negation.
    fault("over-for-at-least", MEANING, f"{CONDITIONS}.truth", "TEST[op](value, number)", "TEST[Op.OVER if op is Op.AT_LEAST else op](value, number)"),
    fault("at-least-for-over", COLUMNAR, f"{SQL}.to_sql", "{SYMBOL[op]}", "{SYMBOL[Op.AT_LEAST if op is Op.OVER else op]}"),
    fault("at-most-for-below", DURABLE, f"{PARTS}.tree_of", "relation = RELATION[op if", "relation = RELATION[(Op.AT_MOST if op is Op.BELOW else op) if"),
    fault("not-of-an-unknown-is-a-yes", MEANING, f"{CONDITIONS}.truth", "None if answer is None else not answer", "not answer"),
    fault("an-unknown-holds", COLUMNAR, f"{COLUMNS}._holds", "IS TRUE", "IS NOT FALSE"),
    fault("an-unknown-is-below", DURABLE, f"{PARTS}._known_and", "if relation in", "if relation not in Relation and relation in"),
    fault("an-unknown-is-nothing", DURABLE, "duly.rules.durable.guard.Guard._number", "return UNKNOWN", "return 0"),
    fault("not-is-dropped", COLUMNAR, f"{SQL}.to_sql", "(NOT {", "({"),
    fault("not-is-dropped", DURABLE, f"{PARTS}.tree_of", "holds=not holds", "holds=holds"),
    fault("own-currency-is-not-own", COLUMNAR, f"{SQL}.to_sql", "({column(fact)} {SYMBOL", "({column(fact.removesuffix('__own'))} {SYMBOL"),
    fault("alternatives-are-cut-off", DURABLE, f"{PARTS}.Splitter._few", "while len(clauses) > MOST_CLAUSES:", "clauses = clauses[:MOST_CLAUSES]\n    while len(clauses) > MOST_CLAUSES:"),
    fault("a-long-clause-is-cut-off", DURABLE, f"{PARTS}.Splitter._short", "while len(clause) > MOST_TESTS:", "clause = clause[:MOST_TESTS]\n    while len(clause) > MOST_TESTS:"),
    fault("rules-beyond-the-first-ruleset-are-lost", DURABLE, f"{STEPS}._rulesets", "enumerate(groups)", "enumerate(groups[:1])"),
    # The order of a layer.
    fault("the-last-segment-wins", MEANING, f"{PLAIN}.segment_layer", "in policy.segments if", "in policy.segments[::-1] if"),
    fault("too-small-before-paused", DURABLE, f"{RULES}._wait", "(Wait.PAUSED, layers.stops(policy, Stops.STAGES)),\n        (Wait.TOO_SMALL, layers.too_small(policy)),", "(Wait.TOO_SMALL, layers.too_small(policy)),\n        (Wait.PAUSED, layers.stops(policy, Stops.STAGES)),"),
    fault("segment-before-exception", COLUMNAR, f"{COLUMNS}._ladder", "(by_exception, *chosen)", "(*chosen, by_exception)"),
    fault("pauses-read-no-paused", COLUMNAR, f"{LAYERS}.paused", "(stops(policy, Stops.STAGES), NOTHING_LEFT)", "(stops(policy, Stops.STAGES),)"),
    # The ladder.
    fault("a-rung-is-passed-over", MEANING, f"{PLAIN}.candidate_of", "index(standing) + 1", "index(standing) + 2"),
    fault("one-step-takes-two", DURABLE, f"{RULES}._acting_rules", 'yield Rule(_fresh(rung), {"acting": 0})', "pass"),
    fault("highest-takes-the-lowest", COLUMNAR, f"{COLUMNS}._acting_on", "str(rung.number)) for rung in reversed(rungs))\n            return _first(due", "str(rung.number)) for rung in rungs)\n            return _first(due"),
    fault("follows-facts-remembers", MEANING, f"{PLAIN}.candidate_of", "fits = [s for s in ladder.stages if", "fits = [s for s in fresh if"),
    fault("highest-forgets", DURABLE, f"{LAYERS}.stands", "return executed(stage)", "return All((executed(stage), stage.when))"),
    fault("gap-a-day-long", COLUMNAR, f"{LAYERS}.gap_is_open", "Op.AT_LEAST", "Op.OVER"),
    fault("gap-starts-closed", COLUMNAR, f"{LAYERS}.gap_is_open", "Not(Known(GAP)), Compare(GAP, Op.AT_LEAST, ladder.gap_before(stage))", "Compare(GAP, Op.AT_LEAST, ladder.gap_before(stage)),"),
    fault("cap-one-too-many", DURABLE, f"{LAYERS}.cap_allows", "Op.BELOW", "Op.AT_MOST"),
    fault("repeat-one-too-few", COLUMNAR, f"{LAYERS}.repeats", "Op.AT_MOST", "Op.BELOW"),
    fault("repeat-a-day-late", MEANING, f"{LAYERS}.repeats", "Op.AT_LEAST", "Op.OVER"),
    fault("stage-limit-is-ignored", DURABLE, f"{LAYERS}.eligible", ', Is("exception__stage", (NONE, *allowed))', ""),
    fault("acts-before-due-when-late", COLUMNAR, f"{LAYERS}.eligible", "BEFORE_DUE if stage.before_due else IS_LATE", "IS_LATE"),
    fault("small-is-at-most", MEANING, f"{LAYERS}.too_small", "Op.BELOW", "Op.AT_MOST"),
    # Tone, sales, holds, limits, worklist.
    fault("the-harshest-tone", MEANING, f"{PLAIN}.tone_of", "return min(", "return max("),
    fault("the-harshest-tone", DURABLE, f"{RULES}._tone", "for tone in policy.tones)\n    return", "for tone in reversed(policy.tones))\n    return"),
    fault("stand-down-is-ignored", MEANING, f"{PLAIN}.sales_layer", "if stood_down or holds", "if holds"),
    fault("sales-is-asked-twice", COLUMNAR, f"{LAYERS}.asks", 'All((rule.when, Not(Includes("sales_asked", rule.id))))', "rule.when"),
    fault("sales-is-asked-while-stopped", DURABLE, f"{RULES}._sales", 'Is("sales_stopped", (False,))', ""),
    fault("silence-is-told-twice", COLUMNAR, f"{LAYERS}.tells", '"requests_answered", "requests_told")', '"requests_answered")'),
    fault("silence-is-told-too-early", DURABLE, f"{LAYERS}.tells", '"requests_open", ', ""),
    fault("silence-is-told-after-stand-down", MEANING, f"{PLAIN}.sales_layer", "return (), stood_down, ()", "return (), stood_down, tuple(rule.id for rule in policy.sales if holds(layers.tells(rule), facts))"),
    fault("a-hold-needs-nothing", COLUMNAR, f"{LAYERS}.may_place", 'Includes("sales_asked", request), ', ""),
    fault("a-hold-waits-for-no-answer", DURABLE, f"{LAYERS}.may_place", 'Not(Includes("requests_open", request)), ', ""),
    fault("a-pause-gives-its-task-again", DURABLE, f"{LAYERS}.gives_task", 'Not(Includes("tasks_given", pause.id))', ""),
    fault("the-first-limit-rule-alone", MEANING, f"{PLAIN}.limit_layer", "in policy.credit_limits if", "in policy.credit_limits[:1] if"),
    fault("a-limit-rule-is-silent-while-paused", COLUMNAR, f"{LAYERS}.reviews_limit", "return rule.when", 'return All((rule.when, Is("paused", (False,))))'),
    fault("equal-points-are-counted-once", DURABLE, "duly.rules.durable.reading.read", 'add for id_, add in ids.points if state[member("points", id_)]', '{add for id_, add in ids.points if state[member("points", id_)]}'),
]  # fmt: skip


def plant(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the function by one made from the changed source, for this engine only."""
    path, _, name = fault.where.rpartition(".")
    owner = _find(path)
    original = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(original))
    assert source.count(fault.was) == 1, "the list is out of date"
    made: dict[str, FunctionType] = {}
    code = compile(
        f"from __future__ import annotations\n{source.replace(fault.was, fault.becomes)}", fault.where, "exec"
    )
    exec(code, inspect.unwrap(original).__globals__, made)
    if owner is layers:
        monkeypatch.setattr(READERS[fault.engine], "layers", SimpleNamespace(**vars(layers) | made))
        return
    monkeypatch.setattr(owner, name, made[name])
    for module in (columnar, program, reading, rulesets, clauses):
        if vars(module).get(name) is original:
            monkeypatch.setattr(module, name, made[name])


def _find(path: str) -> object:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def by_meaning(policy: Policy, made: Sequence[Facts]) -> Mapping[Key, Decision]:
    return {key: meaning.decide(policy, facts) for key, facts in keyed(made)}


def by_durable_here(policy: Policy, made: Sequence[Facts]) -> Mapping[Key, Decision]:
    """What durable-rules decides in this process, where the fault is."""
    guard = Guard(rulesets.program_of(policy))
    ids = reading.Ids.of(policy)
    return {key: reading.read(ids, guard.words, guard.state(facts)) for key, facts in keyed(made)}


ENGINES: Mapping[str, Callable[[Policy, Sequence[Facts]], Mapping[Key, Decision]]] = {
    MEANING: by_meaning,
    COLUMNAR: by_columns,
    DURABLE: by_durable_here,
}


@cache
def drawn() -> tuple[tuple[Policy, int], ...]:
    """The same policies for every fault, each with the seed of its accounts."""
    made: list[tuple[Policy, int]] = []

    @settings(max_examples=200, phases=[Phase.generate], derandomize=True)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def draw(policy: Policy, seed: int) -> None:
        made.append((policy, seed))

    draw()
    return tuple(made)


@cache
def sound(engine: str, number: int) -> tuple[Sequence[Facts], Mapping[Key, Decision]]:
    """The accounts of one of the policies, and what an engine without a fault decides; many faults are held to it."""
    policy, seed = drawn()[number]
    made = accounts(policy, 150, seed)
    return made, ENGINES[engine](policy, made)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    other = COLUMNAR if fault.engine is MEANING else MEANING

    def differ(number: int, policy: Policy) -> bool:
        made, decided = sound(other, number)
        with monkeypatch.context() as while_planted:
            plant(fault, while_planted)
            return ENGINES[fault.engine](policy, made) != decided

    assert any(differ(number, policy) for number, (policy, _) in enumerate(drawn()))
