-- Copies beyond the first of events that are equal in every column.
SELECT CAST(coalesce(sum(copies - 1), 0) AS DOUBLE) AS duplicates FROM (
  SELECT count(*) AS copies FROM events
  GROUP BY shopper_index, item_index, kind, time_ms, quantity, price_minor, discount_minor, campaign, order_key
) AS groups
