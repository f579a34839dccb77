"""What credit's advice to the salesperson says, in words that are made from facts.

Apart from what is due (`duly.plan.advice`), so that a plan which words nothing loads no wording.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from duly.book.book import Book
from duly.figures.position import Position, Positions, positions_of
from duly.language.policy import Policy
from duly.messages.matter import Advised, Colleague, Matter
from duly.messages.writing import Writing, writing
from duly.plan.advice import MOST_NAMED, Advice, Exposure, Occasion, exposure_of, recommended
from duly.plan.briefs import BRIEF, BRIEF_LANGUAGE, paying_said
from duly.plan.plan import Action
from duly.team.staff import Staff, staff_of


def advised(
    policy: Policy, book: Book, actions: Sequence[Action], people: Mapping[str, Colleague], as_of: date
) -> Mapping[str, Advised]:
    """What each advice tells, by action key; the same for the copy."""
    positions = positions_of(book, policy, {action.customer for action in actions}, as_of)
    staff = staff_of(book, as_of)
    return {action.id: _advised(action, positions, staff, people, book) for action in actions}


def as_told(matter: Matter, told: Advised, guidance: tuple[str, ...]) -> Matter:
    """The matter of an advice."""
    return replace(
        matter,
        language=BRIEF_LANGUAGE,
        channel=BRIEF,
        template="advice",
        asked=told.asked,
        away=told.away,
        away_until=told.away_until,
        salesperson=told.salesperson,
        collector=told.collector,
        paying=told.paying,
        guidance=guidance,
        advised=told,
    )


def _advised(
    action: Action, positions: Positions, staff: Staff, people: Mapping[str, Colleague], book: Book
) -> Advised:
    position = positions.of(action.creditor, action.customer)
    row = book.connection.execute(
        "SELECT COALESCE(p.country, ''), COALESCE(c.name, c.customer) FROM customers AS c "
        "JOIN customers AS p ON p.customer = $1 WHERE c.customer = $2",
        [action.customer, action.detail("customer")],
    ).fetchone()
    country, name = row or ("", action.detail("customer"))
    manner = writing(BRIEF_LANGUAGE, country)
    own, collector = action.detail("salesperson"), action.detail("collector")
    one = Occasion(
        action.detail("before"),
        action.detail("customer"),
        action.customer,
        action.creditor,
        date.fromisoformat(action.detail("day")),
        own,
        collector,
        action.detail("order"),
        action.amount,
        action.currency,
    )
    exposure = exposure_of(position, one, positions)
    asked = staff.person_for("salesperson", own, collector)
    away = staff.team.by_id.get(own) if own != asked else None
    return Advised(
        before=one.sort,
        day=one.day,
        about=f"{name} ({one.customer})" if one.customer != action.customer else "",
        order=f"{one.order} of {manner.money(one.amount, one.currency)}" if one.order else "",
        asked=people.get(asked),
        away=people.get(own) if away else None,
        away_until=away.away_until if away else None,
        salesperson=people.get(own),
        collector=people.get(collector),
        paying=paying_said(position.paying),
        position=tuple(_stands(position, exposure, one, manner)),
        recommended=tuple(_say(advice, position, exposure, manner) for advice in recommended(position, exposure)),
    )


def _stands(position: Position, exposure: Exposure | None, one: Occasion, manner: Writing) -> Iterator[str]:
    """Where the account stands, a line each."""
    if position.late:
        oldest = manner.plural(position.oldest_days, "day", "days")
        yield f"Past due: {_money(position.late, manner)}, the oldest {oldest}."
    else:
        yield "Nothing is past due."
    if exposure is not None:
        yield _fits(exposure, one, manner)
    elif position.usage is not None and position.usage.limit is None:
        yield "No credit limit is set."
    else:
        yield "The credit limit cannot be compared with the order: a rate of exchange is missing, or nothing is known."
    for promise in position.promised:
        amount = manner.money(promise.amount, promise.currency)
        yield f"Promised and not yet due: {amount} by {manner.short_day(promise.due_on)}."
    if position.contested:
        yield f"Contested: {', '.join(position.contested[:MOST_NAMED])}."
    for hold, day in position.holds:
        yield f"On hold since {manner.short_day(day)} ({hold.replace('_', ' ')})."


def _fits(exposure: Exposure, one: Occasion, manner: Writing) -> str:
    limit, now, then = (
        manner.money(minor, exposure.currency) for minor in (exposure.limit, exposure.now, exposure.then)
    )
    if not one.amount:
        beyond = " That is above it." if exposure.beyond else ""
        return f"Owed: {now} of a limit of {limit}.{beyond}"
    if exposure.beyond:
        above = manner.money(exposure.beyond, exposure.currency)
        return (
            f"Owed: {now} of a limit of {limit}. With the order it would be {then}, which is {above} above the limit."
        )
    return f"Owed: {now} of a limit of {limit}. With the order it would be {then}, which fits."


def _say(advice: Advice, position: Position, exposure: Exposure | None, manner: Writing) -> tuple[str, str]:
    """A recommendation and its reason."""
    paying = position.paying
    match advice:
        case Advice.NO_RELEASE:
            (hold, day), *_ = position.holds
            return (
                "Agree to nothing before the hold is released",
                f"{hold.replace('_', ' ')} hold since {manner.short_day(day)}",
            )
        case Advice.PAY_FIRST:
            oldest = manner.plural(position.oldest_days, "day", "days")
            return (
                f"Ask for payment of {_money(position.late, manner)} first",
                f"it is past due, the oldest by {oldest}",
            )
        case Advice.SETTLE_DISPUTE:
            return "Settle what is contested first", f"open about {', '.join(position.contested[:MOST_NAMED])}"
        case Advice.DEPOSIT:
            broken = manner.plural(paying.broken, "promise was", "promises were")
            return "Ask for a deposit", f"{broken} broken and {paying.kept or 'none'} kept in twelve months"
        case Advice.FIT_LIMIT:
            assert exposure is not None
            above = manner.money(exposure.beyond, exposure.currency)
            return f"Have {above} paid first, or agree to less", "that much would be above the credit limit"
        case Advice.SHORTER_TERMS:
            late = manner.plural(paying.days_late or 0, "day", "days")
            return "Offer shorter terms than before, once credit agrees", f"it paid {late} late on average"
        case Advice.NOTHING_AGAINST:
            within = ", and the limit is not passed" if exposure is not None else ""
            return "Nothing speaks against it", f"nothing is late, contested or on hold{within}"


def _money(amounts: Sequence[tuple[str, int]], manner: Writing) -> str:
    return " and ".join(manner.money(minor, currency) for currency, minor in amounts)
