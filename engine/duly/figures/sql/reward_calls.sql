-- Calls and visits of the period that a person chose to make, and whether anything was late on that day.
SELECT
    COALESCE(c.collector, '') AS collector, p.customer, p.day, p.channel,
    EXISTS (
        SELECT 1
        FROM figures_settled AS s
        JOIN ledger_accounts AS a ON a.account = s.account
        WHERE a.customer = p.customer AND s.late_from <= p.day AND (s.settled_day IS NULL OR s.settled_day >= p.day)
    ) AS was_late
FROM (
    SELECT COALESCE(y.payer, m.customer) AS customer, m.day, m.channel
    FROM contacts_made AS m
    LEFT JOIN ledger_payers AS y ON y.customer = m.customer
    WHERE m.direction = 'out' AND m.channel IN ('call', 'visit') AND m.day >= $first AND m.day <= $last
) AS p
LEFT JOIN customers AS c ON c.customer = p.customer
ORDER BY COALESCE(c.collector, ''), p.day, p.customer, p.channel;
