-- The sample book, table by table, for the one row of `setting` (seed, customers, as_of).
--
-- Chance is arithmetic on the MD5 of the seed and the row's number, so that a seed gives the
-- same book everywhere, and a larger book begins with the customers of a smaller one.
-- `bits` has 64 of them; `draw(bits, k, m)` takes the k-th sixteen for a number below m.

CREATE MACRO bits(what, n) AS md5_number_lower((SELECT seed FROM setting) || '/' || what || '/' || n);
CREATE MACRO draw(bits, k, m) AS CAST((((bits >> (16 * k)) & 65535) * m) >> 16 AS BIGINT);
CREATE MACRO money(cents) AS CAST(CAST(cents AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2));
CREATE MACRO today() AS (SELECT as_of FROM setting);

-- Where customers are: the region decides the people, the country all the rest.
CREATE TEMP TABLE place AS SELECT * FROM (VALUES
    (0, 'north', 'US', 'en', 'America/Chicago', 'USD', 'Elm Street 1; Northfield'),
    (1, 'south', 'US', 'en', 'America/New_York', 'USD', 'Oak Avenue 2; Southport'),
    (2, 'east', 'US', 'en', 'America/New_York', 'USD', 'Maple Road 3; Eastbridge'),
    (3, 'west', 'US', 'en', 'America/Los_Angeles', 'USD', 'Cedar Lane 4; Westhaven'),
    (4, 'europe', 'DE', 'de', 'Europe/Berlin', 'EUR', 'Lindenweg 5; Musterstadt'),
    (5, 'europe', 'FR', 'fr', 'Europe/Paris', 'EUR', 'Rue des Lilas 6; Villeneuve'),
    (6, 'europe', 'IE', 'en', 'Europe/Dublin', 'EUR', 'Harbour Row 7; Ballymore'),
    (7, 'europe', 'NL', 'en', 'Europe/Amsterdam', 'EUR', 'Tulpenlaan 8; Nieuwdorp')
) AS t(place, region, country, language, time_zone, currency, address);

CREATE TABLE people AS
SELECT person, name, role, region, email, '+1 555 01' || lpad(CAST(10 + row_number() OVER (ORDER BY person) AS VARCHAR), 2, '0') AS phone, manager
FROM (
    SELECT 'credit-manager' AS person, 'Manager, Credit' AS name, 'credit_manager' AS role, CAST(NULL AS VARCHAR) AS region, 'credit-manager@orchard.example' AS email, CAST(NULL AS VARCHAR) AS manager
    UNION ALL
    SELECT 'sales-manager', 'Manager, Sales', 'sales_manager', NULL, 'sales-manager@orchard.example', NULL
    UNION ALL
    SELECT 'collector-' || region, 'Collector, ' || upper(region[1]) || region[2:], 'collector', region, 'collector-' || region || '@orchard.example', 'credit-manager'
    FROM (SELECT DISTINCT region FROM place)
    UNION ALL
    SELECT 'sales-' || region || '-' || n, 'Salesperson ' || n || ', ' || upper(region[1]) || region[2:], 'salesperson', region, 'sales-' || region || '-' || n || '@orchard.example', 'sales-manager'
    FROM (SELECT DISTINCT region FROM place), (SELECT unnest([1, 2, 3]) AS n)
) AS p ORDER BY person;

CREATE TABLE creditors AS SELECT
    'orchard' AS creditor, 'Orchard Tools (sample)' AS name, 'US' AS country, 'Orchard Lane 1; Northfield' AS address,
    'accounts@orchard.example' AS email, '+1 555 0100' AS phone,
    'Sample Bank, account 000 111 222; https://pay.orchard.example' AS pay_to;

CREATE TEMP TABLE customer AS
WITH drawn AS (
    SELECT CAST(range + 1 AS BIGINT) AS n, bits('a', range + 1) AS a, bits('b', range + 1) AS b, bits('c', range + 1) AS c
    FROM range((SELECT customers FROM setting))
), banded AS (
    -- Yearly sales and payment habits are skewed: few are large, few pay badly.
    SELECT *, draw(a, 0, 100) AS size, draw(a, 1, 1000) AS within, draw(a, 2, 100) AS habit, draw(a, 3, 100) AS spot
    FROM drawn
)
SELECT
    n,
    'C' || lpad(CAST(n AS VARCHAR), CAST(greatest(6, length(CAST(n AS VARCHAR))) AS INTEGER), '0') AS customer,
    ['Amber', 'Birch', 'Copper', 'Dover', 'Ember', 'Fern', 'Granite', 'Harbour', 'Indigo', 'Juniper', 'Kestrel', 'Lantern', 'Meadow', 'Nimbus', 'Opal', 'Pebble'][draw(b, 0, 16) + 1]
        || ' ' || ['Anvil', 'Bakery', 'Cabinet', 'Dairy', 'Engine', 'Fabric', 'Garden', 'Hinge', 'Ink', 'Joinery', 'Kettle', 'Lamp', 'Mill', 'Nursery', 'Oven', 'Paper'][draw(b, 1, 16) + 1]
        || ' ' || ['Works', 'Supply', 'Trading', 'Sample Co'][draw(b, 2, 4) + 1] || ' ' || n AS name,
    CASE WHEN spot < 20 THEN 0 WHEN spot < 40 THEN 1 WHEN spot < 60 THEN 2 WHEN spot < 75 THEN 3 WHEN spot < 85 THEN 4 WHEN spot < 92 THEN 5 WHEN spot < 96 THEN 6 ELSE 7 END AS place,
    -- One in 25 belongs to the customer before it; half of those are paid for.
    CASE WHEN n % 25 = 0 THEN n - 1 END AS parent_n,
    n % 25 = 0 AND n % 50 = 0 AS parent_pays,
    draw(b, 3, 3) + 1 AS salesperson_n,
    today() - CAST(CASE WHEN draw(c, 0, 100) < 8 THEN 20 + draw(c, 1, 150) ELSE 200 + draw(c, 1, 4000) END AS INTEGER) AS since,
    CASE
        WHEN size < 60 THEN 5000 + within * 45
        WHEN size < 85 THEN 50000 + within * 150
        WHEN size < 95 THEN 200000 + within * 800
        WHEN size < 99 THEN 1000000 + within * 4000
        ELSE 5000000 + within * 15000
    END AS annual_sales,
    CASE WHEN habit < 55 THEN 'prompt' WHEN habit < 85 THEN 'slow' WHEN habit < 97 THEN 'poor' ELSE 'stopped' END AS habit,
    CASE
        WHEN size < 50 THEN 2 + within % 4
        WHEN size < 80 THEN 6 + within % 8
        WHEN size < 95 THEN 14 + within % 15
        ELSE 30 + within % 31
    END AS invoices,
    CASE WHEN draw(c, 2, 100) < 7 THEN 'fragile' WHEN draw(c, 2, 100) < 15 THEN 'strong' ELSE 'normal' END AS relationship,
    draw(c, 3, 1000) AS rare
FROM banded;

CREATE TABLE customers AS
SELECT
    c.customer, c.name,
    CASE WHEN c.rare % 100 >= 6 THEN 'accounts@' || lower(c.customer) || '.example' END AS email,
    CASE WHEN c.rare % 100 <> 99 THEN c.name || '; ' || p.address END AS address,
    p.country, p.language, p.time_zone, '+1 555 0100' AS phone,
    m.customer AS parent,
    CASE WHEN m.customer IS NOT NULL THEN c.parent_pays END AS parent_pays,
    'sales-' || p.region || '-' || c.salesperson_n AS salesperson,
    'collector-' || p.region AS collector,
    p.region, c.since,
    CAST(c.annual_sales AS DECIMAL(18, 2)) AS annual_sales,
    c.relationship,
    c.rare BETWEEN 500 AND 504 AS insolvent,
    c.rare BETWEEN 600 AND 604 AS do_not_contact,
    c.rare BETWEEN 700 AND 709 AS no_email,
    CASE WHEN c.annual_sales >= 1000000 THEN 'key_account' END AS tags,
    -- Large customers have a contract of a year.
    CASE WHEN c.annual_sales >= 1000000 THEN today() + CAST(draw(bits('r', c.n), 0, 365) AS INTEGER) END AS renews_on,
    30 AS payment_terms
FROM customer AS c
JOIN place AS p ON p.place = c.place
LEFT JOIN customer AS m ON m.n = c.parent_n
ORDER BY c.n;

CREATE TABLE contacts AS
SELECT customer, 'pays' AS role, 'Accounts payable' AS name, 'pays@' || lower(customer) || '.example' AS email, CAST(NULL AS VARCHAR) AS phone, CAST(NULL AS VARCHAR) AS language
FROM customer WHERE annual_sales >= 200000 ORDER BY n;

-- Invoices of fourteen months, each with the day on which its customer pays it; that day may lie ahead.
CREATE TEMP TABLE invoice AS
WITH numbered AS (
    SELECT c.n, c.customer, c.habit, c.annual_sales, c.invoices, c.place, c.since, k.k, c.n * 100 + k.k AS id
    FROM customer AS c, LATERAL (SELECT unnest(range(c.invoices)) AS k) AS k
), drawn AS (
    SELECT *, bits('i', id) AS a, bits('j', id) AS b FROM numbered
), dated AS (
    SELECT *,
        today() - CAST(draw(a, 0, least(420, today() - since)) AS INTEGER) AS invoice_date,
        [30, 30, 30, 14, 45, 60][draw(a, 1, 6) + 1] AS terms,
        greatest(1500, annual_sales * 100 * (50 + draw(a, 2, 100)) // (100 * invoices)) AS cents,
        draw(b, 0, 100) AS lateness, draw(b, 1, 1000) AS kind, draw(b, 2, 100) AS sub, draw(b, 3, 1000) AS fate
    FROM drawn
)
SELECT
    'INV-' || id AS invoice, n, id, customer, place,
    CAST(cents AS BIGINT) AS cents, invoice_date, invoice_date + CAST(terms AS INTEGER) AS due_date, kind, sub, fate,
    invoice_date + CAST(terms AS INTEGER) + CAST(CASE habit
        WHEN 'prompt' THEN lateness // 7 - 10
        WHEN 'slow' THEN lateness * 4 // 10
        WHEN 'poor' THEN 15 + lateness
        ELSE 400
    END AS INTEGER) AS pays_on
FROM dated;

-- One invoice in 250 is written off a hundred days late instead of being paid.
CREATE TABLE invoices AS
SELECT
    i.invoice, i.customer, money(i.cents) AS amount, p.currency, i.invoice_date, i.due_date,
    CASE WHEN i.fate < 4 AND i.due_date + 100 <= today() THEN i.due_date + 100 END AS written_off_on
FROM invoice AS i JOIN place AS p ON p.place = i.place
ORDER BY i.id;

CREATE TABLE instalments AS
SELECT invoice, number, due_date, money(cents) AS amount
FROM (
    SELECT invoice, id, CAST(1 AS BIGINT) AS number, due_date, cents // 2 AS cents FROM invoice WHERE kind BETWEEN 990 AND 994
    UNION ALL
    SELECT invoice, id, 2, due_date + 30, cents - cents // 2 FROM invoice WHERE kind BETWEEN 990 AND 994
) AS parts
ORDER BY id, number;

-- Credit notes: two in a hundred invoices, a tenth of the amount; one customer in 200 has one that no invoice was given.
CREATE TABLE credits AS
SELECT credit, customer, invoice, money(cents) AS amount, currency, day
FROM (
    SELECT 'CN-' || i.id AS credit, i.customer, i.invoice, i.cents // 10 AS cents, p.currency, i.invoice_date + 10 AS day, i.id
    FROM invoice AS i JOIN place AS p ON p.place = i.place
    WHERE i.kind BETWEEN 20 AND 39
    UNION ALL
    SELECT 'CN-U' || c.n, c.customer, NULL, 5000 + c.rare * 10, p.currency, today() - 20, c.n * 100 + 99
    FROM customer AS c JOIN place AS p ON p.place = c.place
    WHERE c.rare < 5
) AS notes
WHERE day <= today()
ORDER BY id, credit;

-- Payments: six in a hundred invoices are paid in two halves, one in 200 payments bounces, and some money names no invoice.
CREATE TABLE payments AS
SELECT payment, customer, invoice, money(cents) AS amount, currency, day, CASE WHEN bounces AND day + 4 <= today() THEN day + 4 END AS bounced_on
FROM (
    SELECT 'PAY-' || i.id || '-1' AS payment, i.customer, i.invoice,
        CASE WHEN i.kind BETWEEN 100 AND 159 THEN (i.cents - CASE WHEN i.kind BETWEEN 20 AND 39 THEN i.cents // 10 ELSE 0 END) // 2
             ELSE i.cents - CASE WHEN i.kind BETWEEN 20 AND 39 THEN i.cents // 10 ELSE 0 END END AS cents,
        p.currency, greatest(i.pays_on, i.invoice_date) AS day, i.id, 1 AS part, i.kind BETWEEN 200 AND 204 AS bounces
    FROM invoice AS i JOIN place AS p ON p.place = i.place
    WHERE i.fate >= 4
    UNION ALL
    SELECT 'PAY-' || i.id || '-2', i.customer, i.invoice, i.cents - i.cents // 2, p.currency, greatest(i.pays_on, i.invoice_date) + 20, i.id, 2, false
    FROM invoice AS i JOIN place AS p ON p.place = i.place
    WHERE i.kind BETWEEN 100 AND 159 AND i.fate >= 4
    UNION ALL
    SELECT 'PAY-U' || c.n, c.customer, NULL, 10000 + c.rare * 25, p.currency, today() - 5, c.n * 100 + 99, 1, false
    FROM customer AS c JOIN place AS p ON p.place = c.place
    WHERE c.rare BETWEEN 5 AND 14
) AS received
WHERE day <= today()
ORDER BY id, part;

-- What is unpaid and past due drives the rest: disputes, promises, stages, requests, holds.
CREATE TEMP TABLE unpaid AS
SELECT i.*, today() - i.due_date AS late
FROM invoice AS i
WHERE i.pays_on > today() AND i.due_date < today() AND (i.fate >= 4 OR i.due_date + 100 > today());

CREATE TABLE disputes AS
SELECT invoice, amount, opened_on, resolved_on, reason
FROM (
    SELECT invoice, id, CASE WHEN sub % 2 = 0 THEN money(cents // 3) END AS amount, due_date + 3 AS opened_on, CAST(NULL AS DATE) AS resolved_on, 'goods arrived damaged' AS reason
    FROM unpaid WHERE late >= 3 AND kind BETWEEN 300 AND 349
    UNION ALL
    SELECT invoice, id, NULL, due_date + 2, pays_on - 1, 'price not as ordered'
    FROM invoice WHERE pays_on <= today() AND pays_on > due_date + 5 AND kind BETWEEN 350 AND 379
) AS raised
ORDER BY id;

CREATE TABLE promises AS
SELECT promise, customer, invoice, money(cents) AS amount, currency, made_on, due_on
FROM (
    SELECT 'PR-' || u.id AS promise, u.customer, u.invoice, u.cents // 2 AS cents, p.currency, today() - 4 AS made_on, today() + 1 + CAST(u.sub % 9 AS INTEGER) AS due_on, u.id
    FROM unpaid AS u JOIN place AS p ON p.place = u.place
    WHERE u.late >= 5 AND u.kind BETWEEN 400 AND 459
    UNION ALL
    SELECT 'PR-' || u.id, u.customer, u.invoice, u.cents, p.currency, u.due_date + 8, u.due_date + 15, u.id
    FROM unpaid AS u JOIN place AS p ON p.place = u.place
    WHERE u.late >= 16 AND u.kind BETWEEN 460 AND 539
    UNION ALL
    SELECT 'PR-' || i.id, i.customer, i.invoice, i.cents // 2, p.currency, i.pays_on - 5, i.pays_on + 1, i.id
    FROM invoice AS i JOIN place AS p ON p.place = i.place
    WHERE i.pays_on < today() AND i.pays_on > i.due_date + 10 AND i.fate >= 4 AND i.kind BETWEEN 540 AND 589
) AS given
ORDER BY id;

-- The account that is late: the customer, or the parent that pays for it, with its oldest unpaid invoice.
CREATE TEMP TABLE behind AS
SELECT n, customer, place, rare, max(late) AS late, CAST(sum(cents) AS BIGINT) AS cents, min(due_date) AS oldest_due
FROM (
    SELECT coalesce(m.n, c.n) AS n, coalesce(m.customer, c.customer) AS customer, coalesce(m.place, c.place) AS place, coalesce(m.rare, c.rare) AS rare, u.late, u.cents, u.due_date
    FROM unpaid AS u
    JOIN customer AS c ON c.n = u.n
    LEFT JOIN customer AS m ON m.n = c.parent_n AND c.parent_pays
) AS each_
GROUP BY n, customer, place, rare;

-- What was done about it so far; for one account in three the latest step is still to be taken.
CREATE TABLE executed_stages AS
SELECT customer, stage, day, outcome
FROM (
    SELECT b.n, b.customer, s.stage, b.oldest_due + CAST(s.after AS INTEGER) AS day,
        CASE WHEN b.rare = 800 THEN 'unknown' ELSE 'accepted' END AS outcome,
        row_number() OVER (PARTITION BY b.n ORDER BY s.after DESC) AS latest, b.rare
    FROM behind AS b
    JOIN (VALUES ('courtesy', 5), ('reminder', 16), ('second_reminder', 31), ('demand', 46), ('final_notice', 61), ('referral', 76), ('small_balance', 76)) AS s(stage, after)
        ON b.oldest_due + CAST(s.after AS INTEGER) < today()
        AND CASE WHEN s.after < 46 THEN true WHEN s.stage = 'small_balance' THEN b.cents <= 25000 ELSE b.cents > 25000 END
) AS steps
WHERE NOT (latest = 1 AND rare % 3 = 0)
ORDER BY n, day;

CREATE TABLE contacts_made AS
SELECT customer, day, channel, direction, note
FROM (
    SELECT n, customer, oldest_due + 33 AS day, 'call' AS channel, 'out' AS direction, 'asked when the money will come' AS note FROM behind WHERE late > 35 AND rare % 2 = 0
    UNION ALL
    SELECT n, customer, oldest_due + 20, 'email', 'in', 'said the invoice is with the manager' FROM behind WHERE late > 22 AND rare % 4 = 1
    UNION ALL
    SELECT n, customer, today() - 1 - CAST(rare % 5 AS INTEGER), 'call', 'out', 'nobody picked up' FROM behind WHERE late > 15 AND rare % 10 = 7
) AS made
ORDER BY n, day, channel;

CREATE TABLE requests AS
SELECT customer, rule, asked_on, due_on, answered_on
FROM (
    SELECT n, customer, 'before_hold' AS rule, oldest_due + 41 AS asked_on, oldest_due + 48 AS due_on,
        CASE WHEN rare % 5 < 3 AND oldest_due + 45 <= today() THEN oldest_due + 45 END AS answered_on
    FROM behind WHERE late > 41 AND cents >= 500000
) AS asked
ORDER BY n, asked_on;

CREATE TABLE holds AS
SELECT customer, 'credit' AS hold, oldest_due + 52 AS placed_on, CAST(NULL AS DATE) AS released_on
FROM behind WHERE late > 55 AND cents >= 500000 AND rare % 2 = 0 ORDER BY n;

CREATE TABLE tasks_given AS
SELECT b.customer, 'insolvent' AS pause, b.oldest_due + 5 AS day
FROM behind AS b WHERE b.late > 6 AND b.rare BETWEEN 500 AND 502 ORDER BY b.n;

-- Six customers in ten have a limit; every tenth of those was raised half a year ago.
-- One customer in 25 is about to order, or has just ordered, a month's sales.
CREATE TABLE orders AS
SELECT
    'ORD-' || c.n AS "order", c.customer, today() + CAST(draw(bits('o', c.n), 1, 30) AS INTEGER) - 5 AS day,
    money(c.annual_sales * 100 // 12) AS amount, p.currency
FROM customer AS c JOIN place AS p ON p.place = c.place
WHERE draw(bits('o', c.n), 0, 25) = 0
ORDER BY c.n;

CREATE TABLE credit_lines AS
SELECT customer, "from", money("limit") AS "limit", currency
FROM (
    SELECT c.n, c.customer, c.since AS "from", (c.annual_sales // 4 + 1000) * 100 AS "limit", p.currency
    FROM customer AS c JOIN place AS p ON p.place = c.place WHERE c.rare % 10 < 6
    UNION ALL
    SELECT c.n, c.customer, greatest(today() - 180, c.since + 1), (c.annual_sales // 3 + 1000) * 100, p.currency
    FROM customer AS c JOIN place AS p ON p.place = c.place WHERE c.rare % 10 < 6 AND c.rare % 7 = 0
) AS lines
ORDER BY n, "from";

CREATE TABLE rates AS
SELECT day, "from", "to", rate
FROM (
    SELECT month, CAST(date_trunc('month', today()) AS DATE) - to_months(CAST(month AS INTEGER)) AS at, 10500 + draw(bits('r', month), 0, 1000) AS parts
    FROM (SELECT unnest(range(16)) AS month)
) AS m,
LATERAL (VALUES
    (CAST(m.at AS DATE), 'EUR', 'USD', CAST(CAST(m.parts AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 8))),
    (CAST(m.at AS DATE), 'USD', 'EUR', CAST(CAST(1000000000000 // m.parts AS DECIMAL(18, 0)) * 0.00000001 AS DECIMAL(18, 8)))
) AS r(day, "from", "to", rate)
ORDER BY day, "from";
