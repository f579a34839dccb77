"""What durable-rules does to the careless, and that the guard is not careless.

Each test shows a trap in the library itself, in a process of its own, and then
the guard in the same place.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import count
from textwrap import dedent

import pytest

from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Facts, Includes, Is, Known, Not, Op
from duly.language.vocabulary import LARGEST
from duly.rules.decision import NONE
from duly.rules.durable.guard import Engine, Guard, UnfitFact
from duly.rules.durable.program import Program, Rule, Shape, Step

PRELUDE = """
import json, logging, threading
import durable_rules_engine as c
from durable.engine import Host
logging.disable(logging.CRITICAL)

class Quiet(Host):
    def _run(self): pass

def host(condition, run=lambda closure: None):
    h = Quiet()
    h.register_rulesets({"t": {"r": {"all": [{"m": condition}], "run": run}}})
    return h

def ruleset(**conditions):
    return c.create_ruleset("t", json.dumps({name: {"all": [{"m": m}]} for name, m in conditions.items()}))

def fired(ruleset, **fact):
    names = []
    _, session = c.assert_fact(ruleset, json.dumps({"id": "1", "sid": "1", **fact}))
    started = c.start_action_for_state(ruleset, session)
    message = started and started[1]
    while message:
        names.append(next(iter(json.loads(message))))
        message = c.complete_and_start_action(ruleset, session)
    return " ".join(names)
"""


def raw(code: str, *, seconds: float = 10) -> str:
    """What the code prints in a process of its own; its last error, `signal N` where it dies, `hangs` where it does."""
    try:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PRELUDE + dedent(code)],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if run.returncode < 0:
        return f"signal {-run.returncode}"
    return run.stdout.strip() if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


NO_LADDER = Step("ladder", Shape.FIRST, (Rule(ALWAYS, {"ladder": NONE}),), {"ladder": NONE})


def guarded(shape: Shape, *conditions: Condition) -> Guard:
    """A guard over one step, whose rules say `rule0` and so on, or, in the first shape, which rule was first."""
    first = shape is Shape.FIRST
    rules = tuple(
        Rule(condition, {"first": at} if first else {f"rule{at}": True}) for at, condition in enumerate(conditions)
    )
    otherwise = {"first": -1} if first else {f"rule{at}": False for at in range(len(conditions))}
    return Guard(Program(first=(NO_LADDER, Step("it", shape, rules, otherwise)), then={NONE: ()}))


def all_of(facts: Facts, *conditions: Condition) -> list[int]:
    """The conditions that hold, by number, as the guard says."""
    state = guarded(Shape.ALL, *conditions).state(facts)
    return [at for at in range(len(conditions)) if state[f"rule{at}"]]


def first_of(facts: Facts, *conditions: Condition) -> int:
    """The first condition that holds, as the guard says."""
    return guarded(Shape.FIRST, *conditions).state(facts)["first"]


def test_the_stock_host_starts_threads_that_never_end_and_ours_starts_none() -> None:
    assert (
        raw(
            """
            Host({"t": {"r": {"all": [{"m": {"x": 1}}], "run": lambda closure: None}}})
            print(threading.active_count())
            """
        )
        == "3"
    )
    before = threading.active_count()
    Engine().compile("t", {"r": {"all": [{"m": {"x": 1}}], "run": lambda closure: closure}})
    assert threading.active_count() == before


def test_the_library_changes_the_definition_it_is_given_and_the_guard_gives_it_a_copy() -> None:
    changed = """
        definition = {"t": {"r": {"all": [{"m": {"x": 1}}], "run": lambda closure: None}}}
        Quiet().register_rulesets(definition)
        print("run" in definition["t"]["r"])
        """
    assert raw(changed) == "False"
    definition = {"r": {"all": [{"m": {"x": 1}}], "run": lambda closure: closure}}
    Engine().compile("t", definition)
    assert "run" in definition["r"]


def test_an_event_that_65_rules_match_is_an_error_and_the_guard_splits_them() -> None:
    matches = """
        r = ruleset(**{{f"r{{n}}": {{"$and": [{{"$gte": {{f"x{{n}}": 0}}}}]}} for n in range({0})}})
        print(len(fired(r, **{{f"x{{n}}": 1 for n in range({0})}}).split()))
        """
    assert raw(matches.format(64)) == "64"
    assert raw(matches.format(65)) == "durable_rules_engine.error: Could not assert fact, error code: 303"
    many = [Compare("days_past_due", Op.AT_LEAST, number) for number in range(200)]
    assert all_of({"days_past_due": 150}, *many) == list(range(151))
    assert first_of({"days_past_due": 150}, *many[::-1]) == 49


def test_an_alternative_fires_once_for_each_true_side_and_once_with_the_guard() -> None:
    assert raw('print(fired(ruleset(r={"$or": [{"x": 1}, {"y": 1}]}), x=1, y=1))') == "r r"
    both = Any((Is("late", (True,)), Is("paused", (True,))))
    state = guarded(Shape.ALL, both).state({"late": True, "paused": True})
    assert state["rule0"] == 1


def test_the_absence_of_a_field_counts_twice_and_the_guard_leaves_none_out() -> None:
    absent = 'r = ruleset(absent={"$nex": {"x": 1}})'
    assert raw(f"{absent}; print(fired(r, y=1))") == "absent absent"
    unknown: list[Condition] = [
        Known("x"),
        Not(Known("x")),
        Compare("x", Op.BELOW, 5),
        Not(Compare("x", Op.BELOW, 5)),
        Is("x", (1,)),
    ]
    assert all_of({"x": None}, *unknown) == [1]


def test_a_number_is_compared_with_text_as_text_and_the_guard_sends_numbers_alone() -> None:
    assert raw('print(fired(ruleset(r={"$gt": {"x": 10}}), x="9"))') == "r"
    assert all_of({"country": "9"}, Is("country", ("10",)), Is("country", ("9",))) == [1]


@pytest.mark.parametrize("number", [1.5, 1e22, float("nan")])
def test_a_float_with_an_exponent_is_an_error_and_the_guard_takes_no_float(number: float) -> None:
    assert raw('print(fired(ruleset(r={"$gt": {"x": 10}}), x=1e22))').endswith("error code: 204")
    with pytest.raises(UnfitFact):
        all_of({"x": number}, Compare("x", Op.OVER, 10))  # type: ignore[dict-item]


def test_a_number_beyond_64_bits_becomes_another_and_the_guard_keeps_within_bounds() -> None:
    assert raw('print(fired(ruleset(r={"x": 2**63 - 1}), x=2**64))') == "r"
    assert all_of({"x": LARGEST}, Is("x", (LARGEST,)), Is("x", (LARGEST - 1,))) == [0]
    assert all_of({"x": -LARGEST}, Is("x", (-LARGEST,)), Known("x")) == [0, 1]
    with pytest.raises(UnfitFact):
        all_of({"x": LARGEST + 1}, Known("x"))


def test_a_priority_has_16_bits_and_the_guard_needs_six() -> None:
    order = """
        always = [{{"m": {{"x": 1}}}}]
        rules = {{"late": {{"pri": {0}, "all": always}}, "early": {{"pri": 1, "all": always}}}}
        r = c.create_ruleset("t", json.dumps(rules))
        print(fired(r, x=1))
        """
    assert raw(order.format(65535)) == "early late"
    assert raw(order.format(65536)) == "late early"
    assert first_of({"x": 0}, *[Is("x", (1,))] * 300, ALWAYS, ALWAYS) == 300


def test_fields_named_id_or_sid_mean_something_to_the_library_and_the_guard_has_names_of_its_own() -> None:
    twice = """
        r = ruleset(r={"x": 1})
        print(*(c.assert_fact(r, json.dumps({"id": "A-17", "sid": "1", "x": 1}))[0] for _ in range(2)))
        """
    assert raw(twice) == "0 2"  # 2: the second fact is taken for the first
    guard = guarded(Shape.ALL, Is("id", ("A-17",)), Is("sid", ("B",)), Is("$s", (1,)))
    facts: Facts = {"id": "A-17", "sid": "B", "$s": 1}
    assert [guard.state(facts) for _ in range(2)] == [guard.state(facts)] * 2
    assert all_of(facts, Is("id", ("A-17",)), Is("sid", ("B",)), Is("$s", (1,))) == [0, 1, 2]


def fnv(text: str) -> int:
    """The 32-bit hash by which the library knows names, ids and sessions."""
    number = 0x811C9DC5
    for byte in text.encode():
        number = ((number ^ byte) * 16_777_619) & 0xFFFFFFFF
    return number


def test_two_ids_with_one_hash_are_one_fact_and_the_guard_has_one_id_and_no_two_fields_with_one_hash() -> None:
    seen: dict[int, str] = {}
    for name in (f"customer-{n}" for n in count()):
        if (other := seen.setdefault(fnv(name), name)) != name:
            break
    else:
        raise AssertionError
    taken = """
        r = ruleset(r={{"x": 1}})
        print(*(c.assert_fact(r, json.dumps({{"id": i, "sid": "1", "x": 1}}))[0] for i in {}))
        """
    assert raw(taken.format(["customer-1", "customer-2"])) == "0 0"
    assert raw(taken.format([name, other])) == "0 2"
    fields = ["on", "id", "sid", *(f"x{n}" for n in range(20_000))]
    assert len({fnv(field) for field in fields}) == len(fields)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param('host({"x": 1}).post_batch("t", [])', "signal 11", id="an-empty-batch"),
        pytest.param('host({"x": 1}).post_batch("t", [{}])', "signal 11", id="an-empty-event"),
        pytest.param(
            """
            got = []
            try: host({"x": 1}, lambda closure: got.append(1)).post_batch("t", [{"x": 2}, {"x": 1}, {"x": 1}])
            except Exception as error: print(type(error).__name__, len(got))
            """,
            "MessageObservedException 0",
            id="a-batch-with-one-that-no-rule-takes",
        ),
    ],
)
def test_batches_crash_or_are_lost_and_the_guard_puts_one_event_at_a_time(code: str, outcome: str) -> None:
    assert raw(code) == outcome
    guard = guarded(Shape.ALL, Is("x", (1,)))
    assert [guard.state({"x": x})["rule0"] for x in (2, 1, 1)] == [0, 1, 1]
    assert guarded(Shape.ALL).state({})["ladder"] > 0


def test_more_than_a_thousand_sessions_break_the_library_and_the_guard_has_one() -> None:
    sessions = """
        h = host({"x": 1})
        for n in range(3_000): h.post("t", {"sid": str(n), "x": 1})
        """
    assert raw(sessions) in {"MemoryError", "signal 11", "signal 6"}
    guard = guarded(Shape.ALL, Is("x", (1,)))
    assert [guard.state({"x": n % 2})["rule0"] for n in range(3_000)] == [0, 1] * 1_500


def test_deleting_a_session_that_never_acted_crashes_and_the_guard_deletes_none() -> None:
    delete = """
        r = ruleset(r={"x": 1})
        c.assert_fact(r, json.dumps({"id": "1", "sid": "7", "x": 2}))
        c.delete_state(r, "7")
        """
    assert raw(delete) == "signal 11"
    assert all_of({"x": 2}, Is("x", (1,))) == []


def test_a_division_by_nothing_kills_the_process_and_the_guard_compares_with_constants_alone() -> None:
    divide = """
        quotient = {"$div": {"$l": {"a": "n"}, "$r": {"a": "z"}}}
        r = c.create_ruleset("t", json.dumps({"r": {"all": [{"a": {"x": 1}}, {"b": {"$gt": {"n": quotient}}}]}}))
        fired(r, x=1, n=5, z=0)
        c.assert_fact(r, json.dumps({"id": "2", "sid": "1", "n": 3}))
        """
    assert raw(divide) == "signal 8"
    assert all_of({"x": 0}, Compare("x", Op.AT_LEAST, 0)) == [0]


def test_what_a_consequent_raises_is_swallowed_and_the_guard_has_nothing_in_consequents() -> None:
    raises = """
        def consequent(closure): raise KeyboardInterrupt
        host({"x": 1}, consequent).post("t", {"x": 1})
        print("went on")
        """
    assert raw(raises) == "went on"
    guard = guarded(Shape.FIRST, Is("x", (1,)))
    with pytest.raises(KeyError):
        guard.state({})


def test_a_suppression_in_the_same_ruleset_comes_too_late_and_the_guard_asks_it_first() -> None:
    late = """
        said = []
        def stop(closure):
            said.append("stop")
            closure.assert_fact({"stopped": 1})
        unless_stopped = [{"m": {"x": 1}}, {"s$not": {"stopped": 1}}]
        rules = {
            "stop": {"pri": 0, "all": [{"m": {"x": 1}}], "run": stop},
            "act": {"pri": 1, "all": unless_stopped, "run": lambda closure: said.append("act")},
        }
        h = Quiet()
        h.register_rulesets({"t": rules})
        h.assert_fact("t", {"id": "1", "sid": "1", "x": 1})
        print(*said)
        """
    assert raw(late) == "stop act"
    stop = Step("stop", Shape.ALL, (Rule(Is("x", (1,)), {"stopped": True}),), {"stopped": False})
    unless_stopped = All((Is("x", (1,)), Is("stopped", (False,))))
    act = Step("act", Shape.ALL, (Rule(unless_stopped, {"acts": True}),), {"acts": False})
    state = Guard(Program(first=(NO_LADDER, stop, act), then={NONE: ()})).state({"x": 1})
    assert (state["stopped"], state["acts"]) == (1, 0)


def test_the_operator_language_drops_half_of_an_and_and_the_guard_writes_dictionaries() -> None:
    dropped = """
        import durable.lang as lang
        from durable.lang import m, when_all
        with lang.ruleset("t"):
            @when_all((m.x == 1) and (m.y == 1))
            def r(closure): pass
        (rules,) = lang._rulesets.values()
        print(rules.define()[1]["r_0"]["all"])
        """
    assert raw(dropped) == "[{'m': {'y': 1}}]"
    both = (Includes("holds", "credit"), Is("late", (True,)))
    assert all_of({"holds": frozenset({"credit"}), "late": False}, *both) == [0]
