-- Rows, units and value of what is left out of the events without being wrong.
SELECT v.verdict, CAST(count(*) AS DOUBLE) AS lines,
  CAST(coalesce(sum(abs(v.quantity)), 0) AS DOUBLE) AS units,
  CAST(coalesce(sum(coalesce(v.total_minor, abs(v.quantity) * v.price_minor)), 0) AS DOUBLE) AS value_minor
FROM (
  SELECT CASE WHEN p.line IS NOT NULL THEN 'repeatedId'
              WHEN r.line IS NOT NULL AND e.verdict = 'event' THEN 'reversedPurchase'
              ELSE e.verdict END AS verdict,
    coalesce(e.quantity, 1) AS quantity, e.price_minor,
    CASE WHEN e.quantity < 0 THEN -e.total_minor ELSE e.total_minor END AS total_minor
  FROM judged_events e
  LEFT JOIN repeats p ON p.source = e.source AND p.line = e.line
  LEFT JOIN reversals r ON r.source = e.source AND r.line = e.line
) AS v
GROUP BY v.verdict
ORDER BY v.verdict
