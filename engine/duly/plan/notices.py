"""Notices of account changes: a hold, a release and a new credit limit are told to the customer once they are so.

Told is what the journal has as carried out, so never a proposal and nothing that is
still waited for; the notice leaves with the next plan, and where the ledger keeps the
holds itself, once the ledger has it. A hold and its release are told
of once each; what was taken back before its notice left is not told at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from duly.journal.dealings import Change
from duly.language.conditions import Value
from duly.plan.held import TOLD_WITHIN_DAYS, Stretch, as_the_ledger_has_them, news_of, stretches
from duly.plan.plan import Because, Kind, Withheld
from duly.plan.together import Ground, Made, What
from duly.plan.told import left_for_good, to_customers

HOLD, RELEASE, LIMIT = ACCOUNT_CHANGES = ("hold", "release", "limit_change")
"""The words of `tell_customer_of` that are about the account itself."""


def notices(ground: Ground) -> Made:
    """The notices of holds, releases and limits that are due."""
    told = frozenset(ground.policy.together.tell_customer_of) & frozenset(ACCOUNT_CHANGES)
    if not told or not ground.history.dealings.changes:
        return Made()
    made = to_customers(ground, [*_of_holds(ground, told), *(_of_limits(ground) if LIMIT in told else ())])
    return replace(made, withheld=(*made.withheld, *_not_booked(ground, told)))


def because(ground: Ground, change: str, said: str = "", **values: Value) -> tuple[Because, ...]:
    """Why a change is told: the policy's line that asks for it, and what changed."""
    together = ground.policy.together
    span = ground.policy.places.get(f"{together.path}/tell_customer_of", together.span)
    return (Because(f"tell customer of {change}", span, tuple(values.items()), said),)


# Holds and releases.


def held(ground: Ground) -> tuple[Stretch, ...]:
    """The holds that the journal knows of, with the end that the ledger knows; those that may be news still."""
    oldest = ground.as_of - timedelta(days=TOLD_WITHIN_DAYS)
    news = (s for s in stretches(ground.history.dealings.changes) if _latest(s) >= oldest or s.ended_on is None)
    return tuple(as_the_ledger_has_them(ground.book, news, ground.as_of))


def _latest(stretch: Stretch) -> date:
    return max(day for day in (stretch.placed_on, stretch.ended_on) if day is not None)


def _of_holds(ground: Ground, told: frozenset[str]) -> Iterator[What]:
    if not told & {HOLD, RELEASE}:
        return
    for stretch in held(ground):
        of_hold = notice_of(ground, stretch, HOLD)
        was_told = left_for_good(ground, of_hold)
        news = news_of(stretch, ground.as_of, tells_holds=HOLD in told, hold_was_told=was_told)
        if news in told:
            yield notice_of(ground, stretch, news)


def _not_booked(ground: Ground, told: frozenset[str]) -> Iterator[Withheld]:
    """What would be news if the ledger, which keeps the holds itself, had it already."""
    if not told & {HOLD, RELEASE}:
        return
    for stretch in held(ground):
        if stretch.booked:
            continue
        was_told = left_for_good(ground, notice_of(ground, stretch, HOLD))
        news = news_of(replace(stretch, booked=True), ground.as_of, tells_holds=HOLD in told, hold_was_told=was_told)
        if news in told and not left_for_good(ground, notice_of(ground, stretch, news)):
            said = f"the {news} was asked for on {stretch.day_of(news)}, and the ledger does not have it yet"
            reasons = because(ground, news, hold=stretch.hold)
            yield Withheld(stretch.customer, stretch.creditor, "", f"notice {news}", "not_booked", said, None, reasons)


def notice_of(ground: Ground, stretch: Stretch, news: str) -> What:
    """The notice of a hold or of its end; each goes out once a stretch."""
    day = stretch.day_of(news) or ground.as_of
    return What(
        kind=Kind.NOTICE,
        rule=news,
        period=stretch.key,
        for_role="collector",
        customer=stretch.customer,
        creditor=stretch.creditor,
        template=news,
        details=(("hold", stretch.hold), ("since", day.isoformat())),
        because=because(ground, news, hold=stretch.hold, on=day.isoformat()),
    )


# Limits.


def _of_limits(ground: Ground) -> Iterator[What]:
    """The last new limit of each account, unless the ledger has another one in force from a later day."""
    oldest = ground.as_of - timedelta(days=TOLD_WITHIN_DAYS)
    last: dict[tuple[str, str], Change] = {}
    for change in ground.history.dealings.changes:
        if change.kind == "limit_proposal" and not change.undone_on:
            last[change.customer, change.creditor] = change
    for change in last.values():
        after, currency = change.details.get("limit_after", ""), change.details.get("currency", "")
        if not (oldest <= change.day <= ground.as_of and after.isdecimal() and currency):
            continue
        if not _changed_since(ground, change):
            yield What(
                kind=Kind.NOTICE,
                rule=LIMIT,
                period=change.key,
                for_role="collector",
                customer=change.customer,
                creditor=change.creditor,
                template=LIMIT,
                amount=int(after),
                currency=currency,
                details=(("limit_after", after), ("since", change.day.isoformat())),
                because=because(ground, LIMIT, rule=change.rule, on=change.day.isoformat()),
            )


def _changed_since(ground: Ground, change: Change) -> bool:
    """Say whether the ledger has another limit by now than the one that was agreed: then that one is not told."""
    row = ground.book.connection.execute(
        'SELECT "limit" FROM credit_lines WHERE customer = ? AND creditor = ? AND "from" > ? AND "from" <= ? '
        'ORDER BY "from" DESC LIMIT 1',
        [change.customer, change.creditor, change.day, ground.as_of],
    ).fetchone()
    return row is not None and str(row[0]) != change.details["limit_after"]
