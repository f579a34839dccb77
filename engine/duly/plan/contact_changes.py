"""A change of collector, of salesperson or of the terms of payment: told to the customer, and to both colleagues.

The book says how it is today, the journal what the customer was last told: whom the
last message, statement, notice or introduction that reached it named. Where they
differ, the customer hears of it once for each change, also where it goes back to
somebody whom it knew before. The colleague who takes over gets a line with where the
customer stands, the one who hands over gets a line, too.

Before anything has reached a customer there is nobody that it would expect, and no
change to tell of. What a customer has read for a fortnight is no news any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from duly.book.book import Presence
from duly.journal.dealings import ASPECTS, COLLECTOR, SALESPERSON, TERMS, Named
from duly.money import format_minor
from duly.plan.held import TOLD_WITHIN_DAYS
from duly.plan.notices import because
from duly.plan.plan import Action, Kind
from duly.plan.together import Ground, Made, What, action_for
from duly.plan.told import to_customers
from duly.team.people import Team, team_of

ASPECT: Mapping[str, str] = MappingProxyType(
    {"collector_change": COLLECTOR, "salesperson_change": SALESPERSON, "terms_change": TERMS}
)
"""The words of `tell_customer_of` that are about whom and what a customer deals with."""

TAKE_OVER, HAND_OVER = "take_over", "hand_over"


@dataclass(frozen=True, slots=True)
class Changed:
    """What a customer has now, and what it was told before, by the word of the policy."""

    customer: str
    change: str
    now: str
    before: Named

    @property
    def period(self) -> str:
        """What makes this change the same one: what is now, and the first deed that told what was before."""
        return f"{self.before.key}+{self.now}"


def contact_changes(ground: Ground) -> Made:
    """The notices of such changes that are due, and the lines for the colleagues who hand over and take over."""
    wanted = [word for word in ASPECT if word in ground.policy.together.tell_customer_of]
    notes = tuple(_cannot_be_seen(ground, wanted))
    if not wanted or not ground.history.dealings.named:
        return Made(notes=notes)
    changed = list(_changed(ground, wanted))
    if not changed:
        return Made(notes=notes)
    told = to_customers(ground, [_notice(ground, one) for one in changed])
    lines = tuple(_lines(ground, [one for one in changed if ASPECT[one.change] != TERMS]))
    return Made((*told.actions, *lines), told.withheld, (*told.notes, *notes))


def _cannot_be_seen(ground: Ground, wanted: Sequence[str]) -> Iterator[str]:
    """A change of what the book does not say is never seen, and the plan says so."""
    there = ground.book.columns.get("customers", frozenset())
    for word in wanted:
        if ASPECT[word] not in there:
            place = because(ground, word)[0].span
            yield f"{place}: `{word}` is not seen: `customers` has no column `{ASPECT[word]}`"


def _changed(ground: Ground, wanted: Sequence[str]) -> Iterator[Changed]:
    named = ground.history.dealings.named
    for customer, values in has_changed(ground):
        told = named[customer]
        for word in wanted:
            now = values[ASPECT[word]]
            before = before_that(told.get(ASPECT[word], ()), now, ground.as_of)
            if before is not None:
                yield Changed(customer, word, now, before)


def has_changed(ground: Ground) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Customers of whom the book may say something else than they were told, with what it says of each aspect.

    Most have not changed: they are found by sets, those of each collector and salesperson at once.
    """
    dealings = ground.history.dealings
    if not dealings.named:
        return
    columns = ", ".join(f"COALESCE(CAST({aspect} AS VARCHAR), '')" for aspect in ASPECTS)
    rows = ground.book.connection.execute(
        f"SELECT {columns}, list(customer) FROM customers GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found: dict[str, Mapping[str, str]] = {}
    for *values, customers in rows:
        same = dealings.by_last_told.get(tuple(values), frozenset()) - dealings.told_twice
        for customer in set(customers) - same:
            if customer in dealings.named:
                found[customer] = dict(zip(ASPECTS, values, strict=True))
    yield from sorted(found.items())


def before_that(told: Sequence[Named], now: str, as_of: date) -> Named | None:
    """What the customer was told before, where what is now is news to it; None where it is not."""
    if not now or not told:
        return None
    if told[-1].what != now:
        return told[-1]
    # A message may have named somebody new before the notice left.
    fresh = as_of - told[-1].since <= timedelta(days=TOLD_WITHIN_DAYS)
    return told[-2] if len(told) > 1 and fresh else None


def _notice(ground: Ground, changed: Changed) -> What:
    return What(
        kind=Kind.NOTICE,
        rule=changed.change,
        period=changed.period,
        for_role="collector",
        customer=changed.customer,
        creditor=changed.before.creditor,
        template=changed.change,
        details=(("before", changed.before.what), ("now", changed.now)),
        because=because(ground, changed.change, before=changed.before.what, now=changed.now),
    )


# The colleagues.


def _lines(ground: Ground, changed: Sequence[Changed]) -> Iterator[Action]:
    if not changed or ground.book.given["people"] is Presence.ABSENT:
        return
    team = team_of(ground.book, {one.customer for one in changed})
    stands = _where_they_stand(ground, sorted({one.customer for one in changed}))
    for one in changed:
        role = ASPECT[one.change]
        state = stands.get(one.customer, "nothing is open")
        yield from _line(ground, team, one, role, TAKE_OVER, one.now, f"from {one.before.what}; {state}")
        if one.before.what in team.by_id:
            yield from _line(ground, team, one, role, HAND_OVER, one.before.what, f"to {one.now}; {state}")


def _line(
    ground: Ground, team: Team, changed: Changed, role: str, task: str, person: str, said: str
) -> Iterator[Action]:
    known = team.by_id.get(person)
    cover = team.stand_in(known, ground.as_of) if known else None
    what = What(
        kind=Kind.TASK,
        rule=changed.change,
        period=changed.period,
        for_role=role,
        customer=changed.customer,
        creditor=changed.before.creditor,
        task=task,
        person=cover.id if cover else person,
        details=(("before", changed.before.what), ("now", changed.now)),
    )
    yield action_for(ground, replace(what, because=because(ground, changed.change, f"{task} {said}".replace("_", " "))))


def _where_they_stand(ground: Ground, customers: Sequence[str]) -> Mapping[str, str]:
    """Where each customer stands, in one line: what is open and late, promised, contested and on hold."""
    run = ground.book.connection.execute
    wanted = "JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS customer) AS w ON w.customer ="
    said: dict[str, list[str]] = {}
    for customer, currency, open_, late, days in run(
        "SELECT f.customer, f.currency, sum(f.open__own), sum(f.open__own) FILTER (WHERE f.late), "
        f"max(f.days_past_due) FROM invoice_facts AS f {wanted} f.customer "
        "GROUP BY 1, 2 HAVING sum(f.open__own) > 0 ORDER BY 1, 2",
        [customers],
    ).fetchall():
        late_part = f", {format_minor(late, currency)} of it late, the oldest by {days} days" if late else ""
        said.setdefault(customer, []).append(f"{format_minor(open_, currency)} open{late_part}")
    for customer, due in run(
        f"SELECT p.customer, max(p.due_on) FROM promises AS p {wanted} p.customer "
        "WHERE p.cancelled_on IS NULL AND p.due_on >= ? GROUP BY 1",
        [customers, ground.as_of],
    ).fetchall():
        said.setdefault(customer, []).append(f"payment promised by {due}")
    for customer, disputes in run(
        f"SELECT f.customer, count(*) FROM invoice_facts AS f {wanted} f.customer WHERE f.dispute = 'open' GROUP BY 1",
        [customers],
    ).fetchall():
        said.setdefault(customer, []).append(f"{disputes} in dispute")
    for customer, hold in run(
        f"SELECT h.customer, min(h.hold) FROM holds AS h {wanted} h.customer "
        "WHERE h.placed_on <= ? AND (h.released_on IS NULL OR h.released_on > ?) GROUP BY 1",
        [customers, ground.as_of, ground.as_of],
    ).fetchall():
        said.setdefault(customer, []).append(f"on hold: {hold}")
    return {customer: "; ".join(parts) for customer, parts in said.items()}
