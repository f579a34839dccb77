"""Policies at random that look like somebody's, and every account that tells their rules apart.

A policy is made clean: stages in order with room between them, tones that rise by one,
holds after the request that they wait for. One in six then has a number or a word of one
condition changed, which may or may not make a defect of it: that is for the judge to say.
The accounts are all combinations of the values on both sides of every number that the
policy names, of its words, and of what was done before; small enough to try every one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from duly.language.conditions import ALWAYS, All, Compare, Condition, Is, Op, Value, leaves
from duly.language.policy import (
    AccountPause,
    After,
    Channel,
    ChooseLadder,
    Clock,
    CreditLimitRule,
    Hold,
    Ladder,
    Late,
    Needs,
    Period,
    Points,
    Policy,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
    Task,
    ToneLimit,
)
from duly.language.reads import account_conditions, fact_columns
from duly.language.vocabulary import ACCOUNT, Type
from duly.review.check.asked import instead, parts_of, rules_of, with_condition
from duly.rules.decision import NONE

TONES = ("courteous", "friendly", "firm", "final")
SINCE_DUE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)
THIRD_FACTS = ("relationship", "insolvent", "annual_sales", "average_days_late")
LONG_AGO = 100


def generated(seed: int) -> Policy:
    """The policy of this seed."""
    chance = random.Random(seed)
    third = chance.choice(THIRD_FACTS)
    policy = _clean(chance, third)
    return policy if is_clean(seed) else _changed(chance, policy)


def is_clean(seed: int) -> bool:
    """Say whether nothing is changed in the policy of this seed."""
    return seed % 6 != 0


def _third(chance: random.Random, fact: str) -> Condition:
    match fact:
        case "relationship":
            return Is(fact, (chance.choice(("fragile", "strong")),))
        case "insolvent":
            return Is(fact, (True,))
        case _:
            return Compare(fact, chance.choice((Op.AT_LEAST, Op.BELOW)), chance.choice((20, 50)))


def _clean(chance: random.Random, third: str) -> Policy:
    gap = chance.choice((0, 5, 7))
    grace = chance.choice((0, 3, 5))
    least = chance.choice((0, 50))
    ladder = _ladder(chance, gap, grace + 1)
    mild = TONES[len([stage for stage in ladder.stages if stage.tone]) - 2]
    sum_, day = chance.choice((200, 400)), chance.randint(25, 40)
    sales = SalesRule(
        id="ask", ask="why", when=_both(("days_past_due", day), ("past_due", sum_)), within_business_days=5
    )
    hold = Hold(
        id="hold",
        place=_both(("days_past_due", day + chance.randint(7, 20)), ("past_due", sum_ + chance.choice((0, 100)))),
        release=Compare("past_due", Op.AT_MOST, chance.choice((0, 100))),
        needs=Needs(request="ask"),
    )
    when = _third(chance, third)
    last = max(stage.after.number for stage in ladder.stages if stage.after and stage.tone)
    early = All((when, Compare("days_past_due", Op.BELOW, last + chance.randint(1, 20))))
    segments = (Segment(id="some", when=when), Segment(id="rest")) if chance.random() < 0.5 else (Segment(id="rest"),)
    pauses = (AccountPause(id="pause", when=All((when, Compare("past_due", Op.BELOW, 300)))),)
    return Policy(
        id="generated",
        currency="USD",
        late=Late(grace_days=grace, ignore_account_below=least),
        segments=segments,
        account_pauses=pauses if chance.random() < 0.5 else (),
        tones=TONES,
        ladders=(ladder,),
        choose_ladder=ChooseLadder(otherwise="ladder"),
        tone_limits=(ToneLimit(id="limit", at_most=mild, when=chance.choice((when, early))),),
        sales=(sales,),
        holds=(hold,) if chance.random() < 0.7 else (),
        credit_limits=(
            CreditLimitRule(id="lower", lower_pct=10, when=_both(("days_past_due", 50), ("past_due", sum_))),
        ),
        worklist=(
            Points(id="large", add=5, when=Compare("past_due", Op.OVER, 400)),
            Points(id="small", add=1, when=All((Compare("past_due", Op.AT_MOST, 400), when))),
        ),
    )


def _both(*least: tuple[str, int]) -> Condition:
    return All(tuple(Compare(fact, Op.AT_LEAST, number) for fact, number in least))


def _ladder(chance: random.Random, gap: int, first: int) -> Ladder:
    count = chance.randint(2, 4)
    day, over = first + chance.randint(0, 3), 0
    stages = []
    for number in range(count):
        over = chance.choice((over, max(over, 200), max(over, 250))) if number > 1 else 0
        stages.append(
            Stage(
                id=f"s{number}",
                after=After(clock=SINCE_DUE, number=day),
                when=Compare("past_due", Op.OVER, over) if over else ALWAYS,
                tone=TONES[number],
                send=(Send(channel=Channel.LETTER, template="letter"),),
            )
        )
        day += max(gap, 1) + chance.randint(0, 15)
    if over:
        small = Compare("past_due", Op.AT_MOST, over)
        task = (Task(role="credit_manager", task="decide"),)
        stages.append(Stage(id="small", after=After(clock=SINCE_DUE, number=day), when=small, tasks=task))
    return Ladder(id="ladder", stages=tuple(stages), min_days_between=gap)


def _changed(chance: random.Random, policy: Policy) -> Policy:
    """The policy with one test of one condition made another one."""
    rule, part = chance.choice([(rule, part) for rule in rules_of(policy) for part in parts_of(rule.condition)])
    match part.condition:
        case Compare(fact, op, number):
            op = chance.choice(list(Op))
            other: Condition = Compare(fact, op, max(0, number + chance.choice((-500, -100, -1, 0, 1, 100, 500))))
        case Is(fact, (bool(yes),)):
            other = Is(fact, (not yes,))
        case _:
            other = Compare("past_due", Op.OVER, 250)
    return with_condition(policy, rule, instead(rule.condition, part.path, other))


# Accounts.


def accounts(policy: Policy) -> Iterator[dict[str, Value]]:
    """Every account that the policy can tell apart, in some situations of its past."""
    numbers = _numbers(policy)
    words = {name: named for name in ("relationship", "insolvent") if (named := _words(policy, name))}
    grace = policy.late.grace_days
    days = sorted({day for day in numbers["days_past_due"] if day > grace} | {grace + 1})
    sums = sorted({sum_ for sum_ in numbers["past_due"] if sum_ >= 0} | {0})
    others: dict[str, list[Value]] = dict(words)
    for name in ("annual_sales", "average_days_late"):
        if numbers[name]:
            unknown: list[Value] = [None] if name == "average_days_late" else []
            others[name] = [*unknown, *sorted(n for n in numbers[name] if n >= 0)]
    ages: list[dict[str, Value]] = [_age(0, 0), *(_age(day, sum_) for day, sum_ in product(days, sums))]
    quiet = _quiet(policy)
    situations = list(_situations(policy))
    for values in _all_of(others):
        given = {**quiet, **values}
        for past in situations:
            for age in ages:
                yield {**given, **past, **age}


def _all_of(values: dict[str, list[Value]]) -> Iterator[dict[str, Value]]:
    if not values:
        yield {}
        return
    name, *others = values
    for rest in _all_of({other: values[other] for other in others}):
        for value in values[name]:
            yield {**rest, name: value}


def _age(day: int, owed: int) -> dict[str, Value]:
    """What is so of an account so many days past due; 0 is not late."""
    count = 1 if day else 0
    facts: dict[str, Value] = dict.fromkeys(("late_count", "late_count_with_disputed", "open_count"), count)
    facts |= dict.fromkeys(("past_due", "past_due_with_disputed", "open_amount", "largest_late"), owed)
    return facts | {"late": day > 0, "days_past_due": day, SINCE_DUE.fact: day or None}


def _quiet(policy: Policy) -> dict[str, Value]:
    facts: dict[str, Value] = {}
    for column in fact_columns(policy):
        fact = ACCOUNT.get(column.fact)
        if column.member:
            facts[column.fact] = frozenset()
        elif column.unknown:
            facts[column.name] = None
        elif column.type is Type.YES_NO:
            facts[column.name] = column.name == "contact_day"
        elif column.type in {Type.NUMBER, Type.MONEY, Type.PERCENT}:
            facts[column.name] = 0
        elif column.name == "exception__ladder":
            facts[column.name] = ""
        else:
            facts[column.name] = fact.members[0] if fact and fact.members and not fact.or_none else NONE
    return facts | {"relationship": "normal"}


def _situations(policy: Policy) -> Iterator[dict[str, Value]]:
    """Nothing done; each number of stages done; sales asked and answered; every hold in force."""
    stages = policy.ladders[0].stages
    yield {}
    for count in range(1, len(stages) + 1):
        yield _done(stages[:count])
    asked = frozenset(rule.id for rule in policy.sales)
    yield {"sales_asked": asked, "requests_answered": asked}
    yield {"holds": frozenset(hold.id for hold in policy.holds)}


def _done(stages: tuple[Stage, ...]) -> dict[str, Value]:
    facts: dict[str, Value] = dict.fromkeys((s.days_fact for s in stages), LONG_AGO)
    facts |= dict.fromkeys((s.times_fact for s in stages), 1)
    return facts | {"days_since_stage": LONG_AGO, "days_since_last_stage": LONG_AGO}


def _numbers(policy: Policy) -> dict[str, set[int]]:
    """The last number before and the first after each boundary, by fact."""
    asked = [reading.condition for reading in account_conditions(policy)] + [s.reached for s in policy.stages()]
    found: dict[str, set[int]] = {
        "days_past_due": set(),
        "past_due": {policy.late.ignore_account_below, policy.late.ignore_account_below - 1},
        "annual_sales": set(),
        "average_days_late": set(),
    }
    for leaf in (leaf for condition in asked for leaf in leaves(condition)):
        if isinstance(leaf, Compare):
            first = leaf.number + (leaf.op in {Op.OVER, Op.AT_MOST})
            found["days_past_due" if leaf.fact == SINCE_DUE.fact else leaf.fact] |= {first - 1, first}
    return found


def _words(policy: Policy, name: str) -> list[Value]:
    asked = [leaf for r in account_conditions(policy) for leaf in leaves(r.condition)]
    named = {value for leaf in asked if isinstance(leaf, Is) and leaf.fact == name for value in leaf.values}
    if name == "insolvent":
        return [False, True] if named else []
    return [*sorted(named, key=str), "normal"] if named else []
