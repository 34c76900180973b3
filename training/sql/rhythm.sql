-- Buying again, by item: buyers, those of them who bought it on two days or more, and the median of the days between two
-- such purchases, the lower one of an even number.
CREATE TABLE rhythm AS
WITH days AS (
  SELECT DISTINCT shopper_index, item_index, CAST(floor(time_ms / 86400000) AS BIGINT) AS day_number
  FROM events
  WHERE kind = 2 AND shopper_index IS NOT NULL
),
gaps AS (
  SELECT shopper_index, item_index,
    day_number - lag(day_number) OVER (PARTITION BY shopper_index, item_index ORDER BY day_number) AS gap
  FROM days
),
ranked AS (
  SELECT item_index, gap,
    row_number() OVER (PARTITION BY item_index ORDER BY gap) AS nth,
    count(*) OVER (PARTITION BY item_index) AS n
  FROM gaps WHERE gap IS NOT NULL
),
medians AS (
  SELECT item_index, max(CASE WHEN nth = floor((n + 1) / 2) THEN gap END) AS interval_days FROM ranked GROUP BY item_index
),
buyers AS (
  SELECT item_index, count(DISTINCT shopper_index) AS buyers,
    count(DISTINCT CASE WHEN gap IS NOT NULL THEN shopper_index END) AS repeaters
  FROM gaps GROUP BY item_index
)
SELECT b.item_index, CAST(b.repeaters AS DOUBLE) / b.buyers AS repeat_rate, CAST(m.interval_days AS DOUBLE) AS interval_days
FROM buyers b JOIN medians m ON m.item_index = b.item_index
ORDER BY b.item_index;
