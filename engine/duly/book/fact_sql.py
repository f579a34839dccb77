"""The SQL that a policy's own ids shape: what pauses leave, a column a stage or member, and the account facts.

The steps before it gather what is known of each unit; here every column of
`fact_columns(policy)` gets the expression that the vocabulary's sentence comes
down to. Ids enter as quoted identifiers and words, and nothing of the data does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from duly.language.policy import Clock, InvoicePause, Period, Policy, Since
from duly.language.reads import OWN, FactColumn, fact_columns
from duly.language.sql import identifier, quoted, to_sql
from duly.language.vocabulary import ACCOUNT, LARGEST, MANY_DAYS, Type

CAP = 2**62
"""Sums are cut here, far beyond every bound, so that the account is set aside and no number overflows."""

SQL_TYPE = {
    Type.NUMBER: "BIGINT",
    Type.MONEY: "BIGINT",
    Type.PERCENT: "BIGINT",
    Type.CHOICE: "VARCHAR",
    Type.TEXT: "VARCHAR",
    Type.SET: "BOOLEAN",
    Type.YES_NO: "BOOLEAN",
}

SUMS = (
    "past_due", "past_due_with_disputed", "open_amount", "disputed_amount", "not_due", "aged_0_30", "aged_31_60",
    "aged_61_90", "aged_91_120", "aged_over_120", "largest_late",
)  # fmt: skip
"""Money that is a sum over open items, hence 0 where there are none."""

MARKS = {
    "holds": "holds",
    "sales_asked": "requests",
    "requests_open": "requests",
    "requests_answered": "requests",
    "requests_told": "requests",
    "tasks_given": "tasks",
}
"""Which step has the members of a set fact."""

PLAIN = {
    **{name: f"COALESCE(sums.{name}, 0)" for name in SUMS},
    **{name + OWN: f"COALESCE(CASE WHEN u.has_own THEN sums.{name}{OWN} ELSE sums.{name} END, 0)" for name in SUMS},
    "unapplied_credit": "COALESCE(side.unapplied_credit, 0)",
    "annual_sales": "COALESCE(side.annual_sales, 0)",
    "credit_limit": "side.credit_limit",
    "unapplied_credit__own": "COALESCE(side.unapplied_credit__own, 0)",
    "annual_sales__own": "COALESCE(side.annual_sales__own, 0)",
    "credit_limit__own": "side.credit_limit__own",
    "credit_used_pct": (
        "CASE WHEN side.credit_limit > 0 "
        "THEN CAST(COALESCE(exposures.open_amount, 0) AS HUGEINT) * 100 // side.credit_limit END"
    ),
    "late": "a.anchor_no IS NOT NULL",
    "days_past_due": "CASE WHEN a.anchor_no IS NULL THEN 0 ELSE a.anchor_days_past_due END",
    "days_to_due": "-a.next_due_days_past_due",
    "open_count": "COALESCE(sums.open_count, 0)",
    "late_count": "COALESCE(sums.late_count, 0)",
    "late_count_with_disputed": "COALESCE(sums.late_count_with_disputed, 0)",
    "average_days_late": "average_late.days",
    "dispute": "CASE WHEN sums.in_dispute = 1 THEN 'open' ELSE 'none' END",
    "promise": "CASE WHEN promises.open > 0 THEN 'open' ELSE 'none' END",
    "promises_open": "COALESCE(promises.open, 0)",
    "broken_promises": "COALESCE(promises.broken, 0)",
    "broken_promises_12_months": "COALESCE(promises.broken_12_months, 0)",
    "kept_promises_12_months": "COALESCE(promises.kept_12_months, 0)",
    "months_as_customer": "CASE WHEN since.day < u.as_of THEN {months_since} ELSE 0 END",
    "relationship": "COALESCE(judged.relationship, c.relationship, 'normal')",
    "insolvent": "COALESCE(c.insolvent, FALSE)",
    "do_not_contact": "COALESCE(c.do_not_contact, FALSE)",
    "creditor": "u.creditor",
    "currency": "u.currency",
    "country": "c.country",
    "language": "c.language",
    "region": "c.region",
    "salesperson": "c.salesperson",
    "collector": "c.collector",
    "customer_ladder": "c.ladder",
    "has_email": "NOT COALESCE(c.no_email, FALSE) AND (c.email IS NOT NULL OR COALESCE(mailable.by_contact, 0) = 1)",
    "has_address": "c.address IS NOT NULL",
    "days_since_contact": "date_diff('day', contacts.contacted_on, u.as_of)",
    "days_since_reply": "date_diff('day', contacts.replied_on, u.as_of)",
    "contacts_in_window": "COALESCE(contacts.days_in_window, 0)",
    "contacted_today": "COALESCE(contacts.contacted_on = u.as_of, FALSE)",
    "contact_day": "contact_days.open",
    "answer_reason": "COALESCE(answers.reason, 'none')",
    "days_since_answer": "date_diff('day', answers.answered_on, u.as_of)",
    "financial_difficulty": "COALESCE(judged.in_difficulty = 1, FALSE)",
    "days_since_last_stage": "date_diff('day', stages.last_day, u.as_of)",
    "days_since_stage": "date_diff('day', stages.episode_day, u.as_of)",
    "outcome_unknown": "COALESCE(stages.outcome_unknown = 1, FALSE)",
    "exception__pause": "COALESCE(exceptions.pause, FALSE)",
    "exception__tone": "COALESCE(NULLIF(exceptions.tone, ''), 'none')",
    "exception__stage": "COALESCE(NULLIF(exceptions.stage, ''), 'none')",
    "exception__ladder": "COALESCE(exceptions.ladder, '')",
}
"""What each fact comes down to, from the steps joined in `account_facts_sql`."""


def pauses_sql(policy: Policy) -> dict[str, str]:
    """The conditions of the policy's invoice pauses, for the words in braces of the step that asks them."""

    def any_of(pauses: Iterable[InvoicePause]) -> str:
        return f"({' OR '.join(f'{to_sql(pause.when, identifier)} IS TRUE' for pause in pauses) or 'FALSE'})"

    return {
        "takes_all": any_of(pause for pause in policy.invoice_pauses if not pause.disputed_part_only),
        "takes_disputed_part": any_of(pause for pause in policy.invoice_pauses if pause.disputed_part_only),
    }


def marks_sql(policy: Policy) -> tuple[str, ...]:
    """A row a unit with a column for every stage, and one for every member of the sets."""
    columns = fact_columns(policy)
    stages = [
        "max(day) AS last_day",
        "max(CASE WHEN belongs THEN day END) AS episode_day",
        "max(CASE WHEN belongs AND unknown THEN 1 ELSE 0 END) AS outcome_unknown",
    ]
    for column in columns:
        if column.stage:
            on = f"CASE WHEN belongs AND stage = {quoted(column.stage)} THEN day END"
            counted = f"count({on})" if column.name.startswith("times__") else f"max({on})"
            stages.append(f"{counted} AS {identifier(column.name)}")
    word = {
        "holds": "hold = {0}",
        "sales_asked": "rule = {0}",
        "requests_open": "rule = {0} AND open",
        "requests_answered": "rule = {0} AND answered",
        "requests_told": "rule = {0} AND told",
        "tasks_given": "pause = {0}",
    }
    # Each day of a stage once, so that days are counted and no sort of day needs a set of its own.
    days = (
        "SELECT unit_day, stage, day, belongs, max(outcome = 'unknown') AS unknown FROM step_stages_done GROUP BY ALL"
    )
    done = f"SELECT unit_day, {', '.join(stages)} FROM ({days}) AS d GROUP BY unit_day"
    statements = [f"CREATE OR REPLACE TEMP TABLE step_stage_marks AS {done}"]
    for step in dict.fromkeys(MARKS.values()):
        members = [
            f"max(CASE WHEN {word[c.fact].format(quoted(c.member))} THEN 1 ELSE 0 END) AS {identifier(c.name)}"
            for c in columns
            if c.member and MARKS.get(c.fact) == step
        ]
        statements.append(
            f"CREATE OR REPLACE TEMP TABLE step_{step}_marks AS "
            f"SELECT {', '.join(['unit_day', *members])} FROM step_{step} GROUP BY unit_day"
        )
    return tuple(statements)


def account_facts_sql(policy: Policy, name: str) -> str:
    """The table of account facts, joined from the steps; those with many columns come last, for joins carry them on."""
    columns = ", ".join(f"{expression(column)} AS {identifier(column.name)}" for column in fact_columns(policy))
    return f"""
        CREATE OR REPLACE TABLE {identifier(name)} AS
        SELECT
            u.creditor, u.customer, u.item, u.as_of, a.anchor,
            CASE WHEN a.anchor_no IS NULL THEN a.next_due END AS next_due, e.episode, e.episode_start, {columns}
        FROM step_currencies AS u
        CROSS JOIN step_settings AS s
        JOIN step_as_ofs AS as_ofs ON as_ofs.as_of = u.as_of
        JOIN step_episodes AS e ON e.unit_day = u.unit_day
        LEFT JOIN step_days AS today ON today.day = u.as_of
        LEFT JOIN step_days AS end_of_month ON end_of_month.day = as_ofs.last_month_end
        LEFT JOIN step_exposures AS exposures ON exposures.account_day = u.account_day
        LEFT JOIN step_average_late AS average_late ON average_late.account_day = u.account_day
        LEFT JOIN step_first_days AS since ON since.account_day = u.account_day
        LEFT JOIN step_mailable AS mailable ON mailable.customer = u.customer
        LEFT JOIN step_exceptions AS exceptions ON exceptions.account = u.customer AND exceptions.until >= u.as_of
        LEFT JOIN step_anchors AS a ON a.unit_day = u.unit_day
        LEFT JOIN step_days AS invoiced
            ON invoiced.day = {ANCHORED.format("invoice_date")}
        LEFT JOIN step_days AS based
            ON based.day = {ANCHORED.format("basis_day")}
        LEFT JOIN step_promise_counts AS promises ON promises.unit_day = u.unit_day
        LEFT JOIN step_answers AS answers ON answers.unit_day = u.unit_day
        LEFT JOIN step_judgements AS judged ON judged.customer = u.customer AND judged.as_of = u.as_of
        LEFT JOIN step_contacts AS contacts ON contacts.customer = u.customer AND contacts.as_of = u.as_of
        LEFT JOIN customers AS c ON c.customer = u.customer
        LEFT JOIN step_contact_days AS contact_days
            ON contact_days.as_of = u.as_of AND contact_days.country = COALESCE(c.country, s.country)
        LEFT JOIN step_holds_marks AS holds ON holds.unit_day = u.unit_day
        LEFT JOIN step_requests_marks AS requests ON requests.unit_day = u.unit_day
        LEFT JOIN step_tasks_marks AS tasks ON tasks.unit_day = u.unit_day
        LEFT JOIN step_side_sums AS side ON side.unit_day = u.unit_day
        LEFT JOIN step_stage_marks AS stages ON stages.unit_day = u.unit_day
        LEFT JOIN step_days AS staged ON staged.day = stages.episode_day
        LEFT JOIN step_sums AS sums ON sums.unit_day = u.unit_day
    """


def expression(column: FactColumn) -> str:
    """The SQL of one column, in its type; money and what is a per cent of it are cut at `CAP`."""
    sql = _raw(column)
    # Days and counts are no sums, and fit their type.
    if column.type in {Type.MONEY, Type.PERCENT}:
        sql = f"CASE WHEN ({sql}) > {CAP} THEN {CAP} ELSE ({sql}) END"
    return f"CAST({sql} AS {SQL_TYPE[column.type]})"


def _raw(column: FactColumn) -> str:
    if column.clock:
        return _clock(column.clock)
    if column.stage:
        mark = f"stages.{identifier(column.name)}"
        return f"COALESCE({mark}, 0)" if column.name.startswith("times__") else f"date_diff('day', {mark}, u.as_of)"
    if column.fact == "tags" and column.member:
        return f"position({quoted(f' {column.member} ')} IN ' ' || COALESCE(c.tags, '') || ' ') > 0"
    if column.member:
        return f"COALESCE({MARKS[column.fact]}.{identifier(column.name)} = 1, FALSE)"
    return PLAIN[column.name].format(months_since=_months("since.day", "u.as_of"))


ANCHORED = "CASE WHEN a.anchor_no IS NULL THEN a.next_due_{0} ELSE a.anchor_{0} END"
"""A day of the anchor or, where nothing is late, of the next item to fall due."""

CLOCK_DAYS = {
    Since.DUE_DATE: (ANCHORED.format("basis_day"), "based.number"),
    Since.INVOICE_DATE: (ANCHORED.format("invoice_date"), "invoiced.number"),
    Since.PREVIOUS_STAGE: ("stages.episode_day", "staged.number"),
}
"""The day that a clock counts from, and its number among the days that count."""


def _clock(clock: Clock) -> str:
    day, number = CLOCK_DAYS[clock.since]
    end, end_number = "u.as_of", "today.number"
    if clock.month_end:
        end, end_number = "as_ofs.last_month_end", "end_of_month.number"
    return f"{end_number} - {number}" if clock.period is Period.DAYS else _months(day, end)


def _months(day: str, end: str) -> str:
    """The most months that can be added to the day without going beyond the end; short months give their last day."""
    return (
        f"(year({end}) * 12 + month({end}) - year({day}) * 12 - month({day}) "
        f"- CASE WHEN day({day}) > day({end}) AND {end} <> last_day({end}) THEN 1 ELSE 0 END)"
    )


def bounds(column: FactColumn) -> tuple[int, int] | None:
    """The least and the largest value that the column may have, or None where it has no number."""
    if SQL_TYPE[column.type] != "BIGINT":
        return None
    if column.clock or column.name.startswith("days_since__"):
        return -MANY_DAYS, MANY_DAYS
    fact = ACCOUNT.get(column.fact)
    if fact is None or fact.least is None or fact.most is None:
        return 0, LARGEST
    return fact.least, fact.most


def beyond_sql(policy: Policy, name: str) -> str:
    """The rows of the table of account facts that have a value beyond the vocabulary's bounds, nearly always none."""
    tests = " OR ".join(f"({test})" for _, test in _beyond(policy))
    return f"CREATE OR REPLACE TEMP TABLE step_beyond AS SELECT * FROM {identifier(name)} WHERE {tests}"


def out_of_bounds_sql(policy: Policy) -> str:
    """Which facts those rows are set aside for, each with its value."""
    facts = " UNION ".join(
        f"SELECT creditor, customer, as_of, {quoted(name)} AS fact, {identifier(name)} AS value "
        f"FROM step_beyond WHERE {test}"
        for name, test in _beyond(policy)
    )
    return f"INSERT INTO step_out_of_bounds {facts}"


def _beyond(policy: Policy) -> Iterator[tuple[str, str]]:
    """Every column that holds a number, and the test that its value is out of bounds."""
    for column in fact_columns(policy):
        if limits := bounds(column):
            name = identifier(column.name)
            yield column.name, f"{name} < {limits[0]} OR {name} > {limits[1]}"
