-- Of each unit today: the oldest late item, whatever is disputed or paused of it; the oldest late item still chased (the
-- anchor); and the next item still chased to fall due.
CREATE OR REPLACE TEMP TABLE step_anchors AS
WITH
roles AS (
    SELECT
        unit_day,
        min(CASE WHEN counts_late THEN place END) AS oldest,
        min(CASE WHEN counts_late AND chased__own > 0 THEN place END) AS anchor,
        min(CASE WHEN chased__own > 0 AND basis_day >= as_of THEN place END) AS next_due
    FROM step_chased
    GROUP BY unit_day
)
SELECT
    r.unit_day,
    oldest.item_no AS oldest_no,
    anchor.invoice AS anchor, anchor.item_no AS anchor_no, anchor.basis_day AS anchor_basis_day, anchor.invoice_date AS anchor_invoice_date,
    anchor.days_past_due AS anchor_days_past_due,
    next_due.invoice AS next_due, next_due.item_no AS next_due_no, next_due.basis_day AS next_due_basis_day,
    next_due.invoice_date AS next_due_invoice_date, next_due.days_past_due AS next_due_days_past_due
FROM roles AS r
LEFT JOIN step_chased AS oldest ON oldest.unit_day = r.unit_day AND oldest.place = r.oldest
LEFT JOIN step_chased AS anchor ON anchor.unit_day = r.unit_day AND anchor.place = r.anchor
LEFT JOIN step_chased AS next_due ON next_due.unit_day = r.unit_day AND next_due.place = r.next_due;
