-- Every account of a day: whoever has an invoice by then, or money that no invoice has been given, or a hold.
CREATE OR REPLACE TEMP TABLE step_asked AS
WITH
invoiced AS (
    SELECT DISTINCT
        i.creditor,
        COALESCE(p.payer, i.customer) AS customer,
        CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN i.currency ELSE i.invoice END AS item
    FROM invoices AS i
    CROSS JOIN step_settings AS s
    LEFT JOIN step_payers AS p ON p.customer = i.customer
    WHERE i.invoice_date IS NULL OR i.invoice_date <= s.as_of
),
unapplied AS (
    SELECT creditor, customer, currency, day FROM payments WHERE invoice IS NULL
    UNION ALL
    SELECT creditor, customer, currency, day FROM credits WHERE invoice IS NULL
),
credited AS (
    SELECT DISTINCT
        u.creditor,
        COALESCE(p.payer, u.customer) AS customer,
        CASE s.unit WHEN 'account_currency' THEN u.currency ELSE '' END AS item
    FROM unapplied AS u
    CROSS JOIN step_settings AS s
    LEFT JOIN step_payers AS p ON p.customer = u.customer
    WHERE u.day <= s.as_of AND s.unit <> 'invoice'
),
held AS (
    SELECT DISTINCT
        h.creditor,
        COALESCE(p.payer, h.customer) AS customer,
        CASE s.unit WHEN 'account_currency' THEN s.currency ELSE '' END AS item
    FROM holds AS h
    CROSS JOIN step_settings AS s
    LEFT JOIN step_payers AS p ON p.customer = h.customer
    WHERE h.placed_on <= s.as_of AND (h.released_on IS NULL OR h.released_on > s.as_of) AND s.unit <> 'invoice'
),
known AS (
    SELECT creditor, customer, item FROM invoiced
    UNION
    SELECT creditor, customer, item FROM credited
),
-- A hold on an account that has neither invoices nor money still has to be released some day.
holding_only AS (
    SELECT held.creditor, held.customer, held.item
    FROM held
    LEFT JOIN (SELECT DISTINCT creditor, customer FROM known) AS k
        ON k.creditor = held.creditor AND k.customer = held.customer
    WHERE k.customer IS NULL
)
SELECT a.creditor, a.customer, a.item, s.as_of
FROM (SELECT creditor, customer, item FROM known UNION ALL SELECT creditor, customer, item FROM holding_only) AS a
CROSS JOIN step_settings AS s;
