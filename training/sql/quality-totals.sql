-- Events whose total their quantity does not divide, and by how much quantity × unit price is above the totals.
SELECT CAST(count(*) AS DOUBLE) AS lines, CAST(coalesce(sum(units * price_minor - total_minor), 0) AS DOUBLE) AS gained_minor
FROM (
  SELECT coalesce(e.quantity, 1) AS units, e.price_minor, e.total_minor
  FROM candidate_events e JOIN items i ON i.key = e.item_key
) AS events_with_totals
WHERE units * price_minor <> total_minor
