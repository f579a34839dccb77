-- Promises to pay, and how each stands on the day: open, kept, broken, or withdrawn in time.
-- Kept means that money of the promise's currency came in time, for its invoice or, where it names none, for the account.
-- Money of a day that the book does not tell counts as in time, so that nobody is wrongly said to have broken a promise:
-- it is what an open balance lacks of the invoice's amount. A day of settlement is a payment of the rest.
CREATE OR REPLACE TEMP TABLE step_promises AS
WITH
promised AS (
    SELECT
        row_number() OVER () AS promise_no,
        d.account_day, d.as_of, d.account, p.invoice, i.invoice_no, i.currency AS invoice_currency,
        p.currency, p.amount, p.made_on, p.due_on, p.cancelled_on
    FROM promises AS p
    LEFT JOIN step_payers AS y ON y.customer = p.customer
    JOIN step_accounts AS a ON a.creditor = p.creditor AND a.customer = COALESCE(y.payer, p.customer)
    JOIN step_account_days AS d ON d.account = a.account AND p.made_on <= d.as_of
    LEFT JOIN step_invoices AS i
        ON i.invoice = p.invoice AND i.account = a.account AND (i.invoice_date IS NULL OR i.invoice_date <= d.as_of)
),
concerned AS (
    SELECT DISTINCT account FROM promised
),
receipts AS (
    SELECT m.account, m.invoice_no, i.invoice_date, m.paid_in AS currency, m.day, m.bounced_on, m.received AS amount
    FROM step_money AS m
    JOIN step_invoices AS i ON i.invoice_no = m.invoice_no
    JOIN concerned AS c ON c.account = m.account
    WHERE m.received IS NOT NULL
    UNION ALL
    SELECT u.account, CAST(NULL AS INTEGER) AS invoice_no, CAST(NULL AS DATE) AS invoice_date, u.currency, u.day, u.bounced_on, u.received AS amount
    FROM step_unapplied AS u
    JOIN concerned AS c ON c.account = u.account
    WHERE u.received IS NOT NULL
    UNION ALL
    SELECT i.account, i.invoice_no, i.invoice_date, i.currency, i.settled_on, CAST(NULL AS DATE) AS bounced_on,
        GREATEST(0, i.amount - COALESCE(sum(m.amount), 0))
    FROM step_invoices AS i
    JOIN concerned AS c ON c.account = i.account
    LEFT JOIN step_money AS m
        ON m.invoice_no = i.invoice_no
        AND m.day <= i.settled_on
        AND (m.bounced_on IS NULL OR m.bounced_on > i.settled_on)
    WHERE i.settled_on IS NOT NULL
    GROUP BY i.account, i.invoice_no, i.invoice_date, i.currency, i.settled_on, i.amount
    UNION ALL
    SELECT i.account, i.invoice_no, i.invoice_date, i.currency, CAST(NULL AS DATE) AS day, CAST(NULL AS DATE) AS bounced_on,
        GREATEST(0, i.amount - i.open)
    FROM step_invoices AS i
    JOIN concerned AS c ON c.account = i.account
    WHERE i.settled_on IS NULL AND i.open IS NOT NULL
),
received AS (
    SELECT p.promise_no, sum(r.amount) AS amount
    FROM promised AS p
    JOIN receipts AS r
        ON r.account = p.account
        AND r.currency = p.currency
        AND (p.invoice IS NULL OR r.invoice_no = p.invoice_no)
        AND (r.invoice_date IS NULL OR r.invoice_date <= p.as_of)
        AND (r.day IS NULL OR (r.day >= p.made_on AND r.day <= p.due_on AND r.day <= p.as_of))
        AND (r.bounced_on IS NULL OR r.bounced_on > p.as_of)
    GROUP BY p.promise_no
)
SELECT
    p.account_day, p.invoice, p.invoice_no, COALESCE(p.invoice_currency, p.currency) AS currency, p.due_on,
    CASE
        WHEN p.cancelled_on <= p.as_of AND p.cancelled_on <= p.due_on THEN 'withdrawn'
        WHEN COALESCE(r.amount, 0) >= p.amount THEN 'kept'
        WHEN p.as_of <= p.due_on THEN 'open'
        ELSE 'broken'
    END AS state
FROM promised AS p
LEFT JOIN received AS r ON r.promise_no = p.promise_no;
