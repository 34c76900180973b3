-- Shoppers of at least one event or of a row of their own, numbered in byte order of their keys.
CREATE TABLE shoppers AS
SELECT CAST(row_number() OVER (ORDER BY shopper_key) - 1 AS UINTEGER) AS shopper_index, shopper_key AS key
FROM (
  SELECT e.shopper_key FROM candidate_events e JOIN items i ON i.key = e.item_key WHERE e.shopper_key IS NOT NULL
  UNION
  SELECT shopper_key FROM judged_shoppers WHERE first_fault IS NULL
) AS distinct_shoppers
ORDER BY shopper_key;
