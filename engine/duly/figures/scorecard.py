"""The shared scorecard: sales booked beside cash collected, and how well, for those who sell and those who collect.

A card is about one salesperson, one collector or one pair of them, with one
creditor, in one currency, for one quarter or the part of it up to the day asked
for. The cash is the book's payments to the cent: each payment that stands on the
last day, by the age of what it paid on the day it came; what names no invoice, or
goes beyond it, is `on_account`. Money of an earlier quarter that bounced in this one is
`returned`, so that cash less returned adds up over the quarters. The figures are exact
fractions of the open items that the aged trial balance shows.

Who sells and who collects is what the book says today: a book keeps no history of
it, so a card is the work of whoever has the customer now. Promises and disputes are those of
the book's tables, to which a journal may have added its own before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import pairwise

from duly.book.book import Book
from duly.book.payers import payers_of
from duly.dates import add_months, month_end
from duly.figures import formulas
from duly.figures.formulas import Figure
from duly.figures.ledger import BUCKETS, lay_out, lay_out_cash, sql
from duly.figures.needs import place, refuse_balances, refuse_lacking
from duly.language.policy import Policy
from duly.source import Problem, Severity

DAY = timedelta(days=1)

ROLLING_DAYS = 30
"""How far roll rates look back: the width of a bucket."""

ON_ACCOUNT = "on_account"
CASH = (*BUCKETS, ON_ACCOUNT)
"""What cash is told apart by: the age of what it paid when it came, or that it had no invoice."""

NEEDED: tuple[tuple[str, ...], ...] = (
    ("payments",),
    ("credits",),
    ("sales",),
    ("promises",),
    ("disputes",),
    ("invoices.invoice_date",),
    ("customers.salesperson",),
    ("customers.collector",),
)


class Of(Enum):
    """Whose cards: each salesperson's, each collector's, each pair's, or everybody's together."""

    SALESPERSON = "salesperson"
    COLLECTOR = "collector"
    PAIR = "pair"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the calendar, up to the day asked for."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has so far."""
        return (self.last - self.first).days + 1

    @property
    def is_whole(self) -> bool:
        """Say whether its last day is the quarter's."""
        return self.last == month_end(add_months(self.first, 2))

    def __str__(self) -> str:
        name = f"{self.first.year}-Q{(self.first.month + 2) // 3}"
        return name if self.is_whole else f"{name} to {self.last}"


@dataclass(frozen=True, slots=True)
class Card:
    """One party's quarter with one creditor in one currency; money is in minor units.

    `salesperson` and `collector` are None where the card is not about one, and
    empty for customers without one. `cash` has an amount for each word of `CASH`.
    """

    creditor: str
    currency: str
    salesperson: str | None
    collector: str | None
    sales_booked: int
    credit_sales: int
    cash: tuple[int, ...]
    returned: int
    open: tuple[int, ...]
    disputes_opened: int
    disputes_open: int
    figures: tuple[Figure, ...]

    @property
    def cash_total(self) -> int:
        """What came in, in the quarter, and stands."""
        return sum(self.cash)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The cards of a quarter, with what has to be known about them.

    `journal` names the journal whose promises and disputes are among the book's; it is empty for a book alone.
    """

    quarter: Quarter
    of: Of
    cards: tuple[Card, ...]
    warnings: tuple[Problem, ...] = ()
    journal: str = ""


Measures = Mapping[tuple[str, str], int]
"""Sums by measure and key, as `scorecard.sql` names them; what is missing is nothing."""

Party = tuple[str, str, str | None, str | None]


def quarter_of(day: date) -> Quarter:
    """The quarter that holds the day, up to and with it."""
    return Quarter(date(day.year, day.month - (day.month - 1) % 3, 1), day)


def scorecard(book: Book, policy: Policy, as_of: date, of: Of = Of.PAIR, *, journal: str = "") -> Scorecard:
    """The cards of the quarter that holds the day, up to and with it.

    Raises `Refused` (4) where the book lacks a table, or gives open balances
    instead of payments, or lacks the rate of a payment in another currency than its invoice.
    """
    quarter = quarter_of(as_of)
    return _told_apart(book, of, _measured(book, policy, quarter), quarter, journal)


def scorecards(book: Book, policy: Policy, as_of: date) -> Mapping[Of, Scorecard]:
    """The cards of the quarter, told apart in every way; `Refused` as for one."""
    quarter = quarter_of(as_of)
    measured = _measured(book, policy, quarter)
    return {of: _told_apart(book, of, measured, quarter, "") for of in Of}


def refuse_what_scorecards_miss(book: Book) -> None:
    """Refuse (4) a book that lacks what a scorecard needs."""
    refuse_lacking(book, "the scorecard", NEEDED)
    refuse_balances(book, "the scorecard")


_Measured = Sequence[tuple[str, str, str, str, str, str, int]]
"""Rows of `scorecard.sql`."""


def _measured(book: Book, policy: Policy, quarter: Quarter) -> _Measured:
    refuse_what_scorecards_miss(book)
    days = {
        "opening": quarter.first - DAY,
        "earlier": quarter.last - ROLLING_DAYS * DAY,
        "last": quarter.last,
    }
    lay_out(book, policy, list(days.values()))
    lay_out_cash(book, quarter.first, quarter.last)
    return book.connection.execute(sql("scorecard"), {**days, "first": quarter.first}).fetchall()


def _told_apart(book: Book, of: Of, measured: _Measured, quarter: Quarter, journal: str) -> Scorecard:
    sums: dict[Party, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for creditor, currency, salesperson, collector, measure, key, amount in measured:
        party = _party(of, creditor, currency, salesperson, collector)
        sums[party][measure, key] += int(amount)
    cards = tuple(_card(party, sums[party], quarter) for party in sorted(sums, key=_order))
    return Scorecard(quarter, of, cards, tuple(_warnings(book)), journal)


# Who has a card, where it need not be made to know it.


def pairs_with_invoices(book: Book, last: date) -> frozenset[frozenset[str]]:
    """Who sells and who collects, of the customers with an invoice of a day up to the last: they have a card."""
    return _pairs(book, "SELECT customer FROM invoices WHERE invoice_date <= $last AND amount > 0", last)


def pairs_with_dealings(book: Book) -> frozenset[frozenset[str]]:
    """Who sells and who collects, of the customers with anything that a card could show: nobody else has one."""
    tables = ("invoices", "payments", "credits", "sales", "promises")
    return _pairs(book, " UNION ".join(f"SELECT customer FROM {table}" for table in tables))


def _pairs(book: Book, customers: str, last: date | None = None) -> frozenset[frozenset[str]]:
    payers = payers_of(book)
    rows = book.connection.execute(
        f"SELECT DISTINCT w.customer FROM ({customers}) AS w", {} if last is None else {"last": last}
    ).fetchall()
    owing = sorted({payers.get(customer, customer) for (customer,) in rows})
    pairs = book.connection.execute(
        "SELECT DISTINCT COALESCE(c.salesperson, ''), COALESCE(c.collector, '') FROM "
        "(SELECT unnest(CAST(? AS VARCHAR[])) AS customer) AS w LEFT JOIN customers AS c ON c.customer = w.customer",
        [owing],
    ).fetchall()
    return frozenset(frozenset(pair) for pair in pairs)


def _party(of: Of, creditor: str, currency: str, salesperson: str, collector: str) -> Party:
    match of:
        case Of.SALESPERSON:
            return creditor, currency, salesperson, None
        case Of.COLLECTOR:
            return creditor, currency, None, collector
        case Of.PAIR:
            return creditor, currency, salesperson, collector
        case Of.EVERYBODY:
            return creditor, currency, None, None


def _order(party: Party) -> tuple[str, ...]:
    return tuple(part or "" for part in party)


def _card(party: Party, sums: Measures, quarter: Quarter) -> Card:
    creditor, currency, salesperson, collector = party

    def of(measure: str, key: str = "") -> int:
        return sums.get((measure, key), 0)

    return Card(
        creditor=creditor,
        currency=currency,
        salesperson=salesperson,
        collector=collector,
        sales_booked=of("sales"),
        credit_sales=of("credit_sales"),
        cash=tuple(of("cash", bucket) for bucket in CASH),
        returned=of("returned"),
        open=tuple(of("open", bucket) for bucket in BUCKETS),
        disputes_opened=of("disputes_opened"),
        disputes_open=of("disputes_open"),
        figures=tuple(_figures(sums, quarter)),
    )


def _figures(sums: Measures, quarter: Quarter) -> Iterator[Figure]:
    def of(measure: str, key: str = "") -> int:
        return sums.get((measure, key), 0)

    open_ = sum(of("open", bucket) for bucket in BUCKETS)
    not_due = of("open", "not_due")
    sold = of("credit_sales")
    invoiced = {month: amount for (measure, month), amount in sums.items() if measure == "invoiced"}
    yield formulas.dso(open_, sold, quarter.days)
    yield formulas.count_back_dso(open_, tuple(_months_back(quarter.last, invoiced)))
    yield formulas.best_possible_dso(not_due, sold, quarter.days)
    yield formulas.average_days_delinquent(open_, not_due, sold, quarter.days)
    yield formulas.cei(of("open_before"), sold, open_, not_due)
    yield formulas.promises_kept(of("promises", "kept"), of("promises", "broken"))
    yield formulas.days_to_resolve(of("days_disputed"), of("disputes_resolved"))
    yield formulas.share_on_time(of("due_on_time"), of("due"))
    for before, after in pairwise(BUCKETS):
        now = of("open", "just_over_120" if after == "120+" else after)
        yield formulas.roll_rate(before, after, of("open_earlier", before), now)


def _months_back(last: date, invoiced: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Months with what was sold in them and their days, from the last day back to the first month with a sale."""
    first = min(invoiced, default="")
    day = last
    while first and f"{day:%Y-%m}" >= first:
        yield f"{day:%Y-%m}", invoiced.get(f"{day:%Y-%m}", 0), day.day
        day = day.replace(day=1) - DAY


def _warnings(book: Book) -> Iterable[Problem]:
    query = "SELECT count(*) FROM invoices WHERE invoice_date IS NULL"
    (undated,) = book.connection.execute(query).fetchone() or (0,)
    if undated:
        yield Problem(
            "undated-invoices",
            place(book),
            f"{undated:,} invoices have no day of issue, so they are nobody's credit sales of any quarter",
            "give them an `invoice_date`",
            severity=Severity.WARNING,
        )
