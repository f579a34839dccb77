-- The items that are owed, on each day asked: every invoice that exists by then or, where it is paid in instalments, each
-- of those instead. `ends` says how much money for the invoice it takes to pay the item: the oldest instalment is paid
-- first. A payment that has bounced by the day never was.
--
-- `direct_open` is what is open before money that names no invoice is looked at. What is too small to be chased counts as
-- settled, so `needed` is the money that settles the item, and `settled_day` the day on which it had come or on which the
-- book says that it was settled; what was paid in several sums is followed in the next step.
CREATE OR REPLACE TEMP TABLE step_items AS
WITH
parts AS (
    SELECT
        invoice, number, due_date, amount, -"row" AS item_no,
        CAST(sum(amount) OVER (PARTITION BY invoice ORDER BY due_date, number) AS BIGINT) AS ends,
        CAST(sum(amount) OVER (PARTITION BY invoice) AS BIGINT) AS total
    FROM instalments
),
items AS (
    SELECT
        i.account, i.invoice_no, i.invoice, i.currency, i.invoice_date, i.open, i.settled_on, i.written_off_on, parts.number,
        COALESCE(parts.item_no, i.invoice_no) AS item_no,
        COALESCE(parts.due_date, i.due_date) AS due_date,
        COALESCE(parts.amount, i.amount) AS amount,
        COALESCE(parts.ends, i.amount) AS ends,
        COALESCE(parts.total, i.amount) AS total,
        CASE s.basis
            WHEN 'invoice_date' THEN COALESCE(i.invoice_date, parts.due_date, i.due_date)
            WHEN 'month_end' THEN last_day(COALESCE(parts.due_date, i.due_date))
            ELSE COALESCE(parts.due_date, i.due_date)
        END AS basis_day
    FROM step_invoices AS i
    CROSS JOIN step_settings AS s
    LEFT JOIN parts ON parts.invoice = i.invoice
),
paid AS (
    SELECT
        d.account_day, m.invoice_no,
        CAST(LEAST(sum(m.amount), 4611686018427387904) AS BIGINT) AS paid,
        count(*) AS times,
        max(m.day) AS last_day
    FROM step_money AS m
    JOIN step_account_days AS d
        ON d.account = m.account
        AND m.day <= d.as_of
        AND (m.bounced_on IS NULL OR m.bounced_on > d.as_of)
    GROUP BY d.account_day, m.invoice_no
),
on_days AS (
    SELECT
        d.account_day, d.as_of, i.item_no, i.invoice_no, i.invoice, i.number, i.currency, i.basis_day, i.invoice_date,
        i.due_date, i.amount, i.ends, i.total, least.least, COALESCE(paid.paid, 0) AS paid, paid.times, paid.last_day,
        CASE WHEN i.settled_on <= d.as_of THEN i.settled_on END AS settled_on,
        CASE WHEN i.written_off_on <= d.as_of THEN i.written_off_on END AS written_off_on,
        CASE WHEN i.amount >= least.least THEN i.ends - least.least + 1 ELSE i.ends END AS needed,
        -- A day further off than a fact can say is never late; its account is set aside if the item is open.
        CASE
            WHEN abs(date_diff('day', i.basis_day, d.as_of)) > 36525 THEN NULL
            WHEN i.invoice_date > days.first_late THEN i.invoice_date
            ELSE days.first_late
        END AS late_from,
        -- An open balance stands instead of payments, unless the day is known on which it was settled.
        CASE
            WHEN i.settled_on IS NOT NULL OR i.open IS NULL THEN NULL
            WHEN i.number IS NULL THEN i.open
            ELSE LEAST(i.amount, GREATEST(0, i.ends - i.total + i.open))
        END AS given_open
    FROM items AS i
    JOIN step_account_days AS d ON d.account = i.account
    JOIN step_least AS least ON least.as_of = d.as_of AND least.currency = i.currency
    LEFT JOIN paid ON paid.account_day = d.account_day AND paid.invoice_no = i.invoice_no
    LEFT JOIN step_days AS days ON days.day = i.basis_day
    WHERE i.invoice_date IS NULL OR i.invoice_date <= d.as_of
)
SELECT
    account_day, as_of, item_no, invoice_no, invoice, number, currency, basis_day, invoice_date, due_date, written_off_on,
    settled_on, amount, ends, total, least, paid, times, needed, late_from, given_open,
    CASE
        WHEN written_off_on IS NOT NULL OR settled_on IS NOT NULL THEN 0
        WHEN given_open IS NOT NULL THEN given_open
        ELSE LEAST(amount, GREATEST(0, ends - paid))
    END AS direct_open,
    CASE
        WHEN given_open IS NULL AND amount > 0 AND times = 1 AND paid >= needed THEN LEAST(last_day, settled_on)
        ELSE settled_on
    END AS settled_day
FROM on_days;

-- The day on which an item was settled that was paid in several sums.
CREATE OR REPLACE TEMP TABLE step_settled_in_parts AS
WITH
running AS (
    SELECT
        i.account_day, i.item_no, i.needed, i.settled_on, m.day,
        sum(m.amount) OVER (PARTITION BY i.account_day, i.item_no ORDER BY m.day) AS so_far
    FROM step_items AS i
    JOIN step_money AS m
        ON m.invoice_no = i.invoice_no
        AND m.day <= i.as_of
        AND (m.bounced_on IS NULL OR m.bounced_on > i.as_of)
    WHERE i.given_open IS NULL AND i.amount > 0 AND i.times > 1 AND i.paid >= i.needed
)
SELECT account_day, item_no, LEAST(min(day), min(settled_on)) AS day
FROM running
WHERE so_far >= needed
GROUP BY account_day, item_no;
