-- The stretches of days on which something was late, with what is known on the day asked: a payment that has bounced by
-- then never was. Disputes and pauses end no stretch; payment, credit and writing off do.

-- Of each item that was ever late: its first late day, and the first day after that on which it was not, unknown while it
-- is. `pooled` items share unapplied money that is offset, so that their own money does not tell. A unit that is one
-- invoice goes by what names the invoice.
CREATE OR REPLACE TEMP TABLE step_late AS
WITH
ends AS (
    SELECT
        t.account_day, t.as_of, t.item_no, t.invoice_no, t.invoice, t.number, t.currency, t.basis_day, t.invoice_date, t.amount,
        t.ends, t.given_open, t.settled_on, t.written_off_on, t.late_from AS day, t.least,
        t.direct_open >= t.least AS lasts,
        CASE
            WHEN t.direct_open < t.least THEN LEAST(COALESCE(parts.day, t.settled_day), t.written_off_on)
        END AS until,
        s.unit <> 'invoice' AND COALESCE(pool.amount, 0) > 0 AS pooled
    FROM step_items AS t
    CROSS JOIN step_settings AS s
    LEFT JOIN step_settled_in_parts AS parts ON parts.account_day = t.account_day AND parts.item_no = t.item_no
    LEFT JOIN step_pool AS pool
        ON s.offset_credit AND pool.account_day = t.account_day AND pool.currency = t.currency
    WHERE t.late_from <= t.as_of
        AND COALESCE(t.given_open, t.amount) >= t.least
        -- Most was paid before it was late, and is told apart before anything is joined.
        AND (t.settled_day IS NULL OR t.settled_day > t.late_from)
)
SELECT
    account_day, as_of, item_no, invoice_no, invoice, number, currency, basis_day, invoice_date, amount, ends, given_open,
    settled_on, written_off_on, day, until, least, pooled
FROM ends
WHERE lasts OR until > day;

-- What was open of each pooled item from its first late day on, step by step; 0 where it is too little to be chased.
CREATE OR REPLACE TEMP TABLE step_levels AS
WITH
watched AS (
    SELECT account_day, as_of, item_no, invoice_no, amount, ends, given_open, settled_on, written_off_on, day, least
    FROM step_late
    WHERE pooled
),
paid AS (
    SELECT
        w.account_day, w.item_no, w.amount, w.ends, w.day AS late_from, m.day, w.settled_on, w.written_off_on,
        sum(m.amount) OVER (PARTITION BY w.account_day, w.item_no ORDER BY m.day) AS so_far
    FROM watched AS w
    JOIN step_money AS m
        ON m.invoice_no = w.invoice_no
        AND m.day <= w.as_of
        AND (m.bounced_on IS NULL OR m.bounced_on > w.as_of)
    WHERE w.given_open IS NULL
),
moments AS (
    SELECT account_day, item_no, day, COALESCE(given_open, amount) AS open FROM watched
    UNION ALL
    SELECT
        account_day, item_no,
        CASE WHEN day > late_from THEN day ELSE late_from END AS day,
        LEAST(amount, GREATEST(0, ends - so_far)) AS open
    FROM paid
    WHERE (settled_on IS NULL OR day < settled_on) AND (written_off_on IS NULL OR day < written_off_on)
    UNION ALL
    SELECT account_day, item_no, settled_on AS day, 0 AS open FROM watched WHERE settled_on IS NOT NULL
    UNION ALL
    SELECT account_day, item_no, written_off_on AS day, 0 AS open FROM watched WHERE written_off_on IS NOT NULL
),
levels AS (
    -- What is open only ever shrinks, so the least of a day is where the day ends.
    SELECT account_day, item_no, day, min(open) AS open FROM moments GROUP BY account_day, item_no, day
)
SELECT
    l.account_day, l.item_no, l.day,
    lead(l.day) OVER (PARTITION BY l.account_day, l.item_no ORDER BY l.day) AS until,
    CASE WHEN l.open >= w.least THEN CAST(l.open AS BIGINT) ELSE 0 END AS open
FROM levels AS l
JOIN watched AS w ON w.account_day = l.account_day AND w.item_no = l.item_no;

-- Pooled money covers the oldest first, so something of a currency is late exactly while what is late and open exceeds that
-- money by as much as is worth chasing.
CREATE OR REPLACE TEMP TABLE step_pooled_runs AS
WITH
changes AS (
    SELECT
        l.account_day, w.currency, l.day,
        l.open - lag(l.open, 1, 0) OVER (PARTITION BY l.account_day, l.item_no ORDER BY l.day) AS change
    FROM step_levels AS l
    JOIN step_late AS w ON w.account_day = l.account_day AND w.item_no = l.item_no
    UNION ALL
    SELECT e.account_day, e.currency, e.day, -e.amount AS change
    FROM step_pool_events AS e
    JOIN (SELECT DISTINCT account_day, currency FROM step_late WHERE pooled) AS w
        ON w.account_day = e.account_day AND w.currency = e.currency
),
days AS (
    SELECT account_day, currency, day, sum(change) AS change FROM changes GROUP BY account_day, currency, day
),
states AS (
    SELECT
        d.account_day, d.currency, d.day,
        sum(d.change) OVER (PARTITION BY d.account_day, d.currency ORDER BY d.day) >= least.least AS late
    FROM days AS d
    JOIN step_account_days AS a ON a.account_day = d.account_day
    JOIN step_least AS least ON least.as_of = a.as_of AND least.currency = d.currency
),
flips AS (
    SELECT
        account_day, currency, day, late,
        lag(late, 1, FALSE) OVER (PARTITION BY account_day, currency ORDER BY day) AS was_late
    FROM states
),
turns AS (
    SELECT
        account_day, currency, day, late, lead(day) OVER (PARTITION BY account_day, currency ORDER BY day) AS until
    FROM flips
    WHERE late <> was_late
)
SELECT account_day, currency, day, until FROM turns WHERE late;

-- The last stretch of each unit: its first day, the first day after it (unknown while it lasts), and where the one before
-- it had ended. Stretches of several items are one where no day lies between them.
CREATE OR REPLACE TEMP TABLE step_runs AS
WITH
stretches AS (
    SELECT account_day, currency, invoice, day, COALESCE(until, DATE '9999-12-31') AS until
    FROM step_late
    WHERE NOT pooled
    UNION ALL
    SELECT account_day, currency, '' AS invoice, day, COALESCE(until, DATE '9999-12-31') AS until
    FROM step_pooled_runs
),
runs AS (
    SELECT u.unit_day, r.day, r.until
    FROM stretches AS r
    CROSS JOIN step_settings AS s
    JOIN step_units AS u
        ON u.account_day = r.account_day
        AND u.item = CASE s.unit WHEN 'account' THEN '' WHEN 'account_currency' THEN r.currency ELSE r.invoice END
),
reaching AS (
    SELECT
        unit_day, day, until,
        max(until) OVER (
            PARTITION BY unit_day ORDER BY day, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS ended_before
    FROM runs
),
firsts AS (
    SELECT unit_day, max(day) AS first_day, max(ended_before) AS ended_before
    FROM reaching
    WHERE ended_before IS NULL OR day > ended_before
    GROUP BY unit_day
),
ends AS (
    SELECT unit_day, max(until) AS until FROM runs GROUP BY unit_day
)
SELECT
    f.unit_day, f.first_day, f.ended_before,
    CASE WHEN e.until < DATE '9999-12-31' THEN e.until END AS until
FROM firsts AS f
JOIN ends AS e ON e.unit_day = f.unit_day;
