-- Rows whose event id was seen before, in the order of the files and their lines.
CREATE TABLE repeats AS
SELECT source, line FROM (
  SELECT source, line, row_number() OVER (PARTITION BY event_id ORDER BY source, line) AS nth
  FROM judged_events WHERE event_id IS NOT NULL AND verdict = 'event'
) AS numbered
WHERE nth > 1;
