-- One row: counts and ranges of the finished events.
SELECT
  CAST(count(*) AS DOUBLE) AS events,
  CAST(count(*) FILTER (WHERE kind = 2) AS DOUBLE) AS purchases,
  CAST(count(*) FILTER (WHERE shopper_index IS NULL) AS DOUBLE) AS without_shopper,
  CAST(count(*) FILTER (WHERE price_minor IS NULL) AS DOUBLE) AS without_price,
  CAST(count(DISTINCT order_key) AS DOUBLE) AS orders,
  CAST(count(DISTINCT item_index) AS DOUBLE) AS items,
  CAST(min(time_ms) AS DOUBLE) AS min_time, CAST(max(time_ms) AS DOUBLE) AS max_time,
  CAST(min(price_minor) AS DOUBLE) AS min_price, CAST(max(price_minor) AS DOUBLE) AS max_price,
  CAST(min(quantity) AS DOUBLE) AS min_quantity, CAST(max(quantity) AS DOUBLE) AS max_quantity
FROM events
