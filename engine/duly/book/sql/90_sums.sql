-- The money of every unit, in the policy's currency and, ending in `__own`, in its items' currency where they share one.
CREATE OR REPLACE TEMP TABLE step_sums AS
SELECT
    unit_day,
    CASE WHEN min(currency) = max(currency) THEN min(currency) END AS only_currency,
    count(*) AS open_count,
    sum(CASE WHEN counts_late AND chased__own > 0 THEN 1 ELSE 0 END) AS late_count,
    sum(CASE WHEN counts_late THEN 1 ELSE 0 END) AS late_count_with_disputed,
    max(CASE WHEN dispute = 'open' THEN 1 ELSE 0 END) AS in_dispute,
    sum(CASE WHEN counts_late THEN chased ELSE 0 END) AS past_due,
    sum(CASE WHEN counts_late THEN open ELSE 0 END) AS past_due_with_disputed,
    sum(open) AS open_amount,
    sum(disputed) AS disputed_amount,
    sum(CASE WHEN basis_day > as_of THEN chased ELSE 0 END) AS not_due,
    sum(CASE WHEN basis_day <= as_of AND days_past_due <= 30 THEN chased ELSE 0 END) AS aged_0_30,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 31 AND 60 THEN chased ELSE 0 END) AS aged_31_60,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 61 AND 90 THEN chased ELSE 0 END) AS aged_61_90,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 91 AND 120 THEN chased ELSE 0 END) AS aged_91_120,
    sum(CASE WHEN basis_day <= as_of AND days_past_due > 120 THEN chased ELSE 0 END) AS aged_over_120,
    max(CASE WHEN counts_late THEN chased ELSE 0 END) AS largest_late,
    sum(CASE WHEN counts_late THEN chased__own ELSE 0 END) AS past_due__own,
    sum(CASE WHEN counts_late THEN open__own ELSE 0 END) AS past_due_with_disputed__own,
    sum(open__own) AS open_amount__own,
    sum(disputed__own) AS disputed_amount__own,
    sum(CASE WHEN basis_day > as_of THEN chased__own ELSE 0 END) AS not_due__own,
    sum(CASE WHEN basis_day <= as_of AND days_past_due <= 30 THEN chased__own ELSE 0 END) AS aged_0_30__own,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 31 AND 60 THEN chased__own ELSE 0 END) AS aged_31_60__own,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 61 AND 90 THEN chased__own ELSE 0 END) AS aged_61_90__own,
    sum(CASE WHEN basis_day <= as_of AND days_past_due BETWEEN 91 AND 120 THEN chased__own ELSE 0 END) AS aged_91_120__own,
    sum(CASE WHEN basis_day <= as_of AND days_past_due > 120 THEN chased__own ELSE 0 END) AS aged_over_120__own,
    max(CASE WHEN counts_late THEN chased__own ELSE 0 END) AS largest_late__own
FROM step_chased
GROUP BY unit_day;

-- What the whole account owes, whatever the unit, for the use of its credit limit.
CREATE OR REPLACE TEMP TABLE step_exposures AS
SELECT account_day, sum(open) AS open_amount FROM step_open_items GROUP BY account_day;

-- The account's own currency: that of its open items, the policy's where they are in several or none are open.
CREATE OR REPLACE TEMP TABLE step_currencies AS
SELECT
    u.unit_day, u.account_day, u.account, u.customer, u.creditor, u.item, u.as_of,
    CASE WHEN s.unit = 'account_currency' THEN u.item ELSE COALESCE(sums.only_currency, s.currency) END AS currency,
    sums.only_currency IS NOT NULL OR s.unit = 'account_currency' AS has_own
FROM step_units AS u
CROSS JOIN step_settings AS s
LEFT JOIN step_sums AS sums ON sums.unit_day = u.unit_day;
