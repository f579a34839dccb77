-- Customers whose first day with us lies in the days wanted: the day that their record says, or that of their first invoice.
WITH
firsts AS (
    SELECT customer, min(invoice_date) AS day FROM invoices WHERE invoice_date IS NOT NULL GROUP BY customer
),
known AS (
    SELECT
        c.customer, COALESCE(c.name, c.customer) AS name, COALESCE(c.since, firsts.day) AS day,
        COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector
    FROM customers AS c
    LEFT JOIN firsts ON firsts.customer = c.customer
)
SELECT customer, name, day, salesperson, collector
FROM known
WHERE day >= $first AND day <= $last
ORDER BY day, customer;
