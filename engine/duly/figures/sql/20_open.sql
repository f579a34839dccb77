-- The ledger's open items on each day, each in its own currency and with the bucket of its age, before any money that no
-- invoice was given; and that money beside them. `account_item` is the unit that the policy decides in.
CREATE OR REPLACE TABLE figures_open AS
WITH
aged AS (
    SELECT
        a.creditor, a.customer, d.as_of, i.invoice, i.number, i.currency, i.invoice_date, i.due_date, i.basis_day,
        i.amount, i.direct_open AS open,
        CAST(today.number - basis.number AS BIGINT) AS days_past_due
    FROM ledger_items AS i
    JOIN ledger_account_days AS d ON d.account_day = i.account_day
    JOIN ledger_accounts AS a ON a.account = d.account
    LEFT JOIN ledger_days AS today ON today.day = d.as_of
    LEFT JOIN ledger_days AS basis ON basis.day = i.basis_day
    WHERE i.direct_open > 0
)
SELECT
    aged.*,
    CASE
        WHEN basis_day > as_of THEN 'not_due'
        WHEN days_past_due <= 30 THEN '0-30'
        WHEN days_past_due <= 60 THEN '31-60'
        WHEN days_past_due <= 90 THEN '61-90'
        WHEN days_past_due <= 120 THEN '91-120'
        ELSE '120+'
    END AS bucket
FROM aged;

CREATE OR REPLACE TABLE figures_unapplied AS
SELECT a.creditor, a.customer, d.as_of, p.currency, p.amount
FROM ledger_pool AS p
JOIN ledger_account_days AS d ON d.account_day = p.account_day
JOIN ledger_accounts AS a ON a.account = d.account
WHERE p.amount > 0;
