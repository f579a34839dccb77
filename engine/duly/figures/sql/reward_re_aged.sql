-- Invoices that fall due later than they should by what is usual for the customer, or by their own first due date, and
-- would have been late by it: `expected` is the day by which they should have fallen due.
WITH
terms AS (
    SELECT
        invoice, creditor, customer, invoice_date, due_date, amount, currency,
        date_diff('day', invoice_date, due_date) AS days
    FROM invoices
    WHERE invoice_date IS NOT NULL AND invoice_date <= $last
),
counted AS (
    SELECT creditor, customer, days, count(*) AS many FROM terms GROUP BY creditor, customer, days
),
commonest AS (
    SELECT creditor, customer, arg_max(days, (many, -days)) AS days, CAST(sum(many) AS BIGINT) AS invoices
    FROM counted
    GROUP BY creditor, customer
),
-- Where terms differ from invoice to invoice, none are usual.
usual AS (
    SELECT m.creditor, m.customer, m.days, m.invoices, CAST(sum(c.many) AS BIGINT) AS agreeing
    FROM commonest AS m
    JOIN counted AS c ON c.creditor = m.creditor AND c.customer = m.customer AND abs(c.days - m.days) <= $slack
    GROUP BY m.creditor, m.customer, m.days, m.invoices
    HAVING m.invoices >= $least AND sum(c.many) * 100 >= m.invoices * $agreeing_pct
),
first_parts AS (
    SELECT invoice, min(due_date) AS due_date FROM instalments GROUP BY invoice
),
moved AS (
    SELECT
        t.invoice, t.creditor, t.customer, t.invoice_date, t.due_date, t.amount, t.currency,
        CAST(t.invoice_date + to_days(CAST(u.days AS INTEGER)) AS DATE) AS expected,
        t.days, u.days AS usual, u.invoices, u.agreeing
    FROM terms AS t
    JOIN usual AS u ON u.creditor = t.creditor AND u.customer = t.customer
    LEFT JOIN first_parts AS p ON p.invoice = t.invoice
    WHERE p.invoice IS NULL AND t.days > u.days + $slack
    UNION ALL
    SELECT
        i.invoice, i.creditor, i.customer, i.invoice_date, p.due_date, i.amount, i.currency, i.due_date,
        NULL, NULL, NULL, NULL
    FROM invoices AS i
    JOIN first_parts AS p ON p.invoice = i.invoice
    WHERE p.due_date > i.due_date
)
SELECT
    m.creditor, a.customer, m.invoice, m.amount, m.currency, m.invoice_date, m.due_date, m.expected, s.settled_day,
    m.days, m.usual, m.invoices, m.agreeing
FROM moved AS m
JOIN figures_settled AS s ON s.invoice = m.invoice
JOIN ledger_accounts AS a ON a.account = s.account
WHERE date_diff('day', m.expected, COALESCE(s.settled_day, $last)) > $slack
    AND (s.settled_day IS NULL OR s.settled_day >= $first)
ORDER BY m.creditor, a.customer, m.invoice;
