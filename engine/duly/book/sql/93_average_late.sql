-- How late on average an account settled its items in the twelve months up to the day; early is 0.
CREATE OR REPLACE TEMP TABLE step_average_late AS
SELECT
    t.account_day,
    CAST(sum(GREATEST(0, settled.number - basis.number)) AS BIGINT) // count(*) AS days
FROM (
    SELECT i.account_day, i.as_of, i.basis_day, COALESCE(parts.day, i.settled_day) AS day
    FROM step_items AS i
    LEFT JOIN step_settled_in_parts AS parts ON parts.account_day = i.account_day AND parts.item_no = i.item_no
) AS t
JOIN step_as_ofs AS y ON y.as_of = t.as_of
JOIN step_days AS settled ON settled.day = t.day
JOIN step_days AS basis ON basis.day = t.basis_day
WHERE t.day > y.year_before AND abs(date_diff('day', t.basis_day, t.as_of)) <= 36525
GROUP BY t.account_day;
