-- Money that came from $first to $last and stands on the last day. Money for an invoice pays the items of its invoice in
-- their order, in the order in which it came, and each slice of it is as old as its item was on the day it came; what names
-- no invoice, or goes beyond it, is on account and has no item. `amount` is in the currency that came.
CREATE OR REPLACE TABLE figures_cash AS
WITH
numbered AS (
    SELECT
        invoice_no, account, day, amount, received, paid_in,
        row_number() OVER (
            PARTITION BY invoice_no ORDER BY day, received IS NULL, paid_in, amount, received
        ) AS place
    FROM ledger_money
    WHERE day <= $last AND (bounced_on IS NULL OR bounced_on > $last)
),
running AS (
    SELECT
        invoice_no, account, day, amount, received, paid_in,
        sum(amount) OVER (PARTITION BY invoice_no ORDER BY place ROWS UNBOUNDED PRECEDING) AS after
    FROM numbered
),
received AS (
    SELECT
        invoice_no, account, day, paid_in, after - amount AS before, after,
        CAST(amount AS HUGEINT) AS amount, CAST(received AS HUGEINT) AS received
    FROM running
    WHERE received IS NOT NULL AND day >= $first
),
slices AS (
    SELECT
        r.account, r.paid_in, r.day, i.invoice, i.number, i.basis_day, i.late_from, r.amount, r.received,
        GREATEST(r.before, i.ends - i.amount) - r.before AS low,
        LEAST(r.after, i.ends) - r.before AS high
    FROM received AS r
    JOIN figures_items AS i ON i.invoice_no = r.invoice_no
),
totals AS (
    SELECT invoice_no, any_value(invoice) AS invoice, max(ends) AS total FROM figures_items GROUP BY invoice_no
),
beyond AS (
    SELECT
        r.account, r.paid_in, r.day, t.invoice, r.amount, r.received,
        LEAST(r.amount, GREATEST(0, COALESCE(t.total, 0) - r.before)) AS low
    FROM received AS r
    LEFT JOIN totals AS t ON t.invoice_no = r.invoice_no
)
SELECT
    s.account, s.paid_in AS currency, s.day, s.invoice, s.number, s.basis_day, s.late_from,
    CAST(paid.number - basis.number AS BIGINT) AS days_past_due,
    CASE
        WHEN s.day < s.basis_day THEN 'not_due'
        WHEN paid.number - basis.number <= 30 THEN '0-30'
        WHEN paid.number - basis.number <= 60 THEN '31-60'
        WHEN paid.number - basis.number <= 90 THEN '61-90'
        WHEN paid.number - basis.number <= 120 THEN '91-120'
        ELSE '120+'
    END AS bucket,
    s.received * s.high // s.amount - s.received * s.low // s.amount AS amount
FROM slices AS s
LEFT JOIN ledger_days AS paid ON paid.day = s.day
LEFT JOIN ledger_days AS basis ON basis.day = s.basis_day
WHERE s.high > s.low
UNION ALL
SELECT
    account, paid_in, day, invoice, NULL, NULL, NULL, NULL, 'on_account',
    CASE WHEN amount = 0 THEN received ELSE received - received * low // amount END
FROM beyond
UNION ALL
SELECT account, currency, day, NULL, NULL, NULL, NULL, NULL, 'on_account', received
FROM ledger_unapplied
WHERE received IS NOT NULL AND day >= $first AND day <= $last AND (bounced_on IS NULL OR bounced_on > $last);
