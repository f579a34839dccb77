-- Money beside the invoices, by unit, what it is, and currency: unapplied money that is left, yearly sales, the credit limit.
CREATE OR REPLACE TEMP TABLE step_side_money AS
WITH
owed AS (
    SELECT t.account_day, t.currency, sum(t.direct_open) AS amount
    FROM step_items AS t
    CROSS JOIN step_settings AS s
    JOIN step_pool AS p ON p.account_day = t.account_day AND p.currency = t.currency
    WHERE s.offset_credit AND t.direct_open >= t.least
    GROUP BY t.account_day, t.currency
),
unapplied AS (
    SELECT p.account_day, p.currency, p.amount - COALESCE(o.amount, 0) AS amount
    FROM step_pool AS p
    LEFT JOIN owed AS o ON o.account_day = p.account_day AND o.currency = p.currency
),
sold AS (
    SELECT a.account, x.currency, x.day, x.amount
    FROM sales AS x
    LEFT JOIN step_payers AS y ON y.customer = x.customer
    JOIN step_accounts AS a ON a.creditor = x.creditor AND a.customer = COALESCE(y.payer, x.customer)
),
lines AS (
    SELECT
        u.unit_day, l.currency, l."limit" AS amount,
        row_number() OVER (PARTITION BY u.unit_day ORDER BY l."from" DESC) AS place
    FROM step_currencies AS u
    JOIN credit_lines AS l ON l.creditor = u.creditor AND l.customer = u.customer AND l."from" <= u.as_of
)
SELECT u.unit_day, u.as_of, 'unapplied_credit' AS fact, x.currency, u.currency AS own_currency, x.amount
FROM unapplied AS x
CROSS JOIN step_settings AS s
JOIN step_currencies AS u ON u.account_day = x.account_day AND (s.unit <> 'account_currency' OR u.item = x.currency)
WHERE x.amount > 0
UNION ALL
SELECT u.unit_day, u.as_of, 'annual_sales' AS fact, s.book_currency AS currency, u.currency AS own_currency, c.annual_sales
FROM step_currencies AS u
CROSS JOIN step_settings AS s
JOIN customers AS c ON c.customer = u.customer
WHERE c.annual_sales IS NOT NULL
UNION ALL
SELECT u.unit_day, u.as_of, 'annual_sales' AS fact, x.currency, u.currency AS own_currency, sum(x.amount) AS amount
FROM step_currencies AS u
JOIN step_as_ofs AS y ON y.as_of = u.as_of
LEFT JOIN customers AS c ON c.customer = u.customer
JOIN sold AS x ON x.account = u.account AND x.day > y.year_before AND x.day <= u.as_of
WHERE c.annual_sales IS NULL
GROUP BY u.unit_day, u.as_of, x.currency, u.currency
UNION ALL
SELECT u.unit_day, u.as_of, 'credit_limit' AS fact, l.currency, u.currency AS own_currency, l.amount
FROM lines AS l
JOIN step_currencies AS u ON u.unit_day = l.unit_day
WHERE l.place = 1;
