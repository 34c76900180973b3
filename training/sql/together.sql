-- Items bought in one order. For a source item: every other item of its orders with its share of them, the best `kept`.
-- A purchase without an order key belongs to the order of its shopper and day; one that has neither tells nothing.
-- Orders of more than `largest_order` items are a till's or a wholesaler's and are left out.
CREATE TABLE together AS
WITH order_lines AS (
  SELECT DISTINCT item_index,
    CASE WHEN order_key IS NOT NULL THEN concat('order ', order_key)
      ELSE concat('day ', shopper_index, ' ', CAST(floor(time_ms / 86400000) AS BIGINT)) END AS basket
  FROM events
  WHERE kind = 2 AND (order_key IS NOT NULL OR shopper_index IS NOT NULL)
),
sizes AS (SELECT basket, count(*) AS items FROM order_lines GROUP BY basket),
baskets AS (
  SELECT l.basket, l.item_index
  FROM order_lines l
  JOIN sizes s ON s.basket = l.basket
  CROSS JOIN settings p
  WHERE s.items <= p.largest_order
),
orders AS (SELECT item_index, count(*) AS n FROM baskets GROUP BY item_index),
pairs AS (
  SELECT a.item_index AS source, b.item_index AS target, count(*) AS n
  FROM baskets a JOIN baskets b ON b.basket = a.basket AND b.item_index <> a.item_index
  GROUP BY a.item_index, b.item_index
),
ranked AS (
  SELECT p.source, p.target, CAST(p.n AS DOUBLE) / o.n AS share,
    row_number() OVER (PARTITION BY p.source ORDER BY p.n DESC, p.target) AS nth
  FROM pairs p
  JOIN orders o ON o.item_index = p.source
  CROSS JOIN settings s
  WHERE p.n >= s.least_orders
)
SELECT r.source, r.target, r.share
FROM ranked r CROSS JOIN settings s
WHERE r.nth <= s.kept
ORDER BY source, target;
