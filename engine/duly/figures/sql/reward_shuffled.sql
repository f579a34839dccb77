-- Payments of the period that were put to an invoice in time while a late, uncontested one of the same account stayed
-- open long after. Whoever pays an invoice to the cent has said which one is meant.
WITH
given AS (
    SELECT p.payment, p.invoice, p.amount, p.currency, p.day, n.creditor, n.due_date, s.account, s.basis_day
    FROM payments AS p
    JOIN invoices AS n ON n.invoice = p.invoice
    JOIN figures_settled AS s ON s.invoice = p.invoice
    WHERE p.day >= $first
        AND p.day <= $last
        AND (p.bounced_on IS NULL OR p.bounced_on > $last)
        AND p.currency = n.currency
        AND p.amount <> n.amount
        AND p.day < s.late_from
)
SELECT
    g.creditor, a.customer, g.payment, g.invoice, g.amount, g.currency, g.day, g.due_date,
    arg_min(o.invoice, (o.basis_day, o.invoice)) AS older, arg_min(i.due_date, (o.basis_day, o.invoice)) AS due_older,
    arg_min(o.settled_day, (o.basis_day, o.invoice)) AS settled_older
FROM given AS g
JOIN ledger_accounts AS a ON a.account = g.account
JOIN figures_settled AS o ON o.account = g.account AND o.invoice <> g.invoice AND o.basis_day < g.basis_day
JOIN invoices AS i ON i.invoice = o.invoice AND i.currency = g.currency
LEFT JOIN disputes AS x
    ON x.invoice = o.invoice AND x.opened_on <= g.day AND (x.resolved_on IS NULL OR x.resolved_on > g.day)
WHERE o.late_from <= g.day
    AND date_diff('day', g.day, COALESCE(o.settled_day, $last)) > $long
    AND (i.written_off_on IS NULL OR i.written_off_on > g.day)
    AND x.invoice IS NULL
GROUP BY g.creditor, a.customer, g.payment, g.invoice, g.amount, g.currency, g.day, g.due_date
ORDER BY g.creditor, a.customer, g.day, g.payment;
