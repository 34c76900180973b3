-- Links between shoppers of the events, of equal pairs the one of the largest weight; other rows are set aside.
CREATE TABLE judged_links AS
SELECT l.*, s.shopper_index, o.shopper_index AS other_index,
  CASE
    WHEN l.shopper_key IS NULL THEN 'shopper|missing'
    WHEN l.to_key IS NULL THEN 'to|missing'
    WHEN l.shopper_key = l.to_key THEN 'to|the shopper itself'
    WHEN s.key IS NULL THEN 'shopper|has no events'
    WHEN o.key IS NULL THEN 'to|has no events'
    WHEN l.weight IS NULL OR l.weight <= 0 THEN 'weight|not a number above 0'
  END AS first_fault
FROM staged_links l
LEFT JOIN shoppers s ON s.key = l.shopper_key
LEFT JOIN shoppers o ON o.key = l.to_key;

INSERT INTO rejects
WITH split AS (
  SELECT *, substr(first_fault, 1, strpos(first_fault, '|') - 1) AS role,
    substr(first_fault, strpos(first_fault, '|') + 1) AS reason
  FROM judged_links WHERE first_fault IS NOT NULL
)
SELECT f.source, f.line, c.column_name, f.reason,
  substr(CASE f.role WHEN 'shopper' THEN f.shopper_text WHEN 'to' THEN f.to_text ELSE f.weight_text END, 1, 200)
FROM split f
LEFT JOIN source_columns c ON c.source = f.source AND c.role = f.role;

CREATE TABLE links AS
SELECT shopper_index, other_index, max(weight) AS weight
FROM judged_links WHERE first_fault IS NULL
GROUP BY shopper_index, other_index
ORDER BY shopper_index, other_index;
