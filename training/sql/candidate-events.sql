-- Rows that are events as far as the row itself can tell; the catalogue has the last word.
CREATE TABLE candidate_events AS
SELECT e.*
FROM judged_events e
LEFT JOIN repeats p ON p.source = e.source AND p.line = e.line
LEFT JOIN reversals r ON r.source = e.source AND r.line = e.line
WHERE e.verdict = 'event' AND p.line IS NULL AND r.line IS NULL;
