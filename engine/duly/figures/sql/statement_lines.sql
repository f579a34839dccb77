-- The open items of the accounts wanted, oldest first, each with the customer it was made out to.
SELECT
    o.creditor, o.customer, o.currency,
    CASE WHEN o.number IS NULL THEN o.invoice ELSE o.invoice || '/' || CAST(o.number AS VARCHAR) END AS invoice,
    i.customer AS made_out_to, o.invoice_date, o.due_date, o.days_past_due, o.bucket, o.amount, o.open
FROM figures_open AS o
JOIN invoices AS i ON i.invoice = o.invoice
WHERE o.as_of = $as_of AND ($account IS NULL OR o.customer = $account)
ORDER BY o.creditor, o.customer, o.currency, o.basis_day, o.invoice, o.number;
