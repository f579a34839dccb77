-- Every invoice of the last day: whose account it is on, from when it was late, and when the last of it was settled, NULL
-- while anything is open.
CREATE OR REPLACE TABLE figures_settled AS
SELECT
    i.account, i.invoice, min(i.basis_day) AS basis_day, min(i.late_from) AS late_from,
    CASE
        WHEN count(*) = count(COALESCE(parts.day, i.settled_day)) THEN max(COALESCE(parts.day, i.settled_day))
    END AS settled_day
FROM figures_items AS i
LEFT JOIN ledger_settled_in_parts AS parts ON parts.account_day = i.account_day AND parts.item_no = i.item_no
GROUP BY i.account, i.invoice;
