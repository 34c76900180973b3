-- Attributes of the items that are sold: a text's value, or a number.
CREATE TABLE attributes AS
SELECT DISTINCT i.item_index, a.name, a.value, a.number
FROM staged_attributes a
JOIN judged_items j ON j.source = a.source AND j.line = a.line AND j.first_fault IS NULL
JOIN items i ON i.key = j.item_key
WHERE a.is_number OR a.value <> ''
ORDER BY item_index, name, value;
