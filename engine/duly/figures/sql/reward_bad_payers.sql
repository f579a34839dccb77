-- Invoices of the period to whoever was on hold, over the limit or long past due on the day of issue, unless they were
-- paid by then.
WITH
new AS (
    SELECT i.invoice, i.creditor, i.customer, i.currency, i.amount, i.invoice_date, s.account, a.customer AS payer
    FROM invoices AS i
    JOIN figures_settled AS s ON s.invoice = i.invoice
    JOIN ledger_accounts AS a ON a.account = s.account
    WHERE i.invoice_date >= $first
        AND i.invoice_date <= $last
        AND i.amount > (
            SELECT COALESCE(sum(m.amount), 0)
            FROM payments AS m
            WHERE m.invoice = i.invoice AND m.currency = i.currency AND m.day <= i.invoice_date
                AND (m.bounced_on IS NULL OR m.bounced_on > $last)
        )
),
held AS (
    SELECT n.invoice, arg_min(h.hold, (h.placed_on, h.hold)) AS hold, min(h.placed_on) AS placed_on
    FROM new AS n
    JOIN holds AS h ON h.creditor = n.creditor AND (h.customer = n.customer OR h.customer = n.payer)
    WHERE h.placed_on < n.invoice_date AND (h.released_on IS NULL OR h.released_on > n.invoice_date)
    GROUP BY n.invoice
),
old AS (
    SELECT n.invoice, arg_min(s.invoice, (s.basis_day, s.invoice)) AS oldest, max(date_diff('day', s.basis_day, n.invoice_date)) AS days
    FROM new AS n
    JOIN figures_settled AS s ON s.account = n.account AND s.invoice <> n.invoice
    LEFT JOIN disputes AS x
        ON x.invoice = s.invoice
        AND x.opened_on <= n.invoice_date
        AND (x.resolved_on IS NULL OR x.resolved_on > n.invoice_date)
    LEFT JOIN invoices AS w ON w.invoice = s.invoice
    WHERE (s.settled_day IS NULL OR s.settled_day > n.invoice_date)
        AND (w.written_off_on IS NULL OR w.written_off_on > n.invoice_date)
        AND date_diff('day', s.basis_day, n.invoice_date) > $long
        AND x.invoice IS NULL
    GROUP BY n.invoice
),
owed AS (
    SELECT n.invoice, sum(o.amount) AS amount
    FROM new AS n
    JOIN figures_settled AS s ON s.account = n.account
    JOIN invoices AS o ON o.invoice = s.invoice AND o.currency = n.currency
    WHERE (o.invoice_date IS NULL OR o.invoice_date <= n.invoice_date)
        AND (o.settled_on IS NULL OR o.settled_on > n.invoice_date)
        AND (o.written_off_on IS NULL OR o.written_off_on > n.invoice_date)
    GROUP BY n.invoice
),
came AS (
    SELECT n.invoice, sum(m.amount) AS amount
    FROM new AS n
    JOIN ledger_money AS m ON m.account = n.account AND m.owed_in = n.currency
    JOIN invoices AS o ON o."row" = m.invoice_no
    WHERE m.day <= n.invoice_date
        AND (m.bounced_on IS NULL OR m.bounced_on > n.invoice_date)
        AND (o.invoice_date IS NULL OR o.invoice_date <= n.invoice_date)
        AND (o.settled_on IS NULL OR o.settled_on > n.invoice_date)
        AND (o.written_off_on IS NULL OR o.written_off_on > n.invoice_date)
    GROUP BY n.invoice
),
-- A limit that a customer without anything late goes beyond is a limit to look at, and no bad payer.
late AS (
    SELECT DISTINCT n.invoice
    FROM new AS n
    JOIN figures_settled AS s ON s.account = n.account AND s.late_from <= n.invoice_date
    WHERE s.settled_day IS NULL OR s.settled_day > n.invoice_date
),
lines AS (
    SELECT n.invoice, arg_max(l."limit", l."from") AS credit_limit
    FROM new AS n
    JOIN credit_lines AS l
        ON l.creditor = n.creditor AND l.customer = n.payer AND l.currency = n.currency AND l."from" <= n.invoice_date
    GROUP BY n.invoice
)
SELECT
    n.creditor, n.payer AS customer, n.invoice, n.amount, n.currency, n.invoice_date, held.hold, held.placed_on,
    old.oldest, old.days,
    CASE
        WHEN late.invoice IS NOT NULL
            AND (owed.amount - COALESCE(came.amount, 0)) * 100 > CAST(lines.credit_limit AS HUGEINT) * (100 + $over_pct)
            THEN CAST(owed.amount - COALESCE(came.amount, 0) AS BIGINT)
    END AS exposure,
    lines.credit_limit
FROM new AS n
LEFT JOIN held ON held.invoice = n.invoice
LEFT JOIN old ON old.invoice = n.invoice
LEFT JOIN owed ON owed.invoice = n.invoice
LEFT JOIN came ON came.invoice = n.invoice
LEFT JOIN late ON late.invoice = n.invoice
LEFT JOIN lines ON lines.invoice = n.invoice
WHERE held.invoice IS NOT NULL
    OR old.invoice IS NOT NULL
    OR (
        late.invoice IS NOT NULL
        AND (owed.amount - COALESCE(came.amount, 0)) * 100 > CAST(lines.credit_limit AS HUGEINT) * (100 + $over_pct)
    )
ORDER BY n.creditor, n.payer, n.invoice_date, n.invoice;
