-- The money that no invoice was given, by account and currency. Where single invoices are decided, an account that has
-- nothing but such money is not asked for; its money is there all the same.
SELECT a.creditor, a.customer, d.as_of, p.currency, p.amount
FROM step_pool AS p
JOIN step_account_days AS d ON d.account_day = p.account_day
JOIN step_accounts AS a ON a.account = d.account
WHERE p.amount > 0
UNION ALL
SELECT
    m.creditor, COALESCE(p.payer, m.customer) AS customer, s.as_of, m.currency,
    CAST(LEAST(sum(m.amount), 4611686018427387904) AS BIGINT) AS amount
FROM (
    SELECT creditor, customer, currency, day, bounced_on, amount FROM payments WHERE invoice IS NULL
    UNION ALL
    SELECT creditor, customer, currency, day, CAST(NULL AS DATE), amount FROM credits WHERE invoice IS NULL
) AS m
CROSS JOIN step_settings AS s
LEFT JOIN step_payers AS p ON p.customer = m.customer
LEFT JOIN step_accounts AS a ON a.creditor = m.creditor AND a.customer = COALESCE(p.payer, m.customer)
WHERE a.account IS NULL AND m.day <= s.as_of AND (m.bounced_on IS NULL OR m.bounced_on > s.as_of)
GROUP BY m.creditor, COALESCE(p.payer, m.customer), s.as_of, m.currency
HAVING sum(m.amount) > 0;
