-- Who pays for whom: a customer whose parent pays for it leads to that parent, or to whoever pays for the parent.
-- Customers who pay for themselves are not listed.
CREATE OR REPLACE TEMP TABLE step_payers AS
WITH RECURSIVE
delegating AS (
    SELECT customer, parent
    FROM customers
    WHERE parent_pays AND parent IS NOT NULL
),
chain (customer, payer) AS (
    SELECT delegating.customer, delegating.parent FROM delegating
    UNION
    SELECT chain.customer, delegating.parent
    FROM chain
    JOIN delegating ON delegating.customer = chain.payer
)
SELECT chain.customer, chain.payer
FROM chain
LEFT JOIN delegating ON delegating.customer = chain.payer
WHERE delegating.customer IS NULL;
