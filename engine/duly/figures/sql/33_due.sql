-- What was to be paid in time by a day from $first to $last, and whether it was. What credit notes alone have settled was
-- never to be paid. An item whose last day in time is $last is late from the day after it, $after_last.
CREATE OR REPLACE TABLE figures_due AS
SELECT
    i.account, i.currency, i.invoice, i.number, i.basis_day, i.late_from, i.amount,
    COALESCE(parts.day, i.settled_day) AS settled_day,
    COALESCE(parts.day, i.settled_day) < i.late_from AS on_time
FROM figures_items AS i
LEFT JOIN ledger_settled_in_parts AS parts ON parts.account_day = i.account_day AND parts.item_no = i.item_no
LEFT JOIN (
    SELECT DISTINCT invoice_no
    FROM ledger_money
    WHERE received IS NOT NULL AND day <= $last AND (bounced_on IS NULL OR bounced_on > $last)
) AS p ON p.invoice_no = i.invoice_no
WHERE i.late_from > $first
    AND i.late_from <= $after_last
    AND NOT (
        COALESCE(parts.day, i.settled_day) IS NOT NULL AND p.invoice_no IS NULL AND i.settled_on IS NULL
    );
