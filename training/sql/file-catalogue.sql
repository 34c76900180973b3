-- The catalogue of the item file. The first row of a key counts, the others are rejected.
CREATE TABLE judged_items AS
WITH faults AS (
  SELECT i.*, a.attribute_text,
    CASE
      WHEN item_key IS NULL THEN 'item|missing'
      WHEN length(item_key) > 256 THEN 'item|longer than 256 characters'
      WHEN price_text IS NOT NULL AND price_minor IS NULL THEN 'price|not an amount'
      WHEN price_minor <= 0 OR price_minor > 2147483647 THEN 'price|not positive or too large'
      WHEN cost_text IS NOT NULL AND cost_minor IS NULL THEN 'cost|not an amount'
      WHEN cost_minor < 0 OR cost_minor > 2147483647 THEN 'cost|negative or too large'
      WHEN stock_text IS NOT NULL AND stock IS NULL THEN 'stock|not a whole number'
      WHEN abs(stock) > 2147483647 THEN 'stock|too large'
      WHEN available_text IS NOT NULL AND available IS NULL THEN 'available|neither true nor false'
      ELSE a.fault
    END AS own_fault
  FROM staged_items i
  LEFT JOIN attribute_faults a ON a.source = i.source AND a.line = i.line
)
SELECT *,
  CASE
    WHEN own_fault IS NOT NULL THEN own_fault
    WHEN row_number() OVER (PARTITION BY item_key, own_fault IS NULL ORDER BY line) > 1 THEN 'item|second row of this item'
  END AS first_fault
FROM faults;

-- Shops oversell: a negative stock is an empty one.
CREATE TABLE catalogue AS
SELECT item_key, title, category, brand, price_minor, cost_minor, CASE WHEN stock < 0 THEN 0 ELSE stock END AS stock, coalesce(available, TRUE) AS available
FROM judged_items
WHERE first_fault IS NULL;
