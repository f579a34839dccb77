"""The coming days on which something happens to an account although nobody does anything.

An invoice becomes late, a promise or a request runs out, a contact leaves the
window of the cap, an exception ends, a month is full. On every other day an
account's facts are those of the day before with the days counted on, since
between two of these days each fact is fixed or counts days from a fixed day.

There may be days too many in the answer, which costs a little time, but never a
day too few. Days are left out only where it can be shown that they change no
answer: an invoice that becomes late beside a late one matters to sums alone,
hence only where a sum can reach a number that the policy asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from duly.book.book import Book
from duly.book.facts import threshold
from duly.book.known import family_sql
from duly.language.policy import Period, Policy, Since
from duly.language.reads import OWN, clocks, fact_columns
from duly.language.sql import identifier, quoted
from duly.language.vocabulary import MANY_DAYS
from duly.rules.decisive import decisive, turns

DAY = timedelta(days=1)

KEY = "creditor, customer, item"

GROWS = {
    "past_due": "most",
    "past_due_with_disputed": "most",
    "largest_late": "most",
    "late_count": "items",
    "late_count_with_disputed": "items",
}
"""Facts that grow as further invoices become late, each with what it can come to."""

AGES = (31, 61, 91, 121)
"""Days past due on which an open amount comes to count in another of the aging facts."""

YEAR_BACK = {
    "average_days_late": (
        ("payments AS m JOIN invoices AS x ON x.invoice = m.invoice", "m.day"),
        ("credits AS m JOIN invoices AS x ON x.invoice = m.invoice", "m.day"),
        ("invoices AS x", "x.settled_on"),
    ),
    "annual_sales": (("sales AS x", "x.day"),),
    "broken_promises_12_months": (("promises AS x", "x.due_on"),),
    "kept_promises_12_months": (("promises AS x", "x.due_on"),),
    "financial_difficulty": (("answers AS x", "x.day"),),
    "relationship": (("answers AS x", "x.day"),),
}
"""Facts that look back a year, and the rows `x` that they lose when it is over, by their day."""

TELLING = ("months_as_customer", "promises_open", "contacts_in_window", "contacted_today")
"""Facts that tell which accounts a day cannot matter to."""

PROMISED = ("promise", "promises_open", "broken_promises", "broken_promises_12_months", "kept_promises_12_months")
REQUESTED = ("sales_asked", "requests_open", "requests_answered", "requests_told")


def create_happenings(book: Book, policy: Policy, as_of: date, last: date) -> None:
    """Make the table `ahead_happenings` (creditor, customer, item, day) for the accounts of `ahead_accounts`.

    Reads the facts of the day itself; the days are after it and not after the last.
    """
    run = book.connection.execute
    reading = _Reading(policy, turns(decisive(policy)), turns(pause.when for pause in policy.invoice_pauses))
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_span AS SELECT CAST(? AS DATE) AS as_of, CAST(? AS DATE) AS last",
        [as_of, last],
    )
    run("CREATE OR REPLACE TEMP TABLE ahead_payers AS SELECT DISTINCT customer FROM ahead_accounts")
    run(f"CREATE OR REPLACE TEMP TABLE ahead_family AS {family_sql('ahead_payers')}")
    run(_units(reading))
    _create_thresholds(book, reading, as_of, last)
    _create_exceptions(book, policy)
    found = " UNION ALL ".join(f"SELECT {KEY}, CAST(day AS DATE) AS day FROM ({part}) AS h" for part in _parts(reading))
    run(
        f"CREATE OR REPLACE TEMP TABLE ahead_happenings AS SELECT DISTINCT {KEY}, day FROM ({found}) AS f "
        "CROSS JOIN ahead_span AS span WHERE day > span.as_of AND day <= span.last"
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the policy asks of accounts and of invoices: facts, each with its numbers."""

    policy: Policy
    account: Mapping[str, tuple[int, ...]]
    invoice: Mapping[str, tuple[int, ...]]

    def reads(self, *facts: str) -> bool:
        """Say whether a decision hangs on one of the facts."""
        return any(fact in self.account for fact in facts)

    @property
    def chase_is_fixed(self) -> bool:
        """Say whether time alone takes no invoice out and brings none back."""
        return not {"promise", "days_past_due"} & set(self.invoice)


def _parts(reading: _Reading) -> Iterator[str]:
    """SQL queries of (creditor, customer, item, day)."""
    yield from _lateness(reading)
    yield from _months(reading)
    yield from _years(reading)
    yield from _customers(reading)
    yield (
        "SELECT u.creditor, u.customer, u.item, e.day "
        "FROM ahead_units AS u JOIN ahead_exceptions AS e ON e.account = u.customer"
    )
    yield _every_day(reading)


# Invoices.


def _units(reading: _Reading) -> str:
    """SQL: the accounts with their facts of the day, whether they stay late, and what their sums can come to."""
    stays_late = "f.late" if reading.chase_is_fixed else "FALSE"
    grows = [fact for name in GROWS for fact in (name, name + OWN) if reading.account.get(fact)]
    facts = ", ".join(f"f.{identifier(fact)}" for fact in (*grows, *TELLING))
    return f"""
        CREATE OR REPLACE TEMP TABLE ahead_units AS
        SELECT
            f.creditor, f.customer, f.item, {facts}, {stays_late} AS stays_late, anchor.basis_day AS anchor_basis_day,
            sums.most, sums.most__own, sums.items
        FROM ahead_accounts AS a
        JOIN account_facts AS f ON {_same("f", "a")}
        LEFT JOIN invoice_facts AS anchor ON {_same("anchor", "f")} AND anchor.invoice = f.anchor
        LEFT JOIN (
            SELECT {KEY}, sum(open) AS most, GREATEST(sum(open), sum(open__own)) AS most__own, count(*) AS items
            FROM invoice_facts GROUP BY {KEY}
        ) AS sums ON {_same("sums", "f")}
    """


def _lateness(reading: _Reading) -> Iterator[str]:
    items = f"FROM invoice_facts AS i JOIN ahead_units AS u ON {_same('i', 'u')}"
    key = "i.creditor, i.customer, i.item"
    thresholds = "JOIN ahead_thresholds AS t ON t.start = i.basis_day AND t.what"
    # An account that stays late has its anchor already, unless an older invoice becomes late after a younger one.
    sums = [
        f"(u.{identifier(fact)} < {number} AND u.{most} >= {number})"
        for plain, total in GROWS.items()
        for fact, most in ((plain, total), (plain + OWN, "most__own"))
        for number in reading.account.get(fact, ())
    ]
    matters = " OR ".join(("NOT u.stays_late", "i.basis_day <= u.anchor_basis_day", *sums))
    yield (f"SELECT {key}, t.day {items} {thresholds} = 'late' WHERE NOT i.late AND ({matters})")
    next_due = "TRUE" if reading.reads("days_to_due") else "NOT u.stays_late"
    yield f"SELECT {key}, i.basis_day + 1 AS day {items} WHERE {next_due}"
    if reading.reads(*(name + end for name in AGING for end in ("", OWN))):
        yield f"SELECT {key}, t.day {items} {thresholds} = 'age'"
        yield f"SELECT {key}, i.basis_day AS day {items}"
    yield f"SELECT {key}, t.day {items} {thresholds} = 'pause'"
    for clock in clocks(reading.policy):
        if clock.period is Period.MONTHS and clock.since is not Since.PREVIOUS_STAGE:
            start = "basis_day" if clock.since is Since.DUE_DATE else "invoice_date"
            yield (
                f"SELECT {key}, t.day {items} JOIN ahead_thresholds AS t ON t.start = i.{start} "
                f"AND t.what = {quoted(clock.fact)} WHERE NOT u.stays_late OR i.basis_day <= u.anchor_basis_day"
            )


AGING = ("not_due", "aged_0_30", "aged_31_60", "aged_61_90", "aged_91_120", "aged_over_120")


def _create_thresholds(book: Book, reading: _Reading, as_of: date, last: date) -> None:
    """Make a table of the days on which so much has been counted: what is counted, from when, and that day."""
    policy = reading.policy
    run = book.connection.execute
    items = f"FROM invoice_facts AS i JOIN ahead_accounts AS a ON {_same('i', 'a')}"
    days_of = {
        "basis_day": f"SELECT DISTINCT i.basis_day {items}",
        "invoice_date": f"SELECT DISTINCT i.invoice_date {items} WHERE i.invoice_date IS NOT NULL",
        "stage": "SELECT DISTINCT e.day FROM executed_stages AS e JOIN ahead_family AS f ON f.customer = e.customer",
    }
    wanted: list[tuple[str, str, Period, bool, tuple[int, ...]]] = [
        ("late", "basis_day", Period.DAYS, False, (policy.late.grace_days + 1,))
    ]
    wanted += [("pause", "basis_day", Period.DAYS, False, tuple(reading.invoice.get("days_past_due", ())))]
    wanted += [("age", "basis_day", Period.DAYS, False, AGES)]
    starts = {Since.DUE_DATE: "basis_day", Since.INVOICE_DATE: "invoice_date", Since.PREVIOUS_STAGE: "stage"}
    wanted += [
        (clock.fact, starts[clock.since], clock.period, clock.month_end, tuple(reading.account.get(clock.fact, ())))
        for clock in clocks(policy)
        if clock.period is Period.MONTHS
    ]
    days: dict[str, list[date]] = {
        name: [day for (day,) in run(query).fetchall()]
        for name, query in days_of.items()
        if any(start == name for _, start, *_ in wanted)
    }
    rows = [
        (what, start, day)
        for what, name, period, month_end, numbers in wanted
        for start in days[name]
        for number in numbers
        if as_of < (day := threshold(policy, start, period, number, month_end)) <= last
    ]
    run("CREATE OR REPLACE TEMP TABLE ahead_thresholds (what VARCHAR, start DATE, day DATE)")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        run(
            "INSERT INTO ahead_thresholds "
            "SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS DATE[])), unnest(CAST(? AS DATE[]))",
            columns,
        )


# Months and years.


def _months(reading: _Reading) -> Iterator[str]:
    numbers = [number for number in reading.account.get("months_as_customer", ()) if number > 0]
    if numbers:
        values = ", ".join(f"({number})" for number in numbers)
        yield f"""
            SELECT u.creditor, u.customer, u.item, COALESCE(c.since, first.day) + to_months(n.number) AS day
            FROM ahead_units AS u
            JOIN (VALUES {values}) AS n(number) ON u.months_as_customer < n.number
            LEFT JOIN customers AS c ON c.customer = u.customer
            LEFT JOIN (
                SELECT i.creditor, w.payer AS customer, min(i.invoice_date) AS day
                FROM invoices AS i JOIN ahead_family AS w ON w.customer = i.customer
                GROUP BY i.creditor, w.payer
            ) AS first ON first.creditor = u.creditor AND first.customer = u.customer
        """
    for clock in clocks(reading.policy):
        if clock.period is Period.MONTHS and clock.since is Since.PREVIOUS_STAGE:
            started = f"JOIN ahead_thresholds AS t ON t.start = x.day AND t.what = {quoted(clock.fact)}"
            yield _of_account("executed_stages AS x", "t.day", joined=started)


def _years(reading: _Reading) -> Iterator[str]:
    """What happened a year before; a year after the 28th and 29th of February begins on the same day or the next."""
    sources = (rows for fact, some in YEAR_BACK.items() if reading.reads(fact, fact + OWN) for rows in some)
    for source, day in dict.fromkeys(sources):
        # What sales says of a customer counts whatever the creditor it was asked for.
        by_creditor = not source.startswith("answers")
        yield _of_account(source, f"{day} + to_months(12)", by_creditor=by_creditor)
        yield _of_account(source, f"{day} + to_months(12) + INTERVAL 1 DAY", by_creditor=by_creditor)


# What was said and done.


def _customers(reading: _Reading) -> Iterator[str]:
    """What runs out by itself; of promises only the open ones, of contacts only where there are enough to matter."""
    if reading.reads(*PROMISED) or "promise" in reading.invoice:
        yield _of_account("promises AS x", "x.due_on + 1", chosen="u.promises_open > 0")
    if reading.reads("kept_promises_12_months"):
        yield _of_account("promises AS x", "x.due_on")
    if reading.reads(*REQUESTED):
        yield _of_account("requests AS x", "x.due_on + 1")
        yield _of_account("requests AS x", "x.asked_on + 1")
    if reading.reads("requests_told"):
        yield _of_account("requests AS x", "x.told_on + 1")
    if reading.reads("tasks_given"):
        yield _of_account("tasks_given AS x", "x.day + 1")
    cap = reading.policy.limits.contacts_per_customer
    enough = min(reading.account.get("contacts_in_window", ()), default=0)
    for source, chosen in (("contacts_made AS x", "x.direction = 'out'"), ("executed_stages AS x", "TRUE")):
        if reading.reads("contacts_in_window", "contacted_today"):
            yield _of_account(source, "x.day + 1", chosen=f"{chosen} AND u.contacted_today", by_creditor=False)
        if reading.reads("contacts_in_window") and cap:
            many = f"{chosen} AND u.contacts_in_window + CASE WHEN u.contacted_today THEN 1 ELSE 0 END >= {enough}"
            yield _of_account(source, f"x.day + {cap.in_days}", chosen=many, by_creditor=False)


def _create_exceptions(book: Book, policy: Policy) -> None:
    """Make a table of the first day without each exception."""
    run = book.connection.execute
    run("CREATE OR REPLACE TEMP TABLE ahead_exceptions (account VARCHAR, day DATE)")
    for exception in policy.exceptions:
        run("INSERT INTO ahead_exceptions VALUES (?, ?)", [exception.account, exception.until + DAY])


def _every_day(reading: _Reading) -> str:
    """SQL: each coming day of the accounts that have to be looked at day by day.

    All of them, where a condition reads whether the day is open for contact;
    else those of which something comes to be longer ago than days are counted.
    """
    ago = [c.name for c in fact_columns(reading.policy) if c.name.startswith("days_since_") or c.clock]
    longest = f"GREATEST({', '.join(f'COALESCE(abs(f.{identifier(name)}), 0)' for name in ago)})"
    oldest = "date_diff('day', LEAST(i.basis_day, COALESCE(i.invoice_date, i.basis_day)), span.as_of)"
    far = f"> {MANY_DAYS} - date_diff('day', span.as_of, span.last)"
    chosen = (
        "TRUE" if reading.reads("contact_day") else "(u.creditor, u.customer) IN (SELECT creditor, customer FROM far)"
    )
    return f"""
        WITH
        far AS (
            SELECT f.creditor, f.customer FROM account_facts AS f CROSS JOIN ahead_span AS span WHERE {longest} {far}
            UNION
            SELECT i.creditor, i.customer FROM invoice_facts AS i CROSS JOIN ahead_span AS span WHERE {oldest} {far}
        ),
        watched AS (SELECT creditor, customer, item FROM ahead_units AS u WHERE {chosen}),
        days AS (SELECT unnest(generate_series(as_of, last, INTERVAL 1 DAY)) AS day FROM ahead_span)
        SELECT w.creditor, w.customer, w.item, days.day FROM watched AS w CROSS JOIN days
    """


def _of_account(source: str, day: str, *, joined: str = "", chosen: str = "TRUE", by_creditor: bool = True) -> str:
    """SQL: a day for each row `x` of a source, for every unit of the account that it is about, `u`."""
    about = "u.creditor = x.creditor AND " if by_creditor else ""
    return (
        f"SELECT u.creditor, u.customer, u.item, {day} AS day FROM {source} "
        f"JOIN ahead_family AS w ON w.customer = x.customer JOIN ahead_units AS u ON {about}u.customer = w.payer "
        f"{joined} WHERE {chosen}"
    )


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in KEY.split(", "))
