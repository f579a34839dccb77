"""durable-rules, used only in the ways that were measured to be right.

The engine is fast and right for one event of whole numbers at a time, and
crashes, hangs or answers wrongly for much else. So a `Guard` compiles a
program's rulesets once and asks them in two shapes: one event for the first
rule that holds, or one fact, asserted and taken back, for all of them. There are
no threads, no batches, no sessions beside the one, no nulls, no floats, no text,
no logic in consequents, and no names but our own. Anything the engine says that
is not expected is an `EngineFault`.

A guard belongs in a process of its own (see `worker`): some of the engine's
faults cannot be caught.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol, cast

from duly.language.conditions import Facts, Value
from duly.language.vocabulary import LARGEST
from duly.rules.durable.clauses import UNKNOWN, Clause, Codes, Relation, Test, member
from duly.rules.durable.program import Lowered, Program, Ruleset, Shape, Step, lower

ON = "on"
"""A field that every event has and that is always 1, for the rule that always fires."""

OK, NO_MATCH = 0, 1
"""What the engine answers to an event that some rule takes, and to one that none does."""

State = dict[str, int]
"""What is known of one account so far, in the engine's numbers."""


class EngineFault(Exception):
    """The engine answered something that it never should."""


class UnfitFact(Exception):
    """A fact that cannot be put to the engine: neither a word nor a whole number within bounds."""


class CModule(Protocol):
    """The part of the engine's C module that is used; a session is named by where it lies in memory."""

    error: type[Exception]

    def assert_event(self, ruleset: int, event: str) -> tuple[int, int]:
        """Put an event; answers with a code and the session."""

    def assert_fact(self, ruleset: int, fact: str) -> tuple[int, int]:
        """Put a fact, which stays; answers with a code and the session."""

    def retract_fact(self, ruleset: int, fact: str) -> tuple[int, int]:
        """Take a fact back."""

    def start_action_for_state(self, ruleset: int, session: int) -> tuple[str, str] | None:
        """The session's state and the first rule that fires with what it fires on, or None."""

    def complete_and_start_action(self, ruleset: int, session: int) -> str | None:
        """End the rule that fires; the next one with what it fires on, or None."""


class Engine:
    """The library, loaded, with a host that starts no timers; raises ImportError where it cannot be loaded."""

    def __init__(self) -> None:
        host_class = importlib.import_module("durable.engine").Host
        self.c = cast("CModule", importlib.import_module("durable_rules_engine"))

        class QuietHost(host_class):  # type: ignore[misc, valid-type]
            """A host without the two endless timer chains that the stock one starts."""

            def _run(self) -> None:
                pass

        self._host = QuietHost()

    def compile(self, name: str, definition: Mapping[str, Any]) -> int:
        """The handle of a new ruleset. The host changes definitions in place, so it gets a copy."""
        self._host.register_rulesets({name: copy.deepcopy(dict(definition))})
        return cast("int", self._host.get_ruleset(name)._handle)  # noqa: SLF001 -- the fast way in has no public name


def _nothing_to_do(_closure: object) -> None:
    """Consequents hold no logic: the engine would swallow whatever they raised."""


class Compiled:
    """One ruleset in the engine, with the text of its events."""

    def __init__(self, engine: Engine, ruleset: Ruleset, aliases: Mapping[str, str]) -> None:
        self._c = engine.c
        self._outcomes = tuple(outcome for _, outcome in ruleset.clauses)
        self._values: Callable[[State], object] = itemgetter(*ruleset.fields) if ruleset.fields else lambda _: ()
        fields = "".join(f',"{aliases[field]}":%d' for field in ruleset.fields)
        identity = '"id":"1",' if ruleset.shape is Shape.ALL else ""
        self._event = f'{{{identity}"sid":"1","{ON}":1{fields}}}'
        rules: dict[str, Any] = {
            f"r{at}": _definition(at, clause, aliases) for at, (clause, _) in enumerate(ruleset.clauses)
        }
        if ruleset.shape is Shape.FIRST:
            rules["none"] = _definition(len(ruleset.clauses), (), aliases)
        self._handle = engine.compile(ruleset.name, rules)

    def first(self, state: State) -> int | None:
        """The outcome of the first clause that holds, or None."""
        try:
            return self._first(self._event % self._values(state))
        except self._c.error as error:
            raise EngineFault(str(error)) from None

    def _first(self, event: str) -> int | None:
        code, session = self._c.assert_event(self._handle, event)
        started = self._c.start_action_for_state(self._handle, session) if code == OK else None
        if started is None:
            raise EngineFault(f"an event was answered with {code} although one rule always holds")
        rule = _rule_of(started[1])
        if self._c.complete_and_start_action(self._handle, session) is not None:
            raise EngineFault("an event that was used up fired a second rule")
        return None if rule == "none" else self._outcomes[int(rule[1:])]

    def all(self, state: State) -> set[int]:
        """The outcomes of all clauses that hold."""
        try:
            return self._all(self._event % self._values(state))
        except self._c.error as error:
            raise EngineFault(str(error)) from None

    def _all(self, fact: str) -> set[int]:
        code, session = self._c.assert_fact(self._handle, fact)
        if code == NO_MATCH:
            return set()
        if code != OK:
            raise EngineFault(f"a fact was answered with {code}")
        outcomes = set()
        started = self._c.start_action_for_state(self._handle, session)
        message = started[1] if started else None
        while message is not None:
            outcomes.add(self._outcomes[int(_rule_of(message)[1:])])
            message = self._c.complete_and_start_action(self._handle, session)
        self._c.retract_fact(self._handle, fact)
        return outcomes


def _definition(priority: int, clause: Clause, aliases: Mapping[str, str]) -> dict[str, Any]:
    tests = [_test(test, aliases[test.field]) for test in clause] or [{ON: 1}]
    return {"pri": priority, "all": [{"m": {"$and": tests}}], "run": _nothing_to_do}


def _test(test: Test, alias: str) -> dict[str, Any]:
    against = {alias: test.number}
    return against if test.relation is Relation.EQUAL else {test.relation.value: against}


def _rule_of(message: str) -> str:
    """The rule's name, which opens the text: `{"r7":{"m":…}}`."""
    return message[2 : message.index('"', 2)]


class Asked:
    """One lowered step, compiled."""

    def __init__(self, engine: Engine, lowered: Lowered, aliases: Mapping[str, str]) -> None:
        self._rulesets = tuple(Compiled(engine, ruleset, aliases) for ruleset in lowered.rulesets)
        self._outcomes = lowered.outcomes
        self._otherwise = lowered.otherwise
        self.add_to = self._first if lowered.shape is Shape.FIRST else self._all

    def _first(self, state: State) -> None:
        for ruleset in self._rulesets:
            outcome = ruleset.first(state)
            if outcome is not None:
                state.update(self._outcomes[outcome])
                return
        state.update(self._otherwise)

    def _all(self, state: State) -> None:
        state.update(self._otherwise)
        for ruleset in self._rulesets:
            for outcome in ruleset.all(state):
                state.update(self._outcomes[outcome])


class Guard:
    """A program in the engine: it says what each step of it says of an account's facts."""

    def __init__(self, program: Program) -> None:
        engine = Engine()
        self._codes: Codes = program.codes
        self.words: Mapping[int, str] = {code: word for word, code in self._codes.items()}
        self._reads = program.reads
        self._members = tuple((member(fact, name), fact, name) for fact, name in program.members)
        lowered = {step.name: lower(step, self._codes) for step in program.steps}
        rulesets = (ruleset for parts in lowered.values() for part in parts for ruleset in part.rulesets)
        fields = dict.fromkeys(field for ruleset in rulesets for field in ruleset.fields)
        # Names of our own, since the engine gives some names a meaning and knows fields by a 32-bit hash of them.
        aliases = {field: f"x{at}" for at, field in enumerate(fields)}
        asked = {name: tuple(Asked(engine, part, aliases) for part in parts) for name, parts in lowered.items()}

        def of(steps: Sequence[Step]) -> tuple[Asked, ...]:
            return tuple(part for step in steps for part in asked[step.name])

        self._first = of(program.first)
        self._then = {self._codes[id_]: of(steps) for id_, steps in program.then.items()}

    def state(self, facts: Facts) -> State:
        """Everything that the rulesets say of an account, beside its facts."""
        state = {name: self._number(facts[name]) for name in self._reads}
        for field, fact, name in self._members:
            state[field] = int(name in cast("frozenset[str]", facts[fact]))
        for asked in self._first:
            asked.add_to(state)
        for asked in self._then[state["ladder"]]:
            asked.add_to(state)
        return state

    def _number(self, value: Value) -> int:
        match value:
            case None:
                return UNKNOWN
            case str():
                return self._codes.get(value, 0)
            case int() if -LARGEST <= value <= LARGEST:
                return int(value)
            case _:
                raise UnfitFact(f"`{value}` is neither a word nor a whole number within bounds")
