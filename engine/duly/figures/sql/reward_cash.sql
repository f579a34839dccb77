-- Money that came from $first to $last by invoice, part, day and currency, and whether it came in time.
SELECT
    a.creditor, a.customer, COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    m.currency, m.invoice, m.number, m.day, m.basis_day, m.late_from, m.days_past_due, m.bucket,
    COALESCE(m.day < m.late_from, FALSE) AS in_time, CAST(sum(m.amount) AS BIGINT) AS amount
FROM figures_cash AS m
JOIN ledger_accounts AS a ON a.account = m.account
LEFT JOIN customers AS c ON c.customer = a.customer
WHERE m.day >= $first
GROUP BY ALL
HAVING sum(m.amount) <> 0
ORDER BY a.creditor, a.customer, m.currency, m.day, m.invoice, m.number, m.bucket;
