-- Rows of the file of shoppers. The first row of a key counts, the others are rejected.
CREATE TABLE judged_shoppers AS
WITH faults AS (
  SELECT s.*, a.attribute_text,
    CASE
      WHEN shopper_key IS NULL THEN 'shopper|missing'
      WHEN length(shopper_key) > 256 THEN 'shopper|longer than 256 characters'
      ELSE a.fault
    END AS own_fault
  FROM staged_shoppers s
  LEFT JOIN attribute_faults a ON a.source = s.source AND a.line = s.line
)
SELECT *,
  CASE
    WHEN own_fault IS NOT NULL THEN own_fault
    WHEN row_number() OVER (PARTITION BY shopper_key, own_fault IS NULL ORDER BY line) > 1 THEN 'shopper|second row of this shopper'
  END AS first_fault
FROM faults;

INSERT INTO rejects
WITH split AS (
  SELECT *, substr(first_fault, 1, strpos(first_fault, '|') - 1) AS role,
    substr(first_fault, strpos(first_fault, '|') + 1) AS reason
  FROM judged_shoppers WHERE first_fault IS NOT NULL
)
SELECT f.source, f.line, c.column_name, f.reason,
  substr(CASE f.role WHEN 'shopper' THEN f.shopper_text ELSE f.attribute_text END, 1, 200)
FROM split f
LEFT JOIN source_columns c ON c.source = f.source AND c.role = f.role;
