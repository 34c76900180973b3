-- Shoppers of at least one event, numbered in byte order of their keys.
CREATE TABLE shoppers AS
SELECT CAST(row_number() OVER (ORDER BY shopper_key) - 1 AS UINTEGER) AS shopper_index, shopper_key AS key
FROM (
  SELECT DISTINCT e.shopper_key FROM candidate_events e JOIN items i ON i.key = e.item_key WHERE e.shopper_key IS NOT NULL
) AS distinct_shoppers
ORDER BY shopper_key;
