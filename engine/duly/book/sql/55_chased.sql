-- What is chased of every open item, by unit: what the invoice pauses leave of it, nothing where it is too small. The
-- conditions of the policy's pauses stand in for the two words in braces.
CREATE OR REPLACE TEMP TABLE step_chased AS
WITH
items AS (
    SELECT o.*, a.creditor, a.customer
    FROM step_open_items AS o
    JOIN step_account_days AS d ON d.account_day = o.account_day
    JOIN step_accounts AS a ON a.account = d.account
),
left_over AS (
    SELECT
        items.*,
        CASE
            WHEN NOT counts OR {takes_all} THEN 0
            WHEN {takes_disputed_part} THEN open__own - disputed__own
            ELSE open__own
        END AS chased__own
    FROM items
)
SELECT
    u.unit_day, o.account_day, o.item_no, o.place, o.as_of, o.creditor, o.customer, u.item, o.invoice_no,
    CASE WHEN o.number IS NULL THEN o.invoice ELSE o.invoice || '/' || CAST(o.number AS VARCHAR) END AS invoice,
    o.currency, o.basis_day, o.due_date, o.invoice_date, o.days_past_due, o.dispute, o.promise, o.original, o.open,
    o.disputed, o.original__own, o.open__own, o.disputed__own, o.counts, o.counts_late, o.chased__own,
    CASE
        WHEN o.numerator IS NULL THEN o.chased__own
        ELSE CAST(LEAST(
            (2 * CAST(o.chased__own AS HUGEINT) * o.numerator + o.denominator) // (2 * o.denominator), 4611686018427387904
        ) AS BIGINT)
    END AS chased
FROM left_over AS o
CROSS JOIN step_settings AS s
JOIN step_units AS u
    ON u.account_day = o.account_day
    AND u.item = CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN o.currency ELSE o.invoice END;
