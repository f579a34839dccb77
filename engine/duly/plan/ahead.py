"""The next day on which something withheld could happen, found by deciding later days again.

Nothing else happens meanwhile: no payment, no contact, no answer, and the book
stays as it was known on the day. Deciding every day up to the horizon gives the
answer; this module gives the same one from far fewer days.

From one happening (`duly.plan.happenings`) to the next only the days are counted
on, all by as many as went by, so the facts in between are those of the last
happening with their counts moved. A condition asks of a count whether it has
reached some number, so a day on which no count reaches one is decided like the
day before, and there is no need to decide it. What is left is decided by the
columnar engine: first up to each account's first happening, from the facts of
the day itself; then, for what was not found, after every happening, from facts
derived on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from duly.book.book import Book
from duly.book.facts import build_facts
from duly.book.known import as_known_on
from duly.dates import business_days_between, last_month_end_on_or_before
from duly.language.policy import DayCount, Period, Policy
from duly.language.reads import FactColumn, fact_columns
from duly.language.sql import identifier, quoted
from duly.plan.explanation import HORIZON_DAYS
from duly.plan.happenings import create_happenings
from duly.rules.columnar import sql
from duly.rules.decisive import decisive, turns

DAY = timedelta(days=1)

STAGE = ""
"""What stands for "any stage" beside the ids of holds."""

Key = tuple[str, str, str]
"""Creditor, customer, item."""

HAPPENS = "CASE WHEN s.hold = '' THEN d.step <> 'none' ELSE list_contains(string_split(d.place, ','), s.hold) END"
"""That what is sought (s) is in a decision (d)."""


def next_days(book: Book, policy: Policy, as_of: date) -> dict[tuple[Key, str], date]:
    """By account and hold (or `STAGE`): the first coming day on which it would be proposed; absent where none.

    Reads the facts and the decisions of the day itself; a stage is looked for
    where one is withheld from a late account, a hold where something keeps it back.
    """
    _create_sought(book, policy)
    _create_calendar(book, policy, as_of)
    create_happenings(book, policy, as_of, as_of + HORIZON_DAYS * DAY)
    _create_stretches(book)
    found = _decide_stretches(book, policy, "account_facts")
    run = book.connection.execute
    run("CREATE OR REPLACE TEMP TABLE ahead_accounts AS SELECT DISTINCT creditor, customer, item FROM ahead_sought")
    run("CREATE OR REPLACE TEMP TABLE ahead_payers AS SELECT DISTINCT customer FROM ahead_accounts")
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_asked AS SELECT h.creditor, h.customer, h.item, h.day AS as_of "
        f"FROM ahead_happenings AS h JOIN ahead_accounts AS a ON {_same('a', 'h')}"
    )
    if run("SELECT 1 FROM ahead_asked LIMIT 1").fetchone() is None:
        return found
    with as_known_on(book, as_of, "ahead_payers"):
        build_facts(book, policy, "ahead_asked", prefix="ahead_")
    return found | _decide_stretches(book, policy, "ahead_account_facts")


def _create_sought(book: Book, policy: Policy) -> None:
    """Make the tables of what is sought and of the accounts for which something is."""
    run = book.connection.execute
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_sought AS SELECT creditor, customer, item, '' AS hold FROM decisions "
        "WHERE wait NOT IN ('not_late', 'no_ladder')"
    )
    for hold in policy.holds:
        run(
            "INSERT INTO ahead_sought SELECT creditor, customer, item, ? FROM decisions "
            "WHERE list_contains(string_split(hold_waits, ','), ?)",
            [hold.id, hold.id],
        )
    run("CREATE OR REPLACE TEMP TABLE ahead_accounts AS SELECT DISTINCT creditor, customer, item FROM ahead_sought")


def _create_stretches(book: Book) -> None:
    """Make the table of stretches: from the day itself or a happening until the next happening, which is out."""
    book.connection.execute("""
        CREATE OR REPLACE TEMP TABLE ahead_stretches AS
        SELECT
            creditor, customer, item, day AS first,
            lead(day, 1, span.last + 1) OVER (PARTITION BY creditor, customer, item ORDER BY day) AS until
        FROM (
            SELECT creditor, customer, item, day FROM ahead_happenings
            UNION ALL
            SELECT a.creditor, a.customer, a.item, span.as_of FROM ahead_accounts AS a CROSS JOIN ahead_span AS span
        ) AS days
        CROSS JOIN ahead_span AS span
    """)


def _decide_stretches(book: Book, policy: Policy, facts: str) -> dict[tuple[Key, str], date]:
    """What is found in the stretches whose first day the table of facts is about; it is sought no longer."""
    run = book.connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE ahead_days AS {_days_sql(policy, facts)}")
    run(f"CREATE OR REPLACE TEMP VIEW ahead_facts AS {_later_facts_sql(policy, facts)}")
    # A table of its own: a filter on top would be pushed down through every layer, and grow in each.
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_decisions AS "
        f"SELECT creditor, customer, item, as_of, step, place FROM ({sql(policy, 'ahead_facts')}) AS d"
    )
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_found AS "
        "SELECT s.creditor, s.customer, s.item, s.hold, min(d.as_of) AS day "
        f"FROM ahead_sought AS s JOIN ahead_decisions AS d ON {_same('d', 's')} WHERE {HAPPENS} "
        "GROUP BY s.creditor, s.customer, s.item, s.hold"
    )
    run(
        "DELETE FROM ahead_sought AS s WHERE EXISTS "
        f"(SELECT 1 FROM ahead_found AS d WHERE {_same('d', 's')} AND d.hold = s.hold)"
    )
    rows = run("SELECT creditor, customer, item, hold, day FROM ahead_found").fetchall()
    return {((creditor, customer, item), hold): day for creditor, customer, item, hold, day in rows}


# Counting on.


@dataclass(frozen=True, slots=True)
class Count:
    """A fact that counts days: `kind` is the column of the calendar that it moves with, up or down."""

    column: str
    kind: str
    down: bool = False
    only_late: bool = False

    def __str__(self) -> str:
        """SQL: the count as it moves up."""
        return f"{'-' if self.down else ''}f.{identifier(self.column)}"

    def reaches(self, number: int) -> int:
        """The value of the count as it moves up at which the fact passes the number."""
        return 1 - number if self.down else number

    @property
    def counts(self) -> str:
        """SQL: that the fact counts at all; days past due are a fixed 0 where nothing is late."""
        return "f.late" if self.only_late else "TRUE"

    @property
    def moved(self) -> str:
        """SQL: the fact on a later day."""
        days = f"(later.{self.kind} - now.{self.kind})"
        moved = f"f.{identifier(self.column)} {'-' if self.down else '+'} {days}"
        return f"CASE WHEN {self.counts} THEN {moved} ELSE f.{identifier(self.column)} END"


def count_of(column: FactColumn) -> Count | None:
    """How the fact counts days; None where it does not."""
    match column:
        case FactColumn(clock=clock) if clock:
            kind = "month_end" if clock.month_end else "counted"
            return Count(column.name, kind) if clock.period is Period.DAYS else None
        case FactColumn(name="days_past_due"):
            return Count(column.name, "counted", only_late=True)
        case FactColumn(name="days_to_due"):
            return Count(column.name, "counted", down=True)
        case FactColumn(name=name) if name.startswith("days_since_"):
            return Count(name, "calendar")
        case _:
            return None


def _days_sql(policy: Policy, facts: str) -> str:
    """SQL: the days to decide of each stretch: its first, and those on which a count reaches a number asked for."""
    numbers = turns(decisive(policy))
    counts = [count for column in fact_columns(policy) if (count := count_of(column)) and numbers.get(count.column)]
    counted = ", ".join(("f.late", *(f"f.{identifier(count.column)}" for count in counts)))
    stretch = "f.creditor, f.customer, f.item, f.first"
    reached = [f"SELECT {stretch}, f.first AS day FROM stretches AS f"]
    for count in counts:
        numbered = " UNION ALL ".join(f"SELECT {count.reaches(number)} AS number" for number in numbers[count.column])
        reached.append(
            f"SELECT {stretch}, c.day FROM stretches AS f JOIN ({numbered}) AS n ON {count} < n.number "
            f"JOIN ahead_reached AS c ON c.kind = {quoted(count.kind)} "
            f"AND c.number = f.{count.kind} + n.number - ({count}) "
            f"WHERE {count.counts} AND c.day < f.until"
        )
    return f"""
        WITH stretches AS (
            SELECT
                f.creditor, f.customer, f.item, f.as_of AS first, t.until, c.calendar, c.counted, c.month_end, {counted}
            FROM {identifier(facts)} AS f
            JOIN ahead_stretches AS t ON {_same("t", "f")} AND t.first = f.as_of
            JOIN ahead_calendar AS c ON c.day = f.as_of
        )
        SELECT DISTINCT creditor, customer, item, first, day FROM ({" UNION ALL ".join(reached)}) AS r
        WHERE day > (SELECT as_of FROM ahead_span)
    """


def _later_facts_sql(policy: Policy, facts: str) -> str:
    """SQL: the facts on the days to decide: those of the first day of the stretch, with the days counted on."""
    columns = [column for column in fact_columns(policy) if column.name != "creditor"]
    chosen = ", ".join(
        f"{count.moved if (count := count_of(column)) else f'f.{identifier(column.name)}'} AS {identifier(column.name)}"
        for column in columns
    )
    return f"""
        SELECT f.creditor, f.customer, f.item, d.day AS as_of, {chosen}
        FROM ahead_days AS d
        JOIN {identifier(facts)} AS f ON {_same("f", "d")} AND f.as_of = d.first
        JOIN ahead_calendar AS now ON now.day = d.first
        JOIN ahead_calendar AS later ON later.day = d.day
    """


def _create_calendar(book: Book, policy: Policy, as_of: date) -> None:
    """Make the calendar: days numbered as days are counted, and the first day on which each number is reached."""
    days = [as_of + n * DAY for n in range(HORIZON_DAYS + 1)]
    business = policy.late.day_count is DayCount.BUSINESS

    def counted(day: date) -> int:
        return business_days_between(as_of, day, policy.calendar.country) if business else (day - as_of).days

    numbers = {
        "calendar": [(day - as_of).days for day in days],
        "counted": [counted(day) for day in days],
        "month_end": [counted(last_month_end_on_or_before(day)) for day in days],
    }
    reached = [
        (kind, number, day)
        for kind, of_kind in numbers.items()
        for day, before, now in zip(days[1:], of_kind, of_kind[1:], strict=False)
        for number in range(before + 1, now + 1)
    ]
    run = book.connection.execute
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_calendar AS SELECT unnest(CAST(? AS DATE[])) AS day, "
        "unnest(CAST(? AS BIGINT[])) AS calendar, unnest(CAST(? AS BIGINT[])) AS counted, "
        "unnest(CAST(? AS BIGINT[])) AS month_end",
        [days, *numbers.values()],
    )
    run(
        "CREATE OR REPLACE TEMP TABLE ahead_reached AS SELECT unnest(CAST(? AS VARCHAR[])) AS kind, "
        "unnest(CAST(? AS BIGINT[])) AS number, unnest(CAST(? AS DATE[])) AS day",
        [list(column) for column in zip(*reached, strict=True)],
    )


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in ("creditor", "customer", "item"))
