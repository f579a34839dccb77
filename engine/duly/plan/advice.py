"""Credit's advice to the salesperson before a renewal or a new order, once for each.

The book says when: `customers.renews_on`, and the table `orders`. The salesperson gets it,
the collector a copy; a child that its parent pays for is judged by the parent's account. What is
recommended comes from facts by one function (`recommended`), each with its reason; it is
advice, and nothing is refused by it. A book that lacks a column or a table is said in a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum

from duly.book.book import Book, Presence
from duly.book.payers import payers_of
from duly.figures.limits import PAYS_SLOWLY_DAYS
from duly.figures.position import Position, Positions, positions_of
from duly.language.policy import AdviseBefore
from duly.plan.plan import Because, Kind
from duly.plan.together import OUTCOME_UNKNOWN, Ground, Made, What, action_for, key_for
from duly.team.staff import Staff, staff_of

RENEWAL, ORDER = "renewal", "order"
"""What the advice comes before: `Action.stage`."""

COPY = "copy"
"""The task of the collector's own copy."""


class Advice(Enum):
    """What credit recommends."""

    NO_RELEASE = "no_release"
    PAY_FIRST = "pay_first"
    SETTLE_DISPUTE = "settle_dispute"
    DEPOSIT = "deposit"
    FIT_LIMIT = "fit_limit"
    SHORTER_TERMS = "shorter_terms"
    NOTHING_AGAINST = "nothing_against"


@dataclass(frozen=True, slots=True)
class Occasion:
    """A renewal or an order of a customer; `payer` is who owes, `amount` and `currency` are the order's."""

    sort: str
    customer: str
    payer: str
    creditor: str
    day: date
    salesperson: str
    collector: str
    order: str = ""
    amount: int = 0
    currency: str = ""

    @property
    def period(self) -> str:
        """What names this one and no other of the customer: the order, or the day of the renewal."""
        own = self.order or self.day.isoformat()
        return own if self.customer == self.payer else f"{own}/{self.customer}"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is owed against the limit, with the order in it, in the limit's currency."""

    currency: str
    limit: int
    now: int
    then: int

    @property
    def beyond(self) -> int:
        """How much more than the limit it would be; 0 where it fits."""
        return max(0, self.then - self.limit)


def recommended(position: Position, exposure: Exposure | None) -> tuple[Advice, ...]:
    """What to do before agreeing to more, most pressing first: each is there for a fact and for nothing else."""
    paying = position.paying
    found = [
        (Advice.NO_RELEASE, bool(position.holds)),
        (Advice.PAY_FIRST, bool(position.late)),
        (Advice.SETTLE_DISPUTE, bool(position.contested)),
        (Advice.DEPOSIT, paying.broken > 0 and paying.broken >= paying.kept),
        (Advice.FIT_LIMIT, exposure is not None and exposure.beyond > 0),
        (Advice.SHORTER_TERMS, (paying.days_late or 0) > PAYS_SLOWLY_DAYS),
    ]
    return tuple(advice for advice, holds in found if holds) or (Advice.NOTHING_AGAINST,)


# What is due.


def advice_due(ground: Ground) -> Made:
    """The advice that is due on the day, to the salesperson and as a copy to the collector."""
    asked = ground.policy.together.advise_before
    if asked is None:
        return Made()
    occasions = tuple(_occasions(ground.book, asked, ground.as_of))
    staff = staff_of(ground.book, ground.as_of)
    reason = (Because("together: advise_before", asked.span, (), asked.because),)
    # Whoever was advised is not looked at again: an order may wait long for its invoice.
    new = [(one, what) for one in occasions for what in _whats(one, staff, reason) if not _is_done(ground, what)]
    positions = positions_of(ground.book, ground.policy, {one.payer for one, _ in new}, ground.as_of)
    return Made(
        tuple(action_for(ground, _with_details(one, what, positions)) for one, what in new),
        notes=(*_lacking(ground.book, asked), *_without_salesperson(occasions)),
    )


def _is_done(ground: Ground, what: What) -> bool:
    standing = ground.history.standing.get(key_for(ground, what))
    return standing is not None and standing.blocks and standing.event not in OUTCOME_UNKNOWN


def _whats(one: Occasion, staff: Staff, because: tuple[Because, ...]) -> Iterator[What]:
    """The advice to whoever sells to the customer, and the copy for whoever collects from it."""
    if not one.salesperson:
        return
    what = What(
        kind=Kind.ADVICE,
        rule=f"before_{one.sort}",
        period=one.period,
        for_role="salesperson",
        customer=one.payer,
        creditor=one.creditor,
        person=staff.person_for("salesperson", one.salesperson, one.collector),
        amount=one.amount,
        currency=one.currency,
        because=because,
    )
    yield what
    if one.collector:
        copied_to = staff.person_for("collector", one.salesperson, one.collector)
        yield replace(what, for_role="collector", person=copied_to, task=COPY)


def _with_details(one: Occasion, what: What, positions: Positions) -> What:
    position = positions.of(one.creditor, one.payer)
    details = {
        "before": one.sort,
        "day": one.day.isoformat(),
        "customer": one.customer,
        "order": one.order,
        "salesperson": one.salesperson,
        "collector": one.collector,
        "recommended": " ".join(word.value for word in recommended(position, exposure_of(position, one, positions))),
    }
    return replace(what, details=tuple((name, text) for name, text in details.items() if text))


def _occasions(book: Book, asked: AdviseBefore, as_of: date) -> Iterator[Occasion]:
    rows = [*_orders(book, asked, as_of), *_renewals(book, asked, as_of)]
    payers: Mapping[str, str] = payers_of(book) if rows else {}
    for one in rows:
        yield replace(one, payer=payers.get(one.customer, one.customer))


def _orders(book: Book, asked: AdviseBefore, as_of: date) -> Iterator[Occasion]:
    if asked.order_days is None:
        return
    rows = book.connection.execute(
        'SELECT o."order", o.customer, o.creditor, o.day, o.amount, o.currency, c.salesperson, c.collector '
        "FROM orders AS o JOIN customers AS c ON c.customer = o.customer WHERE o.day <= ? "
        'ORDER BY o."order"',
        [as_of + timedelta(days=asked.order_days)],
    ).fetchall()
    for order, customer, creditor, day, amount, currency, salesperson, collector in rows:
        yield Occasion(
            ORDER, customer, customer, creditor or "", day, salesperson or "", collector or "", order, amount, currency
        )


def _renewals(book: Book, asked: AdviseBefore, as_of: date) -> Iterator[Occasion]:
    """The renewals that come up, one for each creditor that the customer has ever had an invoice of."""
    if asked.renewal_days is None:
        return
    rows = book.connection.execute(
        "SELECT DISTINCT c.customer, i.creditor, c.renews_on, c.salesperson, c.collector FROM customers AS c "
        "JOIN invoices AS i ON i.customer = c.customer WHERE c.renews_on BETWEEN ? AND ? ORDER BY 1, 2",
        [as_of, as_of + timedelta(days=asked.renewal_days)],
    ).fetchall()
    for customer, creditor, day, salesperson, collector in rows:
        yield Occasion(RENEWAL, customer, customer, creditor or "", day, salesperson or "", collector or "")


def _lacking(book: Book, asked: AdviseBefore) -> Iterator[str]:
    """What the policy asks for and the book does not tell."""
    if asked.renewal_days is not None and "renews_on" not in book.columns["customers"]:
        yield "no advice before renewals: the book has no column `renews_on` in `customers`"
    if asked.order_days is not None and book.given["orders"] is Presence.ABSENT:
        yield "no advice before orders: the book has no table `orders`"


def _without_salesperson(occasions: Sequence[Occasion]) -> Iterator[str]:
    alone = sorted({one.customer for one in occasions if not one.salesperson})
    if alone:
        shown = ", ".join(f"`{customer}`" for customer in alone[:MOST_NAMED])
        more = f" and {len(alone) - MOST_NAMED:,} more" if len(alone) > MOST_NAMED else ""
        yield f"no advice before a renewal or an order of {shown}{more}: nobody sells to them"


MOST_NAMED = 5


def exposure_of(position: Position, one: Occasion, positions: Positions) -> Exposure | None:
    """The exposure with the order in it; None where there is no limit, or no rate into its currency."""
    usage = position.usage
    if usage is None or usage.limit is None:
        return None
    order = positions.converted(one.amount, one.currency, usage.currency) if one.amount else 0
    if order is None:
        return None
    return Exposure(usage.currency, usage.limit, usage.exposure, usage.exposure + order)
