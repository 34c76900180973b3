-- Rows of the item file that were set aside.
INSERT INTO rejects
WITH split AS (
  SELECT *, substr(first_fault, 1, strpos(first_fault, '|') - 1) AS role,
    substr(first_fault, strpos(first_fault, '|') + 1) AS reason
  FROM judged_items WHERE first_fault IS NOT NULL
)
SELECT f.source, f.line, c.column_name, f.reason,
  substr(CASE f.role
    WHEN 'item' THEN f.item_text WHEN 'price' THEN f.price_text WHEN 'cost' THEN f.cost_text
    WHEN 'stock' THEN f.stock_text WHEN 'available' THEN f.available_text
    ELSE f.attribute_text
  END, 1, 200)
FROM split f
LEFT JOIN source_columns c ON c.source = f.source AND c.role = f.role;
