-- Mean of what the orders brought in. A purchase without an order key belongs to the order of its
-- shopper and day. Sums are of integers, so the result does not depend on the order of the rows.
SELECT CAST(coalesce(sum(paid), 0) AS DOUBLE) / greatest(count(*), 1) AS mean_minor
FROM (
  SELECT sum(CAST(price_minor AS BIGINT) * quantity - discount_minor) AS paid
  FROM events
  WHERE kind = 2 AND price_minor IS NOT NULL
  GROUP BY coalesce(order_key, concat(shopper_index, ' ', CAST(floor(time_ms / 86400000) AS BIGINT)))
) AS orders
