-- Every item that exists and is no longer open, and every one that counts as settled, with the day on which it was settled
-- where the book tells it, and how late that was: signed, by the policy's basis and day count.
SELECT
    u.creditor, u.customer,
    CASE WHEN t.number IS NULL THEN t.invoice ELSE t.invoice || '/' || CAST(t.number AS VARCHAR) END AS invoice,
    t.currency, t.invoice_date, t.due_date, t.basis_day, t.amount AS original__own, COALESCE(parts.day, t.settled_day) AS settled_on,
    settled.number - basis.number AS days_past_due_when_paid
FROM step_items AS t
JOIN step_account_days AS d ON d.account_day = t.account_day
JOIN step_accounts AS u ON u.account = d.account
LEFT JOIN step_settled_in_parts AS parts ON parts.account_day = t.account_day AND parts.item_no = t.item_no
LEFT JOIN step_open AS o ON o.account_day = t.account_day AND o.item_no = t.item_no
LEFT JOIN step_days AS settled ON settled.day = COALESCE(parts.day, t.settled_day)
LEFT JOIN step_days AS basis ON basis.day = t.basis_day
WHERE COALESCE(parts.day, t.settled_day) IS NOT NULL OR o.item_no IS NULL
