-- The episode of every unit. Where the policy has stages before the due date, an episode begins with the first day of the
-- earliest of them, but not before the stretch before it had ended. An account that is not late is on its way into the
-- episode of its next item to fall due. `since` is the first day whose requests and tasks
-- belong to today; `owed_since` is the first day on which a promise about what is late could be broken.
CREATE OR REPLACE TEMP TABLE step_episodes AS
WITH
named AS (
    SELECT
        u.unit_day,
        a.oldest_no IS NOT NULL AS is_late,
        CASE WHEN a.oldest_no IS NULL THEN a.next_due ELSE o.episode END AS episode,
        CASE WHEN a.oldest_no IS NULL THEN r.until ELSE o.ended_before END AS ended_before,
        CASE WHEN a.oldest_no IS NULL THEN a.next_due_basis_day ELSE o.basis_day END AS basis_day,
        CASE WHEN a.oldest_no IS NULL THEN a.next_due_invoice_date ELSE o.invoice_date END AS invoice_date,
        o.first_day
    FROM step_units AS u
    LEFT JOIN step_anchors AS a ON a.unit_day = u.unit_day
    LEFT JOIN step_runs AS r ON r.unit_day = u.unit_day
    LEFT JOIN step_openings AS o ON o.unit_day = u.unit_day
),
courtesies AS (
    SELECT
        n.unit_day, n.is_late, n.episode, n.ended_before, n.basis_day, n.first_day,
        CASE
            WHEN s.courtesy_since_invoice AND COALESCE(n.invoice_date, n.basis_day) < COALESCE(d.courtesy, DATE '9999-12-31')
                THEN COALESCE(n.invoice_date, n.basis_day)
            ELSE d.courtesy
        END AS courtesy
    FROM named AS n
    CROSS JOIN step_settings AS s
    LEFT JOIN step_days AS d ON d.day = n.basis_day
),
started AS (
    SELECT
        unit_day, is_late, episode, ended_before, basis_day,
        CASE WHEN courtesy IS NULL OR courtesy > first_day THEN first_day ELSE courtesy END AS first_day
    FROM courtesies
),
bounded AS (
    SELECT
        unit_day, is_late, episode, ended_before,
        CASE WHEN ended_before > first_day THEN ended_before ELSE first_day END AS first_day,
        CASE WHEN basis_day < first_day THEN basis_day ELSE first_day END AS owed_since
    FROM started
)
SELECT
    unit_day, is_late, episode,
    first_day AS episode_start,
    CASE WHEN is_late THEN first_day ELSE ended_before END AS since,
    CASE WHEN ended_before > owed_since THEN ended_before ELSE owed_since END AS owed_since
FROM bounded;
