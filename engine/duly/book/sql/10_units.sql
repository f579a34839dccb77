-- Numbers for what was asked: accounts, accounts on a day, and units (what is decided at once) on a day.
CREATE OR REPLACE TEMP TABLE step_accounts AS
SELECT CAST(row_number() OVER () AS INTEGER) AS account, creditor, customer
FROM (SELECT DISTINCT creditor, customer FROM step_asked) AS a;

CREATE OR REPLACE TEMP TABLE step_account_days AS
SELECT CAST(row_number() OVER () AS INTEGER) AS account_day, d.account, d.as_of
FROM (
    SELECT DISTINCT a.account, q.as_of
    FROM step_asked AS q
    JOIN step_accounts AS a ON a.creditor = q.creditor AND a.customer = q.customer
) AS d;

CREATE OR REPLACE TEMP TABLE step_units AS
SELECT
    CAST(row_number() OVER () AS INTEGER) AS unit_day,
    u.account_day, u.account, u.creditor, u.customer, u.item, u.as_of
FROM (
    SELECT DISTINCT d.account_day, a.account, q.creditor, q.customer, q.item, q.as_of
    FROM step_asked AS q
    JOIN step_accounts AS a ON a.creditor = q.creditor AND a.customer = q.customer
    JOIN step_account_days AS d ON d.account = a.account AND d.as_of = q.as_of
) AS u;
