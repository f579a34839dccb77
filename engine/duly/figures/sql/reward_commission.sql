-- What has changed from $opening to $last of every dated invoice: what stands of it as issued (less credit notes, and less
-- what was written off unpaid) and what the customer has paid of it. A day of settlement is a payment of the rest.
WITH
days AS (SELECT $opening AS as_of UNION ALL SELECT $last),
money AS (
    SELECT
        days.as_of, m.invoice_no, m.received IS NOT NULL AS is_cash, m.amount,
        sum(m.amount) OVER (
            PARTITION BY days.as_of, m.invoice_no
            ORDER BY m.day, m.received IS NULL, m.paid_in, m.amount, m.received ROWS UNBOUNDED PRECEDING
        ) AS after
    FROM ledger_money AS m
    JOIN days ON m.day <= days.as_of AND (m.bounced_on IS NULL OR m.bounced_on > days.as_of)
),
invoices_then AS (
    SELECT
        d.as_of, d.account, i.invoice_no, i.invoice, i.currency, i.invoice_date, max(i.ends) AS total,
        max(i.settled_on) IS NOT NULL AS settled, max(i.written_off_on) IS NOT NULL AS written_off
    FROM ledger_items AS i
    JOIN ledger_account_days AS d ON d.account_day = i.account_day
    JOIN days ON days.as_of = d.as_of
    WHERE i.invoice_date IS NOT NULL
    GROUP BY d.as_of, d.account, i.invoice_no, i.invoice, i.currency, i.invoice_date
),
told AS (
    SELECT
        i.as_of, i.account, i.invoice_no, i.invoice, i.currency, i.invoice_date, i.total, i.settled, i.written_off,
        COALESCE(sum(CASE WHEN m.is_cash THEN LEAST(m.after, i.total) - LEAST(m.after - m.amount, i.total) END), 0) AS paid,
        COALESCE(
            sum(CASE WHEN NOT m.is_cash THEN LEAST(m.after, i.total) - LEAST(m.after - m.amount, i.total) END), 0
        ) AS credited
    FROM invoices_then AS i
    LEFT JOIN money AS m ON m.as_of = i.as_of AND m.invoice_no = i.invoice_no
    GROUP BY ALL
),
states AS (
    SELECT
        as_of, account, invoice_no, invoice, currency, invoice_date,
        CASE WHEN settled THEN total - credited ELSE paid END AS paid,
        CASE WHEN written_off AND NOT settled THEN paid ELSE total - credited END AS issued
    FROM told
),
changed AS (
    SELECT
        n.account, n.currency, n.invoice, n.invoice_date,
        n.issued - COALESCE(b.issued, 0) AS issued, n.paid - COALESCE(b.paid, 0) AS paid
    FROM states AS n
    LEFT JOIN states AS b ON b.as_of = $opening AND b.invoice_no = n.invoice_no
    WHERE n.as_of = $last
)
SELECT
    a.creditor, a.customer, COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    m.currency, m.invoice, m.invoice_date, CAST(m.issued AS BIGINT) AS issued, CAST(m.paid AS BIGINT) AS paid
FROM changed AS m
JOIN ledger_accounts AS a ON a.account = m.account
LEFT JOIN customers AS c ON c.customer = a.customer
WHERE m.issued <> 0 OR m.paid <> 0
ORDER BY a.creditor, a.customer, m.currency, m.invoice_date, m.invoice;
