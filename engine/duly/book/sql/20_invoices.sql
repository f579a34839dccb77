-- The invoices of the accounts asked for, and the money that names them or names none. `amount` of money will be in the
-- invoice's currency; `received` is what came in, in the currency in which it came; credits are no money received.
CREATE OR REPLACE TEMP TABLE step_invoices AS
SELECT
    i."row" AS invoice_no,
    a.account, i.invoice, i.currency, i.amount, i.invoice_date, i.due_date, i.open, i.settled_on, i.written_off_on
FROM invoices AS i
LEFT JOIN step_payers AS p ON p.customer = i.customer
JOIN step_accounts AS a ON a.creditor = i.creditor AND a.customer = COALESCE(p.payer, i.customer);

CREATE OR REPLACE TEMP TABLE step_money AS
SELECT i.invoice_no, i.account, m.day, m.bounced_on, m.amount, m.received, m.currency AS paid_in, i.currency AS owed_in
FROM (
    SELECT invoice, day, bounced_on, amount, amount AS received, currency FROM payments WHERE invoice IS NOT NULL
    UNION ALL
    SELECT invoice, day, CAST(NULL AS DATE) AS bounced_on, amount, CAST(NULL AS BIGINT) AS received, currency
    FROM credits
    WHERE invoice IS NOT NULL
) AS m
JOIN step_invoices AS i ON i.invoice = m.invoice;

CREATE OR REPLACE TEMP TABLE step_unapplied AS
SELECT a.account, m.currency, m.day, m.bounced_on, m.amount, m.received
FROM (
    SELECT creditor, customer, day, bounced_on, amount, amount AS received, currency FROM payments WHERE invoice IS NULL
    UNION ALL
    SELECT creditor, customer, day, CAST(NULL AS DATE) AS bounced_on, amount, CAST(NULL AS BIGINT) AS received, currency
    FROM credits
    WHERE invoice IS NULL
) AS m
LEFT JOIN step_payers AS p ON p.customer = m.customer
JOIN step_accounts AS a ON a.creditor = m.creditor AND a.customer = COALESCE(p.payer, m.customer);
