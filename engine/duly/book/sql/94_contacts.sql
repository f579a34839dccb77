-- Contacts with every customer, whatever the creditor: recorded ones, and executed stages that reach the customer.
CREATE OR REPLACE TEMP TABLE step_contacts AS
WITH
customer_days AS (
    SELECT DISTINCT customer, as_of FROM step_units
),
contacts AS (
    SELECT COALESCE(y.payer, c.customer) AS customer, c.day, c.direction
    FROM contacts_made AS c
    LEFT JOIN step_payers AS y ON y.customer = c.customer
    UNION ALL
    SELECT COALESCE(y.payer, e.customer) AS customer, e.day, 'out' AS direction
    FROM executed_stages AS e
    LEFT JOIN step_payers AS y ON y.customer = e.customer
    LEFT JOIN step_silent_stages AS silent ON silent.stage = e.stage
    WHERE silent.stage IS NULL
)
SELECT
    d.customer, d.as_of,
    max(CASE WHEN c.direction = 'out' THEN c.day END) AS contacted_on,
    max(CASE WHEN c.direction = 'in' THEN c.day END) AS replied_on,
    count(DISTINCT CASE
        WHEN c.direction = 'out' AND c.day < d.as_of AND date_diff('day', c.day, d.as_of) < s.window_days THEN c.day
    END) AS days_in_window
FROM customer_days AS d
CROSS JOIN step_settings AS s
JOIN contacts AS c ON c.customer = d.customer AND c.day <= d.as_of
GROUP BY d.customer, d.as_of;
