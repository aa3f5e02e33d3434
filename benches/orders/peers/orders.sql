-- The "orders" workload for DuckDB, after orders and products exist. An outcome is a set of bits: odd 1, late 2,
-- fine 4, none 8, conflict 16; more than one bit is "not known which".
CREATE TEMP TABLE product_figures AS
SELECT o.product, median(o.cents) AS typical, avg(o.rating) AS thought, any_value(p.category) AS category
FROM orders o LEFT JOIN products p ON p.product = o.product GROUP BY o.product;

CREATE TEMP TABLE customer_figures AS
SELECT customer, avg(cents) AS spends, count(*) AS orders, max(delivered - placed) AS waits
FROM orders GROUP BY customer;

CREATE MACRO settled(x) AS bit_count(x) = 1;

CREATE TEMP TABLE outcome AS
WITH told AS (
    SELECT o.*, p.typical, p.thought, p.category, c.spends, c.orders, c.waits
    FROM orders o JOIN product_figures p ON p.product = o.product JOIN customer_figures c ON c.customer = o.customer
),
rows_of AS (
    SELECT placed,
        CASE WHEN cents > 2 * typical OR 2 * cents < typical OR quantity > 15 THEN 1 ELSE 4 END AS price,
        CASE WHEN cents > 3 * spends + 1000.0137 OR (cents >= 50000 AND orders <= 3) THEN 1 ELSE 4 END AS spender,
        CASE WHEN delivered IS NULL THEN 4 | 2
             WHEN delivered - placed > 30 OR (delivered - placed > 7 AND category = 'food') THEN 2 ELSE 4 END AS delay,
        CASE WHEN contains(lower(coalesce(note, '')), 'refund') THEN 1
             WHEN regexp_matches(coalesce(note, ''), '^(RE|QA)-[0-9]+$') THEN 2
             WHEN starts_with(coupon, 'X-') THEN 1
             WHEN regexp_matches(coupon, '^SPRING[12]0$') THEN 4
             ELSE CASE WHEN coupon IS NULL THEN 1 | 4 ELSE 0 END | CASE WHEN length(coalesce(note, '')) > 25 THEN 2 ELSE 4 END
        END AS words,
        CASE WHEN channel = 'phone' THEN false ELSE rating <= 2 END AS unhappy,
        -- A product that nobody rated is thought of as nothing: not met, whatever the rating.
        CASE WHEN thought IS NULL THEN false ELSE rating + 2.0137 < thought END AS worse,
        country IN ('KE', 'ZA') AND channel = 'agent' AS abroad
    FROM told
),
verdicts AS (
    SELECT *, CASE WHEN unhappy THEN 2 ELSE 0 END | CASE WHEN worse OR abroad THEN 1 ELSE 0 END AS certain,
        CASE WHEN unhappy IS NOT FALSE THEN 2 ELSE 0 END | CASE WHEN (worse OR abroad) IS NOT FALSE THEN 1 ELSE 0 END AS possible
    FROM rows_of
),
rated AS (
    SELECT * EXCLUDE (certain, possible),
        CASE WHEN certain = 3 THEN 16 WHEN certain <> 0 AND possible = certain THEN certain
             WHEN certain <> 0 THEN certain | 16 WHEN possible = 3 THEN 4 | 3 | 16 ELSE 4 | possible END AS ratings
    FROM verdicts
),
asked AS (
    SELECT *,
        (price = 1)::INT + (spender = 1)::INT + (words = 1)::INT + (ratings = 1)::INT AS odd_sure,
        (price & 1 <> 0)::INT + (spender & 1 <> 0)::INT + (words & 1 <> 0)::INT + (ratings & 1 <> 0)::INT AS odd_perhaps,
        delay = 2 OR ratings = 2 AS late_sure, delay & 2 <> 0 OR ratings & 2 <> 0 AS late_perhaps,
        placed >= DATE '2025-01-01' AND price & words = 0 AS part_sure,
        placed >= DATE '2025-01-01' AND NOT (price = words AND settled(price)) AS part_perhaps
    FROM rated
)
SELECT price, spender, delay, words, ratings,
    CASE WHEN odd_sure >= 2 THEN 1
         WHEN late_sure THEN 2 | CASE WHEN odd_perhaps >= 2 THEN 1 ELSE 0 END
         ELSE CASE WHEN odd_perhaps >= 2 THEN 1 ELSE 0 END | CASE WHEN late_perhaps THEN 2 ELSE 0 END
              | CASE WHEN part_sure THEN 1 ELSE price | CASE WHEN part_perhaps THEN 1 ELSE 0 END END
    END AS joint
FROM asked;
