-- The same money in the policy's currency and in the account's own.
CREATE OR REPLACE TEMP TABLE step_side_sums AS
WITH
converted AS (
    SELECT
        m.unit_day, m.fact,
        CASE
            WHEN m.currency = s.currency THEN m.amount
            ELSE (2 * CAST(m.amount AS HUGEINT) * r.numerator + r.denominator) // (2 * r.denominator)
        END AS amount,
        CASE
            WHEN m.currency = m.own_currency THEN m.amount
            ELSE (2 * CAST(m.amount AS HUGEINT) * own.numerator + own.denominator) // (2 * own.denominator)
        END AS amount__own
    FROM step_side_money AS m
    CROSS JOIN step_settings AS s
    LEFT JOIN step_rates AS r ON r.day = m.as_of AND r.from_currency = m.currency AND r.to_currency = s.currency
    LEFT JOIN step_rates AS own ON own.day = m.as_of AND own.from_currency = m.currency AND own.to_currency = m.own_currency
)
SELECT
    unit_day,
    sum(CASE WHEN fact = 'unapplied_credit' THEN amount END) AS unapplied_credit,
    sum(CASE WHEN fact = 'annual_sales' THEN amount END) AS annual_sales,
    sum(CASE WHEN fact = 'credit_limit' THEN amount END) AS credit_limit,
    sum(CASE WHEN fact = 'unapplied_credit' THEN amount__own END) AS unapplied_credit__own,
    sum(CASE WHEN fact = 'annual_sales' THEN amount__own END) AS annual_sales__own,
    sum(CASE WHEN fact = 'credit_limit' THEN amount__own END) AS credit_limit__own
FROM converted
GROUP BY unit_day;
