-- Items with everything filled in, numbered in byte order of their keys. An item without any price gets the assumed one, or is left out.
-- Prior price: the lowest unit price of the 30 days before the newest event.
CREATE TABLE items AS
WITH watermark AS (SELECT max(time_ms) AS newest FROM candidate_events),
priced AS (SELECT e.*, w.newest FROM candidate_events e CROSS JOIN watermark w WHERE e.price_minor > 0),
prices AS (
  SELECT item_key,
    row_number() OVER (PARTITION BY item_key ORDER BY time_ms DESC, source DESC, line DESC) AS newest_rank,
    row_number() OVER (PARTITION BY item_key ORDER BY price_minor) AS price_rank,
    count(*) OVER (PARTITION BY item_key) AS n,
    price_minor,
    CASE WHEN time_ms >= newest - 2592000000 THEN price_minor END AS recent_price
  FROM priced
),
derived AS (
  SELECT item_key,
    max(CASE WHEN newest_rank = 1 THEN price_minor END) AS newest_price,
    max(CASE WHEN price_rank = floor((n + 1) / 2) THEN price_minor END) AS median_price,
    min(recent_price) AS prior_price
  FROM prices
  GROUP BY item_key
),
valued AS (
  SELECT c.*, d.prior_price,
    coalesce(c.price_minor, CASE WHEN s.derived_price = 'median' THEN d.median_price ELSE d.newest_price END,
      s.assumed_price) AS price,
    s.cost_share
  FROM catalogue c
  CROSS JOIN settings s
  LEFT JOIN derived d ON d.item_key = c.item_key
)
SELECT
  CAST(row_number() OVER (ORDER BY item_key) - 1 AS UINTEGER) AS item_index,
  item_key AS key,
  coalesce(title, item_key) AS title,
  category,
  brand,
  CAST(price AS INTEGER) AS price_minor,
  CAST(coalesce(prior_price, price) AS INTEGER) AS prior_price_minor,
  CAST(coalesce(cost_minor, floor(price * cost_share + 0.5)) AS INTEGER) AS cost_minor,
  CAST(stock AS INTEGER) AS stock,
  available
FROM valued
WHERE price IS NOT NULL
ORDER BY item_key;
