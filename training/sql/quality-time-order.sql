-- Rows that are older than the row before them in their file.
SELECT CAST(count(*) AS DOUBLE) AS backward FROM (
  SELECT time_ms, lag(time_ms) OVER (PARTITION BY source ORDER BY line) AS before FROM staged_events WHERE time_ms IS NOT NULL
) AS steps
WHERE time_ms < before
