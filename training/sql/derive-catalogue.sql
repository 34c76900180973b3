-- The catalogue that the events name. Title, category and brand: the newest that is there.
CREATE TABLE catalogue AS
WITH ranked AS (
  SELECT item_key, title, category, brand,
    row_number() OVER (PARTITION BY item_key ORDER BY title IS NULL, time_ms DESC, source DESC, line DESC) AS title_rank,
    row_number() OVER (PARTITION BY item_key ORDER BY category IS NULL, time_ms DESC, source DESC, line DESC) AS category_rank,
    row_number() OVER (PARTITION BY item_key ORDER BY brand IS NULL, time_ms DESC, source DESC, line DESC) AS brand_rank
  FROM candidate_events
)
SELECT item_key,
  max(CASE WHEN title_rank = 1 THEN title END) AS title,
  max(CASE WHEN category_rank = 1 THEN category END) AS category,
  max(CASE WHEN brand_rank = 1 THEN brand END) AS brand,
  CAST(NULL AS BIGINT) AS price_minor, CAST(NULL AS BIGINT) AS cost_minor, CAST(NULL AS BIGINT) AS stock, TRUE AS available
FROM ranked
GROUP BY item_key;
