-- What is wrong with the attributes of a row, the first by its name.
CREATE TABLE attribute_faults AS
SELECT source, line, attribute_text, concat('attribute ', name, '|', reason) AS fault FROM (
  SELECT *, row_number() OVER (PARTITION BY source, line ORDER BY name, value) AS nth FROM (
    SELECT *,
      CASE
        WHEN is_number AND number IS NULL THEN 'not a number'
        WHEN length(value) > 256 THEN 'longer than 256 characters'
      END AS reason
    FROM staged_attributes
  ) AS judged
  WHERE reason IS NOT NULL
) AS numbered
WHERE nth = 1;
