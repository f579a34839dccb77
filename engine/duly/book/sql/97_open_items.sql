-- The ledger's open items, each in its own currency, before any money that no invoice was given.
SELECT
    a.creditor, a.customer, i.as_of, i.currency,
    CASE WHEN i.number IS NULL THEN i.invoice ELSE i.invoice || '/' || CAST(i.number AS VARCHAR) END AS item,
    i.invoice, i.number, i.invoice_date, i.basis_day, i.direct_open AS open
FROM step_items AS i
JOIN step_account_days AS d ON d.account_day = i.account_day
JOIN step_accounts AS a ON a.account = d.account
WHERE i.direct_open > 0;
