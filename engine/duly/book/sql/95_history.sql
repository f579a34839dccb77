-- What was done with every unit: executed stages, requests to sales and their answers, tasks, holds; `belongs` says that it was in this episode.
CREATE OR REPLACE TEMP TABLE step_stages_done AS
SELECT
    u.unit_day, u.as_of, e.stage, e.day, COALESCE(e.outcome, 'accepted') AS outcome,
    COALESCE(e.episode = p.episode, FALSE)
        OR COALESCE(e.day >= p.episode_start AND (e.episode IS NULL OR p.is_late), FALSE) AS belongs
FROM executed_stages AS e
CROSS JOIN step_settings AS s
LEFT JOIN step_payers AS y ON y.customer = e.customer
JOIN step_units AS u
    ON u.creditor = e.creditor
    AND u.customer = COALESCE(y.payer, e.customer)
    AND e.day <= u.as_of
    AND (s.unit = 'account' OR e.item IS NULL OR e.item = u.item)
JOIN step_episodes AS p ON p.unit_day = u.unit_day;

CREATE OR REPLACE TEMP TABLE step_requests AS
SELECT
    u.unit_day, r.rule,
    COALESCE(r.answered_on <= u.as_of, FALSE) AS answered,
    u.as_of <= r.due_on AND NOT COALESCE(r.answered_on <= u.as_of, FALSE) AS open,
    COALESCE(r.told_on < u.as_of, FALSE) AS told
FROM requests AS r
LEFT JOIN step_payers AS y ON y.customer = r.customer
JOIN step_units AS u
    ON u.creditor = r.creditor AND u.customer = COALESCE(y.payer, r.customer) AND r.asked_on < u.as_of
JOIN step_episodes AS p ON p.unit_day = u.unit_day AND (p.since IS NULL OR r.asked_on >= p.since);

-- What sales answered about every unit: when last, and why the customer does not pay by the last answer of this episode.
CREATE OR REPLACE TEMP TABLE step_answers AS
WITH
answered AS (
    SELECT
        u.unit_day, a.day, a.reason, p.since IS NULL OR a.day >= p.since AS belongs,
        row_number() OVER (PARTITION BY u.unit_day ORDER BY a.day DESC, a."row" DESC) AS nth
    FROM answers AS a
    LEFT JOIN step_payers AS y ON y.customer = a.customer
    JOIN step_units AS u
        ON u.creditor = a.creditor AND u.customer = COALESCE(y.payer, a.customer) AND a.day <= u.as_of
    JOIN step_episodes AS p ON p.unit_day = u.unit_day
)
SELECT unit_day, day AS answered_on, CASE WHEN belongs THEN reason END AS reason
FROM answered
WHERE nth = 1;

-- How sales judges every customer, whatever the creditor: each judgement by the latest answer of twelve months that says it.
CREATE OR REPLACE TEMP TABLE step_judgements AS
WITH
judged AS (
    SELECT
        d.customer, d.as_of, a.financial_difficulty, a.relationship,
        row_number() OVER (
            PARTITION BY d.customer, d.as_of, a.financial_difficulty IS NULL ORDER BY a.day DESC, a."row" DESC
        ) AS nth_on_difficulty,
        row_number() OVER (
            PARTITION BY d.customer, d.as_of, a.relationship IS NULL ORDER BY a.day DESC, a."row" DESC
        ) AS nth_on_relationship
    FROM answers AS a
    LEFT JOIN step_payers AS y ON y.customer = a.customer
    JOIN (SELECT DISTINCT customer, as_of FROM step_units) AS d ON d.customer = COALESCE(y.payer, a.customer)
    JOIN step_as_ofs AS o ON o.as_of = d.as_of
    WHERE a.day <= d.as_of AND a.day > o.year_before
)
SELECT
    customer, as_of,
    max(CASE WHEN nth_on_difficulty = 1 AND financial_difficulty THEN 1 ELSE 0 END) AS in_difficulty,
    max(CASE WHEN nth_on_relationship = 1 THEN relationship END) AS relationship
FROM judged
GROUP BY customer, as_of;

CREATE OR REPLACE TEMP TABLE step_tasks AS
SELECT u.unit_day, t.pause
FROM tasks_given AS t
LEFT JOIN step_payers AS y ON y.customer = t.customer
JOIN step_units AS u
    ON u.creditor = t.creditor AND u.customer = COALESCE(y.payer, t.customer) AND t.day < u.as_of
JOIN step_episodes AS p ON p.unit_day = u.unit_day AND (p.since IS NULL OR t.day >= p.since);

CREATE OR REPLACE TEMP TABLE step_holds AS
SELECT u.unit_day, h.hold
FROM holds AS h
LEFT JOIN step_payers AS y ON y.customer = h.customer
JOIN step_units AS u
    ON u.creditor = h.creditor
    AND u.customer = COALESCE(y.payer, h.customer)
    AND h.placed_on <= u.as_of
    AND (h.released_on IS NULL OR h.released_on > u.as_of);

CREATE OR REPLACE TEMP TABLE step_promise_counts AS
SELECT
    u.unit_day,
    sum(CASE WHEN p.state = 'open' THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN p.state = 'broken' AND p.due_on >= e.owed_since THEN 1 ELSE 0 END) AS broken,
    sum(CASE WHEN p.state = 'broken' AND p.due_on > y.year_before THEN 1 ELSE 0 END) AS broken_12_months,
    sum(CASE WHEN p.state = 'kept' AND p.due_on > y.year_before AND p.due_on <= u.as_of THEN 1 ELSE 0 END) AS kept_12_months
FROM step_promises AS p
CROSS JOIN step_settings AS s
JOIN step_units AS u
    ON u.account_day = p.account_day
    AND CASE s.unit
        WHEN 'account' THEN TRUE
        WHEN 'account_currency' THEN p.currency = u.item
        ELSE p.invoice IS NULL OR p.invoice = u.item
    END
JOIN step_episodes AS e ON e.unit_day = u.unit_day
JOIN step_as_ofs AS y ON y.as_of = u.as_of
GROUP BY u.unit_day;

-- The first day with each customer: its own record's or, where that does not tell it, that of its first invoice here.
CREATE OR REPLACE TEMP TABLE step_first_days AS
SELECT d.account_day, COALESCE(max(c.since), min(i.invoice_date)) AS day
FROM step_account_days AS d
JOIN step_accounts AS a ON a.account = d.account
LEFT JOIN customers AS c ON c.customer = a.customer
LEFT JOIN step_invoices AS i ON c.since IS NULL AND i.account = d.account AND i.invoice_date <= d.as_of
GROUP BY d.account_day;

-- Customers whom a contact of theirs who pays can be written to for.
CREATE OR REPLACE TEMP TABLE step_mailable AS
SELECT customer, max(CASE WHEN email IS NOT NULL AND role = 'pays' THEN 1 ELSE 0 END) AS by_contact
FROM contacts
GROUP BY customer;
