-- Money that no invoice has been given, by account, currency and day: payments and credits that name none, and what was
-- paid on an invoice beyond its amount. It counts from the day on which both the money and its invoice are there.
CREATE OR REPLACE TEMP TABLE step_pool_events AS
WITH
overpaid AS (
    SELECT DISTINCT account_day, as_of, invoice_no, currency, invoice_date, total
    FROM step_items
    WHERE paid > total AND given_open IS NULL
),
running AS (
    SELECT
        o.account_day, o.currency, o.total, m.amount,
        CASE WHEN o.invoice_date > m.day THEN o.invoice_date ELSE m.day END AS day,
        sum(m.amount) OVER (
            PARTITION BY o.account_day, o.invoice_no ORDER BY m.day ROWS UNBOUNDED PRECEDING
        ) AS so_far
    FROM overpaid AS o
    JOIN step_money AS m
        ON m.invoice_no = o.invoice_no
        AND m.day <= o.as_of
        AND (m.bounced_on IS NULL OR m.bounced_on > o.as_of)
)
SELECT account_day, currency, day, CAST(LEAST(sum(amount), 4611686018427387904) AS BIGINT) AS amount
FROM (
    SELECT account_day, currency, day, LEAST(amount, so_far - total) AS amount FROM running WHERE so_far > total
    UNION ALL
    SELECT d.account_day, u.currency, u.day, u.amount
    FROM step_unapplied AS u
    JOIN step_account_days AS d
        ON d.account = u.account
        AND u.day <= d.as_of
        AND (u.bounced_on IS NULL OR u.bounced_on > d.as_of)
) AS e
GROUP BY account_day, currency, day;

CREATE OR REPLACE TEMP TABLE step_pool AS
SELECT account_day, currency, CAST(LEAST(sum(amount), 4611686018427387904) AS BIGINT) AS amount
FROM step_pool_events
GROUP BY account_day, currency;

-- The open items, each with its place in the one order of old before young: by basis day, the largest first where several
-- share it, then by id. Where the policy offsets it, unapplied money of the same currency pays them in that order;
-- what is too small to be chased takes none of it.
CREATE OR REPLACE TEMP TABLE step_open AS
WITH
placed AS (
    SELECT
        t.account_day, t.as_of, t.item_no, t.invoice_no, t.invoice, t.number, t.currency, t.basis_day, t.invoice_date,
        t.due_date, t.amount, t.late_from, t.direct_open, t.least, COALESCE(pool.amount, 0) AS pool,
        row_number() OVER (
            PARTITION BY t.account_day ORDER BY t.basis_day, t.amount DESC, t.invoice, t.number
        ) AS place
    FROM step_items AS t
    CROSS JOIN step_settings AS s
    LEFT JOIN step_pool AS pool
        ON s.offset_credit AND pool.account_day = t.account_day AND pool.currency = t.currency
    WHERE t.direct_open > 0
),
owed AS (
    SELECT
        account_day, item_no,
        sum(CASE WHEN direct_open >= least THEN direct_open ELSE 0 END) OVER (
            PARTITION BY account_day, currency ORDER BY place ROWS UNBOUNDED PRECEDING
        ) AS amount
    FROM placed
    WHERE pool > 0
),
left_over AS (
    SELECT
        p.account_day, p.as_of, p.item_no, p.invoice_no, p.invoice, p.number, p.currency, p.basis_day, p.invoice_date,
        p.due_date, p.amount, p.late_from, p.least, p.place,
        CASE
            WHEN p.pool = 0 OR p.direct_open < p.least THEN p.direct_open
            ELSE CAST(LEAST(p.direct_open, GREATEST(0, owed.amount - p.pool)) AS BIGINT)
        END AS open
    FROM placed AS p
    LEFT JOIN owed ON owed.account_day = p.account_day AND owed.item_no = p.item_no
)
SELECT
    account_day, as_of, item_no, invoice_no, invoice, number, currency, basis_day, invoice_date, due_date, amount, late_from,
    least, place, open
FROM left_over
WHERE open > 0;
