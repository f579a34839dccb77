-- Money of before $first that was returned from $first to $last, in the currency in which it came.
CREATE OR REPLACE TABLE figures_returned AS
SELECT account, paid_in AS currency, received AS amount
FROM ledger_money
WHERE received IS NOT NULL AND day < $first AND bounced_on >= $first AND bounced_on <= $last
UNION ALL
SELECT account, currency, received
FROM ledger_unapplied
WHERE received IS NOT NULL AND day < $first AND bounced_on >= $first AND bounced_on <= $last;
