"""Pairs of policies, the second an edit of the first, and accounts of which both could be asked.

The policies are small and look like real ones; the edits are those that people make, and
some that say the same in other words. The accounts come by the thousand out of SQL, on
and beside every number that either policy asks for, and are put right until every
invariant of both is true of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from duly.book.connection import Connection
from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Facts, Includes, Is, Not, Op, Value, leaves
from duly.language.invariants import Implies, invariants
from duly.language.policy import (
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
from duly.language.reads import FactColumn
from duly.language.sql import identifier, literal, to_sql
from duly.language.vocabulary import ACCOUNT_FACTS, Type
from duly.review.diff.boxes import all_turns
from duly.review.diff.regions import not_sent_yet
from duly.review.prove.symbols import NUMERIC, bounds, columns_of
from duly.rules.decision import NONE

PAST_DUE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)
AFTER_STAGE = Clock(Since.PREVIOUS_STAGE, Period.DAYS, month_end=False)
TONES = ("courteous", "friendly", "firm", "final")


def pair(seed: int) -> tuple[Policy, Policy]:
    """A policy and an edit of it, the same for the same seed."""
    chance = random.Random(seed)
    old = _policy(chance)
    new = old
    for _ in range(chance.choice((1, 1, 1, 2))):
        new = chance.choice(EDITS)(new, chance)
    return old, new


# A policy.


def _policy(chance: random.Random) -> Policy:
    days = sorted(chance.sample(range(4, 60), 3))
    rungs = tuple(
        Stage(
            id=f"s{n}",
            after=After(clock=PAST_DUE, number=number),
            when=chance.choice((ALWAYS, ALWAYS, Compare("past_due", Op.OVER, 250_00))),
            tone=tone,
            send=(Send(channel=Channel.EMAIL, template=f"s{n}"),),
            repeat=chance.choice((None, None, Repeat(every_days=14))),
        )
        for n, (number, tone) in enumerate(zip(days, TONES, strict=False), start=1)
    )
    if chance.random() < 0.3:
        rungs = (*rungs, Stage(id="s4", after=After(clock=AFTER_STAGE, number=10), action="refer_to_agency"))
    holds = (
        Hold(
            id="credit",
            place=All((Compare("days_past_due", Op.AT_LEAST, 40), Compare("past_due", Op.AT_LEAST, 1_000_00))),
            release=Compare("past_due_with_disputed", Op.AT_MOST, 0),
            needs=chance.choice((None, Needs(request="ask"))),
        ),
    )
    return Policy(
        id="generated",
        currency="USD",
        late=Late(grace_days=3, ignore_account_below=chance.choice((0, 50_00))),
        segments=(
            Segment(id="large", when=Compare("annual_sales", Op.AT_LEAST, 1_000_000_00)),
            Segment(id="rest"),
        ),
        account_pauses=(
            AccountPause(id="promised", when=Is("promise", ("open",))),
            AccountPause(
                id="insolvent",
                when=Is("insolvent", (True,)),
                stops=frozenset({Stops.STAGES}),
                tasks=(Task(role="credit_manager", task="file_claim"),),
            ),
        )[: chance.choice((1, 2))],
        tones=TONES,
        ladders=(
            Ladder(id="main", stages=rungs, climb=chance.choice(tuple(Climb)), min_days_between=chance.choice((0, 7))),
        ),
        choose_ladder=ChooseLadder(otherwise="main"),
        tone_limits=(
            ToneLimit(id="fragile", at_most="friendly", when=Is("relationship", ("fragile",))),
            ToneLimit(
                id="early",
                at_most="firm",
                when=All((Is("segment", ("large",)), Compare("days_past_due", Op.BELOW, 45))),
            ),
        )[: chance.choice((1, 2))],
        sales=(SalesRule(id="ask", ask="find_out_why", when=Compare("broken_promises", Op.AT_LEAST, 1)),),
        holds=holds,
        credit_limits=(CreditLimitRule(id="cut", lower_pct=25, when=Compare("average_days_late", Op.OVER, 30)),),
        worklist=(Points(id="old", add=20, when=Compare("days_past_due", Op.OVER, 30)),),
        limits=chance.choice((Limits(), Limits(contacts_per_customer=ContactCap(at_most=2, in_days=7)))),
    )


# Edits.

_Edit = Callable[[Policy, random.Random], Policy]


def _ladder(policy: Policy, **values: object) -> Policy:
    return replace(policy, ladders=(replace(policy.ladders[0], **values),))  # type: ignore[arg-type]


def _stage(policy: Policy, chance: random.Random, edit: Callable[[Stage], Stage]) -> Policy:
    stages = list(policy.ladders[0].stages)
    at = chance.randrange(min(3, len(stages)))
    stages[at] = edit(stages[at])
    return _ladder(policy, stages=tuple(stages))


def _another_day(policy: Policy, chance: random.Random) -> Policy:
    by = chance.choice((-3, -1, 1, 5))

    def later(stage: Stage) -> Stage:
        return replace(stage, after=replace(stage.after, number=stage.after.number + by)) if stage.after else stage

    return _stage(policy, chance, later)


def _another_tone(policy: Policy, chance: random.Random) -> Policy:
    return _stage(policy, chance, lambda stage: replace(stage, tone=chance.choice(TONES)))


def _another_template(policy: Policy, chance: random.Random) -> Policy:
    return _stage(policy, chance, lambda stage: replace(stage, send=(Send(channel=Channel.LETTER, template=stage.id),)))


def _another_condition(policy: Policy, chance: random.Random) -> Policy:
    conditions = (ALWAYS, Compare("past_due", Op.OVER, 100_00), Is("country", ("DE", "PT")), Includes("tags", "key"))
    return _stage(policy, chance, lambda stage: replace(stage, when=chance.choice(conditions)))


def _stage_gone(policy: Policy, chance: random.Random) -> Policy:
    stages = list(policy.ladders[0].stages)
    if len(stages) > 1:
        del stages[chance.randrange(len(stages))]
    return _ladder(policy, stages=tuple(stages))


def _stage_new(policy: Policy, chance: random.Random) -> Policy:
    stages = list(policy.ladders[0].stages)
    fresh = Stage(id="fresh", after=After(clock=PAST_DUE, number=20), tone="firm")
    stages.insert(chance.randrange(len(stages) + 1), fresh)
    return policy if "fresh" in policy.stage_ids else _ladder(policy, stages=tuple(stages))


def _another_climb(policy: Policy, chance: random.Random) -> Policy:
    return _ladder(policy, climb=chance.choice(tuple(Climb)))


def _another_gap(policy: Policy, chance: random.Random) -> Policy:
    return _ladder(policy, min_days_between=chance.choice((0, 6, 8)))


def _another_cap(policy: Policy, chance: random.Random) -> Policy:
    cap = chance.choice((None, ContactCap(at_most=1, in_days=7), ContactCap(at_most=3, in_days=7)))
    return replace(policy, limits=Limits(contacts_per_customer=cap))


def _another_segment(policy: Policy, chance: random.Random) -> Policy:
    large, *rest = policy.segments
    when = Compare("annual_sales", Op.AT_LEAST, chance.choice((500_000_00, 2_000_000_00)))
    return replace(policy, segments=(replace(large, when=when), *rest))


def _another_pause(policy: Policy, chance: random.Random) -> Policy:
    first, *rest = policy.account_pauses
    whens: Sequence[Condition] = (
        All((first.when, Compare("broken_promises", Op.AT_MOST, 1))),
        Any((first.when, Is("do_not_contact", (True,)))),
    )
    return replace(policy, account_pauses=(replace(first, when=chance.choice(whens)), *rest))


def _limit_gone(policy: Policy, chance: random.Random) -> Policy:
    return replace(policy, tone_limits=policy.tone_limits[: chance.choice((0, 1))])


def _limit_milder(policy: Policy, chance: random.Random) -> Policy:
    first, *rest = policy.tone_limits or (ToneLimit(id="all", at_most="final"),)
    return replace(policy, tone_limits=(replace(first, at_most=chance.choice(TONES)), *rest))


def _another_request(policy: Policy, chance: random.Random) -> Policy:
    when = Compare("broken_promises", Op.AT_LEAST, chance.choice((2, 3)))
    return replace(policy, sales=(replace(policy.sales[0], when=when),))


def _another_hold(policy: Policy, chance: random.Random) -> Policy:
    place = Compare("days_past_due", Op.AT_LEAST, chance.choice((35, 45)))
    return replace(policy, holds=(replace(policy.holds[0], place=place),))


def _another_limit(policy: Policy, chance: random.Random) -> Policy:
    rule = policy.credit_limits[0]
    return replace(policy, credit_limits=(replace(rule, lower_pct=chance.choice((25, 50))),))


def _other_points(policy: Policy, chance: random.Random) -> Policy:
    return replace(policy, worklist=(replace(policy.worklist[0], add=chance.choice((10, 20, 30))),))


def _smallest(policy: Policy, chance: random.Random) -> Policy:
    return replace(policy, late=replace(policy.late, ignore_account_below=chance.choice((10_00, 80_00))))


def _same_in_other_words(policy: Policy, chance: random.Random) -> Policy:
    """The holds with their numbers bounded from the other side, and the pauses twice denied."""

    def other(condition: Condition) -> Condition:
        match condition:
            case Compare(fact, Op.AT_LEAST, number):
                return Compare(fact, Op.OVER, number - 1)
            case All(parts):
                return All(tuple(other(part) for part in reversed(parts)))
            case _:
                return condition

    holds = tuple(replace(hold, place=other(hold.place)) for hold in policy.holds)
    pauses = tuple(replace(p, when=Not(Not(p.when))) for p in policy.account_pauses)
    return replace(policy, holds=holds, account_pauses=chance.choice((policy.account_pauses, pauses)))


EDITS: tuple[_Edit, ...] = (
    *(_another_day, _another_tone, _another_template, _another_condition, _stage_gone, _stage_new, _another_climb),
    *(_another_gap, _another_cap, _another_segment, _another_pause, _limit_gone, _limit_milder, _another_request),
    *(_another_hold, _another_limit, _other_points, _smallest, _same_in_other_words, _same_in_other_words),
)


# Accounts.

USUAL: dict[str, tuple[Value, ...]] = {"late": (True,) * 4, "outcome_unknown": (False,) * 5, "insolvent": (False,) * 3}


def load(connection: Connection, policies: Sequence[Policy], count: int, seed: int) -> None:
    """So many accounts as the table `account_facts`: only those of which every invariant is true are kept."""
    columns = columns_of(policies)
    facts = [column for column in columns if column.name != "creditor"]
    turns = all_turns(policies)
    drawn = ", ".join(f"{_drawn(policies, c, turns, seed)} AS {identifier(c.name)}" for c in facts)
    query = (
        f"SELECT 'main' AS creditor, printf('%09d', n) AS customer, '' AS item, DATE '2025-03-01' AS as_of, {drawn} "
    )
    query += f"FROM range({count}) t(n)"
    for repair in _repairs(policies):
        replaced = ", ".join(f"{text} AS {identifier(name)}" for name, text in repair.items())
        query = f"SELECT * REPLACE ({replaced}) FROM ({query})"
    true = " AND ".join(f"({text})" for text in _true(policies))
    connection.execute(f"CREATE OR REPLACE TABLE account_facts AS SELECT * FROM ({query}) WHERE {true}")


def _drawn(policies: Sequence[Policy], column: FactColumn, turns: Mapping[str, tuple[int, ...]], seed: int) -> str:
    """One of the values of a column that make a difference, by chance."""
    values: list[Value] = []
    if column.type is Type.YES_NO:
        values = [True, False]
    elif column.name.startswith("exception__"):
        values = ["" if column.name == "exception__ladder" else NONE]
    elif column.type in NUMERIC:
        least, most = bounds(column)
        numbers = {n for turn in turns.get(column.name, ()) for n in (turn - 1, turn, turn + 1)}
        values = [n for n in sorted({0, *numbers}) if least <= n <= most]
    else:
        words = {w for p in policies for c in _conditions(p) for w in _words_of(c, column.name)}
        fact = next(one for one in ACCOUNT_FACTS if one.name == column.name)
        values = [*sorted(words | set(fact.members)), *([NONE] if fact.or_none else [])]
        values += ["Erewhon"] if column.type is Type.TEXT else []
    values += USUAL.get(column.name, ())
    if column.name == "exception__pause":
        values = [False]
    if column.unknown:
        values += [None] * (1 + len(values) // 3)
    told = ", ".join(
        "NULL" if value is None else literal(value) for value in values if not isinstance(value, frozenset)
    )
    return f"list_value({told})[1 + CAST(hash(n, {literal(column.name)}, {seed}) % {len(values)} AS INTEGER)]"


def _conditions(policy: Policy) -> Iterator[Condition]:
    for parts in (policy.segments, policy.account_pauses, tuple(policy.stages()), policy.tone_limits, policy.sales):
        yield from (part.when for part in parts)
    for hold in policy.holds:
        yield from (hold.place, hold.release)


def _words_of(condition: Condition, fact: str) -> Iterator[str]:
    for leaf in leaves(condition):
        if isinstance(leaf, Is) and leaf.fact == fact:
            yield from (value for value in leaf.values if isinstance(value, str))


def _repairs(policies: Sequence[Policy]) -> Iterator[dict[str, str]]:
    """Numbers that go together put right, step by step."""
    stages = dict.fromkeys(id_ for policy in policies for id_ in policy.stage_ids)
    grace = max(policy.late.grace_days for policy in policies)
    unsent = set(not_sent_yet(policies[0], policies[1]))
    yield {f"days_since__{s}": "NULL" if f"days_since__{s}" in unsent else f'"days_since__{s}"' for s in stages}
    yield {
        "late_count": "CASE WHEN late THEN greatest(late_count, 1) ELSE 0 END",
        "days_past_due": f"CASE WHEN late THEN greatest(days_past_due, {grace + 1}) ELSE 0 END",
        "past_due": "CASE WHEN late THEN past_due ELSE 0 END",
        "largest_late": "0",
        "promises_open": "CASE WHEN promise = 'open' THEN greatest(promises_open, 1) ELSE 0 END",
        **{
            f"times__{s}": f'CASE WHEN "days_since__{s}" IS NULL THEN 0 ELSE greatest("times__{s}", 1) END'
            for s in stages
        },
        **{
            f"{what}__{rule.id}": f'"{what}__{rule.id}" AND "sales_asked__{rule.id}"'
            for what in ("requests_open", "requests_answered", "requests_told")
            for rule in policies[0].sales
        },
    }
    days = ", ".join(f'"days_since__{s}"' for s in stages)
    yield {
        "past_due_with_disputed": "greatest(past_due_with_disputed, past_due)",
        "late_count_with_disputed": "greatest(late_count_with_disputed, late_count)",
        "days_since_stage": f"least({days})",
    }
    yield {
        "open_amount": "greatest(open_amount, past_due_with_disputed)",
        "open_count": "greatest(open_count, late_count_with_disputed)",
        "outcome_unknown": "outcome_unknown AND days_since_stage IS NOT NULL",
        "days_since_last_stage": "CASE WHEN days_since_stage IS NULL THEN days_since_last_stage"
        " ELSE least(coalesce(days_since_last_stage, days_since_stage), days_since_stage) END",
        **_clocks(policies),
    }
    yield {"disputed_amount": "least(disputed_amount, open_amount)"}


def _clocks(policies: Sequence[Policy]) -> dict[str, str]:
    named = {column.name for column in columns_of(policies)}
    told = {
        PAST_DUE.fact: f"CASE WHEN late THEN days_past_due ELSE {identifier(PAST_DUE.fact)} END",
        AFTER_STAGE.fact: "days_since_stage",
    }
    return {name: text for name, text in told.items() if name in named}


def _true(policies: Sequence[Policy]) -> Iterator[str]:
    """Every invariant of the policies, as SQL."""
    for invariant in dict.fromkeys(i for policy in policies for i in invariants(policy)):
        if isinstance(invariant, Implies):
            yield f"{_holds(invariant.if_)} IS NOT TRUE OR {_holds(invariant.then)} IS TRUE"
        else:
            left, right = (" + ".join(map(identifier, names)) for names in (invariant.some, invariant.others))
            sign = "<=" if invariant.op is Op.AT_MOST else ">="
            yield f"{_holds(invariant.where)} IS NOT TRUE OR ({left} {sign} {right}) IS NOT FALSE"


def _holds(condition: Condition) -> str:
    return to_sql(condition, identifier)


def facts_of(
    connection: Connection, policies: Sequence[Policy], customers: Sequence[str]
) -> Iterator[tuple[str, Facts]]:
    """The facts of some of the accounts as values."""
    columns = columns_of(policies)
    names = ", ".join(identifier(column.name) for column in columns)
    rows = connection.execute(
        f"SELECT customer, {names} FROM account_facts WHERE list_contains(?, customer)", [list(customers)]
    ).fetchall()
    sets = {fact.name for fact in ACCOUNT_FACTS if fact.type is Type.SET}
    for customer, *row in rows:
        facts: dict[str, Value] = dict.fromkeys(sets, frozenset())
        for column, value in zip(columns, row, strict=True):
            if not column.member:
                facts[column.name] = value
            elif value:
                facts[column.fact] = frozenset({*_members(facts, column.fact), column.member})
        yield customer, facts


def _members(facts: Facts, name: str) -> frozenset[str]:
    value = facts[name]
    return value if isinstance(value, frozenset) else frozenset()


__all__ = ["facts_of", "load", "pair"]
