-- Accounts with an open item that is further from the day than days are counted; facts beyond their bounds are added to them.
CREATE OR REPLACE TEMP TABLE step_out_of_bounds AS
SELECT creditor, customer, as_of, 'days_past_due' AS fact, max(date_diff('day', basis_day, as_of)) AS value
FROM step_chased
WHERE abs(date_diff('day', basis_day, as_of)) > 36525 OR abs(date_diff('day', invoice_date, as_of)) > 36525
GROUP BY creditor, customer, as_of;
