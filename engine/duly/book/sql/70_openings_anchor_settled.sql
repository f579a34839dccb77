-- The opening of an episode where the ladder resets when its anchor is settled: it is named by today's oldest late item,
-- and began when that item became late or, if that was later, when the last item before it in line was settled.
CREATE OR REPLACE TEMP TABLE step_openings AS
WITH
oldest AS (
    SELECT
        a.unit_day, i.account_day, i.as_of, i.item_no, i.invoice, i.number, i.basis_day, i.amount, i.invoice_date, i.day, u.item
    FROM step_anchors AS a
    JOIN step_units AS u ON u.unit_day = a.unit_day
    JOIN step_late AS i ON i.account_day = u.account_day AND i.item_no = a.oldest_no
),
before AS (
    SELECT o.unit_day, o.as_of, o.account_day, w.currency, w.item_no, w.until, w.pooled
    FROM oldest AS o
    CROSS JOIN step_settings AS s
    JOIN step_late AS w
        ON w.account_day = o.account_day
        AND (w.basis_day < o.basis_day OR (w.basis_day = o.basis_day AND (
            w.amount > o.amount OR (w.amount = o.amount AND (
                w.invoice < o.invoice OR (w.invoice = o.invoice AND w.number < o.number))))))
    WHERE o.item = CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN w.currency ELSE w.invoice END
),
changes AS (
    SELECT
        b.unit_day, b.as_of, b.currency, l.day,
        l.open - lag(l.open, 1, 0) OVER (PARTITION BY b.unit_day, l.item_no ORDER BY l.day) AS change
    FROM before AS b
    JOIN step_levels AS l ON l.account_day = b.account_day AND l.item_no = b.item_no
    WHERE b.pooled
    UNION ALL
    SELECT c.unit_day, c.as_of, e.currency, e.day, -e.amount AS change
    FROM (SELECT DISTINCT unit_day, as_of, account_day, currency FROM before WHERE pooled) AS c
    JOIN step_pool_events AS e ON e.account_day = c.account_day AND e.currency = c.currency
),
days AS (
    SELECT unit_day, as_of, currency, day, sum(change) AS change FROM changes GROUP BY unit_day, as_of, currency, day
),
states AS (
    SELECT
        d.unit_day, d.currency, d.day,
        sum(d.change) OVER (PARTITION BY d.unit_day, d.currency ORDER BY d.day) >= least.least AS late
    FROM days AS d
    JOIN step_least AS least ON least.as_of = d.as_of AND least.currency = d.currency
),
turns AS (
    SELECT unit_day, day, late, lag(late, 1, FALSE) OVER (PARTITION BY unit_day, currency ORDER BY day) AS was_late
    FROM states
),
settled AS (
    SELECT unit_day, max(day) AS day
    FROM (
        SELECT unit_day, day FROM turns WHERE was_late AND NOT late
        UNION ALL
        SELECT unit_day, until AS day FROM before WHERE NOT pooled
    ) AS ends
    GROUP BY unit_day
)
SELECT
    o.unit_day, o.basis_day, o.invoice_date, s.day AS ended_before,
    CASE WHEN s.day > o.day THEN s.day ELSE o.day END AS first_day,
    CASE WHEN o.number IS NULL THEN o.invoice ELSE o.invoice || '/' || CAST(o.number AS VARCHAR) END AS episode
FROM oldest AS o
LEFT JOIN settled AS s ON s.unit_day = o.unit_day;
