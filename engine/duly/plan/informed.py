"""What was done under a duty, for those whom the policy says are informed of it.

It is what the book's tables say, which hold the journal's rows as well: stages, calls, holds,
disputes, requests to sales and credit limits. A statement leaves no such row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from duly.book.book import Book
from duly.language.policy import Policy
from duly.money import format_minor
from duly.team.rhythm import Period


@dataclass(frozen=True, slots=True)
class Told:
    """Something that was done under a duty, for a customer and whoever serves it."""

    duty: str
    day: date
    customer: str
    name: str
    segment: str
    salesperson: str
    collector: str
    what: str


def done_under(book: Book, policy: Policy, period: Period, duties: Collection[str]) -> tuple[Told, ...]:
    """What was done under the duties in the days that the period tells of, as far as the book and the journal say."""
    stages = {
        duty: [stage.id for stage in policy.stages() if wanted(stage)]
        for duty, wanted in (
            ("reminders", lambda stage: bool(stage.send or stage.without_email)),
            ("referral", lambda stage: stage.action == "refer_to_agency"),
        )
    }
    rows = book.connection.execute(
        """
        WITH done AS (
            SELECT
                'reminders' AS duty, day, customer, replace(stage, '_', ' ') || ' sent' AS what,
                CAST(NULL AS BIGINT) AS amount, '' AS currency
            FROM executed_stages WHERE list_contains(CAST($reminders AS VARCHAR[]), stage)
            UNION ALL
            SELECT 'referral', day, customer, replace(stage, '_', ' ') || ' carried out', NULL, ''
            FROM executed_stages WHERE list_contains(CAST($referral AS VARCHAR[]), stage)
            UNION ALL
            SELECT 'calls', day, customer, CASE channel WHEN 'visit' THEN 'visited' ELSE 'called' END, NULL, ''
            FROM contacts_made WHERE direction = 'out' AND channel IN ('call', 'visit')
            UNION ALL
            SELECT 'holds', placed_on, customer, hold || ' hold placed', NULL, '' FROM holds
            UNION ALL
            SELECT 'holds', released_on, customer, hold || ' hold released', NULL, '' FROM holds
            UNION ALL
            SELECT 'disputes', d.opened_on, i.customer, 'dispute about ' || d.invoice || ' opened', NULL, ''
            FROM disputes AS d JOIN invoices AS i ON i.invoice = d.invoice
            UNION ALL
            SELECT 'disputes', d.resolved_on, i.customer, 'dispute about ' || d.invoice || ' settled', NULL, ''
            FROM disputes AS d JOIN invoices AS i ON i.invoice = d.invoice
            UNION ALL
            SELECT 'pull_in', asked_on, customer, 'sales asked: ' || replace(rule, '_', ' '), NULL, '' FROM requests
            UNION ALL
            SELECT 'pull_in', answered_on, customer, 'sales answered: ' || replace(rule, '_', ' '), NULL, ''
            FROM requests
            UNION ALL
            SELECT 'limits', "from", customer, 'credit limit now', "limit", currency FROM credit_lines
        )
        SELECT DISTINCT
            d.duty, d.day, d.customer, COALESCE(c.name, d.customer), COALESCE(s.segment, ''),
            COALESCE(c.salesperson, ''), COALESCE(c.collector, ''), d.what, d.amount, d.currency
        FROM done AS d
        LEFT JOIN customers AS c ON c.customer = d.customer
        LEFT JOIN (SELECT customer, min(segment) AS segment FROM decisions GROUP BY customer) AS s
            ON s.customer = d.customer
        WHERE d.day >= $first AND d.day <= $last AND list_contains(CAST($duties AS VARCHAR[]), d.duty)
        ORDER BY d.day, d.customer, d.duty, d.what
        """,
        {**stages, "first": period.told_from, "last": period.told_until, "duties": sorted(duties)},
    ).fetchall()
    return tuple(
        Told(
            duty,
            day,
            customer,
            name,
            segment,
            salesperson,
            collector,
            what if amount is None else f"{what} {format_minor(amount, currency)}",
        )
        for duty, day, customer, name, segment, salesperson, collector, what, amount, currency in rows
    )
