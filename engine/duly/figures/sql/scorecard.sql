-- What the scorecard is made of: sums by creditor, currency, salesperson and collector, each under the name of its measure
-- and a key (a bucket, a month, a state). The days of the quarter are $first to $last; $opening is the day before it and
-- $earlier lies 30 days before its last.
WITH
-- Money for invoices that stands on the last day, in the order in which it came; it pays the items of its invoice in their
-- order, and each slice of it is as old as its item was on the day it came.
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
items AS (
    SELECT i.*, d.account
    FROM ledger_items AS i
    JOIN ledger_account_days AS d ON d.account_day = i.account_day
    WHERE d.as_of = $last
),
slices AS (
    SELECT
        r.account, r.paid_in, r.day, i.basis_day, r.amount, r.received,
        GREATEST(r.before, i.ends - i.amount) - r.before AS low,
        LEAST(r.after, i.ends) - r.before AS high
    FROM received AS r
    JOIN items AS i ON i.invoice_no = r.invoice_no
),
totals AS (
    SELECT invoice_no, max(ends) AS total FROM items GROUP BY invoice_no
),
beyond AS (
    SELECT
        r.account, r.paid_in, r.amount, r.received,
        LEAST(r.amount, GREATEST(0, COALESCE(t.total, 0) - r.before)) AS low
    FROM received AS r
    LEFT JOIN totals AS t ON t.invoice_no = r.invoice_no
),
cash AS (
    SELECT
        s.account, s.paid_in AS currency,
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
    SELECT account, paid_in, 'on_account', CASE WHEN amount = 0 THEN received ELSE received - received * low // amount END
    FROM beyond
    UNION ALL
    SELECT account, currency, 'on_account', received
    FROM ledger_unapplied
    WHERE received IS NOT NULL AND day >= $first AND day <= $last AND (bounced_on IS NULL OR bounced_on > $last)
),
returned AS (
    SELECT account, paid_in AS currency, received AS amount
    FROM ledger_money
    WHERE received IS NOT NULL AND day < $first AND bounced_on >= $first AND bounced_on <= $last
    UNION ALL
    SELECT account, currency, received
    FROM ledger_unapplied
    WHERE received IS NOT NULL AND day < $first AND bounced_on >= $first AND bounced_on <= $last
),
-- What was to be paid in time by a day of the quarter. What credit notes alone have settled was never to be paid.
due AS (
    SELECT
        i.account, i.currency, i.amount,
        COALESCE(parts.day, i.settled_day) < i.late_from AS on_time
    FROM items AS i
    LEFT JOIN ledger_settled_in_parts AS parts ON parts.account_day = i.account_day AND parts.item_no = i.item_no
    LEFT JOIN (SELECT DISTINCT invoice_no FROM numbered WHERE received IS NOT NULL) AS p ON p.invoice_no = i.invoice_no
    WHERE i.late_from > $first
        AND i.late_from <= $after_last
        AND NOT (
            COALESCE(parts.day, i.settled_day) IS NOT NULL AND p.invoice_no IS NULL AND i.settled_on IS NULL
        )
),
measures AS (
    SELECT account, currency, 'cash' AS measure, bucket AS key, amount FROM cash
    UNION ALL
    SELECT account, currency, 'returned', '', amount FROM returned
    UNION ALL
    SELECT account, currency, 'credit_sales', '', amount
    FROM items
    WHERE invoice_date >= $first AND invoice_date <= $last
    UNION ALL
    SELECT account, currency, 'invoiced', strftime(invoice_date, '%Y-%m'), amount
    FROM items
    WHERE invoice_date IS NOT NULL
    UNION ALL
    SELECT account, currency, 'due', '', amount FROM due
    UNION ALL
    SELECT account, currency, 'due_on_time', '', amount FROM due WHERE on_time
    UNION ALL
    SELECT d.account, p.currency, 'promises', p.state, 1
    FROM ledger_promises AS p
    JOIN ledger_account_days AS d ON d.account_day = p.account_day
    WHERE d.as_of = $last AND p.due_on >= $first AND p.due_on <= $last
),
by_customer AS (
    SELECT a.creditor, a.customer, m.currency, m.measure, m.key, m.amount
    FROM measures AS m
    JOIN ledger_accounts AS a ON a.account = m.account
    UNION ALL
    SELECT
        creditor, customer, currency,
        CASE as_of WHEN $last THEN 'open' WHEN $earlier THEN 'open_earlier' END, bucket, open
    FROM figures_open
    WHERE as_of = $last OR as_of = $earlier
    UNION ALL
    SELECT creditor, customer, currency, 'open_before', '', open FROM figures_open WHERE as_of = $opening
    UNION ALL
    SELECT creditor, customer, currency, 'open', 'just_over_120', open
    FROM figures_open
    WHERE as_of = $last AND bucket = '120+' AND days_past_due <= 150
    UNION ALL
    SELECT s.creditor, COALESCE(y.payer, s.customer), s.currency, 'sales', '', s.amount
    FROM sales AS s
    LEFT JOIN ledger_payers AS y ON y.customer = s.customer
    WHERE s.day >= $first AND s.day <= $last
    UNION ALL
    SELECT i.creditor, COALESCE(y.payer, i.customer), i.currency, e.measure, '', e.amount
    FROM (
        SELECT invoice, 'disputes_opened' AS measure, 1 AS amount
        FROM disputes
        WHERE opened_on >= $first AND opened_on <= $last
        UNION ALL
        SELECT invoice, 'disputes_resolved', 1 FROM disputes WHERE resolved_on >= $first AND resolved_on <= $last
        UNION ALL
        SELECT invoice, 'days_disputed', date_diff('day', opened_on, resolved_on)
        FROM disputes
        WHERE resolved_on >= $first AND resolved_on <= $last
        UNION ALL
        SELECT invoice, 'disputes_open', 1
        FROM disputes
        WHERE opened_on <= $last AND (resolved_on IS NULL OR resolved_on > $last)
    ) AS e
    JOIN invoices AS i ON i.invoice = e.invoice
    LEFT JOIN ledger_payers AS y ON y.customer = i.customer
)
SELECT
    b.creditor, b.currency, COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    b.measure, b.key, sum(b.amount) AS amount
FROM by_customer AS b
LEFT JOIN customers AS c ON c.customer = b.customer
GROUP BY b.creditor, b.currency, COALESCE(c.salesperson, ''), COALESCE(c.collector, ''), b.measure, b.key
HAVING sum(b.amount) <> 0
ORDER BY b.creditor, b.currency, COALESCE(c.salesperson, ''), COALESCE(c.collector, ''), b.measure, b.key;
