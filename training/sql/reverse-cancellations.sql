-- Which purchase a cancellation takes back: the newest one before it of the same shopper, item and quantity that no
-- other cancellation took. In time order that is matching brackets: a purchase opens, a cancellation closes the last
-- one open. With S the running sum of +1 and -1, the brackets open after a row are S - min(0, lowest S so far); a pair
-- is a purchase and the next row at its depth. A cancellation that finds nothing open stays unmatched.
CREATE TABLE reversals AS
WITH steps AS (
  SELECT source, line, time_ms, shopper_key, item_key, abs(quantity) AS units,
    CASE WHEN verdict = 'event' THEN 1 ELSE -1 END AS step
  FROM judged_events
  WHERE shopper_key IS NOT NULL AND first_fault IS NULL
    AND ((verdict = 'event' AND kind = 2) OR verdict = 'cancellation')
    AND NOT EXISTS (SELECT 1 FROM repeats r WHERE r.source = judged_events.source AND r.line = judged_events.line)
),
sums AS (
  SELECT *, sum(step) OVER (PARTITION BY shopper_key, item_key, units ORDER BY time_ms, step DESC, source, line
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running
  FROM steps
),
depths AS (
  SELECT *, running - least(0, min(running) OVER (PARTITION BY shopper_key, item_key, units
    ORDER BY time_ms, step DESC, source, line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS depth
  FROM sums
),
levels AS (
  SELECT *, CASE WHEN step = 1 THEN depth ELSE coalesce(lag(depth) OVER (PARTITION BY shopper_key, item_key, units
    ORDER BY time_ms, step DESC, source, line), 0) END AS level
  FROM depths
),
pairs AS (
  SELECT *, lead(step) OVER (PARTITION BY shopper_key, item_key, units, level
    ORDER BY time_ms, step DESC, source, line) AS next_step
  FROM levels
)
SELECT source, line, step FROM pairs
WHERE level > 0 AND (step = -1 OR next_step = -1);
