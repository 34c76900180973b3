-- Takes erased shoppers out of imported tables. In: `erasures` (hash, erased_at), `hash_prefix` (prefix) and the tables
-- `old_…` with their rows numbered by `row_number`. Who has events after the erasure stays with those; who has none goes.
CREATE TABLE erased_shoppers AS
SELECT s.shopper_index, e.erased_at
FROM old_shoppers s, hash_prefix h
JOIN erasures e ON e.hash = sha256(h.prefix || s.key);

CREATE TABLE kept_events AS
SELECT e.*
FROM old_events e
LEFT JOIN erased_shoppers x ON x.shopper_index = e.shopper_index
WHERE x.shopper_index IS NULL OR e.time_ms > x.erased_at;

CREATE TABLE kept_shoppers AS
SELECT CAST(row_number() OVER (ORDER BY s.shopper_index) - 1 AS UINTEGER) AS new_index, s.shopper_index, s.key,
  x.shopper_index IS NOT NULL AS is_erased
FROM old_shoppers s
LEFT JOIN erased_shoppers x ON x.shopper_index = s.shopper_index
WHERE x.shopper_index IS NULL OR s.shopper_index IN (SELECT shopper_index FROM kept_events);

CREATE TABLE shoppers AS
SELECT new_index AS shopper_index, key FROM kept_shoppers ORDER BY new_index;

CREATE TABLE events AS
SELECT k.new_index AS shopper_index, e.* EXCLUDE (shopper_index, row_number)
FROM kept_events e
LEFT JOIN kept_shoppers k ON k.shopper_index = e.shopper_index
ORDER BY e.row_number;
