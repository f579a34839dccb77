"""One customer's record: who they are, how they are reached, who of us serves them, what is open.

Open items are what the ledger says on the day, by creditor and currency, without any
policy: past due is whatever has passed its due date. Unapplied money is shown beside
what is open and taken off nothing. Rates are needed only where a customer owes in
several currencies, as for every fact of such an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from duly.book.book import Book, Presence
from duly.book.facts import build_facts
from duly.book.history import add_history
from duly.figures.timeline import Happening, timeline_of
from duly.journal.history import history_of
from duly.journal.store import Journal
from duly.language.policy import Policy
from duly.source import NOWHERE, Problem, Refused
from duly.team.people import DATA, Person, Team, team_of

PREFIX = "record_"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at the customer; what the book does not say is empty."""

    role: str
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """What is open with one creditor in one currency, in minor units; `unapplied` has not been given to an invoice."""

    creditor: str
    currency: str
    items: int = 0
    open: int = 0
    past_due: int = 0
    disputed: int = 0
    oldest_due: date | None = None
    unapplied: int = 0


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of ours who serves the customer, and who stands in on the day, where the person is away."""

    role: str
    person: Person
    away: bool = False
    stand_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is known of a customer on a day. What the book does not say is empty, or None."""

    id: str
    as_of: date
    name: str = ""
    address: tuple[str, ...] = ()
    country: str = ""
    region: str = ""
    language: str = ""
    time_zone: str = ""
    email: str = ""
    phone: str = ""
    since: date | None = None
    renews_on: date | None = None
    relationship: str = ""
    tags: str = ""
    parent: str = ""
    payer: str = ""
    pays_for: tuple[str, ...] = ()
    do_not_contact: bool = False
    no_email: bool = False
    insolvent: bool = False
    preferred: str = ""
    contacts: tuple[Contact, ...] = ()
    colleagues: tuple[Colleague, ...] = ()
    open: tuple[Open, ...] = ()
    holds: tuple[tuple[str, date], ...] = ()
    timeline: tuple[Happening, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def record_of(book: Book, customer: str, as_of: date, journal: Journal | None = None) -> Record:
    """The customer's record on a day; raises `Refused` (4) where the book has no such customer.

    What the journal knows is added to the book's tables.
    """
    run = book.connection.execute
    row = run(
        "SELECT name, address, country, region, language, time_zone, email, phone, since, renews_on, "
        "relationship, tags, parent, "
        "COALESCE(do_not_contact, FALSE), COALESCE(no_email, FALSE), COALESCE(insolvent, FALSE) "
        "FROM customers WHERE customer = ?",
        [customer],
    ).fetchone()
    if row is None:
        message = f"the book has no customer `{customer}`"
        raise Refused([Problem("unknown-customer", NOWHERE, message, "write the id as it stands in the book")], DATA)
    # The timeline comes first: from then on the book's tables hold the journal's rows as well.
    timeline = timeline_of(book, customer, journal, as_of)
    if journal is not None:
        add_history(book, history_of(journal))
    name, address, country, region, language, zone, email, phone, since, renews_on, *more = row
    relationship, tags, parent, *marks = more
    do_not_contact, no_email, insolvent = marks
    team = team_of(book) if book.given["people"] is not Presence.ABSENT else Team(())
    contacts = _contacts(book, customer)
    colleagues, problems = _colleagues(book, team, customer, as_of)
    payer = _payer(book, customer)
    return Record(
        id=customer,
        as_of=as_of,
        name=name or "",
        address=tuple(line.strip() for line in (address or "").split(";") if line.strip()),
        country=country or "",
        region=region or "",
        language=language or "",
        time_zone=zone or "",
        email=email or "",
        phone=phone or "",
        since=since,
        renews_on=renews_on,
        relationship=relationship or "",
        tags=tags or "",
        parent=parent or "",
        payer=payer.get(customer, ""),
        pays_for=tuple(sorted(child for child, by in payer.items() if by == customer)),
        do_not_contact=do_not_contact,
        no_email=no_email,
        insolvent=insolvent,
        preferred=preferred_channel(contacts, email or "", address or "", no_email=no_email),
        contacts=contacts,
        colleagues=colleagues,
        open=open_items(book, customer, as_of, payer.get(customer, "")),
        holds=_holds(book, customer, as_of),
        timeline=timeline,
        problems=problems,
    )


def preferred_channel(contacts: tuple[Contact, ...], email: str, address: str, *, no_email: bool) -> str:
    """How messages reach the customer first, as the facts `has_email` and `has_address` say it; empty where neither."""
    mailable = bool(email) or any(contact.role == "pays" and contact.email for contact in contacts)
    if mailable and not no_email:
        return "email"
    return "letter" if address else ""


def _contacts(book: Book, customer: str) -> tuple[Contact, ...]:
    rows = book.connection.execute(
        "SELECT role, name, email, phone, language FROM contacts WHERE customer = ? ORDER BY row", [customer]
    ).fetchall()
    found = [Contact(*(value or "" for value in row)) for row in rows]
    return tuple(sorted(found, key=lambda one: ORDER.index(one.role) if one.role in ORDER else len(ORDER)))


ORDER = ("pays", "decides", "disputes", "other")
"""Contacts by role, in the order in which one looks for them."""


def _colleagues(book: Book, team: Team, customer: str, day: date) -> tuple[tuple[Colleague, ...], tuple[Problem, ...]]:
    row = book.connection.execute(
        "SELECT salesperson, collector FROM customers WHERE customer = ?", [customer]
    ).fetchone()
    found: list[Colleague] = []
    for role, id_ in zip(("salesperson", "collector"), row or (), strict=False):
        if id_:
            person = team.by_id.get(id_, Person(id_, role))
            cover = team.stand_in(person, day)
            away = cover.id if cover and cover != person else ""
            found.append(Colleague(role, person, person.is_away(day), away))
    # Only what concerns this customer is said here; `duly pairs` says the rest.
    return tuple(found), team.problems(day, {one.person.id for one in found})


def _payer(book: Book, customer: str) -> Mapping[str, str]:
    """Who is paid for by whom, among the customer's family: by child, the one who pays in the end."""
    links = dict(
        book.connection.execute(
            "SELECT customer, parent FROM customers WHERE parent_pays AND parent IS NOT NULL"
        ).fetchall()
    )
    found: dict[str, str] = {}
    for child in links:
        here = child
        while here in links:
            here = links[here]
        if customer in {child, here}:
            found[child] = here
    return found


def open_items(book: Book, customer: str, as_of: date, payer: str = "") -> tuple[Open, ...]:
    """What is open, by creditor and currency, in their order: the customer's own invoices, even if a `payer` pays."""
    run = book.connection.execute
    currencies = run(
        "SELECT currency FROM invoices WHERE customer = ? GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1",
        [customer],
    ).fetchone()
    # Only what is open is asked, which no rule changes; a customer's own currency needs no rate.
    plain = Policy(id="record", currency=currencies[0] if currencies else book.currency)
    run(
        f'CREATE OR REPLACE TABLE "{PREFIX}asked" AS '
        "SELECT DISTINCT creditor, $1 AS customer, '' AS item, $2 AS as_of FROM invoices WHERE customer = $3",
        [payer or customer, as_of, customer],
    )
    build_facts(book, plain, f"{PREFIX}asked", prefix=PREFIX)
    found = {
        (creditor, currency): Open(creditor or "", currency, *rest)
        for creditor, currency, *rest in run(
            f"""
            SELECT f.creditor, f.currency, count(*), CAST(sum(f.open__own) AS BIGINT),
                   CAST(COALESCE(sum(f.open__own) FILTER (WHERE f.due_date < $2), 0) AS BIGINT),
                   CAST(sum(f.disputed__own) AS BIGINT), min(f.due_date)
            FROM "{PREFIX}invoice_facts" AS f
            LEFT JOIN instalments AS n ON f.invoice = n.invoice || '/' || CAST(n.number AS VARCHAR)
            JOIN invoices AS i ON i.invoice = COALESCE(n.invoice, f.invoice)
            WHERE i.customer = $1 AND f.open__own > 0 AND (i.written_off_on IS NULL OR i.written_off_on > $2)
            GROUP BY f.creditor, f.currency
            """,
            [customer, as_of],
        ).fetchall()
    }
    for creditor, currency, amount in run(
        """
        SELECT creditor, currency, CAST(sum(amount) AS BIGINT) FROM (
            SELECT creditor, currency, amount FROM payments
            WHERE customer = $1 AND invoice IS NULL AND day <= $2 AND (bounced_on IS NULL OR bounced_on > $2)
            UNION ALL
            SELECT creditor, currency, amount FROM credits WHERE customer = $1 AND invoice IS NULL AND day <= $2
        ) AS money GROUP BY creditor, currency
        """,
        [customer, as_of],
    ).fetchall():
        before = found.get((creditor, currency), Open(creditor or "", currency))
        found[creditor, currency] = replace(before, unapplied=amount)
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0] or "", key[1])))


def _holds(book: Book, customer: str, as_of: date) -> tuple[tuple[str, date], ...]:
    rows = book.connection.execute(
        "SELECT hold, placed_on FROM holds WHERE customer = $1 AND placed_on <= $2 "
        "AND (released_on IS NULL OR released_on > $2) ORDER BY placed_on, hold",
        [customer, as_of],
    ).fetchall()
    return tuple((hold, day) for hold, day in rows)
