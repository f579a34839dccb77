-- Money in another currency than its invoice counts at the rate of the day on which it came.
UPDATE step_money
SET amount = CAST(LEAST(
    (2 * CAST(step_money.amount AS HUGEINT) * r.numerator + r.denominator) // (2 * r.denominator),
    4611686018427387904
) AS BIGINT)
FROM step_rates AS r
WHERE r.day = step_money.day
    AND r.from_currency = step_money.paid_in
    AND r.to_currency = step_money.owed_in
    AND step_money.paid_in <> step_money.owed_in;
