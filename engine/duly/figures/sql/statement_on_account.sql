-- Money that no invoice was given, one by one: payments and credit notes that name none, and what was paid on an invoice
-- beyond its amount. Together they are the account's unapplied money.
WITH
pieces AS (
    SELECT p.creditor, COALESCE(y.payer, p.customer) AS customer, p.currency, p.day, 'payment' AS kind, p.payment AS reference, p.amount
    FROM payments AS p
    LEFT JOIN ledger_payers AS y ON y.customer = p.customer
    WHERE p.invoice IS NULL AND p.day <= $as_of AND (p.bounced_on IS NULL OR p.bounced_on > $as_of)
    UNION ALL
    SELECT c.creditor, COALESCE(y.payer, c.customer) AS customer, c.currency, c.day, 'credit note' AS kind, c.credit AS reference, c.amount
    FROM credits AS c
    LEFT JOIN ledger_payers AS y ON y.customer = c.customer
    WHERE c.invoice IS NULL AND c.day <= $as_of
    UNION ALL
    SELECT DISTINCT
        a.creditor, a.customer, i.currency, CAST(NULL AS DATE) AS day, 'overpaid' AS kind, i.invoice AS reference,
        i.paid - i.total AS amount
    FROM ledger_items AS i
    JOIN ledger_account_days AS d ON d.account_day = i.account_day
    JOIN ledger_accounts AS a ON a.account = d.account
    WHERE i.paid > i.total AND i.given_open IS NULL
)
SELECT creditor, customer, currency, day, kind, reference, amount
FROM pieces
WHERE amount > 0 AND ($account IS NULL OR customer = $account)
ORDER BY creditor, customer, currency, day NULLS LAST, kind, reference;
