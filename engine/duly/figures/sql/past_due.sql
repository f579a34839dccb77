-- The late items by the policy's reading, disputed ones marked, oldest first, with who sells and who collects.
SELECT
    COALESCE(c.salesperson, '') AS salesperson, COALESCE(c.collector, '') AS collector,
    f.creditor, f.customer, COALESCE(c.name, f.customer) AS name, f.invoice, f.due_date, f.days_past_due, f.currency,
    f.open__own, f.disputed__own, f.promise = 'open' AS promised
FROM past_invoice_facts AS f
LEFT JOIN customers AS c ON c.customer = f.customer
WHERE f.late AND f.open__own > 0
ORDER BY COALESCE(c.salesperson, ''), f.creditor, f.currency, f.basis_day, f.customer, f.invoice;
