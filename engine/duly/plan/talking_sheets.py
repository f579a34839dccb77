"""The talking sheet of an introduction: what both should know of the customer before they meet it.

Who it is and since when, what it buys and on which terms, how it pays, whom one talks
to there, and what is open. All of it is what the book says; nothing is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from duly.book.book import Book
from duly.dates import add_months
from duly.messages.matter import Colleague, Line, Matter
from duly.messages.writing import Writing, writing
from duly.plan.plan import Action

MONTHS = 12
"""What a customer buys is told of so many months."""

LANGUAGE = "en"
"""Colleagues write English with each other; days and amounts stand as the customer's country writes them."""

ROLES_THERE = {"pays": "Pays there", "decides": "Decides there", "disputes": "Looks into queries there"}
"""How somebody at the customer is introduced, by role."""


@dataclass(slots=True)
class Sheet:
    """What the book says of a customer, and what is open of it."""

    known: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    manner: Writing = field(default_factory=lambda: writing(LANGUAGE, ""))


def sheets_of(book: Book, customers: Sequence[str], as_of: date) -> Mapping[str, Sheet]:
    """The sheets of these customers."""
    sheets = {customer: Sheet() for customer in customers}
    if not sheets:
        return sheets
    run = book.connection.execute
    wanted = "JOIN (SELECT unnest(CAST($wanted AS VARCHAR[])) AS customer) AS w ON w.customer ="
    asked = {"wanted": list(customers)}
    for customer, country, since, region, phone, relationship in run(
        "SELECT c.customer, c.country, c.since, c.region, c.phone, c.relationship "
        f"FROM customers AS c {wanted} c.customer",
        asked,
    ).fetchall():
        said, manner = sheets[customer].known, writing(LANGUAGE, country or "")
        sheets[customer].manner = manner
        said += [f"A customer since {manner.short_day(since)}"] if since else []
        said += [f"Region: {region}"] if region else []
        said += [f"The relationship is {relationship}, as sales judges it"] if relationship else []
        said += [f"Its telephone: {phone}"] if phone else []
    for customer, role, name, email, phone in run(
        "SELECT c.customer, c.role, c.name, c.email, c.phone FROM contacts AS c "
        f"{wanted} c.customer WHERE c.role <> 'other' ORDER BY c.customer, c.role, c.row",
        asked,
    ).fetchall():
        reached = ", ".join(text for text in (name, phone, email) if text)
        sheets[customer].known.append(f"{ROLES_THERE[role]}: {reached or 'nobody is named yet'}")
    _what_it_buys(book, sheets, as_of, wanted)
    _how_it_pays(book, sheets, wanted)
    for customer, *line in run(
        "SELECT f.customer, f.invoice, f.due_date, f.days_past_due, f.open__own, f.currency, f.invoice_date, "
        f"f.original__own FROM invoice_facts AS f {wanted} f.customer WHERE f.open__own > 0 "
        "ORDER BY f.customer, f.due_date, f.invoice",
        asked,
    ).fetchall():
        sheets[customer].lines.append(Line(*line))
    return sheets


def _what_it_buys(book: Book, sheets: Mapping[str, Sheet], as_of: date, wanted: str) -> None:
    """What was invoiced in the last months, by currency, and the terms: as agreed, else as its invoices have them."""
    run = book.connection.execute
    asked = {"wanted": list(sheets), "first": add_months(as_of, -MONTHS), "as_of": as_of}
    for customer, currency, amount, number in run(
        "SELECT i.customer, i.currency, sum(i.amount), count(*) FROM invoices AS i "
        f"{wanted} i.customer WHERE i.invoice_date > $first AND i.invoice_date <= $as_of AND i.amount IS NOT NULL "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        asked,
    ).fetchall():
        invoices = "1 invoice" if number == 1 else f"{number} invoices"
        money = sheets[customer].manner.money(int(amount), currency)
        sheets[customer].known.append(f"Bought for {money} in the last {MONTHS} months: {invoices}")
    for customer, agreed, usual in run(
        "SELECT c.customer, c.payment_terms, (SELECT mode(i.due_date - i.invoice_date) FROM invoices AS i "
        "WHERE i.customer = c.customer AND i.invoice_date <= $as_of) "
        f"FROM customers AS c {wanted} c.customer",
        {"wanted": list(sheets), "as_of": as_of},
    ).fetchall():
        if agreed is not None:
            sheets[customer].known.append(f"Terms agreed: {agreed} days")
        elif usual is not None:
            sheets[customer].known.append(f"Terms: {usual} days, as its invoices have them")


def _how_it_pays(book: Book, sheets: Mapping[str, Sheet], wanted: str) -> None:
    """How late it usually is, and its credit limit; of several accounts the worst."""
    rows = book.connection.execute(
        "SELECT a.customer, max(a.average_days_late), max(a.credit_limit), any_value(a.currency) "
        f"FROM account_facts AS a {wanted} a.customer GROUP BY 1",
        {"wanted": list(sheets)},
    ).fetchall()
    for customer, late, limit, currency in rows:
        if late is None:
            said = "Has paid no invoice yet"
        elif late <= 0:
            said = "Pays on time on average"
        else:
            said = f"Pays {late} {'day' if late == 1 else 'days'} late on average"
        sheets[customer].known.append(said)
        if limit:
            sheets[customer].known.append(f"Credit limit: {sheets[customer].manner.money(limit, currency)}")


def talking_sheet(matter: Matter, action: Action, sheet: Sheet, people: Mapping[str, Colleague]) -> Matter:
    """The matter of an introduction, from the customer's brief matter: who comes, when, and what to know."""
    sells, collects = action.detail("attends_for_sales"), action.detail("attends_for_credit")
    instead = [
        f"{_name(people, comes)} stands in for {_name(people, owner)}, who is away"
        for comes, owner in ((sells, action.detail("salesperson")), (collects, action.detail("collector")))
        if comes != owner
    ]
    totals: dict[str, int] = {}
    for line in sheet.lines:
        totals[line.currency] = totals.get(line.currency, 0) + line.open
    return replace(
        matter,
        lines=tuple(sheet.lines),
        totals=tuple(totals.items()),
        ask=action.template,
        answer_by=datetime.fromisoformat(action.detail("starts")).date(),
        salesperson=people.get(sells),
        collector=people.get(collects),
        guidance=(*sheet.known, *instead),
    )


def _name(people: Mapping[str, Colleague], person: str) -> str:
    return people[person].name if person in people else person
