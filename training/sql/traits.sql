-- What is known of shoppers: a text's value, or a number.
CREATE TABLE traits AS
SELECT DISTINCT s.shopper_index, a.name, a.value, a.number
FROM staged_attributes a
JOIN judged_shoppers j ON j.source = a.source AND j.line = a.line AND j.first_fault IS NULL
JOIN shoppers s ON s.key = j.shopper_key
WHERE a.is_number OR a.value <> ''
ORDER BY shopper_index, name, value;
