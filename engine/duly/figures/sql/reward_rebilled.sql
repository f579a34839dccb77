-- Late invoices that were credited whole, and a new invoice of nearly the same amount to the same customer soon after.
WITH
credited AS (
    SELECT invoice, currency, sum(amount) AS amount, max(day) AS day
    FROM credits
    WHERE invoice IS NOT NULL AND day <= $last
    GROUP BY invoice, currency
)
SELECT
    o.creditor, a.customer, o.invoice, o.amount, o.currency, o.due_date, k.day, n.invoice AS anew, n.amount AS amount_anew,
    n.invoice_date, n.due_date AS due_anew
FROM credited AS k
JOIN invoices AS o ON o.invoice = k.invoice AND o.currency = k.currency
JOIN figures_settled AS s ON s.invoice = o.invoice
JOIN ledger_accounts AS a ON a.account = s.account
JOIN invoices AS n
    ON n.creditor = o.creditor
    AND n.customer = o.customer
    AND n.currency = o.currency
    AND n.invoice <> o.invoice
    AND n.due_date > o.due_date
WHERE k.day >= s.late_from
    AND CAST(k.amount AS HUGEINT) * 100 >= CAST(o.amount AS HUGEINT) * $whole_pct
    AND date_diff('day', k.day, n.invoice_date) BETWEEN -$before AND $after
    AND n.invoice_date <= $last
    AND abs(CAST(n.amount AS HUGEINT) - o.amount) * 100 <= CAST(o.amount AS HUGEINT) * $near_pct
ORDER BY o.creditor, a.customer, o.invoice, n.invoice;
