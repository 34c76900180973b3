-- Reasons for setting rows aside, the most frequent first.
SELECT coalesce(column_name, '') AS column_name, reason, CAST(count(*) AS DOUBLE) AS lines
FROM rejects GROUP BY column_name, reason ORDER BY lines DESC, column_name, reason LIMIT 20
