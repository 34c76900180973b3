-- Rows that were set aside for what is in them, beside those whose structure was broken.
INSERT INTO rejects
WITH faulty AS (
  SELECT source, line, first_fault AS fault, item_text, shopper_text, time_text, kind_text, quantity_text, price_text, total_text,
    discount_text, order_key, campaign
  FROM judged_events WHERE verdict = 'rejected'
  UNION ALL
  SELECT e.source, e.line,
    CASE WHEN c.item_key IS NULL THEN 'item|not in the item file' ELSE 'item|no price known' END,
    e.item_text, e.shopper_text, e.time_text, e.kind_text, e.quantity_text, e.price_text, e.total_text, e.discount_text, e.order_key, e.campaign
  FROM candidate_events e
  LEFT JOIN items i ON i.key = e.item_key
  LEFT JOIN catalogue c ON c.item_key = e.item_key
  WHERE i.key IS NULL
),
split AS (
  SELECT *, substr(fault, 1, strpos(fault, '|') - 1) AS role, substr(fault, strpos(fault, '|') + 1) AS reason FROM faulty
)
SELECT f.source, f.line, c.column_name, f.reason,
  substr(CASE f.role
    WHEN 'item' THEN f.item_text WHEN 'shopper' THEN f.shopper_text WHEN 'time' THEN f.time_text
    WHEN 'kind' THEN f.kind_text WHEN 'quantity' THEN f.quantity_text WHEN 'price' THEN f.price_text
    WHEN 'total' THEN f.total_text WHEN 'discount' THEN f.discount_text WHEN 'order' THEN f.order_key WHEN 'campaign' THEN f.campaign
  END, 1, 200)
FROM split f
LEFT JOIN source_columns c ON c.source = f.source AND c.role = f.role;
