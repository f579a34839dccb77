-- The first and the last day that the book speaks of.
SELECT min(day), max(day)
FROM (
    SELECT min(due_date) AS day FROM invoices
    UNION ALL SELECT max(due_date) FROM invoices
    UNION ALL SELECT min(invoice_date) FROM invoices
    UNION ALL SELECT max(invoice_date) FROM invoices
    UNION ALL SELECT min(settled_on) FROM invoices
    UNION ALL SELECT max(settled_on) FROM invoices
    UNION ALL SELECT min(due_date) FROM instalments
    UNION ALL SELECT max(due_date) FROM instalments
    UNION ALL SELECT min(day) FROM payments
    UNION ALL SELECT max(day) FROM payments
    UNION ALL SELECT min(day) FROM credits
    UNION ALL SELECT max(day) FROM credits
    UNION ALL SELECT min(day) FROM executed_stages
    UNION ALL SELECT max(day) FROM executed_stages
) AS spoken_of;
