-- The aged trial balance: a row a creditor, currency and group, a column a bucket. `figures_group_of` says which group an
-- account belongs to, by unit where the policy's segments look at units; money that has no unit there has no group.
WITH
lines AS (
    SELECT creditor, customer, currency, invoice, bucket, open AS amount FROM figures_open WHERE as_of = $as_of
    UNION ALL
    SELECT creditor, customer, currency, '' AS invoice, 'unapplied' AS bucket, amount
    FROM figures_unapplied
    WHERE as_of = $as_of
)
SELECT
    l.creditor, l.currency, COALESCE(g.grouped, '') AS grouped,
    COALESCE(sum(CASE WHEN l.bucket = 'not_due' THEN l.amount END), 0) AS not_due,
    COALESCE(sum(CASE WHEN l.bucket = '0-30' THEN l.amount END), 0) AS b0,
    COALESCE(sum(CASE WHEN l.bucket = '31-60' THEN l.amount END), 0) AS b31,
    COALESCE(sum(CASE WHEN l.bucket = '61-90' THEN l.amount END), 0) AS b61,
    COALESCE(sum(CASE WHEN l.bucket = '91-120' THEN l.amount END), 0) AS b91,
    COALESCE(sum(CASE WHEN l.bucket = '120+' THEN l.amount END), 0) AS b121,
    COALESCE(sum(CASE WHEN l.bucket = 'unapplied' THEN l.amount END), 0) AS unapplied
FROM lines AS l
LEFT JOIN figures_group_of AS g
    ON g.creditor = l.creditor
    AND g.customer = l.customer
    AND g.item = CASE $unit WHEN 'account' THEN '' WHEN 'account_currency' THEN l.currency ELSE l.invoice END
GROUP BY l.creditor, l.currency, COALESCE(g.grouped, '')
ORDER BY l.creditor, l.currency, COALESCE(g.grouped, '');
