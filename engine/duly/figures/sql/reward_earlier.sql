-- Money in time that came before $first, as the book tells it on the last day, less what it told on the day before $first:
-- what was returned since, and what has been given an invoice since.
SELECT
    a.creditor, a.customer, COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    m.currency, m.invoice, m.number, CAST(sum(m.amount) AS BIGINT) AS amount
FROM (
    SELECT account, currency, invoice, number, amount FROM figures_cash WHERE day < $first AND day < late_from
    UNION ALL
    SELECT account, currency, invoice, number, -amount FROM figures_cash_before WHERE day < late_from
) AS m
JOIN ledger_accounts AS a ON a.account = m.account
LEFT JOIN customers AS c ON c.customer = a.customer
GROUP BY ALL
HAVING sum(m.amount) <> 0
ORDER BY a.creditor, a.customer, m.currency, m.invoice, m.number;
