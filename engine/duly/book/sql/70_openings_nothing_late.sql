-- The opening of an episode where the ladder resets when nothing is late: the first day of the last stretch of late days,
-- with the oldest item that was late on it.
CREATE OR REPLACE TEMP TABLE step_openings AS
WITH
openings AS (
    SELECT r.unit_day, r.first_day, r.ended_before, u.account_day, u.item
    FROM step_runs AS r
    JOIN step_anchors AS a ON a.unit_day = r.unit_day AND a.oldest_no IS NOT NULL
    JOIN step_units AS u ON u.unit_day = r.unit_day
),
-- What became late on the first day itself opened the stretch: nothing was late on the day before. Of pooled items some
-- may have been late for longer, but covered.
standing AS (
    SELECT
        o.unit_day, o.account_day, o.first_day, w.item_no, w.invoice, w.number, w.currency, w.basis_day, w.invoice_date,
        w.amount, w.least, FALSE AS pooled, 0 AS open
    FROM openings AS o
    CROSS JOIN step_settings AS s
    JOIN step_late AS w ON w.account_day = o.account_day AND w.day = o.first_day AND NOT w.pooled
    WHERE o.item = CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN w.currency ELSE w.invoice END
    UNION ALL
    SELECT
        o.unit_day, o.account_day, o.first_day, w.item_no, w.invoice, w.number, w.currency, w.basis_day, w.invoice_date,
        w.amount, w.least, TRUE AS pooled, l.open
    FROM openings AS o
    CROSS JOIN step_settings AS s
    JOIN step_late AS w ON w.account_day = o.account_day AND w.pooled
    JOIN step_levels AS l
        ON l.account_day = w.account_day
        AND l.item_no = w.item_no
        AND l.day <= o.first_day
        AND (l.until IS NULL OR l.until > o.first_day)
    WHERE o.item = CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN w.currency ELSE w.invoice END
),
pools AS (
    SELECT st.unit_day, st.currency, sum(e.amount) AS amount
    FROM (SELECT DISTINCT unit_day, account_day, currency, first_day FROM standing WHERE pooled) AS st
    JOIN step_pool_events AS e
        ON e.account_day = st.account_day AND e.currency = st.currency AND e.day <= st.first_day
    GROUP BY st.unit_day, st.currency
),
pooled AS (
    SELECT
        st.unit_day, st.item_no, st.open, st.least, COALESCE(p.amount, 0) AS pool,
        sum(st.open) OVER (
            PARTITION BY st.unit_day, st.currency ORDER BY st.basis_day, st.amount DESC, st.invoice, st.number
            ROWS UNBOUNDED PRECEDING
        ) AS owed
    FROM standing AS st
    LEFT JOIN pools AS p ON p.unit_day = st.unit_day AND p.currency = st.currency
    WHERE st.pooled
),
uncovered AS (
    SELECT unit_day, item_no FROM pooled WHERE LEAST(open, owed - pool) >= least
    UNION ALL
    SELECT unit_day, item_no FROM standing WHERE NOT pooled
),
ranked AS (
    SELECT
        st.unit_day, st.invoice, st.number, st.basis_day, st.invoice_date,
        row_number() OVER (
            PARTITION BY st.unit_day ORDER BY st.basis_day, st.amount DESC, st.invoice, st.number
        ) AS place
    FROM standing AS st
    JOIN uncovered AS c ON c.unit_day = st.unit_day AND c.item_no = st.item_no
)
SELECT
    k.unit_day, k.basis_day, k.invoice_date, o.first_day, o.ended_before,
    CASE WHEN k.number IS NULL THEN k.invoice ELSE k.invoice || '/' || CAST(k.number AS VARCHAR) END AS episode
FROM ranked AS k
JOIN openings AS o ON o.unit_day = k.unit_day
WHERE k.place = 1;
