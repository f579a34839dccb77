"""Facts as both derivations see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from _pytest.mark.structures import ParameterSet

from duly.book.again import AccountFacts, Key, facts_of
from duly.book.book import Book
from duly.book.facts import build_facts, facts_from
from duly.book.raw import raw_rows
from duly.language.conditions import ALWAYS, Condition
from duly.language.policy import (
    After,
    Calendar,
    Channel,
    Clock,
    ContactCap,
    ContactHours,
    Hold,
    Ladder,
    Late,
    Limits,
    Period,
    Policy,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
)
from tests.book.facts.books import together
from tests.book.facts.building import Row, make_book, with_defaults

ACCOUNT: Key = ("main", "C1", "")

DAYS_PAST_DUE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)


def stage(id_: str, number: int = 1, clock: Clock = DAYS_PAST_DUE) -> Stage:
    """A stage that sends an e-mail."""
    send = Send(channel=Channel.EMAIL, template=id_)
    return Stage(id=id_, after=After(clock=clock, number=number), tone="friendly", send=(send,))


def a_policy(*stages: Stage, late: Late | None = None, when: Condition = ALWAYS, **parts: object) -> Policy:
    """A small policy in USD without grace; `when` is asked by its first segment."""
    ladder = Ladder(id="standard", stages=stages or (stage("reminder"),))
    defaults = Policy(
        id="small",
        currency="USD",
        tones=("friendly",),
        calendar=Calendar(contact=ContactHours()),
        late=late or Late(),
        ladders=(ladder,),
        segments=(Segment(id="asked", when=when), Segment(id="others")),
        sales=(SalesRule(id="find_out", ask="find_out_why"),),
        holds=(Hold(id="credit", place=ALWAYS, release=ALWAYS),),
        limits=Limits(contacts_per_customer=ContactCap(at_most=2, in_days=7)),
    )
    return replace(defaults, **parts)  # type: ignore[arg-type]


def seen(book: Book, policy: Policy, days: Iterable[date], key: Key = ACCOUNT) -> Mapping[date, AccountFacts]:
    """The facts of one account on several days, the same from SQL and from plain Python."""
    days = tuple(days)
    book.connection.execute(
        "CREATE OR REPLACE TABLE asked AS "
        "SELECT ? AS creditor, ? AS customer, ? AS item, unnest(CAST(? AS DATE[])) AS as_of",
        [*key, list(days)],
    )
    build_facts(book, policy, "asked")
    by_sql = {facts.as_of: facts for facts in facts_from(book.connection, policy, invoices=True)}
    for day in days:
        again = facts_of(raw_rows(book, [key[1]]), policy, day, [key])[key]
        assert facts_differ(by_sql[day], again) == {}
    return by_sql


Found = Mapping[str, Mapping[date, AccountFacts]]
"""The facts of scenes, by the scene's name and by day."""


def by_name(cases: Iterable[ParameterSet]) -> dict[str, tuple[Any, ...]]:
    """The values of a table's rows by the names of the rows."""
    return {str(case.id): tuple(case.values) for case in cases}


@dataclass(frozen=True, slots=True)
class Scene:
    """Rows about the customer `C1`, the policy that says what is late, and the days on which its account is seen."""

    policy: Policy
    tables: Mapping[str, Sequence[Row]]
    days: tuple[date, ...]


def seen_at_once(scenes: Mapping[str, Scene]) -> dict[str, Mapping[date, AccountFacts]]:
    """The facts of every scene by its name, derived in one book a policy: a book for each would take a minute."""
    found: dict[str, Mapping[date, AccountFacts]] = {}
    waiting = dict(scenes)
    while waiting:
        policy = next(iter(waiting.values())).policy
        batch = {name: waiting.pop(name) for name, scene in tuple(waiting.items()) if scene.policy == policy}
        found |= _seen_in_one_book(policy, batch)
    return found


def _seen_in_one_book(policy: Policy, scenes: Mapping[str, Scene]) -> dict[str, Mapping[date, AccountFacts]]:
    completed = [
        {
            table: [dict(with_defaults(table, n, row)) for n, row in enumerate(rows)]
            for table, rows in scene.tables.items()
        }
        for scene in scenes.values()
    ]
    book = make_book(**together(completed, rates=()))
    asked = [(f"{n}-C1", day) for n, scene in enumerate(scenes.values()) for day in scene.days]
    book.connection.execute(
        "CREATE OR REPLACE TABLE asked AS SELECT 'main' AS creditor, unnest(CAST(? AS VARCHAR[])) AS customer, "
        "'' AS item, unnest(CAST(? AS DATE[])) AS as_of",
        [[customer for customer, _ in asked], [day for _, day in asked]],
    )
    build_facts(book, policy, "asked")
    by_sql = {(f.customer, f.as_of): f for f in facts_from(book.connection, policy, invoices=True)}
    rows = raw_rows(book, {customer for customer, _ in asked})
    for customer, day in asked:
        key = ("main", customer, "")
        assert facts_differ(by_sql[customer, day], facts_of(rows, policy, day, [key])[key]) == {}
    return {
        name: {day: _without(f"{n}-", by_sql[f"{n}-C1", day]) for day in scene.days}
        for n, (name, scene) in enumerate(scenes.items())
    }


def _without(prefix: str, facts: AccountFacts) -> AccountFacts:
    names = {name: getattr(facts, name) for name in ("anchor", "next_due", "episode")}
    return replace(facts, **{name: value and value.removeprefix(prefix) for name, value in names.items()})


def facts_differ(one: AccountFacts, other: AccountFacts) -> dict[str, tuple[object, object]]:
    """What the two say differently."""
    names = ("anchor", "next_due", "episode", "episode_start")
    found: dict[str, tuple[object, object]] = {
        name: (getattr(one, name), getattr(other, name)) for name in names if getattr(one, name) != getattr(other, name)
    }
    for name in one.facts.keys() | other.facts.keys():
        values = one.facts.get(name, "absent"), other.facts.get(name, "absent")
        if values[0] != values[1] or type(values[0]) is not type(values[1]):
            found[name] = values
    if sorted(one.invoices, key=lambda i: i.invoice) != sorted(other.invoices, key=lambda i: i.invoice):
        found["invoices"] = one.invoices, other.invoices
    return found
