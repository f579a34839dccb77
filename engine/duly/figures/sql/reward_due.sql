-- What was to be paid in time by a day of the period, item by item.
SELECT
    a.creditor, a.customer, COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    m.currency, m.invoice, m.number, m.settled_day, m.basis_day, m.late_from,
    CAST(settled.number - basis.number AS BIGINT) AS days_past_due, COALESCE(m.on_time, FALSE) AS on_time, m.amount
FROM figures_due AS m
JOIN ledger_accounts AS a ON a.account = m.account
LEFT JOIN customers AS c ON c.customer = a.customer
LEFT JOIN ledger_days AS settled ON settled.day = m.settled_day
LEFT JOIN ledger_days AS basis ON basis.day = m.basis_day
ORDER BY a.creditor, a.customer, m.currency, m.basis_day, m.invoice, m.number;
