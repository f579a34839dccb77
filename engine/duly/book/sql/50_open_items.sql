-- What can be said of every open item: how much is open, how late it is, what is disputed and promised.
-- Amounts ending in `__own` are in the item's currency, the others in the policy's. A dispute about an invoice takes its
-- instalments in their order.
CREATE OR REPLACE TEMP TABLE step_disputes AS
SELECT
    d.account_day, i.invoice_no,
    CASE WHEN count(*) = count(x.amount) THEN CAST(LEAST(sum(x.amount), 4611686018427387904) AS BIGINT) END AS amount
FROM disputes AS x
JOIN step_invoices AS i ON i.invoice = x.invoice
JOIN step_account_days AS d
    ON d.account = i.account
    AND x.opened_on <= d.as_of
    AND (x.resolved_on IS NULL OR x.resolved_on > d.as_of)
GROUP BY d.account_day, i.invoice_no;

CREATE OR REPLACE TEMP TABLE step_open_items AS
WITH
promised AS (
    SELECT DISTINCT account_day, invoice_no FROM step_promises WHERE state = 'open' AND invoice_no IS NOT NULL
),
-- Only instalments have open items of their invoice before them.
parts_before AS (
    SELECT
        account_day, item_no,
        sum(open) OVER (
            PARTITION BY account_day, invoice_no ORDER BY due_date, number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS open
    FROM step_open
    WHERE number IS NOT NULL
),
items AS (
    SELECT
        o.account_day, o.as_of, o.item_no, o.invoice_no, o.invoice, o.number, o.currency, o.basis_day, o.invoice_date,
        o.due_date, o.amount, o.late_from, o.least, o.place, o.open,
        CAST(today.number - basis.number AS BIGINT) AS days_past_due,
        CASE WHEN d.account_day IS NULL THEN 'none' ELSE 'open' END AS dispute,
        CASE WHEN p.account_day IS NULL THEN 'none' ELSE 'open' END AS promise,
        CASE
            WHEN d.account_day IS NULL THEN 0
            WHEN d.amount IS NULL THEN o.open
            ELSE CAST(LEAST(o.open, GREATEST(0, d.amount - COALESCE(before.open, 0))) AS BIGINT)
        END AS disputed,
        r.numerator, r.denominator
    FROM step_open AS o
    CROSS JOIN step_settings AS s
    JOIN step_days AS today ON today.day = o.as_of
    LEFT JOIN step_days AS basis ON basis.day = o.basis_day
    LEFT JOIN step_disputes AS d ON d.account_day = o.account_day AND d.invoice_no = o.invoice_no
    LEFT JOIN promised AS p ON p.account_day = o.account_day AND p.invoice_no = o.invoice_no
    LEFT JOIN parts_before AS before ON before.account_day = o.account_day AND before.item_no = o.item_no
    LEFT JOIN step_rates AS r ON r.day = o.as_of AND r.from_currency = o.currency AND r.to_currency = s.currency
)
SELECT
    account_day, item_no, place, as_of, invoice_no, invoice, number, currency, basis_day, due_date, invoice_date,
    days_past_due, dispute, promise, numerator, denominator,
    open >= least AS counts,
    open >= least AND COALESCE(late_from <= as_of, FALSE) AS counts_late,
    amount AS original__own,
    open AS open__own,
    disputed AS disputed__own,
    CASE
        WHEN numerator IS NULL THEN amount
        ELSE CAST(LEAST(
            (2 * CAST(amount AS HUGEINT) * numerator + denominator) // (2 * denominator), 4611686018427387904
        ) AS BIGINT)
    END AS original,
    CASE
        WHEN numerator IS NULL THEN open
        ELSE CAST(LEAST(
            (2 * CAST(open AS HUGEINT) * numerator + denominator) // (2 * denominator), 4611686018427387904
        ) AS BIGINT)
    END AS open,
    CASE
        WHEN numerator IS NULL THEN disputed
        ELSE CAST(LEAST(
            (2 * CAST(disputed AS HUGEINT) * numerator + denominator) // (2 * denominator), 4611686018427387904
        ) AS BIGINT)
    END AS disputed
FROM items;
