-- The items that exist on the last day, with their account and the first day on which each is late.
CREATE OR REPLACE TABLE figures_items AS
SELECT i.*, d.account
FROM ledger_items AS i
JOIN ledger_account_days AS d ON d.account_day = i.account_day
WHERE d.as_of = $last;
