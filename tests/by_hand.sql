-- The standard policy written by hand for one book and one day: what a good analyst
-- would write instead of a policy. It reads the sample book's Parquet files, has the
-- same facts that the standard policy reads and decides segment, stage, tone, sales
-- requests and holds. It checks no input, explains nothing and knows no other policy.
CREATE OR REPLACE TABLE by_hand AS
WITH
paid AS (
    SELECT invoice, sum(CAST(amount AS DECIMAL(18, 2))) AS paid FROM payments
    WHERE invoice IS NOT NULL AND day <= $as_of AND (bounced_on IS NULL OR bounced_on > $as_of) GROUP BY invoice
),
credited AS (
    SELECT invoice, sum(CAST(amount AS DECIMAL(18, 2))) AS credited FROM credits
    WHERE invoice IS NOT NULL AND day <= $as_of GROUP BY invoice
),
disputed AS (
    SELECT invoice, sum(CAST(amount AS DECIMAL(18, 2))) AS disputed, bool_or(amount IS NULL) AS whole FROM disputes
    WHERE opened_on <= $as_of AND (resolved_on IS NULL OR resolved_on > $as_of) GROUP BY invoice
),
rate AS (
    SELECT "from" AS currency, arg_max(CAST(rate AS DECIMAL(18, 8)), day) AS rate FROM rates WHERE day <= $as_of GROUP BY "from"
    UNION ALL SELECT 'USD', 1
),
payer AS (
    SELECT c.customer, CASE WHEN c.parent_pays = 'yes' THEN c.parent ELSE c.customer END AS payer FROM customers c
),
open_items AS (
    SELECT
        p.payer AS customer, i.invoice, i.currency, i.due_date,
        date_diff('day', i.due_date, $as_of) AS days_past_due,
        (CAST(i.amount AS DECIMAL(18, 2)) - coalesce(paid.paid, 0) - coalesce(credited.credited, 0)) * rate.rate AS open,
        coalesce(CASE WHEN disputed.whole THEN 1e12 ELSE disputed.disputed END, 0) AS disputed
    FROM invoices i
    JOIN payer p ON p.customer = i.customer
    JOIN rate ON rate.currency = i.currency
    LEFT JOIN paid ON paid.invoice = i.invoice
    LEFT JOIN credited ON credited.invoice = i.invoice
    LEFT JOIN disputed ON disputed.invoice = i.invoice
    WHERE i.invoice_date <= $as_of
),
unapplied AS (
    SELECT p.payer AS customer, sum(CAST(amount AS DECIMAL(18, 2)) * rate.rate) AS credit
    FROM payments JOIN payer p ON p.customer = payments.customer JOIN rate ON rate.currency = payments.currency
    WHERE invoice IS NULL AND day <= $as_of AND (bounced_on IS NULL OR bounced_on > $as_of) GROUP BY p.payer
),
offset_items AS (
    SELECT o.*, greatest(0, least(o.open, sum(o.open) OVER (PARTITION BY o.customer ORDER BY o.due_date, o.invoice) - coalesce(u.credit, 0))) AS left_open
    FROM open_items o LEFT JOIN unapplied u ON u.customer = o.customer WHERE o.open > 0
),
account AS (
    SELECT
        customer,
        sum(greatest(left_open - disputed, 0)) FILTER (days_past_due > 3) AS past_due,
        sum(left_open) FILTER (days_past_due > 3) AS past_due_with_disputed,
        max(days_past_due) FILTER (days_past_due > 3 AND left_open > disputed) AS days_past_due,
        sum(left_open) AS open_amount
    FROM offset_items WHERE left_open >= 10 GROUP BY customer
),
stage AS (
    SELECT customer, max(day) AS last_day, arg_max(stage, day) AS stage FROM executed_stages WHERE day <= $as_of GROUP BY customer
),
contact AS (
    SELECT
        customer,
        max(day) FILTER (direction = 'in') AS replied,
        count(DISTINCT day) FILTER (direction = 'out' AND day > $as_of - INTERVAL 7 DAY AND day < $as_of) AS in_window
    FROM contacts_made WHERE day <= $as_of GROUP BY customer
),
promised AS (
    SELECT customer, bool_or(due_on >= $as_of) AS open, count(*) FILTER (due_on < $as_of) AS past FROM promises
    WHERE made_on <= $as_of GROUP BY customer
),
held AS (SELECT DISTINCT customer FROM holds WHERE placed_on <= $as_of AND (released_on IS NULL OR released_on > $as_of)),
credit_line AS (SELECT customer, arg_max(CAST("limit" AS DECIMAL(18, 2)), "from") AS credit_limit FROM credit_lines WHERE "from" <= $as_of GROUP BY customer),
facts AS (
    SELECT
        c.customer, c.relationship, c.insolvent = 'yes' AS insolvent, c.do_not_contact = 'yes' AS do_not_contact,
        CASE
            WHEN CAST(c.annual_sales AS DECIMAL(18, 2)) >= 1000000 THEN 'strategic'
            WHEN date_diff('month', c.since, $as_of) < 6 THEN 'new'
            ELSE 'standard'
        END AS segment,
        coalesce(a.past_due, 0) AS past_due, coalesce(a.past_due_with_disputed, 0) AS past_due_with_disputed,
        coalesce(a.days_past_due, 0) AS days_past_due, a.open_amount / nullif(l.credit_limit, 0) AS used,
        s.stage, date_diff('day', s.last_day, $as_of) AS days_since_stage,
        date_diff('day', k.replied, $as_of) AS days_since_reply, coalesce(k.in_window, 0) AS in_window,
        coalesce(p.open, FALSE) AS promised, coalesce(p.past, 0) AS broken, h.customer IS NOT NULL AS held
    FROM customers c
    LEFT JOIN account a ON a.customer = c.customer
    LEFT JOIN stage s ON s.customer = c.customer
    LEFT JOIN contact k ON k.customer = c.customer
    LEFT JOIN promised p ON p.customer = c.customer
    LEFT JOIN held h ON h.customer = c.customer
    LEFT JOIN credit_line l ON l.customer = c.customer
),
stepped AS (
    SELECT
        *,
        CASE
            WHEN past_due < 50 OR promised OR insolvent OR do_not_contact OR days_since_stage < 7 OR in_window >= 2 THEN NULL
            WHEN stage IS NULL AND days_past_due >= 4 THEN 'courtesy'
            WHEN stage = 'courtesy' AND days_past_due >= 15 THEN 'reminder'
            WHEN stage = 'reminder' AND days_past_due >= 30 THEN 'second_reminder'
            WHEN stage = 'second_reminder' AND past_due > 250 AND days_past_due >= 45 THEN 'demand'
            WHEN stage = 'demand' AND past_due > 250 AND days_past_due >= 60 THEN 'final_notice'
            WHEN stage = 'final_notice' AND past_due > 250 AND days_past_due >= 74 AND days_since_stage >= 14 THEN 'referral'
            WHEN stage IN ('second_reminder', 'demand', 'final_notice') AND past_due <= 250 AND days_past_due >= 75 THEN 'small_balance'
        END AS step
    FROM facts
)
SELECT
    *,
    CASE
        WHEN step IS NULL THEN NULL
        WHEN relationship = 'fragile' AND step NOT IN ('courtesy', 'reminder') THEN 'friendly'
        WHEN segment = 'strategic' AND days_past_due < 60 AND step IN ('demand', 'final_notice') THEN 'firm'
        ELSE CASE step WHEN 'courtesy' THEN 'courteous' WHEN 'reminder' THEN 'friendly' WHEN 'second_reminder' THEN 'firm' WHEN 'demand' THEN 'stern' WHEN 'final_notice' THEN 'final' END
    END AS tone,
    segment = 'strategic' AND days_past_due >= 10 AND days_since_reply >= 14 AS silent_key_account,
    broken >= 1 AS broken_promise,
    days_past_due >= 40 AND past_due >= 5000 AS before_hold,
    NOT held AND days_past_due >= 50 AND past_due >= 5000 AS place_hold,
    held AND past_due_with_disputed <= 0 AS release_hold
FROM stepped
