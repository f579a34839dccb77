-- What the scorecard is made of: sums by creditor, currency, salesperson and collector, each under the name of its measure
-- and a key (a bucket, a month, a state). The days of the quarter are $first to $last; $opening is the day before it and
-- $earlier lies 30 days before its last. Cash and what fell due are those of `cash` and `due`.
WITH
measures AS (
    SELECT account, currency, 'cash' AS measure, bucket AS key, amount FROM figures_cash
    UNION ALL
    SELECT account, currency, 'returned', '', amount FROM figures_returned
    UNION ALL
    SELECT account, currency, 'credit_sales', '', amount
    FROM figures_items
    WHERE invoice_date >= $first AND invoice_date <= $last
    UNION ALL
    SELECT account, currency, 'invoiced', strftime(invoice_date, '%Y-%m'), amount
    FROM figures_items
    WHERE invoice_date IS NOT NULL
    UNION ALL
    SELECT account, currency, 'due', '', amount FROM figures_due
    UNION ALL
    SELECT account, currency, 'due_on_time', '', amount FROM figures_due WHERE on_time
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
