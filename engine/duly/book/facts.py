"""The facts of accounts and invoices as of a day, derived in SQL from a book's tables.

`build_facts` makes two tables beside the book's own: `account_facts`, a row an
account with exactly the columns of `fact_columns(policy)`, and `invoice_facts`,
a row an open item. What each fact means is the vocabulary's sentence; the steps
are the files of `sql/`, in the order of their numbers. `duly.book.again` derives
the same in plain Python, and tests hold the two equal.

No data becomes SQL text: settings, days, rates and exceptions travel as small
tables, and what is generated around the files are the ids of a checked policy.
An account with a fact beyond the vocabulary's bounds is left out of both tables
and named, with the reason, in `out_of_bounds`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import accumulate, chain
from typing import Any

from duly.book.again import AccountFacts, InvoiceFacts, folder
from duly.book.book import Book
from duly.book.connection import Connection
from duly.book.fact_sql import account_facts_sql, beyond_sql, marks_sql, out_of_bounds_sql, pauses_sql
from duly.book.rates import Rates, missing_rate
from duly.dates import (
    add_business_days,
    add_months,
    is_business_day,
    is_contact_day,
    last_month_end_on_or_before,
    month_end,
)
from duly.language.policy import DayCount, Period, Policy, Since, UnappliedCredit
from duly.language.reads import OWN, fact_columns
from duly.language.vocabulary import MANY_DAYS
from duly.source import Refused

DAY = timedelta(days=1)
DATA = 4

STEP = "step_"
"""What the names of the tables begin with that are there only while facts are made."""

AT_ONCE = 2_048
"""Accounts read back at once."""

Row = tuple[Any, ...]
"""A row as the connection gives it."""

INVOICE_COLUMNS = (
    "invoice", "currency", "invoice_date", "due_date", "basis_day", "days_past_due", "late", "dispute", "promise",
    "original", "open", "disputed", "chased", "original__own", "open__own", "disputed__own", "chased__own",
)  # fmt: skip
"""The columns of the invoice facts, after creditor, customer, item and as-of day."""


def build_facts(book: Book, policy: Policy, asked: date | str, *, prefix: str = "", settled: bool = False) -> None:
    """Make the tables `account_facts`, `invoice_facts` and `out_of_bounds` in the book's connection.

    `asked` is a day, for every account with an invoice, unapplied money or a
    hold by then; or the name of a relation of (creditor, customer, item, as_of).
    `prefix` goes in front of the tables' names, so that one day's facts need not
    replace another's. With `settled` there is also a table `settled_invoices`.
    Of a day there are also `open_items` and `unapplied_money`: what the ledger says is open, in its
    own currency and before any money that no invoice was given, and that money; of every account.
    Raises `Refused` (4) where a rate is missing.
    """
    if not re.fullmatch(r"[a-z_]*", prefix):
        raise ValueError("a prefix is lower-case letters and underscores")
    run = book.connection.execute
    rates = Rates.of(book.connection)
    _ledger(book, policy, asked, rates)
    _rates_of_the_days(book, policy, rates)
    _step(book, "50_open_items")
    conditions = pauses_sql(policy)
    run(re.sub(r"\{(\w+)\}", lambda word: conditions[word[1]], _file("55_chased")))
    _step(book, "60_late", "65_anchors", f"70_openings_{policy.resets.value}", "75_episodes")
    _step(book, "90_sums", "91_side_money")
    _rates_of_side_money(book, policy, rates)
    _step(book, "92_side_money_converted", "93_average_late", "94_contacts", "95_history")
    _contact_days(book, policy)
    for statement in marks_sql(policy):
        run(statement)
    run(account_facts_sql(policy, f"{prefix}account_facts"))
    _step(book, "96_out_of_bounds")
    if run(beyond_sql(policy, f"{prefix}account_facts")).fetchall() != [(0,)]:
        run(out_of_bounds_sql(policy))
    _publish(book, prefix, settled=settled, ledger=isinstance(asked, date))


LEDGER = (
    "payers", "accounts", "account_days", "days", "money", "unapplied", "items", "settled_in_parts", "pool", "promises",
)  # fmt: skip
"""The steps that `build_ledger` keeps: items, money, promises, whole accounts, each in its own currency."""


def build_ledger(book: Book, policy: Policy, asked: str, *, prefix: str) -> None:
    """Make the tables of `LEDGER`, under the prefix, in the book's connection.

    They are what the facts are made from, before anything is converted to the
    policy's currency, so that no rate is needed but for money in another currency
    than its invoice. `asked` is as for `build_facts`. Raises `Refused` (4) where such a rate is missing.
    """
    _ledger(book, policy, asked, Rates.of(book.connection))
    for name in LEDGER:
        book.connection.execute(f'CREATE OR REPLACE TABLE "{prefix}{name}" AS SELECT * FROM {STEP}{name}')
    book.connection.drop_temporary(STEP)


def _ledger(book: Book, policy: Policy, asked: date | str, rates: Rates) -> None:
    _settings(book, policy, asked)
    _step(book, "00_payers")
    if isinstance(asked, date):
        _step(book, "05_everyone")
    else:
        book.connection.execute(
            f'CREATE OR REPLACE TEMP TABLE step_asked AS SELECT creditor, customer, item, as_of FROM "{asked}"'
        )
    _step(book, "10_units")
    _days(book, policy)
    _step(book, "20_invoices")
    _convert_money(book, rates)
    _least_amounts(book, policy, rates)
    _step(book, "30_items", "40_open", "45_promises")


@cache
def _file(name: str) -> str:
    return (files("duly.book") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _step(book: Book, *names: str) -> None:
    for name in names:
        book.connection.execute(_file(name))


def _fill(book: Book, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> None:
    """Make a small table of our own values; they travel as parameters."""
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    unnested = ", ".join(f"unnest(CAST(? AS {type_}[])) AS {name}" for name, type_ in columns)
    book.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {unnested}", values)


def _settings(book: Book, policy: Policy, asked: date | str) -> None:
    cap = policy.limits.contacts_per_customer
    courtesies = [stage.after for stage in policy.stages() if stage.before_due and stage.after]
    row = {
        "as_of": ("DATE", asked if isinstance(asked, date) else None),
        "currency": ("VARCHAR", policy.currency),
        "book_currency": ("VARCHAR", book.currency),
        "basis": ("VARCHAR", policy.late.basis.value),
        "unit": ("VARCHAR", policy.unit.value),
        "offset_credit": ("BOOLEAN", policy.late.unapplied_credit is UnappliedCredit.OFFSET_OLDEST),
        "window_days": ("BIGINT", cap.in_days if cap else 0),
        "courtesy_since_invoice": ("BOOLEAN", any(after.clock.since is Since.INVOICE_DATE for after in courtesies)),
        "country": ("VARCHAR", policy.calendar.country),
    }
    _fill(book, "step_settings", [(name, type_) for name, (type_, _) in row.items()], [[v for _, v in row.values()]])
    reaching = {stage.id for stage in policy.stages() if stage.contacts}
    silent = [id_ for id_ in policy.stage_ids if id_ not in reaching]
    _fill(book, "step_silent_stages", [("stage", "VARCHAR")], [[id_] for id_ in silent])
    columns = [(name, "VARCHAR") for name in ("account", "tone", "stage", "ladder")]
    columns += [("until", "DATE"), ("pause", "BOOLEAN")]
    _fill(
        book,
        "step_exceptions",
        columns,
        [[e.account, e.tone_at_most, e.stage_at_most, e.ladder, e.until, e.pause] for e in policy.exceptions],
    )


# Days.


def _days(book: Book, policy: Policy) -> None:
    """Number the days that the book speaks of, as the policy counts them, and say from when a basis day is late."""
    run = book.connection.execute
    as_ofs = [day for (day,) in run("SELECT DISTINCT as_of FROM step_asked ORDER BY as_of").fetchall()]
    _fill(
        book,
        "step_as_ofs",
        [("as_of", "DATE"), ("year_before", "DATE"), ("last_month_end", "DATE")],
        [[day, add_months(day, -12), last_month_end_on_or_before(day)] for day in as_ofs],
    )
    columns = [("day", "DATE"), ("number", "BIGINT"), ("first_late", "DATE"), ("courtesy", "DATE")]
    if not as_ofs:
        _fill(book, "step_days", columns, [])
        return
    first, last = run(_file("15_days")).fetchone() or (None, None)
    spoken_of = [day for day in (first, last) if day is not None]
    low = max(min(*spoken_of, last_month_end_on_or_before(as_ofs[0])), as_ofs[0] - MANY_DAYS * DAY)
    high = min(max(*spoken_of, as_ofs[-1]), as_ofs[-1] + MANY_DAYS * DAY)
    _fill(book, "step_days", columns, _numbered(policy, low, month_end(high)))


def _numbered(policy: Policy, low: date, high: date) -> Iterator[tuple[date, int, date | None, date | None]]:
    grace = policy.late.grace_days
    if policy.late.day_count is DayCount.CALENDAR:
        for ordinal in range(low.toordinal(), high.toordinal() + 1):
            day = date.fromordinal(ordinal)
            yield day, ordinal, day + (grace + 1) * DAY, courtesy_from(policy, day)
        return
    country = policy.calendar.country
    beyond = high + (2 * grace + 60) * DAY
    days = [date.fromordinal(n) for n in range(low.toordinal(), beyond.toordinal() + 1)]
    working = [is_business_day(day, country) for day in days]
    numbers = accumulate(int(works) for works in working)
    business = [day for day, works in zip(days, working, strict=True) if works]
    for day, number in zip(days, numbers, strict=True):
        if day > high:
            return
        # The business day with number n stands at n - 1; the first late one is grace + 1 further.
        late_at = number + grace
        yield day, number, business[late_at] if late_at < len(business) else None, courtesy_from(policy, day)


def courtesy_from(policy: Policy, basis_day: date) -> date | None:
    """The first day on which a stage before the due date may act for this basis day; None without such a stage."""
    days = [
        threshold(policy, basis_day, stage.after.clock.period, stage.after.number, stage.after.clock.month_end)
        for stage in policy.stages()
        if stage.after and stage.before_due and stage.after.clock.since is Since.DUE_DATE
    ]
    return min(days, default=None)


def threshold(policy: Policy, day: date, period: Period, number: int, to_month_end: bool) -> date:  # noqa: FBT001
    """The first day by which so many days, as the policy counts them, or months have been counted from the day."""
    country = policy.calendar.country
    if period is Period.MONTHS:
        first = add_months(day, number)
    elif policy.late.day_count is DayCount.CALENDAR:
        first = day + number * DAY
    else:
        last = day if is_business_day(day, country) else add_business_days(day, -1, country)
        first = add_business_days(last, number, country)
    return month_end(first) if to_month_end else first


def _contact_days(book: Book, policy: Policy) -> None:
    hours = policy.calendar.contact
    rows = book.connection.execute(
        "SELECT DISTINCT COALESCE(c.country, s.country) AS country, u.as_of FROM step_units AS u "
        "CROSS JOIN step_settings AS s LEFT JOIN customers AS c ON c.customer = u.customer"
    ).fetchall()
    _fill(
        book,
        "step_contact_days",
        [("country", "VARCHAR"), ("as_of", "DATE"), ("open", "BOOLEAN")],
        [[country, day, is_contact_day(day, hours, country)] for country, day in rows],
    )


# Rates.

RATE_COLUMNS = (
    ("day", "DATE"), ("from_currency", "VARCHAR"), ("to_currency", "VARCHAR"),
    ("numerator", "HUGEINT"), ("denominator", "HUGEINT"),
)  # fmt: skip

Pair = tuple[date, str, str]


def _fill_rates(book: Book, rates: Rates, pairs: Iterable[Pair]) -> None:
    """Put the ratio of each day and pair at hand; refuse with every one that the book lacks."""
    wanted = sorted(set(pairs))
    found = {pair: rates.ratio(*pair) for pair in wanted}
    if problems := [missing_rate(*pair) for pair, ratio in found.items() if ratio is None]:
        raise Refused(problems, DATA)
    rows = [[*pair, ratio.numerator, ratio.denominator] for pair, ratio in found.items() if ratio is not None]
    _fill(book, "step_rates", RATE_COLUMNS, rows)


def _convert_money(book: Book, rates: Rates) -> None:
    pairs = book.connection.execute(
        "SELECT DISTINCT m.day, m.paid_in, m.owed_in FROM step_money AS m JOIN step_account_days AS d "
        "ON d.account = m.account AND m.day <= d.as_of WHERE m.paid_in <> m.owed_in"
    ).fetchall()
    _fill_rates(book, rates, pairs)
    if pairs:
        _step(book, "25_other_currencies")


def _least_amounts(book: Book, policy: Policy, rates: Rates) -> None:
    """The least amount of each currency that is worth chasing; where there is no rate, any amount."""
    rows = book.connection.execute(
        "SELECT y.as_of, c.currency FROM step_as_ofs AS y CROSS JOIN "
        "(SELECT currency FROM step_invoices UNION SELECT currency FROM step_unapplied) AS c"
    ).fetchall()
    ratios = {(day, currency): rates.ratio(day, currency, policy.currency) for day, currency in rows}
    least = policy.late.ignore_invoice_below
    _fill(
        book,
        "step_least",
        [("as_of", "DATE"), ("currency", "VARCHAR"), ("least", "BIGINT")],
        [[*key, ratio.least_reaching(least) if ratio else 1] for key, ratio in ratios.items()],
    )


def _rates_of_the_days(book: Book, policy: Policy, rates: Rates) -> None:
    """Rates for every currency in which something is open."""
    rows = book.connection.execute("SELECT DISTINCT as_of, currency FROM step_items WHERE direct_open > 0").fetchall()
    _fill_rates(book, rates, [(day, currency, policy.currency) for day, currency in rows])


def _rates_of_side_money(book: Book, policy: Policy, rates: Rates) -> None:
    own = {column.fact for column in fact_columns(policy) if column.name.endswith(OWN)}
    rows = book.connection.execute(
        "SELECT DISTINCT as_of, fact, currency, own_currency FROM step_side_money"
    ).fetchall()
    pairs = [(day, currency, policy.currency) for day, _, currency, _ in rows]
    pairs += [(day, currency, to) for day, fact, currency, to in rows if fact in own]
    _fill_rates(book, rates, pairs)


# The result.


def _publish(book: Book, prefix: str, *, settled: bool, ledger: bool) -> None:
    """Give the results their names, without the accounts that are out of bounds, and drop the steps."""
    run = book.connection.execute
    columns = ", ".join(f'counts_late AS "{name}"' if name == "late" else f'"{name}"' for name in INVOICE_COLUMNS)
    run(
        f'CREATE OR REPLACE TABLE "{prefix}invoice_facts" AS '
        f"SELECT creditor, customer, item, as_of, {columns} FROM step_chased"
    )
    run(f'CREATE OR REPLACE TABLE "{prefix}out_of_bounds" AS SELECT * FROM step_out_of_bounds')
    for name in ("account_facts", "invoice_facts"):
        run(
            f'DELETE FROM "{prefix}{name}" WHERE EXISTS (SELECT 1 FROM step_out_of_bounds AS o '
            f'WHERE o.creditor = "{prefix}{name}".creditor AND o.customer = "{prefix}{name}".customer '
            f'AND o.as_of = "{prefix}{name}".as_of)'
        )
    for name in ("open_items", "unapplied_money") if ledger else ():
        run(f'CREATE OR REPLACE TABLE "{prefix}{name}" AS {_file(f"97_{name}")}')
    if settled:
        run(f'CREATE OR REPLACE TABLE "{prefix}settled_invoices" AS {_file("99_settled_invoices")}')
    book.connection.drop_temporary(STEP)


def facts_from(
    connection: Connection, policy: Policy, *, prefix: str = "", only: str = "", invoices: bool = False
) -> Iterator[AccountFacts]:
    """The account facts read back as Python values, in the order of creditor, customer, item and day.

    `only` is the name of a relation of (creditor, customer, item) to keep;
    `invoices` adds each account's open items.
    """
    columns = fact_columns(policy)
    names = ", ".join(f'a."{column.name}"' for column in columns)
    same = "o.creditor = a.creditor AND o.customer = a.customer AND o.item = a.item"
    kept = f'WHERE EXISTS (SELECT 1 FROM "{only}" AS o WHERE {same})' if only else ""
    items = _invoices(connection, prefix, kept) if invoices else {}
    query = (
        "SELECT a.creditor, a.customer, a.item, a.as_of, a.anchor, a.next_due, a.episode, a.episode_start, "
        f'{names} FROM "{prefix}account_facts" AS a {kept} ORDER BY a.creditor, a.customer, a.item, a.as_of'
    )
    fold = folder(columns)
    # A cursor of its own, so that the caller may use the connection meanwhile; it sees no temporary relation.
    cursor = connection.execute(query) if only else connection.cursor().execute(query)
    batches: Iterable[Sequence[Row]] = [cursor.fetchall()] if only else iter(lambda: cursor.fetchmany(AT_ONCE), [])
    for row in chain.from_iterable(batches):
        creditor, customer, item, as_of, anchor, next_due, episode, episode_start, *values = row
        opened = tuple(items.get((creditor, customer, item, as_of), ()))
        yield AccountFacts(
            creditor, customer, item, as_of, anchor, next_due, episode, episode_start, fold(values), opened
        )


def _invoices(connection: Connection, prefix: str, kept: str) -> dict[tuple[str, str, str, date], list[InvoiceFacts]]:
    names = ", ".join(f'"{name}"' for name in INVOICE_COLUMNS)
    found: dict[tuple[str, str, str, date], list[InvoiceFacts]] = {}
    for row in connection.execute(
        f'SELECT creditor, customer, item, as_of, {names} FROM "{prefix}invoice_facts" AS a {kept} '
        "ORDER BY basis_day, invoice"
    ).fetchall():
        found.setdefault(row[:4], []).append(InvoiceFacts(*row[4:]))
    return found
