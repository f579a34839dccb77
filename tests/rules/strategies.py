"""Policies and accounts at random, most of them on a boundary.

A policy is drawn by hypothesis, so that it shrinks; its accounts come by the
hundred from a seed, with values one below, on and one above every threshold that
the policy compares with, unknowns, every word that it names and one that it does
not, and the largest numbers there are.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from duly.book.connection import Connection
from duly.language.conditions import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Compare,
    Condition,
    Facts,
    Includes,
    Is,
    Known,
    Not,
    Op,
    Value,
    leaves,
)
from duly.language.policy import (
    ASK_NOTHING,
    AccountPause,
    After,
    Channel,
    ChooseLadder,
    Climb,
    Clock,
    ContactCap,
    CreditLimitRule,
    Hold,
    Ladder,
    Late,
    Limits,
    Needs,
    Period,
    Points,
    Policy,
    Repeat,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
    Stops,
    Task,
    ToneLimit,
)
from duly.language.reads import OWN, FactColumn, account_conditions, fact_columns
from duly.language.vocabulary import ACCOUNT_FACTS, LARGEST, Type
from duly.rules import layers
from duly.rules.decision import NONE

Draw = st.DrawFn

NUMBERS = ("past_due", "past_due__own", "days_past_due", "days_since_reply", "credit_used_pct", "broken_promises")
WORDS = {
    "relationship": ("fragile", "normal", "strong", "none"),
    "country": ("US", "DE", "PT", "O'Higgins"),
    "creditor": ("main", "second"),
    "promise": ("open", "none"),
    "customer_ladder": ("l1", "l2", "none"),
}
YES_NO = ("insolvent", "has_email")
TAGS = ("key", "legacy")
THRESHOLDS = (0, 1, 7, 30, 250_00, LARGEST)


@dataclass(frozen=True, slots=True)
class Readable:
    """What a condition at some layer may read: numbers, words with their values, yes/no facts, sets with members."""

    words: dict[str, tuple[str, ...]]
    yes_no: tuple[str, ...]
    sets: dict[str, tuple[str, ...]]

    def also(
        self,
        words: dict[str, tuple[str, ...]] | None = None,
        yes_no: tuple[str, ...] = (),
        sets: dict[str, tuple[str, ...]] | None = None,
    ) -> Readable:
        """What the next layer may read."""
        named = {name: members for name, members in (sets or {}).items() if members}
        return Readable(self.words | (words or {}), self.yes_no + yes_no, self.sets | named)


@st.composite
def leaf_conditions(draw: Draw, readable: Readable) -> Condition:
    """One test of one fact."""
    number = draw(st.sampled_from(NUMBERS))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3:
            return Compare(number, draw(st.sampled_from(Op)), draw(st.sampled_from(THRESHOLDS)))
        case 4:
            values = draw(st.lists(st.sampled_from(THRESHOLDS), max_size=3, unique=True))
            return Is(number, tuple(values))
        case 5 | 6:
            name = draw(st.sampled_from(sorted(readable.words)))
            values_ = draw(st.lists(st.sampled_from(readable.words[name]), min_size=1, max_size=3, unique=True))
            return Is(name, tuple(values_))
        case 7:
            return Is(draw(st.sampled_from(readable.yes_no)), (draw(st.booleans()),))
        case 8 if readable.sets:
            name = draw(st.sampled_from(sorted(readable.sets)))
            return Includes(name, draw(st.sampled_from(readable.sets[name])))
        case _:
            return Known(draw(st.sampled_from(("days_since_reply", "country", "credit_used_pct", number))))


@st.composite
def conditions(draw: Draw, readable: Readable, depth: int = 3) -> Condition:
    """A condition, now and then empty, deep, or too large for one rule of the engine."""
    kind = draw(st.integers(0, 19))
    if depth == 0 or kind < 9:
        return draw(leaf_conditions(readable))
    if kind == 9:
        return NEVER if draw(st.booleans()) else ALWAYS
    if kind < 12:
        return Not(draw(conditions(readable, depth - 1)))
    parts = draw(st.lists(conditions(readable, depth - 1), max_size=3))
    if kind < 16:
        return All(tuple(parts))
    return Any(tuple(parts))


def large_conditions(draw: Draw) -> Condition:
    """A condition of many tests, of which the last ones matter as well."""
    width = draw(st.sampled_from((25, 33, 70)))
    numbers = tuple(Is("days_past_due", (number,)) for number in range(width))
    match draw(st.integers(0, 2)):
        case 0:
            return Any(numbers)
        case 1:
            return All(tuple(Not(part) for part in numbers))
        case _:
            pairs = zip(numbers, (Compare("past_due", Op.OVER, number) for number in range(width)), strict=True)
            return All(tuple(Any(pair) for pair in pairs))


STAGES = tuple(f"s{n}" for n in range(1, 7))
CLOCKS = tuple(
    Clock(since, period, month_end)
    for since, period, month_end in (
        (Since.DUE_DATE, Period.DAYS, False),
        (Since.DUE_DATE, Period.MONTHS, True),
        (Since.PREVIOUS_STAGE, Period.DAYS, False),
    )
)


@st.composite
def stages(draw: Draw, id_: str, readable: Readable, tones: Sequence[str]) -> Stage:
    """One rung."""
    after = None
    if draw(st.integers(0, 5)):
        after = After(clock=draw(st.sampled_from(CLOCKS)), number=draw(st.sampled_from((-5, 0, 4, 15, 30))))
    when = draw(conditions(readable, 2)) if draw(st.booleans()) else ALWAYS
    tone = draw(st.sampled_from((*tones, ""))) if tones else ""
    sends = (Send(channel=Channel.EMAIL, template=id_),) if draw(st.booleans()) else ()
    tasks = (Task(role="collector", task="phone_call"),) if not sends and draw(st.booleans()) else ()
    repeat = None
    if draw(st.booleans()):
        repeat = Repeat(every_days=draw(st.sampled_from((7, 30))), at_most=draw(st.sampled_from((None, 0, 1, 2))))
    gap = draw(st.sampled_from((None, 0, 7)))
    return Stage(
        id=id_, after=after, when=when, tone=tone, send=sends, tasks=tasks, repeat=repeat, min_days_between=gap
    )


@st.composite
def ladders(draw: Draw, id_: str, readable: Readable, tones: Sequence[str]) -> Ladder:
    """A ladder of one to six rungs, or, rarely, of more than one ruleset holds."""
    if draw(st.integers(0, 19)) == 19:
        ids: Sequence[str] = [f"s{n}" for n in range(1, 26)]
        rungs = [Stage(id=rung, after=After(clock=CLOCKS[0], number=n)) for n, rung in enumerate(ids)]
    else:
        ids = draw(st.lists(st.sampled_from(STAGES), min_size=1, max_size=6, unique=True).map(sorted))
        rungs = [draw(stages(rung, readable, tones)) for rung in ids]
    return Ladder(
        id=id_,
        stages=tuple(rungs),
        climb=draw(st.sampled_from(Climb)),
        min_days_between=draw(st.sampled_from((0, 7))),
    )


@st.composite
def policies(draw: Draw) -> Policy:
    """A policy that loads: every id it names exists, and no layer reads a later one."""
    sales_ids = tuple(f"ask{n}" for n in range(draw(st.integers(0, 4))))
    hold_ids = tuple(f"hold{n}" for n in range(draw(st.integers(0, 2))))
    pause_ids = tuple(f"pause{n}" for n in range(draw(st.integers(0, 3))))
    tones = ("courteous", "friendly", "firm", "final")[: draw(st.integers(1, 4))]
    facts = Readable(WORDS, YES_NO, {"tags": TAGS}).also(
        sets={"holds": hold_ids, "sales_asked": sales_ids, "requests_open": sales_ids, "tasks_given": pause_ids}
    )
    named = (Segment(id=f"seg{n}", when=draw(conditions(facts))) for n in range(draw(st.integers(0, 2))))
    segments = (*named, Segment(id="rest"))
    segment_ids = tuple(segment.id for segment in segments)
    ladder_ids = ("l1", "l2", "l3")[: draw(st.integers(1, 3))]
    decided = facts.also({"segment": segment_ids, "ladder": (*ladder_ids, NONE), "executed_stage": (*STAGES, NONE)})
    pauses = tuple(
        AccountPause(
            id=id_,
            when=draw(conditions(decided)),
            stops=draw(st.frozensets(st.sampled_from(Stops))),
            tasks=(Task(role="credit_manager", task="decide"),) if draw(st.booleans()) else (),
        )
        for id_ in pause_ids
    )
    paused = decided.also(yes_no=("paused",), sets={"pauses": pause_ids})
    by = draw(st.sampled_from(("segment", "customer_ladder")))
    values = segment_ids if by == "segment" else ladder_ids
    chosen = {value: draw(st.sampled_from((*ladder_ids * 2, NONE))) for value in values if draw(st.booleans())}
    staged = paused.also({"stage": (*STAGES, NONE), "step": (*STAGES, NONE), "tone": (*tones, NONE)}, ("put_off",))
    asked = staged.also(sets={"asked_today": sales_ids})
    placed = asked.also(sets={"placed_today": hold_ids, "released_today": hold_ids})
    many = 65 if draw(st.integers(0, 9)) == 9 else draw(st.integers(0, 3))
    points = [Points(id=f"p{n}", add=10 - 20 * (n // 2), when=draw(conditions(placed))) for n in range(min(many, 3))]
    points += [Points(id=f"p{n}", add=1, when=Compare("days_past_due", Op.AT_LEAST, n)) for n in range(3, many)]
    if draw(st.integers(0, 4)) == 4:
        points.append(Points(id="large", add=1_000, when=large_conditions(draw)))
    return Policy(
        id="generated",
        currency="USD",
        late=Late(ignore_account_below=draw(st.sampled_from((0, 50_00)))),
        segments=segments,
        account_pauses=pauses,
        tones=tones,
        ladders=tuple(draw(ladders(id_, paused, tones)) for id_ in ladder_ids),
        choose_ladder=ChooseLadder(by=by, of=chosen, otherwise=draw(st.sampled_from((*ladder_ids * 3, NONE)))),
        tone_limits=tuple(
            ToneLimit(id=f"limit{n}", at_most=draw(st.sampled_from(tones)), when=draw(conditions(paused)))
            for n in range(draw(st.integers(0, 3)))
        ),
        sales=tuple(
            SalesRule(
                id=id_,
                ask=draw(st.sampled_from(("why", "meet", ASK_NOTHING))),
                when=draw(conditions(staged)),
                unanswered_tell=draw(st.sampled_from(("", "sales_manager"))),
            )
            for id_ in sales_ids
        ),
        holds=tuple(
            Hold(
                id=id_,
                place=draw(conditions(asked)),
                release=draw(conditions(asked)),
                needs=draw(needs(sales_ids)),
            )
            for id_ in hold_ids
        ),
        credit_limits=tuple(
            CreditLimitRule(id=f"change{n}", raise_pct=10, when=draw(conditions(placed)))
            for n in range(draw(st.integers(0, 3)))
        ),
        worklist=tuple(points),
        limits=draw(st.sampled_from((Limits(), Limits(contacts_per_customer=ContactCap(at_most=2, in_days=7))))),
    )


def needs(sales_ids: Sequence[str]) -> st.SearchStrategy[Needs | None]:
    """A request that a hold waits for, or none."""
    if not sales_ids:
        return st.none()
    requests = st.builds(
        lambda request, answered_only: Needs(request=request, answered_only=answered_only),
        st.sampled_from(sales_ids),
        st.booleans(),
    )
    return st.none() | requests


# Accounts.


def asked_of_accounts(policy: Policy) -> Iterator[Condition]:
    """Every condition that the layers of the policy ask, those of the ladder included."""
    yield from (reading.condition for reading in account_conditions(policy))
    yield layers.too_small(policy)
    yield layers.NOTHING_LEFT
    for ladder in policy.ladders:
        for stage in ladder.stages:
            yield layers.eligible(ladder, stage)
            yield layers.repeats(ladder, stage)
            yield layers.gap_is_open(ladder, stage)
            yield layers.cap_allows(policy, stage)
            yield stage.reached


USUAL: dict[str, tuple[Value, ...]] = {
    "late": (True, True, True, True, False),
    "outcome_unknown": (False,) * 9 + (True,),
    "contact_day": (True, True, True, False),
    "exception__pause": (False,) * 9 + (True,),
    "exception__ladder": ("",) * 9,
    "exception__stage": (NONE,) * 5,
    "exception__tone": (NONE,) * 5,
}
"""Values of facts that would otherwise stop most accounts at the same place."""


def accounts(policy: Policy, count: int, seed: int) -> list[dict[str, Value]]:
    """So many accounts, with every fact that the policy can read."""
    chance = random.Random(seed)
    columns = fact_columns(policy)
    values = _values(policy, columns)
    sets = {fact.name for fact in ACCOUNT_FACTS if fact.type is Type.SET}
    made = []
    for _ in range(count):
        facts: dict[str, Value] = {c.name: chance.choice(values[c.name]) for c in columns if not c.member}
        for name in sets:
            members = [c.member for c in columns if c.fact == name and c.member]
            facts[name] = frozenset(member for member in members if chance.random() < 0.4)
        made.append(facts)
    return made


def _values(policy: Policy, columns: Sequence[FactColumn]) -> dict[str, list[Value]]:
    """The values of each column that make a difference."""
    numbers: dict[str, set[int]] = defaultdict(set)
    words: dict[str, set[str]] = defaultdict(set)
    for condition in asked_of_accounts(policy):
        for leaf in leaves(condition):
            match leaf:
                case Compare(fact, _, number):
                    numbers[fact] |= {number - 1, number, number + 1}
                case Is(fact, given):
                    numbers[fact] |= {v for v in given if isinstance(v, int)}
                    words[fact] |= {v for v in given if isinstance(v, str)}
                case Includes() | Known():
                    pass
    words["exception__tone"] |= set(policy.tones)
    words["exception__stage"] |= set(policy.stage_ids)
    words["exception__ladder"] |= {NONE, *(ladder.id for ladder in policy.ladders[:1])}
    values: dict[str, list[Value]] = {}
    for column in columns:
        match column.type:
            case Type.YES_NO:
                some: list[Value] = [True, False]
            case Type.NUMBER | Type.MONEY | Type.PERCENT:
                bounded = {n for n in (0, *sorted(numbers[column.name])) if abs(n) <= LARGEST}
                some = [*sorted(bounded)]
                some += [LARGEST] if column.name.removesuffix(OWN) in NUMBERS else []
            case _:
                # A choice has no other words than its own; a text may have any.
                other = ["Erewhon"] if column.type is Type.TEXT and not column.name.startswith("exception__") else []
                some = [*sorted(words[column.name]), *other] or [NONE]
        some += [*USUAL.get(column.name, ())]
        if column.unknown:
            some += [None] * (1 + len(some) // 4)
        values[column.name] = some
    return values


SQL_TYPE = {Type.YES_NO: "BOOLEAN", Type.TEXT: "VARCHAR", Type.CHOICE: "VARCHAR"}


def load(connection: Connection, policy: Policy, made: Sequence[Facts]) -> None:
    """The accounts as the table `account_facts`, each customer named by its place in the list."""
    columns = [column for column in fact_columns(policy) if column.name != "creditor"]
    types = {"creditor": "VARCHAR", "customer": "VARCHAR", "item": "VARCHAR", "as_of": "DATE"}
    types |= {"anchor": "VARCHAR", "episode": "VARCHAR", "episode_start": "DATE"}
    types |= {column.name: SQL_TYPE.get(column.type, "BIGINT") for column in columns}
    with TemporaryDirectory() as folder:
        path = Path(folder, "accounts.json")
        with path.open("w") as file:
            for at, facts in enumerate(made):
                row = {"creditor": facts["creditor"], "customer": customer(at), "item": "", "as_of": "2025-03-01"}
                file.write(json.dumps(row | {c.name: _in_column(c, facts) for c in columns}) + "\n")
        connection.execute(
            f"CREATE OR REPLACE TABLE account_facts AS SELECT * "
            f"FROM read_json('{path}', format = 'newline_delimited', columns = {types})"
        )


def customer(at: int) -> str:
    """The name of the customer at a place in a list of accounts."""
    return f"{at:09}"


def _in_column(column: FactColumn, facts: Facts) -> Value:
    value = facts[column.fact] if column.member else facts[column.name]
    return column.member in value if isinstance(value, frozenset) else value
