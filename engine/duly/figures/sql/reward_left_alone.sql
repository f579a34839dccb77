-- What was more than $old days past due on the last day, by collector and account, without what is contested, and whether
-- anybody touched it in the period: a call, a visit, a reply, a promise, a request to sales. Nobody is to be blamed for
-- leaving alone a customer that must not be contacted, or is insolvent.
WITH
touched AS (
    SELECT DISTINCT COALESCE(y.payer, t.customer) AS customer
    FROM (
        SELECT customer FROM contacts_made
        WHERE day >= $first AND day <= $last AND (direction = 'in' OR channel IN ('call', 'visit'))
        UNION ALL
        SELECT customer FROM promises WHERE made_on >= $first AND made_on <= $last
        UNION ALL
        SELECT customer FROM requests WHERE asked_on >= $first AND asked_on <= $last
    ) AS t
    LEFT JOIN ledger_payers AS y ON y.customer = t.customer
),
contested AS (
    SELECT DISTINCT invoice FROM disputes WHERE opened_on <= $last AND (resolved_on IS NULL OR resolved_on > $last)
)
SELECT
    COALESCE(c.collector, '') AS collector, o.creditor, o.currency, o.customer, CAST(sum(o.open) AS BIGINT) AS late,
    max(o.days_past_due) AS days, any_value(t.customer) IS NOT NULL AS was_touched
FROM figures_open AS o
LEFT JOIN customers AS c ON c.customer = o.customer
LEFT JOIN touched AS t ON t.customer = o.customer
LEFT JOIN contested AS x ON x.invoice = o.invoice
WHERE o.as_of = $last
    AND o.days_past_due > $old
    AND x.invoice IS NULL
    AND NOT COALESCE(c.do_not_contact, FALSE)
    AND NOT COALESCE(c.insolvent, FALSE)
GROUP BY COALESCE(c.collector, ''), o.creditor, o.currency, o.customer
ORDER BY COALESCE(c.collector, ''), o.creditor, o.currency, late DESC, o.customer;
