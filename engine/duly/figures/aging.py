"""The aged trial balance of a day, the late items of each salesperson, and who is new.

Every amount stands under one creditor and one currency and is never added to
another's. The totals are the ledger's open items to the cent: no account is left
out, no amount converted, and money that no invoice was given stands beside the
buckets, not in them. The past-due list is what the *policy* calls late, so it
leaves out what is still in grace or too small to be chased.

Who sells and who collects is what the book says today; a book keeps no history of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from types import MappingProxyType

from duly.book.book import Book
from duly.book.facts import build_facts
from duly.figures.ledger import BUCKETS, lay_out, of_whole_accounts, people_of, sql
from duly.figures.needs import OPEN, place, refuse_lacking
from duly.language.conditions import leaves
from duly.language.policy import Basis, Policy, Unit
from duly.language.reads import OWN
from duly.language.sql import identifier, quoted, to_sql
from duly.language.vocabulary import ACCOUNT
from duly.source import Problem, Severity

WEEK = 7


class By(Enum):
    """What a line of the trial balance is about."""

    CUSTOMER = "customer"
    SEGMENT = "segment"
    SALESPERSON = "salesperson"
    COLLECTOR = "collector"


@dataclass(frozen=True, slots=True)
class Aged:
    """What one group owes one creditor in one currency, in minor units: an amount a bucket of `BUCKETS`.

    `group` is the id of what the balance is by, empty for those without one.
    """

    creditor: str
    currency: str
    group: str
    name: str
    buckets: tuple[int, ...]
    unapplied: int

    @property
    def total(self) -> int:
        """What is open, before unapplied money."""
        return sum(self.buckets)

    @property
    def balance(self) -> int:
        """What is owed on balance."""
        return self.total - self.unapplied


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """An aged trial balance as of a day; `totals` has a line a creditor and currency."""

    as_of: date
    by: By
    lines: tuple[Aged, ...]
    totals: tuple[Aged, ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PastDue:
    """A late item, with what is disputed of it and whether there is an open promise about it."""

    salesperson: str
    collector: str
    creditor: str
    customer: str
    name: str
    invoice: str
    due_date: date
    days_past_due: int
    currency: str
    open: int
    disputed: int
    promised: bool


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer whose first day with us is in the week that ends with the day, and who looks after it."""

    customer: str
    name: str
    since: date
    salesperson: str
    collector: str


def trial_balance(
    book: Book, policy: Policy, as_of: date, by: By = By.CUSTOMER, *, laid_out: bool = False
) -> TrialBalance:
    """The aged trial balance; `Refused` (4) where the book lacks what it needs.

    A segment is that of the account on the day, by the policy's conditions. `laid_out`
    says that the last thing made of the book was a trial balance of the same day.
    """
    refuse_what_balances_miss(book, policy, by)
    if not laid_out:
        lay_out(book, policy, [as_of])
    unit = policy.unit if by is By.SEGMENT else Unit.ACCOUNT
    warnings = [*_unapplied_unknown(book), *_group(book, policy, as_of, by)]
    names = _names(book, by)
    rows = book.connection.execute(sql("trial_balance"), {"as_of": as_of, "unit": unit.value}).fetchall()
    lines = tuple(
        Aged(creditor, currency, group, names.get(group, group), tuple(amounts[: len(BUCKETS)]), amounts[-1])
        for creditor, currency, group, *amounts in rows
    )
    return TrialBalance(as_of, by, lines, _totals(lines), tuple(warnings))


def refuse_what_balances_miss(book: Book, policy: Policy, by: By = By.CUSTOMER) -> None:
    """Refuse (4) a book that lacks what the aged trial balance needs."""
    refuse_lacking(book, "the aged trial balance", _needed(policy, by))


def past_due(book: Book, policy: Policy, as_of: date, *, built: bool = False) -> tuple[PastDue, ...]:
    """The late items on the day, salesperson by salesperson, oldest first; `Refused` (4) as for a plan.

    `built` says that the facts of whole accounts on that day are in the book already.
    """
    prepare_past_due(book, policy, as_of, built=built)
    return tuple(PastDue(*row) for row in book.connection.execute(sql("past_due")).fetchall())


def prepare_past_due(book: Book, policy: Policy, as_of: date, *, built: bool) -> None:
    """Make `past_invoice_facts`, of which the late items are the past-due list, and refuse as it does."""
    refuse_lacking(
        book,
        "the past-due list",
        [*_needed(policy, By.SALESPERSON), ("customers.collector",), ("disputes",), ("promises",)],
    )
    if built:
        book.connection.execute("CREATE OR REPLACE TEMP VIEW past_invoice_facts AS SELECT * FROM invoice_facts")
    else:
        book.connection.execute("DROP VIEW IF EXISTS past_invoice_facts")
        build_facts(book, of_whole_accounts(policy), as_of, prefix="past_")


def new_customers(book: Book, as_of: date, *, first: date | None = None) -> tuple[NewCustomer, ...]:
    """Who became a customer from the first day to the last; in the seven days that end with it where left out."""
    refuse_lacking(
        book,
        "the list of new customers",
        [("customers.since", "invoices.invoice_date"), ("customers.salesperson",), ("customers.collector",)],
    )
    days = {"first": first or as_of - timedelta(days=WEEK - 1), "last": as_of}
    return tuple(NewCustomer(*row) for row in book.connection.execute(sql("new_customers"), days).fetchall())


def total_of(lines: Iterable[Aged], creditor: str, currency: str) -> Aged:
    """The sum of lines of one creditor and currency; lines of another are refused."""
    buckets, unapplied = [0] * len(BUCKETS), 0
    for line in lines:
        if (line.creditor, line.currency) != (creditor, currency):
            raise ValueError("a total has one creditor and one currency")
        buckets = [so_far + amount for so_far, amount in zip(buckets, line.buckets, strict=True)]
        unapplied += line.unapplied
    return Aged(creditor, currency, "", "", tuple(buckets), unapplied)


def _totals(lines: tuple[Aged, ...]) -> tuple[Aged, ...]:
    keys = sorted({(line.creditor, line.currency) for line in lines})
    return tuple(total_of((one for one in lines if (one.creditor, one.currency) == key), *key) for key in keys)


def _needed(policy: Policy, by: By) -> list[tuple[str, ...]]:
    needed: list[tuple[str, ...]] = [OPEN]
    if policy.late.basis is Basis.INVOICE_DATE:
        needed.append(("invoices.invoice_date",))
    match by:
        case By.SALESPERSON | By.COLLECTOR:
            needed.append((f"customers.{by.value}",))
        case By.SEGMENT:
            read = (leaf.fact.removesuffix(OWN) for s in policy.segments for leaf in leaves(s.when))
            needed += dict.fromkeys(ACCOUNT[name].tables for name in read if name in ACCOUNT and ACCOUNT[name].tables)
        case By.CUSTOMER:
            pass
    return needed


def _group(book: Book, policy: Policy, as_of: date, by: By) -> list[Problem]:
    """Make the table that says which group an account belongs to, and say what could not be told."""
    run = book.connection.execute
    table = "CREATE OR REPLACE TEMP TABLE figures_group_of AS SELECT"
    if by is not By.SEGMENT:
        told = "a.customer" if by is By.CUSTOMER else f"c.{by.value}"
        run(
            f"{table} a.creditor, a.customer, '' AS item, {told} AS grouped FROM ledger_accounts AS a "
            "LEFT JOIN customers AS c ON c.customer = a.customer"
        )
        return []
    build_facts(book, policy, as_of, prefix="segment_")
    chosen = " ".join(f"WHEN {to_sql(s.when, identifier)} THEN {quoted(s.id)}" for s in policy.segments)
    run(f"{table} creditor, customer, item, CASE {chosen} ELSE '' END AS grouped FROM segment_account_facts")
    rows = run("SELECT DISTINCT customer, creditor, fact FROM segment_out_of_bounds ORDER BY 1, 2, 3").fetchall()
    return [
        Problem(
            "out-of-bounds",
            place(book),
            f"`{fact}` of customer `{customer}` with creditor `{creditor}` is beyond what a fact can say",
            "the account stands in the trial balance without a segment until its rows are right",
            severity=Severity.WARNING,
        )
        for customer, creditor, fact in rows
    ]


def _unapplied_unknown(book: Book) -> list[Problem]:
    lacking = [table for table in ("payments", "credits") if not book.has(table)]
    return [
        Problem(
            "unapplied-unknown",
            place(book),
            f"the book does not bring `{table}`, so unapplied money of that kind is not counted",
            f"bring the table `{table}`, or declare it empty on purpose (`{table}: none` under `tables:`)",
            severity=Severity.WARNING,
        )
        for table in lacking
    ]


def _names(book: Book, by: By) -> Mapping[str, str]:
    match by:
        case By.CUSTOMER:
            rows = book.connection.execute("SELECT customer, name FROM customers WHERE name IS NOT NULL").fetchall()
            return dict(rows)
        case By.SALESPERSON | By.COLLECTOR:
            return {id_: person.name for id_, person in people_of(book).items()}
        case By.SEGMENT:
            return MappingProxyType({})
