-- Events in a total order: equal rows apart, no two files of the same events differ.
CREATE TABLE events AS
SELECT s.shopper_index, i.item_index,
  CAST(e.kind AS UTINYINT) AS kind, e.time_ms,
  CAST(coalesce(e.quantity, 1) AS INTEGER) AS quantity,
  CAST(e.price_minor AS INTEGER) AS price_minor,
  CAST(coalesce(e.discount_minor, 0) AS INTEGER) AS discount_minor,
  e.campaign, e.order_key
FROM candidate_events e
JOIN items i ON i.key = e.item_key
LEFT JOIN shoppers s ON s.key = e.shopper_key
ORDER BY time_ms, shopper_index NULLS FIRST, item_index, kind, order_key NULLS FIRST, quantity, price_minor NULLS FIRST,
  discount_minor, campaign NULLS FIRST;
