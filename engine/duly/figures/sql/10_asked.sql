-- Every account that could have anything to show, on each day wanted: each customer with each creditor. Who is paid for by
-- a parent has an account with nothing on it.
CREATE OR REPLACE TEMP TABLE figures_asked AS
SELECT creditors.creditor, c.customer, '' AS item, d.as_of
FROM (
    SELECT creditor FROM invoices
    UNION
    SELECT creditor FROM payments
    UNION
    SELECT creditor FROM credits
    UNION
    SELECT creditor FROM sales
    UNION
    SELECT creditor FROM promises
) AS creditors
CROSS JOIN (
    SELECT customer FROM customers
    UNION
    SELECT customer FROM invoices
    UNION
    SELECT customer FROM payments
    UNION
    SELECT customer FROM credits
    UNION
    SELECT customer FROM sales
    UNION
    SELECT customer FROM promises
) AS c
CROSS JOIN (SELECT unnest(CAST($days AS DATE[])) AS as_of) AS d
WHERE creditors.creditor IS NOT NULL;
