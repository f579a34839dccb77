"""Why one customer gets what it gets on a day, and what it would take for the rest to happen.

Facts are derived from the raw rows, the decision is `meaning`'s. For each thing
that does not happen the smallest change of facts that would bring it about is
searched and decided again, and so is every following day with nothing else changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from duly.book import again
from duly.book.again import AccountFacts, Key
from duly.book.available import refuse_what_is_missing
from duly.book.book import Book, names_of
from duly.book.known import rows_known_on
from duly.book.raw import raw_rows
from duly.language.conditions import ALWAYS, All, Condition, Facts, Includes, holds
from duly.language.policy import ASK_NOTHING, Policy
from duly.rules import layers
from duly.rules.decision import NONE, Decision
from duly.rules.meaning import decide
from duly.rules.trace import Asked, trace
from duly.rules.why_not import Change, Search, Wanted
from duly.source import NOWHERE, Problem, Refused

DATA = 4

HORIZON_DAYS = 130
"""Days ahead that are decided in search of the next one on which something could happen."""

FactsOn = Callable[[date], AccountFacts | None]
"""Gives the account's facts on a later day with nothing else changed, or None where the account is no more."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that does not happen today: what, the change that would bring it, the next day that does.

    `change` is None where none of the changes tried brings it; `next_day` is
    None where no day within the horizon does.
    """

    what: str
    change: tuple[Change, ...] | None
    next_day: date | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One account explained."""

    account: AccountFacts
    decision: Decision
    asked: tuple[Asked, ...]
    missing: tuple[Missing, ...]


def explain(policy: Policy, account: AccountFacts, facts_on: FactsOn) -> Explanation:
    """The account's decision with every rule that was asked, and what the missing things lack."""
    decision = decide(policy, account.facts)
    days = [account.as_of + timedelta(days=n) for n in range(1, HORIZON_DAYS + 1)]
    later = [(day, decide(policy, then.facts)) for day in days if (then := facts_on(day)) is not None]
    search = Search(policy, account.facts)
    missing = tuple(
        Missing(
            sought.what,
            search.smallest_change(sought.today, sought.asks),
            next((day for day, then in later if sought.some_day(then)), None),
        )
        for sought in _not_happening(policy, account.facts, decision)
    )
    return Explanation(account, decision, trace(policy, account.facts, decision), missing)


def explain_customer(policy: Policy, book: Book, customer: str, as_of: date) -> tuple[str, tuple[Explanation, ...]]:
    """The customer's name and the explanation of each of its accounts.

    Raises `Refused` (4) where the book has no such customer or no invoice of it.
    """
    refuse_what_is_missing(policy, book)
    rows = raw_rows(book, [customer])
    today = again.facts_of(rows, policy, as_of)
    if not today:
        raise Refused(
            [
                Problem(
                    "no-such-account",
                    NOWHERE,
                    f"the book has no invoice of customer `{customer}` on {as_of}",
                    "customers are named by their id, upper and lower case count",
                )
            ],
            DATA,
        )
    facts_by_day = again.facts_by_day(rows_known_on(rows, as_of), policy)

    def facts_on(key: Key, day: date) -> AccountFacts | None:
        return facts_by_day(day).get(key)

    names = names_of(book, {customer})
    return names.get(customer, ""), tuple(
        explain(policy, account, partial(facts_on, key)) for key, account in sorted(today.items())
    )


@dataclass(frozen=True, slots=True)
class Sought:
    """Something that does not happen: how to know it when it does, today and on a later day, and what it asks."""

    what: str
    today: Wanted
    some_day: Wanted
    asks: Condition


def _not_happening(policy: Policy, facts: Facts, decision: Decision) -> Iterator[Sought]:
    if decision.step == NONE and decision.ladder != NONE:
        ladder = policy.ladder(decision.ladder)
        stage = next((s for s in ladder.stages if s.id == decision.next_stage), None)
        if stage is None:
            yield Sought("a stage", _any_step, _any_step, ALWAYS)
        else:
            asks = All((layers.eligible(ladder, stage), stage.reached, layers.gap_is_open(ladder, stage)))
            yield Sought(f"stage {stage.id}", lambda d: d.step == stage.id, _any_step, asks)
    for rule in policy.sales:
        if (
            rule.ask != ASK_NOTHING
            and rule.id not in decision.asks
            and not holds(Includes("sales_asked", rule.id), facts)
        ):
            asked = partial(_in, "asks", rule.id)
            yield Sought(f"sales request {rule.id}", asked, asked, layers.asks(rule))
    for hold in policy.holds:
        in_force = holds(Includes("holds", hold.id), facts)
        if in_force and hold.id not in decision.release:
            released = partial(_in, "release", hold.id)
            yield Sought(f"release of hold {hold.id}", released, released, layers.releases(hold))
        elif not in_force and hold.id not in decision.place:
            placed = partial(_in, "place", hold.id)
            yield Sought(f"hold {hold.id}", placed, placed, All((hold.place, layers.may_place(policy, hold))))


def _any_step(decision: Decision) -> bool:
    return decision.step != NONE


def _in(field: str, id_: str, decision: Decision) -> bool:
    return id_ in getattr(decision, field)
